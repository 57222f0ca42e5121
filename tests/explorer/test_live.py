"""Following a study that is running."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore
from explorekit.explorer.controls import slice_control


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("explorekit.explorer.refreshing.SHARE", 1.0)


def watching():
    return [t for t in threading.enumerate() if t.name == "explorekit-watch"]


def line(explorer):
    with explorer.lock:
        return explorer.figure.axes[0].lines[0].get_ydata()


def top(explorer):
    with explorer.lock:
        return explorer.figure.axes[0].get_ylim()[1]


def message(explorer):
    with explorer.lock:
        return explorer.figure.axes[0].texts[-1].get_text()


def status_with(ok):
    status = np.zeros((10, 3), np.int8)
    status[:ok] = 1
    return status


def test_new_results_appear_and_the_selection_stays(growing, results_with, eventually, pixels):
    study = growing(results_with(status_with(3)))
    explorer = explore(study, "rate", x="I", y="tau_ref")
    before = pixels(explorer)
    study.grow(results_with(status_with(8)))
    eventually(lambda: "6 not run yet" in explorer.caption.value)
    assert not np.array_equal(before, pixels(explorer))

    explorer.y_chooser.value = ""
    explorer.controls["tau_ref"].value = 7.5
    study.grow(results_with(status_with(10)))
    eventually(lambda: np.isfinite(line(explorer)).all())
    assert explorer.controls["tau_ref"].value == 7.5
    assert explorer.view.index("tau_ref") == 1


def test_before_the_first_result_the_parameters_are_there(growing, results, eventually):
    study = growing(results[["status"]])
    explorer = explore(study, "V", x="time")
    assert message(explorer) == "waiting for the first result"
    assert list(explorer.controls) == ["I", "tau_ref"]
    explorer.controls["tau_ref"].value = 10.0

    study.grow(results)
    eventually(lambda: explorer.view.variable == "V")
    assert explorer.view.x == "time"
    assert explorer.controls["tau_ref"].value == 10.0
    assert "rate" in dict(explorer.variable_chooser.options)


def test_a_run_that_ends_without_a_result_is_not_waited_for(growing, results, eventually):
    study = growing(results[["status"]])
    explorer = explore(study)
    study.running = False
    eventually(lambda: message(explorer) == "no results yet")
    assert message(explore(study)) == "no results yet"


def test_what_is_shown_is_asked_for_first_also_when_it_was_not_there_at_once(growing, results, eventually):
    asked = []
    study = growing(results[["status"]])
    study.prefer = asked.append
    explorer = explore(study, "V", tau_ref=10.0)
    assert asked == [{}]

    study.grow(results)
    eventually(lambda: asked[1:] == [{"I": 0, "tau_ref": 2}])
    explorer.controls["I"].index = 3
    assert asked[-1] == {"I": 3, "tau_ref": 2}


def test_a_study_that_does_not_run_is_asked_for_nothing(growing, results):
    asked = []
    study = growing(results, running=False)
    study.prefer = asked.append
    explore(study, "V").controls["I"].index = 3
    assert asked == []


def test_a_wrong_name_given_before_the_first_result_is_told_when_it_comes(growing, results, eventually):
    study = growing(results[["status"]])
    explorer = explore(study, "rat")
    study.grow(results)
    eventually(lambda: "did you mean" in explorer.caption.value)
    assert explorer.view.variable == "rate"


def test_limits_follow_the_data_and_never_shrink(growing, results, eventually):
    study = growing(results)
    explorer = explore(study, "rate", x="I")
    study.grow(results.assign(rate=results.rate * 10))
    eventually(lambda: top(explorer) > 150)
    study.grow(results)
    eventually(lambda: np.nanmax(line(explorer)) < 20)
    assert top(explorer) > 150


def test_the_thread_ends_with_the_run_after_the_last_result(growing, results, results_with, eventually):
    study = growing(results_with(status_with(3)))
    explorer = explore(study, "rate", x="I", y="tau_ref")
    assert len(watching()) == 1
    study.grow(results_with(status_with(10)), running=False)
    eventually(lambda: not watching())
    assert "not run yet" not in explorer.caption.value


def test_a_study_at_rest_is_not_watched(growing, results):
    explore(growing(results, running=False))
    assert not watching()


def test_touching_a_control_takes_the_newest_and_watches_again(growing, results, results_with):
    study = growing(results_with(status_with(3)), running=False)
    explorer = explore(study, "rate", x="I")
    study.grow(results, running=True)
    explorer.controls["tau_ref"].index = 2
    assert np.isfinite(line(explorer)).all()
    assert len(watching()) == 1


def test_a_closed_explorer_is_freed_and_leaves_no_thread(growing, results):
    explorer = explore(growing(results))
    here = weakref.ref(explorer)
    explorer.close()
    assert not watching()
    del explorer
    gc.collect()
    assert here() is None


def test_a_source_in_trouble_is_asked_again(growing, results, eventually, caplog):
    class Troubled(growing):
        failures = 0

        @property
        def results(self):
            if self.generation == 1 and self.failures < 1:
                self.failures += 1
                raise OSError("moved")
            return self.now

        @results.setter
        def results(self, value):
            self.now = value

    study = Troubled(results)
    explorer = explore(study, "rate", x="I")
    study.grow(results.assign(rate=results.rate * 0))
    eventually(lambda: np.nanmax(line(explorer)) == 0)
    assert "trying again" in caplog.text


def test_a_variable_that_cannot_be_read_keeps_no_other_from_being_followed(
    growing, results, unreadable, eventually
):
    study = growing(results)
    explorer = explore(study, "rate", x="I")
    explorer.variable_chooser.value = "V"
    study.grow(unreadable.assign(V=results.V + 100))
    eventually(lambda: np.nanmin(line(explorer)) > 50)


def test_an_axis_that_grew_keeps_the_label_under_the_slider(growing, results, eventually):
    study = growing(results)
    explorer = explore(study, "V", tau_ref=7.5)
    study.grow(results.reindex(tau_ref=[5.0, 6.0, 7.5, 10.0], fill_value={"status": 0}))
    eventually(lambda: len(explorer.controls["tau_ref"].options) == 4)
    assert explorer.controls["tau_ref"].value == 7.5


ROLES = [
    {"x": "time", "reduce": {"I": "mean"}},
    {"x": "time", "band": "I"},
    {"x": "time", "hue": "I"},
    {"x": "time", "row": "I", "column": "tau_ref"},
    {"x": "time", "animate": "I"},
    {"x": "time", "y": "I", "reduce": {"tau_ref": "median"}},
    {"x": "I", "y": "time", "kind": "contour", "column": "tau_ref"},
    {"x": "time", "y": "I", "kind": "histogram"},
]


@pytest.mark.parametrize("asked", ROLES, ids=str)
def test_a_dimension_that_is_gone_has_no_role(growing, results, asked):
    study = growing(results, running=False)
    explorer = explore(study, "V", **asked)
    explorer.tools.buttons["Roles"].value = True
    study.grow(results.isel(I=5), running=False)
    explorer.refresh()
    assert explorer.shown.message == ""
    assert "I" not in explorer.view.placed
    assert "I" not in {*explorer.controls, *explorer.tools.bodies["Roles"].menus, explorer.view.animate}
    assert explorer.state["variable"] == "V"
    study.grow(results, running=False)
    explorer.refresh()
    assert explorer.shown.message == ""
    assert "I" in explorer.controls


@pytest.mark.parametrize("asked", ROLES, ids=str)
def test_a_variable_that_lacks_a_dimension_gives_it_no_role(results, asked):
    explorer = explore(results.assign(flat=results.V.isel(I=5, drop=True)), "V", **asked)
    explorer.variable_chooser.value = "flat"
    assert explorer.shown.message == ""
    assert "I" not in {*explorer.view.placed, *explorer.controls, explorer.view.animate}


def test_points_that_lose_the_parameter_by_which_they_are_scattered_are_drawn(growing):
    made = xr.Dataset(
        {"loss": ("point", np.arange(5.0))},
        {"rate": ("point", np.arange(5.0) ** 2), "size": ("point", np.arange(5))},
    )
    study = growing(made, running=False)
    explorer = explore(study, "loss", x="rate")
    study.grow(made.drop_vars("rate"), running=False)
    explorer.refresh()
    assert (explorer.shown.message, explorer.view.by) == ("", "size")


def test_values_that_are_replaced_are_on_their_slider(growing, results):
    study = growing(results, running=False)
    explorer = explore(study, "V", x="time", tau_ref=7.5)
    study.grow(results.assign_coords(tau_ref=[7.5, 20.0, 30.0]), running=False)
    explorer.refresh()
    assert explorer.controls["tau_ref"].value == 7.5
    assert [value for _, value in explorer.controls["tau_ref"].options] == [7.5, 20.0, 30.0]


def test_controls_are_whole_also_while_one_is_replaced(growing, results, monkeypatch):
    watched, making = threading.Event(), threading.Event()

    def slowly(*given):
        if watched.is_set():
            making.set()
            time.sleep(0.2)
        return slice_control(*given)

    monkeypatch.setattr("explorekit.explorer.sliders.slice_control", slowly)
    study = growing(results)
    explorer = explore(study, "V")
    watched.set()
    study.grow(results.reindex(tau_ref=[5.0, 6.0, 7.5, 10.0], fill_value={"status": 0}))
    assert making.wait(60)
    assert len(explorer.controls["tau_ref"].options) == 4


def test_turning_while_results_arrive_ends_on_what_was_chosen(growing, results, eventually):
    study = growing(results)
    explorer = explore(study, "V", I=0.9)
    for index in [0, 1, 2] * 30:
        study.grow(results)
        explorer.controls["tau_ref"].index = index
    study.grow(results, running=False)
    eventually(lambda: not watching())
    np.testing.assert_array_equal(
        explorer.figure.axes[0].lines[0].get_ydata(), results.V.isel(I=9, tau_ref=2)
    )
