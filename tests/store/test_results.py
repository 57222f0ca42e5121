"""Results equal what a dense array would hold: any batches, any selection, any order of the space."""

import numpy as np
import xarray as xr
from batches import Failed, make_study, results_of, study_with, write_batch
from drawn import bits, spaces
from hypothesis import given
from hypothesis import strategies as st
from store.samples import result_at

import explorekit as ek
from explorekit.store.status import OK, PENDING

DENSE = {
    "x": np.nan,
    "n": np.nan,
    "on": np.nan,
    "z": complex(np.nan, np.nan),
    "s": "",
    "when": np.datetime64("NaT"),
    "took": np.timedelta64("NaT"),
}


def dense(space, done, name):
    values = [result_at(p)[name] if p in done else DENSE[name] for p in range(len(space))]
    return np.array(values).reshape(space.shape)


def written(directory, space, data):
    """Write some of the points in random batches, which may overlap; return those that have results."""
    done = set()
    for sequence in range(data.draw(st.integers(0, 4))):
        positions = data.draw(st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=10, unique=True))
        failed = set(data.draw(st.lists(st.sampled_from(positions), max_size=2)))
        batch = {p: Failed("no") if p in failed else result_at(p) for p in positions}
        write_batch(directory, space, batch, sequence=sequence)
        done |= set(positions) - failed
    return done


@st.composite
def keys(draw, sizes):
    key = {}
    for dim, size in sizes.items():
        ends = st.none() | st.integers(-size - 1, size + 1)
        # xarray itself misreads slices that run backwards from before the start.
        starts = st.none() | st.integers(0, size - 1)
        key[dim] = draw(
            st.just(slice(None))
            | st.integers(-size, size - 1)
            | st.builds(slice, ends, ends, st.sampled_from([None, 1, 2]))
            | st.builds(slice, starts, ends, st.sampled_from([-1, -2]))
            | st.lists(st.integers(-size, size - 1), max_size=4).map(lambda i: np.array(i, dtype=np.int64))
        )
    return key


@given(data=st.data())
def test_random_selections_of_random_batches_equal_a_dense_array(fresh, data):
    space = data.draw(spaces(max_dims=2, max_size=3))
    directory = fresh(space)
    done = written(directory, space, data)
    results = results_of(directory)

    status = results["status"].values.ravel()
    assert set(np.flatnonzero(status == OK).tolist()) == done
    for name in DENSE:
        if name not in results:
            assert not done
            continue
        expected = xr.DataArray(dense(space, done, name), dims=space.dims)
        complete = len(done) == len(space)
        if complete:
            expected = expected.astype(np.asarray(result_at(0)[name]).dtype) if name != "s" else expected
        for _ in range(2):
            key = data.draw(keys(space.sizes))
            np.testing.assert_array_equal(results[name].isel(key).values, expected.isel(key).values)
        assert results[name].dtype.kind == expected.dtype.kind


@given(data=st.data())
def test_random_selections_within_an_output_equal_a_dense_array(fresh, data):
    space = ek.Space(a=[1, 2, 3])
    directory = fresh(space)
    array = np.arange(60.0).reshape(3, 4, 5)
    for sequence, rows in enumerate(([2, 0], [1])):
        write_batch(
            directory,
            space,
            {p: {"m": xr.DataArray(array[p], dims=("u", "v"))} for p in rows},
            sequence=sequence,
        )
    key = data.draw(keys({"a": 3, "u": 4, "v": 5}))

    results = results_of(directory)
    expected = xr.DataArray(array, dims=("a", "u", "v"))
    np.testing.assert_array_equal(results["m"].isel(key).values, expected.isel(key).values)


def test_complete_results_keep_their_types(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {p: result_at(p) for p in range(3)}))

    dtypes = {name: results[name].dtype.str.lstrip("<|") for name in result_at(0)}
    assert dtypes == {
        "x": "f8",
        "f4": "f4",
        "n": "i8",
        "i1": "i1",
        "u8": "u8",
        "on": "b1",
        "z": "c16",
        "z4": "c8",
        "s": "U2",
        "when": "M8[ns]",
        "took": "m8[ns]",
        "V": "f8",
    }
    assert results["status"].values.tolist() == [OK] * 3


def test_every_type_comes_back_bit_for_bit_from_a_complete_study(tmp_path):
    values = {
        "f4": np.float32([0.1, -0.0]),
        "f8": np.array([np.nan, -np.inf]),
        "c8": np.complex64([1j, complex(-0.0, np.nan)]),
        "u8": np.array([0, 2**64 - 1], "u8"),
        "i8": np.array([-(2**63), 2**63 - 1]),
        "i1": np.array([-128, 127], "i1"),
        "b": np.array([True, False]),
        "m": np.array(["NaT", "2262-04-11T23:47:16.854775807"], "M8[ns]"),
    }
    space = ek.Space(a=range(2))
    results = results_of(
        study_with(tmp_path, space, {p: {n: v[p] for n, v in values.items()} for p in range(2)})
    )

    for name, expected in values.items():
        assert bits(results[name].values) == bits(expected), name


@given(data=st.data())
def test_values_stay_with_their_labels_when_the_space_is_extended_or_reordered(fresh, data):
    space = ek.Space(a=[1, 2, 3], b=["x", "y"])
    directory = fresh(space)
    write_batch(
        directory, space, {p: {"v": f"{point['a']}{point['b']}"} for p, point in enumerate(space.points())}
    )
    a = data.draw(st.permutations([0, 1, 2, 3, 4]).map(lambda v: v[: data.draw(st.integers(1, 5))]))
    b = data.draw(st.permutations(["x", "y", "z"]))
    results = results_of(directory, space=ek.Space(a=a, b=b))

    for point in ek.Space(a=a, b=b).points():
        known = point["a"] in (1, 2, 3) and point["b"] in ("x", "y")
        if "v" in results:
            assert results["v"].sel(point).item() == (f"{point['a']}{point['b']}" if known else "")
        assert (results["status"].sel(point).item() == OK) == known


def test_a_study_without_results_has_its_space_and_status(tmp_path):
    space = ek.Space(a=[1, 2], s="x").repeat(2)
    results = results_of(make_study(tmp_path, space))

    assert dict(results.sizes) == {"a": 2, "repetition": 2}
    assert results["s"].item() == "x"
    assert results["status"].values.tolist() == [[PENDING] * 2] * 2


def test_the_space_of_one_point_has_results(tmp_path):
    results = results_of(study_with(tmp_path, ek.Space(a=5), {0: {"x": 1, "v": [1, 2]}}))

    assert results["x"].item() == 1
    assert results["v"].values.tolist() == [1, 2]
