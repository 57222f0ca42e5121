"""A place that was pinned: its curve stays, or what is shown is the difference from it."""

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore
from explorekit.explorer.drawing.palette import DIM


def frame(explorer):
    return explorer.shown.frame


def dim_line(explorer):
    return next(line for line in explorer.figure.axes[0].lines if line.get_color() == DIM)


def test_a_curve_that_is_pinned_stays_as_a_dim_one(results):
    explorer = explore(results, "V", x="time", I=0.5, tau_ref=10.0)
    explorer.picture._handle_custom_msg("ready", [])
    explorer.tools.buttons["Pin"].value = True
    explorer.controls["I"].value = results.I.values[8]
    np.testing.assert_array_equal(dim_line(explorer).get_ydata(), results.V.isel(I=5, tau_ref=2))
    np.testing.assert_array_equal(
        explorer.figure.axes[0].lines[0].get_ydata(), results.V.isel(I=8, tau_ref=2)
    )
    assert "pinned: I = 0.5 nA, tau_ref = 10 ms" in explorer.caption.value
    assert len(np.frombuffer(explorer.picture.frame["pinned"], np.float32)) == 20


def test_of_an_image_the_difference_is_shown_in_colours_round_zero(results):
    explorer = explore(results, "field", I=0.5, tau_ref=10.0)
    explorer.pin()
    assert not frame(explorer).values.any()
    explorer.controls["I"].value = results.I.values[8]
    np.testing.assert_array_equal(frame(explorer).values, 180.0)
    assert frame(explorer).label == "difference of field"
    limits = explorer.shown.scale.limits
    assert limits[0] == -limits[1]
    explorer.controls["I"].value = results.I.values[9]
    assert explorer.shown.scale.limits == limits
    explorer.compare_by("relative difference")
    np.testing.assert_allclose(frame(explorer).values, 100 * (results.field[9, 2] / results.field[5, 2] - 1))
    assert frame(explorer).label == "relative difference of field (%)"


def test_the_tool_offers_the_ways_of_what_is_shown(results):
    explorer = explore(results, "V", x="time", I=0.5, tau_ref=10.0)
    explorer.tools.buttons["Pin"].value = True
    pin = explorer.tools.bodies["Pin"]
    assert (pin.way.options, pin.way.value) == (("both", "difference", "relative difference"), "both")
    pin.way.value = "difference"
    explorer.controls["I"].value = results.I.values[6]
    np.testing.assert_allclose(frame(explorer).values, results.V[6, 2] - results.V[5, 2])
    explorer.variable_chooser.value = "field"
    explorer.x_chooser.value, explorer.y_chooser.value = "x", "y"
    assert (pin.way.options, pin.way.value) == (("difference", "relative difference"), "difference")
    pin.letting_go.click()
    assert explorer.pinned is None
    assert pin.letting_go.disabled
    np.testing.assert_array_equal(frame(explorer).values, results.field[6, 2])
    pin.again.click()
    assert explorer.pinned.index("I") == 6


def test_what_is_pinned_is_a_place_and_stays_one_in_other_views_and_newer_results(results, growing):
    study = growing(results.isel(I=slice(2, None)))
    explorer = explore(study, "rate", x="tau_ref", I=0.5)
    explorer.pin()
    study.grow(results, running=False)
    explorer.refresh()
    explorer.variable_chooser.value = "V"
    explorer.x_chooser.value = "time"
    np.testing.assert_array_equal(frame(explorer).extra["pinned"], results.V.isel(I=5, tau_ref=0))


def test_numbers_are_compared_and_say_in_what(results):
    explorer = explore(results, "rate", I=0.8, tau_ref=10.0, x="I")
    explorer.x_chooser.value = ""
    explorer.pin("relative difference")
    explorer.controls["I"].value = results.I.values[1]
    assert frame(explorer).text == "-38.8889 %"
    explorer.compare_by("difference")
    assert frame(explorer).text == "-7 Hz"


def test_texts_and_dates_are_shown_as_they_are():
    for values in (["a", "b"], np.array([0, 3], "M8[D]")):
        explorer = explore(xr.DataArray([values, values], dims=("k", "t"), name="v"), x="t", k=0)
        explorer.pin()
        assert explorer.shown.message == ""
        assert "pinned" not in frame(explorer).extra


def test_an_unknown_way_is_an_error_that_names_those_there_are(results):
    with pytest.raises(ValueError, match="got way='ratio'; expected one of 'both', 'difference'"):
        explore(results).pin("ratio")
