"""Data that nobody would draw by choice: each part of the explorer copes with them, or says what to do."""

import io
import json
import logging

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from ipywidgets.widgets.widget import _instances
from PIL import Image

from explorekit.explorer import explore
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.kinds import kinds

SCRIPT = "<script>alert(1)</script>"
EVIL = {"units": SCRIPT, "long_name": SCRIPT + "$\\frac{"}
RAMP = np.arange(24.0).reshape(2, 3, 4)


def over(names, values=RAMP, coords=None, name="z", attrs=None):
    return xr.Dataset({name: (names, values, attrs or {})}, coords)


BAD = {
    "no dimensions": over((), 3.0),
    "no values along one": over(("a", "b", "c"), np.zeros((3, 0, 4)), {"b": np.zeros(0)}),
    "twelve dimensions": over([f"d{i}" for i in range(12)], np.arange(16.0).reshape([1] * 8 + [2] * 4)),
    "far apart": over(("a", "b"), np.outer([-1.7e308, 1.7e308], [1, 1, 1]), {"b": [-1.7e308, 0.0, 1.7e308]}),
    "a coordinate over two of the dimensions": over(("a", "b"), RAMP[0], {"a": (("a", "b"), RAMP[0])}),
    "infinite and missing coordinates": over(
        ("a", "b", "c"),
        coords={"a": [np.nan, 1.0], "b": [np.inf, 1.0, -np.inf], "c": np.full(4, np.nan)},
    ),
    "dates that are missing": over(
        ("a", "b"), RAMP[0].astype("M8[D]"), {"a": np.array(["NaT", "2024", "2025"], "M8[ns]")}
    ),
    "arrays in an array": over("a", np.array([None, [1, 2], {"b": np.eye(2)}, "x", pd.NaT], object)),
    "bytes": over(("a", "b"), np.full((2, 9), b"\xff"), {"a": [b"\xff", b"x"]}),
    "unsafe": over(
        (SCRIPT, "t"), RAMP[0], {SCRIPT: (SCRIPT, [SCRIPT + str(i) for i in range(3)], EVIL)}, attrs=EVIL
    ),
    "names that options have": over(
        ("kind", "hue", "x"), name="self", coords={"variable": ("x", list("abcd"))}
    ),
    "names that say little": over(("", "a/b", "名 前"), name="%s {0}", coords={"": [1, 1]}),
    "long names": over(("n" * 300, "b", "c"), name="m" * 300, attrs={"units": "m" * 300}),
    "attributes of other types": over(
        ("a", "b", "c"), coords={"a": ("a", [1, 2], {"units": 3, "long_name": None})}, attrs={"units": None}
    ),
}


@pytest.fixture
def no_faults(caplog):
    """See that nothing was logged, as what goes wrong is, and that no text of the data is taken for HTML."""
    with caplog.at_level(logging.DEBUG, "explorekit"):
        yield
    assert not [record for record in caplog.records if record.name.startswith("explorekit")]


def html():
    return "".join(widget.value for widget in _instances.values() if isinstance(widget, ipywidgets.HTML))


def check(explorer):
    assert Image.open(io.BytesIO(explorer.image.value)).size == (720, 460)
    assert "<script>" not in html()
    assert "cannot be" not in explorer.shown[2]


def move_all(explorer):
    """Turn every control to its last position, and go to other axes and kinds."""
    for menu in (explorer.y_chooser, explorer.x_chooser):
        menu.value = menu.options[-1][1]
        check(explorer)
    for _, kind in explorer.kind_chooser.options:
        explorer.kind_chooser.value = kind
        check(explorer)
    for control in explorer.controls.values():
        if getattr(control, "options", None):
            control.index = len(control.options) - 1
        elif not hasattr(control, "options"):
            control.value = control.max
    check(explorer)


@pytest.mark.usefixtures("no_faults")
@pytest.mark.parametrize("name", BAD)
def test_bad_data_are_shown_and_taken_along_with_every_tool_open(name, tmp_path):
    data = BAD[name]
    explorer = explore(data)
    for tool in explorer.tools.buttons.values():
        tool.value = True
    move_all(explorer)
    for menu in list(explorer.tools.bodies["Roles"].menus.values())[-1:]:
        for role in ("column", "count", "animate", "hue"):
            menu.value = role
            check(explorer)
    state = json.loads(json.dumps(explorer.state, allow_nan=False))
    assert explore(data, **state).state == explorer.state
    explorer.restore(state)
    explorer.save(tmp_path / "shown.png")
    explorer.save(tmp_path / "shown.csv")
    if 0 not in data.sizes.values():
        compile(explorer.code, "code", "exec")
        assert explorer.to_html(tmp_path / "page.html", dims=list(explorer.controls)[:1]).exists()
        assert SCRIPT not in (tmp_path / "page.html").read_text("utf-8")
    explorer.picture._handle_custom_msg("ready", [])
    assert SCRIPT not in html()


@pytest.mark.parametrize("in_browser", [False, True])
def test_what_cannot_be_drawn_says_why_and_the_explorer_lives_on(monkeypatch, in_browser):
    class Failing:
        def __init__(self, *_):
            raise RuntimeError("no ink")

    monkeypatch.setitem(kinds(), "failing", Kind("failing", Failing, needs=("x",)))
    explorer = explore(over(("a", "b"), RAMP[0]), x="b")
    if in_browser:
        explorer.picture._handle_custom_msg("ready", [])
    explorer.picture.pick = [2]
    explorer.kind_chooser.value = "failing"
    assert explorer.shown.message == "this cannot be drawn: no ink"
    assert explorer.view.picked
    explorer.kind_chooser.value = "line"
    assert explorer.shown.message == ""
    assert explorer.picked == {"a": 0, "b": 2}
