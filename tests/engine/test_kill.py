"""Killing the driver at any moment loses no acknowledged point, and only what was in flight is run again."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from engine.paced import SPACE, assert_whole, slow_until
from engine.scripts import lives, running, start_script, wait_until

import explorekit as ek
from explorekit.engine import driver
from explorekit.engine.replies import Announcements

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WORKERS = 2
STEPS = 400
KILLS = 3
AT_ONCE = 4  # points in a batch

SCRIPT = f"""
    import sys
    sys.path.insert(0, {str(NOTEBOOKS)!r})
    import os
    import numpy as np
    import explorekit as ek
    from explorekit.engine.plan import Plan
    from gray_scott import gray_scott

    # What is in flight must not depend on how fast the machine is just now.
    Plan._size = lambda plan: {AT_ONCE}

    def counted(feed, kill):
        descriptor = os.open({{calls!r}}, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, f"{{{{feed:.6f}}}} {{{{kill:.6f}}}}\\n".encode())
        os.close(descriptor)
        return gray_scott(feed, kill, steps={STEPS})

    space = ek.Space(feed=np.linspace(0.02, 0.06, 10), kill=np.linspace(0.05, 0.065, 9))
    study = ek.Study(counted, space, "study")
    run = study.start(False, n_workers={WORKERS})
    print("started", flush=True)
    run.wait()
"""


def acknowledged(study: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (study / "runs").glob("[0-9]*.nc")}


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_of_the_driver_in_the_middle_of_gray_scott(tmp_path: Path, seed: int) -> None:
    generator = random.Random(seed)
    calls = tmp_path / "calls.txt"
    script = SCRIPT.format(calls=str(calls))
    kills, held, runs = 0, {}, tmp_path / "study" / "runs"
    while True:
        process = start_script(tmp_path, script)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        if kills == KILLS:
            process.communicate(timeout=240)
            assert process.returncode == 0
            break
        wanted = len(held) + generator.randrange(4)
        wait_until(lambda n=wanted, p=process: len(list(runs.glob("[0-9]*.nc"))) >= n or p.poll() is not None)
        time.sleep(0.5 * generator.random())
        process.kill()
        process.communicate()
        kills += 1
        kept = acknowledged(tmp_path / "study")
        assert held.items() <= kept.items()
        held = kept
    assert held.items() <= acknowledged(tmp_path / "study").items()
    results = ek.open(tmp_path / "study")
    assert (results.results["status"].values == 1).all()
    # Each kill cuts one batch a worker.
    counts = Counter(calls.read_text().splitlines())
    assert len(counts) == 90
    assert sum(counts.values()) - 90 <= kills * WORKERS * AT_ONCE
    assert_equals_undisturbed(results)


def assert_equals_undisturbed(study: ek.Study) -> None:
    import gray_scott

    for position in (0, 37, 89):
        point = study.results.stack(point=("feed", "kill")).isel(point=position)
        expected = gray_scott.gray_scott(float(point.feed), float(point.kill), steps=STEPS)
        np.testing.assert_array_equal(point["V"].values, expected["V"].values)
        assert point["variance_V"].item() == expected["variance_V"].item()


def test_a_killed_worker_process_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    study = ek.Study(slow_until(tmp_path / "hurry"), SPACE, tmp_path / "study")
    run = study.start(False, n_workers=3)

    def workers() -> set[int]:
        """The processes that results came from: their number is a part of the worker's name."""
        return {int(name.rpartition(":")[2]) for name in np.unique(study.runs["worker"].values) if name}

    for n in (0, 1):
        wait_until(lambda before=n: len(workers()) >= 3 + before)
        os.kill(next(pid for pid in sorted(workers()) if lives(pid)), signal.SIGKILL)
    wait_until(lambda: len(workers()) == 5)
    (tmp_path / "hurry").touch()
    run.wait(120)
    assert_whole(study)


def test_a_worker_that_dies_with_its_reply_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = driver.replies_of
    killed: list[psutil.Process] = []

    def after_a_kill(client, futures):
        if not killed:
            killed.extend(running("engine.worker"))
            for worker in killed:
                worker.kill()
        return replies(client, futures)

    def double(a: int) -> int:
        return 2 * a

    monkeypatch.setattr(Announcements, "tell", lambda *_: None)  # else replies come before their tasks end
    monkeypatch.setattr(driver, "replies_of", after_a_kill)
    study = ek.Study(double, ek.Space(a=range(20)), tmp_path / "study")
    study.start(False, n_workers=1).wait(120)
    assert killed
    np.testing.assert_array_equal(study.results["double"].values, 2 * np.arange(20))


def test_what_a_simulation_started_ends_with_a_killed_driver(tmp_path: Path) -> None:
    script = """
        import os, subprocess
        import explorekit as ek

        def model(a):
            program = subprocess.Popen(["sleep", "600"])
            with open("pid.tmp", "w") as file:
                file.write(str(program.pid))
            os.rename("pid.tmp", "pid")
            return program.wait()

        ek.Study(model, ek.Space(a=[1]), "study").run(False, n_workers=1)
    """
    process = start_script(tmp_path, script)
    wait_until((tmp_path / "pid").exists)
    program = psutil.Process(int((tmp_path / "pid").read_text()))
    process.kill()
    process.communicate()
    wait_until(lambda: not lives(program.pid))


def test_a_killed_child_costs_its_point_only(tmp_path: Path) -> None:
    def deadly(a: int) -> int:
        if a in (7, 8, 30):
            os.kill(os.getpid(), signal.SIGKILL)
        if a == 40:
            os._exit(3)
        if a == 50:
            raise SystemExit(1)
        return 2 * a

    study = ek.Study(deadly, ek.Space(a=range(60)), tmp_path / "study")
    study.run(False, n_workers=2)
    bad = [7, 8, 30, 40, 50]
    status = study.results["status"].values
    assert np.flatnonzero(status != 1).tolist() == bad
    good = np.setdiff1d(np.arange(60), bad)
    np.testing.assert_array_equal(study.results["deadly"].values[good], 2 * good)
    failures = study.failures.set_index("a")
    assert failures.loc[7, "error"] == "ProcessDied"
    assert "SIGKILL" in failures.loc[7, "message"]
    assert "exit code 3" in failures.loc[40, "message"]
    assert failures.loc[50, "error"] == "SystemExit"


def test_a_full_disk_is_a_clear_error_and_running_again_goes_on(mounted: Callable[[str], Path]) -> None:
    def big(a: int) -> np.ndarray:
        time.sleep(0.2)  # a batch lasts a second at most: two of them must not fill the disk
        return np.full(50_000, float(a))

    disk = mounted("size=10m")
    study = ek.Study(big, ek.Space(a=range(40)), disk / "study")
    with pytest.raises(ek.errors.StudyError, match="disk is full"):
        study.run(False, n_workers=2)
    kept = int((study.results["status"].values == 1).sum())
    assert kept > 0
    with pytest.raises(ek.errors.StudyError, match="Free some space"):
        study.run(False, n_workers=2)
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    study.run(False, n_workers=2)
    np.testing.assert_array_equal(study.results["big"].values[:, 0], np.arange(40.0))
    study._catalog.close()
