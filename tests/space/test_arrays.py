"""Arrays as the values of parameters: initial conditions, matrices."""

import pickle

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from drawn import array_values, bits
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError, SpaceMismatchError
from explorekit.space.growing import additions, grown
from explorekit.space.matching import same_space
from explorekit.space.selecting import points_where
from explorekit.store.spaces import read_space, space_hash, write_space

STATES = np.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0], [-1.0, 0.5, 0.25], [0.0, 0.0, 1.0]])
NAMES = {"ek": ek, "np": np, "xr": xr}


def labelled(dim="y0", labels=("rest", "spike", "down", "up"), values=STATES):
    coords = {"component": ("component", ["V", "n", "h"], {"long_name": "state variable"})}
    if labels is not None:
        coords[dim] = list(labels)
    return xr.DataArray(values, dims=(dim, "component"), coords=coords, attrs={"units": "mV"})


def arrays_at(space, name="y0"):
    """The bits of the array of each point, None where it has none."""
    return [bits(point[name]) if name in point else None for point in space.points()]


def rows(values):
    return [bits(one) for one in values]


# ---- what they are


def test_more_dimensions_are_arrays_along_the_first() -> None:
    space = ek.Space(y0=STATES, gain=[0.5, 1.0])
    assert space.sizes == {"y0": 4, "gain": 2}
    assert arrays_at(space) == [one for one in rows(STATES) for _ in range(2)]


def test_nested_lists_are_arrays_too() -> None:
    assert ek.Space(y0=STATES.tolist()) == ek.Space(y0=STATES)
    assert ek.Space(y0=list(STATES)) == ek.Space(y0=STATES)
    assert ek.Space(y0=[[1, 2], [3, 4]]).parameters["y0"].arrays.values.dtype == np.int64


@given(array_values())
def test_values_reach_the_simulation_bit_for_bit(values) -> None:
    dim = values.dims[0] if hasattr(values, "dims") else "y0"
    space = ek.Space(y0=values)
    assert space.dims == (dim,)
    assert arrays_at(space) == rows(np.asarray(values))
    assert rows(space.coords["y0_values"].values) == rows(np.asarray(values))


def test_nobody_can_write_to_them() -> None:
    mine = STATES.copy()
    space = pickle.loads(pickle.dumps(ek.Space(y0=mine)))
    mine[:] = 9.0
    for point in space.points():
        with pytest.raises(ValueError, match="read-only"):
            point["y0"][0] = 1.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            point["y0"].flags.writeable = True
    assert arrays_at(space) == rows(STATES)


def test_one_array_for_all_points_is_fixed() -> None:
    space = ek.Space(weights=ek.param(np.eye(2), fixed=True), gain=[1, 2])
    assert space.sizes == {"gain": 2}
    assert arrays_at(space, "weights") == [bits(np.eye(2))] * 2
    assert ek.Space(weights=np.eye(2)[np.newaxis]).isel(weights=0) == ek.Space(
        weights=ek.param(np.eye(2), fixed=True)
    )
    assert ek.Space(x=ek.param([1.0, 2.0], fixed=True)).sizes == {}
    assert ek.Space(x=ek.param(3.0, fixed=True)) == ek.Space(x=3.0)


def test_a_data_array_keeps_its_names_units_and_coordinates() -> None:
    coords = ek.Space(y0=labelled()).coords
    assert coords["y0"].values.tolist() == ["rest", "spike", "down", "up"]
    assert coords["y0_values"].dims == ("y0", "component")
    assert coords["y0_values"].attrs["units"] == "mV"
    assert coords["component"].values.tolist() == ["V", "n", "h"]
    assert coords["component"].attrs == {"long_name": "state variable"}


def test_a_first_dimension_that_is_shared_pairs() -> None:
    space = ek.Space(y0=labelled("case"), gain=xr.DataArray([1.0, 2.0, 3.0, 4.0], dims="case"))
    assert space.sizes == {"case": 4}
    assert [point["gain"] for point in space.points()] == [1.0, 2.0, 3.0, 4.0]
    assert space.coords["y0"].dims == ("case",)
    assert ek.Space(y0=STATES) @ ek.Space(gain=[1, 2, 3, 4]) == ek.Space(
        y0=STATES, gain=ek.param([1, 2, 3, 4], dim="y0")
    )


def test_arrays_without_labels_are_numbered_in_their_order() -> None:
    paired = ek.Space(y0=ek.param(STATES[[2, 0, 2]], dim="n"), x=ek.param([1, 2, 3], dim="n"))
    assert ek.Space(y0=STATES).coords["y0"].values.tolist() == [0, 1, 2, 3]
    assert paired.coords["y0"].values.tolist() == [0, 1, 0]


# ---- identity


def test_identity_is_the_values_and_never_the_position_or_the_label() -> None:
    space, other = ek.Space(y0=labelled()), ek.Space(y0=STATES[::-1])
    assert [space.labels(i) for i in range(4)] == [other.labels(i) for i in reversed(range(4))]
    assert space == ek.Space(y0=STATES)


@pytest.mark.parametrize(
    "other",
    [STATES.astype("f4"), STATES.reshape(4, 3, 1), STATES.T[:, :3], np.nextafter(STATES, 9), -STATES[3:]],
    ids=["dtype", "shape", "order", "last bit", "sign of zero"],
)
def test_dtype_shape_and_every_bit_tell_arrays_apart(other) -> None:
    mine = {bytes(label) for label in ek.Space(y0=STATES).parameters["y0"].labels}
    assert mine.isdisjoint(ek.Space(y0=other).parameters["y0"].labels)


def test_text_has_no_width_and_bytes_no_order() -> None:
    assert ek.Space(y0=np.array([["a", "b"]], "U9")) == ek.Space(y0=[["a", "b"]])
    assert ek.Space(y0=STATES.astype(">f8")) == ek.Space(y0=STATES)
    assert ek.Space(y0=[["ab", "c"]]) != ek.Space(y0=[["a", "bc"]])


def test_an_array_that_occurs_twice_on_a_grid_dimension_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"'y0' has the value \[0.1, 0.2, 0.3\] at positions 0 and 2"):
        ek.Space(y0=STATES[[0, 1, 0]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1.0, 2.0], [3.0]], "ragged"),
        ([np.zeros(2), np.zeros(3)], r"ragged.*\(2,\), \(3,\)"),
        ([[1.0, np.nan], [3.0, 4.0]], r"missing value \(nan\) at \[0, 1\]"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), r"missing value \(nan\) at \[1, 1\]"),
        (np.array([["2020", "NaT"]], "M8[ns]"), r"missing value \(NaT\) at \[0, 1\]"),
        ([[1, "a"], [2, "b"]], "mixed types"),
        ([[True, 2]], "mixed types"),
        (np.zeros((3, 0)), "empty"),
        ([[], []], "empty"),
        (np.array([[b"a", b"b"]]), "cannot be held by netCDF"),
        (np.zeros((2, 2), "f2"), "float16 cannot be held"),
        ([np.zeros(2), np.zeros(2, int)], "dtypes"),
        (pd.DataFrame({"a": [1]}), "from_dataframe"),
        (stats.norm().rvs(size=(2, 2), random_state=0).astype(object), None),
        (
            ek.param(STATES, bounds=(0, 1)),
            r"the value 2 at \[1, 1\] \(and 2 more such values\); expected 0 ≤ y0 ≤ 1",
        ),
        (ek.param(STATES, objects={"a": 1}), "expected one of them"),
        (xr.DataArray(STATES, dims=("y0", "status")), "'status' as a dimension"),
        (labelled(labels=["a", "a", "b", "c"]), "'a' stands for several arrays"),
    ],
)
def test_what_can_be_no_array_is_refused_with_the_name_of_the_parameter(given, message) -> None:
    if message is None:
        with pytest.raises(SpaceError, match="'y0'"):
            ek.Space(y0=given)
        return
    with pytest.raises(SpaceError, match=message):
        ek.Space(y0=given)


def test_fixed_is_for_what_does_not_vary() -> None:
    with pytest.raises(SpaceError, match="fixed=True and dim='n'"):
        ek.param(STATES, fixed=True, dim="n")
    with pytest.raises(SpaceError, match="fixed=True and a dict"):
        ek.param({"a": 1}, fixed=True)


def test_names_that_would_mean_two_things_are_refused() -> None:
    with pytest.raises(SpaceError, match="kept as y0_values"):
        ek.Space(y0=STATES, y0_values=[1, 2])
    with pytest.raises(SpaceError, match="'component' as a dimension"):
        ek.Space(y0=labelled(), component=[1, 2])
    with pytest.raises(SpaceError, match="'component' has 3 values"):
        ek.Space(y0=labelled(), w=xr.DataArray(np.zeros((1, 2)), dims=("w", "component")))
    with pytest.raises(SpaceError, match="two coordinates 'component'"):
        ek.Space(
            y0=labelled(),
            w=xr.DataArray(np.zeros((1, 3)), dims=("w", "component"), coords={"component": [0, 1, 2]}),
        )


# ---- put together


@given(array_values(), array_values())
def test_products_pairs_and_sums_have_the_arrays_of_their_parts(a, b) -> None:
    plain = [np.asarray(a), np.asarray(b)]
    product = ek.Space(u=plain[0]) * ek.Space(v=plain[1]).repeat(2)
    assert arrays_at(product, "u") == [one for one in rows(plain[0]) for _ in range(2 * len(b))]
    assert arrays_at(product, "v") == [one for one in rows(plain[1]) for _ in range(2)] * len(a)
    total = ek.Space(u=plain[0]) + ek.Space(v=plain[1])
    assert arrays_at(total, "u") == rows(plain[0]) + [None] * len(b)
    assert arrays_at(total, "v") == [None] * len(a) + rows(plain[1])
    assert eval(repr(total), dict(NAMES)) == total


def test_a_sum_keeps_each_array_once() -> None:
    total = ek.Space(y0=STATES) + ek.Space(y0=STATES[[1, 3]], x=2) + ek.Space(x=3)
    assert len(total.parameters["y0"].arrays) == 4
    assert total.coords["y0"].values.tolist() == [0, 1, 2, 3, 1, 3, 0]
    assert total.coords["y0_given"].values.tolist() == [True] * 6 + [False]
    assert arrays_at(total) == [*rows(STATES), *rows(STATES[[1, 3]]), None]


def test_whole_numbers_join_floats_in_a_sum_where_that_is_exact() -> None:
    total = ek.Space(y0=[[1, 2]]) + ek.Space(y0=[[0.5, 1.0]])
    assert arrays_at(total) == rows(np.array([[1.0, 2.0], [0.5, 1.0]]))
    with pytest.raises(SpaceError, match="cannot hold all exactly"):
        list((ek.Space(y0=[[2**53 + 1, 0]]) + ek.Space(y0=[[0.5, 1.0]])).points())


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (ek.Space(y0=[[1.0, 2.0]]), r"shape \(3,\); got \(2,\)"),
        (ek.Space(y0=[1.0]), "as array .* and as float"),
        (
            ek.Space(y0=labelled(values=STATES).assign_coords(component=[0, 1, 2])),
            "two coordinates 'component'",
        ),
        (ek.Space(y0=labelled().rename(component="part")), "dimensions"),
        (ek.Space(y0=labelled(labels=None, values=STATES + 1)), "some arrays of 'y0' have labels"),
        (ek.Space(y0=labelled(values=STATES + 1)), "stands for several arrays"),
    ],
)
def test_a_sum_of_arrays_that_do_not_fit_is_refused(other, message) -> None:
    with pytest.raises(SpaceError, match=message):
        list((ek.Space(y0=labelled()) + other).points())


def test_points_of_arrays_become_a_grid() -> None:
    points = ek.Space(y0=STATES[:2], x=[1, 2]) + ek.Space(y0=STATES[2:], x=[1, 2])
    assert points.to_grid() == ek.Space(y0=STATES, x=[1, 2])


@pytest.mark.parametrize("fresh", [False, True])
def test_samples_beside_arrays(fresh) -> None:
    space = ek.Space(y0=STATES, x=stats.norm()).sample(2, seed=1, fresh=fresh)
    assert sorted(map(str, arrays_at(space))) == sorted(map(str, rows(STATES) * 2))


def test_a_mixture_may_fix_an_array_in_each_part() -> None:
    parts = [ek.Space(y0=ek.param(one, fixed=True), x=stats.norm()) for one in STATES[:2]]
    drawn = (0.5 * parts[0] + 0.5 * parts[1]).sample(64, "sobol")
    assert arrays_at(drawn).count(bits(STATES[0])) == 32


def test_a_star_moves_along_arrays_too() -> None:
    star = ek.Space(y0=STATES, x=[1, 2]).star(y0=STATES[1], x=1)
    assert arrays_at(star) == rows(STATES[[1, 0, 2, 3, 1]])


def test_an_override_replaces_arrays_and_keeps_units() -> None:
    space = ek.Space(y0=labelled(), x=1).override(y0=STATES[:2] + 1)
    assert arrays_at(space) == rows(STATES[:2] + 1)
    assert space.parameters["y0"].attrs == {"units": "mV"}


# ---- chosen and found


@pytest.mark.parametrize("wanted", [STATES[2], STATES[2].tolist(), "down"], ids=["array", "list", "label"])
def test_one_array_is_selected_by_value_or_label(wanted) -> None:
    space = ek.Space(y0=labelled(), x=[1, 2])
    assert space.sel(y0=wanted) == space.isel(y0=2)
    assert space.find(y0=wanted) == space.isel(y0=[2])
    assert points_where(space, {"y0": wanted}).tolist() == [[4, 6]]
    assert space.describe(y0=wanted, x=1) == "y0='down', x=1"


def test_several_arrays_are_selected_and_numbers_stand_for_those_without_labels() -> None:
    space = ek.Space(y0=STATES)
    assert space.sel(y0=STATES[[3, 1]]) == space.isel(y0=[3, 1]) == space.sel(y0=[3, 1])
    assert ek.Space(y0=labelled()).sel(y0=["up", "rest"]) == space.isel(y0=[3, 0])
    assert space.sel(y0=2) == space.isel(y0=2)
    assert space.find(lambda p: p.y0.sum() > 0.9) == space.isel(y0=[1, 3])


@pytest.mark.parametrize("wanted", [STATES[0] + 1, 7, "rest", slice(0, 1), True, [[[0.0]]]], ids=repr)
def test_an_array_that_is_not_there_is_an_error(wanted) -> None:
    for look in (lambda: ek.Space(y0=STATES).sel(y0=wanted), lambda: ek.Space(y0=STATES).find(y0=wanted)):
        with pytest.raises(SpaceError, match="'y0'"):
            look()


def test_a_part_is_found_in_the_whole_by_its_arrays() -> None:
    space = ek.Space(y0=STATES, x=[1, 2])
    assert points_where(space, ek.Space(y0=STATES[[3]], x=[2])).tolist() == [[7, 8]]
    assert points_where(space, ek.Space(y0=STATES[[3]].astype(object).astype(float))).tolist() == [[6, 8]]
    with pytest.raises(SpaceError, match=r"no point of the space has y0=\[1.1, 1.2, 1.3\]"):
        points_where(space, ek.Space(y0=STATES[:1] + 1))


def test_unique_counts_the_points_of_each_array() -> None:
    space = ek.Space(y0=ek.param(STATES[[1, 0, 1]], dim="n"), x=ek.param([1, 2, 3], dim="n"))
    assert space.unique("y0").to_dict() == {0: 2, 1: 1}
    assert ek.Space(y0=labelled(), x=[1, 2]).unique("y0").to_dict() == dict.fromkeys(
        ("rest", "spike", "down", "up"), 2
    )


# ---- shown


def test_arrays_that_no_point_has_keep_their_dtype() -> None:
    space = ek.Space(y0=ek.param([None], dim="point", dtype=("i2", (1, 2))), x=ek.param([1], dim="point"))
    for each in (space, pickle.loads(pickle.dumps(space))):
        assert each.to_dataset()["y0_values"].dtype == np.int16


def test_a_table_has_arrays_and_gives_the_points_back() -> None:
    space = ek.Space(y0=STATES, x=[1, 2]).repeat(2)
    frame = space.to_dataframe()
    assert [bits(one) for one in frame["y0"]] == arrays_at(space)
    again = ek.Space.from_dataframe(frame)
    assert (arrays_at(again), again.sizes) == (arrays_at(space), {"point": 8, "repetition": 2})
    lacking = (ek.Space(y0=STATES[:2]) + ek.Space(x=[1])).to_dataframe()
    assert arrays_at(ek.Space.from_dataframe(lacking, allow_missing=True)) == [*rows(STATES[:2]), None]


def test_shows_short_text_of_long_arrays() -> None:
    space = ek.Space(y0=np.arange(50.0).reshape(2, 25), x=[1, 2])
    assert space.describe(0) == "y0=[0, 1, … 24] (25), x=1"
    assert "[25, 26, … 49] (25)" in space._repr_html_()
    assert "&#x27;rest&#x27;, &#x27;spike&#x27;" in ek.Space(y0=labelled())._repr_html_()
    assert len(space.plot().axes) == 4


@given(array_values())
def test_the_expression_gives_the_space_with_its_names_again(values) -> None:
    for space in (ek.Space(y0=values), ek.Space(y0=values).isel({ek.Space(y0=values).dims[0]: 0})):
        again = eval(repr(space), dict(NAMES))
        assert again == space
        assert again.to_dataset().identical(space.to_dataset())


def test_more_numbers_than_numpy_prints_are_abbreviated() -> None:
    assert (
        repr(ek.Space(y0=np.random.default_rng(0).random((3, 400))))
        == "ek.Space(y0=<3 × 400 values of float64>)"
    )


# ---- kept and grown


@given(array_values(), st.booleans())
def test_a_file_gives_back_all_there_is_of_them(tmp_path_factory, values, fixed) -> None:
    space = ek.Space(y0=values, x=[1, 2])
    space = space.isel({space.dims[0]: 0}) if fixed else space + ek.Space(x=[3])
    path = tmp_path_factory.mktemp("space") / "space.nc"
    write_space(path, space)
    again = read_space(path)
    assert again == space
    assert again.to_dataset().identical(space.to_dataset())
    assert space_hash(again) == space_hash(space)
    assert [arrays_at(again), again.coords["y0_values"].attrs] == [
        arrays_at(space),
        space.coords["y0_values"].attrs,
    ]


def test_what_is_selected_travels_alone() -> None:
    large = ek.Space(y0=np.random.default_rng(0).random((50, 1000)), x=[1, 2])
    assert len(pickle.dumps(large.isel(y0=[3, 4]))) < 60_000
    assert len(pickle.dumps(large)) < 600_000


def test_a_space_grows_by_arrays_which_go_to_the_end() -> None:
    space = ek.Space(y0=labelled(labels=None), x=[1, 2])
    more = grown(space, additions(space, None, {"y0": STATES[[1]].tolist() + (STATES[:1] - 5).tolist()}), {})
    assert arrays_at(more)[::2] == rows(np.concatenate([STATES, STATES[:1] - 5]))
    assert more.coords["component"].values.tolist() == ["V", "n", "h"]
    whole = grown(space, additions(space, None, {"y0": [[1, 2, 3], [4, 5, 6]]}), {})
    assert whole.sizes["y0"] == 5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, 2.0]], "shape"),
        ([3.0], "are array, not float"),
        (ek.param(STATES + 1, units="V"), "are in mV, those to add in V"),
        (STATES.astype(complex) + 1, "cannot hold all exactly"),
        ([["a", "b", "c"]], "cannot hold all exactly"),
    ],
)
def test_a_space_does_not_grow_by_what_does_not_fit(values, message) -> None:
    space = ek.Space(y0=labelled(labels=None))
    with pytest.raises(SpaceError, match=message):
        grown(space, additions(space, None, {"y0": values}), {})


def test_bounds_are_for_every_number_also_of_arrays_to_come() -> None:
    space = ek.Space(y0=ek.param(STATES, bounds=(-1, 3)))
    with pytest.raises(SpaceError, match=r"-1 ≤ y0 ≤ 3"):
        grown(space, additions(space, None, {"y0": STATES[:1] + 9}), {})
    with pytest.raises(SpaceError, match=r"-1 ≤ y0 ≤ 3"):
        list((space + ek.Space(y0=STATES[:1] + 9)).points())


def test_a_space_of_arrays_in_another_order_is_the_same() -> None:
    space = ek.Space(y0=STATES, x=ek.param(np.eye(2), fixed=True))
    same_space(space, ek.Space(y0=STATES[::-1], x=ek.param(np.eye(2).tolist(), fixed=True)), "here")
    with pytest.raises(SpaceMismatchError, match=r"it has y0=\[0, 0, 1\] too"):
        same_space(space, ek.Space(y0=STATES[:3], x=ek.param(np.eye(2), fixed=True)), "here")
    with pytest.raises(SpaceMismatchError, match=r"'x' is \[1, 0, … 1\] \(2 × 2\), not \[2, 0, … 2\]"):
        same_space(space, ek.Space(y0=STATES, x=ek.param(np.eye(2) * 2, fixed=True)), "here")


def test_what_is_derived_from_arrays_receives_them() -> None:
    space = ek.Space(y0=STATES, x=[1, 2]).derive(norm=lambda y0: float(np.linalg.norm(y0)))
    assert [point["norm"] for point in space.points()] == np.repeat(
        np.linalg.norm(STATES, axis=1), 2
    ).tolist()


def test_arrays_that_only_some_points_have() -> None:
    space = ek.Space(kind=["rest", "given"]).when(kind="given", y0=STATES)
    assert arrays_at(space) == [None, *rows(STATES)]


@given(array_values(), st.booleans())
def test_coordinates_of_xarray_give_the_points_again(values, lacking) -> None:
    space = ek.Space(y0=values, x=[1, 2])
    space = space + ek.Space(x=[3]) if lacking else space.isel({space.dims[0]: 0})
    again = ek.Space(space.coords)
    assert again == space
    assert again.to_dataset().identical(space.to_dataset())
