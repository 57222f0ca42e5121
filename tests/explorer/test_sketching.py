"""A large image is sketched while a slider moves, and whole when it has come to rest, or when anybody asks for more."""

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore, sketching, threads

SIZE = 60


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Have small images count as large ones."""
    monkeypatch.setattr(sketching, "LARGE", 1000)
    monkeypatch.setattr(sketching, "MOST_ROWS", 8)
    monkeypatch.setattr(sketching, "MOST_COLUMNS", 16)


def values_at(a, *, y=1.0, x=1.0):
    """Numbers that say where they lie: from 0 to 1 along each of two axes, and one more for each a."""
    return a + 0.5 * np.linspace(0, y, SIZE)[:, None] + 0.4 * np.linspace(0, x, SIZE)


def dragged(dims=("a", "y", "x"), coords=None, values=None):
    """An explorer in a browser, of images that are large."""
    values = np.array([values_at(a) for a in range(5)]) if values is None else values
    data = xr.DataArray(values, dims=("a", "y", "x"), coords=coords, name="u").transpose(*dims)
    explorer = explore(data, x="x", y="y")
    explorer.picture._handle_custom_msg("ready", [])
    return explorer


def cells(explorer):
    """The bytes that the browser draws, one for each cell of the axes."""
    frame, axes = explorer.picture.frame, explorer.picture.axes
    rows, columns = (len(np.frombuffer(axes[name], np.float32)) - 1 for name in "yx")
    down, across = frame.get("every", (1, 1))
    few = np.frombuffer(frame["cells"], np.uint8).reshape(-(-rows // down), -(-columns // across))
    return few.repeat(down, 0).repeat(across, 1)[:rows, :columns].astype(int)


@pytest.mark.parametrize("dims", [("a", "y", "x"), ("x", "a", "y")])
def test_a_large_image_is_sketched_while_a_slider_moves(loop, dims):
    explorer = dragged(dims)
    axes, whole = explorer.picture.axes, cells(explorer)
    explorer.controls["a"].value = 3
    assert explorer.picture.axes is axes
    down, across = explorer.picture.frame["every"]
    assert {down, across} == {-(-SIZE // 8), -(-SIZE // 16)}
    assert len(explorer.picture.frame["cells"]) <= 8 * 16
    sketch = cells(explorer)
    explorer.settle()
    assert "every" not in explorer.picture.frame
    # From one cell to the next there are two colours at most.
    assert np.abs(sketch - cells(explorer)).max() <= 2 * (down + across)
    assert np.abs(sketch - whole).min() > 50


def test_it_is_whole_when_the_slider_has_come_to_rest(loop, eventually):
    explorer = dragged()
    explorer.controls["a"].value = 2
    assert "every" in explorer.picture.frame
    eventually(lambda: loop.callbacks)
    assert "every" in explorer.picture.frame
    eventually(lambda: threads.run_waiting() or "every" not in explorer.picture.frame)
    assert explorer.shown.frame.values.shape == (SIZE, SIZE)
    assert "u" not in explorer.caption.value


def test_a_move_that_comes_before_the_rest_is_drawn_puts_it_off(loop, eventually):
    explorer = dragged()
    explorer.controls["a"].value = 2
    eventually(lambda: loop.callbacks)
    explorer.controls["a"].value = 3
    threads.run_waiting()
    assert "every" in explorer.picture.frame
    eventually(lambda: len(loop.callbacks) == 2)
    threads.run_waiting()
    np.testing.assert_array_equal(explorer.shown.frame.values, values_at(3))
    assert "every" not in explorer.picture.frame


def test_who_asks_for_what_is_shown_gets_the_whole(loop):
    explorer = dragged()
    explorer.controls["a"].value = 2
    np.testing.assert_array_equal(explorer.shown.frame.values, values_at(2))
    explorer.controls["a"].value = 3
    assert explorer.screen._words_for((59, 58)) == f"u = {values_at(3)[59, 58]:.6g}\ny = 59\nx = 58"
    explorer.controls["a"].value = 4
    np.testing.assert_array_equal(explorer.figure.axes[0].images[0].get_array(), values_at(4))


def test_a_click_picks_what_lies_there_and_sketches_nothing(loop):
    explorer = dragged()
    explorer.controls["a"].value = 2
    explorer.picture.pick = [59, 58]
    assert explorer.picked == {"a": 2, "y": 59, "x": 58}
    assert "every" not in explorer.picture.frame
    explorer.controls["a"].value = 1
    assert "every" in explorer.picture.frame
    assert explorer.picture.pick == [59, 58]
    assert explorer.picked == {"a": 1, "y": 59, "x": 58}


def test_axes_that_run_backwards_are_sketched_the_right_way_round(loop):
    explorer = dragged(coords={"y": np.arange(SIZE)[::-1], "x": np.arange(SIZE)})
    explorer.controls["a"].value = 2
    down, across = explorer.picture.frame["every"]
    sketch = cells(explorer)
    explorer.settle()
    assert np.abs(sketch - cells(explorer)).max() <= 2 * (down + across)


def test_what_is_missing_stays_missing(loop):
    values = np.array([values_at(a) for a in range(5)])
    values[3, :, : SIZE // 2] = np.nan
    explorer = dragged(values=values)
    explorer.controls["a"].value = 3
    assert (cells(explorer)[:, : SIZE // 2] == 0).all()
    assert (cells(explorer)[:, SIZE // 2 + 4 :] > 0).all()


def test_values_beyond_the_limits_draw_the_axes_anew_and_whole(loop, monkeypatch):
    explorer = dragged()
    explorer.scales.known["u"] = explorer.shown.scale.__class__(0.0, 1.0)
    explorer.controls["a"].value = 4
    assert "every" not in explorer.picture.frame
    assert explorer.shown.scale.high > 4


def test_only_a_browser_gets_sketches(loop):
    explorer = explore(xr.DataArray(np.zeros((3, SIZE, SIZE)), dims=("a", "y", "x"), name="u"))
    explorer.controls["a"].value = 2
    assert explorer._shown.frame.values.shape == (SIZE, SIZE)


def test_zooming_shows_the_whole(loop):
    explorer = dragged()
    explorer.controls["a"].value = 2
    explorer.picture.window = [0.0, 0.5, 0.0, 0.5]
    assert "every" not in explorer.picture.frame
    assert explorer.picture.axes["window"] == [0.0, 0.5, 0.0, 0.5]


def test_a_difference_from_what_is_pinned_is_whole(loop):
    explorer = dragged()
    explorer.pin()
    explorer.controls["a"].value = 2
    assert "every" not in explorer.picture.frame


def test_a_closed_explorer_draws_no_more(loop):
    explorer = dragged()
    explorer.controls["a"].value = 2
    explorer.close()
    assert explorer._rest._timer is None


def test_sketches_seen_lately_are_not_read_again(loop, monkeypatch):
    explorer, read = dragged(), []
    frame = sketching.Slicer.frame
    monkeypatch.setattr(
        sketching.Slicer, "frame", lambda *arguments: read.append(arguments) or frame(*arguments)
    )
    monkeypatch.setattr(sketching, "MOST_KEPT", 2)
    seen = {}
    for index, count in ((1, 1), (2, 2), (1, 2), (3, 3), (1, 3), (2, 4)):
        explorer.controls["a"].value = index
        assert len(read) == count
        assert seen.setdefault(index, explorer.picture.frame["cells"]) == explorer.picture.frame["cells"]
    assert len(set(seen.values())) == 3


def test_a_newer_snapshot_is_sketched_anew(loop, growing):
    old, new = ({"u": (("a", "y", "x"), np.array([values_at(a) for a in range(5)]) * s)} for s in (1, 0.5))
    study = growing(xr.Dataset(old))
    explorer = explore(study, x="x", y="y")
    explorer.picture._handle_custom_msg("ready", [])
    explorer.controls["a"].value = 4
    before = cells(explorer)
    explorer.controls["a"].value = 3
    study.grow(xr.Dataset(new))
    explorer.controls["a"].value = 4
    assert "every" in explorer.picture.frame
    assert (cells(explorer) < before).all()
