"""Which kinds of plot there are, which one is shown, and how a new one takes part."""

import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from explorekit.explorer import explore
from explorekit.explorer.drawing.axes import dress
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.kinds import kinds, with_kind
from explorekit.explorer.view import View


class StepsPainter:
    def __init__(self, axes, frame, scale):
        self.axes = axes
        (self.line,) = axes.step(frame.x.positions, frame.values, where="post", color="#ff00ff")
        axes.set_ylim(*scale.limits)
        dress(axes, "x", frame.x)

    @property
    def artists(self):
        return (self.line,)

    def update(self, frame, scale):
        self.line.set_ydata(frame.values)

    def explain(self, beside):
        pass


class ReplacingPainter(StepsPainter):
    """Its artist cannot be set to other values."""

    def update(self, frame, scale):
        self.line.remove()
        (self.line,) = self.axes.step(frame.x.positions, frame.values, where="post", color="#ff00ff")


@pytest.fixture(params=[StepsPainter, ReplacingPainter])
def steps(request, monkeypatch):
    """A kind of plot that explorekit does not have."""
    kind = Kind("steps", request.param, needs=("x",), suits=lambda _, name: name != "status")
    monkeypatch.setitem(kinds(), "steps", kind)
    return kind


def test_a_new_kind_is_in_the_menu_and_follows_the_sliders(results, steps, pixels):
    explorer = explore(results, "V", I=0.5)
    assert explorer.kind_chooser.value == "line"
    assert ("steps", "steps") in explorer.kind_chooser.options
    explorer.kind_chooser.value = "steps"
    explorer.controls["tau_ref"].value = 7.5
    (line,) = explorer.figure.axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), results.V.sel(I=0.5, tau_ref=7.5))
    fresh = explore(results, "V", kind="steps", I=0.5, tau_ref=7.5)
    np.testing.assert_array_equal(pixels(explorer), pixels(fresh))
    assert (pixels(explorer) == (255, 0, 255)).all(axis=-1).any()


def test_a_browser_gets_a_picture_of_a_kind_that_it_cannot_draw(results, steps):
    explorer = explore(results, "V", kind="steps", I=0.5)
    explorer.picture._handle_custom_msg("ready", [])
    first = explorer.picture.axes
    assert Image.open(io.BytesIO(first["background"])).size == (1008, 644)
    explorer.controls["tau_ref"].value = 7.5
    assert explorer.picture.axes["background"] != first["background"]
    assert explorer.picture.frame["axes"] == explorer.picture.axes["number"] != first["number"]
    assert "tau_ref = 7.5 ms" in explorer.picture.frame["description"]
    explorer.kind_chooser.value = "line"
    assert explorer.picture.axes["kind"] == "line"
    assert "heights" in explorer.picture.frame


def test_a_kind_is_given_the_axes_that_it_needs(results):
    explorer = explore(results, "field", kind="line", I=0.9)
    assert (explorer.view.x, explorer.view.y) == ("x", None)
    explorer.kind_chooser.value = "image"
    assert (explorer.view.x, explorer.view.y) == ("x", "y")
    explorer.kind_chooser.value = "number"
    assert explorer.view.axes == ()


def test_a_kind_that_no_longer_fits_its_axes_gives_way(results, steps):
    explorer = explore(results, "rate", x="I", kind="steps")
    explorer.y_chooser.value = "tau_ref"
    assert (explorer.view.kind, explorer.kind_chooser.value) == (None, "image")


def test_a_kind_may_claim_a_view_for_itself(results, steps, monkeypatch):
    claiming = Kind("own", steps.painter, needs=("x",), natural=lambda _, view: view.variable == "V")
    monkeypatch.setitem(kinds(), "own", claiming)
    explorer = explore(results, "V")
    assert explorer.kind_chooser.value == "own"
    explorer.kind_chooser.value = "line"
    assert explorer.kind_chooser.value == "line"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "imag"}, "did you mean 'image'"),
        ({"kind": "image", "variable": "trace"}, "'trace' cannot be drawn as image; it can as number, "),
        ({"kind": "line", "x": "I", "y": "tau_ref"}, "kind='line' has no y"),
    ],
)
def test_a_kind_that_cannot_be_is_refused_with_a_reason(results, asked, said):
    results["trace"] = results.V.isel(I=0, tau_ref=0, drop=True)
    with pytest.raises(ValueError, match=said):
        explore(results, **asked)


def test_a_view_that_is_shown_or_kept_has_a_kind_that_there_is(results):
    explorer = explore(results, "rate", kind="image")
    assert explorer.state["kind"] == "image"
    assert explore(results, **explorer.state).view == explorer.view
    with pytest.raises(ValueError, match="did you mean 'line'"):
        explorer.show(View("rate", "I", kind="lime"))
    with pytest.raises(ValueError, match="did you mean 'line'"):
        explore(results, **(explorer.state | {"kind": "lime"}))


def test_the_kind_of_a_view_without_a_variable_waits():
    assert with_kind(xr.Dataset(), View(kind="image"), None) == View()
