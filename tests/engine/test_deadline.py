"""A run ends before its time is over: it hands in what is done, and leaves the rest pending."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from engine.scripts import wait_until

import explorekit as ek
from explorekit.engine import deadline as module
from explorekit.engine import driver
from explorekit.engine.deadline import deadline
from explorekit.engine.run import Run
from explorekit.errors import StudyError


def quick_then_slow(a: int) -> int:
    time.sleep(0.02 if a < 30 else 600)
    return 2 * a


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """Where runs look how late it is; a test may set it, so that nothing has to be done by a certain time."""
    clock = SimpleNamespace(time=time.time, monotonic=time.monotonic)
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def study(tmp_path: Path) -> ek.Study:
    return ek.Study(quick_then_slow, ek.Space(a=range(40)), tmp_path)


@pytest.fixture
def merged(monkeypatch) -> list[bool]:
    """Whether shards, of which there are always too many, were merged at the end of a run."""
    calls: list[bool] = []
    monkeypatch.setattr(driver, "crowded", lambda shards, points: True)
    monkeypatch.setattr(driver, "compact", lambda catalog, stop: calls.append(not stop()))
    return calls


def run_until_some_are_done(study: ek.Study, clock: SimpleNamespace, **options: object) -> Run:
    """Run a study whose time is over once there are results."""
    run = study.start(False, n_workers=2, **options)
    wait_until(lambda: run.progress.ok)
    clock.monotonic = lambda: time.monotonic() + 1000
    return run.wait(120)


def assert_ended_early(study: ek.Study, run: object, reason: str) -> None:
    progress = run.progress
    assert progress.state == "finished early"
    assert progress.pending >= 10
    assert "stay pending" in progress.message
    assert reason in progress.message
    assert reason in progress.where
    values, status = study.results["quick_then_slow"].values, study.results["status"].values
    assert (status == 1).sum() == progress.ok > 0
    assert set(status.tolist()) == {0, 1}
    np.testing.assert_array_equal(values[status == 1], 2 * np.flatnonzero(status == 1))


def test_a_run_hands_in_what_is_done_before_its_time_is_over(study: ek.Study, clock, merged) -> None:
    run = run_until_some_are_done(study, clock, max_time=1000)
    assert_ended_early(study, run, "max_time=1000")
    assert run.panel().board.head["state"] == "finished early"
    run.panel().close()
    assert merged == []  # that takes time too


def test_the_end_of_a_batch_job_is_the_runs_end_too(study: ek.Study, clock, monkeypatch) -> None:
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time() + 1000)))
    assert_ended_early(study, run_until_some_are_done(study, clock), "SLURM_JOB_END_TIME")


def test_no_batch_is_begun_that_would_not_end_in_time(tmp_path: Path, clock) -> None:
    calls = tmp_path / "calls.txt"
    calls.touch()
    # Time goes by with the points, and with nothing else.
    clock.monotonic = lambda: 0.1 * len(calls.read_text().split())

    def long(a: int) -> int:
        with calls.open("a") as file:
            file.write(f"{a}\n")
        time.sleep(0.1)
        return a

    study = ek.Study(long, ek.Space(a=range(60)), tmp_path / "study")
    run = study.run(False, n_workers=1, max_time=5)
    assert run.progress.state == "finished early"
    assert len(calls.read_text().split()) == run.progress.ok  # none was cut


def test_a_run_that_has_time_is_not_disturbed(tmp_path: Path, merged) -> None:
    study = ek.Study(lambda a: a, ek.Space(a=range(40)), tmp_path)
    run = study.run(False, n_workers=2, until=datetime.now(UTC) + timedelta(hours=1))
    assert (run.progress.state, run.progress.message) == ("finished", "")
    assert merged == [True]
    assert run.progress.ok == 40


def test_the_earliest_end_counts_and_a_batch_jobs_only_where_none_is_given() -> None:
    job = {"SLURM_JOB_END_TIME": str(int(time.time() + 100))}
    assert deadline(environ={}) is None
    assert deadline(environ={"SLURM_JOB_END_TIME": "soon"}) is None
    assert deadline(environ=job).reason == "SLURM_JOB_END_TIME"
    assert deadline(1000.0, environ=job).reason == "max_time=1000"
    soon = datetime.fromtimestamp(time.time() + 50)  # noqa: DTZ006 - as a user would
    assert deadline(1000.0, soon, environ=job).reason == "until"
    assert deadline(10.0, soon).reason == "max_time=10"
    assert deadline(0.1).left > 0
    assert deadline(3600.0).margin == 30


@pytest.mark.parametrize(
    ("answer", "known"), [("echo 2100-01-01T12:00:00", True), ("echo N/A", False), ("exit 1", False)]
)
def test_an_older_slurms_queue_is_asked_for_the_end_of_the_job(tmp_path, monkeypatch, answer, known) -> None:
    squeue = tmp_path / "squeue"
    squeue.write_text(f'#!/bin/sh\n[ "$2" = --jobs=42 ] && {answer}\n')
    squeue.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    end = deadline(environ={"SLURM_JOB_ID": "42"})
    assert (end is not None) == known
    if end is not None:
        assert "2100-01-01 12:00:00 (the end of Slurm job 42)" in str(end)


@pytest.mark.parametrize(
    "options",
    [
        {"max_time": 0},
        {"max_time": -1.0},
        {"until": datetime(2020, 1, 1, tzinfo=UTC)},
        {"until": datetime.min},  # noqa: DTZ901
        {"until": pd.NaT},
    ],
)
def test_an_end_that_is_past_or_never_is_an_error_before_anything_starts(study: ek.Study, options) -> None:
    with pytest.raises(StudyError, match=r"max_time|past|no moment"):
        study.start(False, **options)
    assert not (study.path / "lock").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"max_time": "10"},
        {"max_time": True},
        {"max_time": float("inf")},
        {"max_time": 1e12},
        {"until": "2100-01-01"},
        {"until": datetime(2100, 1, 1, tzinfo=UTC).date()},
        {"n_workers": 1.5},
        {"n_workers": "2"},
    ],
)
def test_an_end_or_a_number_of_workers_of_another_kind_is_refused(study: ek.Study, options) -> None:
    ((name, value),) = options.items()
    with pytest.raises(StudyError, match=re.escape(f"got {name}={value!r}; expected ")):
        study.start(False, **options)
    assert not (study.path / "lock").exists()
