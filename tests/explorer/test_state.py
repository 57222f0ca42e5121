"""A view goes into a dict that JSON can hold, and comes back, whatever its coordinates are."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from explorekit.explorer import explore


def there_and_back(explorer, data):
    """Another explorer on the same data, which is told the state alone."""
    return explore(data, **json.loads(json.dumps(explorer.state, allow_nan=False)))


def test_a_view_comes_back_from_its_state(results):
    explorer = explore(results, "field", I=0.5, tau_ref=7.5)
    assert explorer.state == {
        "variable": "field",
        "x": "x",
        "y": "y",
        "selection": {"I": 0.5, "tau_ref": 7.5},
    }
    again = there_and_back(explorer, results)
    assert again.state == explorer.state
    assert again.caption.value == ""
    np.testing.assert_array_equal(
        again.figure.axes[0].images[0].get_array(), results.field.sel(I=0.5, tau_ref=7.5)
    )


@pytest.mark.parametrize(("x", "y"), [("", ""), ("time", ""), ("I", "tau_ref")])
def test_numbers_lines_and_images_come_back_as_such(results, x, y):
    explorer = explore(results, "V")
    explorer.x_chooser.value, explorer.y_chooser.value = x, y
    for control in explorer.controls.values():
        control.index = 2
    assert there_and_back(explorer, results).view == explorer.view


COORDINATES = {
    "dates": pd.date_range("2024-01-01", periods=4, freq="7h"),
    "time differences": pd.to_timedelta([0, 1, 250, 7_000_000_001], unit="ns"),
    "texts": ["adam", "sgd", "ad$am", "<b>"],
    "truth values": [False, True],
    "narrow floats": np.array([0.1, 0.2, 0.3, 0.4], "f4"),
    "descending": [3.0, 2.0, 1.0, 0.0],
    "some missing": [1.0, np.nan, 2.0, np.nan],
    "some infinite": [1.0, np.inf, 2.0, -np.inf],
    "not a time": np.array(["NaT", "2024-01-01", "NaT", "2024-01-02"], "M8[ns]"),
    "twice the same": [1.0, 1.0, 2.0, 2.0],
    "complex": [1j, 2j, 3j, 4j],
    "large": [2**60, 2**60 + 1, 2**60 + 2, 2**60 + 3],
    "objects": np.array([None, (1, 2), "x", 4], dtype=object),
}


@pytest.mark.parametrize("kind", COORDINATES)
def test_every_position_along_every_kind_of_coordinate_comes_back(kind):
    size = len(COORDINATES[kind])
    coordinate = xr.Variable("a", COORDINATES[kind])
    data = xr.Dataset({"z": (("a", "t"), np.arange(3.0 * size).reshape(size, 3))}, {"a": coordinate})
    explorer = explore(data, x="t", a={"position": 0})
    again = explore(data, x="t", a={"position": 0})
    for index in range(size):
        explorer.controls["a"].index = index
        again.restore(json.loads(json.dumps(explorer.state, allow_nan=False)))
        assert again.view == explorer.view
        assert again.controls["a"].index == index


def test_paired_parameters_and_bare_dimensions_come_back():
    data = xr.Dataset(
        {"z": (("pair", "bare", "t"), np.zeros((3, 4, 9)))},
        {"x": ("pair", [1, 1, 2]), "y": ("pair", [3, 4, 4])},
    )
    explorer = explore(data, x="t", pair={"x": 1, "y": 4}, bare=2)
    assert explorer.state["selection"] == {"pair": {"x": 1, "y": 4}, "bare": 2}
    assert there_and_back(explorer, data).view == explorer.view
    with pytest.raises(ValueError, match="nothing along pair is at x = 2, y = 3"):
        explore(data, x="t", pair={"x": 2, "y": 3})
    with pytest.raises(ValueError, match="unknown coordinate along pair: 'yy'; did you mean 'y'"):
        explore(data, x="t", pair={"yy": 2})


def test_scattered_points_come_back():
    data = xr.Dataset({"z": ("point", np.arange(5.0))}, {"tau": ("point", [3.0, 1.0, 2.0, 5.0, 4.0])})
    explorer = explore(data, x="tau")
    assert explorer.state == {"variable": "z", "x": "point", "by": "tau", "selection": {}}
    assert there_and_back(explorer, data).view == explorer.view


@pytest.mark.parametrize(
    "roles",
    [
        {"hue": "tau_ref"},
        {"reduce": {"I": "median, 5–95 %"}},
        {"column": "I", "animate": "tau_ref"},
        {"kind": "line"},
    ],
)
def test_roles_and_the_kind_of_plot_come_back(results, roles):
    explorer = explore(results, "V", x="time", **roles)
    assert explorer.state.items() >= roles.items()
    again = there_and_back(explorer, results)
    assert again.state == explorer.state
    assert again.shown[0].kind == explorer.shown[0].kind


def test_a_value_that_is_gone_becomes_the_nearest_and_a_note_says_so(results):
    state = explore(results, "V", I=0.5).state
    explorer = explore(results.isel(I=[0, 9]), "V")
    explorer.restore(state)
    assert explorer.controls["I"].value == 0.9
    assert "I = 0.5 is not on the grid: showing the nearest" in explorer.caption.value
    explorer.restore(explorer.state)
    assert explorer.caption.value == ""


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"variable": "rates"}, "unknown variable 'rates'; did you mean 'rate'"),
        ({"x": "tim"}, "did you mean 'time'"),
        ({"selection": {"J": 1.0}}, "unknown dimension 'J'"),
        ({"colour": "red"}, "unknown part of a view 'colour'"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(results, part, said):
    explorer = explore(results, "V", I=0.5)
    before = explorer.view
    with pytest.raises(ValueError, match=said):
        explorer.restore({**explorer.state, **part})
    assert explorer.view == before


def test_a_state_is_kept_for_a_study_that_has_no_results_yet(results, growing):
    state = explore(results, "V", I=0.5, tau_ref=7.5).state
    study = growing(results[["status"]])
    explorer = explore(study, **state)
    assert "waiting for the first result" in explorer.figure.axes[0].texts[-1].get_text()
    study.grow(results, running=False)
    explorer.refresh()
    assert explorer.state == state
