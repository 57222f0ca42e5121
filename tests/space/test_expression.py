"""What a space writes of itself makes the same space again."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from drawn import bits, grid_values, spaces
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.parameter import MISSING

_NAMES = {"ek": ek, "np": np, "xr": xr, "stats": stats}
_UNEVEN = stats.rv_histogram((np.array([1, 3]), np.array([0.0, 1.0, 3.0])), density=True)


def evaluated(space):
    return eval(repr(space), dict(_NAMES))


def narrow(values):
    """Text without the room for longer text that a part of an array keeps."""
    return np.array(values.tolist()) if values.dtype.kind == "U" else values


def content(space):
    """Everything that a space is: order, dimensions, bits, attributes, occurrences."""
    return (
        [
            (
                p.name,
                p.dim,
                bits(narrow(p.values))[1:],
                p.values.dtype.kind,
                {k: bits(v) for k, v in p.attrs.items()},
            )
            for p in space.parameters.values()
            if p.name != "repetition"
        ],
        {dim: axis.occurrence.tolist() for dim, axis in space.axes.items()},
    )


@given(spaces())
@example(ek.Space())
@example(ek.Space(a=1).repeat(1))
@example(ek.Space({"lambda": [1, 2], "neuron.tau": 3}, b='it\'s "quoted"\n\\'))
@example(ek.Space(z=[complex(-0.0, 1), 2j, complex(0.0, -1), complex(np.inf, -0.0), 1 - 0j]))
def test_evaluates_to_the_space_bit_for_bit(space):
    again = evaluated(space)

    assert again == space
    assert again.dims == space.dims
    assert content(again) == content(space)


@given(st.data())
def test_a_part_evaluates_to_the_part_with_its_occurrences(data):
    space = data.draw(spaces())
    for dim, size in space.sizes.items():
        positions = st.lists(st.integers(0, size - 1), min_size=1, unique=True)
        space = space.isel({dim: data.draw(positions | st.integers(0, size - 1) | st.just(slice(None)))})

    again = evaluated(space)
    assert again == space
    assert content(again) == content(space)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=6, max_size=9, unique=True)
    | st.builds(
        lambda a, b, n: range(a, a + b * n, b),
        st.integers(-9, 9),
        st.sampled_from([-3, 1, 2]),
        st.integers(6, 9),
    )
)
def test_integers_in_even_steps_are_a_range_and_others_are_not(values):
    space = ek.Space(n=values)

    assert evaluated(space) == space
    assert ("range" in repr(space)) == isinstance(values, range)


def test_even_floats_are_written_short_where_that_is_exact():
    even = np.linspace(0, 1, 50)
    nearly = even.copy()
    nearly[7] = np.nextafter(nearly[7], 1)

    assert repr(ek.Space(I=even)) == "ek.Space(I=np.linspace(0.0, 1.0, 50))"
    assert "linspace" not in repr(ek.Space(I=nearly))
    assert bits(evaluated(ek.Space(I=nearly)).parameters["I"].values) == bits(nearly)
    assert repr(ek.Space(e=np.float32([0.1, 0.2]))) == "ek.Space(e=np.array([0.1, 0.2], dtype='float32'))"


def test_a_space_that_fills_more_than_a_line_says_how_many_points_it_has():
    space = ek.Space(
        {"neuron.tau": ek.param([5.0, 7.5], units="ms", long_name="time constant")}, I=range(50), dt=0.1
    )

    assert repr(space) == (
        "ek.Space(  # 100 points = neuron.tau (2) × I (50)\n"
        "    {'neuron.tau': ek.param([5.0, 7.5], units='ms', long_name='time constant')},\n"
        "    I=range(50),\n"
        "    dt=0.1,\n"
        ")"
    )


@pytest.mark.parametrize(
    "attrs",
    [
        {"a b": "x"},
        {"class": 1},
        {"weights": np.array([1, 2], dtype="int16")},
        {"valid_range": [0.0, np.inf]},
        {"flags": ("a", "b")},
        {"scale": np.float32(0.1)},
        {"missing": np.nan},
        {"dim": "x", "values": 2.0, "units": "s"},
    ],
)
def test_attributes_of_any_name_and_type_are_written(attrs):
    space = ek.Space(x=xr.DataArray([1.5, 2.5], dims="x", attrs=attrs), y=xr.DataArray(2, attrs=attrs))

    assert content(evaluated(space)) == content(space)
    assert list(evaluated(space).parameters["x"].attrs) == list(attrs)


def test_the_dimensions_of_points_and_samples_are_written_like_others():
    space = ek.Space(a=ek.param([1.0, 1.0], dim="point"), b=ek.param([2, 2], dim="point"))

    assert evaluated(space) == space
    assert space.axes["point"].occurrence.tolist() == [0, 1]


def test_a_million_values_are_abbreviated_and_do_not_evaluate():
    values = np.random.default_rng(1).random(1_000_000)
    text = repr(ek.Space(a=values, b=np.arange(1_000_000)))

    assert len(text) < 300
    assert "<1,000,000 values: " in text
    assert "b=range(1000000)" in text
    with pytest.raises(SyntaxError):
        eval(text, dict(_NAMES))


def test_how_many_values_are_written_is_as_for_arrays():
    space = ek.Space(a=[3, 1, 4, 1 + 4, 9, 2, 6])

    with np.printoptions(threshold=6):
        assert repr(space) == "ek.Space(a=<7 values: 3, 1, … 6>)"
    assert evaluated(space) == space


@given(st.data())
def test_what_a_point_lacks_is_none_as_text_and_missing_in_a_table(data):
    values = data.draw(grid_values(max_size=6))
    given = data.draw(st.lists(st.booleans(), min_size=values.size, max_size=values.size))
    if all(given):
        return
    full = ek.Space(
        a=ek.param(values, dim="point", units="m"), n=ek.param(np.arange(values.size), dim="point")
    )
    p = full.parameters["a"]
    lacking = replace(
        p, values=np.where(given, p.values, MISSING[p.values.dtype.kind]).astype(p.values.dtype)
    )
    space = ek.Space.from_parameters([replace(lacking, given=np.array(given)), full.parameters["n"]])

    tables = [ek.Space.from_dataframe(space.to_dataframe(), allow_missing=True)] if any(given) else []
    for again in (evaluated(space), *tables):
        assert again == space
        assert content(again) == content(space)
        assert again.parameters["a"].given.tolist() == given
        assert values.dtype.kind == "U" or again.parameters["a"].values.dtype == values.dtype
    with pytest.raises(SpaceError, match=r"no value in row \d, column 'a'"):
        ek.Space.from_dataframe(space.to_dataframe())


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (stats.truncnorm(-1, np.inf), "stats.truncnorm(-1, np.inf)"),
        (stats.norm(np.array(1.0), scale=np.float32(2)), "stats.norm(1.0, scale=np.float32(2.0))"),
        (stats.Normal(), "stats.Normal()"),
        (stats.Normal(mu=1.0, sigma=2), "stats.Normal(mu=1.0, sigma=2.0)"),
        (_UNEVEN, "stats.rv_histogram(([1, 3], [0.0, 1.0, 3.0]), density=True)"),
        (_UNEVEN(loc=2), "stats.rv_histogram(([1, 3], [0.0, 1.0, 3.0]), density=True)(loc=2)"),
        (
            stats.rv_discrete(name="mine", values=([1, 5], [0.25, 0.75])),
            "stats.rv_discrete(values=([1, 5], [0.25, 0.75]))",
        ),
    ],
)
def test_a_distribution_is_written_as_the_call_that_makes_it(distribution, text):
    space = ek.Space(x=distribution)

    assert text in repr(space)
    assert evaluated(space) == space
    assert evaluated(space).sample(9) == space.sample(9)


class _Triangle(stats.rv_continuous):
    def _ppf(self, q):
        return np.sqrt(q)


@pytest.mark.parametrize(
    "distribution", [_Triangle(name="norm")(), 2 * stats.Normal(), stats.Mixture([stats.Normal()])]
)
def test_a_distribution_that_nothing_makes_again_is_text_that_does_not_evaluate(distribution):
    text = repr(ek.Space(x=distribution))

    assert "x=<" in text
    with pytest.raises(SyntaxError):
        eval(text, dict(_NAMES))


def test_distributions_that_differ_in_their_tails_or_types_alone_are_not_equal():
    assert ek.Space(n=stats.binom(10**6, 1e-9)) != ek.Space(n=stats.binom(10**6, 1e-10))
    assert ek.Space(n=ek.categorical([1, 2])) != ek.Space(n=ek.categorical([1.0, 2.0]))
    assert ek.Space(n=_Triangle(name="norm")()) != ek.Space(n=stats.norm())


def test_labelled_objects_that_some_points_lack_are_written_with_their_objects():
    space = ek.Space(solver={"fast": min, "exact": max}) + ek.Space(n=1)
    again = evaluated(space)

    assert again == space
    assert list(again.points()) == [{"solver": min}, {"solver": max}, {"n": 1}]


@pytest.mark.parametrize("attrs", [{"unit": "m"}, {"allowed": 1}])
def test_attributes_that_are_no_keywords_of_what_some_points_lack_are_written(attrs):
    parameter = ek.Space(n=xr.DataArray([1], dims="n", attrs=attrs))
    space = parameter + ek.Space(t="x")

    assert content(evaluated(space)) == content(space)
    assert evaluated(parameter).parameters["n"].attrs == attrs
