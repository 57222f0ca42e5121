"""The algebra of spaces, selection, and the round trip through xarray."""

import pickle
from itertools import product

import numpy as np
import pytest
import xarray as xr
from drawn import grid_values, paired_spaces, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError

small = grid_values(max_size=4)


def plain(space):
    """The points, as tuples of text that tell values and types apart."""
    return [tuple((name, repr(value)) for name, value in point.items()) for point in space.points()]


# ---- products, pairs, repetitions


@given(small, small)
def test_a_product_has_every_combination_with_the_left_factor_slowest(a, b):
    left, right = ek.Space(a=a), ek.Space(b=b)
    both = left * right

    assert len(both) == len(left) * len(right)
    assert both.sizes == {**left.sizes, **right.sizes}
    assert plain(both) == [x + y for x, y in product(plain(left), plain(right))]


@given(small, small, small)
def test_products_are_associative(a, b, c):
    x, y, z = ek.Space(a=a), ek.Space(b=b), ek.Space(c=c)

    assert (x * y) * z == x * (y * z) == ek.Space(a=a, b=b, c=c)


@given(spaces())
def test_the_empty_space_is_neutral_and_has_one_point(space):
    assert space * ek.Space() == ek.Space() * space == space
    assert list(ek.Space().points()) == [{}]


@given(st.data())
def test_a_pair_runs_through_both_together(data):
    n = data.draw(st.integers(1, 5))
    a, b = (data.draw(st.lists(st.integers(), min_size=n, max_size=n, unique=True)) for _ in range(2))
    a, b = [x % 2**60 for x in a], [x % 2**60 for x in b]
    if len({*a}) < n or len({*b}) < n:
        return
    pair = ek.Space(a=a) @ ek.Space(b=b)

    assert pair.sizes == {"a": n}
    assert [(p["a"], p["b"]) for p in pair.points()] == list(zip(a, b, strict=True))


@given(spaces(), st.integers(1, 3))
def test_repeating_multiplies_and_is_innermost(space, n):
    before = space.sizes.get("repetition", 1)
    repeated = space.repeat(n)

    assert repeated.dims[-1] == "repetition"
    assert repeated.sizes["repetition"] == before * n
    assert len(repeated) == len(space) * n
    assert [p["repetition"] for p in repeated.points()][: before * n] == list(range(before * n))


def test_repetition_stays_innermost_whatever_comes_after():
    space = ek.Space(a=[1, 2]).repeat(3) * ek.Space(b=[1, 2])

    assert space.dims == ("a", "b", "repetition")


def test_a_pair_with_fixed_values_keeps_them_fixed():
    assert (ek.Space(a=[1, 2]) @ ek.Space(b=3)).sizes == {"a": 2}
    assert (ek.Space(a=1) @ ek.Space(b=[2, 3])).sizes == {"b": 2}


def test_parameters_that_share_a_dimension_are_paired():
    space = ek.Space(a=xr.DataArray([1, 2], dims="n"), b=xr.DataArray([3, 4], dims="n", attrs={"units": "s"}))

    assert space.sizes == {"n": 2}
    assert space.parameters["b"].attrs == {"units": "s"}
    assert list(space.points()) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]


def test_a_dimension_that_param_names_wins_over_that_of_the_array():
    space = ek.Space(a=ek.param(xr.DataArray([1, 2], dims="n"), dim="m"))

    assert space.dims == ("m",)


@pytest.mark.parametrize(
    ("combine", "named"),
    [
        (lambda: ek.Space(a=[1]) * ek.Space(a=[2]), "both sides of \\* have the parameter 'a'"),
        (lambda: ek.Space(a=[1]) @ ek.Space(a=[2]), "both sides of @ have the parameter 'a'"),
        (lambda: ek.Space(a=[1]).repeat(2) * ek.Space(b=[2]).repeat(2), "'repetition'.*Repeat the product"),
        (lambda: ek.Space(a=[1, 2]) @ ek.Space(b=[1, 2, 3]), "one to one"),
        (lambda: ek.Space(a=[1], b=[2]) @ ek.Space(c=[1]), "one dimension each"),
        (lambda: ek.Space(a=[1]) @ ek.Space().repeat(1), "cannot pair repetitions"),
        (
            lambda: ek.Space(a=ek.param([1], dim="n")) * ek.Space(b=ek.param([1], dim="n")),
            "both factors of \\* have the dimension 'n'",
        ),
        (
            lambda: ek.Space(a=ek.param([1, 2], dim="n"), b=ek.param([1], dim="n")),
            "differ in length: a has 2, b has 1",
        ),
        (lambda: ek.Space(a=[1], b=ek.param([1, 2], dim="a")), "differ in length"),
        (lambda: ek.Space(n=1, b=ek.param([1, 2], dim="n")), "name of a parameter that does not lie on it"),
        (lambda: ek.Space({"a": [1]}, a=[2]), "given twice"),
        (lambda: ek.Space(point=[1]), "reserved; use another, such as 'point_index'"),
        (lambda: ek.Space(sample=[1]), "reserved"),
        (lambda: ek.Space(step=[1]), "reserved"),
        (lambda: ek.Space(occurrence=[1]), "reserved"),
        (lambda: ek.Space(status=[1]), "reserved"),
        (lambda: ek.Space(runs=[1]), "reserved"),
        (lambda: ek.Space(failures=[1]), "reserved"),
        (lambda: ek.Space(provenance=[1]), "reserved"),
        (lambda: ek.Space(checksums=[1]), "reserved"),
        (lambda: ek.Space(origins=[1]), "reserved"),
        (lambda: ek.Space(a=ek.param([1], dim="layouts")), "dimension name 'layouts' is reserved"),
        (lambda: ek.Space(repetition=[0, 1]), "Space.repeat\\(n\\)"),
        (lambda: ek.Space(a=ek.param([1], dim="a/b")), "dimension name 'a/b'"),
        (lambda: ek.Space({"a b": [1]}), "identifier"),
        (lambda: ek.Space({"a.": [1]}), "identifier"),
        (lambda: ek.Space({"µ": [1]}), "write it as 'μ'"),
        (lambda: ek.Space({"n.occurrence": [1]}), "reserved"),
        (lambda: ek.Space({"neuron": [1], "neuron.tau": [2]}), "'neuron' is also the group of 'neuron.tau'"),
        (lambda: ek.Space({"a.b": 1, "a.b.c": 2}), "'a.b' is also the group"),
        (lambda: ek.Space(z=[1j], z_real=[1.0]), "'z_real'"),
        (lambda: ek.Space([1, 2]), "got list as coordinates"),
        (lambda: ek.Space(xr.Dataset({"v": ("n", [1, 2])})), "dimension 'n' has no coordinate"),
        (lambda: ek.Space(a=[1]).repeat(0), "got 0"),
        (lambda: ek.Space(a=[1]).repeat(1.5), "got 1.5"),
        (lambda: ek.Space(a=[1]).repeat(True), "got True"),
        (lambda: ek.Space(a=[1]).repeat(3).isel(repetition=1).repeat(2), "Repeat first, then select"),
        (lambda: ek.Space(a=[1]).repeat(3).isel(repetition=[1, 2]).repeat(2), "Repeat first, then select"),
    ],
)
def test_refuses_and_says_why(combine, named):
    with pytest.raises(SpaceError, match=named):
        combine()


@pytest.mark.parametrize("operator", ["__mul__", "__matmul__", "__eq__"])
def test_operators_leave_other_types_to_python(operator):
    assert getattr(ek.Space(a=[1]), operator)(3) is NotImplemented


# ---- points by position


@given(spaces())
def test_columns_describe_and_points_agree(space):
    points = list(space.points())
    positions = np.arange(len(space))
    columns = space.columns(positions)

    assert len(points) == len(space)
    for name, values in columns.items():
        assert [repr(point[name]) for point in points] == [repr(value) for value in values]


def test_points_do_not_fill_memory():
    space = ek.Space(a=np.arange(10_000), b=np.arange(10_000), c=np.arange(10_000))

    assert next(space.points()) == {"a": 0, "b": 0, "c": 0}
    assert space.describe(10**12 - 1) == "a=9999, b=9999, c=9999"
    assert len(space) == 10**12


@given(spaces())
def test_identities_of_points_are_distinct(space):
    identities = [tuple(sorted(space.labels(position))) for position in range(len(space))]

    assert len(set(identities)) == len(space)


# ---- selection


@st.composite
def indexers(draw, size):
    return draw(
        st.integers(-size, size - 1)
        | st.slices(size)
        | st.lists(st.integers(-size, size - 1), min_size=1, max_size=size, unique_by=lambda i: i % size)
        | st.lists(st.booleans(), min_size=size, max_size=size)
    )


@given(st.data())
def test_isel_chooses_the_points_that_numpy_would(data):
    space = data.draw(spaces())
    if not space.dims:
        return
    dim = data.draw(st.sampled_from(space.dims))
    indexer = data.draw(indexers(space.sizes[dim]))
    chosen = np.arange(len(space)).reshape(space.shape)
    numpy_key = np.array(indexer) if isinstance(indexer, list) else indexer
    chosen = chosen[tuple(numpy_key if d == dim else slice(None) for d in space.dims)].ravel()
    if not chosen.size:
        with pytest.raises(SpaceError, match="leaves no value"):
            space.isel({dim: indexer})
        return
    part = space.isel({dim: indexer})

    everything = plain(space)
    assert plain(part) == [everything[position] for position in chosen.tolist()]


@given(st.data())
def test_a_subspace_keeps_the_identity_of_its_points(data):
    space = data.draw(paired_spaces(["p", "q"])) * ek.Space(a=[1, 2])
    positions = data.draw(st.lists(st.integers(0, space.sizes["pair"] - 1), min_size=1, unique=True))
    part = space.isel(pair=positions)

    identities = [space.labels(position) for position in range(len(space))]
    rows = np.arange(len(space)).reshape(space.shape)[positions].ravel()
    assert [part.labels(i) for i in range(len(part))] == [identities[row] for row in rows.tolist()]


@given(grid_values(max_size=5), st.data())
def test_sel_finds_each_value_exactly(values, data):
    space = ek.Space(a=values, b=[1, 2])
    position = data.draw(st.integers(0, values.size - 1))

    assert space.sel(a=values[position]) == space.isel(a=position)
    assert space.sel(a=values[[position]]) == space.isel(a=[position])


def test_sel_takes_slices_of_values_with_both_ends():
    space = ek.Space(a=[0.1, 0.2, 0.3, 0.4])

    assert space.sel(a=slice(0.2, 0.3)).parameters["a"].values.tolist() == [0.2, 0.3]
    assert space.sel(a=slice(None, 0.2)).sizes == {"a": 2}
    assert ek.Space(a=[3, 2, 1]).sel(a=slice(3, 2)).parameters["a"].values.tolist() == [3, 2]


def test_sel_along_a_pair_selects_its_partner_too():
    space = ek.Space(a=[1, 2, 3]) @ ek.Space(b=["x", "y", "z"])

    assert list(space.sel(b="y").points()) == [{"a": 2, "b": "y"}]
    assert list(space.sel(b=["z", "x"]).points()) == [{"a": 3, "b": "z"}, {"a": 1, "b": "x"}]


def test_sel_of_a_repeated_value_keeps_every_point_that_has_it():
    space = ek.Space(a=ek.param([1, 1, 2], dim="n"), b=ek.param([5, 5, 6], dim="n"))

    assert len(space.sel(a=1)) == 2
    assert space.axes["n"].occurrence.tolist() == [0, 1, 0]
    assert space.isel(n=[1]).axes["n"].occurrence.tolist() == [1]


@pytest.mark.parametrize(
    ("select", "named"),
    [
        (lambda s: s.sel(tao=1), "no parameter 'tao'.*Did you mean 'tau'"),
        (lambda s: s.sel(fixed=1), "fixed at 5"),
        (lambda s: s.sel(tau=0.3), "no value 0.3; .* 0.30000000000000004 is the nearest"),
        (lambda s: s.sel(tau="x"), "no value 'x'"),
        (lambda s: s.sel(tau=[0.5, 0.7]), "no value 0.7"),
        (lambda s: s.sel(tau=slice(0.4, 0.6)), "cannot select"),
        (lambda s: s.sel(tau=[0.5, 0.5]), "expected distinct values"),
        (lambda s: s.isel(tao=1), "no dimension 'tao'.*Did you mean 'tau'"),
        (lambda s: s.isel(tau=3), "has 3 values"),
        (lambda s: s.isel(tau=[0, -4]), "has 3 values"),
        (lambda s: s.isel(tau=[True]), "has 3 values"),
        (lambda s: s.isel(tau=1.5), "got position 1.5"),
        (lambda s: s.isel(tau=True), "got position True"),
        (lambda s: s.isel(tau=[[0, 1]]), "got position"),
        (lambda s: s.isel(tau=[]), "leaves no value of parameter 'tau'"),
        (lambda s: s.isel(tau=[0, 0]), "expected distinct values"),
        (lambda s: s.isel(pair=[0, 0]), "each point once"),
    ],
)
def test_selection_refuses_and_says_why(select, named):
    space = ek.Space(tau=[0.1 + 0.2, 0.1, 0.5], fixed=5) * (ek.Space(pair=[1, 2]) @ ek.Space(q=[3, 4]))

    with pytest.raises(SpaceError, match=named):
        select(space)


# ---- xarray, equality, pickles, notebooks


@given(spaces())
def test_comes_back_from_coordinates_of_xarray(space):
    assert ek.Space(space.coords) == space
    assert ek.Space(space.to_dataset()) == space
    assert ek.Space(space) == space


def test_takes_coordinates_of_arrays_and_datasets():
    array = xr.DataArray(
        np.zeros((2, 3)), {"x": [1, 2], "y": ("y", [3.0, 4.0, 5.0], {"units": "m"}), "t": 7}, ("x", "y")
    )

    for given_coords in (array, array.coords, array.to_dataset(name="v")):
        space = ek.Space(given_coords, extra=1)
        assert space.sizes == {"x": 2, "y": 3}
        assert space.parameters["y"].attrs == {"units": "m"}
        assert next(space.points()) == {"x": 1, "y": 3.0, "t": 7, "extra": 1}


def test_refuses_repetitions_that_do_not_count_from_zero():
    coords = xr.Coordinates({"repetition": [1, 2]})

    with pytest.raises(SpaceError, match="'repetition' is reserved for 0, 1"):
        ek.Space(coords)


@given(spaces())
def test_a_pickled_space_is_equal(space):
    again = pickle.loads(pickle.dumps(space))

    assert again == space
    assert [again.labels(i) for i in range(len(again))] == [space.labels(i) for i in range(len(space))]


@pytest.mark.parametrize(
    "other",
    [
        ek.Space(a=[1, 2], b=[3.0]),
        ek.Space(b=[3, 4], a=[1, 2]),
        ek.Space(a=[2, 1], b=[3, 4]),
        ek.Space(a=[1, 2], b=[3.0, 4.0]),
        ek.Space(a=[1, 2], c=[3, 4]),
        ek.Space(a=[1, 2]) @ ek.Space(b=[3, 4]),
        ek.Space(a=[1, 2], b=[3, 4]).repeat(1),
    ],
)
def test_spaces_that_differ_are_not_equal(other):
    assert ek.Space(a=[1, 2], b=[3, 4]) != other


def test_pairs_that_differ_in_occurrences_only_are_not_equal():
    both = ek.Space(a=ek.param([1, 1], dim="n"), b=ek.param([2, 2], dim="n"))

    assert both.isel(n=[0]) != both.isel(n=[1])


def test_attributes_do_not_make_a_space_another():
    assert ek.Space(a=ek.param([1, 2], units="s")) == ek.Space(a=[1, 2])


def test_html_escapes_what_users_write():
    evil = "<script>alert(1)</script>"
    space = ek.Space(a=ek.param([evil, "b"], units=evil, long_name=evil))

    html = space._repr_html_()
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 3


def test_a_long_name_that_repeats_the_name_is_not_shown():
    html = ek.Space(a=ek.param([1, 2], long_name="current")).repeat(2)._repr_html_()
    assert html.count("<br>") == 1
    assert "current" in html
