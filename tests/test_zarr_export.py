"""A study as a Zarr store holds what the study holds."""

import json
import sys

import numpy as np
import pytest
import xarray as xr
from batches import Failed, study_with

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store import durable

SPACE = ek.Space(a=ek.param([0.1, 0.2], units="ms"), kind=["relu", "é"], fixed=np.float32(0.1))


def result_at(position):
    return {
        "x": position / 3,
        "n": position,
        "on": position % 2 == 0,
        "z": complex(position, -np.inf),
        "s": "é" * position,
        "when": np.datetime64("2020-01-01T00:00:00.123456789") + position,
        "took": np.timedelta64(position, "s"),
        "V": xr.DataArray(np.arange(3.0) * position, {"t": [0.0, 0.1, 0.2]}, "t", attrs={"units": "V"}),
    }


@pytest.mark.parametrize("done", [(0, 1, 2, 3), (1, 2)])
def test_a_store_holds_what_the_study_holds(tmp_path, done):
    study_with(
        tmp_path / "study",
        SPACE,
        {p: result_at(p) for p in done} | ({3: Failed("no")} if len(done) < 4 else {}),
    )
    study = ek.open(tmp_path / "study")
    path = study.to_zarr(tmp_path / "out.zarr")

    for group, expected in ((None, study.results), ("runs", study.runs)):
        with xr.open_zarr(path, group=group, consolidated=group is None) as found:
            assert set(found.variables) == set(expected.variables)
            for name, variable in expected.variables.items():
                assert found[name].dims == variable.dims
                assert found[name].dtype.kind == variable.dtype.kind
                np.testing.assert_array_equal(found[name].values, variable.values, err_msg=name)
    with xr.open_zarr(path) as found:
        assert found["V"].attrs["units"] == "V"
        assert json.loads(found.attrs["provenance"])["simulation"] == "model"


def test_all_of_it_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    study_with(tmp_path / "study", SPACE, {p: result_at(p) for p in range(4)})
    synced = set()

    def note(path):
        synced.add(path.stat().st_ino)

    monkeypatch.setattr(durable, "sync", note)
    path = ek.open(tmp_path / "study").to_zarr(tmp_path / "out.zarr")
    assert {entry.stat().st_ino for entry in path.rglob("*")} <= synced


def test_what_is_there_stays(tmp_path):
    study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    study = ek.open(tmp_path / "study")
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(StudyError, match="something at"):
        study.to_zarr(tmp_path / "mine")
    with pytest.raises(StudyError, match="no directory"):
        study.to_zarr(tmp_path / "nowhere" / "out.zarr")
    assert (tmp_path / "mine").read_text() == "mine"
    assert {entry.name for entry in tmp_path.iterdir()} == {"study", "mine"}


def test_without_zarr_it_says_what_to_install(tmp_path, monkeypatch):
    study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    monkeypatch.setattr(sys.modules["importlib.util"], "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "explorekit.zarr_export", raising=False)

    with pytest.raises(ImportError, match="explorekit\\[zarr\\]"):
        ek.open(tmp_path / "study").to_zarr(tmp_path / "out.zarr")
