"""Joining studies: the union of their points by label, and what to do where they disagree about a number."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from explorekit.adopting import objects_known
from explorekit.errors import MergeConflictError, SpaceError, StudyError, listing
from explorekit.space import Space
from explorekit.space.growing import grown
from explorekit.space.rederiving import functions_of, with_functions
from explorekit.store.assembling import Part, assembled, check_free, part_of, superseded_rows
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory, StudyRecord
from explorekit.store.equality import same_results
from explorekit.store.index import build
from explorekit.store.reader import TimingArray
from explorekit.store.snapshot import Snapshot
from explorekit.store.status import OK
from explorekit.store.superseded import Ranges, merged, ranges_of
from explorekit.store.table import ShardTable
from explorekit.study_folder import StudyFolder

logger = logging.getLogger(__name__)

Preference = Literal["first", "last", "newest"]

_BLOCK = 65_536  # points that are compared at once
_NAMED = 3


def merge(
    studies: "Iterable[StudyFolder | str | os.PathLike[str]]",
    path: str | os.PathLike[str],
    prefer: Preference | None = None,
) -> StudyFolder:
    """Join studies of one simulation: a new study that has the points and results of all.

    Points are matched by their values. The dimensions are united as by `explorekit.Study.extend`; a point of the united grid that no
    study has is pending, and so is one that a study has at a value which only rounding tells from the one that is taken. Results of
    different code stand beside each other, which a warning tells. The studies are left as they are, and share unchanging files with
    the new one where the file system allows.

    Parameters
    ----------
    studies : iterable of StudyFolder or path-like
        Studies with the same seed. Results of the code version that each shows are taken over.
    path : path-like
        The directory of the new study.
    prefer : {"first", "last", "newest"}, optional
        Which result counts where studies have different numbers at a point: that of the study named first, or last, or of the run
        that started last. By default this is an error. The others stay in the files, but do not count.

    Returns
    -------
    StudyFolder
        The new study. To go on with it: ``Study(simulation, path=path)``.

    Raises
    ------
    MergeConflictError
        If studies have different numbers at a point, and `prefer` does not say which count.
    SpaceError
        If their parameters do not fit together.
    StudyError
        If they have different seeds or defaults, or the place is taken.

    Examples
    --------
    >>> import explorekit as ek
    >>> both = ek.merge(["studies/monday", "studies/tuesday"], "studies/both")  # doctest: +SKIP
    """
    if prefer is not None and prefer not in get_args(Preference):
        raise StudyError(f"got prefer={prefer!r}; expected 'first', 'last' or 'newest', or none.")
    lone = isinstance(studies, (str, os.PathLike, StudyFolder)) or not isinstance(studies, Iterable)
    sources = [] if lone else [_source(study) for study in studies]
    if not sources:
        raise StudyError(f"got {studies!r} as studies; expected a list of studies, or of their directories.")
    place = check_free(path)
    record = _united_record(sources)
    baselines = {name: bytes.fromhex(value) for name, value in record.baselines.items()}
    space = _united_space(sources, baselines)
    with assembled(place, record, space, [source.part for source in sources], "merge") as directory:
        catalog = Catalog(directory, space)
        catalog.refresh()
        table = catalog.shards(versions_that_count(record))
        snapshots = [catalog.snapshot_of(_seen_by(source, table)) for source in sources]
        _report_left_out(sources, snapshots)
        _report_code(sources)
        catalog.supersede(_losers(snapshots, prefer, [source.path.name for source in sources]), "merge")
        catalog.keep()
        catalog.close()
    return StudyFolder(path)


@dataclass(frozen=True, eq=False)
class _Source:
    """A study that is to be joined."""

    path: Path
    record: StudyRecord
    space: Space
    part: Part
    results: int


def _source(study: "StudyFolder | str | os.PathLike[str]") -> _Source:
    if not isinstance(study, (StudyFolder, str, os.PathLike)):
        raise StudyError(f"got {study!r} as a study; expected a study, or the path of its directory.")
    if not isinstance(study, StudyFolder):
        if Path(study).is_file():
            raise StudyError(
                f"{study} is a file; expected the directory of a study, such as the one that it was exported from."
            )
        study = StudyFolder(study)
    directory = StudyDirectory(study.path)
    record = study._record()  # noqa: SLF001 - one of `StudyFolder.at` shows another code version than the directory
    space = with_functions(directory.read_space(record.space), functions_of(study.space))
    part = part_of(directory, space, record)
    return _Source(study.path, record, space, part, build(part.table).counts().get(OK, 0))


def _united_space(sources: Sequence[_Source], baselines: Mapping[str, bytes]) -> Space:
    space = sources[0].space
    for source in sources[1:]:
        try:
            space = grown(space, source.space, baselines)
        except SpaceError as error:
            raise SpaceError(
                f"the space of the study at {source.path} does not fit that of {sources[0].path}: {error}"
            ) from error
    return space


def _seen_by(source: _Source, table: ShardTable) -> ShardTable:
    """Return of all shards what counts in one study."""
    own = table.only(np.isin(table.names, source.part.table.names))
    return own.without(superseded_rows(source.part.directory))


def _report_left_out(sources: Sequence[_Source], snapshots: Sequence[Snapshot]) -> None:
    """Say which results have no place: those at values that were taken as others, from which they differ by rounding."""
    for source, snapshot in zip(sources, snapshots, strict=True):
        had, has = source.results, snapshot.index.counts().get(OK, 0)
        if has < had:
            logger.warning(
                "%s: %d results were not computed at the values that theirs were taken as, and do not count; their points are pending.",
                source.path.name,
                had - has,
            )


def _report_code(sources: Sequence[_Source]) -> None:
    """Say whether the studies' results were made by different code; of labelled objects, some may lack some."""
    made_by = [(source.path.name, _versions_of(source)) for source in sources if source.results]
    if len({frozenset(made.values()) for _, made in made_by}) > 1:
        logger.warning(
            "results of different code stand beside each other: %s. runs['code_version'] tells which is which.",
            ", ".join(f"{name} is of {' and '.join(made)}" for name, made in made_by),
        )


def _versions_of(source: _Source) -> dict[str, str]:
    """Return the code versions of a study's results, kept ones first, and what tells their simulations apart."""
    directory, held = source.part.directory, source.part.table.versions()
    return {
        version: directory.read_further(version, "objects").get("", version)
        for version in (*source.record.kept, source.record.code)
        if held.get(version)
    }


def _united_record(sources: Sequence[_Source]) -> StudyRecord:
    """Return the record of the joined study; its code is that of the first, beside which the others' results count."""
    records = [source.record for source in sources]
    first = records[0]
    for one, other in combinations(sources, 2):
        _check_joins(one.path, one.record, other.path, other.record)
        _check_labels(one, other)
    versions = [v for record in records for v in (record.code, *record.kept) if v]
    current = next(iter(versions), "")
    return StudyRecord(
        name=first.name,
        seed=first.seed,
        space="",
        seed_by=first.seed_by,
        baselines=reduce(lambda known, more: {**more, **known}, (dict(r.baselines) for r in records)),
        code=current,
        kept=tuple(v for v in dict.fromkeys(versions) if v != current),
        sources=tuple({"name": source.path.name, "created": source.record.created} for source in sources),
    )


def _check_joins(path: Path, first: StudyRecord, other_path: Path, other: StudyRecord) -> None:
    for what in ("name", "seed", "seed_by"):
        one, two = getattr(first, what), getattr(other, what)
        if one != two:
            meaning = "simulation" if what == "name" else what
            raise StudyError(
                f"the study at {path} has {meaning}={one!r}, that at {other_path} {two!r}; expected studies that differ in neither "
                f"simulation nor seed, since their results would not be comparable. Nothing was changed."
            )
    for name in sorted(first.baselines.keys() & other.baselines.keys()):
        if first.baselines[name] != other.baselines[name]:
            raise StudyError(
                f"the studies at {path} and {other_path} began with different defaults of {name!r}, on which random streams depend. "
                f"Nothing was changed. Run the points of one in a fork of the other: study.fork(path, space)."
            )


def _check_labels(one: _Source, other: _Source) -> None:
    first, second = (objects_known(source.part.directory, source.record) for source in (one, other))
    if clashing := [label for label in first if label and first[label] != second.get(label, first[label])]:
        raise StudyError(
            f"the studies at {one.path} and {other.path} have different objects for {listing(clashing)}; expected labels that mean the same in "
            f"both. Nothing was changed. Run the points of one in a fork in which the label has another name: study.fork(path, space)."
        )


# ---- conflicts


def _losers(
    snapshots: Sequence[Snapshot], prefer: Preference | None, names: Sequence[str]
) -> dict[str, Ranges]:
    """Return by shard the rows whose numbers differ from those that are preferred.

    Raises
    ------
    MergeConflictError
        If there are any, and none are preferred.
    """
    rows: dict[str, list[npt.NDArray[np.int64]]] = {}
    conflicts, named = 0, list[str]()
    for positions in _shared(snapshots):
        places = [_place(snapshot, positions) for snapshot in snapshots]
        winner = _winner(snapshots, positions, places, prefer)
        for number, snapshot in enumerate(snapshots):
            loses = _loses(snapshots, number, winner, places, positions)
            if not loses.size:
                continue
            conflicts += loses.size
            named += [
                f"{snapshot.space.describe(int(positions[one]))} ({names[winner[one]]}, {names[number]})"
                for one in loses[: _NAMED - len(named)].tolist()
            ]
            shard, row, _ = places[number]
            for name in np.unique(shard[loses]).tolist():
                rows.setdefault(name.decode(), []).append(row[loses][shard[loses] == name])
    if conflicts and prefer is None:
        raise MergeConflictError(
            f"the studies have different numbers at {conflicts:,} points: {'; '.join(named)}{'; …' if conflicts > _NAMED else ''}. "
            f"Nothing was changed. Say which count: prefer='first', 'last' or 'newest'."
        )
    return {name: ranges_of(np.concatenate(some)) for name, some in rows.items()}


def _shared(snapshots: Sequence[Snapshot]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the points at which more than one study has a result, some at a time."""
    edges = []
    for snapshot in snapshots:
        ok = snapshot.index.status == OK
        edges += [(snapshot.index.start[ok], 1), (snapshot.index.stop[ok], -1)]
    at = np.concatenate([where for where, _ in edges])
    step = np.concatenate([np.full(len(where), by) for where, by in edges])
    order = np.lexsort((-step, at))
    at, count = at[order], np.cumsum(step[order])
    shared = (count[:-1] > 1) & (at[1:] > at[:-1])
    found = merged(np.stack([at[:-1][shared], at[1:][shared]], axis=1))
    ends = np.cumsum(found[:, 1] - found[:, 0])
    begin = found[:, 0] - (ends - (found[:, 1] - found[:, 0]))  # of each stretch, less the points before it
    for low in range(0, int(ends[-1]) if len(ends) else 0, _BLOCK):
        points = np.arange(low, min(low + _BLOCK, int(ends[-1])))
        yield points + begin[np.searchsorted(ends, points, side="right")]


Place = tuple[npt.NDArray[np.bytes_], npt.NDArray[np.int64], npt.NDArray[np.bool_]]


def _place(snapshot: Snapshot, positions: npt.NDArray[np.int64]) -> Place:
    """Return shard and row of each point's record, and whether it is a result."""
    shard, row, status = snapshot.index.locate(positions)
    names = np.append(snapshot.index.table.names, b"")
    return names[shard], row, status == OK


def _winner(
    snapshots: Sequence[Snapshot],
    positions: npt.NDArray[np.int64],
    places: Sequence[Place],
    prefer: Preference | None,
) -> npt.NDArray[np.int64]:
    """Return at each point the study whose result counts."""
    ok = np.stack([place[2] for place in places])
    if prefer == "newest":
        started = [
            TimingArray(snapshot, "started", np.float64, -np.inf).read_points(positions, [])
            for snapshot in snapshots
        ]
        rank = np.stack(started)
    else:
        order = np.arange(len(snapshots), dtype=np.float64)[:, np.newaxis]
        rank = np.broadcast_to(order if prefer == "last" else -order, ok.shape)
    best: npt.NDArray[np.int64] = np.argmax(np.where(ok, rank, -np.inf), axis=0)
    return best


def _loses(
    snapshots: Sequence[Snapshot],
    number: int,
    winner: npt.NDArray[np.int64],
    places: Sequence[Place],
    positions: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return at which points a study has another number than the one that counts."""
    lost = []
    shard, row, ok = places[number]
    for other in np.unique(winner).tolist():
        if other == number:
            continue
        their_shard, their_row, _ = places[other]
        beaten = ok & (winner == other) & ((shard != their_shard) | (row != their_row))
        points = np.flatnonzero(beaten)
        if points.size:
            same = same_results(snapshots[number], snapshots[other], positions[points])
            lost.append(points[~same])
    return np.sort(np.concatenate(lost)) if lost else np.empty(0, dtype=np.int64)
