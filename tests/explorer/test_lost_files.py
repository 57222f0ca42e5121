"""What lies under an explorer is lost: files are gone, cut short or too large. It says so, and what to do."""

import os
import shutil

import ipywidgets
import netCDF4
import numpy as np
import pytest
import xarray as xr
from batches import run_here

import explorekit as ek
from explorekit.explorer import explore
from explorekit.explorer.view import with_index


def waves(I, tau):  # noqa: E741
    return {"rate": I * tau, "V": np.sin(np.arange(20_000) * I) * tau}


@pytest.fixture
def study(tmp_path):
    """A study with a file for each of its points."""
    study = ek.Study(waves, ek.Space(I=[0.0, 1.0, 2.0], tau=[1.0, 2.0]), tmp_path / "study")
    for position in range(6):
        run_here(study, [position])
    return study


def shards(study):
    return sorted((study.path / "runs").glob("*.nc"))


def open_all(explorer):
    for button in explorer.tools.buttons.values():
        button.value = True
    return explorer.tools.bodies


def press_all(explorer, folder):
    """Press what reads or writes, and return what was said."""
    tools = open_all(explorer)
    run, marks, save = (tools.get(name) for name in ("Run", "Bookmarks", "Save"))
    for button in run.buttons.children[-3:-1] if run else ():
        button.click()
    if marks:
        marks.name.value = "here"
        marks.mark.click()
    save.format.value, save.name.value = ".csv", str(folder / "shown.csv")
    save.button.click()
    bodies = [body for body in tools.values() if isinstance(body, ipywidgets.VBox)]
    return " ".join(w.value for b in bodies for w in b.children if isinstance(w, ipywidgets.HTML))


def move(explorer):
    """Turn every slider and menu, and return what is said instead of pictures."""
    said = set()
    for variable in ("V", "rate", "status"):
        explorer.variable_chooser.value = variable
        for dim in explorer.controls:
            for index in range(min(explorer.slicer.dataset.sizes[dim], 3)):
                explorer.show(with_index(explorer.slicer.dataset, explorer.view, dim, index))
                said.add(explorer.shown.message)
    return said - {""}


LOST = {
    "gone": lambda path: path.unlink(),
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: path.write_bytes(b""),
    "something else": lambda path: path.write_bytes(b"x" * path.stat().st_size),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_shard_that_is_lost_costs_its_own_points(study, tmp_path, lost, caplog):
    fine = explore(study, "rate", x="I")
    explorer = explore(ek.open(study.path), "rate", x="I")
    shown = fine.shown.frame.values.copy()
    LOST[lost](shards(study)[-1])
    for message in move(explorer):
        assert str(study.path) in message
        assert "unning the study" in message
    press_all(explorer, tmp_path)
    again = explore(study.path, "V", x="I") if lost == "gone" else None
    assert again is None or again.shown.message == ""  # read anew, its points are pending
    assert not caplog.records
    np.testing.assert_array_equal(fine.shown.frame.values, shown)
    explorer.variable_chooser.value = "status"
    assert explorer.shown.message == ""


def test_a_folder_that_is_gone_is_named_by_all_that_needs_it(study, tmp_path, caplog):
    explorer = explore(study, "V")
    other = explore(xr.Dataset({"z": ("x", np.arange(3.0))}))
    shutil.rmtree(study.path)
    for message in move(explorer):
        assert str(study.path) in message
    assert f"{study.path} holds no study" in press_all(explorer, tmp_path)
    explorer.refresh()
    explorer.watch()
    assert not caplog.records
    assert other.shown.message == ""


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("way", ["exported", "plain", "in chunks"])
def test_a_file_that_is_lost_is_named(study, tmp_path, lost, way, caplog):
    file = tmp_path / "exported.nc"
    study.to_netcdf(file)
    data = {
        "exported": ek.open,
        "plain": xr.open_dataset,
        "in chunks": lambda f: xr.open_dataset(f, chunks={}),
    }
    explorer = explore(data[way](file), "status", x="I")
    LOST[lost](file)
    for message in move(explorer):
        assert f"{file} is " in message
        assert "open it again" in message
    press_all(explorer, tmp_path)
    explorer.variable_chooser.value = "status"
    assert explorer.shown.message == ""
    assert not caplog.records


def test_a_study_that_is_deleted_while_it_is_followed_keeps_the_picture(study, caplog):
    class Going(ek.Study):
        going = False

        @property
        def running(self):
            return self.going

    live = Going(waves, study.space, study.path)
    explorer = explore(live, "V")
    assert explorer.shown.message == ""
    open_all(explorer)
    live.going = True
    shutil.rmtree(study.path)
    for _ in range(3):
        assert explorer.refresh()
    move(explorer)
    live.going = False
    explorer.refresh()
    assert explorer.comm is not None
    assert not [record for record in caplog.records if record.exc_info]


@pytest.fixture
def huge(tmp_path):
    """Variables of 10⁸ values each, in a file of which a part was written."""
    path = tmp_path / "huge.nc"
    sizes = {"t": 10**8, "a": 100, "b": 1000, "c": 1000}
    with netCDF4.Dataset(path, "w") as file:
        for name, size in sizes.items():
            file.createDimension(name, size)
        long = file.createVariable("long", "f8", ("t",), chunksizes=(10**6,))
        long[: 10**6] = np.arange(10.0**6)
        cube = file.createVariable("cube", "f8", ("a", "b", "c"), chunksizes=(1, 1000, 1000))
        cube[0] = np.arange(10.0**6).reshape(1000, 1000)
    return path


@pytest.mark.parametrize("chunks", [None, {}])
def test_of_many_lazy_values_those_that_are_shown_are_read(huge, chunks):
    data = xr.open_dataset(huge, chunks=chunks)
    explorer = explore(data, "cube", x="c", y="b")
    assert (explorer.shown.message, explorer.shown.frame.values.shape) == ("", (1000, 1000))
    for role in ("mean", "row", "hue", "slider"):
        explorer.tools.buttons["Roles"].value = True
        explorer.tools.bodies["Roles"].menus["a"].value = role
        assert explorer.shown.message == ""
    explorer.variable_chooser.value = "long"
    for kind in ("number", "histogram", "line"):
        explorer.kind_chooser.value = kind
        assert explorer.shown.message == ""
    explorer.kind_chooser.value = "number"
    explorer.controls["t"].value = 999_999
    assert explorer.shown.frame.text == "999999"
    assert explorer.shown.frame.title == "t = 999999"
