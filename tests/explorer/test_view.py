"""Which view comes first, and where a choice leads."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer.view import View, carried, first_view, with_index, with_variable, with_x, with_y


def test_a_field_is_an_image_of_its_last_two_dimensions(results):
    assert first_view(results, "field") == View("field", "x", "y")


def test_a_trace_is_a_line_over_its_output_dimension(results):
    assert first_view(results, "V") == View("V", "time")


def test_the_first_variable_that_is_not_the_status_comes_first(results):
    assert first_view(results[["status", "V", "rate"]]).variable == "V"


def test_a_number_over_a_short_and_a_long_axis_is_a_line_over_the_long_one(results):
    assert first_view(results, "rate") == View("rate", "I")


def test_a_number_over_two_long_axes_is_an_image():
    data = xr.Dataset(
        {
            "z": (("a", "b", "repetition"), np.zeros((9, 8, 30))),
            "status": (("a", "b", "repetition"), np.ones((9, 8, 30), np.int8)),
        }
    )
    assert first_view(data) == View("z", "a", "b")


def test_a_dataset_without_runs_has_a_view_too():
    assert first_view(xr.Dataset({"z": ((), 1.0)})) == View("z")
    assert first_view(xr.Dataset({"z": ("t", [1.0, 2.0])})) == View("z", "t")
    assert first_view(xr.Dataset({"z": (("t", "y", "x"), np.zeros((3, 9, 9)))})) == View("z", "x", "y")


def test_before_the_first_result_there_is_no_variable(results):
    assert first_view(results[["status"]]) == View(None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"variable": "rat"}, "did you mean 'rate'"),
        ({"variable": "rate", "x": "tau"}, "did you mean 'tau_ref'"),
        ({"variable": "rate", "y": "time"}, "'time'"),
        ({"variable": "rate", "x": "I", "y": "I"}, "two different"),
    ],
)
def test_a_wrong_name_gets_the_nearest_known_one(results, asked, said):
    with pytest.raises(ValueError, match=said):
        first_view(results, **asked)


def test_y_alone_gets_the_longest_partner(results):
    assert first_view(results, "rate", y="tau_ref") == View("rate", "I", "tau_ref")


def test_another_variable_keeps_the_axes_that_it_has(results):
    image = View("rate", "I", "tau_ref")
    assert with_variable(results, image, "V").axes == ("tau_ref", "I")
    assert with_variable(results, View("V", "time"), "rate") == View("rate", "I")


def test_a_dimension_never_lies_on_both_axes():
    assert with_x(View("z", "a", "b"), "b") == View("z", "b", "a")
    assert with_y(View("z", "a", "b"), "a") == View("z", "b", "a")
    assert with_y(View("z", "a"), "a") == View("z", "a")


def test_without_x_there_is_no_y():
    assert with_x(View("z", "a", "b"), None) == View("z")
    assert with_y(View("z"), "a") == View("z", "a")


def test_an_index_stays_on_the_axis(results):
    assert with_index(results, View("rate"), "tau_ref", 99).index("tau_ref") == 2


def test_a_newer_snapshot_keeps_the_label_not_the_index(results):
    view = View("rate", "I", None, {"tau_ref": 1})
    longer = results.reindex(tau_ref=[5.0, 6.0, 7.5, 10.0])
    assert carried(view, results, longer).index("tau_ref") == 2


def test_a_newer_snapshot_with_other_labels_at_the_same_places_keeps_the_label(results):
    turned = results.isel(tau_ref=[2, 0, 1])
    assert carried(View("rate", "I", None, {"tau_ref": 1}), results, turned).index("tau_ref") == 2


def test_a_newer_snapshot_without_an_axis_has_others(results):
    view = View("V", "time", None, {"I": 3, "time": 4})
    now = carried(view, results, results.isel(time=0))
    assert (now.axes, now.selection) == (("I",), {"I": 3})
    assert carried(View("V"), results, results.isel(time=0)).axes == ()


@pytest.mark.parametrize("module", ["view", "slicing", "scale", "source", "selecting"])
def test_the_model_of_the_view_knows_neither_widgets_nor_matplotlib(module):
    code = f"import sys, explorekit.explorer.{module}; print([m for m in ('ipywidgets', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
