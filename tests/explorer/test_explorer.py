"""What a user sees who turns the controls."""

import io

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from ipywidgets.widgets.widget import _instances
from matplotlib.collections import QuadMesh
from matplotlib.image import AxesImage
from PIL import Image

from explorekit.explorer import Explorer, explore
from explorekit.explorer.drawing.palette import MARK_COLOURS, STATUS_COLOURS


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def line_of(explorer):
    return explorer.figure.axes[0].lines[0]


def cells_of(explorer):
    axes = explorer.figure.axes[0]
    return axes.images[0] if axes.images else axes.collections[0]


def words_in(explorer):
    return [
        text.get_text()
        for axes in explorer.figure.axes
        for text in (*axes.texts, axes.title, axes._left_title)
    ]


def test_a_slider_moves_the_line(results, pixels):
    explorer = explore(results, "V", I=0.5)
    before = pixels(explorer)
    explorer.controls["tau_ref"].value = 7.5
    np.testing.assert_array_equal(line_of(explorer).get_ydata(), results.V.sel(I=0.5, tau_ref=7.5))
    assert not np.array_equal(before, pixels(explorer))
    assert "I = 0.5 nA, tau_ref = 7.5 ms" in words_in(explorer)


def test_a_slider_changes_the_cells(results, pixels):
    explorer = explore(results, "field", I=0.9)
    before = pixels(explorer)
    explorer.controls["tau_ref"].index = 2
    np.testing.assert_array_equal(cells_of(explorer).get_array(), results.field.isel(I=9, tau_ref=2))
    assert not np.array_equal(before, pixels(explorer))


def test_the_picture_is_what_a_full_draw_gives(results, pixels):
    """Updating in place leaves nothing of the last slice behind."""
    for variable in ("rate", "V", "field"):
        moved = explore(results, variable, I=0.9, x="I" if variable == "rate" else None)
        moved.controls["tau_ref"].index = 2
        fresh = explore(results, variable, I=0.9, tau_ref=10.0, x="I" if variable == "rate" else None)
        np.testing.assert_array_equal(pixels(moved), pixels(fresh))


def test_moving_a_slider_does_not_draw_the_axes_anew(results):
    explorer = explore(results, "V")
    redraws = explorer.screen.canvas.redraws
    for index in range(10):
        explorer.controls["I"].index = index
    assert explorer.screen.canvas.redraws == redraws


def test_values_are_coloured_by_the_limits_of_the_whole_variable(results, colour_at):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    low, high = colour_at(explorer, 0.0, 5.0), colour_at(explorer, 0.9, 10.0)
    assert np.allclose(low, (68, 1, 84), atol=3)  # the ends of viridis
    assert np.allclose(high, (253, 231, 37), atol=3)


def test_runs_without_a_value_look_different_from_numbers_and_from_each_other(results, colour_at):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    seen = [colour_at(explorer, x, 5.6) for x in (0.2, 0.3, 0.4)]
    assert seen == [rgb(STATUS_COLOURS[code]) for code in (0, 2, 3)]
    assert "1 not run yet" in explorer.caption.value
    assert "1 failed" in explorer.caption.value
    assert "1 timed out" in explorer.caption.value


def test_a_nan_that_a_run_returned_is_paper_not_a_missing_run(results, colour_at):
    results.rate[6, 1] = np.nan
    explorer = explore(results, "rate", x="I", y="tau_ref")
    assert colour_at(explorer, 0.6, 7.5) == (255, 255, 255)


def test_on_a_line_each_run_without_a_value_has_a_mark(results, pixels):
    explorer = explore(results, "rate", x="I")
    marks = {line.get_color(): line.get_xdata().tolist() for line in explorer.figure.axes[0].lines[2:]}
    assert marks == {
        MARK_COLOURS[0]: [pytest.approx(0.2)],
        MARK_COLOURS[2]: [pytest.approx(0.3)],
        MARK_COLOURS[3]: [pytest.approx(0.4)],
    }
    assert np.any(np.all(pixels(explorer) == rgb(MARK_COLOURS[2]), axis=-1))


def test_a_point_alone_between_gaps_is_seen():
    values = np.full(200, np.nan)
    values[77] = 3.0
    explorer = explore(xr.Dataset({"z": ("a", values)}))
    dots = explorer.figure.axes[0].lines[1]
    assert (dots.get_xdata().tolist(), dots.get_ydata().tolist()) == ([77], [3])


@pytest.mark.parametrize("sign", [1, -1])
def test_gaps_narrower_than_a_pixel_leave_the_line_of_many_points_whole(sign):
    values = sign * np.arange(10.0, 50_010.0)
    values[::5] = np.nan
    explorer = explore(xr.Dataset({"z": ("a", values)}))
    drawn = line_of(explorer).get_ydata()
    assert np.isfinite(drawn).all()
    assert (drawn.min(), drawn.max()) == (np.nanmin(values), np.nanmax(values))


@pytest.mark.parametrize(("current", "words"), [(0.2, "not run yet"), (0.3, "failed"), (0.4, "timed out")])
@pytest.mark.parametrize("variable", ["rate", "V", "field"])
def test_a_slice_that_is_a_run_without_a_value_says_so(results, variable, current, words):
    explorer = explore(results, variable, I=current, tau_ref=5.0)
    assert any(text.startswith(words) for text in words_in(explorer))
    explorer.controls["tau_ref"].index = 1
    assert not any(
        text.get_visible() and text.get_text()
        for text in explorer.figure.axes[0].texts
        if "run" in text.get_text()
    )


def test_a_failed_run_says_why_where_the_source_knows(results, growing):
    study = growing(results, running=False)
    error = np.full((10, 3), "", dtype=object)
    error[3, 0] = "Traceback\nZeroDivisionError: no current"
    study.runs = xr.Dataset({"error": (("I", "tau_ref"), error)})
    explorer = explore(study, "V", I=0.3)
    assert "failed: ZeroDivisionError: no current" in words_in(explorer)


def test_what_cannot_be_read_is_said_in_the_place_of_the_picture(results, unreadable):
    explorer = explore(unreadable, "V")
    explorer.variable_chooser.value = "rate"
    assert "rate cannot be read: a checksum is wrong" in words_in(explorer)
    explorer.variable_chooser.value = "V"
    np.testing.assert_array_equal(line_of(explorer).get_ydata(), results.V.isel(tau_ref=0, time=0))


def test_choosing_axes_makes_an_image_a_line_and_a_number(results):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    assert list(explorer.controls) == []
    explorer.y_chooser.value = ""
    assert list(explorer.controls) == ["tau_ref"]
    assert len(line_of(explorer).get_xdata()) == 10
    explorer.x_chooser.value = ""
    assert list(explorer.controls) == ["I", "tau_ref"]
    explorer.controls["I"].index = 9
    assert "14 Hz" in words_in(explorer)
    explorer.x_chooser.value = "tau_ref"
    assert list(explorer.controls) == ["I"]
    assert explorer.controls["I"].index == 9


def test_choosing_a_dimension_that_is_on_the_other_axis_swaps_them(results):
    explorer = explore(results, "rate", x="I", y="tau_ref")
    explorer.y_chooser.value = "I"
    assert (explorer.view.x, explorer.view.y) == ("tau_ref", "I")
    assert (explorer.x_chooser.value, explorer.y_chooser.value) == ("tau_ref", "I")


def test_choosing_another_variable_keeps_the_position(results):
    explorer = explore(results, "V", tau_ref=7.5)
    explorer.variable_chooser.value = "field"
    assert explorer.view.index("tau_ref") == 1
    assert explorer.controls["tau_ref"].value == 7.5


def test_the_status_is_offered_and_drawn_as_categories(results, colour_at):
    explorer = explore(results)
    assert explorer.view.variable != "status"
    assert explorer.variable_chooser.options[-1] == ("status", "status")
    explorer.variable_chooser.value = "status"
    explorer.y_chooser.value = "tau_ref"
    assert colour_at(explorer, 0.3, 5.0) == rgb(STATUS_COLOURS[2])
    bar = explorer.figure.axes[1]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["pending", "ok", "failed", "timed_out"]


def test_controls_are_labelled_by_value_and_units(results):
    explorer = explore(results, "field")
    control = explorer.controls["tau_ref"]
    assert isinstance(control, ipywidgets.SelectionSlider)
    assert control.description == "refractory period (ms)"
    assert [label for label, _ in control.options] == ["5 ms", "7.5 ms", "10 ms"]


def test_texts_and_truth_values_get_menus_datetimes_sliders_and_bare_dimensions_an_index():
    data = xr.Dataset(
        {"z": (("opt", "on", "day", "k", "t"), np.zeros((2, 2, 2, 2, 9)))},
        {"opt": ["adam", "sgd"], "on": [False, True], "day": pd.date_range("2024-01-01", periods=2)},
    )
    controls = explore(data, x="t", opt="sgd", day="2024-01-02", on=True, k=1).controls
    assert {dim: type(c).__name__ for dim, c in controls.items()} == {
        "opt": "Dropdown",
        "on": "Dropdown",
        "day": "SelectionSlider",
        "k": "IntSlider",
    }
    assert [controls[dim].value for dim in ("opt", "on", "k")] == ["sgd", True, 1]
    assert controls["day"].label == "2024-01-02"
    assert controls["day"].value == np.datetime64("2024-01-02")


def test_a_slider_over_positions_does_not_name_the_units_of_values():
    time = ("time", np.arange(6000) / 10, {"units": "ms"})
    explorer = explore(
        xr.Dataset({"V": (("I", "time"), np.zeros((2, 6000)))}, {"time": time}), x="I", time=300.0
    )
    control = explorer.controls["time"]
    assert (control.description, control.value) == ("time (position)", 3000)
    assert "time = 300 ms" in words_in(explorer)


def test_paired_parameters_are_chosen_together(pixels):
    data = xr.Dataset(
        {"z": (("pair", "t"), [[0.0, 1], [2, 3]])}, {"x": ("pair", [1, 2]), "y": ("pair", [3, 4])}
    )
    explorer = explore(data, x="t")
    assert [label for label, _ in explorer.controls["pair"].options] == ["x=1, y=3", "x=2, y=4"]
    explorer.controls["pair"].value = 1
    assert line_of(explorer).get_ydata().tolist() == [2, 3]


def test_even_axes_are_an_image_and_uneven_ones_cells_of_their_size():
    values = np.arange(12.0).reshape(3, 4)
    even = xr.Dataset(
        {"z": (("y", "x"), values)}, {"x": [0.0, 1, 2, 3], "y": pd.date_range("2024", periods=3)}
    )
    uneven = even.assign_coords(x=[0.0, 1, 5, 6])
    assert isinstance(cells_of(explore(even, x="x", y="y")), AxesImage)
    cells = cells_of(explore(uneven, x="x", y="y"))
    assert isinstance(cells, QuadMesh)
    np.testing.assert_array_equal(cells.get_array(), values)
    assert cells.get_coordinates()[0, :, 0].tolist() == [-0.5, 0.5, 3, 5.5, 6.5]


def test_log_spaced_axes_are_drawn_so():
    data = xr.Dataset({"z": ("a", np.arange(5.0))}, {"a": np.logspace(-2, 2, 5)})
    assert explore(data).figure.axes[0].get_xscale() == "log"


def test_a_categorical_axis_names_its_categories():
    data = xr.Dataset({"z": ("optimizer", [1.0, 2.0])}, {"optimizer": ["ad$am", "s$gd"]})
    axes = explore(data).figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [r"ad\$am", r"s\$gd"]


def test_a_text_variable_is_drawn_as_categories(results, colour_at):
    results["regime"] = results.status.dims, np.where(results.rate > 12, "tonic", "silent")
    results["regime"][2:5, 0] = ""
    explorer = explore(results, "regime", x="I", y="tau_ref")
    assert len({colour_at(explorer, x, 5.6) for x in (0.0, 0.2, 0.3, 0.4, 0.9)}) == 5


ODD = {
    "no dimensions": xr.Dataset({"z": ((), 3.0)}),
    "one point": xr.Dataset({"z": (("a", "b"), [[3.0]])}, {"a": [1.0], "b": ["x"]}),
    "one large value": xr.Dataset({"z": (("a", "b"), [[3.0]])}, {"a": [1e18], "b": [-1e300]}),
    "all missing": xr.Dataset({"z": (("a", "b"), np.full((9, 9), np.nan))}),
    "infinite": xr.Dataset({"z": (("a", "b"), np.where(np.eye(9), np.inf, 1.0))}),
    "all equal": xr.Dataset({"z": (("a", "b"), np.ones((9, 9)))}),
    "enormous": xr.Dataset({"z": (("a", "b"), np.linspace(-1e300, 1e300, 81).reshape(9, 9))}),
    "truth values": xr.Dataset({"z": (("a", "b"), np.eye(9, dtype=bool))}),
    "whole numbers": xr.Dataset({"z": (("a", "b"), np.eye(9, dtype=np.uint8))}),
    "complex": xr.Dataset({"z": (("a", "b"), np.eye(9) * 1j)}),
    "texts": xr.Dataset({"z": (("a", "b"), np.full((9, 9), "é$_{x}"))}),
    "dates": xr.Dataset({"z": (("a", "b"), pd.date_range("2024", periods=81).values.reshape(9, 9))}),
    "not a time": xr.Dataset({"z": ("a", np.array(["NaT", "2024-01-01"], "M8[ns]"))}),
    "time differences": xr.Dataset({"z": ("a", pd.timedelta_range(0, periods=5).values)}),
    "no values": xr.Dataset({"z": (("a", "b"), np.zeros((0, 9)))}, {"a": np.zeros(0)}),
    "objects": xr.Dataset({"z": ("a", np.array([None, 1, "x"], dtype=object))}),
    "texts of pandas": xr.Dataset({"z": ("a", pd.array(["x", None], dtype="string"))}),
    "many points": xr.Dataset({"z": ("a", np.sin(np.arange(50_000)))}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_data_is_drawn_in_every_way(name):
    explorer = explore(ODD[name])
    dims = [str(dim) for dim in ODD[name].z.dims]
    for x in ("", *dims):
        explorer.x_chooser.value = x
        for y in ("", *dims):
            explorer.y_chooser.value = y
            assert Image.open(io.BytesIO(explorer.image.value)).size == (720, 460)


def test_a_selection_off_the_grid_shows_the_nearest_and_says_so(results):
    explorer = explore(results, "V", tau_ref=7.0)
    assert explorer.controls["tau_ref"].value == 7.5
    assert "tau_ref = 7.0 is not on the grid" in explorer.caption.value
    explorer.controls["tau_ref"].value = 5.0
    assert "grid" not in explorer.caption.value


def test_a_date_is_found_beside_one_that_is_missing():
    days = np.array(["NaT", "2024-01-01", "2024-01-03"], "M8[ns]")
    explorer = explore(xr.Dataset({"z": (("day", "t"), np.zeros((3, 9)))}, {"day": days}), day="2024-01-03")
    assert explorer.controls["day"].label == "2024-01-03"
    assert explorer.caption.value == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"tau_reff": 3}, "did you mean 'tau_ref'"),
        ({"variable": "rates"}, "did you mean 'rate'"),
        ({"x": "tim", "variable": "V"}, "did you mean 'time'"),
        ({"I": "high"}, "'high'"),
        ({"tau_ref": [5.0, 7.5, 10.0]}, "one value of tau_ref at a time"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_reason(results, asked, said):
    with pytest.raises(ValueError, match=said):
        explore(results, **asked)


def test_what_has_no_results_is_refused():
    with pytest.raises(TypeError, match="cannot explore a list"):
        explore([1, 2])
    with pytest.raises(ValueError, match="no data variables"):
        explore(xr.Dataset(coords={"a": [1, 2]}))


def test_a_data_array_and_what_has_results_can_be_explored(results):
    class Holder:
        pass

    holder = Holder()
    holder.results = results
    assert explore(results.V).view.variable == "V"
    assert explore(xr.DataArray([1.0, 2.0], dims="a")).view.variable == "values"
    assert explore(holder, "V").view.variable == "V"
    table = pd.DataFrame({2023: [1.0, 2.0], 2024: [3.0, 4.0]}).to_xarray()
    assert line_of(explore(table, "2024")).get_ydata().tolist() == [3.0, 4.0]


def test_unsafe_names_do_nothing():
    script = "<script>alert(1)</script>"
    attrs = {"units": script, "long_name": script + "$\\frac$"}
    data = xr.Dataset(
        {"z" + script: ((script, "t"), np.zeros((2, 3)), attrs)}, {script: (script, [1.0, 2.0], attrs)}
    )
    explorer = explore(data, **{"x": "t", script: 1.2})
    html = [w.value for w in _instances.values() if isinstance(w, ipywidgets.HTML)]
    assert "alert" in "".join(html)
    assert "<script>" not in "".join(html)
    assert not explorer.controls[script].description_allow_html


def test_the_explorer_shows_itself_and_says_what_it_is(results):
    explorer = explore(results, "V")
    assert isinstance(explorer, Explorer)
    assert "application/vnd.jupyter.widget-view+json" in explorer._repr_mimebundle_()
    assert repr(explorer) == "<Explorer of V>"
    assert not any(isinstance(w, ipywidgets.Output) for w in _instances.values())


def test_drawing_leaves_the_users_own_figures_alone(results):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    explore(results)
    assert plt.get_fignums() == before
