"""One driver at a time: the living keep the lock, the dead do not."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from explorekit.errors import StudyBusyError
from explorekit.store import lock as module
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
        deadline = time.monotonic() + 10
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
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert (tmp_path / "lock").is_dir()

    taken(tmp_path)


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
