"""Running a user's script in a process of its own, to kill, interrupt and watch, and finding what it started."""

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil

import explorekit

_started: list[subprocess.Popen[str]] = []


def start_script(folder: Path, text: str, **options: object) -> subprocess.Popen[str]:
    """Start a script that lies in a folder, as a user would, in a session of its own."""
    script = folder / "script.py"
    # A process in the background of a shell inherits that SIGINT is ignored.
    listening = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script.write_text(listening + textwrap.dedent(text))
    process = subprocess.Popen(
        [sys.executable, "-W", "error::UserWarning", str(script)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(explorekit.__file__).parents[1])},
        **options,  # type: ignore[call-overload]
    )
    _started.append(process)
    return process


def end_scripts() -> None:
    """Kill the scripts that are still running."""
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def run_script(folder: Path, text: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run a script to its end and return what it printed; fails if it failed."""
    process = start_script(folder, text)
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, f"{out}\n{err}"
    return subprocess.CompletedProcess(process.args, 0, out, err)


def wait_until(condition: Callable[[], object], timeout: float = 120) -> None:
    """Wait for a condition to hold, and fail if it does not in a time that only what never comes true takes."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def running(module: str, below: int | None = None) -> list[psutil.Process]:
    """The processes below this one, or another, that run a module of explorekit."""
    found = []
    for process in psutil.Process(below).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if f"explorekit.{module}" in process.cmdline():
                found.append(process)
    return found
