"""Pictures that matplotlib draws, and that are much to send: rough while a slider moves, exact when it rests."""

import io
import time

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from explorekit.explorer import explore, screen, threads
from explorekit.explorer.drawing import Canvas
from explorekit.explorer.picture import widget


def design(points=30, seed=0):
    rng = np.random.default_rng(seed)
    coords = {f"p{i}": ("point", rng.random(points)) for i in range(3)}
    return xr.Dataset({"rate": (("step", "point"), rng.random((5, points)))}, {"step": range(5), **coords})


def seen(kind="parallel"):
    """An explorer that a browser shows."""
    explorer = explore(design(), "rate", kind=kind)
    explorer.picture._handle_custom_msg("ready", [])
    return explorer


def shown(explorer):
    """The picture that the browser has, and how it came."""
    axes = explorer.picture.axes
    picture = Image.open(io.BytesIO(axes["background"]))
    assert axes["rough"] == (picture.format == "JPEG")
    return np.asarray(picture.convert("RGB")).astype(int), picture.format


@pytest.fixture
def heavy(monkeypatch):
    monkeypatch.setattr(widget, "MOST_BYTES", 10_000)


@pytest.mark.parametrize("kind", ["parallel", "pairs"])
def test_a_picture_of_many_bytes_is_rough_while_a_slider_moves(loop, heavy, kind):
    explorer = seen(kind)
    first, packed = shown(explorer)
    assert packed == "PNG"

    explorer.controls["step"].value = 3

    rough, packed = shown(explorer)
    assert packed == "JPEG"
    explorer.picture.refine()
    exact, packed = shown(explorer)
    assert packed == "PNG"
    assert np.abs(rough - exact).mean() < 8 < np.abs(rough - exact).max()
    assert np.abs(first - exact).max() > 50


def has_it(explorer, number=None):
    """What a browser says when it has a rough picture."""
    explorer.picture._handle_custom_msg({"rough": number or explorer.picture.axes["number"]}, [])


def test_it_is_exact_a_moment_after_the_browser_has_it(loop, heavy, eventually):
    explorer = seen()
    explorer.controls["step"].value = 2
    before = explorer.picture.axes
    has_it(explorer)
    eventually(lambda: threads.run_waiting() or not explorer.picture.rough)
    assert shown(explorer)[1] == "PNG"
    after = explorer.picture.axes
    assert after["number"] == explorer.picture.frame["axes"] > before["number"]
    assert explorer.picture.frame["description"]
    explorer.picture.refine()
    assert explorer.picture.axes is after


def test_it_stays_rough_while_it_is_on_its_way(loop, heavy):
    explorer = seen()
    explorer.controls["step"].value = 2
    number = explorer.picture.axes["number"]
    explorer.controls["step"].value = 3
    has_it(explorer, number)  # the one before
    time.sleep(1.5 * screen.SEEN)
    assert not loop.callbacks
    assert shown(explorer)[1] == "JPEG"


def test_it_is_exact_in_the_end_where_no_browser_says_so(loop, heavy, monkeypatch, eventually):
    monkeypatch.setattr(screen, "UNSEEN", 0.05)
    explorer = seen()
    explorer.controls["step"].value = 2
    eventually(lambda: threads.run_waiting() or not explorer.picture.rough)
    assert shown(explorer)[1] == "PNG"


def test_to_make_it_exact_nothing_is_read_or_drawn_and_nobody_is_told(loop, heavy, monkeypatch):
    explorer = seen()
    told = []
    explorer.on_shown(lambda: told.append(explorer.shown.frame.values.tolist()))
    explorer.controls["step"].value = 2
    assert told == [design()["rate"].values[2].tolist()]
    monkeypatch.setattr(Canvas, "draw", None)
    explorer.screen._refine()
    assert shown(explorer)[1] == "PNG"
    assert len(told) == 1


def test_a_drawing_that_is_interrupted_is_never_shown(loop, heavy, monkeypatch):
    explorer = seen()
    explorer.controls["step"].value = 2
    before = explorer.picture.axes

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Canvas, "_blit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            explorer.controls["step"].value = 3
    has_it(explorer)
    explorer.screen._refine()
    assert explorer.picture.axes is before
    explorer.redraw()
    assert shown(explorer)[1] == "PNG"


def test_whoever_asks_what_is_shown_leaves_it_rough(loop, heavy):
    explorer = seen()
    explorer.controls["step"].value = 2
    assert explorer.shown.frame.values.tolist() == design()["rate"].values[2].tolist()
    assert shown(explorer)[1] == "JPEG"
    assert Image.open(io.BytesIO(explorer.still)).format == "PNG"


def test_zooming_makes_it_exact(loop, heavy):
    explorer = seen()
    explorer.controls["step"].value = 2
    explorer.picture.window = [0.0, 0.5, 0.0, 1.0]
    threads.run_waiting()
    assert shown(explorer)[1] == "PNG"


def test_what_is_not_a_move_is_exact(loop, heavy):
    explorer = seen()
    explorer.kind_chooser.value = "pairs"
    assert shown(explorer)[1] == "PNG"


def test_a_picture_of_few_bytes_is_exact_at_once(loop):
    explorer = seen()
    explorer.controls["step"].value = 3
    assert shown(explorer)[1] == "PNG"
    assert not explorer.picture.rough
