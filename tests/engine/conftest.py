"""A cluster whose workers do not share the driver's disk, for all tests that want one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client
from engine.apart import workers_apart


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A client, and a folder that its workers do not see."""
    base = tmp_path_factory.mktemp("apart")
    (base / "hidden").mkdir()
    (base / "scratch").mkdir()
    with workers_apart(base / "hidden", base / "scratch") as (client, _):
        yield client, base / "hidden"
        assert not [f for f in (base / "scratch").rglob("*") if f.suffix in (".nc", ".tmp", ".log")]
