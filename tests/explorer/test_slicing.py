"""What a frame holds, and how little is read for it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.explorer.axis import axis_of
from explorekit.explorer.labels import index_labels
from explorekit.explorer.scale import BLOCK, BLOCKS, Scale, measure
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.view import View


class Counting(BackendArray):
    """A lazy array that counts the values read from it."""

    def __init__(self, shape):
        self.shape, self.dtype, self.read = shape, np.dtype(float), 0

    def __getitem__(self, key):
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._get)

    def _get(self, key):
        got = np.broadcast_to(1.0, self.shape)[key]
        self.read += got.size
        return np.array(got)


def lazy(shape):
    array = Counting(shape)
    dims = [f"d{i}" for i in range(len(shape))]
    return array, xr.Dataset({"z": xr.Variable(dims, indexing.LazilyIndexedArray(array))})


def test_a_frame_reads_its_slice_only():
    array, data = lazy((1000, 1000, 50, 60))
    frame = Slicer(data).frame(View("z", "d3", "d2", {"d0": 5}))
    assert frame.values.shape == (50, 60)
    assert array.read == 3000


@pytest.mark.parametrize("shape", [(1000, 1000, 50, 60), (300, 10**6), (10**9,), (50_000, 20)])
def test_limits_come_from_a_bounded_sample(shape):
    array, data = lazy(shape)
    assert measure(data, "z") == Scale(1.0, 1.0)
    assert 0 < array.read <= BLOCK * BLOCKS


def test_a_picture_larger_than_a_screen_is_thinned_and_says_so():
    array, data = lazy((9000, 5000))
    frame = Slicer(data).frame(View("z", "d1", "d0"))
    assert max(frame.values.shape) <= 2000
    assert array.read == frame.values.size
    assert "1,800 of 9,000 values of d0" in frame.note


def test_values_lie_as_y_by_x_whatever_the_order_of_the_dimensions(results):
    frame = Slicer(results).frame(View("rate", "I", "tau_ref"))
    np.testing.assert_array_equal(frame.values, results.rate.values.T)
    np.testing.assert_array_equal(frame.status, results.status.values.T)


def test_the_title_states_the_slice(results):
    frame = Slicer(results).frame(View("V", "time", None, {"I": 3, "tau_ref": 1}))
    assert frame.title == "I = 0.3 nA, tau_ref = 7.5 ms"
    assert frame.label == "V (mV)"


def test_a_slice_of_one_run_has_its_outcome(results):
    slicer = Slicer(results)
    outcomes = [slicer.frame(View("V", "time", None, {"I": i})).outcome for i in (1, 2, 3, 4)]
    assert outcomes == [1, 0, 2, 3]


def test_a_pending_run_with_its_first_values_is_seen(results):
    results.rate[2, 0] = 1.5
    assert Slicer(results).frame(View("rate", "I")).shown_status.tolist()[:4] == [1, 1, 1, 2]


def test_an_axis_in_any_order_is_drawn_ascending():
    data = xr.Dataset({"z": ("a", [30.0, 10.0, 20.0])}, {"a": [3, 1, 2]})
    frame = Slicer(data).frame(View("z", "a"))
    assert frame.x.positions.tolist() == [1, 2, 3]
    assert frame.values.tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    ("values", "kind", "spacing"),
    [
        (np.linspace(0, 1, 50), "number", "even"),
        (np.logspace(-3, 3, 7), "number", "log"),
        ([1.0, 2.0, 5.0], "number", "uneven"),
        ([7], "number", "even"),
        (pd.date_range("2024-01-01", periods=4), "time", "even"),
        (["adam", "sgd"], "category", "even"),
        ([True, False], "category", "even"),
        ([1.0, np.nan, 2.0], "category", "even"),
        ([1.0, 1.0, 2.0], "category", "even"),
    ],
)
def test_an_axis_knows_its_kind_and_spacing(values, kind, spacing):
    axis = axis_of(xr.Dataset(coords={"a": ("a", values)}), "a")
    assert (axis.kind, axis.spacing) == (kind, spacing)
    assert len(axis.edges) == len(axis.positions) + 1


def test_paired_parameters_label_their_dimension():
    data = xr.Dataset(
        {"z": ("pair", [1.0, 2.0])}, {"x": ("pair", [1, 2]), "y": ("pair", [3, 4], {"units": "ms"})}
    )
    slicer = Slicer(data)
    assert slicer.labels("pair") == ["x=1, y=3 ms", "x=2, y=4 ms"]
    assert slicer.frame(View("z")).title == "x=1, y=3 ms"
    assert slicer.frame(View("z", "pair")).x.ticks == ("x=1, y=3 ms", "x=2, y=4 ms")


def test_close_values_get_labels_that_differ():
    data = xr.Dataset(coords={"a": ("a", [0.1, 0.1 + 1e-9])})
    assert len(set(Slicer(data).labels("a"))) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(23.456789), "23.4568"),
        (np.int64(2**53 + 1), "9007199254740993"),
        (True, "True"),
        (3 + 4j, "|3+4j| = 5"),
        ("tonic", "tonic"),
        (np.datetime64("2024-05-01T12:00", "ns"), "2024-05-01 12:00:00"),
        (np.timedelta64(90, "s").astype("m8[ns]"), "00:01:30"),
        (np.nan, "NaN"),
        (np.inf, "inf"),
    ],
)
def test_one_value_reads_as_text(value, text):
    assert Slicer(xr.Dataset({"z": ((), value)})).frame(View("z")).text == text


def test_the_magnitude_stands_for_a_complex_value_and_the_label_says_so():
    data = xr.Dataset({"Z": ("f", np.array([3 + 4j, 1j]), {"units": "ohm"})})
    frame = Slicer(data).frame(View("Z", "f"))
    assert frame.values.tolist() == [5, 1]
    assert frame.label == "|Z (ohm)|"


def test_limits_hold_for_all_slices(results):
    scale = measure(results, "V")
    assert scale.low == np.nanmin(results.V.values)
    assert scale.high == np.nanmax(results.V.values)


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([np.nan, np.nan], (0, 1)),
        ([2.0, 2.0], (1.8, 2.2)),
        ([0.0, 0.0], (-0.5, 0.5)),
        ([1.0, np.inf, 3.0, -np.inf], (1, 3)),
        ([True, False], (0, 1)),
    ],
)
def test_limits_are_finite_and_apart(values, limits):
    assert measure(xr.Dataset({"z": ("a", values)}), "z").limits == pytest.approx(limits)


def test_limits_widen_for_what_the_sample_missed():
    scale = Scale(0.0, 1.0)
    assert scale.including(np.array([0.2, np.nan])) is scale
    wider = scale.including(np.array([2.0]))
    assert wider.low == 0
    assert wider.high > 2


def test_flags_of_any_variable_read_as_their_meanings():
    flags = {"flag_values": [3, 7], "flag_meanings": "left right"}
    data = xr.Dataset({"turn": ("t", np.array([7, 3, 7]), flags)})
    assert Slicer(data).frame(View("turn", "t")).values.tolist() == ["right", "left", "right"]
    assert measure(data, "turn").categories == ("left", "right")


def test_a_value_whose_units_are_a_reciprocal_reads_as_a_rate():
    data = xr.Dataset(coords={"I": ("I", [0.5, 1.0], {"units": "1/ms"}), "t": ("t", [5.0], {"units": "ms"})})
    assert index_labels(data, "I") == ["0.5/ms", "1/ms"]
    assert index_labels(data, "t") == ["5 ms"]
