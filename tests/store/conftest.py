"""Studies on disk, made quickly: nothing here depends on what survives a loss of power."""

from collections.abc import Callable

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
