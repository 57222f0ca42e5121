"""What happens between a batch's points and its shard costs no point its result, and one point at most."""

import errno
import os
import resource
import signal
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import Client, LocalCluster
from engine.scripts import running, wait_until
from engine.studies import study_of

import explorekit as ek
from explorekit.engine import driver, task
from explorekit.engine.messages import Assignment, Batch, Policy
from explorekit.engine.rows import Rows
from explorekit.errors import RunError
from explorekit.store.failures import Failure
from explorekit.store.status import FAILED, OK

on_one_worker = partial(study_of, n_workers=1)


def test_a_batch_that_is_too_large_once_stacked_is_handed_in_by_parts(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MEM_LIMIT", "600M")

    def model(a: int) -> np.ndarray:
        time.sleep(0.001)
        side = 2000 if a == 40 else 2  # padded, 32 MB each
        return np.full((side, side), a)

    study = on_one_worker(model, ek.Space(a=range(60)), tmp_path / "s")
    assert (study.results["status"].values == OK).all()
    np.testing.assert_array_equal(study.results["model"][:, 0, 0].values, range(60))


def test_a_child_whose_reply_is_no_use_is_ended(tmp_path: Path, monkeypatch) -> None:
    def model(a: int) -> int:
        from multiprocessing.reduction import ForkingPickler

        ForkingPickler.dumps = lambda message: b"no pickle"
        return a

    monkeypatch.setattr(driver, "_TOLERATED_LOSSES", 1)
    study = ek.Study(model, ek.Space(a=range(3)), tmp_path / "s")
    local = {"processes": False, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    before = {child.pid for child in running("engine.child")}
    with LocalCluster(n_workers=1, **local) as cluster, Client(cluster) as client:
        with pytest.raises(RunError, match="came to nothing"):
            study.run(client)
        wait_until(lambda: before.issuperset(child.pid for child in running("engine.child")), 10)


def test_a_result_that_cannot_be_handed_in_costs_its_point(tmp_path: Path) -> None:
    def model(a: int) -> np.ndarray:
        from explorekit.engine import runner

        write = runner.write_shard

        def dies(path, space, positions, outputs, *others):
            if any(37 in one.values for one in outputs.values()):
                os.abort()
            return write(path, space, positions, outputs, *others)

        if write.__name__ != "dies":
            runner.write_shard = dies
        time.sleep(0.002)
        return np.array([a])

    study = on_one_worker(model, ek.Space(a=range(34, 40)), tmp_path / "s")
    assert study.failures["a"].tolist() == [37]
    assert "its result could not be kept: signal SIGABRT" in study.failures["message"][0]
    assert (study.results["status"].values == OK).sum() == 5


def test_a_result_at_whose_reply_a_child_dies_costs_its_point(tmp_path: Path) -> None:
    def model(a: int) -> np.ndarray:
        from multiprocessing.connection import Connection

        from explorekit.engine import runner

        write = runner.write_shard

        def notes(path, space, positions, outputs, *others):
            if any(37 in one.values for one in outputs.values()):
                Connection._send = dies
            return write(path, space, positions, outputs, *others)

        def dies(self, message):
            os.write(self.fileno(), message[: len(message) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

        if write.__name__ != "notes":
            runner.write_shard = notes
        time.sleep(0.002)
        return np.array([a])

    study = on_one_worker(model, ek.Space(a=range(34, 40)), tmp_path / "s")
    assert study.failures["a"].tolist() == [37]
    assert "its result could not be kept: signal SIGKILL" in study.failures["message"][0]
    assert (study.results["status"].values == OK).sum() == 5


def test_a_shard_that_failed_for_a_reason_that_has_passed_is_written_again(tmp_path: Path) -> None:
    def model(a: int) -> int:
        from explorekit.engine import runner

        write = runner.write_shard

        def fails_once(path, *others):
            if runner.write_shard is write:
                return write(path, *others)
            runner.write_shard = write
            path.write_bytes(b"half of it")
            raise OSError(errno.EIO, "HDF5 could not write it, for a reason that has passed")

        if a == 0:
            runner.write_shard = fails_once
        return a

    study = on_one_worker(model, ek.Space(a=range(6)), tmp_path / "s")
    np.testing.assert_array_equal(study.results["model"].values, range(6))


def test_where_finished_runs_cannot_be_set_aside_they_are_handed_in(tmp_path: Path) -> None:
    @ek.simulation(encoding={"model": {"compression": "zlib"}})
    def model(a: int) -> np.ndarray:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
        time.sleep(0.03)
        return np.full(200_000, a)

    study = on_one_worker(model, ek.Space(a=range(12)), tmp_path / "s")
    assert (study.results["status"].values == OK).all()
    np.testing.assert_array_equal(study.results["model"][:, -1].values, range(12))


def test_the_time_for_setting_finished_runs_aside_is_no_runs(tmp_path: Path) -> None:
    spooled = tmp_path / "spooled"

    def model(a: int) -> int:
        from explorekit.engine.rows import Rows

        keep = Rows.spool

        def slowly(self):
            time.sleep(1.5)
            spooled.touch()
            return keep(self)

        if keep.__name__ != "slowly":
            Rows.spool = slowly
        time.sleep(0.06)
        return a

    study = on_one_worker(model, ek.Space(a=range(15)), tmp_path / "s", timeout=1.0)
    assert spooled.exists()
    assert (study.results["status"].values == OK).all()


def test_a_simulation_may_take_away_the_standard_output(tmp_path: Path) -> None:
    def model(a: int) -> int:
        if a == 1:
            sys.stdout = None
        return a

    study = on_one_worker(model, ek.Space(a=range(3)), tmp_path / "s")
    assert (study.results["status"].values == OK).all()


def test_a_copy_of_the_process_that_a_run_makes_ends_with_it(tmp_path: Path) -> None:
    def model(a: int) -> int:
        if a % 10 != 3:
            return a
        copy = os.fork()
        if not copy:
            sys.exit(4)
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])

    study = on_one_worker(model, ek.Space(a=range(400)), tmp_path / "s")
    np.testing.assert_array_equal(
        study.results["model"].values, [4 if a % 10 == 3 else a for a in range(400)]
    )


def test_a_copy_of_a_process_that_outlives_it_holds_up_nobody(tmp_path: Path) -> None:
    outlived = tmp_path / "outlived"

    def model(a: int) -> int:
        if a == 2:
            if not os.fork():
                time.sleep(600)
                outlived.touch()
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
        return a

    study = on_one_worker(model, ek.Space(a=range(5)), tmp_path / "s", timeout=300)
    assert study.results["status"].values.tolist() == [OK, OK, FAILED, OK, OK]
    assert "SIGKILL" in study.failures["message"][0]
    assert not outlived.exists()


def test_code_that_takes_too_much_memory_before_the_first_point_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("MEM_LIMIT", "500M")
    monkeypatch.setattr(driver, "_TOLERATED_LOSSES", 0)

    def load() -> np.ndarray:
        numbers = np.ones(60_000_000)
        time.sleep(600)  # until it is noticed
        return numbers

    class Table:
        def __reduce__(self):
            return load, ()

    table = Table()
    study = ek.Study(ek.simulation(version="1")(lambda a: a * len(table)), ek.Space(a=[1]), tmp_path / "s")
    with pytest.raises(RunError, match=r"before its first point \(the run held .* MiB; the limit for one is"):
        study.run(False, n_workers=1)


def test_an_error_without_a_text_is_recorded_by_its_name(tmp_path: Path) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise SystemExit

    def model(a: int) -> int:
        if a == 1:
            raise Mute
        return a

    study = on_one_worker(model, ek.Space(a=range(3)), tmp_path / "s")
    assert study.results["status"].values.tolist() == [OK, FAILED, OK]
    assert study.failures["error"].tolist() == ["Mute"]
    assert "raise Mute" in study.failures["traceback"][0]


def test_long_tracebacks_count_as_what_a_batch_may_hold(tmp_path: Path) -> None:
    batch = Batch(0, np.array([[0, 100]]), {}, 1.0)
    rows = Rows(Assignment(batch, "", "", str(tmp_path / "spool"), 100, 0), vote=False)
    rows.fail(Failure(0, "ValueError", "", "x" * 1000))
    for row in range(1, 100):
        rows.fail(Failure(row, "ValueError", "short", "short"))
    assert rows.bytes >= 100 * 1000  # as texts of one length they are stacked


def test_a_child_is_not_told_to_stop_before_it_has_begun(tmp_path: Path, monkeypatch) -> None:
    polls, told = iter([False, False, True, False]), []  # whether it has begun then
    child = SimpleNamespace(
        cursor=SimpleNamespace(begun=False, handing_in=0),
        dead=False,
        interrupt=lambda: told.append(child.cursor.begun),
        kill=lambda: None,
    )

    def poll(seconds: float = 0.0) -> bool:
        child.cursor.begun = child.cursor.begun or next(polls)
        return bool(told)

    child.connection = SimpleNamespace(poll=poll, recv=lambda: "handed in")
    job = SimpleNamespace(id="job")
    monkeypatch.setitem(task._jobs, job.id, job)
    monkeypatch.setattr(task, "_cancelled", {job.id})
    desk = SimpleNamespace(shard=tmp_path / "shard", log=tmp_path / "log")
    batch = Batch(0, np.array([[0, 5]]), {}, 1.0)
    assert task._Supervision(job, batch, child, desk, tmp_path / "spool", 0)._wait() == "handed in"
    assert told == [True]


@pytest.mark.parametrize(("ended_at", "culprits"), [(1, {1}), (2, set())])
def test_a_run_that_ends_just_as_its_time_is_over_costs_the_next_one_nothing(
    tmp_path: Path, monkeypatch, ended_at: int, culprits: set[int]
) -> None:
    child = SimpleNamespace(
        cursor=SimpleNamespace(rows=(1, 2), seconds=2.0, handing_in=0),
        let_die=lambda seconds: None,
        last_words=lambda: "",
        end=lambda: None,
        process=SimpleNamespace(returncode=-9),
        scratch=tmp_path / "child",
        memory=lambda: 0,
    )
    monkeypatch.setattr(task, "_pool", SimpleNamespace(acquire=lambda job, folder: child))
    job = SimpleNamespace(id="job", policy=Policy(timeout=1.0))
    monkeypatch.setitem(task._jobs, job.id, job)
    desk = SimpleNamespace(shard=tmp_path / "shard", log=tmp_path / "log")
    batch = Batch(0, np.array([[0, 5]]), {}, 1.0)
    supervision = task._Supervision(job, batch, child, desk, tmp_path / "spool", 0)

    supervision._verdict = supervision._judge()
    child.cursor.rows = (ended_at, ended_at + 1)  # before the signal arrives
    supervision._bury()

    assert set(supervision._assignment.culprits) == culprits
