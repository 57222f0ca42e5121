"""What is known of many shards, as columns: some tens of bytes a shard, and no Python object for each.

Three tables. One of shards; one of origins, which tell what made some rows of a shard and decide between records; one
of stretches, consecutive points whose rows are consecutive in one shard and have one origin and one status. What many
headers have in common is kept once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.store.header import Header, Origin, StoredField
from explorekit.store.superseded import merged, rows_of, without_rows

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.bytes_]

ABSENT = -1


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
        Array of shape (n, 4): first position in the space, one past the last, first row, status; in the order of rows.
    outside
        Whether some of its rows lie outside of the space.
    """

    name: str
    header: Header
    stretches: Ints
    outside: bool = False


@dataclass(frozen=True)
class Maker:
    """What made some records."""

    code_version: str
    worker: str
    host: str

    @classmethod
    def of(cls, origin: Origin) -> "Maker":
        return cls(origin.code_version, origin.worker, origin.host)


@dataclass(frozen=True, eq=False)
class Kind:
    """What the headers of many shards have in common: their outputs, without digests, ragged dimensions, the layout."""

    outputs: Mapping[str, StoredField]
    ragged: tuple[str, ...]
    grid: bool = False

    @classmethod
    def of(cls, header: Header) -> "Kind":
        return cls(
            {n: replace(one, digest="") for n, one in header.outputs.items()},
            tuple(header.ragged),
            header.grid,
        )

    def to_json(self) -> str:
        """Return it as text that tells kinds apart."""
        outputs = {name: stored.to_plain() for name, stored in self.outputs.items()}
        return json.dumps({"outputs": outputs, "ragged": self.ragged, "grid": self.grid})

    @classmethod
    def from_json(cls, text: str) -> "Kind":
        content = json.loads(text)
        outputs = {name: StoredField.from_plain(stored) for name, stored in content["outputs"].items()}
        return cls(outputs, tuple(content["ragged"]), content.get("grid", False))


@dataclass(frozen=True, eq=False)
class Entry:
    """One row of the table of shards."""

    name: str
    kind: Kind
    sizes: Mapping[str, int]

    @property
    def outputs(self) -> Mapping[str, StoredField]:
        return self.kind.outputs

    @property
    def ragged(self) -> tuple[str, ...]:
        return self.kind.ragged


def _none() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class ShardTable:
    """Many shards as seen from a space.

    Parameters
    ----------
    kinds, makers
        What the columns ``kind`` and ``maker`` number.
    names, kind, outside
        A shard each: the file's name, its kind, and whether some of its rows lie outside of the space.
    sizes
        By output dimension, the length in each shard; −1 where it has none.
    digests
        By output that all points of a shard share, the digest of its values; empty where there is none.
    origin_shard, epoch, sequence, maker
        An origin each, in the order of shards.
    stretches
        Array of shape (n, 5): first position, one past the last, first row, status, origin; in the order of origins.
    """

    kinds: tuple[Kind, ...] = ()
    makers: tuple[Maker, ...] = ()
    names: Texts = field(default_factory=lambda: np.empty(0, dtype="S1"))
    kind: Ints = field(default_factory=_none)
    outside: Bools = field(default_factory=lambda: np.empty(0, dtype=bool))
    sizes: Mapping[str, Ints] = field(default_factory=dict)
    digests: Mapping[str, Texts] = field(default_factory=dict)
    origin_shard: Ints = field(default_factory=_none)
    epoch: Ints = field(default_factory=_none)
    sequence: Ints = field(default_factory=_none)
    maker: Ints = field(default_factory=_none)
    stretches: Ints = field(default_factory=lambda: np.empty((0, 5), dtype=np.int64))

    @classmethod
    def of(cls, shards: Sequence[Shard]) -> "ShardTable":
        """Return the table of some shards."""
        if not shards:
            return cls()
        kinds, makers = _Numbers(), _Numbers()
        kind = [kinds.number((k := Kind.of(shard.header)).to_json(), k) for shard in shards]
        by_row = [shard.header.origins_by_row for shard in shards]
        origins = [origin for one in by_row for _, origin in one]
        before = np.cumsum([0, *(len(one) for one in by_row)])
        maker = [makers.number(m := Maker.of(origin), m) for origin in origins]
        dims = dict.fromkeys(dim for shard in shards for dim in shard.header.sizes)
        shared = dict.fromkeys(n for shard in shards for n, one in shard.header.outputs.items() if one.digest)
        return cls(
            tuple(kinds.values),
            tuple(makers.values),
            np.array([shard.name.encode() for shard in shards]),
            np.array(kind, dtype=np.int64),
            np.array([shard.outside for shard in shards]),
            {d: np.array([s.header.sizes.get(d, ABSENT) for s in shards], dtype=np.int64) for d in dims},
            {n: np.array([_digest(s.header, n) for s in shards]) for n in shared},
            np.repeat(np.arange(len(shards)), np.diff(before)),
            np.array([origin.epoch for origin in origins], dtype=np.int64),
            np.array([origin.sequence for origin in origins], dtype=np.int64),
            np.array(maker, dtype=np.int64),
            np.concatenate(
                [
                    _with_origins(s.stretches, one, n)
                    for s, one, n in zip(shards, by_row, before[:-1], strict=True)
                ]
            ),
        )

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Entry:
        kind = self.kinds[self.kind[number]]
        sizes = {dim: int(sizes[number]) for dim, sizes in self.sizes.items() if sizes[number] != ABSENT}
        return Entry(self.names[number].decode(), kind, sizes)

    def joined(self, other: "ShardTable") -> "ShardTable":
        """Return the shards of both, those of `other` last."""
        if not len(self) or not len(other):
            return self if len(self) else other
        kinds, makers = _Numbers(), _Numbers()
        kind, maker = (
            np.array([kinds.number(k.to_json(), k) for k in (*self.kinds, *other.kinds)]),
            np.array([makers.number(m, m) for m in (*self.makers, *other.makers)]),
        )
        added = other.stretches.copy()
        added[:, 4] += len(self.origin_shard)
        return ShardTable(
            tuple(kinds.values),
            tuple(makers.values),
            np.concatenate([self.names, other.names]),
            kind[np.concatenate([self.kind, other.kind + len(self.kinds)])],
            np.concatenate([self.outside, other.outside]),
            _stacked(self.sizes, other.sizes, len(self), len(other), ABSENT),
            _stacked(self.digests, other.digests, len(self), len(other), b""),
            np.concatenate([self.origin_shard, other.origin_shard + len(self)]),
            np.concatenate([self.epoch, other.epoch]),
            np.concatenate([self.sequence, other.sequence]),
            maker[np.concatenate([self.maker, other.maker + len(self.makers)])],
            np.concatenate([self.stretches, added]),
        )

    def only(self, keep: Bools) -> "ShardTable":
        """Return some of the shards."""
        if keep.all():
            return self
        origins = keep[self.origin_shard]
        stretches = self.stretches[origins[self.stretches[:, 4]]]
        stretches[:, 4] = (np.cumsum(origins) - 1)[stretches[:, 4]]
        return replace(
            self,
            names=self.names[keep],
            kind=self.kind[keep],
            outside=self.outside[keep],
            sizes={dim: sizes[keep] for dim, sizes in self.sizes.items()},
            digests={name: digests[keep] for name, digests in self.digests.items()},
            origin_shard=(np.cumsum(keep) - 1)[self.origin_shard[origins]],
            epoch=self.epoch[origins],
            sequence=self.sequence[origins],
            maker=self.maker[origins],
            stretches=stretches,
        )

    def of_versions(self, versions: frozenset[str]) -> "ShardTable":
        """Return the shards that some code versions made."""
        wanted = np.array([maker.code_version in versions for maker in self.makers], dtype=bool)
        keep = np.zeros(len(self), dtype=bool)
        keep[self.origin_shard[wanted[self.maker]]] = True
        return self.only(keep)

    def versions(self) -> dict[str, int]:
        """Return the number of points that the shards of each code version hold."""
        counts: dict[str, int] = {}
        lengths = self.stretches[:, 1] - self.stretches[:, 0]
        points = np.bincount(self.maker[self.stretches[:, 4]], lengths, len(self.makers)).astype(np.int64)
        for number in np.unique(self.maker).tolist():
            version = self.makers[number].code_version
            counts[version] = counts.get(version, 0) + int(points[number])
        return counts

    def without(self, rows: Mapping[str, Ints | None]) -> "ShardTable":
        """Return the table without some rows of some shards: by name, their (start, stop); None for all."""
        named = {n: rows[name] for n, name in self._numbers(list(rows))}
        if not named:
            return self
        shard = self.shard_of(self.stretches)
        kept = [self.stretches[~np.isin(shard, list(named))]]
        for number, ranges in named.items():
            low, high = np.searchsorted(shard, [number, number + 1])
            kept.append(without_rows(self.stretches[low:high], ranges))
        stretches = np.concatenate(kept)
        return replace(self, stretches=stretches[np.argsort(stretches[:, 4], kind="stable")])

    def rows_of(self, positions: Ints) -> dict[str, Ints]:
        """Return by shard the rows that hold some points, which are given as (start, stop) sorted and apart."""
        owner, rows = rows_of(self.stretches, positions)
        shard = self.shard_of(self.stretches)[owner]
        found = np.unique(shard)
        bounds = np.searchsorted(shard, found)  # stretches are in the order of shards
        return (
            {
                self.names[number].decode(): merged(some)
                for number, some in zip(found.tolist(), np.split(rows, bounds[1:]), strict=True)
            }
            if found.size
            else {}
        )

    def _numbers(self, names: Sequence[str]) -> Iterator[tuple[int, str]]:
        for number in np.flatnonzero(np.isin(self.names, [name.encode() for name in names])).tolist():
            yield number, self.names[number].decode()

    def points_held(self) -> dict[bytes, int]:
        """Return the number of points that each shard holds, by name."""
        lengths = self.stretches[:, 1] - self.stretches[:, 0]
        points = np.bincount(self.shard_of(self.stretches), lengths, len(self)).astype(np.int64)
        return dict(zip(self.names.tolist(), points.tolist(), strict=True))

    def shard_of(self, stretches: Ints) -> Ints:
        """Return the shard of each of some stretches."""
        return self.origin_shard[stretches[:, 4]]

    def ranks(self) -> Ints:
        """Return each origin's place in the order that decides between records: epoch, sequence, name."""
        order = np.lexsort((self.sequence, self.epoch))
        tied = (np.diff(self.epoch[order]) == 0) & (np.diff(self.sequence[order]) == 0)
        if tied.any():
            # Numbers that are equal belong to a shard and one that replaces it, made of several, or to files copied
            # from elsewhere.
            parts = np.bincount(self.origin_shard, minlength=len(self))[self.origin_shard]
            order = np.lexsort((self.names[self.origin_shard], -parts, self.sequence, self.epoch))
        ranks = np.empty(order.size, dtype=np.int64)
        ranks[order] = np.arange(order.size)
        return ranks


class _Numbers:
    """Numbers distinct things in the order that they come in."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._known: dict[Any, int] = {}

    def number(self, key: Any, value: Any) -> int:
        if key not in self._known:
            self._known[key] = len(self.values)
            self.values.append(value)
        return self._known[key]


def _with_origins(stretches: Ints, by_row: Sequence[tuple[int, Origin]], first: int) -> Ints:
    """Return a shard's stretches with the numbers of their origins, of which none spans two."""
    rows = np.array([row for row, _ in by_row], dtype=np.int64)
    origin = np.searchsorted(rows, stretches[:, 2], side="right") - 1 + first
    return np.concatenate([stretches, origin[:, np.newaxis]], axis=1)


def _digest(header: Header, name: str) -> bytes:
    return header.outputs[name].digest.encode() if name in header.outputs else b""


def _stacked(
    first: Mapping[str, Any], second: Mapping[str, Any], n: int, m: int, absent: Any
) -> dict[str, Any]:
    """Return the columns of two tables one below the other."""
    names: Iterable[str] = dict.fromkeys((*first, *second))
    return {
        name: np.concatenate(
            [
                np.asarray(first.get(name, np.full(n, absent))),
                np.asarray(second.get(name, np.full(m, absent))),
            ]
        )
        for name in names
    }
