"""Which row of which shard is the record of which point.

A table of stretches: consecutive points whose rows are consecutive in one shard and have one status. Its size follows
the number of shards, not of points. It is derived from the shards alone, and they from nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.space import Space
from explorekit.space.axis import Axis
from explorekit.space.derived import Derived, dims_of
from explorekit.space.identity import as_kind, canonical, without_baseline
from explorekit.space.parameter import Parameter
from explorekit.space.positions import Positions
from explorekit.store.header import Header
from explorekit.store.shard import read_header
from explorekit.store.status import FAILED, OK, PENDING
from explorekit.store.superseded import merged
from explorekit.store.table import Bools, Ints, Shard, ShardTable

_Column = Parameter | Derived | None
BaselinesOf = Callable[[str], Mapping[str, bytes]]


def shard_in(name: str, header: Header, positions: Positions) -> Shard:
    """Return a shard whose rows have known positions in a space (−1: not in it)."""
    status = np.empty(header.size, dtype=np.int64)
    for start, stop, value in header.status_runs:
        status[start:stop] = value
    apart = (np.diff(positions) != 1) | (positions[:-1] < 0)  # −1 and 0 are no neighbours
    apart |= np.diff(status) != 0
    apart[[row - 1 for row, _ in header.origins_by_row[1:]]] = True
    edges = np.flatnonzero(apart) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [header.size]])
    table = np.stack([positions[first], positions[first] + last - first, first, status[first]], axis=1)
    table = table[table[:, 3] != PENDING]
    inside = table[:, 0] >= 0
    return Shard(name, header, table[inside], not inside.all())


def shard_along(name: str, header: Header, ranges: Ints) -> Shard:
    """Return a shard whose rows lie along sorted stretches of a space, (start, stop) each, without looking at every row."""
    before = np.cumsum(ranges[:, 1] - ranges[:, 0]) - (ranges[:, 1] - ranges[:, 0])
    runs = np.array(header.status_runs, dtype=np.int64)
    starts = [before, runs[:, 0], np.array([row for row, _ in header.origins_by_row], dtype=np.int64)]
    first = np.unique(np.concatenate(starts))
    first = first[first < header.size]
    last = np.append(first[1:], header.size)
    which = np.searchsorted(before, first, side="right") - 1
    position = ranges[which, 0] + first - before[which]
    status = runs[np.searchsorted(runs[:, 0], first, side="right") - 1, 2]
    table = np.stack([position, position + last - first, first, status], axis=1)
    return Shard(name, header, table[status != PENDING], False)


def read_shard(path: Path, space: Space, baselines: BaselinesOf | None = None) -> Shard:
    """Read a shard's header and find its points in a space by their labels.

    Parameters
    ----------
    path
        The file.
    space
        The space that positions are counted in.
    baselines
        Gives, for a code version, the baselines of `positions_by_label`.

    Raises
    ------
    ShardError
        If the file is damaged.
    """
    header, touched, local = read_header(path)
    positions = positions_by_label(
        space, touched, local, baselines(header.origin.code_version) if baselines else None
    )
    return shard_in(path.name, header, positions)


def positions_by_label(
    space: Space, touched: Space, local: Positions, baselines: Mapping[str, bytes] | None = None
) -> Positions:
    """Return where the points of a shard lie in a space, −1 for those that do not.

    Parameters
    ----------
    space
        The space.
    touched
        The labels that the shard holds.
    local
        Flat positions of its rows among these.
    baselines
        Canonical values of parameters where they are not given: a shard without a parameter lies there, in a space that has it,
        and so do the points of a space without it.
    """
    labels = _RowLabels(touched, local, baselines or {})
    flat = np.zeros(len(local), dtype=np.int64)
    inside = labels.lie_in(space)
    for axis in space.axes.values():
        if not inside.any():
            break
        found = labels.positions_on(axis)
        inside &= found >= 0
        flat = flat * axis.size + found
    if inside.any() and (space.derived or touched.derived):
        inside &= labels.derived_alike(space, np.where(inside, flat, 0))
    return np.where(inside, flat, -1)


class _RowLabels:
    """The labels of a shard's rows."""

    def __init__(self, touched: Space, local: Positions, baselines: Mapping[str, bytes]) -> None:
        self._touched = touched
        self._rows = len(local)
        self._index = touched.unravel(local)
        self._baselines = baselines

    def lie_in(self, space: Space) -> npt.NDArray[np.bool_]:
        """Return which rows have the values that are fixed in a space, and baselines where it has no parameter."""
        inside = np.ones(self._rows, dtype=bool)
        for p in space.parameters.values():
            if p.dim is None:
                inside &= self._are(p.name, canonical(p.values)[0], p.values.dtype)
        for p in self._touched.parameters.values():
            if p.name not in space.passed:
                inside &= self._are(p.name, b"", p.values.dtype)
        for dim, axis in self._touched.axes.items():
            if not (dim in space.axes and _same_columns(axis, space.axes[dim])) and axis.occurrence.any():
                inside &= axis.occurrence[self._index[dim]] == 0
        return inside

    def derived_alike(self, space: Space, positions: Positions) -> npt.NDArray[np.bool_]:
        """Return which rows have the derived values of points of a space: elsewhere others, or a baseline, were computed with."""
        alike = np.ones(self._rows, dtype=bool)
        index = space.unravel(positions)
        names = dict.fromkeys((*space.derived, *self._touched.derived))
        for name in names:
            mine, theirs = self._touched.passed.get(name), space.passed.get(name)
            same = np.zeros(self._rows, dtype=bool)
            if mine is not None and theirs is not None and mine.values.dtype.kind == theirs.values.dtype.kind:
                at, there = _own(mine, self._index, self._rows), _own(theirs, index, self._rows)
                same = mine.values.ravel()[at] == theirs.values.ravel()[there]
                same &= mine.is_given.ravel()[at] & theirs.is_given.ravel()[there]
            if not (same | ~alike).all():
                same |= self._same_but_for_baselines(name, index, mine, theirs)
            alike &= same
        return alike

    def _same_but_for_baselines(
        self, name: str, index: Mapping[str, Positions], mine: _Column, theirs: _Column
    ) -> npt.NDArray[np.bool_]:
        dtype = next(p.values.dtype for p in (theirs, mine) if p is not None)
        baseline = self._baseline(name, dtype)
        both = [_labels_at(p, at, self._rows) for p, at in ((mine, self._index), (theirs, index))]
        same = [
            without_baseline(a, baseline) == without_baseline(b, baseline) for a, b in zip(*both, strict=True)
        ]
        return np.array(same, dtype=bool)

    def _are(self, name: str, label: bytes, dtype: np.dtype[Any]) -> npt.NDArray[np.bool_] | bool:
        """Return which rows have a value of a parameter; where it is missing, its baseline."""
        dim, labels = self._column(name)
        baseline = self._baseline(name, dtype)
        wanted = without_baseline(label, baseline)
        same = np.array([without_baseline(each, baseline) == wanted for each in labels], dtype=bool)
        return same[self._index[dim]] if dim else bool(same[0])

    def _column(self, name: str) -> tuple[str | None, list[bytes]]:
        """Return the dimension that a parameter's values lie on, and these in canonical form; empty where it is missing."""
        parameter = self._touched.passed.get(name)
        if parameter is None or len(dims := dims_of(parameter)) > 1:
            return None, [b""]
        return next(iter(dims), None), parameter.labels

    def _baseline(self, name: str, dtype: np.dtype[Any]) -> bytes:
        baseline = self._baselines.get(name)
        return b"" if baseline is None else as_kind(baseline, dtype)

    def positions_on(self, axis: Axis) -> Ints:
        """Return where the rows lie on a dimension."""
        mine = self._touched.axes.get(axis.dim)
        if mine is not None and _same_columns(mine, axis):
            found = axis.positions_of(mine)
            lost = np.flatnonzero((found < 0) & (mine.occurrence == 0))
            if lost.size and (axis.is_ragged or mine.is_ragged):
                labels = [p.labels for p in mine.take(lost).sorted_parameters]
                found[lost] = self._find(axis, list(zip(*labels, strict=True)))
            return found[self._index[axis.dim]]
        columns = [self._column(p.name) for p in axis.sorted_parameters]
        # The dimensions that these values lie on in the shard, each combination that its rows have once.
        dims = list(dict.fromkeys(dim for dim, _ in columns if dim is not None))
        if not dims:
            return np.full(self._rows, self._find(axis, [tuple(labels[0] for _, labels in columns)])[0])
        combinations, which = np.unique(np.stack([self._index[d] for d in dims]), axis=1, return_inverse=True)
        wanted = [
            tuple(labels[index[dims.index(dim)]] if dim else labels[0] for dim, labels in columns)
            for index in combinations.T.tolist()
        ]
        return self._find(axis, wanted)[which.ravel()]

    def _find(self, axis: Axis, wanted: Sequence[tuple[bytes, ...]]) -> Ints:
        """Return where tuples lie on a dimension: as they are, or else with what is missing taken for its baseline."""
        baselines = tuple(self._baseline(p.name, p.values.dtype) for p in axis.sorted_parameters)
        return np.array([axis.position_of(values, baselines) for values in wanted], dtype=np.int64)


def _own(p: Parameter | Derived, index: Mapping[str, Positions], rows: int) -> Positions:
    """Return where in a parameter's values those of some points are."""
    dims = dims_of(p)
    if not dims:
        return np.zeros(rows, dtype=np.int64)
    return np.ravel_multi_index(tuple(index[dim] for dim in dims), p.values.shape)


def _labels_at(p: _Column, index: Mapping[str, Positions], rows: int) -> list[bytes]:
    """Return the canonical values of a parameter at some points; empty where it has none."""
    if p is None:
        return [b""] * rows
    labels = p.labels
    return [labels[at] for at in _own(p, index, rows).tolist()]


def _same_columns(a: Axis, b: Axis) -> bool:
    return {p.name for p in a.parameters} == {p.name for p in b.parameters}


def moved(
    table: ShardTable, old: Space, new: Space, baselines: Mapping[str, bytes] | None = None
) -> ShardTable:
    """Return shards as seen from another space, in which each of their points lies or does not lie as a whole."""
    place = positions_by_label(new, old, np.arange(len(old)), baselines)
    breaks = np.flatnonzero((np.diff(place) != 1) | (place[:-1] < 0)) + 1
    stretches = table.stretches
    first = np.searchsorted(breaks, stretches[:, 0], side="right")
    count = np.searchsorted(breaks, stretches[:, 1], side="left") - first + 1
    owner = np.repeat(np.arange(len(stretches)), count)
    piece = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    inner = np.append(breaks, 0)[np.minimum(first[owner] + piece, breaks.size)]
    previous = np.append(breaks, 0)[first[owner] + piece - 1]
    start = np.where(piece == 0, stretches[owner, 0], previous)
    stop = np.where(piece == count[owner] - 1, stretches[owner, 1], inner)
    cut = stretches[owner]
    cut[:, 2] += start - cut[:, 0]
    cut[:, 0], cut[:, 1] = place[start], place[start] + stop - start
    inside = cut[:, 0] >= 0
    outside = table.outside.copy()
    outside[table.shard_of(cut[~inside])] = True
    return replace(table, stretches=cut[inside], outside=outside)


def _none() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Index:
    """The record of every point that has one.

    Parameters
    ----------
    table
        The shards.
    start, stop, row, status, origin
        Columns of the table of stretches, sorted by start, without overlaps.
    """

    table: ShardTable = field(default_factory=ShardTable)
    start: Ints = field(default_factory=_none)
    stop: Ints = field(default_factory=_none)
    row: Ints = field(default_factory=_none)
    status: Ints = field(default_factory=_none)
    origin: Ints = field(default_factory=_none)

    @cached_property
    def shard(self) -> Ints:
        """The shard of each stretch."""
        return self.table.origin_shard[self.origin]

    @cached_property
    def holders(self) -> Ints:
        """The shards that hold the result of some point."""
        return np.flatnonzero(np.bincount(self.shard[self.status == OK], minlength=1))

    def locate(self, positions: Positions) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
        """Return shard number, row and status of points; −1, 0 and pending where there is no record."""
        if not self.start.size:
            nowhere = np.full(positions.shape, -1)
            return nowhere, np.zeros_like(nowhere), np.full(positions.shape, PENDING, np.int8)
        stretch = self.stretch_of(positions)
        shard = self.shard[stretch]
        row = positions + (self.row - self.start)[stretch]
        status = self.status[stretch].astype(np.int8, copy=False)
        unknown = stretch < 0
        if unknown.any():
            shard[unknown], row[unknown], status[unknown] = -1, 0, PENDING
        return shard, row, status

    def stretch_of(self, positions: Positions) -> Ints:
        """Return the number of the stretch that each point lies in, −1 where there is no record."""
        if not self.start.size:
            return np.full(positions.shape, -1)
        stretch = np.searchsorted(self.start, positions, side="right") - 1
        return np.where((stretch >= 0) & (positions < self.stop[stretch]), stretch, -1)

    def gaps(self, total: int) -> Ints:
        """Return the (start, stop) of stretches of points without a record, as an array of shape (n, 2)."""
        start = np.concatenate([[0], self.stop])
        stop = np.concatenate([self.start, [total]])
        return np.stack([start, stop], axis=1)[stop > start]

    def stretches_of(self, *statuses: int) -> Ints:
        """Return the (start, stop) of stretches of points that have one of some statuses."""
        chosen = np.isin(self.status, statuses)
        return merged(np.stack([self.start[chosen], self.stop[chosen]], axis=1))

    def counts(self) -> dict[int, int]:
        """Return the number of points of each status but pending."""
        lengths = self.stop - self.start
        return {
            status: int(lengths[self.status == status].sum()) for status in np.unique(self.status).tolist()
        }


def build(table: ShardTable, demoted: Bools | None = None) -> Index:
    """Return the index of some shards: the record of a point is the first that is ok, else the last.

    Parameters
    ----------
    table
        The shards, in any order.
    demoted
        Which of them hold results that contradict the schema, and count as failed.
    """
    stretches = table.stretches[table.stretches[:, 1] > table.stretches[:, 0]]
    if demoted is not None and demoted.any():
        stretches[demoted[table.shard_of(stretches)] & (stretches[:, 3] == OK), 3] = FAILED
    if np.any(np.diff(stretches[:, 0]) < 0):
        stretches = stretches[np.argsort(stretches[:, 0], kind="stable")]
    if np.any(stretches[1:, 0] < np.maximum.accumulate(stretches[:, 1])[:-1]):
        stretches = _resolve(stretches, table.ranks())
    return Index(table, *(np.ascontiguousarray(stretches[:, column]) for column in range(5)))


def _resolve(stretches: Ints, ranks: Ints) -> Ints:
    """Return stretches that overlap cut so that each point keeps its one record."""
    edges = np.unique(stretches[:, :2])
    first, last = np.searchsorted(edges, stretches[:, 0]), np.searchsorted(edges, stretches[:, 1])
    count = last - first
    owner = np.repeat(np.arange(len(stretches)), count)
    piece = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    ok = stretches[owner, 3] == OK
    rank = ranks[stretches[owner, 4]]
    # Of several failures the last is the news; of several results the first stays what it was.
    best = np.lexsort((np.where(ok, rank, -rank), ~ok, piece))
    best = best[np.concatenate([[True], np.diff(piece[best]) != 0])]
    piece, owner = piece[best], owner[best]
    cut = stretches[owner]
    cut[:, 2] += edges[piece] - cut[:, 0]
    cut[:, 0], cut[:, 1] = edges[piece], edges[piece + 1]
    apart = (cut[1:, 0] != cut[:-1, 1]) | np.any(cut[1:, 3:] != cut[:-1, 3:], axis=1)
    apart |= cut[1:, 2] - cut[:-1, 2] != cut[:-1, 1] - cut[:-1, 0]
    starts = np.concatenate([[0], np.flatnonzero(apart) + 1])
    ends = np.concatenate([starts[1:], [len(cut)]]) - 1
    joined: Ints = cut[starts]
    joined[:, 1] = cut[ends, 1]
    return joined
