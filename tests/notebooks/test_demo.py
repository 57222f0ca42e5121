"""The script behind `make demo`, on a terminal."""

import contextlib
import os
import pty
import shutil
import subprocess
import sys
import termios
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def run_on_terminal(command):
    """Run a command on a terminal of its own, and return what it writes there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = bytearray()
    with contextlib.suppress(OSError):  # Linux: EIO once the last writer has closed the terminal
        while chunk := os.read(ours, 65536):
            written += chunk
    os.close(ours)
    assert process.wait(240) == 0, written.decode()
    return written.decode()


def test_shows_its_progress_and_prints_the_results(tmp_path):
    for name in ("demo.py", "neuron.py"):
        shutil.copy(NOTEBOOKS / name, tmp_path)

    first = run_on_terminal([sys.executable, tmp_path / "demo.py"])
    again = run_on_terminal([sys.executable, tmp_path / "demo.py"])

    assert "150/150" in first
    assert "100%" in first
    assert "rate" in first
    assert "150/150" in again
    assert (tmp_path / "studies" / "demo" / "study.json").exists()
