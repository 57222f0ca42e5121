"""One driver at a time: a lock that a dead process cannot hold.

The lock is a directory with a file that names host, process and boot, and a heartbeat. It is stale when the same boot
has no such process any more, or when nobody saw the heartbeat change for `PATIENCE` seconds on the reader's own
monotonic clock: clocks of two hosts are never compared, and file locking, which network file systems may lack, is not
relied on.
"""

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

HEARTBEAT = 5.0
PATIENCE = 60.0


class StudyLock:
    """Hold a study for one driver; a thread keeps the heartbeat until `release`.

    Raises
    ------
    StudyBusyError
        On `acquire`, if a living driver holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
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
        while not self._take():
            holder = self._holder()
            if holder is not None and not self._is_stale(holder):
                raise StudyBusyError(
                    f"the study at {self._path.parent} is being run by process {holder.get('pid')} on {holder.get('host')}; "
                    f"wait for it to end, or stop it."
                )
            self._break(holder)
        self._thread = threading.Thread(target=self._beat, name="explorekit-heartbeat", daemon=True)
        self._thread.start()

    def release(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        holder = self._holder()
        if holder is not None and holder.get("token") == self._owner["token"]:
            shutil.rmtree(self._path, ignore_errors=True)

    def _take(self) -> bool:
        # Filled aside and renamed, so that nobody ever sees a lock without an owner.
        filled = self._path.with_name(f".{secrets.token_hex(8)}.lock.tmp")
        filled.mkdir(mode=0o700)
        (filled / "owner.json").write_text(json.dumps(self._owner))
        (filled / "heartbeat").write_text("0")
        try:
            filled.rename(self._path)
        except OSError:
            shutil.rmtree(filled, ignore_errors=True)
            return False
        return True

    def _holder(self) -> dict[str, Any] | None:
        try:
            return json.loads((self._path / "owner.json").read_text())  # type: ignore[no-any-return]
        except (OSError, ValueError):
            return None

    def _is_stale(self, holder: dict[str, Any]) -> bool:
        if holder["boot"] == self._owner["boot"] and holder["host"] == self._owner["host"]:
            return not _lives(holder)
        beat, since = self._heartbeat(), time.monotonic()
        while self._heartbeat() == beat:
            if time.monotonic() - since > PATIENCE:
                return True
            time.sleep(1.0)
        return False

    def _heartbeat(self) -> str:
        try:
            return (self._path / "heartbeat").read_text()
        except OSError:
            return ""

    def _break(self, holder: dict[str, Any] | None) -> None:
        """Put a stale lock out of the way; of several who try, one rename succeeds."""
        grave = self._path.with_name(f".{secrets.token_hex(8)}.lock.tmp")
        if self._holder() != holder:
            return
        try:
            self._path.rename(grave)
        except OSError:
            return
        shutil.rmtree(grave, ignore_errors=True)

    def _beat(self) -> None:
        count = 0
        while not self._stop.wait(HEARTBEAT):
            count += 1
            try:
                (self._path / "heartbeat").write_text(str(count))
            except OSError:  # a full disk: the lock is judged by its process then
                continue


def _lives(holder: dict[str, Any]) -> bool:
    try:
        return abs(psutil.Process(holder["pid"]).create_time() - float(holder["process_started"])) < 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(int(psutil.boot_time()))
