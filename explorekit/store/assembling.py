"""A new study directory made of the shards of others, which are left as they are.

It is filled under a temporary name and renamed when it is whole. Shards never change, so those on the same file system
are linked, not copied.
"""

import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorekit.errors import StudyError
from explorekit.space import Space
from explorekit.space.selecting import common
from explorekit.store import durable
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory, StudyRecord, storage_error
from explorekit.store.superseded import FOLDER, Ranges, Superseded, merged, read_superseded, write_superseded
from explorekit.store.table import ShardTable


@dataclass(frozen=True, eq=False)
class Part:
    """What is taken over of a study: the shards of a table, from a directory."""

    directory: StudyDirectory
    table: ShardTable

    @property
    def names(self) -> list[str]:
        return [os.fsdecode(name) for name in self.table.names.tolist()]


def part_of(
    directory: StudyDirectory, space: Space, record: StudyRecord, versions: frozenset[str] | None = None
) -> Part:
    """Return what of a study's results has points in a space, by default what the study shows."""
    catalog = Catalog(directory, space, record.space)
    catalog.refresh()
    table = catalog.shards(versions_that_count(record) if versions is None else versions)
    points = table.points_held()
    return Part(
        directory, table.only(np.array([points[name] > 0 for name in table.names.tolist()], dtype=bool))
    )


def check_free(path: str | os.PathLike[str]) -> Path:
    """Return a path at which nothing lies yet.

    Raises
    ------
    StudyError
        If something lies there.
    """
    place = Path(path).absolute()
    if StudyDirectory.exists(place):
        raise StudyError(f"there is a study at {place} already. Nothing was changed; give another path.")
    return place


@contextmanager
def assembled(
    path: Path, record: StudyRecord, space: Space, parts: Sequence[Part], reason: str
) -> Iterator[StudyDirectory]:
    """Make a study directory out of parts; within the context it has a temporary name, behind it its own.

    Parameters
    ----------
    path
        Where it is to be; nothing lies there.
    record, space
        The new study's.
    parts
        What it has of others.
    reason
        One word, for records that do not count in those: ``"merge"``, ``"fork"``.

    Raises
    ------
    StudyError
        If the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = durable.temporary_name(path.parent)
        try:
            directory = StudyDirectory.create(staging, record, space)
            for part in parts:
                _take_over(directory, part, {record.code, *record.kept})
            _keep_superseded(directory, parts, reason)
            yield directory
            for folder in (directory.runs, directory.path):
                durable.sync(folder)
            _give_way(path)
            durable.rename(staging, path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise storage_error(error, path) from error


def _give_way(path: Path) -> None:
    """Remove the leftovers of an interrupted creation, which `StudyDirectory.exists` took for nothing."""
    if path.is_dir():
        check_free(path)
        shutil.rmtree(path)


def _take_over(directory: StudyDirectory, part: Part, versions: set[str]) -> None:
    for name in part.names:
        _link(part.directory.runs / name, directory.runs / name)
    _take_logs(directory, part)
    for version in versions - {""}:
        if part.directory.code_folder(version).is_dir():
            shutil.copytree(
                part.directory.code_folder(version), directory.code_folder(version), dirs_exist_ok=True
            )
            for file in directory.code_folder(version).iterdir():
                durable.sync(file)
    last = int(part.table.epoch.max(initial=0))
    (directory.path / "epochs" / str(last)).touch(mode=0o600)  # runs to come are later ones


def _take_logs(directory: StudyDirectory, part: Part) -> None:
    """Take over what was printed by the batches that records come from, of which other studies have equal numbers."""
    batches = {
        f"{epoch:06d}-{sequence:08d}"
        for epoch, sequence in zip(part.table.epoch.tolist(), part.table.sequence.tolist(), strict=True)
    }
    folder = part.directory.path / "logs"
    for log in sorted(folder.glob("*.log")) if folder.is_dir() else ():
        batch = log.name.partition(".")[0]
        if batch in batches:
            target, number = directory.path / "logs" / log.name, 0
            while target.exists() and not filecmp.cmp(log, target, shallow=False):
                number += 1
                target = target.with_name(f"{batch}.{number}.log")
            _link(log, target)


def _link(source: Path, target: Path) -> None:
    if target.exists():  # of two studies that have it from a third
        return
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
        durable.sync(target)


def _keep_superseded(directory: StudyDirectory, parts: Sequence[Part], reason: str) -> None:
    """Take out the records that count in no study which they come from."""
    taken: dict[str, Ranges] = {}
    seen: set[str] = set()
    for part in parts:
        mine = superseded_rows(part.directory)
        for name in part.names:
            rows = mine.get(name, np.empty((0, 2), dtype=np.int64))
            taken[name] = common(taken[name], rows) if name in seen else rows
        seen.update(part.names)
    if rows_out := {name: rows for name, rows in taken.items() if len(rows)}:
        write_superseded(directory.path / FOLDER, Superseded(rows_out, reason))


def superseded_rows(directory: StudyDirectory) -> Mapping[str, Ranges]:
    """Return by shard the rows that no longer count."""
    whole = np.array([[0, np.iinfo(np.int64).max]])
    found: dict[str, Ranges] = {}
    for path in directory.superseded_files():
        for name, rows in read_superseded(path).rows.items():
            both = [found.get(name, whole[:0]), whole if rows is None else rows]
            found[name] = merged(np.concatenate(both))
    return found


def drop_strangers(directory: StudyDirectory, table: ShardTable) -> None:
    """Remove the shards that have no point in the space that they are seen from."""
    for name, points in table.points_held().items():
        if not points:
            (directory.runs / os.fsdecode(name)).unlink()
