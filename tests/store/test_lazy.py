"""Results are read when they are used: only what a selection needs, from files that are closed in the end."""

import os
import pickle

import numpy as np
import psutil
import pytest
import xarray as xr
from batches import (
    VERSION,
    bytes_read,
    catalog_of,
    make_study,
    results_of,
    snapshot_of,
    study_with,
    write_batch,
)
from store.samples import result_at

import explorekit as ek
from explorekit.store import reader
from explorekit.store.catalog import Catalog
from explorekit.store.dataset import results_dataset


class Counting:
    """Counts the values that are read from netCDF variables."""

    def __init__(self, monkeypatch):
        self.values = 0
        from explorekit.store import netcdf

        raw = netcdf._raw

        def counted(group, name, key):
            values = raw(group, name, key)
            self.values += values.size
            return values

        monkeypatch.setattr(netcdf, "_raw", counted)


def test_a_slice_reads_only_what_it_needs(tmp_path, monkeypatch):
    space = ek.Space(a=range(100), b=range(10))
    directory = make_study(tmp_path, space)
    for sequence in range(10):
        positions = range(100 * sequence, 100 * (sequence + 1))
        write_batch(
            directory, space, {p: {"v": np.zeros(50), "x": 1.0} for p in positions}, sequence=sequence
        )
    snapshot = snapshot_of(directory)
    counting = Counting(monkeypatch)
    results = results_dataset(snapshot)
    assert counting.values == 0

    results["v"].sel(a=42, b=3).load()
    assert counting.values == 50
    counting.values = 0
    results["v"].isel(a=42, v_dim=7).load()
    assert counting.values == 10
    counting.values = 0
    results["status"].load()
    assert counting.values == 0
    results["x"].isel(a=slice(0, 10)).load()
    assert counting.values == 100


def test_a_slice_opens_only_the_files_it_needs(tmp_path):
    space = ek.Space(a=range(6))
    directory = study_with(tmp_path, space, *({p: {"x": p}} for p in range(6)))
    snapshot = snapshot_of(directory)

    results_dataset(snapshot)["x"].isel(a=[2, 3]).load()
    assert len(snapshot.files._open) == 2


@pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="needs Linux to count bytes read")
@pytest.mark.parametrize("shape", [(100,), (1000,), (10_000,), (128, 128), (300_000,)])
def test_one_point_is_read_at_little_more_than_its_bytes(tmp_path, shape):
    n = max(4, 2**23 // (8 * int(np.prod(shape))))
    space, array = ek.Space(a=range(n)), np.random.default_rng(0).random(shape)
    results = results_of(study_with(tmp_path, space, {p: {"x": array + p, "n": p} for p in range(n)}))
    results["n"].isel(a=0).load()  # opens the file
    counting = -bytes_read() + bytes_read()

    before = bytes_read()
    found = results["x"].isel(a=n // 2).values
    taken = bytes_read() - before - counting
    np.testing.assert_array_equal(found, array + n // 2)
    assert taken <= max(2 * array.nbytes, 96 * 2**10)  # HDF5 reads 64 kB at least


def test_unloaded_results_can_be_pickled(tmp_path, monkeypatch):
    space = ek.Space(a=range(3))
    directory = study_with(tmp_path, space, {p: result_at(p) for p in range(3)})
    results = results_of(directory)
    text = pickle.dumps(results)
    assert len(text) < 50_000

    monkeypatch.chdir("/")
    xr.testing.assert_identical(pickle.loads(text).load(), results.load())


def test_results_stay_readable_when_the_working_directory_changes(tmp_path, monkeypatch):
    space = ek.Space(a=range(3))
    monkeypatch.chdir(tmp_path)
    directory = study_with("study", space, {p: {"x": p} for p in range(3)})
    results = results_of(directory)
    monkeypatch.chdir("/")

    assert results["x"].values.tolist() == [0, 1, 2]


def open_shards(folder):
    return [file.path for file in psutil.Process().open_files() if file.path.startswith(str(folder))]


def test_handles_are_bounded_and_closed(tmp_path, monkeypatch):
    import gc

    from explorekit.store import files

    monkeypatch.setattr(files, "MAX_OPEN", 3)
    space = ek.Space(a=range(8))
    directory = study_with(tmp_path, space, *({p: {"x": p}} for p in range(8)))
    results = results_of(directory)
    assert results["x"].values.tolist() == list(range(8))
    assert len(open_shards(tmp_path)) == 3

    del results
    gc.collect()
    assert open_shards(tmp_path) == []


def test_a_snapshot_stays_as_it_was_while_more_arrives(tmp_path):
    space = ek.Space(a=range(3))
    directory = study_with(tmp_path, space, {0: {"x": 1}})
    catalog = catalog_of(directory)
    before = results_dataset(catalog.snapshot(frozenset({VERSION})))
    generation = catalog.generation
    write_batch(directory, space, {1: {"x": 0.5, "y": 1}}, sequence=9)
    catalog.refresh()
    after = results_dataset(catalog.snapshot(frozenset({VERSION})))

    assert catalog.generation > generation
    np.testing.assert_array_equal(before["x"].values, [1, np.nan, np.nan])
    assert "y" not in before
    np.testing.assert_array_equal(after["x"].values, [1, 0.5, np.nan])


def test_asking_again_without_news_is_free(tmp_path):
    space = ek.Space(a=range(3))
    catalog = Catalog(study_with(tmp_path, space, {0: {"x": 1}}), space)
    catalog.refresh()

    assert catalog.snapshot(frozenset({VERSION})) is catalog.snapshot(frozenset({VERSION}))


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, "U3"])
@pytest.mark.parametrize("rows", [3, 7, 1000])
def test_every_few_values_of_a_large_array_are_read_lot_by_lot(tmp_path, monkeypatch, dtype, rows):
    space = ek.Space(a=range(2))
    values = np.arange(400 * 300).reshape(400, 300).astype(dtype)
    results = results_of(study_with(tmp_path, space, {p: {"v": values} for p in range(2)}))
    monkeypatch.setattr(reader, "_LOT_BYTES", rows * 300 * values.itemsize)
    np.testing.assert_array_equal(results["v"].isel(a=1, v_dim_1=slice(None, None, 3)), values[:, ::3])
    np.testing.assert_array_equal(
        results["v"].isel(a=1, v_dim_0=slice(5, 390, 2), v_dim_1=slice(280, 10, -7)),
        values[5:390:2, 280:10:-7],
    )
    np.testing.assert_array_equal(results["v"].isel(v_dim_0=[7, 5, 398]), [values[[7, 5, 398]]] * 2)
