"""The shards of a study that this process knows, and the snapshots it takes of them."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import ShardError, StudyError
from explorekit.space import Space
from explorekit.store.directory import StudyDirectory
from explorekit.store.files import ShardFiles
from explorekit.store.index import Shard, read_shard
from explorekit.store.snapshot import Snapshot, take_snapshot
from explorekit.store.superseded import (
    FOLDER,
    Ranges,
    Superseded,
    merged,
    ranges_of,
    read_superseded,
    rows_of,
    without_rows,
    write_superseded,
)

logger = logging.getLogger(__name__)


class Catalog:
    """Knows a study's shards; all methods may be called from several threads.

    Parameters
    ----------
    directory
        The study's.
    space
        The space that points are counted in.
    """

    def __init__(self, directory: StudyDirectory, space: Space) -> None:
        self.directory = directory
        self.space = space
        self.damaged: dict[str, str] = {}
        self._files = ShardFiles()
        self._shards: dict[str, Shard] = {}
        self._superseded: dict[str, Ranges | None] = {}
        self._decisions: set[str] = set()
        self._lock = threading.RLock()
        self._generation = 0
        self._latest: tuple[object, Snapshot] | None = None

    @property
    def generation(self) -> int:
        """A number that grows with every change; cheap to ask."""
        return self._generation

    def add(self, shard: Shard) -> None:
        """Add a shard that was just delivered."""
        with self._lock:
            self._generation += 1
            if shard.name in self._superseded:
                left = without_rows(shard.stretches, self._superseded[shard.name])
                shard = replace(shard, stretches=left)
            self._shards[shard.name] = shard

    def status_runs(self, name: str) -> list[tuple[int, int, int]]:
        """Return (start, stop, status) of a known shard's stretches."""
        with self._lock:
            return [(start, stop, status) for start, stop, _, status in self._shards[name].stretches.tolist()]

    def refresh(self) -> None:
        """Look for shards on disk that are not known yet; damaged ones are reported and left out."""
        with self._lock:
            self._read_superseded()
            for path in self.directory.shard_files():
                if path.name in self._shards or path.name in self.damaged:
                    continue
                try:
                    self.add(read_shard(path, self.space))
                except ShardError as error:
                    self.damaged[path.name] = str(error)
                    logger.warning("%s Its points count as pending.", error)

    def supersede(self, rows: Mapping[str, Ranges | npt.ArrayLike | None], reason: str) -> Superseded:
        """Let some records count no longer, durably; for whoever holds the study's lock.

        Parameters
        ----------
        rows
            By shard name, the (start, stop) of rows as an array of shape (n, 2); None for the whole shard.
        reason
            One word: ``"discard"``, ``"rerun"``, ``"quarantine"``, ``"merge"``.

        Returns
        -------
        Superseded
            What was written; without rows, nothing was.
        """
        ranges = {
            name: None if some is None else merged(np.asarray(some, dtype=np.int64).reshape(-1, 2))
            for name, some in rows.items()
        }
        superseded = Superseded({n: some for n, some in ranges.items() if some is None or len(some)}, reason)
        with self._lock:
            if superseded.rows:
                folder = self.directory.path / FOLDER
                folder.mkdir(mode=0o700, exist_ok=True)  # an archive may have dropped it
                path = write_superseded(folder, superseded)
                self._decisions.add(path.name)
                self._take_out(superseded)
        return superseded

    def supersede_points(
        self, positions: npt.NDArray[np.int64], reason: str, versions: frozenset[str] | None = None
    ) -> Superseded:
        """Let all records of some points count no longer, durably; the points are pending then.

        Parameters
        ----------
        positions
            Flat positions in the space.
        reason
            As in `supersede`.
        versions
            Only records of these code versions; by default of all.
        """
        wanted = ranges_of(np.asarray(positions, dtype=np.int64))
        with self._lock:
            shards = self._shards.values() if versions is None else self.shards(versions)
            return self.supersede({shard.name: rows_of(shard.stretches, wanted) for shard in shards}, reason)

    def _read_superseded(self) -> None:
        for path in self.directory.superseded_files():
            if path.name in self._decisions:
                continue
            self._decisions.add(path.name)
            try:
                self._take_out(read_superseded(path))
            except StudyError as error:
                logger.warning("%s", error)

    def _take_out(self, superseded: Superseded) -> None:
        self._generation += 1
        for name, rows in superseded.rows.items():
            before = self._superseded.get(name, np.empty((0, 2), dtype=np.int64))
            both = None if rows is None or before is None else merged(np.concatenate([before, rows]))
            self._superseded[name] = both
            if name in self._shards:
                shard = self._shards[name]
                self._shards[name] = replace(shard, stretches=without_rows(shard.stretches, rows))

    def shards(self, versions: frozenset[str]) -> list[Shard]:
        """Return the shards that were made by some code versions."""
        with self._lock:
            return [shard for shard in self._shards.values() if shard.header.origin.code_version in versions]

    def versions(self) -> dict[str, int]:
        """Return the number of points that shards of each code version hold."""
        counts: dict[str, int] = {}
        with self._lock:
            for shard in self._shards.values():
                version = shard.header.origin.code_version
                counts[version] = counts.get(version, 0) + int(
                    (shard.stretches[:, 1] - shard.stretches[:, 0]).sum()
                )
        return counts

    def snapshot(self, versions: frozenset[str], fill: Mapping[str, Any] | None = None) -> Snapshot:
        """Return what is known now, of some code versions."""
        with self._lock:
            key = (self.generation, versions)
            if self._latest is not None and self._latest[0] == key and not fill:
                return self._latest[1]
            snapshot = take_snapshot(
                self.directory.runs, self.space, self.shards(versions), self._files, fill
            )
            if not fill:
                self._latest = (key, snapshot)
            return snapshot

    def close(self) -> None:
        """Close file handles; they are opened again when needed."""
        self._files.close()
