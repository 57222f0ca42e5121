"""Pictures that matplotlib draws, and that are much to send: rough while a slider moves, exact when it rests."""

import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from explorekit.explorer import explore, threads
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
    explorer.settle()
    exact, packed = shown(explorer)
    assert packed == "PNG"
    assert np.abs(rough - exact).mean() < 8 < np.abs(rough - exact).max()
    assert np.abs(first - exact).max() > 50


def test_it_is_exact_when_the_slider_has_come_to_rest(loop, heavy, eventually):
    explorer = seen()
    explorer.controls["step"].value = 2
    assert shown(explorer)[1] == "JPEG"
    eventually(lambda: loop.callbacks)
    threads.run_waiting()
    assert shown(explorer)[1] == "PNG"


def test_whoever_asks_gets_the_exact_one(loop, heavy):
    explorer = seen()
    explorer.controls["step"].value = 2
    assert explorer.shown.frame.values.tolist() == design()["rate"].values[2].tolist()
    assert shown(explorer)[1] == "PNG"


def test_what_is_not_a_move_is_exact(loop, heavy):
    explorer = seen()
    explorer.kind_chooser.value = "pairs"
    assert shown(explorer)[1] == "PNG"


def test_a_picture_of_few_bytes_is_exact_at_once(loop):
    explorer = seen()
    explorer.controls["step"].value = 3
    assert shown(explorer)[1] == "PNG"
    assert not explorer.screen.rough
