"""What a run survives of a cluster that is somebody else's: lost workers, lost nannies, a lost scheduler."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client, LocalCluster
from engine.paced import SECONDS, SPACE, assert_whole, slow_until
from engine.scripts import lives, start_script, wait_until

import explorekit as ek
from explorekit.engine.children import ChildPool
from explorekit.engine.messages import Job
from explorekit.errors import RunError
from explorekit.simulation.points import Seeding


@pytest.fixture
def hurry(tmp_path: Path) -> Path:
    """A file that lets the points of a run that is slow take no more time, once it is there."""
    return tmp_path / "hurry"


@pytest.mark.parametrize("workers", [2, 1])  # where the only one goes, all are replaced at once
def test_workers_of_a_cluster_with_nannies_may_be_killed(tmp_path: Path, hurry: Path, workers: int) -> None:
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        study = ek.Study(slow_until(hurry), SPACE, tmp_path / "study")
        run = study.start(client)
        for n in (5, 30):
            wait_until(lambda n=n: run.progress.ok >= n)
            os.kill(cluster.workers[n % workers].pid, signal.SIGKILL)
        wait_until(lambda: run.progress.ok >= 60)
        hurry.touch()
        assert run.wait(120).progress.state == "finished"
        assert_whole(study)
        wait_until(lambda: len(client.nthreads()) == workers)


def test_a_driver_may_be_killed_and_another_goes_on_with_the_same_cluster(
    tmp_path: Path, hurry: Path
) -> None:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        script = start_script(
            tmp_path,
            f"""
            import os
            import time
            import explorekit as ek
            from distributed import Client

            def slow(a):
                if not os.path.exists({str(hurry)!r}):
                    time.sleep({SECONDS})
                return 2 * a

            client = Client({cluster.scheduler_address!r})
            study = ek.Study(slow, ek.Space(a=range({len(SPACE)})), "study")
            study.run()
            """,
        )
        runs = tmp_path / "study" / "runs"
        wait_until(lambda: len(list(runs.glob("[0-9]*.nc"))) >= 3)
        script.kill()
        script.communicate()
        kept = int((ek.open(tmp_path / "study").results["status"] == 1).sum())
        hurry.touch()
        study = ek.Study(slow_until(hurry), SPACE, tmp_path / "study")
        again = study.run(client, code="keep")
        assert 0 < kept < len(SPACE)
        assert again.progress.new <= len(SPACE) - kept
        assert_whole(study)


def test_children_that_nobody_asks_for_are_ended(tmp_path: Path) -> None:
    pool = ChildPool()
    pool.prestart(str(tmp_path))
    (child,) = pool._idle
    pool.end_idle_later(600)
    pool.end_idle_later(0.05)
    wait_until(lambda: not lives(child.process.pid))
    wait_until(lambda: not list(tmp_path.iterdir()))


def test_a_child_that_cannot_start_says_how_it_ended_and_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho no such library >&2\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    job = Job("id", bytes(2**22), SPACE, Seeding(0, None, {}), "", 1, (), "")
    with pytest.raises(RuntimeError, match=r"ended as it was started \(exit code 3\)\. no such library"):
        ChildPool().acquire(job, str(scratch))
    assert not list(scratch.iterdir())


@contextlib.contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask's own command line, which is killed in the end if it lives."""
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], cwd=folder, stdout=log, stderr=log
        )
    family = []
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()


def test_a_nanny_may_be_killed_and_a_lost_scheduler_is_a_clear_error(tmp_path: Path, hurry: Path) -> None:
    place = tmp_path / "scheduler.json"
    file = ("--scheduler-file", str(place))
    local = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    worker = (*file, *local, "--nthreads", "1", "--local-directory", str(tmp_path))
    study = ek.Study(slow_until(hurry), SPACE, tmp_path / "study")
    with (
        started(tmp_path, "scheduler", *file, *local) as scheduler,
        started(tmp_path, "worker", *worker) as nanny,
        started(tmp_path, "worker", *worker),
    ):
        wait_until(place.exists)
        with Client(scheduler_file=str(place), timeout=120) as client:
            client.wait_for_workers(2, timeout=120)
            run = study.start(client)
            wait_until(lambda: run.progress.ok >= 5)
            nanny.kill()
            wait_until(lambda: run.progress.workers == 1)
            so_far = run.progress.ok
            wait_until(lambda: run.progress.ok >= so_far + 10)
            scheduler.kill()
            with pytest.raises(RunError, match=r"scheduler was lost.*Run again"):
                run.wait(120)
            kept = run.progress.ok
    assert run.progress.state == "error"
    assert int((study.results["status"] == 1).sum()) >= kept
    hurry.touch()
    again = study.run(False, n_workers=2)
    assert again.progress.new <= len(SPACE) - kept
    assert_whole(study)


def test_one_of_several_workers_in_a_process_may_be_closed(tmp_path: Path, hurry: Path) -> None:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        study = ek.Study(slow_until(hurry), SPACE, tmp_path / "study")
        run = study.start(client)
        wait_until(lambda: run.progress.ok >= 5)
        client.retire_workers([next(iter(client.nthreads()))], close_workers=True)
        wait_until(lambda: run.progress.workers == 1)
        hurry.touch()
        assert run.wait(120).progress.state == "finished"
        assert_whole(study)
