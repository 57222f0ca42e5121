"""The shards of a study that this process knows, and the snapshots it takes of them."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from explorekit.errors import ShardError
from explorekit.space import Space
from explorekit.store.directory import StudyDirectory
from explorekit.store.files import ShardFiles
from explorekit.store.index import Shard, read_shard
from explorekit.store.snapshot import Snapshot, take_snapshot

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
        self._lock = threading.RLock()
        self._latest: tuple[object, Snapshot] | None = None

    @property
    def generation(self) -> int:
        """A number that grows with every shard; cheap to ask."""
        return len(self._shards)

    def add(self, shard: Shard) -> None:
        """Add a shard that was just delivered."""
        with self._lock:
            self._shards[shard.name] = shard

    def status_runs(self, name: str) -> list[tuple[int, int, int]]:
        """Return (start, stop, status) of a known shard's stretches."""
        with self._lock:
            return [(start, stop, status) for start, stop, _, status in self._shards[name].stretches.tolist()]

    def refresh(self) -> None:
        """Look for shards on disk that are not known yet; damaged ones are reported and left out."""
        with self._lock:
            for path in self.directory.shard_files():
                if path.name in self._shards or path.name in self.damaged:
                    continue
                try:
                    self._shards[path.name] = read_shard(path, self.space)
                except ShardError as error:
                    self.damaged[path.name] = str(error)
                    logger.warning("%s Its points count as pending.", error)

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
