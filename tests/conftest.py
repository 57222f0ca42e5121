"""Nothing that a test starts outlives it: processes, threads and clusters are counted."""

import contextlib
import gc
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import psutil
import pytest

mpl.use("Agg")


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Close the clusters that the tests shared, and fail if any process of ours lives on."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    files_before = _scratch()
    yield
    if "explorekit.engine.reservation" in sys.modules:
        sys.modules["explorekit.engine.reservation"].close_private_clusters()
        # Of scripts that tests killed, as the next start of a cluster would.
        sys.modules["explorekit.engine.cluster"].remove_leftovers()
    gc.collect()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        left = [
            child
            for child in psutil.Process().children(recursive=True)
            if child.pid not in before and _lives(child)
        ]
        files = _scratch() - files_before
        if not left and not _explorekit_threads() and not files:
            return
        time.sleep(0.1)
    pytest.fail(f"left behind: {[p.cmdline() for p in left]}, {_explorekit_threads()}, {files}")


@pytest.fixture(autouse=True)
def nothing_runs_on() -> Iterator[None]:
    """End what a test that failed has left running, before it keeps others from what they need."""
    yield
    if "engine.scripts" in sys.modules:
        sys.modules["engine.scripts"].end_scripts()
    if "explorekit.engine.run" in sys.modules:
        for run in [run for run in sys.modules["explorekit.engine.run"]._active if not run.done]:
            run.cancel()
            with contextlib.suppress(Exception):
                run.wait(60)


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged, warnings too: a private cluster that still runs has raised the level of pytest's own handlers."""
    caplog.set_level(logging.WARNING)
    return caplog


@pytest.fixture(scope="module")
def syncing_takes_no_time() -> Iterator[None]:
    """Waiting for the disk at each of a thousand random studies would take minutes on a busy one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts small file systems in memory, where that is allowed; they are gone after the test."""
    folders: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
        folders.append(folder)
        return folder

    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    yield mount
    busy = [folder for folder in folders if subprocess.run(["umount", str(folder)], check=False).returncode]
    for folder in busy:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    assert not busy, "a file was left open"


def _scratch() -> set[Path]:
    """Return the folders of clusters, but for those of processes that have nothing to do with this one."""
    others = set(psutil.pids()) - {os.getpid(), *(p.pid for p in psutil.Process().children(recursive=True))}
    return {
        folder
        for folder in Path(tempfile.gettempdir()).glob("explorekit-*")
        if not others.intersection(int(part) for part in folder.name.split("-") if part.isdigit())
    }


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(
            process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False


def _explorekit_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("explorekit")]
