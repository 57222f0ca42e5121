"""The tools that take a view along, driven by their traits."""

import base64
import errno
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from batches import study_with

import explorekit as ek
from explorekit.explorer import explore
from explorekit.store import durable


def opened(explorer, name):
    explorer.tools.buttons[name].value = True
    return explorer.tools.bodies[name]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def study(tmp_path):
    batch = {p: {"rate": p / 2} for p in range(6)}
    return ek.open(study_with(tmp_path / "study", ek.Space(a=[1.0, 2.0, 3.0], b=["x", "y"]), batch).path)


def test_a_file_is_saved_under_a_name_that_is_new_and_can_be_downloaded(results, here):
    save = opened(explore(results, "V", I=0.5), "Save")
    assert save.name.value == "V.png"
    save.format.value = ".csv"
    assert save.name.value == "V.csv"
    save.button.click()
    assert f"Written: {here / 'V.csv'}" in save.said.value
    (link,) = re.findall(r'download="V.csv" href="data:text/csv;base64,([^"]*)"', save.said.value)
    assert base64.b64decode(link) == (here / "V.csv").read_bytes()
    assert len(pd.read_csv(here / "V.csv")) == 20
    assert save.name.value == "V-2.csv"


def test_a_file_that_is_there_is_replaced_only_when_asked_twice(results, here):
    (here / "mine.nc").write_text("mine")
    save = opened(explore(results, "V"), "Save")
    save.format.value = ".nc"
    save.name.value = "mine"
    save.button.click()
    assert "mine.nc is there already: press Save again to replace it" in save.said.value
    assert (here / "mine.nc").read_text() == "mine"
    save.button.click()
    assert "Written" in save.said.value
    with xr.open_dataset(here / "mine.nc") as kept:
        assert "V" in kept


def test_pages_and_animations_ask_for_their_dimensions(results, here):
    explorer = explore(results, "V", I=0.5)
    save = opened(explorer, "Save")
    assert save.dim not in save._more.children
    save.format.value = ".gif"
    assert save.dim in save._more.children
    assert (save.dim.options, save.dim.value) == (("I", "tau_ref"), "I")
    save.dim.value = "tau_ref"
    save.button.click()
    assert (here / "V.gif").read_bytes().startswith(b"GIF")
    save.format.value = ".html"
    assert save.dims.value == ("I", "tau_ref")
    save.dims.value = ("tau_ref",)
    save.button.click()
    assert (here / "V.html").exists()
    explorer.variable_chooser.value = "rate"
    assert save.name.value == "rate.html"
    assert save.dims.options == ("tau_ref",)


def test_what_goes_wrong_is_said_and_escaped(results, here):
    save = opened(explore(results, "V"), "Save")
    save.name.value = "<b>/v.png"
    save.button.click()
    assert "there is no folder" in save.said.value
    assert "<b>" not in save.said.value
    save.name.value = ""
    save.button.click()
    assert "expected the name of a file" in save.said.value


def test_code_follows_what_is_shown(results):
    explorer = explore(results, "V", I=0.5)
    tool = opened(explorer, "Code")
    assert tool.copy.text == explorer.code
    explorer.controls["tau_ref"].value = 10.0
    assert "tau_ref=10.0" in tool.copy.text
    assert "tau_ref=10.0" in tool.lines.value


def test_names_in_code_are_text():
    data = xr.Dataset({"<b>": ("t", np.zeros(3), {"units": "<i>"})})
    tool = opened(explore(data), "Code")
    assert "&lt;b&gt;" in tool.lines.value
    assert not re.search("<[bi]>", tool.lines.value)


def test_a_view_is_marked_and_gone_back_to(study):
    explorer = study.explore("rate", x="a", b="y")
    marks = opened(explorer, "Bookmarks")
    assert marks.go.disabled
    marks.mark.click()
    assert "Give it a name first" in marks.said.value
    marks.name.value = "the <onset>"
    marks.mark.click()
    assert "the &lt;onset&gt; is marked" in marks.said.value
    explorer.x_chooser.value = "b"
    again = opened(ek.open(study.path).explore("rate"), "Bookmarks")
    assert again.list.options == ("the <onset>",)
    marks.go.click()
    assert (explorer.view.x, explorer.controls["b"].value) == ("a", "y")
    marks.delete.click()
    assert marks.go.disabled
    assert list(study.views) == []
    again.go.click()
    assert "has no view" in again.said.value
    assert again.go.disabled


def test_a_study_that_cannot_be_written_says_so(study, monkeypatch):
    marks = opened(study.explore(), "Bookmarks")

    def refuse(*_arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(durable, "write_files", refuse)
    marks.name.value = "onset"
    marks.mark.click()
    assert "the file system is read-only" in marks.said.value
    assert marks.go.disabled


def test_a_dataset_has_no_bookmarks(results):
    assert "Bookmarks" not in explore(results).tools.buttons
