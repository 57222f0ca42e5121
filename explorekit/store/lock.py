"""One driver at a time: a lock that a dead process cannot hold.

The lock is a directory with a file that names host, process and boot, and a heartbeat. It is stale when the same boot
has no such process any more, or when nobody saw the heartbeat change for `PATIENCE` seconds on the reader's own
monotonic clock: clocks of two hosts are never compared, and file locking, which network file systems may lack, is not
relied on.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from explorekit.errors import StudyBusyError
from explorekit.processes import lives

HEARTBEAT = 5.0
PATIENCE = 60.0
_ATTEMPTS = 20


class StudyLock:
    """Hold a study for one driver; a thread keeps the heartbeat until `release`.

    Raises
    ------
    StudyBusyError
        On `acquire`, if a living driver holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = self._place = folder / "lock"
        self._owner = {
            "host": socket.gethostname(),
            "boot": _boot_id(),
            "pid": os.getpid(),
            "process_started": psutil.Process().create_time(),
            "token": secrets.token_hex(8),
        }
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self) -> None:
        """Take the lock, or that of a holder who is gone; interrupted, it takes none."""
        try:
            self._acquire()
        except BaseException:
            self.release()
            raise

    def _acquire(self) -> None:
        for attempt in range(_ATTEMPTS):
            if self._take(self._path):
                break
            place, holder = self._current()
            if holder is not None and not self._is_stale(place, holder):
                raise StudyBusyError(
                    f"the study at {self._path.parent} is being run by process {holder['pid']} on {holder['host']}; "
                    f"wait for it to end, or stop it."
                )
            if self._take(_successor(self._path, holder)) and self._is_mine():
                break
            time.sleep(0.01 * attempt)
        else:
            raise StudyBusyError(
                f"the study at {self._path.parent} has a lock that can be neither read nor taken; "
                f"if nobody runs the study, remove {self._path}."
            )
        self._remove_leftovers()
        self._stop.clear()
        self._thread = threading.Thread(target=self._beat, name="explorekit-heartbeat", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give the lock back, if we have it."""
        try:
            self._release()
        except (
            BaseException
        ):  # an interrupt: this process may live on for long, and nobody else could take the lock
            self._release()
            raise

    def _release(self) -> None:
        self._stop.set()
        if self._thread is not None:
            if self._thread.is_alive():
                self._thread.join()
            self._thread = None
        if self._is_mine():
            grave = self._aside()
            with contextlib.suppress(OSError):
                self._path.rename(grave)
            shutil.rmtree(grave, ignore_errors=True)

    def _take(self, place: Path) -> bool:
        """Put our name at a place where nobody's is; of several who try, one rename succeeds."""
        # Filled aside and renamed, so that nobody ever sees a lock without an owner.
        filled = self._aside()
        filled.mkdir(mode=0o700)
        (filled / "owner.json").write_text(json.dumps(self._owner))
        (filled / "heartbeat").write_text("0")
        try:
            filled.rename(place)
        except OSError:
            shutil.rmtree(filled, ignore_errors=True)
            return False
        self._place = place
        return True

    def _remove_leftovers(self) -> None:
        """Remove locks that drivers were about to take, or to give back, when they were killed."""
        for aside in self._path.parent.glob(".*.lock.tmp"):
            holder = _owner_in(aside)
            with contextlib.suppress(OSError):
                dead = holder is not None and self._is_of_this_machine(holder) and not _lives(holder)
                if dead or (holder is None and self._was_being_filled(aside)):
                    shutil.rmtree(aside, ignore_errors=True)

    def _was_being_filled(self, aside: Path) -> bool:
        """Return whether whoever was about to put an owner there, or had removed it, is gone."""
        machine, _, rest = aside.name.partition("-")
        pid = rest.partition("-")[0]
        if machine == f".{self._machine()}" and pid.isdigit() and not psutil.pid_exists(int(pid)):
            return True
        return time.time() - aside.stat().st_mtime > PATIENCE

    def _machine(self) -> str:
        """Return a short name of this machine since it started."""
        return hashlib.sha256(f"{self._owner['host']} {self._owner['boot']}".encode()).hexdigest()[:12]

    def _is_of_this_machine(self, holder: dict[str, Any]) -> bool:
        """Return whether a holder's process is one that this machine can know."""
        return bool(holder["boot"] == self._owner["boot"] and holder["host"] == self._owner["host"])

    def _aside(self) -> Path:
        return self._path.with_name(f".{self._machine()}-{os.getpid()}-{secrets.token_hex(8)}.lock.tmp")

    def _current(self) -> tuple[Path, dict[str, Any] | None]:
        """Return who holds the lock, and where: the last of those who took it over, one after the other."""
        place, holder = self._path, _owner_in(self._path)
        while (successor := _successor(self._path, holder)).is_dir():
            place, holder = successor, _owner_in(successor)
            if holder is None:
                break
        return place, holder

    def _is_mine(self) -> bool:
        holder = self._current()[1]
        return holder is not None and bool(holder["token"] == self._owner["token"])

    def _is_stale(self, place: Path, holder: dict[str, Any]) -> bool:
        if self._is_of_this_machine(holder):
            return not _lives(holder)
        beat, since = _heartbeat(place), time.monotonic()
        while _heartbeat(place) == beat:
            if time.monotonic() - since > PATIENCE:
                return True
            time.sleep(min(1.0, PATIENCE / 10))
        return False

    def _beat(self) -> None:
        count = 0
        while not self._stop.wait(HEARTBEAT):
            count += 1
            try:
                (self._place / "heartbeat").write_text(str(count))
            except OSError:  # a full disk: the lock is judged by its process then
                continue


def _successor(lock: Path, holder: dict[str, Any] | None) -> Path:
    """Return where the one stands who takes the lock over from a holder.

    Named after the holder, so that who was slow to find it stale cannot take the lock from its successor.
    """
    return lock / f"after-{holder['token'] if holder else 'nobody'}"


def _owner_in(folder: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads((folder / "owner.json").read_text())
    except (OSError, ValueError):
        return None
    known = isinstance(owner, dict) and owner.keys() >= {"host", "boot", "pid", "process_started", "token"}
    return owner if known else None


def _heartbeat(place: Path) -> str:
    try:
        return (place / "heartbeat").read_text()
    except OSError:
        return ""


def _lives(holder: dict[str, Any]) -> bool:
    return lives(holder["pid"], float(holder["process_started"]))


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(int(psutil.boot_time()))
