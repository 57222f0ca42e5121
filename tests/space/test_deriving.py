"""Parameters that are computed from others."""

import copy
import inspect
import pickle
from collections import Counter

import numpy as np
import pytest
import xarray as xr
from drawn import spaces
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError, SpaceMismatchError
from explorekit.space.growing import additions, grown
from explorekit.space.matching import same_space
from explorekit.space.selecting import points_where, size
from explorekit.store.spaces import read_space, space_hash, write_space

NAMES = {"ek": ek, "np": np, "xr": xr}


class Counting:
    """A function of some parameters that notes what it was called with."""

    def __init__(self, names, of):
        self.names, self.of, self.calls = names, of, []
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(name.replace(".", "_"), inspect.Parameter.KEYWORD_ONLY) for name in names]
        )

    def __call__(self, **values):
        told = tuple(repr(values[name.replace(".", "_")]) for name in self.names)
        self.calls.append(told)
        return self.of(told)


OF = {"text": " ".join, "number": lambda told: len(" ".join(told)), "float": lambda told: len(told[0]) / 7}


@st.composite
def derived_spaces(draw):
    space = draw(spaces())
    names = [name for name in space.parameters if name != "repetition"]
    assume(names)
    of = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    function = Counting(of, OF[draw(st.sampled_from(sorted(OF)))])
    return space, function, space.derive(d=ek.param(function, units="m"))


def told(point, function):
    return tuple(repr(point[name]) for name in function.names)


@given(derived_spaces())
def test_every_point_has_what_the_function_gives_there_and_each_combination_is_computed_once(case) -> None:
    space, function, made = case
    calls = Counter(function.calls)
    points = list(made.points())

    assert [point["d"] for point in points] == [function.of(told(point, function)) for point in points]
    assert set(calls.values()) <= {1}
    assert set(calls) == {told(point, function) for point in points}
    assert made.sizes == space.sizes
    assert set(made.derived["d"].dims) == {space.parameters[name].dim for name in function.names} - {None}


@given(case=derived_spaces())
def test_it_is_written_as_it_is_and_comes_back_from_coordinates_files_and_tables(
    case, tmp_path_factory, syncing_takes_no_time
) -> None:
    _, _, made = case
    path = tmp_path_factory.mktemp("space") / "space.nc"
    write_space(path, made)
    read = read_space(path)

    assert eval(repr(made), dict(NAMES)) == made
    assert ek.Space(made.coords) == made
    assert read == made
    assert space_hash(read) == space_hash(made)
    assert made.to_dataframe()["d"].tolist() == [point["d"] for point in made.points()]
    assert made.coords["d"].attrs["units"] == "m"


@given(derived_spaces(), st.data())
def test_parts_products_and_repetitions_have_it_as_it_was_and_compute_nothing(case, data) -> None:
    space, function, made = case
    n = len(function.calls)
    chosen = {
        dim: data.draw(st.integers(0, size - 1) | st.lists(st.integers(0, size - 1), min_size=1, unique=True))
        for dim, size in space.sizes.items()
    }
    other = ek.Space(other=[1, 2])

    part = made.isel(chosen)
    assert [p["d"] for p in part.points()] == [function.of(told(p, function)) for p in part.points()]
    assert eval(repr(part), dict(NAMES)) == part
    for both in (made * other, other * made):
        assert both.derived["d"].equals(made.derived["d"])
    if "repetition" not in space.dims:
        assert made.repeat(3).derived["d"].equals(made.derived["d"])
    assert len(function.calls) == n
    assert made == space.derive(d=function)


@st.composite
def summands(draw):
    """A grid of some of three parameters, from which one is derived in one of two ways, or in none."""
    names = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True))
    space = ek.Space(
        {name: draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)) for name in names}
    )
    way = draw(st.sampled_from([None, lambda **values: sum(values.values()), lambda **values: len(values)]))
    if way is None:
        return space

    def function(**values):
        return way(**values)

    function.__signature__ = Counting(names[:1], way).__signature__
    return space.derive(d=function)


@given(summands(), summands())
def test_sums_have_the_points_of_both_and_products_of_sums_too(left, right) -> None:
    both = left + right

    expected = [*left.points(), *right.points()]
    assert [p.get("d") for p in both.points()] == [p.get("d") for p in expected]
    twice = both * (ek.Space(k=1) + ek.Space(k=2))
    assert [p.get("d") for p in twice.points()] == [p.get("d") for p in expected for _ in range(2)]
    assert eval(repr(twice), dict(NAMES)) == twice


@given(derived_spaces(), st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
def test_a_space_that_grows_has_it_at_the_new_points_and_computes_those_alone(case, values) -> None:
    space, _, _ = case
    function = Counting(["z", next(iter(space.parameters))], " ".join)
    small = (space * ek.Space(z=[3, 5])).derive(d=function)
    n = len(function.calls)

    bigger = grown(small, additions(small, None, {"z": values}), {})
    assert [p["d"] for p in bigger.points()] == [function.of(told(p, function)) for p in bigger.points()]
    new = len(set(values) - {3, 5})
    first = next(iter(space.parameters.values()))
    assert len(function.calls) - n == new * len(set(map(repr, np.atleast_1d(first.values).tolist())))


KINDS = {
    "complex": lambda a, b: complex(a, -b),
    "time": lambda a, b: np.datetime64("2020-01-01") + np.timedelta64(int(a), "D"),
    "short": lambda a, b: np.float32(a / 3),
    "bool": lambda a, b: a > b,
    "byte": lambda a, b: np.uint8(a),
    "text": lambda a, b: "é\n'" * a,
    "infinite": lambda a, b: np.inf if a > 1 else -0.0,
    "unsigned": lambda a, b: 2**63 + a,
}
SHAPES = {
    "grid": ek.Space(a=[1, 2], b=[3, 4]),
    "points": ek.Space(a=[1, 2]) + ek.Space(a=3, b=[3, 4]),
    "fixed": ek.Space(a=1, b=3),
    "points and grid": (ek.Space(a=1, x=2) + ek.Space(a=3, b=3)) * ek.Space(z=[1, 2]),
    "sample": ek.Space(a=ek.param([1, 2, 1], dim="sample"), b=ek.param([1, 2, 1], dim="sample")),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_values_of_every_kind_come_back_bit_for_bit(kind, shape, tmp_path) -> None:
    made = SHAPES[shape].derive({"group.d": KINDS[kind]})
    write_space(tmp_path / "space.nc", made)
    values, given = made.derived["group.d"].values, made.derived["group.d"].is_given

    evaluated = eval(repr(made), dict(NAMES))
    for again in (read_space(tmp_path / "space.nc"), evaluated, ek.Space(made.coords)):
        assert again == made
        one = again.derived["group.d"].values
        assert (one.dtype, one[given].tobytes()) == (values.dtype, values[given].tobytes())


def test_a_parameter_lies_along_the_dimensions_of_what_it_is_computed_from() -> None:
    space = ek.Space(
        seed=ek.param([1, 1, 2], dim="network"),
        n=ek.param([10, 20, 10], dim="network"),
        gain=[0.5, 1.0],
        I=range(1000),
    )
    calls = []

    def weights(seed, n):
        calls.append((seed, n))
        return seed * n

    made = space.derive(
        weight=weights,
        scaled=lambda gain, weight: gain * weight,
        doubled=lambda seed: 2 * seed,
        threshold=ek.param(lambda scaled: scaled / 10, units="mV", long_name="threshold"),
    )
    assert {name: one.dims for name, one in made.derived.items()} == {
        "weight": ("network",),
        "doubled": ("network",),
        "scaled": ("network", "gain"),
        "threshold": ("network", "gain"),
    }
    assert calls == [(1, 10), (1, 20), (2, 10)]
    assert made.coords["scaled"].values.tolist() == [[5.0, 10.0], [10.0, 20.0], [10.0, 20.0]]
    assert made.coords["threshold"].attrs == {
        "units": "mV",
        "long_name": "threshold",
        "derived_from": "scaled",
    }
    assert made.describe(0) == "seed=1, n=10, gain=0.5, I=0, weight=10, doubled=2, scaled=5, threshold=0.5 mV"


def test_a_huge_grid_costs_what_the_inputs_have_and_no_more() -> None:
    huge = ek.Space(a=np.arange(1000), b=np.arange(1000), c=np.arange(1000))

    assert huge.derive(d=lambda a: a / 2).derived["d"].values.size == 1000
    with pytest.raises(
        SpaceError, match=r"1,000,000,000 combinations, a \(1,000\) × b.*Compute it in the simulation"
    ):
        huge.derive(d=lambda a, b, c: a)


def test_groups_and_dotted_names_reach_the_function_as_they_reach_a_simulation() -> None:
    space = ek.Space({"neuron.tau.m": [10.0, 20.0], "neuron.C": 2.0, "dt": 0.5}).derive(
        {
            "neuron.R": lambda neuron_C, neuron: neuron["tau"]["m"] / neuron_C,
            "steps": lambda neuron, dt: neuron["R"] / dt,
        }
    )

    assert [point["steps"] for point in space.points()] == [10.0, 20.0]
    assert space.derived["steps"].formula.of == ("dt", "neuron.C", "neuron.R", "neuron.tau.m")


def test_labelled_objects_reach_the_function_as_objects_and_defaults_of_the_function_hold() -> None:
    space = ek.Space(kind={"small": "abc", "large": "abcdef"}).derive(
        n=lambda kind, factor=2: factor * len(kind)
    )

    assert [point["n"] for point in space.points()] == [6, 12]


def test_it_is_not_given_where_what_it_needs_is_not() -> None:
    some = (ek.Space(a=[1, 2]) + ek.Space(b=[1, 2])).derive(d=lambda a: 2 * a, e=lambda a=7: a)

    assert [(p.get("d"), p["e"]) for p in some.points()] == [(2, 1), (4, 2), (None, 7), (None, 7)]
    assert some.coords["d_given"].values.tolist() == [True, True, False, False]
    assert "d" not in some.isel(point=[2, 3]).derived
    with pytest.raises(SpaceError, match="no point has all that 'f' is derived from, 'a'"):
        some.isel(point=[2, 3]).derive(f=lambda a: a)


def test_draws_are_derived_from_once_they_are_drawn() -> None:
    space = ek.Space(x=stats.uniform(0, 1), n=[1, 2]).derive(
        y=ek.param(lambda x, n: x * n, bounds=(0, 2)), z=lambda y: -y
    )

    assert list(space.waiting) == ["y", "z"]
    assert not space.derived
    drawn = (space * ek.Space(k=[1, 2])).sample(4)
    assert drawn.derived["z"].dims == ("n", "sample")
    assert drawn.parameters["k"].dim == "k"
    assert all(p["z"] == -p["x"] * p["n"] for p in drawn.points())
    assert drawn.coords["y"].attrs["valid_max"] == 2.0
    fresh = space.sample(4, fresh=True)
    assert all(p["z"] == -p["x"] * p["n"] for p in fresh.points())
    gridded = ek.Space(n=[1, 2], x=stats.uniform(0, 1)).derive(m=lambda n: 10 * n).sample(3, fresh=True)
    assert [p["m"] for p in gridded.points()] == [10, 20] * 3
    with pytest.raises(SpaceError, match="2 ≤ y"):
        ek.Space(x=stats.uniform(0, 1)).derive(y=ek.param(lambda x: x, bounds=(2, 3))).sample(2)


def test_mixtures_derive_in_each_component() -> None:
    one = ek.Space(a=stats.uniform(0, 1)).derive(d=lambda a: a + 10)
    other = ek.Space(a=stats.uniform(5, 1)).derive(d=lambda a: a + 20)

    points = list((0.5 * one + 0.5 * other).sample(16, "sobol").points())
    assert all(p["d"] == p["a"] + (20 if p["a"] >= 5 else 10) for p in points)
    assert {p["a"] >= 5 for p in points} == {True, False}


def double(a):
    return 2 * a


def test_a_sum_stays_derived_where_both_sides_derive_it_alike_or_one_could_not() -> None:
    left, right = ek.Space(a=[1, 2]).derive(d=double), ek.Space(a=3, b=1).derive(d=double)

    assert list((left + right).derived) == ["d"]
    assert list((left + ek.Space(b=1)).derived) == ["d"]
    assert list(sum([ek.Space(a=i).derive(d=lambda a: 2 * a) for i in range(3)]).derived) == ["d"]
    for other in (ek.Space(a=3), ek.Space(a=3, d=6), ek.Space(a=3).derive(d=lambda a: 3 * a)):
        both = left + other
        assert not both.derived  # its values are then part of what a point is
        assert [p.get("d") for p in both.points()] == [2, 4, next(other.points()).get("d")]


def test_points_of_a_grid_are_derived_from_along_the_grid_again() -> None:
    points = (ek.Space(a=[1, 2], b=0.5) + ek.Space(a=[1, 2], b=1.5)).derive(d=double, e=lambda a, b: a * b)

    grid = points.to_grid()
    assert (grid.derived["d"].dims, grid.derived["e"].dims) == (("a",), ("a", "b"))
    assert grid == ek.Space(a=[1, 2], b=[0.5, 1.5]).derive(d=double, e=lambda a, b: a * b)


def test_overriding_what_it_is_computed_from_computes_what_is_new() -> None:
    function = Counting(["a"], lambda told: float(told[0]))
    space = ek.Space(a=[1, 2], b=0).derive(d=function).override(a=[2, 7], b=1)

    assert [p["d"] for p in space.points()] == [2.0, 7.0]
    assert function.calls == [("1",), ("2",), ("7",)]
    assert space.override(a=stats.uniform(0, 1)).waiting.keys() == {"d"}
    with pytest.raises(SpaceError, match="'d' is derived from 'a'; override these"):
        space.override(d=3)


def test_pairs_stars_and_conditions_keep_it() -> None:
    left = ek.Space(a=[1, 2]).derive(d=double)
    right = ek.Space(b=[5, 6]).derive(e=lambda b: b + 1)

    assert [(p["d"], p["e"]) for p in (left @ right).points()] == [(2, 6), (4, 7)]
    assert [(p["d"], p["e"]) for p in (left * right).star(a=1, b=5).points()] == [(2, 6), (4, 6), (2, 7)]
    some = (left * right).when(a=2, tol=[0.1, 0.2])
    assert [(p["d"], p["e"], p.get("tol")) for p in some.isel(b=0).points()] == [
        (2, 6, None),
        (4, 6, 0.1),
        (4, 6, 0.2),
    ]
    assert left.when(a=1, tol=0.5).derive(n=lambda tol: tol * 2).coords["n_given"].values.tolist() == [
        True,
        False,
    ]
    with pytest.raises(SpaceError, match="both sides of @ have the parameter 'd'"):
        left @ ek.Space(d=[1, 2])


def test_points_are_found_by_it() -> None:
    space = ek.Space(a=[1, 2, 3], b=[0.5, 1.0]).derive(d=double, e=lambda a, b: a * b)

    assert space.sel(d=4).parameters["a"].values[()] == 2
    assert space.find(d=slice(4, None)).sizes == {"a": 2, "b": 2}
    assert [p["e"] for p in space.find(lambda p: p.e == 1.0).points()] == [1.0, 1.0]
    assert size(points_where(space, {"d": [2, 6]})) == 4
    assert size(points_where(space, space.isel(a=[0]))) == 2
    assert space.unique("d").to_dict() == {2: 2, 4: 2, 6: 2}
    with pytest.raises(SpaceError, match=r"along a × b.*find\(lambda p: p.e == …\)"):
        space.sel(e=1.0)
    with pytest.raises(SpaceError, match="'d' is derived from 'a'; expected a part with values of these"):
        points_where(space, ek.Space(d=[4]))


def test_it_is_drawn_if_it_is_asked_for_and_lies_along_one_dimension() -> None:
    space = ek.Space(a=[1, 2, 3], b=[0.5, 1.0]).derive(d=double, e=lambda a, b: a * b)

    assert len(space.plot().axes) == len(space.plot("a", "d").axes) == 4
    with pytest.raises(SpaceError, match="'e' is derived from 'a', 'b', and its values lie along a × b"):
        space.plot("a", "e")


def test_values_that_are_there_already_are_a_variable_of_xarray() -> None:
    space = ek.Space(a=[1, 2], b=[0.5, 1.5])
    table = space.coords["a"] * space.coords["b"]

    made = space.derive(d=table)
    assert made.derived["d"].values.tolist() == [[0.5, 1.5], [1.0, 3.0]]
    assert made.derived["d"].formula.of == ("a", "b")
    assert made == space.derive(d=lambda a, b: a * b)
    with pytest.raises(SpaceError, match="whose labels along 'a' are others"):
        space.derive(d=table.isel(a=[1, 0]))
    with pytest.raises(SpaceError, match=r"along 'c'; the space has the dimensions 'a', 'b'"):
        space.derive(d=xr.DataArray([1.0], dims="c"))
    with pytest.raises(SpaceError, match="missing value"):
        space.derive(d=xr.DataArray([1.0, np.nan], dims="a"))


def test_it_is_no_part_of_a_point_s_identity() -> None:
    space = ek.Space(a=[1, 2])

    assert space.derive(d=double).labels(1) == space.labels(1)


def test_it_shows_itself_with_what_it_comes_from() -> None:
    html = ek.Space(a=[1, 2]).derive(d=ek.param(double, units="ms", long_name="duration"))._repr_html_()

    assert all(text in html for text in ("<b>d</b>", "duration", "from a", "ms", "2, 4"))
    assert "not drawn yet" in ek.Space(a=stats.uniform(0, 1)).derive(d=double)._repr_html_()
    assert (
        repr(ek.Space(a=stats.uniform(0, 1)).derive(d=double))
        == "ek.Space(a=stats.uniform(0, 1)).derive(d=double)"
    )


def test_a_space_that_travels_has_the_values_and_no_function() -> None:
    space = ek.Space(a=[1, 2]).derive(d=lambda a: 2 * a)

    travelled = pickle.loads(pickle.dumps(space))
    assert travelled == space
    assert travelled.derived["d"].formula.function is None
    assert travelled.derived["d"].source == "lambda a: 2 * a"
    assert copy.copy(space).derived["d"].formula.function is not None
    with pytest.raises(SpaceError, match="nobody knows what it is at a=3"):
        grown(travelled, additions(travelled, None, {"a": [3]}), {})
    assert grown(travelled, additions(travelled, None, {"a": [2]}), {}) == space
    parts = travelled.isel(a=[0]) + travelled.isel(a=[1])
    assert parts.derived["d"].values.tolist() == [2, 4]


def test_two_spaces_are_the_same_only_if_they_derive_the_same(caplog) -> None:
    space = ek.Space(a=[0.1, 0.2], b=[1, 2]).derive(d=lambda a, b: a * b)

    same_space(space, ek.Space(b=[2, 1], a=[0.2, 0.1]).derive(d=lambda a, b: b * a), "here")
    near = ek.Space(a=[np.nextafter(0.1, 1), 0.2], b=[1, 2]).derive(d=lambda a, b: a * b)
    same_space(space, near, "here")
    same_space(space, ek.Space(space.coords), "here")
    for other, message in [
        (
            ek.Space(a=[0.1, 0.2], b=[1, 2]).derive(d=lambda a, b: a * b + (b == 2)),
            "at a=0.1, b=2 the derived 'd' is 0.2, and 1.2",
        ),
        (ek.Space(a=[0.1, 0.2], b=[1, 2]), "has the parameter 'd', which is not given"),
        (ek.Space(a=[0.1, 0.2], b=[1, 2], d=1.0), "'d' is derived from 'a', 'b', not given by its values"),
        (ek.Space(a=[0.1, 0.2], b=[1, 2]).derive(d=lambda a: a), "from 'a', 'b', not derived from 'a'"),
        (ek.Space(a=[0.1, 0.2], b=[1, 2]).derive(d=lambda a, b: str(a * b)), "are float, not str"),
    ]:
        with pytest.raises(SpaceMismatchError, match=message):
            same_space(space, other, "here")


A = ek.Space(a=[1, 2], kind=["x", "y"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"d": lambda kynd: 1},
            "'d' is to be derived from 'kynd', which is no parameter.*Did you mean 'kind'",
        ),
        ({"d": lambda kynd="x": 1}, "takes none of the parameters.*Did you mean 'kind'"),
        ({"d": lambda: 1}, r"is a fixed parameter: Space\(d=…\)"),
        ({"d": 3}, "got 3 for 'd'; expected a function"),
        ({"a": lambda kind: 1}, "derive.. got 'a', which the space has already"),
        ({"d": lambda e: 1, "e": lambda d: 1}, "'d' needs 'e' needs 'd': a circle"),
        ({"d": lambda d: 1}, "derived from itself"),
        ({"d": lambda **rest: 1}, r"argument '\*\*rest' has no name"),
        ({"d": lambda repetition: 1}, "derived from the repetition"),
        ({"d": np.frompyfunc(abs, 1, 1)}, "Wrap it: d=lambda a: …"),
        ({"point": lambda a: 1}, "reserved"),
        ({"a.b": lambda a: 1}, "'a' is also the group of 'a.b'"),
        ({"d": lambda a: None}, "returned None at a=1"),
        ({"d": lambda a: np.zeros(3)}, r"returned a ndarray of shape \(3,\) at a=1"),
        ({"d": lambda a: {"x": 1}}, "returned a dict at a=1"),
        ({"d": lambda a, kind: 1.0 if a == 1 else np.nan}, "returned nan at a=2, kind='x'"),
        ({"d": lambda a: np.datetime64("NaT")}, "returned NaT at a=1"),
        ({"d": lambda a: 1 if a == 1 else "one"}, "do not go together.*mixed types"),
        ({"d": lambda a: object()}, "netCDF cannot hold values of type object"),
        (
            {"d": ek.param(lambda a: a, dtype="int8", bounds=(2, 3))},
            "value 1 at position 0; expected 2 ≤ d ≤ 3",
        ),
        ({"d": ek.param(lambda a: a / 2, dtype="int8")}, "0.5"),
        ({"d": ek.param(lambda a: a, dim="b")}, "leave dim and objects out"),
    ],
)
def test_what_cannot_be_derived_is_an_error_that_says_what_to_do(asked, message) -> None:
    with pytest.raises(SpaceError, match=message):
        A.derive(asked)


def test_an_error_of_the_function_is_the_cause_and_says_at_which_point() -> None:
    with pytest.raises(SpaceError, match="raised ZeroDivisionError at a=2, kind='x'") as caught:
        A.derive(d=lambda a, kind: 1 / (a - 2))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(SpaceError, match="'d' twice"):
        A.derive({"d": double}, d=double)
    derived = A.derive(d=double)
    with pytest.raises(SpaceError, match="is derived from 'a', and no values of it can be added"):
        grown(derived, ek.Space(d=[3]), {})
    with pytest.raises(SpaceError, match="no derived 'e', and it cannot be had afterwards"):
        grown(derived, derived.derive(e=double), {})
    with pytest.raises(SpaceError, match="derived differently: at a=1 it is 2, and also 3"):
        grown(derived, ek.Space(a=[1]).derive(d=lambda a: 3 * a), {})
