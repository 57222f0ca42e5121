"""Studies on disk, made quickly: nothing here depends on what survives a loss of power."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batches import make_study

import explorekit as ek
from explorekit.store.directory import StudyDirectory


@pytest.fixture(autouse=True, scope="module")
def quick(syncing_takes_no_time: None) -> None:
    """Nothing in this folder depends on it."""


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ek.Space], StudyDirectory]:
    """Makes an empty study of a space, in a folder of its own."""
    return lambda space: make_study(tmp_path_factory.mktemp("study"), space)


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
