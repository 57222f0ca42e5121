"""One driver at a time: the living keep the lock, the dead do not."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from explorekit.errors import StudyBusyError
from explorekit.starting import held_for_run
from explorekit.store import lock as module
from explorekit.store.directory import StudyDirectory
from explorekit.store.lock import StudyLock


@pytest.fixture
def taken():
    """Locks that are released after the test."""
    locks = []

    def acquire(folder):
        lock = StudyLock(folder)
        lock.acquire()
        locks.append(lock)
        return lock

    yield acquire
    for lock in locks:
        lock.release()


def change_owner(folder, **changes):
    file = folder / "lock" / "owner.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_living_holder_keeps_others_out_and_is_named(tmp_path, taken):
    taken(tmp_path)
    with pytest.raises(StudyBusyError, match=f"being run by process {os.getpid()} on {socket.gethostname()}"):
        StudyLock(tmp_path).acquire()


def test_a_released_lock_may_be_taken_again_and_leaves_nothing(tmp_path):
    lock = StudyLock(tmp_path)
    for _ in range(2):
        lock.acquire()
        lock.release()

    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_taken_again_beats_again(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    lock = StudyLock(tmp_path)
    lock.acquire()
    lock.release()
    lock.acquire()
    try:
        deadline = time.monotonic() + 120
        while (tmp_path / "lock" / "heartbeat").read_text() in ("", "0"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        lock.release()


def test_the_lock_of_a_dead_process_is_broken(tmp_path, taken):
    script = (
        "import os, sys; from pathlib import Path; from explorekit.store.lock import StudyLock\n"
        "StudyLock(Path(sys.argv[1])).acquire(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=240)
    assert (tmp_path / "lock").is_dir()

    taken(tmp_path)


def test_the_lock_of_a_dead_process_that_nobody_has_waited_for_is_broken(tmp_path, taken):
    taken(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(process.pid).create_time()
    process.kill()
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    try:
        change_owner(tmp_path, pid=process.pid, process_started=started)
        taken(tmp_path)
    finally:
        process.communicate()


def test_a_process_that_got_the_number_of_a_dead_one_does_not_hold_its_lock(tmp_path, taken):
    taken(tmp_path)
    change_owner(tmp_path, process_started=1.0, token="of the dead")

    taken(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"pid": 1}'])
def test_a_lock_whose_owner_cannot_be_told_is_broken(tmp_path, taken, content):
    (tmp_path / "lock").mkdir()
    (tmp_path / "lock" / "owner.json").write_text(content)

    taken(tmp_path)


def test_what_a_driver_left_that_was_killed_over_its_lock_goes_with_the_next(tmp_path, taken):
    taken(tmp_path)
    change_owner(tmp_path, process_started=0.0)
    dead = (tmp_path / "lock" / "owner.json").read_text()
    change_owner(tmp_path, host="elsewhere")
    other_host = (tmp_path / "lock" / "owner.json").read_text()
    for name, owner in (("dead", dead), ("other_host", other_host), ("filling", ""), ("old", "")):
        aside = tmp_path / f".{name}.lock.tmp"
        aside.mkdir()
        if owner:
            (aside / "owner.json").write_text(owner)
    os.utime(tmp_path / ".old.lock.tmp", (0, 0))
    change_owner(tmp_path, host=socket.gethostname(), process_started=0.0)

    taken(tmp_path)
    assert {path.name for path in tmp_path.glob(".*")} == {".other_host.lock.tmp", ".filling.lock.tmp"}


def test_a_lock_that_was_being_filled_when_its_driver_was_killed_goes_with_the_next(tmp_path, taken):
    process = os.fork()
    if not process:
        Path.write_text = lambda *_: os._exit(0)
        try:
            StudyLock(tmp_path).acquire()
        finally:
            os._exit(1)
    assert os.waitpid(process, 0)[1] == 0
    (aside,) = tmp_path.glob(".*")
    assert not list(aside.iterdir())

    taken(tmp_path)
    assert not aside.exists()


def test_a_lock_that_can_be_neither_read_nor_taken_is_an_error_not_a_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(StudyLock, "_take", lambda self, place: False)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)

    with pytest.raises(StudyBusyError, match="neither read nor taken"):
        StudyLock(tmp_path).acquire()


def test_a_holder_on_another_host_keeps_its_lock_while_its_heart_beats(tmp_path, taken, monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    taken(tmp_path)
    change_owner(tmp_path, host="elsewhere", boot="another")

    with pytest.raises(StudyBusyError, match="elsewhere"):
        StudyLock(tmp_path).acquire()


def test_a_holder_on_another_host_whose_heart_stands_still_loses_its_lock(tmp_path, taken, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(module, "HEARTBEAT", 60.0)
    taken(tmp_path)
    change_owner(tmp_path, host="elsewhere", boot="another", token="theirs")

    taken(tmp_path)


def test_of_many_racers_for_a_stale_lock_one_wins(tmp_path):
    for _ in range(30):
        (tmp_path / "lock").mkdir()
        (tmp_path / "lock" / "owner.json").write_text("")
        locks, winners, losers = [StudyLock(tmp_path) for _ in range(6)], [], []
        start = threading.Barrier(len(locks))

        def race(lock, start=start, winners=winners, losers=losers):
            start.wait()
            try:
                lock.acquire()
            except StudyBusyError:
                losers.append(lock)
            else:
                winners.append(lock)

        threads = [threading.Thread(target=race, args=(lock,)) for lock in locks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for lock in winners:
            lock.release()
        assert (len(winners), len(losers)) == (1, 5)
    assert list(tmp_path.iterdir()) == []


def test_who_lost_the_lock_does_not_release_that_of_another(tmp_path, taken):
    lost = taken(tmp_path)
    change_owner(tmp_path, token="of another")
    lost.release()

    assert (tmp_path / "lock").is_dir()


class InterruptedAt:
    """Raises KeyboardInterrupt at the nth line that is run of some functions, as a Ctrl-C may."""

    def __init__(self, n, names):
        self.left, self.names = n, names

    def __enter__(self):
        sys.settrace(self._enter)

    def __exit__(self, *_):
        sys.settrace(None)

    def _enter(self, frame, event, argument):
        ours = frame.f_code.co_name in self.names and "explorekit" in frame.f_code.co_filename
        return self._line if ours else None

    def _line(self, frame, event, argument):
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._line


@pytest.mark.parametrize(
    "names",
    [{"acquire", "_acquire", "_take", "_remove_leftovers"}, {"release", "_release"}, {"held_for_run"}],
)
def test_an_interrupt_leaves_no_lock(tmp_path, names):
    directory = StudyDirectory(tmp_path)
    directory.runs.mkdir()
    n, interrupted = 0, True
    while interrupted:
        n, interrupted = n + 1, False
        try:
            with InterruptedAt(n, names), held_for_run(directory) as release:
                release()
        except KeyboardInterrupt:
            interrupted = True
        assert not (tmp_path / "lock").exists(), f"interrupted at line {n}"
        assert "explorekit-heartbeat" not in {thread.name for thread in threading.enumerate()}
    assert n > 5
