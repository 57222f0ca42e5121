"""Merging small shards into larger ones, laid out over the dimensions of the space for reading along any of them.

Each replacement is durable before the first file that it replaces is removed, and names the origin of every row, so
that precedence and provenance stay what they were. It may be cut short at any instant: what was written already is a
second copy of the same records, and the files that it replaces go the next time.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.collect import Stacked
from explorekit.store import durable
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import storage_error
from explorekit.store.gathering import Gathered, Stopped
from explorekit.store.header import StoredField
from explorekit.store.index import Index, shard_in
from explorekit.store.layout import layouts, one_layout, slabs
from explorekit.store.snapshot import Snapshot
from explorekit.store.table import Bools, Ints, Shard
from explorekit.store.writing import write_shard

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
        return f"shards: {self.before:,} before, {self.after:,} after, {self.written:,} written"


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
    gathered = Gathered(snapshot, len(positions), stretches, first)
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
