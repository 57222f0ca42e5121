"""Outputs that differ from point to point in length, presence, coordinates or kind are joined, or contradict."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from batches import make_study, results_of, snapshot_of, study_with, write_batch

import explorekit as ek
from explorekit.store.dataset import failures_frame, results_dataset
from explorekit.store.status import FAILED, OK, PENDING


def test_uneven_lengths_are_padded_with_missing(tmp_path):
    space = ek.Space(a=range(4))
    directory = study_with(tmp_path, space, {0: {"v": [1, 2, 3]}, 1: {"v": [4]}}, {2: {"v": [5, 6]}})
    results = results_of(directory)

    nan = np.nan
    np.testing.assert_array_equal(
        results["v"].values, [[1, 2, 3], [4, nan, nan], [5, 6, nan], [nan, nan, nan]]
    )
    assert results["v_dim_size"].values.tolist() == [3, 1, 2, 0]
    assert results[results["v_dim_size"].attrs["ancillary_variables"]].values.tolist() == [
        OK,
        OK,
        OK,
        PENDING,
    ]
    np.testing.assert_array_equal(
        results["v"].isel(a=[2, 1], v_dim=slice(None, None, -1)).values, [[nan, 6, 5], [nan, nan, 4]]
    )


def test_empty_outputs_are_results_too(tmp_path):
    space = ek.Space(a=range(2))
    results = results_of(study_with(tmp_path / "all", space, {0: {"v": []}, 1: {"v": []}}))
    assert results["v"].shape == (2, 0)
    assert results["v"].values.size == 0

    results = results_of(study_with(tmp_path / "some", space, {0: {"v": []}}, {1: {"v": [1.0]}}))
    np.testing.assert_array_equal(results["v"].values, [[np.nan], [1.0]])
    assert results["v_dim_size"].values.tolist() == [0, 1]


def test_outputs_that_some_points_lack_are_missing_there(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {0: {"x": 1, "y": 2}, 1: {"x": 3}}, {2: {"x": 5}}))

    assert results["x"].values.tolist() == [1, 3, 5]
    assert results["x"].dtype == np.int64
    np.testing.assert_array_equal(results["y"].values, [2, np.nan, np.nan])


def wave(times, values=None):
    times = np.asarray(times)
    return {
        "V": xr.DataArray(
            np.zeros(times.size) if values is None else values, {"t": ("t", times, {"units": "s"})}, "t"
        )
    }


def test_a_coordinate_that_is_the_same_everywhere_is_an_index(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(
        study_with(tmp_path, space, {0: wave([0.0, 0.1])}, {2: wave([0.0, 0.1], [5.0, 6.0])})
    )

    assert results["t"].dims == ("t",)
    assert results["t"].attrs == {"units": "s"}
    assert results["V"].sel(a=2, t=0.1).item() == 6.0


def test_a_coordinate_that_varies_becomes_a_variable(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {0: wave([0.0, 0.1])}, {2: wave([0.0, 0.2])}))

    assert "t" not in results.coords
    np.testing.assert_array_equal(results["t_values"].values, [[0.0, 0.1], [np.nan, np.nan], [0.0, 0.2]])


def test_a_coordinate_of_uneven_length_becomes_a_variable(tmp_path):
    space = ek.Space(a=range(2))
    results = results_of(study_with(tmp_path, space, {0: wave([0.0, 0.1]), 1: wave([0.0, 0.1, 0.2])}))

    np.testing.assert_array_equal(results["t_values"].values, [[0.0, 0.1, np.nan], [0.0, 0.1, 0.2]])


def test_numbers_of_different_kinds_are_joined(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {0: {"x": True}}, {1: {"x": 2}}, {2: {"x": 0.5}}))

    assert results["x"].values.tolist() == [1.0, 2.0, 0.5]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_who_contradicts_whom_does_not_depend_on_the_order_of_arrival(tmp_path, order):
    space = ek.Space(a=range(5))
    batches = {
        0: {0: {"x": 1.0}, 1: {"x": 2.0}},
        1: {2: {"x": "text"}},
        2: {3: {"x": [1.0, 2.0]}},
        3: {4: {"x": 4}},
    }
    directory = make_study(tmp_path, space)
    for sequence in order:
        write_batch(directory, space, batches[sequence], sequence=sequence)
    snapshot = snapshot_of(directory)
    results = results_dataset(snapshot)

    assert results["status"].values.tolist() == [OK, OK, FAILED, FAILED, OK]
    np.testing.assert_array_equal(results["x"].values, [1.0, 2.0, np.nan, np.nan, 4.0])
    assert dict(results.sizes) == {"a": 5}
    failures = failures_frame(snapshot)
    assert failures["a"].tolist() == [2, 3]
    assert failures["error"].tolist() == ["OutputError"] * 2
    assert failures["message"].str.contains("'x' is a").all()
