"""Gathering the records of points from many shards into the rows of one."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.simulation.collect import Stacked, padding_wastes
from explorekit.simulation.schema import FILL
from explorekit.store.failures import Failure, read_failures
from explorekit.store.files import ShardFiles
from explorekit.store.header import Origin
from explorekit.store.reader import read_outer, read_output
from explorekit.store.snapshot import Snapshot
from explorekit.store.status import OK, PENDING
from explorekit.store.table import Entry, Ints
from explorekit.store.timings import TIMING_COLUMNS, Timings, read_timings
from explorekit.store.writing import Record


class Stopped(Exception):  # noqa: N818 - nothing is wrong
    """Whoever asked for the work wants it no longer."""


class Gathered:
    """The records of some stretches, gathered from their shards into the rows of a new one.

    Parameters
    ----------
    n
        The number of rows.
    stretches
        Where the records lie: start, stop, row, status, origin, shard.
    first
        The new row that each stretch begins at.
    """

    def __init__(self, snapshot: Snapshot, n: int, stretches: Ints, first: Ints) -> None:
        self._snapshot = snapshot
        self._n = n
        self._stretches = stretches
        self._first = first
        table = snapshot.index.table
        holding = np.unique(stretches[stretches[:, 3] == OK, 5])
        self._entries = [table[number] for number in holding.tolist()]
        self._status = np.full(n, PENDING, dtype=np.int8)
        self._sizes: dict[str, int] = {}
        for entry in self._entries:
            for dim, size in entry.sizes.items():
                self._sizes[dim] = max(size, self._sizes.get(dim, 0))
        self._lengths = {dim: np.full(n, -1) for dim in self._sizes}
        self._stored = {name: one for entry in self._entries for name, one in entry.outputs.items()}
        self._constant = {name for name in self._stored if self._shared(name, holding)}
        self._values = {name: self._empty(name) for name in self._stored}
        self._given = {name: np.zeros(n, dtype=bool) for name in self._stored}
        self._timings: list[npt.NDArray[np.float64]] = []
        self._failures: list[Failure] = []

    @property
    def encoding(self) -> dict[str, Mapping[str, Any]]:
        return {name: one.encoding for name, one in self._stored.items() if one.encoding}

    def _shared(self, name: str, shards: Ints) -> bool:
        """Return whether an output is one array, the same in all shards that have it."""
        table = self._snapshot.index.table
        if name not in table.digests:
            return False
        having = [n for n in shards.tolist() if name in table.kinds[table.kind[n]].outputs]
        return len(set(table.digests[name][having].tolist()) - {b""}) == 1 and all(
            table.digests[name][having]
        )

    def _empty(self, name: str) -> npt.NDArray[Any]:
        fields = [entry.outputs[name].field for entry in self._entries if name in entry.outputs]
        dtype = np.result_type(*(np.dtype(one.dtype) for one in fields))
        shape = tuple(self._sizes[dim] for dim in fields[0].dims)
        return np.full(
            shape if name in self._constant else (self._n, *shape), FILL.get(dtype.kind, 0), dtype=dtype
        )

    def read(self, stop: Callable[[], bool]) -> None:
        """Read all shards, one after the other."""
        files = ShardFiles()
        order = np.argsort(self._stretches[:, 5], kind="stable")
        for shard, group in groupby(order.tolist(), key=lambda which: int(self._stretches[which, 5])):
            if stop():
                raise Stopped
            which = np.array(list(group))
            lengths = self._stretches[which, 1] - self._stretches[which, 0]
            within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            rows = np.repeat(self._stretches[which, 2], lengths) + within
            target = np.repeat(self._first[which], lengths) + within
            self._status[target] = np.repeat(self._stretches[which, 3], lengths)
            entry = self._snapshot.index.table[shard]
            with files.reading(self._snapshot.folder / entry.name) as file:
                ok = self._status[target] == OK
                if ok.any():
                    self._read_outputs(file, entry, rows[ok], target[ok])
                self._read_record(file, rows, target)
            files.close()

    def _read_outputs(self, file: Any, entry: Entry, rows: Ints, target: Ints) -> None:
        for dim, size in entry.sizes.items():
            uneven = dim in entry.ragged
            self._lengths[dim][target] = (
                read_outer(file["runs"], f"{dim}_size", np.int64, [rows]) if uneven else size
            )
        for name, one in entry.outputs.items():
            inner = [np.arange(entry.sizes[dim]) for dim in one.field.dims]
            there: tuple[Any, ...] = tuple(slice(entry.sizes[dim]) for dim in one.field.dims)
            if name not in self._constant:
                self._values[name][(target, *there)] = read_output(file, entry, name, rows, inner)
            elif not self._given[name].any():
                self._values[name][there] = read_output(file, entry, name, rows[:1], inner)[0]
            self._given[name][target] = read_outer(file, f"{name}_given", bool, [rows]) if one.given else True

    def _read_record(self, file: Any, rows: Ints, target: Ints) -> None:
        timings = read_timings(file)
        entry = np.searchsorted(timings.first, rows, side="right") - 1
        edge = (np.diff(entry) != 0) | (np.diff(rows) != 1) | (np.diff(target) != 1)
        begin = np.concatenate([[0], np.flatnonzero(edge) + 1])
        runs = np.diff(np.concatenate([begin, [rows.size]]))
        entry = entry[begin]
        part = runs / timings.runs[entry]
        each = timings.duration[entry] / timings.runs[entry]
        columns = {
            "first": target[begin],
            "runs": runs,
            "started": timings.started[entry] + (rows[begin] - timings.first[entry]) * each,
            "duration": timings.duration[entry] * part,
            "cpu_time": timings.cpu_time[entry] * part,
            "peak_memory": timings.peak_memory[entry],
            "attempts": timings.attempts[entry],
        }
        self._timings.append(np.stack([columns[name] for name in TIMING_COLUMNS], axis=1, dtype=np.float64))
        place = dict(zip(rows.tolist(), target.tolist(), strict=True)) if "failures" in file.groups else {}
        self._failures += [
            replace(failure, row=place[failure.row])
            for failure in read_failures(file)
            if failure.row in place
        ]

    def outputs(self) -> dict[str, Stacked]:
        ok, ragged = self._status == OK, self.ragged()
        found = {}
        for name, stored in self._stored.items():
            given = self._given[name]
            if given.any():
                values, lengths = self._values[name], None
                if name not in self._constant:
                    values, lengths = _joined_up(values, stored.field.dims, ragged)
                field = replace(stored.field, dtype=values.dtype.str)
                everywhere = np.array_equal(given, ok)
                found[name] = Stacked(
                    field, values, name in self._constant, None if everywhere else given, lengths
                )
        return found

    def ragged(self) -> dict[str, Ints]:
        return {
            dim: np.maximum(lengths, 0)
            for dim, lengths in self._lengths.items()
            if np.any((lengths >= 0) & (lengths != self._sizes[dim]))
        }

    def record(self) -> Record:
        table = np.concatenate(self._timings)
        table = table[np.argsort(table[:, 0], kind="stable")]
        columns = {name: table[:, i].astype(dtype) for i, (name, dtype) in enumerate(TIMING_COLUMNS.items())}
        return Record(self._status, Timings(**columns), sorted(self._failures, key=lambda one: one.row))

    def origins(self) -> list[tuple[int, Origin]]:
        """Return first rows and origins, those of neighbouring rows once."""
        table = self._snapshot.index.table
        order = np.argsort(self._first, kind="stable")
        origin = self._stretches[order, 4]
        changes = np.concatenate([[0], np.flatnonzero(np.diff(origin)) + 1])
        found: list[tuple[int, Origin]] = []
        for which in changes.tolist():
            number = origin[which]
            maker = table.makers[table.maker[number]]
            found.append(
                (
                    int(self._first[order[which]]) if found else 0,
                    Origin(int(table.epoch[number]), int(table.sequence[number]), **vars(maker)),
                )
            )
        return found


def _joined_up(
    values: npt.NDArray[Any], dims: Sequence[str], ragged: Mapping[str, Ints]
) -> tuple[npt.NDArray[Any], Ints | None]:
    """Return the values of all rows one behind the other, and their lengths, where padding wastes much."""
    if not dims or dims[0] not in ragged or not ragged.keys().isdisjoint(dims[1:]):
        return values, None
    lengths = ragged[dims[0]]
    if not padding_wastes(lengths, values.dtype.itemsize * math.prod(values.shape[2:])):
        return values, None
    return values[np.arange(values.shape[1]) < lengths[:, np.newaxis]], lengths
