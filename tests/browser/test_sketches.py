"""A sketch that arrives with few values is drawn where the values of the whole image lie."""

import base64
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

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
  const model = { get: (name) => state[name], on() {}, off() {}, send() {}, set() {}, save_changes() {} };
  const el = document.body.appendChild(document.createElement("div"));
  widget.render({ model, el });
  const canvas = el.querySelector("canvas");
  while (!canvas.ariaLabel) await new Promise(requestAnimationFrame);
  return canvas.toDataURL();
}"""


def drawn(page, explorer, window):
    """What the browser makes of a picture's state."""

    def sent(state):
        return {
            name: {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
            for name, value in state.items()
        }

    there = explorer.picture
    return page.evaluate(DRAWN, [SCRIPT, sent(there.axes), sent(there.frame), window])


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
