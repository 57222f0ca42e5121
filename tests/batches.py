"""Studies made without a cluster: batches of results written as the children write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import explorekit as ek
from explorekit.errors import OutputError
from explorekit.simulation.collect import Collector
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.outputs import outputs_of
from explorekit.store import durable
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory, StudyRecord
from explorekit.store.shard import FAILED, OK, Failure, Origin, Record, Timings, write_shard

VERSION = "0123456789abcdef"


class Failed(Exception):
    """Stands for a point that raises."""


def make_study(path: Path, space: ek.Space, name: str = "model") -> StudyDirectory:
    return StudyDirectory.create(path, StudyRecord(name, 0, "", code=VERSION), space)


def write_batch(
    directory: StudyDirectory,
    space: ek.Space,
    results: Mapping[int, Any],
    *,
    epoch: int = 1,
    sequence: int = 0,
    version: str = VERSION,
    worker: str = "host:1",
) -> Path:
    """Write a shard with what the simulation returned at some flat positions; an exception is a failure."""

    def model() -> None:
        return None

    simulation, taken = as_simulation(model), frozenset({*space.parameters, *space.dims})
    collector, status, failures = Collector({}), [], []
    for row, result in enumerate(results.values()):
        try:
            if isinstance(result, Exception):
                raise result
            collector.add(row, outputs_of(result, simulation, taken))
            status.append(OK)
        except (Failed, OutputError) as error:
            failures.append(Failure(row, type(error).__name__, str(error), "Traceback"))
            status.append(FAILED)
    n = len(status)
    record = Record(np.array(status, np.int8), timed_alone(n), failures)
    outputs, ragged = collector.stack(record.status == OK)
    temporary = durable.temporary_name(directory.runs)
    positions = np.array(list(results), dtype=np.int64)
    write_shard(
        temporary, space, positions, outputs, ragged, record, Origin(epoch, sequence, version, worker, "host")
    )
    final = directory.runs / f"{epoch:06d}-{sequence:08d}-{durable.content_hash(temporary)}.nc"
    durable.rename(temporary, final)
    return final


def timed_alone(n: int) -> Timings:
    """What runs took that began a second apart and were timed one by one."""
    return Timings(
        np.arange(n),
        np.ones(n, np.int32),
        1.6e9 + np.arange(n, dtype=float),
        np.full(n, 0.25),
        np.full(n, 0.125),
        np.full(n, 2**25),
        np.ones(n, np.int32),
    )


def snapshot_of(
    directory: StudyDirectory, space: ek.Space | None = None, fill: Mapping[str, Any] | None = None
) -> Any:
    catalog = Catalog(directory, space or directory.read_space(directory.read_record().space))
    catalog.refresh()
    return catalog.snapshot(frozenset({VERSION}), fill)


def study_with(path: Path, space: ek.Space, *batches: Mapping[int, Any]) -> StudyDirectory:
    """A study whose batches came one after the other."""
    directory = make_study(path, space)
    for sequence, batch in enumerate(batches):
        write_batch(directory, space, batch, sequence=sequence)
    return directory


def flip_bytes_of(path: Path, pattern: bytes) -> None:
    """Flip a bit in the only place of a file where some bytes stand."""
    content = bytearray(path.read_bytes())
    assert content.count(pattern) == 1
    content[content.index(pattern) + len(pattern) // 2] ^= 0x10
    path.write_bytes(content)
