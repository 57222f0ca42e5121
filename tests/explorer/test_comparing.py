"""Two results side by side, and their difference: by label, lazily, over the same axes and in the same colours."""

import numpy as np
import pytest
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

import explorekit as ek
from explorekit.explorer.difference import difference

OK, PENDING, FAILED, TIMED_OUT = 1, 0, 2, 3


def shown(explorer):
    return explorer.shown.frame.values


def test_the_difference_is_the_second_less_the_first(results):
    both = ek.compare(results, results.assign(rate=1.5 * results.rate), "rate", x="I", tau_ref=7.5)
    one = results.rate.sel(tau_ref=7.5)
    np.testing.assert_allclose(shown(both.a), one)
    np.testing.assert_allclose(shown(both.b), 1.5 * one)
    np.testing.assert_allclose(shown(both.difference), 0.5 * one)
    assert both.difference.shown.frame.label == "difference of firing rate (Hz)"
    both.relative.value = "relative difference"
    np.testing.assert_allclose(shown(both.difference), 50.0)
    assert both.difference.shown.frame.label == "relative difference of firing rate (%)"
    assert both.a.view.variable == "rate"


def test_all_three_show_the_same(results):
    both = ek.compare(results, 2 * results.drop_vars("status"), "rate")
    both.a.variable_chooser.value = "V"
    both.a.x_chooser.value = "time"
    assert {each.view for each in map(_hashable, both.explorers)} == {_hashable(both.a).view}
    assert list(both.controls) == ["I", "tau_ref"]
    both.controls["I"].index = 4
    assert [each.view.index("I") for each in both.explorers] == [4, 4, 4]
    both.relative.value = "relative difference"
    both.difference.picture.pick = [7]
    assert both.a.picked["time"] == 3.5
    assert both.a.view.variable == both.b.view.variable == "V"


class _hashable:
    def __init__(self, explorer):
        view = explorer.view
        self.view = (view.variable, view.axes, view.picked, tuple(sorted(view.selection.items())))


def test_both_have_the_limits_of_both_and_a_difference_those_round_zero(results):
    both = ek.compare(results, 3 * results.drop_vars("status"), "rate", x="I", y="tau_ref")
    scales = [explorer.shown.scale for explorer in both.explorers]
    assert scales[0] == scales[1]
    assert scales[0].limits == (5.0, 57.0)
    assert scales[2].limits == (-38.0, 38.0)
    cells = both.difference.figure.axes[0].images or both.difference.figure.axes[0].collections
    assert cells[0].get_cmap().name == "vanimo"


def test_points_are_matched_by_their_values(results):
    other = results.isel(I=slice(None, None, -2), tau_ref=[2, 0]).assign_coords(
        I=results.I.values[::-2] + 1e-15
    )
    both = ek.compare(results, other, "rate", x="I", y="tau_ref")
    assert both.a.slicer.dataset.sizes == {"I": 5, "tau_ref": 2, "time": 20, "y": 4, "x": 5}
    inner = np.delete(shown(both.difference), [1], axis=1)  # one run failed
    assert not np.nan_to_num(inner).any()
    assert "5 of 10 values of I are in the first only" in both._note.value
    assert "1 of 3 values of tau_ref are in the first only" in both._note.value


def test_points_of_designs_are_matched_by_all_their_parameters():
    def design(tau, k, values):
        return xr.DataArray(
            values, dims="point", coords={"tau": ("point", tau), "k": ("point", k)}, name="rate"
        )

    one = design([1.0, 2.0, 2.0], ["a", "a", "b"], [1.0, 2.0, 3.0])
    other = design([2.0, 1.0, 3.0], ["b", "a", "b"], [30.0, 10.0, 0.0])
    both = ek.compare(one, other)
    np.testing.assert_array_equal(shown(both.difference), [9.0, 27.0])


def test_repeated_values_and_positions_without_values_are_matched_in_their_order():
    one = xr.DataArray([1.0, 2.0, 3.0], dims="t", coords={"t": [0, 0, 5]}, name="v")
    np.testing.assert_array_equal(shown(ek.compare(one, one[::-1]).difference), [1.0, -1.0, 0.0])
    bare = one.drop_vars("t")
    both = ek.compare(bare, 2 * bare[:2])
    np.testing.assert_array_equal(shown(both.difference), [1.0, 2.0])
    assert "1 of 3 values of t are in the first only" in both._note.value


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (np.array([1, 2], np.uint8), np.array([2, 1], np.uint8), [1.0, -1.0]),
        ([True, False], [True, True], [0.0, 1.0]),
        ([3 + 4j, 0], [0, 1j], [-5.0, 1.0]),
        (np.array([0, 1], "M8[D]"), np.array([2, 1], "M8[D]"), [2.0, 0.0]),
        (np.array([60, 1], "m8[s]"), np.array([61, 1], "m8[s]"), [1.0, 0.0]),
        (["a", "b"], ["a", "c"], ["same", "other"]),
        (np.array(["a", None], object), np.array(["a", "c"], object), ["same", ""]),
        ([1.0, 2.0], ["a", "c"], ["other", "other"]),
    ],
)
def test_every_type_has_a_difference(one, other, expected):
    both = ek.compare(xr.DataArray(one, dims="t", name="v"), xr.DataArray(other, dims="t", name="v"))
    assert shown(both.difference).tolist() == expected
    assert both.difference.shown.message == ""


def test_runs_that_ended_badly_in_either_are_seen(results, results_with):
    status = np.full((10, 3), OK, np.int8)
    status[7, 0] = FAILED
    both = ek.compare(results, results_with(status), "rate", x="I", tau_ref=5.0)
    assert both.difference.shown.frame.status.tolist() == [
        OK,
        OK,
        PENDING,
        FAILED,
        TIMED_OUT,
        OK,
        OK,
        FAILED,
        OK,
        OK,
    ]


def test_two_points_of_a_study_are_called_by_what_tells_them_apart(results):
    both = ek.compare(results.sel(tau_ref=5.0), results.sel(tau_ref=10.0), "rate")
    assert "A: tau_ref = 5 ms" in both._heads[0].value
    assert "B: tau_ref = 10 ms" in both._heads[1].value
    assert list(both.controls) == []


def test_a_study_that_grows_is_followed(results, growing):
    study = growing(results.isel(I=slice(4)))
    both = ek.compare(results, study, "rate", x="I", tau_ref=5.0)
    assert len(shown(both.difference)) == 4
    study.grow(results, running=False)
    for explorer in both.explorers:
        explorer.refresh()
    assert [len(shown(explorer)) for explorer in both.explorers] == [10, 10, 10]
    assert both._note.value == ""


def test_only_what_is_shown_is_read(results):
    class Counted(BackendArray):
        shape, dtype = (1000, 1000, 1000), np.dtype(float)

        def __getitem__(self, key):
            return indexing.explicit_indexing_adapter(
                key, self.shape, indexing.IndexingSupport.OUTER, self.read
            )

        def read(self, key):
            values = np.broadcast_to(np.float64(1), self.shape)[tuple(np.ix_(*map(_places, key)))]
            read.append(values.size)
            return values.reshape(
                [n for n, k in zip(values.shape, key, strict=True) if not isinstance(k, int | np.integer)]
            )

    def _places(key):
        return np.atleast_1d(np.arange(1000)[key])

    read = []
    lazy = xr.Dataset({"u": (("a", "y", "x"), indexing.LazilyIndexedArray(Counted()))})
    gone = difference(lazy, lazy)
    assert read == []
    assert gone["u"].isel(a=3, y=slice(0, 7)).values.shape == (7, 1000)
    assert read == [7000, 7000]


def test_what_has_nothing_in_common_is_an_error_that_says_what_there_is(results):
    with pytest.raises(ValueError, match="no variable is in both over the same dimensions: rate; V"):
        ek.compare(results[["rate"]], results[["V"]])
    with pytest.raises(ValueError, match="no value of I is in both"):
        ek.compare(results, results.assign_coords(I=results.I + 7))
    with pytest.raises(ValueError, match="did you mean 'rate'"):
        ek.compare(results, results, "rates")
    with pytest.raises(TypeError, match="cannot explore a int"):
        ek.compare(results, 3)
    both = ek.compare(results, results.assign(V=results.rate))
    assert (
        "V is left out: it is over I, tau_ref, time in the first, and over I, tau_ref in the second"
        in both._note.value
    )


def test_closing_it_closes_all_of_it(results):
    both = ek.compare(results, results)
    both.close()
    assert all(explorer.comm is None for explorer in both.explorers)
