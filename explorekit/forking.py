"""A study made of another one's results, which is left as it is."""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from explorekit.adopting import has_changed
from explorekit.simulation.capture import Captured
from explorekit.space import Space
from explorekit.store.assembling import assembled, check_free, drop_strangers, part_of
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory, StudyRecord

logger = logging.getLogger(__name__)


def fork(
    directory: StudyDirectory,
    path: str | os.PathLike[str],
    space: Space,
    baselines: Mapping[str, str],
    code: str | None = None,
) -> Path:
    """Make a study of the results that have points in a space.

    Parameters
    ----------
    directory
        The study that is forked.
    path
        Where the new one is to be; nothing lies there.
    space
        The new one's.
    baselines
        Where parameters stay out of the key of its points.
    code
        The code version whose results are taken over, as the current one; by default those that the study shows.

    Returns
    -------
    pathlib.Path
        The new study's directory.

    Raises
    ------
    StudyError
        If something lies there, or it cannot be written.
    """
    record = directory.read_record()
    counting = versions_that_count(record) if code is None else frozenset({code})
    place = check_free(path)
    forked = replace(
        record,
        baselines=dict(baselines),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sources=({"name": directory.path.name, "created": record.created},),
    )
    if code is not None:
        forked = replace(forked, code=code, kept=())
    part = part_of(directory, directory.read_space(record.space), record, counting)
    with assembled(place, forked, space, [part], "fork") as made:
        catalog = Catalog(made, space)
        catalog.refresh()
        drop_strangers(made, catalog.shards(counting))
        catalog.keep()
        catalog.close()
    return place


def fork_for(directory: StudyDirectory, catalog: Catalog, captured: Captured) -> Path | None:
    """Return where a study goes on with changed code: in a fork beside it, made if it is not there; None without a change.

    Parameters
    ----------
    directory, catalog
        The study's.
    captured
        The simulation's code as it is now.

    Raises
    ------
    StudyError
        If something else lies there, or the fork cannot be written.
    """
    record = directory.read_record()
    catalog.refresh()
    if not has_changed(record, catalog, captured):
        return None
    version = captured.version.id
    place = _sibling_for(directory.path, version)
    if not is_fork_of(place, record):
        fork(directory, place, directory.read_space(record.space), record.baselines, version)
    logger.warning("the study goes on in %s; %s stays as it is.", place, directory.path)
    return place


def _sibling_for(path: Path, version: str) -> Path:
    """Return where the fork of a study for a code version lies: beside it."""
    path = path.resolve() if path.name == ".." else path
    return path.with_name(f"{path.name}-{version[:8]}")


def is_fork_of(path: Path, record: StudyRecord) -> bool:
    """Return whether a study that was forked from another one lies at a path."""
    if not StudyDirectory.exists(path):
        return False
    return any(
        source.get("created") == record.created for source in StudyDirectory(path).read_record().sources
    )
