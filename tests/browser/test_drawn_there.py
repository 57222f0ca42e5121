"""What the browser draws of less than all values looks like what it draws of all."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from explorekit.explorer import explore, picture, sketching

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SIZE = 60
SCRIPT = (Path(picture.__file__).parent / "picture.js").read_text("utf-8")
DRAWN = """async ([script, axes, frame, view]) => {
  const state = { axes, frame, window: view, pick: [] };
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  for (const part of [axes, frame]) {
    for (const name in part) if (part[name]?.bytes !== undefined) part[name] = bytes(part[name].bytes);
  }
  const { default: widget } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const said = [];
  const send = (content) => said.push(content);
  const model = { get: (name) => state[name], on() {}, off() {}, send, set() {}, save_changes() {} };
  const el = document.body.appendChild(document.createElement("div"));
  widget.render({ model, el });
  const canvas = el.querySelector("canvas");
  while (!canvas.ariaLabel) await new Promise(requestAnimationFrame);
  return [canvas.toDataURL(), said];
}"""


def drawn(page, explorer, window, script=SCRIPT):
    """What the browser makes of a picture's state."""
    return drawn_and_said(page, explorer, window, script)[0]


def drawn_and_said(page, explorer, window=(0, 1, 0, 1), script=SCRIPT):
    """The same, and the messages that it sends while it does."""

    def sent(state):
        return {
            name: {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
            for name, value in state.items()
        }

    there = explorer.picture
    return page.evaluate(DRAWN, [script, sent(there.axes), sent(there.frame), list(window)])


@pytest.mark.parametrize("window", [[0, 1, 0, 1], [0.21, 0.4, 0.5, 0.93]])
@pytest.mark.parametrize("x", [np.linspace(0, 1, SIZE), np.geomspace(1, 100, SIZE)])
def test_a_sketch_of_what_is_even_within_its_cells_is_the_whole(page, monkeypatch, window, x):
    monkeypatch.setattr(sketching, "LARGE", 1000)
    monkeypatch.setattr(sketching, "MOST_ROWS", 8)
    monkeypatch.setattr(sketching, "MOST_COLUMNS", 16)
    few = np.random.default_rng(0).random((3, 8, 15))
    values = few.repeat(8, 1).repeat(4, 2)[:, :SIZE]
    data = xr.DataArray(values, dims=("a", "y", "x"), coords={"x": x}, name="u")
    explorer = explore(data, x="x", y="y")
    explorer.picture._handle_custom_msg("ready", [])
    before = drawn(page, explorer, window)
    with explorer.lock:
        explorer.controls["a"].value = 2
        assert explorer.picture.frame["every"] == (8, 4)
        sketch = drawn(page, explorer, window)
        explorer.settle()
        assert "every" not in explorer.picture.frame
        whole = drawn(page, explorer, window)
    explorer.close()
    assert sketch == whole
    assert sketch != before


@pytest.mark.parametrize("window", [[0, 1, 0, 1], [0.21, 0.7, 0.2, 0.93]])
@pytest.mark.parametrize("points", [2_000, 100_000])
def test_a_dense_curve_is_filled_where_it_would_be_stroked(page, window, points):
    values = np.random.default_rng(0).normal(size=points)
    values[points // 3 : points // 2] = np.nan
    explorer = explore(xr.DataArray(values, dims="t", name="v"))
    explorer.picture._handle_custom_msg("ready", [])
    filled = drawn(page, explorer, window)
    stroked = drawn(page, explorer, window, SCRIPT.replace("STEEP = 20", "STEEP = Infinity"))
    explorer.close()
    assert filled != stroked
    one, other = (pixels(picture) for picture in (filled, stroked))
    assert (np.abs(one - other).max(-1) > 100).mean() < 0.03


def test_a_curve_through_all_points_needs_no_index(page):
    explorer = explore(xr.DataArray(np.sin(np.arange(500) / 9), dims="t", name="v"))
    explorer.picture._handle_custom_msg("ready", [])
    without = drawn(page, explorer, [0, 1, 0, 1])
    assert explorer.picture.frame["index"] == b""
    explorer.picture.frame = {**explorer.picture.frame, "index": np.arange(500, dtype=np.int32).tobytes()}
    assert drawn(page, explorer, [0, 1, 0, 1]) == without
    explorer.close()


def test_it_says_when_it_has_a_rough_picture(page, monkeypatch):
    monkeypatch.setattr(picture.widget, "MOST_BYTES", 1000)
    values = np.random.default_rng(0).random((3, 20))
    coords = {f"p{i}": ("point", values[i]) for i in range(3)}
    explorer = explore(xr.DataArray(values, dims=("a", "point"), coords=coords, name="v"), kind="parallel")
    explorer.picture._handle_custom_msg("ready", [])
    with explorer.lock:
        explorer.controls["a"].value = 2
        rough, said = drawn_and_said(page, explorer)
        assert {"rough": explorer.picture.axes["number"]} in said
        explorer.picture.refine()
        exact, said = drawn_and_said(page, explorer)
        assert not any("rough" in message for message in said)
    explorer.close()
    one, other = pixels(rough), pixels(exact)
    assert 0 < np.abs(one - other).mean() < 8


def pixels(picture):
    data = base64.b64decode(picture.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)
