"""Arrays of their own length and sparse matrices, read for one point or for all, from a directory and a file."""

import sys

import numpy as np
import pytest
import scipy.sparse
import xarray as xr
from batches import Failed, bytes_read, flip_bytes_of, results_of, study_with
from drawn import bits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import explorekit as ek
from explorekit.errors import ShardError, StudyError
from explorekit.store import export_ragged
from explorekit.store.shard import read_header

SPACE = ek.Space(a=[0.1, 0.2], b=["x", "y", "z"])


def both(tmp_path, *batches):
    study_with(tmp_path / "study", SPACE, *batches)
    folder = ek.open(tmp_path / "study")
    yield folder
    yield ek.open(folder.to_netcdf(tmp_path / "out.nc"))


@pytest.fixture(scope="module", params=["padded", "joined up"], autouse=True)
def layout(request):
    """Shards hold uneven rows padded if they are small, else joined up: everything holds for both."""
    with pytest.MonkeyPatch.context() as patch:
        collect = sys.modules["explorekit.simulation.collect"]  # the decorator has the name of its folder
        patch.setattr(collect, "_WASTED_BYTES", 2**40 if request.param == "padded" else 0)
        patch.setattr(export_ragged, "_WASTED_BYTES", 2**40 if request.param == "padded" else 0)
        patch.setattr(export_ragged, "_WASTED_SHARE", -1)
        patch.setattr(export_ragged, "_BLOCK_BYTES", 300)
        yield request.param


@settings(max_examples=12)
@given(data=st.data())
def test_ragged_arrays_come_back_as_they_were_returned(tmp_path_factory, data):
    dtype = data.draw(st.sampled_from(["f8", "f4", "i2", "u4", "bool", "c16", "m8[ns]"]))
    arrays = data.draw(st.dictionaries(st.integers(0, 5), hnp.arrays(dtype, st.integers(0, 40)), min_size=1))
    cut = data.draw(st.integers(0, len(arrays)))
    batches = [b for b in (list(arrays)[:cut], list(arrays)[cut:]) if b]
    for study in both(
        tmp_path_factory.mktemp("ragged"), *({p: {"s": arrays[p]} for p in b} for b in batches)
    ):
        found = study.ragged("s").to_list()
        # A file has to widen integers that take up their whole range, to have one left for missing ones.
        same = bits if study.path.is_dir() or np.dtype(dtype).kind not in "iu" else np.ndarray.tolist
        assert [p for p, one in enumerate(found) if one is not None] == sorted(arrays)
        for p, array in arrays.items():
            assert same(found[p]) == same(array)
            assert same(study.ragged("s").isel(a=p // 3, b=p % 3)) == same(array)


@pytest.mark.parametrize("dtype", ["i8", "u1", "bool"])
def test_no_number_stands_for_what_was_not_returned(tmp_path, dtype):
    values = np.array([0, 1, 0, -1, 1]).astype(dtype)
    results = {p: {"one": values[p], "some": values[:p]} if p not in (1, 5) else {"x": 1.0} for p in range(6)}
    for study in both(tmp_path, results):
        one, some = study.ragged("one").to_list(), study.ragged("some").to_list()
        assert [None if v is None else v.tolist() for v in one] == [
            None if p in (1, 5) else values[p].item() for p in range(6)
        ]
        assert [some[p].tolist() for p in (0, 2, 3, 4)] == [values[:p].tolist() for p in (0, 2, 3, 4)]
        assert study.ragged("one").isel(a=0, b=1) is None


def test_the_array_of_a_point_is_found_by_its_labels(tmp_path):
    results = {p: {"spikes": np.arange(p) * 0.5, "n": p} for p in range(5)} | {5: Failed("no")}
    for study in both(tmp_path, results):
        spikes = study.ragged("spikes")
        assert spikes.sizes == {"a": 2, "b": 3}
        assert len(spikes) == 6
        assert spikes.sel(a=0.2, b="y").tolist() == [0.0, 0.5, 1.0, 1.5]
        assert spikes.sel(a=0.19, method="nearest").dims == ("b",)
        assert [len(one) for one in spikes.sel(b=["z", "x"]).isel(a=0)] == [2, 0]
        assert [one.tolist() for one in spikes.isel(a=0).to_list()] == [[], [0.0], [0.0, 0.5]]
        assert "'spikes' over {'a': 2, 'b': 3}" in repr(spikes)
        assert study.ragged("n").sel(a=0.1, b="z").tolist() == 2
        with pytest.raises(StudyError, match=r"a=0.2, b=z is failed, so there is no 'spikes'"):
            spikes.sel(a=0.2, b="z")
        with pytest.raises(StudyError, match="got 'c' to select"):
            spikes.sel(c=1)
        with pytest.raises(StudyError, match="Did you mean 'spikes'"):
            study.ragged("spike")


def test_arrays_uneven_along_two_dimensions_are_trimmed_along_both(tmp_path):
    results = {p: {"m": np.full((p % 3, p // 2), p)} for p in range(6)}
    for study in both(tmp_path, results):
        for p, one in enumerate(study.ragged("m")):
            assert bits(one) == bits(results[p]["m"])


def test_sparse_matrices_come_back_sparse(tmp_path):
    rng = np.random.default_rng(1)
    formats = ["csr", "csc", "coo", "lil", "dok"]
    matrices = {
        p: scipy.sparse.random_array((3 + p % 2, 4), density=p / 5, format=formats[p], rng=rng)
        for p in range(5)
    }
    for study in both(tmp_path, {p: {"A": m, "n": p} for p, m in matrices.items()}):
        weights = study.sparse("A")
        for p, one in enumerate(weights):
            assert (one is None) == (p not in matrices)
            if one is not None:
                assert isinstance(one, scipy.sparse.csr_array)
                assert (one.shape, one.dtype) == (matrices[p].shape, matrices[p].dtype)
                np.testing.assert_array_equal(one.toarray(), matrices[p].toarray())
        assert weights.sel(a=0.1, b="z").nnz == matrices[2].nnz
        with pytest.raises(StudyError, match="sparse outputs are 'A'"):
            study.sparse("n")


def test_duplicate_entries_are_summed_and_the_simulation_keeps_its_own(tmp_path):
    matrix = scipy.sparse.coo_matrix(([1, 2], ([0, 0], [1, 1])), shape=(1, 2)).tocsr()
    study_with(tmp_path, SPACE, {0: {"A": scipy.sparse.csr_matrix(([1, 2], [1, 1], [0, 2]), shape=(1, 2))}})

    assert matrix.nnz == 1
    assert ek.open(tmp_path).sparse("A").isel(a=0, b=0).toarray().tolist() == [[0, 3]]


def test_a_run_without_the_matrix_has_none(tmp_path):
    for study in both(tmp_path, {0: {"A": scipy.sparse.eye_array(2), "n": 1}, 1: {"A": None, "n": 2}}):
        assert [one is None for one in study.sparse("A").isel(a=0)] == [False, True, True]


@settings(max_examples=25)
@given(data=st.data())
def test_any_part_of_ragged_arrays_equals_a_padded_array(tmp_path_factory, layout, data):
    space = ek.Space(a=range(8))
    rng = np.random.default_rng(data.draw(st.integers(0, 3)))
    lengths = data.draw(st.lists(st.integers(0, 9), min_size=8, max_size=8).filter(any))
    arrays = [rng.random((n, 2)) for n in lengths]
    order = data.draw(st.permutations(range(8)))
    given = {p: {"v": arrays[p], "w": arrays[p][:, 0] if p % 3 else None} for p in order}
    directory = study_with(tmp_path_factory.mktemp("part"), space, given | {order[0]: Failed("no")})
    dense = np.full((8, max(lengths), 2), np.nan)
    for p in order[1:]:
        dense[p, : lengths[p]] = arrays[p]
    flat = {name: one.flat for name, one in read_header(directory.shard_files()[0])[0].outputs.items()}
    assert layout == "joined up" or not any(flat.values())

    results = results_of(directory)
    length = results["v"].shape[1]
    part = {
        "a": data.draw(st.lists(st.integers(0, 7), max_size=5)),
        "v_dim_0": data.draw(st.lists(st.integers(0, length - 1), max_size=5)) if length else [],
        "v_dim_1": data.draw(st.sampled_from([slice(None), slice(1, 2), [1, 0]])),
    }
    expected = xr.DataArray(dense[:, :length], dims=results["v"].dims)
    np.testing.assert_array_equal(results["v"].isel(part).values, expected.isel(part).values)
    without = np.where((np.arange(8) % 3 == 0)[:, None], np.nan, dense[:, : results["w"].shape[1], 0])
    np.testing.assert_array_equal(results["w"].values, without)


def test_long_uneven_arrays_lie_joined_up_and_one_is_read_at_little_more_than_its_bytes(tmp_path, layout):
    if layout == "padded":
        return
    rng = np.random.default_rng(1)
    arrays = {p: rng.random(rng.integers(1000, 100_000)) for p in range(60)}
    directory = study_with(tmp_path, ek.Space(a=range(60)), {p: {"s": a, "n": p} for p, a in arrays.items()})
    held = sum(array.nbytes for array in arrays.values())

    (shard,) = directory.shard_files()
    assert shard.stat().st_size < 1.02 * held
    study = ek.open(tmp_path)
    spikes = study.ragged("s")
    study.results["n"].load()  # opens the file
    before = bytes_read()
    found = spikes.isel(a=30)
    taken = bytes_read() - before
    assert bits(found) == bits(arrays[30])
    assert taken <= 2 * found.nbytes


def test_a_damaged_value_spoils_its_own_array_only(tmp_path, layout):
    rng = np.random.default_rng(1)
    arrays = {p: rng.random(3000 * (p + 1)) for p in range(6)}
    directory = study_with(tmp_path, ek.Space(a=range(6)), {p: {"s": a} for p, a in arrays.items()})
    spikes = ek.open(tmp_path).ragged("s")
    flip_bytes_of(directory.shard_files()[0], arrays[1][1000:1002].tobytes())

    assert bits(spikes.isel(a=5)) == bits(arrays[5])
    with pytest.raises(ShardError):
        spikes.isel(a=1)


def test_a_file_holds_long_uneven_arrays_joined_up(tmp_path, layout):
    if layout == "padded":
        return
    rng = np.random.default_rng(1)
    arrays = {p: rng.integers(0, 99, rng.integers(10, 5000)) for p in range(5)}
    arrays[3] = rng.integers(0, 99, 100_000)
    folder, file = both(tmp_path, {p: {"s": a, "t": a * 0.5} for p, a in arrays.items()})

    assert file.path.stat().st_size < 2 * folder.ragged("s").isel(a=1, b=0).nbytes * 1.3
    with xr.open_dataset(file.path, engine="netcdf4") as plain:
        assert plain["s"].sizes == {"s_dim.0": sum(map(len, arrays.values()))}
        assert plain["s_dim_size"].attrs["sample_dimension"] == "s_dim.0"
        np.testing.assert_array_equal(plain["s"].values, np.concatenate(list(arrays.values())))
    for name in ("s", "t"):
        np.testing.assert_array_equal(file.results[name].values, folder.results[name].values)
        part = {"a": 1, f"{name}_dim": [5, 2]}
        np.testing.assert_array_equal(
            file.results[name].isel(part).values, folder.results[name].isel(part).values
        )
        assert file.results[name].attrs == folder.results[name].attrs
