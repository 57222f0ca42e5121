"""Studies on disk, made quickly: nothing here depends on what survives a loss of power."""

import os
from collections.abc import Callable, Iterator

import pytest
from batches import make_study

import explorekit as ek
from explorekit.store.directory import StudyDirectory


@pytest.fixture(autouse=True, scope="module")
def syncing_takes_no_time() -> Iterator[None]:
    """Waiting for the disk at each of a thousand random studies would take minutes on a busy one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ek.Space], StudyDirectory]:
    """Makes an empty study of a space, in a folder of its own."""
    return lambda space: make_study(tmp_path_factory.mktemp("study"), space)
