"""What did the runs of a batch take? One table in each shard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.space.positions import Positions
from explorekit.store.netcdf import Draft, fetch

# One variable for all columns: defining one costs as much as writing 100 kB.
TIMING_COLUMNS: Mapping[str, Any] = {
    "first": np.int64,
    "runs": np.int32,
    "started": np.float64,
    "duration": np.float64,
    "cpu_time": np.float64,
    "peak_memory": np.int64,
    "attempts": np.int32,
}
_TIMING_ATTRS = {
    "long_name": "runs that were timed together: their first row, number, start (seconds since 1970-01-01), wall and CPU "
    "time of all (s), most memory that the process held (byte), and number of tries",
    "columns": " ".join(TIMING_COLUMNS),
}


@dataclass(frozen=True)
class Timings:
    """What the runs of a batch took, one entry a group of neighbouring rows that were timed together.

    Reading a clock costs as much as a short run, so these share one; a long one has an entry of its own.

    Parameters
    ----------
    first
        First row of the group, increasing.
    runs
        Number of rows in it.
    started
        Seconds since 1970-01-01.
    duration, cpu_time
        Seconds, of all together.
    peak_memory
        The most that the process held until then, in bytes; of this run alone where it was timed alone on Linux.
    attempts
        How often each was tried.
    """

    first: npt.NDArray[np.int64]
    runs: npt.NDArray[np.int32]
    started: npt.NDArray[np.float64]
    duration: npt.NDArray[np.float64]
    cpu_time: npt.NDArray[np.float64]
    peak_memory: npt.NDArray[np.int64]
    attempts: npt.NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        """Bytes of the table in a shard."""
        return len(TIMING_COLUMNS) * np.dtype(np.float64).itemsize * len(self.first)

    @property
    def spread(self) -> float:
        """How much the cost of a run varies: variance / mean²; few timings tell little, so that one more is made up, of 1."""
        mean = max(1e-9, self.duration.sum() / self.runs.sum())
        squares = (self.duration / mean - self.runs) ** 2 / self.runs
        return float((1 + squares.sum()) / (1 + squares.size))


def put_timings(group: Any, timings: Timings, draft: Draft) -> None:
    """Add timings to the draft of a shard, in its group ``runs``."""
    group.createDimension("timing", len(timings.first))
    group.createDimension("timing_column", len(TIMING_COLUMNS))
    table = np.stack([getattr(timings, name) for name in TIMING_COLUMNS], axis=1, dtype=np.float64)
    draft.add(group, "timings", ("timing", "timing_column"), table, _TIMING_ATTRS)


def read_timings(file: Any) -> Timings:
    """Return the timings of an open shard."""
    group = file["runs"]
    return Timings(**_timings(group, np.arange(len(group.dimensions["timing"]))))


def read_timing(file: Any, name: str, rows: Positions) -> npt.NDArray[Any]:
    """Return one column of an open shard's timings at some rows; times of a group are divided among its runs."""
    group = file["runs"]
    if len(group.dimensions["timing"]) == len(group["status"]):
        return _timings(group, rows)[name]
    # A group is short: the table is small where rows share entries.
    table = _timings(group, np.arange(len(group.dimensions["timing"])))
    entry = np.searchsorted(table["first"], rows, side="right") - 1
    values = table[name][entry]
    if name in ("duration", "cpu_time"):
        return np.asarray(values / table["runs"][entry])
    if name == "started":
        each = table["duration"][entry] / table["runs"][entry]
        return np.asarray(values + (rows - table["first"][entry]) * each)
    return values


def _timings(group: Any, entries: Positions) -> dict[str, npt.NDArray[Any]]:
    low, high = int(entries.min()), int(entries.max()) + 1
    table = fetch(group, "timings", np.float64, slice(low, high))[entries - low]
    return {name: table[:, i].astype(dtype) for i, (name, dtype) in enumerate(TIMING_COLUMNS.items())}
