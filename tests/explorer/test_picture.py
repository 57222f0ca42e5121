"""Frames that the browser draws: which bytes travel, where they lie on the axes, and who takes over where."""

import io

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from PIL import Image

from explorekit.explorer import explore

OK, PENDING, FAILED, TIMED_OUT = 1, 0, 2, 3


def shown_there(*arguments, **options):
    """An explorer that a browser shows."""
    explorer = explore(*arguments, **options)
    explorer.picture._handle_custom_msg("ready", [])
    return explorer


def array(state, name, dtype=np.float32):
    return np.frombuffer(state[name], dtype)


def image(values, x, y):
    return xr.DataArray(np.asarray(values, float), coords={"y": y, "x": x}, dims=("y", "x"), name="u")


def test_a_browser_that_can_draw_takes_over_from_the_image(results):
    explorer = explore(results, "V")
    assert explorer.image in explorer.children
    assert explorer.picture.frame == {}
    explorer.picture._handle_custom_msg("ready", [])
    assert explorer.picture in explorer.children
    assert explorer.image not in explorer.children
    assert explorer.picture.frame["title"] == "I = 0 nA, tau_ref = 5 ms"
    assert explorer.picture.frame["description"] == "V (mV) over time (ms) at I = 0 nA, tau_ref = 5 ms"


def test_a_move_of_a_slider_sends_the_data_alone(results):
    values = np.random.default_rng(0).random((5, 256, 256))
    explorer = shown_there(xr.DataArray(values, dims=("a", "y", "x"), name="u"), x="x", y="y")
    axes, first = explorer.picture.axes, explorer.picture.frame
    explorer.controls["a"].value = 3
    assert explorer.picture.axes is axes
    assert explorer.picture.frame["axes"] == first["axes"] == axes["number"]
    assert explorer.picture.frame["cells"] != first["cells"]
    assert sum(len(part) for part in explorer.picture.frame.values() if isinstance(part, bytes)) < 67_000


def test_a_cell_is_a_byte_that_counts_from_the_lower_limit_to_the_upper(results):
    explorer = shown_there(
        image([[0.0, 5.0], [np.nan, 10.0], [2.5, np.inf]], [0, 1], [0, 1, 2]), x="x", y="y"
    )
    cells = array(explorer.picture.frame, "cells", np.uint8).reshape(3, 2)
    assert cells.tolist() == [[1, 128], [0, 254], [64, 0]]
    palette = array(explorer.picture.axes, "palette", np.uint8).reshape(-1, 4)
    assert len(palette) == 255
    assert palette[0].tolist() == [0, 0, 0, 0]
    assert palette[1].tolist() == [68, 1, 84, 255]
    assert palette[254].tolist() == [253, 231, 37, 255]


@pytest.mark.parametrize("x", [[0.0, 1.0, 2.0, 3.0], [1.0, 10.0, 100.0, 1000.0], [0.0, 1.0, 5.0, 6.0]])
def test_cells_lie_where_matplotlib_draws_them(x):
    explorer = shown_there(image(np.zeros((3, 4)), x, [0.0, 1.0, 2.0]), x="x", y="y")
    axes = explorer.figure.axes[0]
    edges = array(explorer.picture.axes, "x")
    assert edges[[0, -1]].tolist() == [0.0, 1.0]
    centres = axes.transAxes.inverted().transform(axes.transData.transform([(value, 0) for value in x]))[:, 0]
    assert (edges[:-1] < centres).all()
    assert (centres < edges[1:]).all()


def test_a_line_is_heights_on_the_axes_and_gaps_stay_gaps(results):
    explorer = shown_there(results, "rate", x="I", tau_ref=5.0)
    axes, state, frame = explorer.figure.axes[0], explorer.picture.axes, explorer.picture.frame
    heights = array(frame, "heights")
    shown = results.rate.sel(tau_ref=5.0).values
    points = np.stack([results.I, np.nan_to_num(shown)], axis=1)
    expected = axes.transAxes.inverted().transform(axes.transData.transform(points))
    np.testing.assert_allclose(array(state, "x"), expected[:, 0], atol=1e-6)
    np.testing.assert_array_equal(np.isnan(heights), np.isnan(shown))
    np.testing.assert_allclose(heights[~np.isnan(shown)], expected[~np.isnan(shown), 1], atol=1e-6)
    assert array(frame, "status", np.uint8).tolist() == [OK, OK, PENDING, FAILED, TIMED_OUT, *[OK] * 5]


def test_runs_without_a_value_travel_as_their_status(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    status = array(explorer.picture.frame, "status", np.uint8).reshape(3, 10)
    assert status[0, 2:5].tolist() == [PENDING, FAILED, TIMED_OUT]
    assert explorer.picture.axes["marked"]
    assert not array(explorer.picture.frame, "cells", np.uint8).reshape(3, 10)[0, 2:5].any()


def test_a_long_line_is_reduced_before_it_travels():
    values = np.random.default_rng(0).normal(size=1_000_000)
    explorer = shown_there(xr.DataArray(values, dims="t", name="v"))
    index = array(explorer.picture.frame, "index", np.int32)
    assert len(index) < 5_000
    assert {int(values.argmin()), int(values.argmax())} <= set(index.tolist())


def test_curves_and_their_bands_travel_one_after_the_other(results):
    explorer = shown_there(results, "V", x="time", hue="tau_ref", reduce={"I": "mean ± std"})
    state, frame = explorer.picture.axes, explorer.picture.frame
    shown = explorer.shown[0]
    axes = explorer.figure.axes[0]
    assert state["kind"] == "curves"
    assert state["colours"] == [to_hex(line.get_color()) for line in axes.lines[:3]]
    assert frame["counts"] == [len(results.time)] * 3
    assert frame["index"] == b""  # each curve goes through all points
    for name, values in (("heights", shown.values), ("low", shown.low), ("high", shown.high)):
        points = np.stack([np.zeros(values.size), np.nan_to_num(values.ravel())], axis=1)
        heights = axes.transAxes.inverted().transform(axes.transData.transform(points))[:, 1]
        heights[np.isnan(values.ravel())] = np.nan
        np.testing.assert_allclose(array(frame, name), heights, atol=1e-6)


def test_long_curves_are_reduced_each_at_places_of_its_own():
    values = np.random.default_rng(0).normal(size=(2, 100_000))
    explorer = shown_there(xr.DataArray(values, dims=("c", "t"), name="v"), x="t", hue="c")
    frame = explorer.picture.frame
    index = np.split(array(frame, "index", np.int32), np.cumsum(frame["counts"])[:-1])
    assert sum(frame["counts"]) < 10_000
    for curve, places in zip(values, index, strict=True):
        assert {int(curve.argmin()), int(curve.argmax())} <= set(places.tolist())


def test_a_run_without_a_value_is_marked_below_curves(results):
    explorer = shown_there(results, "rate", x="I", hue="tau_ref")
    status = array(explorer.picture.frame, "status", np.uint8)
    assert status.tolist() == [OK, OK, PENDING, FAILED, TIMED_OUT, *[OK] * 5]


def test_zooming_draws_the_axes_of_that_part_and_leaves_the_data_where_they_are(results):
    explorer = shown_there(image(np.arange(12.0).reshape(3, 4), [0, 1, 2, 3], [0, 1, 2]), x="x", y="y")
    before = explorer.picture.axes
    explorer.picture.window = [0.5, 0.75, 0.0, 1.0]
    after = explorer.picture.axes
    assert after["window"] == [0.5, 0.75, 0.0, 1.0]
    assert after["number"] > before["number"]
    assert after["background"] != before["background"]
    assert after["x"] == before["x"]
    axes = explorer.picture._paper.painter.axes
    assert axes.get_xlim() == pytest.approx((1.5, 2.5))
    assert axes.get_ylim() == pytest.approx((-0.5, 2.5))
    explorer.picture.window = [0.0, 1.0, 0.0, 1.0]
    assert explorer.picture.axes["background"] == before["background"]


def test_another_view_is_shown_whole(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    explorer.picture.window = [0.5, 0.75, 0.0, 1.0]
    explorer.variable_chooser.value = "V"
    assert explorer.picture.window == [0.0, 1.0, 0.0, 1.0]


def test_the_picture_of_the_axes_is_sharp_on_dense_screens(results):
    explorer = shown_there(results, "rate")
    axes = explorer.picture.axes
    assert Image.open(io.BytesIO(axes["background"])).size == (2 * axes["size"][0], 2 * axes["size"][1])
    left, top, width, height = axes["box"]
    assert 0 < left < left + width < axes["size"][0]
    assert 0 < top < top + height < axes["size"][1]


def test_a_number_and_a_message_travel_as_text(results):
    explorer = shown_there(results, "rate", I=0.3, tau_ref=5.0, x="I")
    explorer.x_chooser.value = ""
    assert explorer.picture.frame["number"] == "NaN"
    assert explorer.picture.frame["message"].startswith("failed")
    assert explorer.picture.frame["description"].endswith(explorer.picture.frame["message"])


def test_the_figure_shows_what_the_browser_shows(results):
    explorer = shown_there(results, "V", x="time", I=0.5)
    explorer.controls["tau_ref"].index = 2
    np.testing.assert_array_equal(
        explorer.figure.axes[0].lines[0].get_ydata(), results.V.sel(I=0.5, tau_ref=10.0, method="nearest")
    )


def test_a_browser_that_comes_back_disturbs_nothing(results):
    explorer = shown_there(results, "V")
    children, frame = explorer.children, explorer.picture.frame
    explorer.picture._handle_custom_msg("ready", [])
    assert explorer.children == children
    assert explorer.picture.frame is frame


def words_at(explorer, where):
    sent = []
    explorer.picture.send = sent.append
    explorer.picture._handle_custom_msg({"where": where}, [])
    (answer,) = sent
    assert answer["where"] == where
    return answer["words"].split("\n")


def test_the_value_under_the_pointer_is_told_with_its_place(results):
    explorer = shown_there(results, "rate", x="I", y="tau_ref")
    assert words_at(explorer, [1, 9]) == ["firing rate (Hz) = 16.5", "tau_ref = 7.5 ms", "I = 0.9 nA"]
    assert words_at(explorer, [0, 3])[0] == "firing rate (Hz) = failed"
    assert words_at(explorer, [0, 2])[0] == "firing rate (Hz) = not run yet"
    assert words_at(explorer, [3, 0]) == [""]
    explorer.y_chooser.value = ""
    assert words_at(explorer, [1]) == ["firing rate (Hz) = 6", "I = 0.1 nA"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.array([0, 3], "M8[h]"), "1970-01-01 03:00:00"),
        (["a", "b"], "b"),
        ([False, True], "1"),
        ([1, 1e15 + 1], "1e+15"),
    ],
)
def test_whatever_is_shown_has_words(values, text):
    explorer = shown_there(xr.DataArray(values, dims="t", name="v"))
    assert words_at(explorer, [1]) == [f"v = {text}", "t = 1"]


def test_points_of_a_design_are_told_by_their_parameters():
    rate = xr.DataArray(
        [1.0, 2.0], dims="point", coords={"tau": ("point", [5.0, 2.0]), "k": ("point", ["a", "b"])}
    )
    explorer = shown_there(rate.rename("rate"))
    assert words_at(explorer, [0]) == ["rate = 2", "tau=2, k=b"]
