"""What lies on both sides along a slider waits in the browser, and is what is shown when the slider turns there."""

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore, threads
from explorekit.explorer.view import with_index


def seen(data, **options):
    """An explorer that a browser shows."""
    explorer = explore(data, **options)
    explorer.picture._handle_custom_msg("ready", [])
    return explorer


def images(n=8, shape=(6, 5)):
    values = np.random.default_rng(0).random((n, 3, *shape))
    return xr.DataArray(values, dims=("a", "b", "y", "x"), name="u")


def turned(explorer, dim, index):
    """Turn a slider, and have it come to rest."""
    explorer.controls[dim].value = index
    explorer.foresight.look()
    return explorer.picture.ahead


def foreseen(ahead):
    """The frames that were sent now, by position."""
    number = {serial: int(position) for position, serial in ahead["serials"].items()}
    return {number[int(serial)]: frame for serial, frame in ahead["frames"].items()}


LINES = images().isel(x=0).rename("v")


@pytest.mark.parametrize(("data", "axes"), [(images(), {"x": "x", "y": "y"}), (LINES, {"x": "y"})])
def test_what_lies_on_both_sides_is_what_will_be_shown(loop, data, axes):
    explorer = seen(data, **axes)
    ahead = turned(explorer, "a", 3)
    frames = foreseen(ahead)
    assert sorted(frames) == [2, 4]
    assert (ahead["control"], ahead["trait"]) == (explorer.controls["a"].model_id, "value")
    assert (ahead["index"], ahead["after"]) == (3, explorer.picture.serial)
    for position in (4, 2):
        explorer.controls["a"].value = position
        assert explorer.picture.frame == frames[position]


def test_nothing_is_sent_twice(loop):
    explorer = seen(images(), x="x", y="y")
    turned(explorer, "a", 3)
    shown = explorer.picture.serial
    ahead = turned(explorer, "a", 4)
    assert sorted(foreseen(ahead)) == [5]
    assert ahead["serials"].keys() == {"3", "5"}
    assert ahead["serials"]["3"] == shown
    assert sorted(foreseen(turned(explorer, "a", 3))) == [2]


def test_there_is_nothing_beyond_either_end(loop):
    explorer = seen(images(), x="x", y="y")
    assert sorted(foreseen(turned(explorer, "a", 7))) == [6]
    turned(explorer, "a", 3)
    assert sorted(foreseen(turned(explorer, "a", 0))) == [1]


def test_what_was_sent_counts_no_more_when_something_else_has_changed(loop):
    explorer = seen(images(), x="x", y="y")
    turned(explorer, "a", 3)
    explorer.controls["b"].value = 2
    assert sorted(foreseen(turned(explorer, "a", 4))) == [3, 5]


def test_what_is_large_or_slow_or_drawn_here_is_not_foreseen(loop, monkeypatch):
    large = seen(images(shape=(520, 520)), x="x", y="y")
    assert turned(large, "a", 3) == {}
    drawn_here = seen(images(), x="x", y="y", kind="contour")
    assert turned(drawn_here, "a", 3) == {}
    pinned = seen(images(), x="x", y="y")
    pinned.pin()
    assert not turned(pinned, "a", 3).get("frames")
    monkeypatch.setattr("explorekit.explorer.foreseeing.LONGEST", 0)
    slow = seen(images(), x="x", y="y")
    assert turned(slow, "a", 3) == {}


def test_runs_that_failed_are_looked_up_only_when_they_are_shown(loop, results):
    explorer = seen(results, variable="V")
    explorer.controls["I"].index = 1
    explorer.foresight.look()
    # The run beside it is pending, which may have changed until then.
    assert sorted(foreseen(explorer.picture.ahead)) == [0]


def test_looking_ahead_changes_no_scale(loop):
    values = np.zeros((8, 4, 4))
    values[5, 2, 2] = 100.0
    explorer = seen(xr.DataArray(values, dims=("a", "y", "x"), name="u"), x="x", y="y", limits="frame")
    axes = explorer.picture.axes
    ahead = turned(explorer, "a", 4)
    assert sorted(foreseen(ahead)) == [3]  # the other has limits of its own, and so other axes
    assert explorer.picture.axes is axes


def test_a_move_that_no_slider_of_its_own_made_is_not_followed_by_a_look_ahead(loop):
    explorer = seen(images(), x="x", y="y")
    explorer.show(with_index(explorer.slicer.dataset, explorer.view, "a", 3))
    explorer.foresight.look()
    assert explorer.picture.ahead == {}


def test_it_waits_for_the_slider_to_rest(loop, eventually):
    explorer = seen(images(), x="x", y="y")
    explorer.controls["a"].value = 3
    assert explorer.picture.ahead == {}
    eventually(lambda: threads.run_waiting() or explorer.picture.ahead)
    assert sorted(foreseen(explorer.picture.ahead)) == [2, 4]
    explorer.close()
