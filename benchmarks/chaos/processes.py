"""The processes of a round: drivers and clusters, forked from one that has imported everything, and how to find them.

Importing takes longer than a round does; forking such a process takes a hundredth of a second. It has no threads, and
what it forks ends as any interpreter does.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

MARK = "EXPLOREKIT_CHAOS_ROUND"
_ROOT = Path(__file__).parents[2]


class Forker:
    """A process that forks others on demand; to be closed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "benchmarks.chaos.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        self._lock = threading.Lock()

    def fork(self, role: str, folder: Path, **spec: Any) -> "Forked":
        """Start a process in a role of `benchmarks.chaos.forked`; it talks through two pipes in the folder."""
        name = f"{role}-{time.monotonic_ns()}"
        for end in ("in", "out"):
            os.mkfifo(folder / f"{name}.{end}")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"role": role, "pipes": str(folder / name), **spec}
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            pid = int(self._process.stdout.readline())
        return Forked(pid, folder / name)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Forked:
    """A forked process, and the lines of JSON that it says and hears."""

    def __init__(self, pid: int, pipes: Path) -> None:
        self.process = psutil.Process(pid)
        self._log = pipes.with_suffix(".log")
        self._in = os.open(f"{pipes}.in", os.O_RDWR)  # both ways, so that neither end waits for the other
        self._out = os.open(f"{pipes}.out", os.O_RDWR | os.O_NONBLOCK)
        self._heard = b""
        self._closed = False

    def say(self, **message: Any) -> None:
        os.write(self._in, json.dumps(message).encode() + b"\n")

    def hear(self, timeout: float) -> dict[str, Any] | None:
        """Return the next thing it says; None if it is dead, or says nothing in time."""
        deadline = time.monotonic() + timeout
        while True:
            alive = self.alive
            with contextlib.suppress(BlockingIOError):
                self._heard += os.read(self._out, 2**20)
            line, newline, rest = self._heard.partition(b"\n")
            if newline:
                self._heard = rest
                message: dict[str, Any] = json.loads(line)
                return message
            if not alive or time.monotonic() > deadline:
                return None
            time.sleep(0.005)

    @property
    def alive(self) -> bool:
        return lives(self.process)

    @property
    def printed(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def ask_to_end(self) -> None:
        if self.alive and not self._closed:
            self.say(do="end")

    def end(self, timeout: float) -> bool:
        """Ask for the end; returns whether it came in time."""
        self.ask_to_end()
        ended = until(lambda: not self.alive, timeout)
        if not ended:
            self.process.kill()
        self.close()
        return ended

    def close(self) -> None:
        if not self._closed:  # twice would close what has their numbers by then
            self._closed = True
            os.close(self._in)
            os.close(self._out)


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(mark: str) -> Iterator[psutil.Process]:
    """Yield the living processes that belong to a round, by their environment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and lives(process):
                yield process


def running(mark: str, module: str) -> list[psutil.Process]:
    """Return the processes of a round that run a module, by number."""
    found = []
    for process in marked(mark):
        with contextlib.suppress(psutil.Error):
            if module in process.cmdline():
                found.append(process)
    return sorted(found, key=lambda process: process.pid)


def kill(process: psutil.Process) -> None:
    """Kill a process, and wait until it is dead."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGKILL)
    until(lambda: not lives(process), 60)


def until(condition: Callable[[], object], timeout: float) -> bool:
    """Wait for a condition; returns whether it came in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
