"""Taking results out of a study without deleting anything."""

import os

from explorekit.errors import StudyError
from explorekit.space.selecting import Ranges, common, size
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyRecord


def discard(catalog: Catalog, record: StudyRecord, points: Ranges, confirm: str) -> None:
    """Let the records of some points count no longer; for whoever holds the study's lock.

    Parameters
    ----------
    catalog
        Of the study, refreshed.
    record
        The study's.
    points
        Stretches of flat positions, sorted and apart.
    confirm
        The study's name.

    Raises
    ------
    StudyError
        If the name is another.
    """
    versions = versions_that_count(record)
    index = catalog.snapshot(versions).index
    known = sum(size(common(index.stretches_of(status), points)) for status in index.counts())
    if confirm != record.name:
        raise StudyError(
            f"this takes out {known:,} results of {size(points):,} points of the study {record.name!r}. Nothing was changed. If it "
            f"is meant, say so with its name: confirm={record.name!r}."
        )
    taken = catalog.supersede_stretches(points, "discard", versions)
    _move_to_trash(catalog, set(taken.rows))
    catalog.keep()


def _move_to_trash(catalog: Catalog, names: set[str]) -> None:
    """Move the shards away of which nothing counts any more, in this space or beyond it."""
    table = catalog.shards(frozenset(catalog.versions()))
    held = table.points_held()
    outside = table.names[table.outside].tolist()
    empty = [
        name
        for name in sorted(names)
        if not held.get(os.fsencode(name), 0) and os.fsencode(name) not in outside
    ]
    if empty:
        catalog.directory.move_to_trash(empty)
    catalog.refresh()
