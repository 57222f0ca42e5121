"""The children of one worker process: started ahead, kept between batches, replaced when they die."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from explorekit.engine import cursor
from explorekit.engine.messages import Job

LAST_BREATH = 2.0  # seconds for a child to end that has let go of its connection
_LAST_WORDS = 4000
_FULL = 0.75  # of the memory that a child may hold
_GROWN = 1.25  # times what it held at first
# What the C library of most Linux systems comes to by itself where it has seen large arrays come and go; small ones, in
# numbers, do not teach it that.
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


living: "weakref.WeakSet[Child]" = weakref.WeakSet()  # of this worker process


class Child:
    """A process that runs user code, and the worker's end of its connection.

    Parameters
    ----------
    folder
        Where to keep what it prints and spools; the worker's own folder, which goes when the worker does.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.scratch = Path(tempfile.mkdtemp(prefix="explorekit-child-", dir=folder))
        self._cursor_file = tempfile.TemporaryFile(dir=self.scratch)  # noqa: SIM115
        self._cursor_file.truncate(cursor.SIZE)
        self.cursor = cursor.Cursor(self._cursor_file.fileno())
        self.job: Job | None = None
        self._settled: int | None = None
        self._asked = False
        self._ended = False
        here, there = _pair()
        lifeline, self._lifeline = os.pipe()
        with (self.scratch / "output").open("a+b", buffering=0) as output:
            self.process = subprocess.Popen(  # noqa: S603
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "explorekit.engine.child",
                    str(there),
                    str(self._cursor_file.fileno()),
                    str(lifeline),
                ],
                pass_fds=(there, self._cursor_file.fileno(), lifeline),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_environment(),
            )
        self._looked_at = psutil.Process(self.process.pid)
        os.close(there)
        os.close(lifeline)
        self.connection = Connection(here)
        living.add(self)

    def take(self, job: Job) -> None:
        """Give the child a job, unless it has it; one that runs other code needs a fresh child."""
        if self.job is None or self.job.id != job.id:
            self.send(job)
            self.job = job

    def send(self, message: Any) -> None:
        self.cursor.clear()
        self.connection.send(message)

    def interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the child and its own children at once; what it was doing is to be found out afterwards."""
        if self.process.returncode is None:  # else its number may be another process's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def dead(self) -> bool:
        """Whether the child has ended; a copy that the simulation made of it may hold its connection open."""
        # Not by waiting for it: its number, which is also its group's, must stay its own until `end`.
        try:
            return bool(self._looked_at.status() == psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return True

    def let_die(self, seconds: float) -> None:
        """Give a child that has let go of its connection some time to end by itself, so that it can be told how."""
        until = time.monotonic() + seconds
        while not self.dead and time.monotonic() < until:
            time.sleep(0.005)

    def memory(self) -> int:
        """Return the bytes that the child holds now."""
        try:
            return int(self._looked_at.memory_info().rss)
        except psutil.Error:
            return 0

    def cpu(self) -> float | None:
        """Return the share of a core that the child has used since this was asked before; None the first time."""
        try:
            share = float(self._looked_at.cpu_percent()) / 100
        except psutil.Error:
            return None
        asked, self._asked = self._asked, True
        return share if asked else None

    def settle(self) -> None:
        """Note what the child holds between batches, the first time."""
        if self._settled is None:
            self._settled = self.memory()

    def leaks(self, limit: int) -> bool:
        """Whether the child holds most of what it may, of which little when it had run its first batch.

        The points to come would have to answer for what earlier ones left behind.
        """
        if not limit or self._settled is None:
            return False
        return self.memory() > max(_FULL * limit, _GROWN * self._settled)

    def last_words(self) -> str:
        """Return the end of what the child printed."""
        with contextlib.suppress(OSError):
            text = (self.scratch / "output").read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip()
            return text[max(0, text.rfind("Fatal Python error")) :]  # what faulthandler tells of a crash
        return ""

    def end(self) -> None:
        """Kill the child and its own children, and clean up after it, once."""
        if self._ended:  # another file may have its descriptors by now
            return
        self._ended = True
        self.kill()
        self.process.wait()
        self.connection.close()
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
        self.cursor.close()
        self._cursor_file.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class ChildPool:
    """Children that wait for work: those that hold a job, and fresh ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._timer: threading.Timer | None = None

    def prestart(self, folder: str) -> None:
        """Start a child ahead of the first batch: its imports take a third of a second."""
        child = Child(folder)
        with self._lock:
            self._idle.append(child)

    def acquire(self, job: Job, folder: str) -> Child:
        """Return a child that holds the job: one that ran the same code, or a fresh one."""
        while True:
            with self._lock:
                same = next(
                    (c for c in self._idle if c.job is not None and c.job.payload == job.payload), None
                )
                chosen = same or next((c for c in self._idle if c.job is None), None)
                retired = (
                    next((c for c in self._idle if c.job is not None and c is not chosen), None)
                    if same is None
                    else None
                )
                self._idle = [child for child in self._idle if child is not chosen and child is not retired]
            if retired is not None:
                retired.end()
            child = chosen or Child(folder)
            if child.dead:
                child.end()
                continue
            try:
                child.take(job)
            except ConnectionError:
                child.let_die(LAST_BREATH)
                words = child.last_words()
                child.end()
                if chosen is not None:  # it died as it waited
                    continue
                raise RuntimeError(
                    f"the process for user code ended as it was started (exit code {child.process.returncode}). {words}"
                ) from None
            return child

    def release(self, child: Child) -> None:
        with self._lock:
            self._idle.append(child)

    def end_idle_later(self, seconds: float) -> None:
        """End the children that wait after some time, unless this is called again before."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(seconds, self.end_idle)
            self._timer.name = "explorekit-end-children-later"
            self._timer.daemon = True
            self._timer.start()

    def end_idle(self) -> None:
        """End the children that wait."""
        with self._lock:
            ended, self._idle = self._idle, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        for child in ended:
            child.end()


def _pair() -> tuple[int, int]:
    here, there = socket.socketpair()
    there.setblocking(True)
    return here.detach(), there.detach()


def _environment() -> dict[str, str]:
    """One thread of numerics a child, since a worker has one child a core; and sets in the same order everywhere.

    Memory of temporary arrays stays for the next ones. With what Dask sets for its own workers' sake, every array of more than
    128 KiB costs page faults, and a simulation that makes many is ten times slower.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "MALLOC_TRIM_THRESHOLD_"}
    return {**dict.fromkeys(_THREADS, "1"), **_ALLOCATOR, "PYTHONHASHSEED": "0", **inherited}
