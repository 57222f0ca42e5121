"""Merging small shards into larger ones, laid out over the dimensions of the space for reading along any of them.

Each replacement is durable before the first file that it replaces is removed, and names the origin of every row, so
that precedence and provenance stay what they were. It may be cut short at any instant: what was written already is a
second copy of the same records, and the files that it replaces go the next time.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.collect import FILL, Stacked, padding_wastes
from explorekit.store import durable
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import storage_error
from explorekit.store.failures import Failure, read_failures
from explorekit.store.files import ShardFiles
from explorekit.store.header import Origin, StoredField
from explorekit.store.index import Index, shard_in
from explorekit.store.layout import layouts, one_layout, slabs
from explorekit.store.reader import read_outer, read_output
from explorekit.store.snapshot import Snapshot
from explorekit.store.status import OK, PENDING
from explorekit.store.table import Bools, Entry, Ints, Shard
from explorekit.store.timings import TIMING_COLUMNS, Timings, read_timings
from explorekit.store.writing import Record, write_shard

TARGET_BYTES = 128 * 2**20
_RECORD_BYTES = 64
_COPIED_BYTES = 256 * 2**20
_FULL_ENOUGH = 0.5  # of a block's points have records: it is stored as a block, with gaps


@dataclass(frozen=True)
class CompactReport:
    """What `StudyFolder.compact` did: the number of shards before and after, and how many were written."""

    before: int
    after: int
    written: int

    def __str__(self) -> str:
        return f"{self.before:,} shards before, {self.after:,} after; {self.written:,} written."


class Stopped(Exception):  # noqa: N818 - nothing is wrong
    """Whoever asked for the work wants it no longer."""


def crowded(shards: int, points: int) -> bool:
    """Return whether a study has so many shards that its file system may not like it."""
    return shards > 500 + math.isqrt(points)


def compact(
    catalog: Catalog, chunks: Mapping[str, int] | None = None, stop: Callable[[], bool] = lambda: False
) -> CompactReport:
    """Merge the shards of a study; for whoever holds its lock while nothing is being delivered.

    Parameters
    ----------
    chunks
        By dimension of the space or of an output, the length of chunks along it; −1 for all of it.
    stop
        Asked now and then whether to end early, which loses nothing.

    Raises
    ------
    StudyError
        If `chunks` names no dimension, or a length that is none.
    """
    before = len(catalog.shards(frozenset(catalog.versions())))
    written = 0
    snapshots = [catalog.snapshot(frozenset({version})) for version in catalog.versions()]
    declared = _checked_chunks(chunks or {}, snapshots)
    shown = catalog.snapshot(versions_that_count(catalog.directory.read_record()))
    contradicting = {shown.index.table.kinds[number].to_json() for number in shown.contradictions}
    for snapshot in snapshots:
        try:
            for made in _compact_version(catalog, snapshot, contradicting, declared, stop):
                written += made
        except Stopped:
            break
    return CompactReport(before, len(catalog.shards(frozenset(catalog.versions()))), written)


def _checked_chunks(chunks: Mapping[str, int], snapshots: Sequence[Snapshot]) -> Mapping[str, int]:
    """Return lengths of chunks along dimensions that some code version has."""
    known = dict.fromkeys(dim for one in snapshots for dim in (*one.space.dims, *one.sizes))
    for dim, length in chunks.items():
        if known and dim not in known:
            raise StudyError(
                f"got chunks={dict(chunks)}; the dimensions are {listing(known)}.{suggest(dim, known)}"
            )
        if isinstance(length, bool) or not isinstance(length, int) or (length < 1 and length != -1):
            raise StudyError(
                f"got chunks={{{dim!r}: {length!r}}}; expected a length of at least 1, or -1 for all."
            )
    return chunks


def _compact_version(
    catalog: Catalog,
    snapshot: Snapshot,
    contradicting: AbstractSet[str],
    declared: Mapping[str, int],
    stop: Callable[[], bool],
) -> Iterator[int]:
    """Merge the shards of one code version; yields how many were written, block by block."""
    index, table = snapshot.index, snapshot.index.table
    odd = np.isin(table.kind, list(snapshot.contradictions))
    movable = ~(odd | table.outside)
    lengths = index.stop - index.start
    left = np.bincount(index.shard, lengths, len(table)).astype(np.int64)
    _remove(catalog, [table[n].name for n in np.flatnonzero(movable & (left == 0)).tolist()], [])
    size = max(1, TARGET_BYTES // _bytes_a_point(snapshot))
    for start, end, stretches in _worth_writing(snapshot, movable, size, everything=bool(declared)):
        made = []
        for family in _families(snapshot, stretches, contradicting):
            made.append(_write(catalog, snapshot, family, (start, end), declared, stop))
            np.subtract.at(left, family[:, 5], family[:, 1] - family[:, 0])
        done = np.unique(stretches[:, 5])
        gone = {table[n].name for n in done[left[done] == 0].tolist()} - {shard.name for shard in made}
        _remove(catalog, sorted(gone), made)
        yield len(made)


def _worth_writing(
    snapshot: Snapshot, movable: Bools, size: int, *, everything: bool
) -> list[tuple[int, int, Ints]]:
    """Return the blocks of the space that are to be written anew: start, stop, and the stretches that they hold."""
    found = []
    for start, end in slabs(snapshot.space.shape, size):
        stretches = _within(snapshot.index, start, end)
        stretches = stretches[movable[stretches[:, 5]]]
        if len(stretches):
            found.append((start, end, stretches))
    chosen = np.array([everything or not _is_compact(snapshot, s, a, b) for a, b, s in found], dtype=bool)
    going = np.zeros(len(movable), dtype=bool)
    while True:  # a shard that goes must go from all blocks that it has a part in
        for which in np.flatnonzero(chosen).tolist():
            going[found[which][2][:, 5]] = True
        more = np.array([going[s[:, 5]].any() for _, _, s in found], dtype=bool)
        if np.array_equal(more, chosen):
            return [block for block, wanted in zip(found, chosen, strict=True) if wanted]
        chosen = more


def _remove(catalog: Catalog, gone: Sequence[str], made: Sequence[Shard]) -> None:
    """Let new shards count, and delete those that are replaced; what was taken out of one goes to the trash with it."""
    kept = [name for name in gone if catalog.is_superseded(name)]
    if gone or made:
        catalog.replace({*gone, *(shard.name for shard in made)}, made)
    if kept:
        catalog.directory.move_to_trash(kept)
    for name in gone:
        (catalog.directory.runs / name).unlink(missing_ok=True)


def _bytes_a_point(snapshot: Snapshot) -> int:
    each = [
        np.dtype(field.dtype).itemsize * math.prod(snapshot.sizes[dim] for dim in field.dims)
        for field in snapshot.fields.values()
    ]
    return sum(each) + _RECORD_BYTES


def _within(index: Index, start: int, end: int) -> Ints:
    """Return the stretches of a range of points: start, stop, row, status, origin, shard."""
    first = int(np.searchsorted(index.stop, start, side="right"))
    last = int(np.searchsorted(index.start, end, side="left"))
    part = slice(first, last)
    columns = (index.start, index.stop, index.row, index.status, index.origin, index.shard)
    stretches = np.stack([column[part] for column in columns], axis=1)
    cut = np.maximum(start - stretches[:, 0], 0)
    stretches[:, 0] += cut
    stretches[:, 2] += cut
    stretches[:, 1] = np.minimum(stretches[:, 1], end)
    return stretches


def _is_compact(snapshot: Snapshot, stretches: Ints, start: int, end: int) -> bool:
    """Return whether nothing is won by writing a block anew: one shard holds it, laid out as it would be."""
    held = np.unique(stretches[:, 5])
    points = int((stretches[:, 1] - stretches[:, 0]).sum())
    flat = len(snapshot.space.dims) < 2 or points < _FULL_ENOUGH * (end - start)
    table = snapshot.index.table
    return held.size == 1 and (flat or table.kinds[table.kind[held[0]]].grid)


def _families(snapshot: Snapshot, stretches: Ints, contradicting: AbstractSet[str]) -> list[Ints]:
    """Return stretches by what can lie in one array without a change of any value.

    What contradicts results of other code versions stays apart too: those that lay in one shard with it would then.
    """
    table = snapshot.index.table
    kinds = table.kind[stretches[:, 5]]
    families: list[tuple[bool, dict[str, tuple[str, ...]]]] = []
    family_of = np.zeros(len(table.kinds), dtype=np.int64)
    for number in np.unique(kinds).tolist():
        outputs = {name: _structure(one) for name, one in table.kinds[number].outputs.items()}
        apart = table.kinds[number].to_json() in contradicting
        fitting = (
            n
            for n, (other, family) in enumerate(families)
            if other == apart and all(family.get(k, v) == v for k, v in outputs.items())
        )
        place = next(fitting, len(families))
        if place == len(families):
            families.append((apart, {}))
        families[place][1].update(outputs)
        family_of[number] = place
    return [stretches[family_of[kinds] == place] for place in range(len(families))]


def _structure(stored: StoredField) -> tuple[str, ...]:
    dtype = np.dtype(stored.field.dtype)
    # Texts and floats of two widths fit into the wider one; integers may have none that holds both.
    return (dtype.kind if dtype.kind in "fcUMm" else dtype.str, *stored.field.dims)


def _write(
    catalog: Catalog,
    snapshot: Snapshot,
    stretches: Ints,
    block: tuple[int, int],
    declared: Mapping[str, int],
    stop: Callable[[], bool],
) -> Shard:
    """Write one shard with the records of some stretches, durably."""
    lengths = stretches[:, 1] - stretches[:, 0]
    start, end = block
    as_block = len(snapshot.space.dims) > 0 and lengths.sum() >= _FULL_ENOUGH * (end - start)
    if as_block:
        positions, first = np.arange(start, end), stretches[:, 0] - start
    else:
        first = np.cumsum(lengths) - lengths
        positions = np.arange(lengths.sum()) - np.repeat(first - stretches[:, 0], lengths)
    gathered = _Gathered(snapshot, len(positions), stretches, first)
    gathered.read(stop)
    outputs, ragged = gathered.outputs(), gathered.ragged()
    laid_out = _layouts(snapshot, outputs, positions, gathered.encoding, declared) if as_block else None
    origins = gathered.origins()
    temporary = durable.temporary_name(catalog.directory.runs)
    try:
        header = write_shard(
            temporary,
            snapshot.space,
            positions,
            outputs,
            ragged,
            gathered.record(),
            origins[0][1],
            gathered.encoding,
            origins=origins if len(origins) > 1 else (),
            layouts=laid_out,
        )
        durable.sync(temporary)
        oldest = min(origins, key=lambda one: (one[1].epoch, one[1].sequence))[1]
        name = f"{oldest.epoch:06d}-{oldest.sequence:08d}-{durable.content_hash(temporary)}.nc"
        durable.rename(temporary, catalog.directory.runs / name)
    except (
        OSError
    ) as error:  # the disk may be full, as a merged shard needs room beside those that it replaces
        raise storage_error(error, catalog.directory.path) from error
    finally:
        temporary.unlink(missing_ok=True)
    return shard_in(name, header, positions)


def _layouts(
    snapshot: Snapshot,
    outputs: Mapping[str, Stacked],
    positions: Ints,
    encoding: Mapping[str, Mapping[str, Any]],
    declared: Mapping[str, int],
) -> dict[str, list[list[int]]]:
    """Return the lengths of chunks along the dimensions of the space and of each output, and those of copies."""
    used = snapshot.space.unravel(positions[[0, -1]])
    shape = {dim: int(index[1] - index[0]) + 1 for dim, index in used.items()}
    found = {}
    for name, one in outputs.items():
        if one.constant or one.lengths is not None:
            continue
        inner = dict(zip(one.field.dims, one.values.shape[1:], strict=True))
        asked = encoding.get(name, {}).get("chunksizes")
        fixed = {**(dict(zip(inner, asked, strict=True)) if asked else {}), **declared}
        itemsize = one.values.dtype.itemsize
        whole = itemsize * len(snapshot.space) * math.prod(snapshot.sizes[dim] for dim in inner)
        copied = one.values.dtype.kind in "biuf" and whole <= _COPIED_BYTES
        found[name] = (layouts if copied else one_layout)(shape, inner, itemsize, fixed)
    return found


class _Gathered:
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
