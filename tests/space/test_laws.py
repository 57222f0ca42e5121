"""What holds of spaces of every kind: their points, keys, algebra, text, tables and files."""

import pickle
from itertools import product

import numpy as np
import xarray as xr
from drawn import NAMES, OBJECTS, any_spaces, content, factors
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.space.identity import point_key
from explorekit.store.spaces import read_space, space_hash, write_space

_NAMES = {"ek": ek, "np": np, "xr": xr, "stats": stats, **NAMES}


def listed(space):
    """The points, with labels, as text that tells values and types apart; the order of parameters does not count."""
    columns = space.columns(np.arange(len(space)))
    return [
        sorted((name, repr(values[row])) for name, values in columns.items() if values[row] is not None)
        for row in range(len(space))
    ]


def keys(space):
    return [point_key(space.labels(position), {}) for position in range(len(space))]


@given(any_spaces())
def test_points_are_what_the_columns_say_with_objects_for_labels(space):
    labelled = {name for name, p in space.passed.items() if p.objects is not None}
    label_of = {id(one): label for label, one in OBJECTS.items()}

    points = [
        sorted((n, repr(label_of[id(v)] if n in labelled else v)) for n, v in point.items())
        for point in space.points()
    ]
    assert points == listed(space)


@given(any_spaces())
def test_no_two_points_have_one_key(space):
    assert len(set(keys(space))) == len(space) == int(np.prod(space.shape, dtype=np.int64))


@given(any_spaces(), st.data())
def test_points_keep_their_keys_in_a_part(space, data):
    dims = {
        dim: data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True))
        for dim, n in space.sizes.items()
    }
    whole = np.array(keys(space), dtype=object).reshape(space.shape)
    part = space.isel(dims)

    assert keys(part) == list(whole[np.ix_(*dims.values())].ravel() if dims else whole.ravel())


@given(any_spaces(unsampled=True))
def test_text_evaluates_to_the_space_bit_for_bit(space):
    assume(not space.derived)  # of a function there is no text
    again = eval(repr(space), dict(_NAMES))

    assert again == space
    assert content(again) == content(space)


@given(any_spaces(unsampled=True))
def test_pickles_are_the_space(space):
    again = pickle.loads(pickle.dumps(space))

    assert again == space
    assert content(again) == content(space)


@given(any_spaces())
def test_files_are_the_space(tmp_path_factory, space):
    path = tmp_path_factory.mktemp("space") / "space.nc"
    write_space(path, space)
    again = read_space(path)

    assert again == space
    assert content(again) == content(space)
    assert space_hash(again) == space_hash(space)


def _counts_from_zero(space):
    repeated = space.parameters.get("repetition")
    return repeated is None or np.array_equal(repeated.values, np.arange(repeated.values.size))


@given(any_spaces())
def test_coordinates_and_tables_have_the_same_points(space):
    assume(_counts_from_zero(space) and space.parameters)
    assert listed(ek.Space(space.to_dataset())) == listed(space)

    assume(all(p.is_given.any() for p in space.passed.values()))
    assert listed(ek.Space.from_dataframe(space.to_dataframe(), allow_missing=True)) == listed(space)


@given(any_spaces(unsampled=True))
def test_the_point_without_parameters_is_neutral(space):
    assert space * ek.Space() == ek.Space() * space == space
    assert content(space * ek.Space()) == content(ek.Space() * space) == content(space)


@given(factors("a_"), factors("b_", with_designs=False), factors("c_", with_designs=False))
def test_products_and_sums_are_associative(x, y, z):
    assert content((x * y) * z) == content(x * (y * z))
    assert content((x + y) + z) == content(x + (y + z))
    assert listed(x + y + z) == listed(x) + listed(y) + listed(z)
    if "point" not in {*x.dims} & {*y.dims}:
        assert listed(x * y) == [sorted(a + b) for a, b in product(listed(x), listed(y))]


@given(factors("a_"), factors("b_"), factors("c_", with_designs=False))
def test_products_distribute_over_sums(x, y, z):
    left, right = (x + y) * z, x * z + y * z

    assert sorted(listed(left)) == sorted(listed(right))
    if "point" not in z.dims:
        assert listed(left) == listed(right)


@given(factors())
def test_the_same_points_again_are_other_points(x):
    assert listed(x + x) == listed(x) * 2
    assert len(set(keys(x + x))) == 2 * len(x)


@given(any_spaces(unsampled=True))
def test_every_space_shows_itself(space):
    assert "<table>" in space._repr_html_()
