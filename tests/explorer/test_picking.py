"""A click on a picture, or an arrow key, picks a value: the kernel knows which, and a cross-hair shows it."""

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore
from explorekit.explorer.state import state_of, view_of


def shown_there(*arguments, **options):
    """An explorer that a browser shows."""
    explorer = explore(*arguments, **options)
    explorer.picture._handle_custom_msg("ready", [])
    return explorer


def crosses(explorer):
    """Where the cross-hair lies on the matplotlib figure."""
    *_, upright, level = [c for c in explorer.figure.axes[0].collections if hasattr(c, "set_segments")]
    return [segments[0].tolist() for segments in (upright.get_segments(), level.get_segments()) if segments]


def test_a_click_on_a_cell_picks_its_point(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    heard = []
    explorer.on_pick(heard.append)
    assert explorer.picked is None
    explorer.picture.pick = [1, 9]
    assert heard == [{"I": pytest.approx(0.9), "tau_ref": 7.5}]
    assert explorer.picked == heard[0]
    assert results.rate.sel(explorer.picked) == 16.5
    assert dict(explorer.view.selection) == {"I": 9, "tau_ref": 1}


def test_what_is_picked_of_an_axis_in_descending_order_is_where_it_was_clicked():
    data = xr.DataArray(
        np.arange(12.0).reshape(3, 4), dims=("y", "x"), coords={"y": [3.0, 2.0, 1.0]}, name="u"
    )
    explorer = shown_there(data, x="x", y="y")
    explorer.picture.pick = [0, 2]
    assert explorer.picked == {"y": 1.0, "x": 2}
    assert explorer.view.index("y") == 2


def test_what_is_picked_along_a_dimension_is_where_its_slider_starts(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    explorer.picture.pick = [2, 7]
    explorer.variable_chooser.value = "V"
    explorer.x_chooser.value = "time"
    explorer.y_chooser.value = ""
    assert {dim: control.index for dim, control in explorer.controls.items()} == {"I": 7, "tau_ref": 2}


def test_a_pick_is_a_few_bytes_and_no_frame(results):
    explorer = shown_there(results, "field", x="x", y="y")
    sent = []
    explorer.picture.observe(lambda change: sent.append(change["name"]), ["frame", "axes"])
    explorer.picture.pick = [2, 3]
    assert sent == []
    explorer.controls["I"].index = 4
    assert explorer.picture.pick == [2, 3]


def test_the_state_of_a_view_keeps_what_is_picked(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    explorer.picture.pick = [1, 9]
    state = state_of(results, explorer.view)
    assert state["selection"] == {"I": 0.9, "tau_ref": 7.5}
    assert view_of(results.isel(I=slice(None, None, -1)), state)[0].index("I") == 0


def test_escape_lets_go(results):
    explorer = shown_there(results, "V", x="time")
    explorer.picture.pick = [5]
    assert explorer.picked == {"I": 0.0, "tau_ref": 5.0, "time": 2.5}
    explorer.picture.pick = []
    assert explorer.picked is None
    assert crosses(explorer) == []


def test_a_pick_in_a_picture_that_is_gone_is_no_pick(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    for place in ([3, 0], [1], [-1, 0], [1, 10]):
        explorer.picture.pick = place
        assert explorer.picked is None


def test_the_picture_of_matplotlib_has_the_cross_hair_too(results, pixels):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    before = pixels(explorer)
    explorer.show(explorer.view.__class__("rate", "I", "tau_ref", {"I": 6, "tau_ref": 1}, picked=True))
    assert crosses(explorer) == [
        [[pytest.approx(0.6), 0.0], [pytest.approx(0.6), 1.0]],
        [[0.0, 7.5], [1.0, 7.5]],
    ]
    assert np.any(pixels(explorer) != before)


def test_a_picked_point_of_a_line_has_one_hair_and_a_ring(results):
    explorer = shown_there(results, "rate", x="I", tau_ref=7.5)
    explorer.picture.pick = [5]
    assert crosses(explorer) == [[[0.5, 0.0], [0.5, 1.0]]]
    ring = explorer.figure.axes[0].collections[0]
    assert ring.get_offsets().tolist() == [[0.5, 12.5]]


def test_a_pick_stays_with_its_labels_where_a_dimension_grows(results, growing):
    study = growing(results.isel(I=slice(2, None)))
    explorer = shown_there(study, "rate", x="I", y="tau_ref")
    explorer.picture.pick = [1, 0]
    study.grow(results, running=False)
    explorer.refresh()
    assert explorer.picked == {"I": pytest.approx(0.2), "tau_ref": 7.5}
    assert explorer.picture.pick == [1, 2]


def test_points_scattered_by_a_value_are_picked_where_they_lie():
    tau = [5.0, np.nan, 2.0]
    rate = xr.DataArray([1.0, 2.0, 3.0], dims="point", coords={"tau": ("point", tau)}, name="rate")
    explorer = shown_there(rate, x="tau")
    explorer.picture.pick = [0]
    assert explorer.picked == {"point": 2}
    explorer.show(explorer.view.__class__("rate", "point", None, {"point": 1}, "tau", picked=True))
    assert explorer.picture.pick == []  # the point has no tau, and lies nowhere


def test_labels_that_are_picked_are_plain_values_or_datetimes():
    when = np.array(["2026-01-01", "2026-01-02"], "M8[ns]")
    data = xr.DataArray(np.eye(2), dims=("when", "kind"), coords={"when": when, "kind": ["a", "b"]}, name="u")
    explorer = shown_there(data, x="when", y="kind")
    explorer.picture.pick = [1, 0]
    assert explorer.picked == {"when": when[0], "kind": "b"}
    assert type(explorer.picked["kind"]) is str


def test_a_click_on_one_of_several_pictures_picks_it(results):
    explorer = shown_there(results, "field", row="tau_ref", column="I")
    regions = explorer.picture.axes["regions"]
    assert len(regions) == 3 * 8
    assert regions[0][0] < regions[1][0]
    assert regions[0][1] < regions[8][1]
    explorer.picture.pick = [8 + 7]
    assert explorer.picked == {"I": pytest.approx(0.9), "tau_ref": 7.5}
    explorer.figure  # noqa: B018
    frames = [cover.frame.get_visible() for cover in explorer.screen.canvas.painter.covers]
    assert [i for i, seen in enumerate(frames) if seen] == [15]
    explorer.picture.pick = [99]
    assert explorer.picked["tau_ref"] == 7.5
    explorer.picture.pick = []
    assert explorer.picked is None
