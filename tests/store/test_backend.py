"""xarray opens a study by the name of the engine, or without it; that runs no code and leaves nothing open."""

import pickle

import numpy as np
import psutil
import pytest
import xarray as xr
from batches import snapshot_of, study_with
from store.samples import SPACE, assert_same, exported, result_at

from explorekit.errors import StudyError
from explorekit.store.dataset import results_dataset, runs_dataset


def test_the_engine_opens_a_directory(tmp_path):
    directory = study_with(tmp_path, SPACE, {p: result_at(p) for p in (0, 3)})
    snapshot = snapshot_of(directory)

    with xr.open_dataset(tmp_path, engine="explorekit") as found:
        assert_same(found, results_dataset(snapshot))
        assert found.attrs["title"] == "model"
    with xr.open_dataset(tmp_path, engine="explorekit", group="runs") as found:
        assert_same(found, runs_dataset(snapshot))
    with xr.open_dataset(tmp_path, engine="explorekit", fill={"n": -9}) as found:
        assert found["n"].dtype == np.int64
        assert found["n"].values.ravel().tolist() == [-2, -9, -9, 1]
    with xr.open_dataset(tmp_path, engine="explorekit", drop_variables=["x", "unknown"]) as found:
        assert "x" not in found
        assert "n" in found


def test_the_engine_is_found_without_its_name(tmp_path):
    study_with(tmp_path, SPACE, {0: result_at(0)})

    with xr.open_dataset(tmp_path) as found:
        assert found["x"].dims == ("a", "kind")


def test_closing_a_dataset_closes_its_files(tmp_path):

    study_with(tmp_path, SPACE, {0: result_at(0)})
    dataset = xr.open_dataset(tmp_path, engine="explorekit")
    dataset["x"].load()
    dataset.close()

    assert not [file for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))]


def test_what_the_engine_cannot_open_is_named(tmp_path):
    study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    xr.Dataset({"x": 1}).to_netcdf(tmp_path / "other.nc", engine="netcdf4")
    (tmp_path / "text.nc").write_text("text")
    (tmp_path / "folder").mkdir()

    for name, options, named in (
        ("study", {"group": "provenances"}, "expected 'runs'"),
        ("other.nc", {}, "was not exported from a study"),
        ("text.nc", {}, "cannot open"),
        ("nothing.nc", {}, "cannot open"),
        ("folder", {}, "holds no study"),
    ):
        with pytest.raises(StudyError, match=named):
            xr.open_dataset(tmp_path / name, engine="explorekit", **options)


def test_opening_never_unpickles(tmp_path, monkeypatch):

    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    exported(directory, tmp_path / "out.nc")

    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was read")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    for path in (tmp_path / "study", tmp_path / "out.nc"):
        for group in (None, "runs"):
            with xr.open_dataset(path, engine="explorekit", group=group) as found:
                found.load()
