"""Who is interrupted by what: a run by its own wait, by cancel and by its script's end, and by nothing else."""

import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from engine.paced import SPACE, slow_until
from engine.scripts import lives, run_script, running, start_script, wait_until

import explorekit as ek
from explorekit.engine import driver
from explorekit.engine.run import Run


def shards(study: Path) -> list[Path]:
    return sorted((study / "runs").glob("[0-9]*.nc"))


N = 2000
SCRIPT = f"""
    import os
    import time
    import numpy as np
    import explorekit as ek

    def slow(a):
        with open("calls.txt", "a") as file:
            file.write(f"{{a}}\\n")
        if not os.path.exists("hurry"):
            time.sleep(0.1)
        return 2 * a

    study = ek.Study(slow, ek.Space(a=np.arange({N}.0)), "study")
    run = study.start(n_workers=2)
"""


def finished(study: Path) -> np.ndarray:
    return ek.open(study).results["slow"].values


def test_a_script_without_a_main_guard_runs_and_waits_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "hurry").touch()
    run_script(tmp_path, SCRIPT)
    np.testing.assert_array_equal(finished(tmp_path / "study"), 2 * np.arange(float(N)))
    assert len((tmp_path / "calls.txt").read_text().split()) == N


def test_interrupting_wait_keeps_what_is_finished_and_running_again_goes_on(tmp_path: Path) -> None:
    script = start_script(tmp_path, SCRIPT + "    run.wait()\n")
    wait_until(lambda: len(shards(tmp_path / "study")) >= 3)
    script.send_signal(signal.SIGINT)
    _, err = script.communicate(timeout=120)
    assert "KeyboardInterrupt" in err
    values = finished(tmp_path / "study")
    kept = np.isfinite(values)
    assert 0 < kept.sum() < N
    np.testing.assert_array_equal(values[kept], 2 * np.arange(float(N))[kept])
    calls = len((tmp_path / "calls.txt").read_text().split())
    assert calls - kept.sum() <= 2  # the points that were cut
    (tmp_path / "hurry").touch()
    run_script(tmp_path, SCRIPT)
    np.testing.assert_array_equal(finished(tmp_path / "study"), 2 * np.arange(float(N)))
    assert len((tmp_path / "calls.txt").read_text().split()) == N + calls - kept.sum()


def test_what_an_interrupt_leaves_half_done_harms_no_later_run(tmp_path: Path) -> None:
    began, go = tmp_path / "began", tmp_path / "go"

    def importing(a: int) -> int:
        if hasattr(os, "half_imported"):
            raise NameError("what the first half of the import defines")
        os.half_imported = True  # type: ignore[attr-defined]
        began.touch()
        while not go.exists():
            time.sleep(0.01)
        del os.half_imported  # type: ignore[attr-defined]
        return a

    study = ek.Study(importing, ek.Space(a=[1, 2]), tmp_path / "study")
    run = study.start(False, n_workers=1)
    wait_until(began.exists)
    run.cancel()
    run.wait()
    go.touch()
    study.run(False, n_workers=1)
    assert study.results["importing"].values.tolist() == [1, 2]


def test_an_interrupt_as_a_wait_begins_cancels_too(tmp_path: Path, monkeypatch) -> None:
    def interrupted(run: Run) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "_show_while_waiting", interrupted)
    run = ek.Study(slow_until(tmp_path / "hurry"), SPACE, tmp_path / "study").start(False, n_workers=2)
    with pytest.raises(KeyboardInterrupt):
        run.wait()
    assert run.progress.state == "cancelled"


def test_sigterm_while_waiting_is_cancel_and_flush(tmp_path: Path) -> None:
    script = start_script(tmp_path, SCRIPT + "    run.wait()\n")
    wait_until(lambda: len(shards(tmp_path / "study")) >= 3)
    script.terminate()
    script.communicate(timeout=120)
    assert script.returncode == 128 + signal.SIGTERM
    assert 0 < np.isfinite(finished(tmp_path / "study")).sum() < N
    assert not (tmp_path / "study" / "lock").exists()


def test_cancel_ends_children_that_are_deaf_and_leaves_the_cut_point_pending(tmp_path: Path) -> None:
    stuck_in = tmp_path / "stuck"
    stuck_in.mkdir()

    def stuck(a: int) -> int:
        import ctypes

        if a >= 4:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            (stuck_in / str(os.getpid())).touch()
            ctypes.PyDLL(None).sleep(600)  # in C, holding the interpreter's lock
        return a

    study = ek.Study(stuck, ek.Space(a=range(8)), tmp_path / "study")
    run = study.start(False, n_workers=2)
    wait_until(lambda: run.progress.ok >= 3 and list(stuck_in.iterdir()))
    run.cancel()
    wait_until(lambda: not any(lives(int(child.name)) for child in stuck_in.iterdir()))
    run.wait(120)
    assert run.progress.state == "cancelled"
    status = study.results["status"].values
    assert (status[:4] == 1).sum() >= 3
    assert (status[4:] == 0).all()


def test_a_finished_point_of_a_cancelled_batch_is_kept(tmp_path: Path) -> None:
    at_the_slow_one = tmp_path / "slow"

    def quick_then_slow(a: int) -> int:
        if a == 20:
            at_the_slow_one.touch()
        time.sleep(0.01 if a < 20 else 600)
        return a

    study = ek.Study(quick_then_slow, ek.Space(a=range(24)), tmp_path / "study")
    run = study.start(False, n_workers=1)
    wait_until(at_the_slow_one.exists)
    run.cancel()
    run.wait(120)
    assert (study.results["status"].values[:20] == 1).all()
    assert (study.results["status"].values[20:] == 0).all()


def test_waiting_with_a_timeout_leaves_the_run_going(tmp_path: Path) -> None:
    study = ek.Study(slow_until(tmp_path / "hurry"), SPACE, tmp_path / "study")
    run = study.start(False, n_workers=2)
    with pytest.raises(TimeoutError, match="goes on"):
        run.wait(0.2)
    (tmp_path / "hurry").touch()
    assert run.wait().progress.ok == len(SPACE)


def test_killing_the_driver_ends_workers_and_children(tmp_path: Path) -> None:
    script = start_script(tmp_path, SCRIPT + "    run.wait()\n")
    wait_until(lambda: len(shards(tmp_path / "study")) >= 2)
    family = psutil.Process(script.pid).children(recursive=True)
    assert len(family) >= 4
    script.kill()
    script.communicate()
    wait_until(lambda: not any(lives(process.pid) for process in family))


def test_a_killed_driver_leaves_no_folder_also_of_a_worker_that_was_replaced(tmp_path: Path) -> None:
    script = start_script(tmp_path, SCRIPT + "    run.wait()\n")
    wait_until(lambda: len(shards(tmp_path / "study")) >= 2)
    workers = running("engine.worker", script.pid)
    workers[0].kill()
    wait_until(lambda: not set(running("engine.worker", script.pid)) <= set(workers))
    script.kill()
    script.communicate()
    folders = Path(tempfile.gettempdir())
    wait_until(lambda: not list(folders.glob(f"explorekit-workers-{script.pid}-*")))


def test_a_worker_that_is_frozen_does_not_hold_up_a_cancel(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(driver, "_ANSWER", 0.3)
    monkeypatch.setattr(driver, "_LET_GO", 0.5)
    (tmp_path / "running").mkdir()

    def model(a: int) -> int:
        (tmp_path / "running" / f"{a}").touch()
        time.sleep(600 if a else 0)
        return a

    study = ek.Study(model, ek.Space(a=range(4)), tmp_path / "s")
    run = study.start(False, n_workers=1)
    wait_until(lambda: len(list((tmp_path / "running").iterdir())) == 2)
    workers = running("engine.worker")
    for worker in workers:
        worker.suspend()
    try:
        run.cancel()
        run.wait(120)
    finally:
        for worker in workers:
            worker.resume()
    assert run.progress.state == "cancelled"


def test_a_run_that_ends_in_an_error_leaves_nothing_running(tmp_path: Path, monkeypatch) -> None:
    def model(a: int) -> int:
        time.sleep(600)
        return a

    slots = driver.Driver._slots
    looked: list[int] = []

    def fails_at_the_second_look(self: driver.Driver, client: Any) -> int:
        if looked:
            raise ek.errors.StudyError("something is in the way")
        looked.append(slots(self, client))
        return looked[0]

    with monkeypatch.context() as patched:
        patched.setattr(driver.Driver, "_slots", fails_at_the_second_look)
        with pytest.raises(ek.errors.StudyError, match="in the way"):
            ek.Study(model, ek.Space(a=range(4)), tmp_path / "s").run(False, n_workers=1)
    again = ek.Study(lambda a: a, ek.Space(a=range(4)), tmp_path / "again").start(False, n_workers=1)
    assert again.wait(120).progress.ok == 4
