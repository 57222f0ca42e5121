"""Points that have no order, such as those of a design, are scattered by the values of their parameters."""

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore
from explorekit.explorer.slicing import MOST_DOTS, Slicer
from explorekit.explorer.view import View, first_view, with_variable, with_x, with_y


@pytest.fixture
def design():
    """A scalar and a curve at four points of two numbers and a word, and of one constant."""
    tau = np.array([10.0, 5.0, 10.0, 2.5])
    return xr.Dataset(
        {"rate": ("point", tau * 2), "V": (("point", "time"), tau[:, None] + np.arange(3.0))},
        {
            "tau": ("point", tau, {"units": "ms", "long_name": "time constant"}),
            "I": ("point", [0.5, 0.25, 1.0, 2.0]),
            "kind": ("point", ["a", "b", "a", "b"]),
            "dt": ("point", np.full(4, 0.1)),
            "time": [0.0, 1.0, 2.0],
        },
    )


def dots_of(explorer):
    line = explorer.figure.axes[0].lines[0]
    assert (line.get_linestyle(), line.get_marker()) == ("None", "o")
    return list(zip(line.get_xdata().tolist(), line.get_ydata().tolist(), strict=True))


def test_a_number_a_point_is_scattered_by_what_has_most_values(design):
    explorer = explore(design, "rate")
    assert explorer.view == View("rate", "point", by="I")
    assert dots_of(explorer) == [(0.25, 10.0), (0.5, 20.0), (1.0, 20.0), (2.0, 5.0)]
    assert explorer.figure.axes[0].get_xlabel() == "I"


def test_the_menu_offers_each_number_and_the_order(design):
    explorer = explore(design, "rate")
    assert [value for _, value in explorer.x_chooser.options] == ["", "point", "tau", "I", "dt"]
    explorer.x_chooser.value = "tau"
    assert dots_of(explorer) == [(2.5, 5.0), (5.0, 10.0), (10.0, 20.0), (10.0, 20.0)]
    assert explorer.figure.axes[0].get_xlabel() == "time constant (ms)"
    explorer.x_chooser.value = "dt"  # all at one place
    assert [x for x, _ in dots_of(explorer)] == [0.1] * 4
    explorer.x_chooser.value = "point"
    assert explorer.view == View("rate", "point")


def test_a_curve_a_point_is_scattered_at_one_place_of_it(design):
    explorer = explore(design, "V", x="tau", time=2.0)
    assert explorer.x_chooser.value == "tau"
    assert dots_of(explorer) == [(2.5, 4.5), (5.0, 7.0), (10.0, 12.0), (10.0, 12.0)]
    explorer.controls["time"].value = 0.0
    assert dots_of(explorer)[0] == (2.5, 2.5)
    explorer.y_chooser.value = "time"  # an image has the points in their order
    assert explorer.view.axes == ("time", "point")
    assert explorer.x_chooser.value == "point"


def test_another_variable_keeps_the_measure(design):
    view = first_view(design, "V", x="I")
    assert with_variable(design, view, "rate") == View("rate", "point", by="I")
    assert with_x(view, "time").by is None
    assert with_y(view, "time").by is None
    with pytest.raises(ValueError, match="'I' scatters the points of 'point'"):
        first_view(design, "V", x="I", y="time")


def test_points_without_the_parameter_are_left_out_and_counted(design):
    there = np.array([True, False, True, True])
    frame = Slicer(design.assign_coords(I_given=("point", there))).frame(View("rate", "point", by="I"))
    assert frame.x.positions.tolist() == [0.5, 1.0, 2.0]
    assert frame.values.tolist() == [20.0, 20.0, 5.0]
    assert frame.note == "3 of 4 values of point"


def test_many_points_are_thinned_and_said_so():
    n = 3 * MOST_DOTS
    x = np.random.default_rng(1).random(n)
    data = xr.Dataset({"z": ("point", x + 1), "status": ("point", np.ones(n, np.int8))}, {"x": ("point", x)})
    explorer = explore(data)
    dots = np.array(dots_of(explorer))
    assert len(dots) == MOST_DOTS
    np.testing.assert_array_equal(dots[:, 1], dots[:, 0] + 1)
    assert "20,000 of 60,000 values of point" in explorer.caption.value


def test_draws_from_a_wide_range_lie_on_a_logarithmic_axis():
    x = 10 ** np.random.default_rng(1).uniform(-4, 0, 200)
    explorer = explore(xr.Dataset({"z": ("sample", x)}, {"x": ("sample", x)}))
    assert explorer.figure.axes[0].get_xscale() == "log"


def test_a_slider_over_points_of_several_parameters_counts_them_and_the_title_names_them(design):
    long = design.assign_coords(I=("point", [0.5123, 0.25123, 1.0123, 2.0123], {"units": "1/ms"}))
    explorer = explore(long, "V", x="time")
    slider = explorer.controls["point"]
    assert (slider.description, slider.value, slider.max) == ("point (position)", 0, 3)
    slider.value = 3
    assert (
        explorer.figure.axes[0].get_title(loc="left") == "tau=2.5 ms, I=2.0123/ms, kind=b"
    )  # dt is the same everywhere
