"""A study's results at one moment: dtypes, shapes and records that stay as they are while more arrive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.collect import FILL
from explorekit.simulation.schema import Field
from explorekit.simulation.votes import Votes, contradiction
from explorekit.space import Space
from explorekit.store.files import ShardFiles
from explorekit.store.index import Index, Shard, build
from explorekit.store.shard import OK


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
        By shard name, why its results do not fit the others.
    files
        Handles, shared between generations.
    fill
        By variable, the value that stands for missing ones, so that its dtype can stay.
    """

    folder: Path
    space: Space
    index: Index
    fields: Mapping[str, Field]
    contradictions: Mapping[str, str]
    files: ShardFiles
    fill: Mapping[str, Any]

    @cached_property
    def holders(self) -> tuple[Shard, ...]:
        """The shards that hold the result of some point."""
        return _holders(self.index)

    @cached_property
    def integral(self) -> frozenset[str]:
        """The outputs that are integers wherever they are stored."""
        return frozenset(
            name
            for name in self.fields
            if all(
                np.dtype(shard.header.outputs[name].field.dtype).kind in "iu"
                for shard in self.holders
                if name in shard.header.outputs
            )
        )

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The length of each output dimension: that of the longest."""
        sizes: dict[str, int] = {}
        for shard in self.holders:
            for dim, size in shard.header.sizes.items():
                sizes[dim] = max(size, sizes.get(dim, 0))
        return sizes

    @cached_property
    def ragged(self) -> frozenset[str]:
        """The output dimensions whose length differs between points."""
        uneven = {dim for shard in self.holders for dim in shard.header.ragged}
        return frozenset(
            uneven | {d for s in self.holders for d, n in s.header.sizes.items() if n != self.sizes[d]}
        )

    @cached_property
    def complete(self) -> bool:
        """Whether every point is ok."""
        return self.index.counts().get(OK, 0) == len(self.space)

    def has_missing(self, name: str) -> bool:
        """Return whether any value of an output is missing."""
        if not self.complete or self.ragged.intersection(self.fields[name].dims):
            return True
        stored = [shard.header.outputs.get(name) for shard in self.holders]
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

    def constant_coordinate(self, name: str) -> Shard | None:
        """Return a shard that holds an output coordinate which is the same at every point, or None if it varies."""
        holders = [shard for shard in self.holders if name in shard.header.outputs]
        digests = {shard.header.outputs[name].digest for shard in holders}
        return holders[0] if len(digests) == 1 and digests != {""} else None


def take_snapshot(
    folder: Path,
    space: Space,
    shards: Sequence[Shard],
    files: ShardFiles,
    fill: Mapping[str, Any] | None = None,
) -> Snapshot:
    """Return the snapshot of some shards.

    Raises
    ------
    StudyError
        If `fill` names no output, or its value is of another kind than the output.
    """
    _, contradictions = _join_schemas(sorted(shards, key=lambda shard: shard.order))
    index = build(shards, frozenset(contradictions))
    fields, _ = _join_schemas(_holders(index))
    return Snapshot(folder, space, index, fields, contradictions, files, checked_fill(fill or {}, fields))


def _holders(index: Index) -> tuple[Shard, ...]:
    return tuple(index.shards[number] for number in np.unique(index.shard[index.status == OK]).tolist())


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


def _join_schemas(shards: Sequence[Shard]) -> tuple[dict[str, Field], dict[str, str]]:
    """Return the schema that most points agree on, and by shard why it does not fit; whatever order they came in."""
    votes = Votes()
    fields = {
        shard.name: {name: stored.field for name, stored in shard.header.outputs.items()} for shard in shards
    }
    for shard in shards:
        votes.add(fields[shard.name], shard.points(OK))
    schema = votes.schema()
    reasons = {shard.name: contradiction(schema, fields[shard.name]) for shard in shards}
    return schema, {name: reason for name, reason in reasons.items() if reason}
