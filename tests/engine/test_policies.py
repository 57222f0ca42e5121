"""One bad point costs that point only, whatever it does; what becomes of it is for the user to say."""

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from engine.studies import study_of

import explorekit as ek
from explorekit.store.status import FAILED, OK, PENDING, TIMED_OUT


def statuses(study: ek.Study) -> list[int]:
    return study.results["status"].values.ravel().tolist()


# ---- errors=


def test_errors_raise_ends_the_run_at_the_first_failure_and_keeps_what_is_done(tmp_path: Path) -> None:
    def inverse(a: int) -> float:
        time.sleep(0.01)
        return 1 / (a - 7)

    study = ek.Study(inverse, ek.Space(a=range(200)), tmp_path / "s")
    with pytest.raises(ek.errors.RunError, match=r"(?s)At a=7: ZeroDivisionError.*return 1 / \(a - 7\)"):
        study.run(False, n_workers=2, errors="raise")
    kept = statuses(study)
    assert kept[:8] == [OK] * 7 + [FAILED]
    assert PENDING in kept
    study.run(False, n_workers=2)
    assert statuses(study) == [OK] * 7 + [FAILED] + [OK] * 192


def test_outside_notebooks_a_run_ends_with_the_latest_failure(tmp_path: Path, capsys) -> None:
    def inverse(a: int) -> float:
        return 1 / (a - 2)

    study = study_of(inverse, ek.Space(a=range(3)), tmp_path / "s", n_workers=1)
    said = capsys.readouterr().err
    assert "2 ok, 1 failed, 0 pending of 3" in said
    assert "at a=2: ZeroDivisionError" in said
    study.run(False)
    assert "see study.failures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"errors": "ignore"}, "expected 'record' or 'raise'"),
        ({"retries": -1}, "retries=-1"),
        ({"retries": 1.5}, "retries=1.5"),
        ({"timeout": 0}, "timeout=0"),
        ({"timeout": "1s"}, "timeout='1s'"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_anything_runs(tmp_path, options, named) -> None:
    study = ek.Study(lambda a: a, ek.Space(a=[1]), tmp_path / "s")
    with pytest.raises(ek.errors.ExplorekitError, match=named):
        study.run(False, **options)
    assert not study.running


# ---- what points do to their process


def test_in_a_group_of_short_runs_the_culprit_is_found(tmp_path: Path) -> None:
    def model(a: int) -> int:
        if a == 1500:
            os.abort()
        if a == 2500:
            raise StopIteration
        if a == 2600:
            raise SystemExit(3)
        if a == 2700:
            raise KeyboardInterrupt
        if a == 2800:
            raise ValueError("no")
        return a

    study = study_of(model, ek.Space(a=range(6000)), tmp_path / "s")
    failures = study.failures.set_index("a")
    assert failures["error"].to_dict() == {
        1500: "ProcessDied",
        2500: "StopIteration",
        2600: "SystemExit",
        2700: "KeyboardInterrupt",
        2800: "ValueError",
    }
    assert "SIGABRT" in failures["message"][1500]
    assert "Fatal Python error: Aborted" in failures["traceback"][1500]
    values = study.results["model"].values
    np.testing.assert_array_equal(values[np.isfinite(values)], sorted({*range(6000)} - {*failures.index}))


def test_what_a_group_returns_may_change_in_the_middle(tmp_path: Path) -> None:
    def model(a: int) -> object:
        if a % 1000 == 999:
            return {"model": float(a)}
        if a % 1000 == 998:
            return np.float32(a)
        if a == 4500:
            return [1.0, 2.0]
        if a == 4600:
            return (one for one in [a])
        return a

    study = study_of(model, ek.Space(a=range(5000)), tmp_path / "s")
    bad = study.failures
    assert bad["a"].tolist() == [4500, 4600]
    assert set(bad["error"]) == {"OutputError"}
    good = np.setdiff1d(np.arange(5000), [4500, 4600])
    np.testing.assert_array_equal(study.results["model"].values[good], good)


# ---- timeout=


def test_a_run_that_hangs_in_c_is_timed_out_alone(tmp_path: Path) -> None:
    def model(a: int) -> int:
        if a in (3, 2000):
            ctypes.PyDLL(None).sleep(600)  # holds the interpreter, as C code does that never looks up
        return a

    study = study_of(model, ek.Space(a=range(3000)), tmp_path / "s", timeout=1.5)
    runs = study.runs
    assert np.flatnonzero(runs["status"].values == TIMED_OUT).tolist() == [3, 2000]
    assert (np.delete(runs["status"].values, [3, 2000]) == OK).all()
    assert study.failures["status"].tolist() == ["timed_out", "timed_out"]
    assert study.failures["error"].tolist() == ["TimeoutError", "TimeoutError"]
    assert "1.5 s" in study.failures["message"][0]


def test_a_timeout_that_the_simulation_declares(tmp_path: Path) -> None:
    @ek.simulation(timeout=1.5)
    def model(a: int) -> int:
        while a == 1:
            time.sleep(1)
        return a

    study = study_of(model, ek.Space(a=range(3)), tmp_path / "s", n_workers=1)
    assert statuses(study) == [OK, TIMED_OUT, OK]


def test_runs_that_hang_are_recorded_as_they_are_ended(tmp_path: Path) -> None:
    def model(a: int) -> int:
        time.sleep(600)
        return a

    study = study_of(model, ek.Space(a=range(3)), tmp_path / "s", n_workers=1, timeout=1.1)
    assert statuses(study) == [TIMED_OUT] * 3
    assert len(list((tmp_path / "s" / "runs").glob("*.nc"))) == 3


# ---- retries=


def test_runs_are_tried_again_with_the_same_stream_and_the_tries_are_counted(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def model(a: int, rng: np.random.Generator) -> float:
        drawn = rng.random()
        tried = len(list(marks.glob(f"{a}-*")))
        (marks / f"{a}-{tried}").touch()
        if a == 1 and tried < 2:
            raise ValueError("not yet")
        if a == 2 and tried < 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        if a == 3:
            raise ValueError("never")
        if a == 4:
            os.kill(os.getpid(), signal.SIGSEGV)
        return drawn

    space = ek.Space(a=range(6))
    study = study_of(model, space, tmp_path / "s", n_workers=1, retries=2)
    assert statuses(study) == [OK, OK, OK, FAILED, FAILED, OK]
    assert study.runs["attempts"].values.tolist() == [1, 3, 2, 3, 3, 1]
    assert study.failures["error"].tolist() == ["ValueError", "ProcessDied"]

    plain = study_of(lambda a, rng: rng.random(), space, tmp_path / "plain", n_workers=1)
    ok = np.array([0, 1, 2, 5])
    np.testing.assert_array_equal(study.results["model"].values[ok], plain.results["result"].values[ok])


def test_short_runs_are_tried_again_too(tmp_path: Path) -> None:
    def model(a: int) -> int:
        if a % 1000 == 500:
            raise ValueError
        return a

    study = study_of(model, ek.Space(a=range(4000)), tmp_path / "s", retries=1)
    attempts = study.runs["attempts"].values
    assert np.flatnonzero(attempts != 1).tolist() == [500, 1500, 2500, 3500]
    assert attempts[500] == 2
    assert len(study.failures) == 4


# ---- memory


def test_a_run_that_takes_too_much_memory_is_ended_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MEM_LIMIT", "800M")

    def model(a: int) -> float:
        held = np.ones(2**27 if a == 2 else 1)  # 1 GiB
        time.sleep(600 if a == 2 else 0)  # until it is noticed
        return float(a * held[0])

    study = study_of(model, ek.Space(a=range(5)), tmp_path / "s", n_workers=1)
    assert statuses(study) == [OK, OK, FAILED, OK, OK]
    (failure,) = study.failures.to_dict("records")
    assert failure["error"] == "MemoryError"
    assert "the limit for one is" in failure["message"]


def test_a_run_does_not_answer_for_what_others_left_behind(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MEM_LIMIT", "800M")
    leaked: list[np.ndarray] = []

    def model(a: int) -> int:
        leaked.append(np.ones(2**20))  # 8 MiB
        time.sleep(0.03)
        return os.getpid()

    study = study_of(model, ek.Space(a=range(120)), tmp_path / "s", n_workers=1)
    assert statuses(study) == [OK] * 120
    assert len(np.unique(study.results["model"].values)) > 1  # as all of it is more than one may hold


# ---- the record


def test_the_record_tells_what_each_run_took(tmp_path: Path) -> None:
    def model(a: int) -> float:
        if a == 0:
            time.sleep(0.5)
        if a == 1:
            end = time.process_time() + 0.05
            while time.process_time() < end:
                pass
        return float(np.ones(2**22 if a == 2 else 1)[0])  # 32 MiB

    study = study_of(model, ek.Space(a=range(4)), tmp_path / "s", n_workers=1)
    runs = study.runs
    duration, cpu = runs["duration"].values, runs["cpu_time"].values
    assert duration[0] >= 0.5
    assert cpu[0] < 0.25
    assert cpu[1] >= 0.045
    assert (duration >= 0).all()
    assert (runs["peak_memory"].values > 2**24).all()
    assert (runs["attempts"].values == 1).all()
