"""Logarithmic scales, colours, limits, and two variables by difference or ratio."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import colormaps
from matplotlib.pyplot import close

from explorekit.explorer import explore
from explorekit.explorer.drawing import Canvas
from explorekit.explorer.drawing.kinds import frame_of
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.view import COLOURS, View


@pytest.fixture
def growth():
    """Values over six decades, and others to compare them with."""
    size = 10.0 ** np.arange(-3, 4)[:, None] * np.linspace(1, 2, 9)
    data = {"size": (("a", "b"), size, {"units": "m"}), "ground": ("b", np.arange(9.0), {"units": "m"})}
    return xr.Dataset(data, {"a": np.arange(1.0, 8), "b": np.arange(9.0)})


@pytest.mark.parametrize("ready", [False, True])
def test_values_can_be_on_a_logarithmic_scale(growth, ready):
    explorer = explore(growth, "size", x="b", norm="log", a=3)
    if ready:
        explorer.picture._handle_custom_msg("ready", [])
        heights = np.frombuffer(explorer.picture.frame["heights"], np.float32)
        assert (heights >= 0).all()
        assert (heights <= 1).all()
    axes = explorer.figure.axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 0


def test_colours_can_be_on_a_logarithmic_scale_here_and_in_the_browser(growth, colour_at):
    explorer = explore(growth, "size", x="b", y="a", norm="log")
    middle = colormaps["viridis"](np.log(1e3) / np.log(2e6))
    assert np.allclose(colour_at(explorer, 0, 4.2), np.array(middle[:3]) * 255, atol=4)
    explorer.picture._handle_custom_msg("ready", [])
    cells = np.frombuffer(explorer.picture.frame["cells"], np.uint8).reshape(7, 9)
    assert cells[0, 0] == 1
    assert cells[6, 8] == 254
    assert abs(int(cells[3, 0]) - 254 * np.log(1e3) / np.log(2e6)) < 2


def test_values_that_are_not_positive_have_no_place_on_a_logarithmic_scale():
    explorer = explore(xr.Dataset({"z": ("a", [-1.0, 0.0, 1.0, 100.0])}), norm="log")
    explorer.picture._handle_custom_msg("ready", [])
    heights = np.frombuffer(explorer.picture.frame["heights"], np.float32)
    assert np.isnan(heights).tolist() == [True, True, False, False]


def test_axes_can_be_logarithmic_or_not(growth):
    assert explore(growth, x="a", y="b", xscale="log").figure.axes[0].get_xscale() == "log"
    # There is no place for zero.
    assert explore(growth, x="b", y="a", xscale="log").figure.axes[0].get_xscale() == "linear"
    growth = growth.assign_coords(a=10.0 ** np.arange(7))
    assert explore(growth, x="a", b=0.0).figure.axes[0].get_xscale() == "log"
    assert explore(growth, x="a", b=0.0, xscale="linear").figure.axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_chosen_by_name(growth, name, colour_at):
    explorer = explore(growth, "size", x="b", y="a", cmap=name)
    lowest = np.array(colormaps[name](0.0)[:3]) * 255
    assert np.allclose(colour_at(explorer, 0, 1.2), lowest, atol=3)


def test_limits_are_of_all_of_each_or_typed(growth):
    limits = [
        explore(growth, "size", x="b", a=1, limits=given).figure.axes[0].get_ylim()
        for given in (None, "frame", (0, 1))
    ]
    assert limits[0][1] > 2000
    assert limits[1] == pytest.approx((0.00095, 0.00205))
    assert limits[2] == pytest.approx((-0.05, 1.05))


def test_limits_of_each_picture_follow_the_slider(growth):
    explorer = explore(growth, "size", x="b", a=1, limits="frame")
    explorer.controls["a"].value = 7
    assert explorer.figure.axes[0].get_ylim() == pytest.approx((950, 2050))


def test_two_variables_are_compared_by_difference_and_ratio(growth):
    explorer = explore(growth, "size", x="b", minus="ground", a=4)
    axes = explorer.figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), growth["size"].sel(a=4) - growth.ground)
    assert axes.get_ylabel() == "size − ground (m)"
    axes = explore(growth, "size", x="b", over="ground", a=4).figure.axes[0]
    assert axes.get_ylabel() == "size / ground"
    np.testing.assert_allclose(axes.lines[0].get_ydata()[1:], (growth["size"].sel(a=4) / growth.ground)[1:])


def test_a_difference_is_reduced_like_any_other(growth):
    explorer = explore(growth, "size", x="b", minus="ground", reduce={"a": "mean"})
    expected = (growth["size"] - growth.ground).mean("a")
    np.testing.assert_allclose(explorer.figure.axes[0].lines[0].get_ydata(), expected)


def test_the_scale_tool_changes_all_of_it_without_code(growth):
    explorer = explore(growth, "size", x="b", y="a")
    explorer.tools.buttons["Scale"].value = True
    tool = explorer.tools.bodies["Scale"]
    tool.norm.value = "log"
    tool.cmap.value = "cividis"
    tool.xscale.value = "linear"
    tool.limits.value = "as typed"
    tool.low.value = 0.5
    assert (explorer.view.norm, explorer.view.cmap, explorer.view.xscale) == ("log", "cividis", "linear")
    assert explorer.view.limits == (0.5, explorer.view.limits[1])
    tool.swap.click()
    assert (explorer.view.x, explorer.view.yscale) == ("a", "linear")
    tool.limits.value = "of all values"
    tool.compared.value = "minus"
    assert explorer.view.minus == "ground"
    tool.compared.value = "divided by"
    assert (explorer.view.minus, explorer.view.over) == (None, "ground")
    assert explore(growth, **explorer.state).view.over == "ground"
    explorer.variable_chooser.value = "ground"
    assert explorer.view.over is None


@pytest.mark.parametrize(
    "looks",
    [
        {"x": "b", "y": "a", "norm": "log", "cmap": "cividis"},
        {"x": "a", "norm": "log", "xscale": "log", "limits": (0.1, 9.0)},
        {"x": "a", "minus": "ground", "reduce": {"b": "max"}},
        {"x": "b", "over": "ground"},
    ],
)
def test_the_code_of_looks_runs(growth, looks):
    code = explore(growth, "size", **looks).code
    names = {"results": growth, "dataset": growth}
    exec(compile(code.replace("xr.open_dataset", "(lambda *_: results)#"), "code", "exec"), names)
    assert "figure" in names
    close("all")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"norm": "logarithm"}, "did you mean 'log'"),
        ({"cmap": "viridi"}, "did you mean 'viridis'"),
        ({"limits": (2, 1)}, "unknown limits"),
        ({"minus": "grund"}, "did you mean 'ground'"),
        ({"minus": "ground", "over": "ground"}, "not both"),
        ({"variable": "ground", "over": "size"}, "'size' has the dimension 'a', which 'ground' lacks"),
    ],
)
def test_looks_that_cannot_be_are_refused_with_a_reason(growth, asked, said):
    with pytest.raises(ValueError, match=said):
        explore(growth, **({"variable": "size"} | asked))


def test_other_limits_of_colours_draw_only_the_numbers_beside_them_if_there_is_room():
    values = np.linspace(0, 1, 64).reshape(8, 8) * [[[1.0]], [[1.3]], [[1e5]]]
    slicer = Slicer(xr.Dataset({"u": (("a", "y", "x"), values)}))

    def background(canvas, a):
        frame = frame_of(slicer, View("u", "x", "y", {"a": a}))
        return canvas.background(frame, Scale().including(frame.values))

    canvas = Canvas()
    first, second, third = (background(canvas, a) for a in (0, 1, 2))
    assert canvas.redraws == 2
    assert second not in (None, first)
    assert (second, third) == (background(Canvas(), 1), background(Canvas(), 2))
    assert background(canvas, 2) is None
