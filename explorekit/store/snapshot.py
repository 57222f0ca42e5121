"""A study's results at one moment: dtypes, shapes and records that stay as they are while more arrive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.schema import FILL, Field
from explorekit.simulation.votes import Votes, contradiction
from explorekit.space import Space
from explorekit.space.positions import Positions
from explorekit.store.files import ShardFiles
from explorekit.store.index import Index, build
from explorekit.store.status import OK, PENDING
from explorekit.store.table import ABSENT, Bools, Entry, Ints, Kind, ShardTable


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One generation of a study.

    Parameters
    ----------
    folder
        Where the shards lie.
    space
        The space that points are counted in.
    index
        The record of each point.
    fields
        The joined schema.
    contradictions
        By kind of shard, as the index numbers them, why its results do not fit the others.
    files
        Handles, shared between generations.
    fill
        By variable, the value that stands for missing ones, so that its dtype can stay.
    renew
        Gives a snapshot of what lies on disk now.
    """

    folder: Path
    space: Space
    index: Index
    fields: Mapping[str, Field]
    contradictions: Mapping[int, str]
    files: ShardFiles
    fill: Mapping[str, Any]
    renew: Callable[[], "Snapshot"]

    def successor(self, positions: Positions, status: npt.NDArray[np.int8]) -> "Snapshot | None":
        """Return a snapshot of what lies on disk now, if some points have records of the same status there."""
        for newer in (self.files.successor, None):
            found = newer or self.renew()
            there = found.index.locate(positions)[2]
            if np.array_equal(there == OK, status == OK) and np.all(there != PENDING):
                self.files.successor = found
                return found
        return None

    @cached_property
    def _kinds(self) -> tuple[Kind, ...]:
        """What the shards that hold the result of some point are like."""
        table = self.index.table
        return tuple(
            table.kinds[number]
            for number in np.flatnonzero(np.bincount(table.kind[self.index.holders])).tolist()
        )

    @cached_property
    def integral(self) -> frozenset[str]:
        """The outputs that are integers wherever they are stored."""
        return frozenset(
            name
            for name in self.fields
            if all(
                np.dtype(kind.outputs[name].field.dtype).kind in "iu"
                for kind in self._kinds
                if name in kind.outputs
            )
        )

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The length of each output dimension: that of the longest."""
        return {dim: int(lengths.max()) for dim, lengths in self._lengths.items()}

    @cached_property
    def ragged(self) -> frozenset[str]:
        """The output dimensions whose length differs between points."""
        uneven = {dim for kind in self._kinds for dim in kind.ragged}
        return frozenset(uneven | {d for d, lengths in self._lengths.items() if np.ptp(lengths)})

    @cached_property
    def _lengths(self) -> dict[str, Ints]:
        """By output dimension, its length in each of the shards that have it and hold a result."""
        found = {dim: lengths[self.index.holders] for dim, lengths in self.index.table.sizes.items()}
        present = {dim: lengths[lengths != ABSENT] for dim, lengths in found.items()}
        return {dim: lengths for dim, lengths in present.items() if lengths.size}

    @cached_property
    def block(self) -> Entry | None:
        """The shard that holds the results of all points and of no others, in their order, as an array over its labels."""
        index = self.index
        if not self.complete or np.ptp(index.shard) or np.any(index.row != index.start):
            return None
        number = int(index.shard[0])
        entry = index.table[number]
        return entry if entry.kind.grid and not index.table.outside[number] else None

    @cached_property
    def complete(self) -> bool:
        """Whether every point is ok."""
        return self.index.counts().get(OK, 0) == len(self.space)

    def has_missing(self, name: str) -> bool:
        """Return whether any value of an output is missing."""
        if not self.complete or self.ragged.intersection(self.fields[name].dims):
            return True
        return self.is_left_out(name)

    def is_left_out(self, name: str) -> bool:
        """Return whether some runs that succeeded did not return an output."""
        stored = [kind.outputs.get(name) for kind in self._kinds]
        return any(one is None or one.given for one in stored)

    def read_dtype(self, name: str) -> np.dtype[Any]:
        """Return the dtype that an output is read as: the stored one where it can say *missing*, else float64."""
        dtype = np.dtype(self.fields[name].dtype)
        if name in self.fill:
            return dtype_with(dtype, self.fill[name])
        return np.dtype(np.float64) if dtype.kind in "biu" and self.has_missing(name) else dtype

    def missing_value(self, name: str) -> Any:
        """Return what stands for a missing value of an output."""
        return self.fill.get(name, FILL.get(self.read_dtype(name).kind, 0))

    def filled(self, fill: Mapping[str, Any]) -> "Snapshot":
        """Return the snapshot with other values in place of missing ones."""
        return replace(self, fill=checked_fill(fill, self.fields)) if fill else self

    def contradiction(self, kind: Kind) -> str:
        """Return why the results of a kind of shard do not fit the others, or an empty text."""
        kinds = self.index.table.kinds
        return next((why for number, why in self.contradictions.items() if kinds[number] is kind), "")

    def constant_coordinate(self, name: str) -> Entry | None:
        """Return a shard that holds an output coordinate which is the same at every point, or None if it varies."""
        table, holders = self.index.table, self.index.holders
        with_it = np.array([name in kind.outputs for kind in table.kinds], dtype=bool)
        holders = holders[with_it[table.kind[holders]]]
        digests = table.digests.get(name)
        if digests is None or not holders.size:
            return None
        first = digests[holders[0]]
        return table[int(holders[0])] if first and np.all(digests[holders] == first) else None


def take_snapshot(
    folder: Path,
    space: Space,
    table: ShardTable,
    files: ShardFiles,
    renew: Callable[[], Snapshot],
    fill: Mapping[str, Any] | None = None,
) -> Snapshot:
    """Return the snapshot of some shards.

    Raises
    ------
    StudyError
        If `fill` names no output, or its value is of another kind than the output.
    """
    schema = _schema(table, np.ones(len(table), dtype=bool))
    contradictions = {
        number: reason
        for number, kind in enumerate(table.kinds)
        if (reason := contradiction(schema, _fields(kind)))
    }
    demoted = np.isin(table.kind, list(contradictions)) if contradictions else None
    index = build(table, demoted)
    holding = np.zeros(len(table), dtype=bool)
    holding[index.holders] = True
    fields = _schema(table, holding)
    filled = checked_fill(fill or {}, fields)
    return Snapshot(folder, space, index, fields, contradictions, files, filled, renew)


def fixed_snapshot(folder: Path, space: Space, table: ShardTable, files: ShardFiles) -> Snapshot:
    """Return the snapshot of some shards that nobody replaces by others."""
    snapshot = take_snapshot(folder, space, table, files, lambda: replace(snapshot, index=Index()))
    return snapshot


def _fields(kind: Kind) -> dict[str, Field]:
    return {name: stored.field for name, stored in kind.outputs.items()}


def _schema(table: ShardTable, which: Bools) -> dict[str, Field]:
    """Return the schema that most points of some shards agree on; whatever order they came in."""
    shard = table.shard_of(table.stretches)
    counted = which[shard] & (table.stretches[:, 3] == OK)
    lengths = np.where(counted, table.stretches[:, 1] - table.stretches[:, 0], 0)
    points = np.bincount(table.kind[shard], lengths, len(table.kinds))
    votes = Votes()
    for number in _in_order_of_appearance(table, which):
        votes.add(_fields(table.kinds[number]), int(points[number]))
    return votes.schema()


def _in_order_of_appearance(table: ShardTable, which: Bools) -> list[int]:
    present = np.flatnonzero(np.bincount(table.kind[which]))
    if present.size > 1:
        first = np.full(len(table.kinds), np.iinfo(np.int64).max)
        origins = which[table.origin_shard]
        np.minimum.at(first, table.kind[table.origin_shard[origins]], table.ranks()[origins])
        present = present[np.argsort(first[present])]
    return [int(number) for number in present]


def checked_fill(fill: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that stand for missing ones; those of variables that no run has returned yet are left out."""
    for name, value in fill.items():
        if name not in fields:
            if not fields:
                continue
            raise StudyError(
                f"got fill for {name!r}; the outputs are {listing(fields)}.{suggest(name, fields)}"
            )
        kinds = next(
            kinds for kinds in ("biufc", "U", "M", "m") if np.dtype(fields[name].dtype).kind in kinds
        )
        if np.ndim(value) or np.asarray(value).dtype.kind not in kinds:
            raise StudyError(
                f"got fill={{{name!r}: {value!r}}}; expected one value of the kind that {name!r} has, {fields[name].dtype}."
            )
    return {name: value for name, value in fill.items() if name in fields}


def dtype_with(dtype: np.dtype[Any], fill: Any) -> np.dtype[Any]:
    """Return the dtype nearest to one that holds its values and a fill value."""
    given = np.asarray(fill)
    if dtype.kind in "iu" and given.dtype.kind in "iu":
        ends = np.iinfo(dtype)
        smallest = dtype if ends.min <= int(given) <= ends.max else np.min_scalar_type(int(given))
        return np.result_type(dtype, smallest)
    if dtype.kind == "b" and given.dtype.kind in "iu":
        return np.min_scalar_type(int(given))
    if dtype.kind in "biu" and given.dtype.kind in "fc":
        return np.result_type(np.float64, given.dtype)
    return dtype if dtype.kind in "fcmM" and given.dtype.kind != "c" else np.result_type(dtype, given.dtype)
