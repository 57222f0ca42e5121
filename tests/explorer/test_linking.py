"""Explorers that move together: by label, to the nearest where there is none, and each its own way when unlinked."""

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.explorer import explore


def curve(values, dim="tau", attrs=None, name="rate"):
    values = np.asarray(values)
    coordinate = (dim, values, attrs or {})
    return xr.DataArray(np.zeros((3, len(values))), dims=("I", dim), coords={dim: coordinate}, name=name)


def two(one, other, **options):
    """Two linked explorers over I."""
    explorers = explore(one, x="I", **options), explore(other, x="I", **options)
    return (*explorers, ek.link(*explorers))


def test_a_slider_of_one_moves_that_of_the_other_by_label():
    one, other, _ = two(curve([5.0, 7.5, 10.0]), curve([10.0, 7.5, 2.5, 5.0]))
    one.controls["tau"].value = 7.5
    assert other.controls["tau"].value == 7.5
    assert other.caption.value == ""
    other.controls["tau"].value = 10.0
    assert one.controls["tau"].value == 10.0
    assert one.shown.frame.title == "tau = 10"


def test_a_label_that_is_not_there_becomes_the_nearest_and_the_caption_says_so():
    one, other, _ = two(curve([5.0, 7.5, 10.0], attrs={"units": "ms"}), curve([4.0, 8.0, 9.0]))
    one.controls["tau"].value = 7.5
    assert other.controls["tau"].value == 8.0
    assert one.controls["tau"].value == 7.5
    assert "tau = 7.5 ms is not here: showing the nearest, tau = 8" in other.caption.value
    one.controls["tau"].value = 5.0
    assert "tau = 5 ms is not here: showing the nearest, tau = 4" in other.caption.value


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (curve(["a", "b"]), curve(["a", "c"]), "tau stays where it is: tau = b is not here"),
        (curve([1.0, 2.0]), curve(["a", "c"]), "tau = 2 is not here"),
        (curve([1.0, np.nan]), curve([1.0, 2.0]), "tau stays where it is"),
        (curve([1.0, 2.0]), curve([np.nan, np.nan, np.nan]), "tau stays where it is"),
        (curve([1, 2]), curve(np.array(["2026-01-01", "2026-01-02"], "M8[ns]")), "tau stays"),
        (curve([1.0, 2.0]), curve([1.0, 2.0]).drop_vars("tau"), "only one of both has values along it"),
        (
            curve([1.0, 2.0], attrs={"units": "ms"}),
            curve([1.0, 2.0], attrs={"units": "s"}),
            "it is in s here, and in ms there",
        ),
        (
            curve([1.0, 2.0]).drop_vars("tau").assign_coords(k=("tau", [1, 2])),
            curve([1.0, 2.0]).drop_vars("tau").assign_coords(k=("tau", [1, 3])),
            "k=2 is not here",
        ),
    ],
)
def test_what_cannot_be_compared_stays_and_says_why(one, other, words):
    one, other, _ = two(one, other)
    one.controls["tau"].index = 1
    assert words in other.caption.value
    assert other.view.index("tau") == 0


def test_repeated_values_are_told_apart_where_both_have_the_same():
    one, other, _ = two(curve([1.0, 1.0, np.nan, 1.0]), curve([1.0, 1.0, np.nan, 1.0]))
    one.controls["tau"].index = 2
    assert other.view.index("tau") == 2


def test_positions_without_labels_go_as_far_as_there_are_any():
    one, other, _ = two(curve(range(9)).drop_vars("tau"), curve(range(4)).drop_vars("tau"))
    one.controls["tau"].value = 3
    assert other.controls["tau"].value == 3
    one.controls["tau"].value = 7
    assert other.controls["tau"].value == 3
    assert "tau = 7 is not here: showing the nearest, tau = 3" in other.caption.value


def test_dimensions_that_only_one_has_are_its_own(results):
    line, image = explore(results, "V", x="time"), explore(results, "field", I=0.9)
    ek.link(line, image)
    assert image.view.index("I") == 0  # where the first one stands
    line.controls["tau_ref"].index = 2
    assert image.controls["tau_ref"].index == 2
    assert set(image.controls) == {"I", "tau_ref"}


def test_a_pick_moves_sliders_and_a_slider_the_cross_hair(results):
    summary, detail = explore(results, "rate", x="I", y="tau_ref"), explore(results, "V", x="time")
    ek.link(summary, detail)
    assert summary.picked == {"I": 0.0, "tau_ref": 5.0}
    summary.picture.pick = [2, 7]
    assert [control.index for control in detail.controls.values()] == [7, 2]
    detail.controls["tau_ref"].index = 1
    assert summary.picked == {"I": pytest.approx(0.7), "tau_ref": 7.5}
    assert summary.shown.frame.pick == (1, 7)
    detail.picture.pick = [4]
    assert summary.shown.frame.pick == (1, 7)


def test_a_dimension_that_becomes_a_slider_takes_its_place_from_the_others(results):
    one, other = explore(results, "V", x="time"), explore(results, "V", x="time")
    ek.link(one, other)
    one.x_chooser.value = "I"
    other.controls["I"].index = 6
    one.controls["time"].index = 3
    one.x_chooser.value = "time"
    assert one.controls["I"].index == 6
    assert other.controls["I"].index == 6


def test_three_of_which_two_have_other_values_do_not_chase_each_other():
    values = ([0.0, 1.0, 2.0], [0.4, 1.6], [0.1, 0.9, 2.1])
    explorers = [explore(curve(v), x="I") for v in values]
    ek.link(*explorers)
    ek.link(*explorers[::-1])
    explorers[0].controls["tau"].value = 1.0
    assert [each.controls["tau"].value for each in explorers] == [1.0, 0.4, 0.9]


def test_unlinked_each_goes_its_own_way(results):
    one, other, both = two(results.rate, results.rate)
    both.unlink()
    both.unlink()
    one.controls["tau_ref"].index = 2
    assert other.controls["tau_ref"].index == 0


def test_one_that_was_closed_is_left_out(results):
    one, other, _ = two(results.rate, results.rate)
    other.close()
    one.controls["tau_ref"].index = 2
    assert one.shown.frame.title == "tau_ref = 10 ms"


def test_a_study_that_grows_stays_where_it_is_and_the_others_too(results, growing):
    study = growing(results.isel(tau_ref=[1, 2]))
    live, still, _ = two(study, results.rate.isel(tau_ref=[0]), variable="rate")
    live.controls["tau_ref"].index = 1
    still.show(still.view)
    study.grow(results, running=False)
    live.refresh()
    assert live.controls["tau_ref"].value == 10.0
    assert still.view.index("tau_ref") == 0


def test_a_link_needs_two_explorers(results):
    with pytest.raises(TypeError, match="two or more explorers, and one was given"):
        ek.link(explore(results))
    with pytest.raises(TypeError, match="a Dataset was given"):
        ek.link(explore(results), results)
