"""A map of all runs, and beside it the one that is picked."""

import numpy as np
import pytest

from explorekit.explorer import explore


def test_a_click_on_the_map_takes_the_trace_there(results):
    both = explore(results, "rate").beside("V")
    (trace,) = both.details
    assert (both.summary.view.axes, trace.view.axes) == (("tau_ref", "I"), ("time",))
    assert both.summary.picked == {"I": 0.5, "tau_ref": 7.5}
    both.summary.picture.pick = [2, 8]
    line = trace.figure.axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), results.V.isel(I=8, tau_ref=2))


def test_controls_that_both_have_are_shown_once_and_move_both(results):
    repeated = results.expand_dims(repetition=3)
    both = explore(repeated, "rate", repetition=1).beside("V")
    assert list(both.controls) == ["repetition", "I", "tau_ref"]
    for explorer in both.explorers:
        assert explorer.sliders.children == ()
    both.controls["repetition"].value = 2
    assert [explorer.view.index("repetition") for explorer in both.explorers] == [2, 2]
    both.controls["I"].index = 7
    assert both.summary.picked["I"] == pytest.approx(0.7)


def test_what_is_shared_changes_with_the_axes(results):
    both = explore(results, "rate").beside("V")
    (trace,) = both.details
    trace.x_chooser.value = "I"
    assert list(both.controls) == ["tau_ref"]
    assert [control.description for control in trace.sliders.children] == ["time (ms)"]
    both.summary.y_chooser.value = ""
    assert list(both.controls) == ["tau_ref"]


def test_axes_that_were_asked_for_stay(results):
    both = explore(results, "rate", x="I").beside("V", "field")
    assert [explorer.view.axes for explorer in both.explorers] == [("I",), ("time",), ("y", "x")]


def test_a_dataset_without_status_has_its_map_over_what_both_have(results):
    both = explore(results.drop_vars("status"), "rate").beside("V")
    assert [explorer.view.axes for explorer in both.explorers] == [("tau_ref", "I"), ("time",)]
    number = explore(results.drop_vars("status")[["rate"]].assign(spikes=results.rate), "rate").beside(
        "spikes"
    )
    assert number.details[0].view.axes == ()


def test_it_waits_with_a_study_for_its_first_results(results, growing):
    study = growing(results[["status"]])
    both = explore(study, "rate").beside("V")
    assert both.summary.view.variable is None
    study.grow(results, running=False)
    for explorer in both.explorers:
        explorer.refresh()
    assert [explorer.view.axes for explorer in both.explorers] == [("tau_ref", "I"), ("time",)]
    both.summary.picture.pick = [2, 8]
    assert both.details[0].view.index("I") == 8


def test_names_that_are_not_there_are_told(results):
    with pytest.raises(ValueError, match="unknown variable 'v'; did you mean 'V'"):
        explore(results, "rate").beside("v")
    with pytest.raises(ValueError, match="name the variables to show beside"):
        explore(results, "rate").beside()
    with pytest.raises(ValueError, match="rate and other have no dimension in common"):
        explore(results.assign(other=("k", [1.0, 2.0])), "rate").beside("other")


def test_closing_it_closes_all_of_it(results):
    both = explore(results, "rate").beside("V")
    both.close()
    assert all(explorer.comm is None for explorer in both.explorers)


def test_a_click_on_a_picture_of_an_atlas_leads_to_the_field(results):
    both = explore(results, "field", row="tau_ref", column="I").beside("field", "rate")
    atlas, field, number = both.explorers
    atlas.picture._handle_custom_msg("ready", [])
    assert (field.view.axes, number.view.axes) == (("y", "x"), ())
    assert atlas.picked == {"I": 0.5, "tau_ref": 7.5}
    atlas.picture.pick = [7]
    np.testing.assert_array_equal(field.shown.frame.values, results.field.isel(I=9, tau_ref=0))
    field.controls["tau_ref"].index = 2
    assert atlas.picture.pick == [23]
