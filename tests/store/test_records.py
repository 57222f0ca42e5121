"""Which record of a point counts, and what is told of each run and each failure."""

import numpy as np
from batches import VERSION, Failed, catalog_of, make_study, results_of, snapshot_of, study_with, write_batch

import explorekit as ek
from explorekit.store import dataset
from explorekit.store.dataset import failures_frame, first_and_last_start, results_dataset, runs_dataset
from explorekit.store.status import FAILED, OK, PENDING


def test_ok_counts_before_failed_then_the_earlier(tmp_path):
    space = ek.Space(a=range(3))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: Failed("first try"), 1: {"x": 1}, 2: {"x": 1}}, epoch=1)
    write_batch(directory, space, {0: {"x": 2}, 1: {"x": 2}, 2: Failed("later")}, epoch=2)
    results = results_of(directory)

    assert results["x"].values.tolist() == [2, 1, 1]
    assert results["x"].dtype == np.int64


def test_failures_that_were_run_again_leave_no_trace_in_types_and_lengths(tmp_path):
    space = ek.Space(a=range(2))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: Failed("no"), 1: Failed("no")}, epoch=1)
    write_batch(directory, space, {0: {"n": 2**60 + 1}, 1: {"n": 1}}, epoch=2)

    assert results_of(directory)["n"].values.tolist() == [2**60 + 1, 1]


def test_records_of_other_code_do_not_count(tmp_path):
    space = ek.Space(a=range(2))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: {"x": 1}}, version="another")
    write_batch(directory, space, {1: {"x": 2}}, sequence=1)
    catalog = catalog_of(directory)

    assert results_dataset(catalog.snapshot(frozenset({VERSION})))["status"].values.tolist() == [PENDING, OK]
    both = results_dataset(catalog.snapshot(frozenset({VERSION, "another"})))
    assert both["x"].values.tolist() == [1, 2]
    assert catalog.versions() == {VERSION: 1, "another": 1}


def test_the_first_and_the_last_start_are_found_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "_BLOCK", 3)
    space = ek.Space(a=range(12))
    directory = make_study(tmp_path, space)
    assert all(np.isnat(first_and_last_start(snapshot_of(directory))))
    write_batch(directory, space, {p: {"x": 1} for p in (1, 2, 3, 4, 5, 6, 7, 9)})
    write_batch(directory, space, {11: Failed("no")}, sequence=1)
    started = runs_dataset(snapshot_of(directory))["started"].values
    assert first_and_last_start(snapshot_of(directory)) == (np.fmin.reduce(started), np.fmax.reduce(started))


def test_the_record_of_each_run(tmp_path):
    space = ek.Space(a=range(4))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: {"x": 1}, 1: Failed("é went wrong")}, worker="north:1")
    write_batch(directory, space, {3: {"x": 1}}, sequence=1, worker="south:22")
    runs = runs_dataset(snapshot_of(directory))

    assert runs["status"].values.tolist() == [OK, FAILED, PENDING, OK]
    assert runs["worker"].values.tolist() == ["north:1", "north:1", "", "south:22"]
    assert runs["code_version"].values.tolist() == [VERSION, VERSION, "", VERSION]
    assert runs["error"].values.tolist() == ["", "Failed: é went wrong", "", ""]
    np.testing.assert_array_equal(runs["duration"].values, [0.25, 0.25, np.nan, 0.25])
    assert runs["started"].values[1] == np.datetime64(1_600_000_001, "s")
    assert np.isnat(runs["started"].values[2])
    np.testing.assert_array_equal(runs["cpu_time"].values, [0.125, 0.125, np.nan, 0.125])
    assert runs["peak_memory"].values.tolist() == [2**25, 2**25, 0, 2**25]
    assert runs["attempts"].values.tolist() == [1, 1, 0, 1]
    assert runs["error"].sel(a=1).item() == "Failed: é went wrong"


def test_parameters_may_have_the_names_that_the_record_has(tmp_path):
    space = ek.Space(duration=[1, 2], run_duration=3, error="none", message="m")
    directory = study_with(tmp_path, space, {0: {"x": 1}, 1: Failed("no")})
    snapshot = snapshot_of(directory)

    runs = runs_dataset(snapshot)
    np.testing.assert_array_equal(runs["run_run_duration"].values, [0.25, 0.25])
    assert runs["run_error"].values.tolist() == ["", "Failed: no"]
    assert failures_frame(snapshot)[["duration", "error_", "error"]].values.tolist() == [
        [2, "none", "Failed"]
    ]


def test_failures_are_listed_in_the_order_of_the_space(tmp_path):
    space = ek.Space(a=range(4), b=["x", "y"])
    directory = study_with(tmp_path, space, {7: Failed("late"), 1: {"v": 1}}, {2: Failed("early")})
    frame = failures_frame(snapshot_of(directory))

    assert frame[["a", "b", "status", "error", "message", "traceback"]].values.tolist() == [
        [1, "x", "failed", "Failed", "early", "Traceback"],
        [3, "y", "failed", "Failed", "late", "Traceback"],
    ]


def test_a_study_without_failures_has_an_empty_table(tmp_path):
    frame = failures_frame(snapshot_of(study_with(tmp_path, ek.Space(a=[1]), {0: {"x": 1}})))

    assert len(frame) == 0
    assert list(frame.columns) == ["a", "status", "error", "message", "traceback"]
