"""What is typed beside a slider."""

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.explorer.access import Access


def type_in(explorer, slider, text):
    """Do what a browser does when somebody has typed beside a slider."""
    access = next(child for child in explorer.menus.children if isinstance(child, Access))
    access._handle_custom_msg({"slider": slider, "typed": text}, [])


@pytest.mark.parametrize(
    ("typed", "value", "said"),
    [
        ("7.5", 7.5, ""),
        ("9", 10.0, "tau_ref = 9 is not on the grid: showing the nearest"),
        ("1e9", 10.0, "tau_ref = 1e9 is not on the grid: showing the nearest"),
        ("<b>", 5.0, "&lt;b&gt;"),
    ],
)
def test_the_nearest_value_is_shown_and_said(results, typed, value, said):
    explorer = ek.explore(results, "rate", x="I")
    slider = explorer.controls["tau_ref"]
    type_in(explorer, slider.description, typed)
    assert slider.value == value
    assert explorer.view.index("tau_ref") == slider.index
    assert said in explorer.caption.value


def test_dates_and_labels_are_understood():
    days = np.array(["2026-01-01", "2026-01-03", "2026-02-01"], "M8[ns]")
    data = xr.DataArray(np.eye(3), dims=("day", "x"), coords={"day": days}, name="height")
    explorer = ek.explore(data, x="x")
    type_in(explorer, "day", "2026-01-30")
    assert explorer.view.index("day") == 2
    type_in(explorer, "day", explorer.slicer.labels("day")[1])
    assert (explorer.view.index("day"), explorer.caption.value) == (1, "")


def test_a_text_for_a_slider_that_is_gone_is_left_alone(results):
    explorer = ek.explore(results, "rate", x="I")
    before = explorer.view
    type_in(explorer, "nothing of ours", "1")
    assert explorer.view == before
