"""Which row of which shard is the record of which point.

A table of stretches: consecutive points whose rows are consecutive in one shard and have one status. Its size follows
the number of shards, not of points. It is derived from the shards alone, and they from nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorekit.space import Space
from explorekit.store.shard import FAILED, OK, PENDING, Header, Positions, read_header

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shard:
    """A shard as seen from a space.

    Parameters
    ----------
    name
        The file's name below ``runs/``.
    header
        What it holds.
    stretches
        Array of shape (n, 4): first position in the space, one past the last, first row, status.
    """

    name: str
    header: Header
    stretches: Ints

    @property
    def order(self) -> tuple[int, int, str]:
        """What decides between two records of a point: epoch and sequence."""
        return self.header.origin.epoch, self.header.origin.sequence, self.name

    def points(self, status: int) -> int:
        """Return the number of its points that have a status."""
        chosen = self.stretches[self.stretches[:, 3] == status]
        return int((chosen[:, 1] - chosen[:, 0]).sum())


def shard_in(name: str, header: Header, positions: Positions) -> Shard:
    """Return a shard whose rows have known positions in a space (−1: not in it)."""
    status = np.empty(header.size, dtype=np.int64)
    for start, stop, value in header.status_runs:
        status[start:stop] = value
    apart = (np.diff(positions) != 1) | (positions[:-1] < 0)  # −1 and 0 are no neighbours
    edges = np.flatnonzero(apart | (np.diff(status) != 0)) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [header.size]])
    table = np.stack([positions[first], positions[first] + last - first, first, status[first]], axis=1)
    return Shard(name, header, table[table[:, 0] >= 0])


def read_shard(path: Path, space: Space) -> Shard:
    """Read a shard's header and find its points in a space by their labels.

    Raises
    ------
    ShardError
        If the file is damaged.
    """
    header, touched, local = read_header(path)
    return shard_in(path.name, header, positions_by_label(space, touched, local))


def positions_by_label(space: Space, touched: Space, local: Positions) -> Positions:
    """Return where the points of a shard lie in a space, −1 for those that do not."""
    absent = np.full(len(local), -1, dtype=np.int64)
    for p in space.parameters.values():
        if p.dim is None and (p.name not in touched.parameters or not p.equals(touched.parameters[p.name])):
            return absent
    lies_on = [{name: p.dim for name, p in each.parameters.items()} for each in (space, touched)]
    if lies_on[0] != lies_on[1]:
        return absent
    index = touched.unravel(local)
    flat = np.zeros(len(local), dtype=np.int64)
    inside = np.ones(len(local), dtype=bool)
    for dim, axis in space.axes.items():
        found = axis.positions_of(touched.axes[dim])[index[dim]]
        inside &= found >= 0
        flat = flat * axis.size + found
    return np.where(inside, flat, -1)


@dataclass(frozen=True, eq=False)
class Index:
    """The record of every point that has one.

    Parameters
    ----------
    shards
        In the order that decides between them.
    start, stop, row, status, shard
        Columns of the table of stretches, sorted by start, without overlaps.
    """

    shards: tuple[Shard, ...] = ()
    start: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    stop: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    row: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    status: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    shard: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def locate(self, positions: Positions) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
        """Return shard number, row and status of points; −1, 0 and pending where there is no record."""
        if not self.start.size:
            return (
                np.full(positions.shape, -1),
                np.zeros(positions.shape, dtype=np.int64),
                np.full(positions.shape, PENDING, np.int8),
            )
        stretch = np.searchsorted(self.start, positions, side="right") - 1
        known = (stretch >= 0) & (positions < self.stop[stretch])
        shard = np.where(known, self.shard[stretch], -1)
        row = np.where(known, self.row[stretch] + positions - self.start[stretch], 0)
        return shard, row, np.where(known, self.status[stretch], PENDING).astype(np.int8)

    def gaps(self, total: int) -> Ints:
        """Return the (start, stop) of stretches of points without a record, as an array of shape (n, 2)."""
        start = np.concatenate([[0], self.stop])
        stop = np.concatenate([self.start, [total]])
        return np.stack([start, stop], axis=1)[stop > start]

    def counts(self) -> dict[int, int]:
        """Return the number of points of each status but pending."""
        lengths = self.stop - self.start
        return {
            status: int(lengths[self.status == status].sum()) for status in np.unique(self.status).tolist()
        }


def build(shards: Sequence[Shard], demoted: frozenset[str] = frozenset()) -> Index:
    """Return the index of some shards: ok over not ok; of several ok the lowest epoch and sequence, else the highest.

    Parameters
    ----------
    shards
        In any order.
    demoted
        Names of shards whose results contradict the schema, and count as failed.
    """
    ordered = sorted(shards, key=lambda shard: shard.order)
    if not ordered:
        return Index()
    tables = [np.insert(shard.stretches, 4, number, axis=1) for number, shard in enumerate(ordered)]
    for shard, table in zip(ordered, tables, strict=True):
        if shard.name in demoted:
            table[table[:, 3] == OK, 3] = FAILED
    table = np.concatenate(tables)
    table = table[np.argsort(table[:, 0], kind="stable")]
    if np.any(table[1:, 0] < np.maximum.accumulate(table[:, 1])[:-1]):
        table = _resolve(table)
    return Index(tuple(ordered), *(np.ascontiguousarray(table[:, column]) for column in range(5)))


def _resolve(table: Ints) -> Ints:
    """Return stretches that overlap cut so that each point keeps its one record."""
    lengths = table[:, 1] - table[:, 0]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    start, row, status, shard = (np.repeat(table[:, column], lengths) for column in (0, 2, 3, 4))
    position, row = start + within, row + within
    # Of several results the first one counts, and of several failures the last.
    best = np.lexsort((np.where(status == OK, shard, -shard), status != OK, position))
    best = best[np.concatenate([[True], np.diff(position[best]) != 0])]
    position, row, status, shard = position[best], row[best], status[best], shard[best]
    edge = (np.diff(position) != 1) | (np.diff(row) != 1) | (np.diff(status) != 0) | (np.diff(shard) != 0)
    first = np.concatenate([[0], np.flatnonzero(edge) + 1])
    size = np.diff(np.concatenate([first, [position.size]]))
    return np.stack(
        [position[first], position[first] + size, row[first], status[first], shard[first]], axis=1
    )
