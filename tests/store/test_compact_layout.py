"""How compacted results lie on disk: chunks that are asked for, and copies of volumes for other planes."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from batches import Failed, catalog_of, make_study, study_with, write_batch
from store.compacting import SPACE, VERSIONS, compacted, one_by_one

import explorekit as ek
from explorekit.errors import ShardError, StudyError
from explorekit.store import compact as compact_module
from explorekit.store.compact import compact
from explorekit.store.dataset import results_dataset


def test_chunks_are_laid_out_as_asked_for(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    compacted(directory, SPACE, chunks={"a": 1, "b": -1, "t": 2})
    with netCDF4.Dataset(directory.shard_files()[0]) as file:
        assert file["v"].chunking() == [1, 4, 2]
        assert file["x"].chunking() == [1, 4]


VOLUME = ek.Space(a=range(40), b=range(30))


def volume(position):
    return {"v": xr.DataArray(np.arange(20.0) + 100 * position, dims="t"), "x": position}


def test_a_volume_is_kept_once_for_each_pair_of_dimensions(tmp_path):
    values = [{p: volume(p) for p in range(start, start + 400)} for start in (0, 400, 800)]
    directory = study_with(tmp_path / "study", VOLUME, *values)
    compacted(directory, VOLUME)
    (path,) = directory.shard_files()
    with netCDF4.Dataset(path) as file:
        assert file["v"].chunking() == [1, 30, 20]
        assert file["layouts/v.0"].chunking() == [40, 1, 20]
        assert file["layouts/v.1"].chunking() == [40, 30, 1]
        assert set(file["layouts"].variables) == {"v.0", "v.1"}

    read = results_dataset(catalog_of(directory, VOLUME).snapshot(VERSIONS))["v"]
    whole = np.arange(20.0) + 100 * np.arange(1200.0).reshape(40, 30, 1)
    before = path.read_bytes()
    for key in (
        {"a": 3},
        {"b": 7},
        {"t": 5},
        {"a": 3, "t": -1},
        {"a": [5, 2, 30], "b": slice(20, 3, -4)},
        {"a": 39, "b": 29, "t": 19},
    ):
        expected = xr.DataArray(whole, dims=("a", "b", "t")).isel(key)
        np.testing.assert_array_equal(read.isel(key), expected)
    compacted(directory, VOLUME, chunks={"b": 1})
    (path,) = directory.shard_files()
    assert path.stat().st_size < 0.5 * len(before)


def test_a_volume_that_is_large_is_kept_once_however_small_its_blocks_are(tmp_path, monkeypatch):
    monkeypatch.setattr(compact_module, "TARGET_BYTES", 100_000)
    monkeypatch.setattr(compact_module, "_COPIED_BYTES", 150_000)
    directory = study_with(tmp_path / "study", VOLUME, {p: volume(p) for p in range(1200)})
    compacted(directory, VOLUME)
    assert len(directory.shard_files()) > 1
    for path in directory.shard_files():
        with netCDF4.Dataset(path) as file:
            assert "layouts" not in file.groups


def test_a_copy_that_is_damaged_is_not_read(tmp_path):
    directory = study_with(tmp_path / "study", VOLUME, {p: volume(p) for p in range(1200)})
    compacted(directory, VOLUME)
    (path,) = directory.shard_files()
    read = results_dataset(catalog_of(directory, VOLUME).snapshot(VERSIONS))["v"]
    plane = (5.0 + 100 * np.arange(1200)).tobytes()
    content = bytearray(path.read_bytes())
    content[content.index(plane) + 1000] ^= 1
    path.write_bytes(content)

    np.testing.assert_array_equal(read.isel(b=0), np.arange(20.0) + 3000 * np.arange(40)[:, np.newaxis])
    with pytest.raises(ShardError, match="explorekit check"):
        read.isel(t=5).load()


@pytest.mark.parametrize(("chunks", "words"), [({"c": 1}, "dimensions are"), ({"a": 0}, "at least 1")])
def test_chunks_that_make_no_sense_are_refused(tmp_path, chunks, words):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(3))
    with pytest.raises(StudyError, match=words):
        compact(catalog_of(directory, SPACE), chunks)


def test_chunks_may_be_those_of_a_dimension_that_one_code_version_lacks(tmp_path):
    directory = make_study(tmp_path / "study", SPACE)
    write_batch(directory, SPACE, {p: Failed("no") for p in range(12)}, version="old")
    write_batch(directory, SPACE, {p: {"v": xr.DataArray(np.arange(6.0), dims="t")} for p in range(12)})
    compacted(directory, SPACE, chunks={"t": 2})
    chunkings = []
    for path in directory.shard_files():
        with netCDF4.Dataset(path) as file:
            chunkings += [file["v"].chunking()] if "v" in file.variables else []
    assert chunkings == [[3, 4, 2]]


# ---- cut short, and read meanwhile
