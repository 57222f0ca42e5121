"""The record of one run: no other run is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from explorekit.store.exported import exported_space, open_exported
from explorekit.store.failures import Failure, read_failure
from explorekit.store.hdf5 import open_file
from explorekit.store.reader import visit_shards
from explorekit.store.snapshot import Snapshot
from explorekit.store.status import FAILED, OK, PENDING, TIMED_OUT
from explorekit.store.table import Entry, Ints
from explorekit.store.timings import read_timing

_TIMINGS = {
    "started": "started",
    "duration": "duration",
    "cpu_time": "cpu_time",
    "peak_memory": "peak_memory",
    "attempts": "attempts",
    "runs": "timed_together",
}


@dataclass(frozen=True)
class StoredRun:
    """What is kept of one run beside its results.

    Parameters
    ----------
    status
        How it ended.
    started
        Seconds since 1970-01-01; NaN where there is no run, as are the times.
    duration, cpu_time
        Seconds.
    peak_memory
        Bytes.
    attempts, timed_together
        How often it was tried, and how many runs share the times.
    worker, host, code_version
        What made it.
    failure
        Why it has no result.
    batch
        Epoch and sequence of the batch that it was part of, where they are known.
    """

    status: int = PENDING
    started: float = np.nan
    duration: float = np.nan
    cpu_time: float = np.nan
    peak_memory: int = 0
    attempts: int = 0
    timed_together: int = 0
    worker: str = ""
    host: str = ""
    code_version: str = ""
    failure: Failure | None = None
    batch: tuple[int, int] | None = None


def run_at(snapshot: Snapshot, position: int) -> StoredRun:
    """Return the record of the point at a flat position."""
    point = np.array([position])
    index = snapshot.index
    status = int(index.locate(point)[2][0])
    if status == PENDING:
        return StoredRun()
    origin = int(index.origin[index.stretch_of(point)[0]])
    found: dict[str, Any] = {}

    def visit(file: Any, shard: Entry, rows: Ints, _: Ints) -> None:
        for column, name in _TIMINGS.items():
            found[name] = read_timing(file, column, rows)[0].item()
        if status != OK:
            why = snapshot.contradiction(shard.kind)
            found["failure"] = read_failure(file, int(rows[0])) or Failure(0, "OutputError", why, "")

    visit_shards(snapshot, point, visit)
    table = index.table
    batch = int(table.epoch[origin]), int(table.sequence[origin])
    return StoredRun(status, **vars(table.makers[table.maker[origin]]), batch=batch, **found)


def exported_run(path: Path, position: int) -> StoredRun:
    """Return the record of the point at a flat position from an exported file."""
    space = exported_space(path)
    where = {dim: int(index[0]) for dim, index in space.unravel(np.array([position])).items()}
    with open_exported(path, group="runs") as runs:
        names = [name for name in StoredRun.__dataclass_fields__ if name not in ("failure", "batch")]
        # A parameter of the same name has the record's moved aside.
        columns = {name: next(n for n in _spelled(name) if n in runs.data_vars) for name in names}
        found = {name: runs[column].isel(where).values[()] for name, column in columns.items()}
    status, started = int(found.pop("status")), found.pop("started")
    if status == PENDING:
        return StoredRun()
    with open_file(path) as file:
        failure = read_failure(file, position) if status in (FAILED, TIMED_OUT) else None
    since = (started - np.datetime64(0, "ns")) / np.timedelta64(1, "s")
    plain: dict[str, Any] = {name: value.item() for name, value in found.items()}
    return StoredRun(status, float(since), **plain, failure=failure)


def _spelled(name: str) -> list[str]:
    return [f"{'run_' * times}{name}" for times in range(4, -1, -1)]
