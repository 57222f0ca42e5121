"""Points of several spaces along one dimension, with parameters that some of them lack."""

import pickle
import time
from functools import reduce
from itertools import product
from operator import add, matmul

import numpy as np
import pytest
import xarray as xr
from drawn import DTYPES, array_of, bits, elements, grid_values, spaces
from hypothesis import assume, given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.identity import point_key

KINDS = {"a": "f8", "b": "i8", "text": "U", "flag": "bool", "group.c": "c16", "when": "M8[ns]"}


@st.composite
def parts(draw, names=tuple(KINDS), max_size=3):
    """A grid, a fixed point or points, of some of the parameters; each name has one type in all of them."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    return ek.Space({name: draw(grid_values(max_size=max_size, dtypes=(KINDS[name],))) for name in chosen})


def plain(space):
    """The points, as tuples of text that tell values and types apart; the order of parameters does not count."""
    return [tuple(sorted((n, repr(value)) for n, value in point.items())) for point in space.points()]


@given(parts(), parts())
def test_a_sum_has_the_points_of_the_left_side_then_those_of_the_right(x, y):
    both = x + y

    assert plain(both) == plain(x) + plain(y)
    assert both.dims == ("point",)
    assert len(both) == len(x) + len(y)


@given(parts(), parts(), parts())
def test_sums_are_associative_and_sum_begins_with_nothing(x, y, z):
    assert (x + y) + z == x + (y + z) == sum([x, y, z])
    assert sum([x]) is x


@given(parts(names=("a", "b", "flag")), parts(names=("a", "b", "flag")), parts(names=("text", "when")))
def test_a_product_distributes_over_a_sum(x, y, z):
    """From the right in the same order; from the left, the left factor is slowest, so that only the points are the same."""
    assert plain((x + y) * z) == plain(x * z + y * z)
    assert plain(z * (x + y)) == [p for one in plain(z) for p in _beside(one, plain(x) + plain(y))]
    assert sorted(plain(z * (x + y))) == sorted(plain(z * x + z * y))
    assert ((x + y) * z).sizes == {"point": len(x) + len(y), **z.sizes}


def _beside(one, others):
    return [tuple(sorted((*one, *other))) for other in others]


@given(
    parts(names=("a", "b")), parts(names=("a", "b")), parts(names=("text",)), parts(names=("when", "flag"))
)
def test_sums_multiply_with_sums(x, y, z, u):
    both = (x + y) * (z + u)

    assert plain(both) == [
        tuple(sorted((*p, *q))) for p, q in product(plain(x) + plain(y), plain(z) + plain(u))
    ]
    assert both.dims == ("point",)


@given(parts(names=("a",)), parts(names=("b",)), parts(names=("text",)), parts(names=("flag",)))
def test_products_of_sums_are_associative(x, y, z, u):
    left, right = x + y, z + u
    last = ek.Space(group=[1, 2]) + ek.Space(other="o")

    assert (left * right) * last == left * (right * last)


@given(parts(names=("a", "b")), parts(names=("text",)), st.integers(1, 3))
def test_the_point_without_parameters_is_neutral_for_products_and_pairs_and_one_point_of_a_sum(x, z, n):
    both = x + z

    assert both * ek.Space() == ek.Space() * both == both
    assert both @ ek.Space() == ek.Space() @ both == both
    assert plain(ek.Space() + x) == [(), *plain(x)]


@given(st.data(), st.integers(1, 5))
def test_pairs_are_associative(data, n):
    x, y, z = (
        ek.Space({name: ek.param(data.draw(st.permutations(range(n))), dim=name)}) for name in ("a", "b", "c")
    )

    assert (x @ y) @ z == x @ (y @ z) == reduce(matmul, [x, y, z])
    assert (x @ y @ z).sizes == {"a": n}


@given(parts(), parts(), st.integers(1, 3))
def test_equal_repetitions_stay_the_innermost_dimension(x, y, n):
    assert x.repeat(n) + y.repeat(n) == (x + y).repeat(n)


@given(st.sampled_from(DTYPES), st.data())
def test_values_are_kept_bit_for_bit_and_what_is_missing_is_marked(dtype, data):
    values = data.draw(grid_values(dtypes=(dtype,)))
    both = ek.Space(a=values) + ek.Space(other=[1, 2])
    found = both.to_dataset()

    assert bits(found["a"].values[: values.size]) == bits(values)
    assert found["a_given"].values.tolist() == [True] * values.size + [False] * 2
    assert both.isel(point=0).parameters.keys() == {"a"}
    assert both.isel(point=slice(0, values.size)).parameters["a"].given is None
    if values.dtype.kind in "fcM":
        assert found["a"].isnull().values.tolist() == [False] * values.size + [True] * 2


@given(parts(), parts())
def test_what_a_point_lacks_is_no_part_of_its_identity(x, y):
    both, alone = x + y, [*_keys(x), *_keys(y)]
    assume(len(set(alone)) == len(alone))

    assert [
        key for key, again in zip(_keys(both), both.axes["point"].occurrence, strict=True) if not again
    ] == alone


def _keys(space):
    return [point_key(space.labels(position), {}) for position in range(len(space))]


def test_tuples_that_occur_again_are_kept_and_counted():
    x = ek.Space(a=[0.0, 0.5])
    both = x + ek.Space(b=1) + x

    assert both.axes["point"].occurrence.tolist() == [0, 0, 0, 1, 1]
    assert len(set(_keys(both))) == 5
    assert (ek.Space(a=-0.0) + ek.Space(a=0.0)).axes["point"].occurrence.tolist() == [0, 1]


def test_a_missing_value_differs_from_one_that_reads_the_same():
    both = ek.Space(n=0, t="", f=False) + ek.Space(t="") + ek.Space(n=0) + ek.Space(f=False)

    assert both.axes["point"].occurrence.tolist() == [0, 0, 0, 0]
    assert plain(both.sel(n=None)) == [(("t", "''"),), (("f", "False"),)]
    assert len(both.sel(n=0)) == 2
    assert len(both.sel(t="")) == 2


def test_points_are_selected_by_ranges_of_values_in_no_order():
    both = ek.Space(a=[3.0, 1.0]) + ek.Space(b=1) + ek.Space(a=2.0)

    assert [p["a"] for p in both.sel(a=slice(1.5, None)).points()] == [3.0, 2.0]
    with pytest.raises(SpaceError, match="step"):
        both.sel(a=slice(0, 3, 2))
    with pytest.raises(SpaceError, match="every point has"):
        ek.Space(a=[1, 2]).sel(a=None)


def test_a_point_is_described_by_what_it_has():
    both = ek.Space(kind="a", x=[1, 2]) + ek.Space(kind="b", tol=1e-3)

    assert both.describe(2) == "kind='b', tol=0.001"
    assert both.columns(np.array([0, 2])) == {"kind": ["a", "b"], "x": [1, None], "tol": [None, 1e-3]}
    assert "given at 1 of 3" in both._repr_html_()


def test_a_table_has_nothing_where_a_point_lacks_a_parameter():
    frame = (ek.Space(n=[2**62 + 1], t="x", f=True, r=0.5) + ek.Space(other=1)).to_dataframe()

    assert frame.isna().to_numpy().tolist() == [[False] * 4 + [True], [True] * 4 + [False]]
    assert frame["n"][0] == 2**62 + 1
    assert frame["f"][0] is np.True_


def test_integers_among_floats_become_floats_where_that_is_exact():
    assert [p["a"] for p in (ek.Space(a=[1, 2]) + ek.Space(a=0.5)).points()] == [1.0, 2.0, 0.5]
    with pytest.raises(SpaceError, match=r"9007199254740993.*as one type"):
        ek.Space(a=2**53 + 1) + ek.Space(a=0.5)
    with pytest.raises(SpaceError, match="as one type"):
        ek.Space(a=2**63) + ek.Space(a=-1)


def test_units_and_bounds_go_with_the_values():
    x = ek.Space(tau=ek.param([5.0], units="ms", bounds=(0, 10)))
    both = x + ek.Space(tau=[7.0])

    assert both.parameters["tau"].attrs["units"] == "ms"
    for one, other in ((x, ek.Space(tau=12.0)), (ek.Space(tau=12.0), x)):
        with pytest.raises(SpaceError, match=r"12.*bounds"):
            one + other


@pytest.mark.parametrize(
    ("left", "right", "match"),
    [
        (ek.Space(a=[1, 2]), ek.Space(a="x"), r"'a', as int \(1, 2\) and as str \('x'\).*Convert"),
        (ek.Space(a=True), ek.Space(a=1), "as bool .* and as int"),
        (
            ek.Space(t=ek.param([5.0], units="ms")),
            ek.Space(t=ek.param(1.0, units="s")),
            r"in ms \(5\) and in s \(1\)",
        ),
        (ek.Space(a=[1]).repeat(2), ek.Space(a=[2]), r"0, 1, and a right side with none.*repeat"),
        (ek.Space(a=[1]).repeat(2), ek.Space(a=[2]).repeat(3), "0, 1, and a right side with 0, 1, 2"),
        (ek.Space(), ek.Space(), "no parameter"),
        (ek.Space(a=1), ek.Space(b=1, a_given=2), "'a_given'; rename"),
        (ek.Space(a=1), ek.Space({"a.b": 1}), "'a' is also the group"),
        (ek.Space(a=1) + ek.Space(b=2), ek.Space(b="x"), r"as int \(2\) and as str"),
    ],
)
def test_what_cannot_be_added_is_an_error_at_once_that_shows_it(left, right, match):
    with pytest.raises(SpaceError, match=match):
        left + right


def test_only_spaces_are_added():
    with pytest.raises(TypeError):
        ek.Space(a=1) + 1
    with pytest.raises(TypeError):
        {"a": 1} + ek.Space(a=1)


def test_a_parameter_cannot_be_called_like_the_dimension():
    with pytest.raises(SpaceError, match="'point' is reserved"):
        ek.Space(a=1) + ek.Space(point=2)


def test_coordinates_tell_which_points_lack_a_parameter(tmp_path):
    space = ek.Space(n=[0, 1], t="x") + ek.Space(tol=[0.1], when=np.datetime64("2020"))

    for coords in (space.to_dataset(), space.coords):
        assert ek.Space(coords) == space
    path = tmp_path / "space.nc"
    space.to_dataset().to_netcdf(path)
    assert ek.Space(xr.load_dataset(path)) == space
    part = space.isel(point=[0, 1])
    assert ek.Space(part.to_dataset()) == part


def test_a_parameter_that_is_called_like_such_a_coordinate_is_one():
    space = ek.Space(a=ek.param([1, 2], dim="point"), a_given=ek.param([True, False], dim="point"))

    assert ek.Space(space.to_dataset()) == space


def test_points_that_lack_parameters_are_paired_along_point():
    lacking = ek.Space(n=[0, 1]) + ek.Space(tol=0.1)
    pair = ek.Space(a=[1, 2, 3]) @ lacking

    assert pair.sizes == (lacking @ ek.Space(a=[1, 2, 3])).sizes == {"point": 3}
    assert list(pair.points()) == [{"a": 1, "n": 0}, {"a": 2, "n": 1}, {"a": 3, "tol": 0.1}]
    assert eval(repr(pair), {"ek": ek}) == pair


# ---- grids


@given(spaces(), st.randoms(use_true_random=False))
def test_the_points_of_a_grid_make_the_grid_again(space, random):
    assume(not {"p", "q"} & space.parameters.keys() and space.dims and space.dims != ("repetition",))
    first = space.dims[0]
    halves = [space.isel({first: [i]}) for i in range(space.sizes[first])]
    points = sum(halves) if len(halves) > 1 else halves[0] + halves[0]
    if len(halves) == 1:
        points = points.isel(point=range(len(points) // 2 // space.sizes.get("repetition", 1)))
    again = points.to_grid()

    assert set(plain(again)) == set(plain(space))
    assert len(again) == len(space)
    order = random.sample(range(points.sizes["point"]), points.sizes["point"])
    assert set(plain(points.isel(point=order).to_grid())) == set(plain(space))


def test_a_grid_has_numbers_in_order_and_text_as_it_was_met():
    points = ek.Space(a=[3, 1], t=["z", "b"]) + ek.Space(t=["z", "b"], a=2)

    assert points.to_grid() == ek.Space(a=[1, 2, 3], t=["z", "b"])
    falling = ek.Space(a=[3.0, 2.0]) * ek.Space(t=["z", "b"])
    assert (falling.sel(a=[3.0]) + falling.sel(a=[2.0])).to_grid() == falling
    assert (ek.Space(a=1, b=[1, 2]) + ek.Space(a=1, b=3)).to_grid() == ek.Space(a=1, b=[1, 2, 3])


def test_other_dimensions_and_units_stay_in_a_grid():
    a, b = (ek.Space(x=ek.param([x], units="m"), y=[1, 2]) for x in (1.0, 2.0))
    space = ((a + b) * ek.Space(z=[1, 2], k=5)).repeat(2)

    assert space.to_grid().sizes == {"x": 2, "y": 2, "z": 2, "repetition": 2}
    assert space.to_grid().parameters["x"].attrs == {"units": "m"}


@pytest.mark.parametrize(
    ("space", "match"),
    [
        (
            ek.Space(a=[1, 2], b=["x", "y"]) + ek.Space(a=3, b="y"),
            r"a=3, b='x' is missing.*Space\(a=3, b='x'\)",
        ),
        (ek.Space(a=[1, 2]) + ek.Space(b=1), "1 of 3 lack 'a', first the point b=1"),
        (ek.Space(a=[1, 2]) + ek.Space(a=2), "a=2 is there more than once, at position 2"),
        (ek.Space(a=[1, 2]), "grid already"),
    ],
)
def test_points_that_form_no_grid_are_an_error_that_says_which(space, match):
    with pytest.raises(SpaceError, match=match):
        space.to_grid()


def test_far_more_combinations_than_points_are_counted_exactly():
    names = [f"p{i}" for i in range(8)]
    pair = reduce(matmul, [ek.Space({name: np.arange(300)}) for name in names])
    with pytest.raises(SpaceError, match=r"p7=1 is missing; all of .* would be 65,610,000,000,000,000,000"):
        (pair + pair.isel(p0=0)).to_grid()


# ---- many


def test_a_million_points_are_added_and_counted_without_an_object_each():
    n = 1000
    summands = [
        ek.Space(x=np.arange(n) + n * i, **({"kind": "a"} if i % 2 else {"tol": 0.1})) for i in range(n)
    ]
    began = time.thread_time()  # what others do meanwhile does not count
    space = sum(summands)
    assert len(space) == n * n
    assert not space.axes["point"].occurrence.any()
    assert time.thread_time() - began < 5  # about 0.4 s alone on a core
    assert space.describe(n * n - 1) == f"x={n * n - 1}, kind='a'"


def test_a_sum_of_thousands_is_no_deep_recursion():
    space = reduce(add, (ek.Space(a=i) for i in range(3000)))

    assert space.sizes == {"point": 3000}
    assert pickle.loads(pickle.dumps(space)) == space


@given(parts(), parts())
def test_a_sum_that_nobody_has_looked_at_is_pickled(x, y):
    assert pickle.loads(pickle.dumps(x + y)) == x + y


@given(st.sampled_from(DTYPES), st.data())
def test_a_single_value_is_added(dtype, data):
    value = array_of(dtype, data.draw(elements(dtype)))
    assume(value == value)

    assert plain(ek.Space(a=value) + ek.Space(b=1)) == [*plain(ek.Space(a=value)), (("b", "1"),)]
