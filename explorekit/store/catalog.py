"""The shards of a study that this process knows, and the snapshots it takes of them."""

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import ShardError, StudyError
from explorekit.space import Space
from explorekit.space.matching import is_start_of
from explorekit.store.directory import StudyDirectory
from explorekit.store.files import ShardFiles
from explorekit.store.generation import Generation, read_generation, write_generation
from explorekit.store.index import build, moved, read_shard
from explorekit.store.shard import check_content
from explorekit.store.snapshot import Snapshot, fixed_snapshot, take_snapshot
from explorekit.store.spaces import space_hash
from explorekit.store.superseded import (
    FOLDER,
    Ranges,
    Superseded,
    merged,
    ranges_of,
    read_superseded,
    without_rows,
    write_superseded,
)
from explorekit.store.table import Shard, ShardTable

logger = logging.getLogger(__name__)

_FEW = 200  # shards, which are read in less than a second
_BEHIND = (
    20  # an index may lack one shard of so many, which keeps the time for writing it to a share of the run's
)
_LISTINGS = 5
_TICK, _COARSE_TICK = (
    0.02,
    2.0,
)  # longer than a file system's times stand still, where they have fractions or not


@dataclass(frozen=True)
class _Renewal:
    """Takes a snapshot of a study as it is now, wherever it is called: it travels with lazy arrays."""

    path: Path
    space: Space
    space_id: str
    versions: frozenset[str]

    def __call__(self) -> Snapshot:
        catalog = Catalog(StudyDirectory(self.path), self.space, self.space_id)
        catalog.refresh()
        return catalog.snapshot(self.versions)


class Catalog:
    """Knows a study's shards; all methods may be called from several threads.

    Parameters
    ----------
    directory
        The study's.
    space
        The space that points are counted in.
    space_id
        Its hash, if known: the name of its file.
    """

    def __init__(self, directory: StudyDirectory, space: Space, space_id: str | None = None) -> None:
        self.directory = directory
        self.space = space
        self.damaged: dict[str, str] = {}
        self._space_id = space_id or space_hash(space)
        self._files = ShardFiles()
        self._lock = threading.RLock()
        self._generation = 0
        self._latest: tuple[object, Snapshot] | None = None
        self._baselines: dict[str, Mapping[str, bytes]] = {}
        self._forget()

    def _forget(self) -> None:
        self._loaded = False
        self._table = ShardTable()
        self._recent: dict[str, Shard] = {}
        self._superseded: dict[str, Ranges | None] = {}
        self._decisions: set[str] = set()
        self._unread: set[str] = set()
        self._kept = 0
        self._listed: tuple[int, int] | None = None
        self._seen: tuple[tuple[int, int] | None, float] = (None, 0.0)

    @property
    def generation(self) -> int:
        """A number that grows with every change; cheap to ask."""
        return self._generation

    def __len__(self) -> int:
        return len(self._table) + len(self._recent)

    def add(self, shard: Shard) -> None:
        """Add a shard that was just delivered."""
        with self._lock:
            self._generation += 1
            self._read_those_taken_over()
            if shard.name in self._superseded:
                left = without_rows(shard.stretches, self._superseded[shard.name])
                shard = replace(shard, stretches=left)
            self._recent[shard.name] = shard
            if len(self._recent) > _FEW + len(self._table) // 4:
                self._known()

    def status_runs(self, name: str) -> list[tuple[int, int, int]]:
        """Return (start, stop, status) of a known shard's stretches."""
        with self._lock:
            if name in self._recent:
                stretches = self._recent[name].stretches
            else:
                table = self._known()
                number = np.flatnonzero(table.names == name.encode())
                stretches = table.stretches[table.shard_of(table.stretches) == number[0]]
        return [(start, stop, status) for start, stop, status in stretches[:, [0, 1, 3]].tolist()]

    def move_to(self, space: Space, space_id: str) -> None:
        """Count points in another space from now on."""
        with self._lock:
            goes_on = self._loaded and is_start_of(self.space, space)
            self.space, self._space_id = space, space_id
            self._baselines.clear()  # a space that grew has more of them
            self._generation += 1
            if goes_on:
                self._forget_strangers()
            else:
                self._forget()

    def _forget_strangers(self) -> None:
        """Forget the shards that reach beyond a space which has grown, in which they may lie by now; the others stay in place."""
        table = self._known()
        if table.outside.any():
            self._table = table.only(~table.outside)
            self._kept = min(self._kept, len(self._table))
            self._listed = None

    def _baselines_of(self, version: str) -> Mapping[str, bytes]:
        if version not in self._baselines:
            self._baselines[version] = self.directory.baselines(version)
        return self._baselines[version]

    def refresh(self) -> None:
        """Look at what has changed on disk; damaged files are reported and left out."""
        with self._lock:
            if not self._loaded:
                self._load()
            self._read_superseded()
            signature = self._signature()
            if signature is None or signature != self._listed:
                self._list()

    def shards(self, versions: frozenset[str]) -> ShardTable:
        """Return the shards that were made by some code versions."""
        with self._lock:
            return self._known().of_versions(versions)

    def versions(self) -> dict[str, int]:
        """Return the number of points that shards of each code version hold."""
        with self._lock:
            return self._known().versions()

    def points_held(self) -> dict[bytes, int]:
        """Return the number of points that each shard holds, by name."""
        with self._lock:
            return self._known().points_held()

    def pending_points(self) -> int:
        """Return the number of points without any record."""
        with self._lock:
            gaps = build(self._known()).gaps(len(self.space))
        return int((gaps[:, 1] - gaps[:, 0]).sum())

    def snapshot(self, versions: frozenset[str], fill: Mapping[str, Any] | None = None) -> Snapshot:
        """Return what is known now, of some code versions."""
        with self._lock:
            key = (self.generation, versions)
            if self._latest is not None and self._latest[0] == key and not fill:
                return self._latest[1]
            table = self.shards(versions)
            renew = _Renewal(self.directory.path, self.space, self._space_id, versions)
            snapshot = take_snapshot(self.directory.runs, self.space, table, self._files, renew, fill)
            if not fill:
                self._latest = (key, snapshot)
            return snapshot

    def snapshot_of(self, table: ShardTable) -> Snapshot:
        """Return what some of the shards hold."""
        return fixed_snapshot(self.directory.runs, self.space, table, self._files)

    def close(self) -> None:
        """Close file handles; they are opened again when needed."""
        self._files.close()

    # ---- records that no longer count

    def supersede(self, rows: Mapping[str, npt.ArrayLike | None], reason: str) -> Superseded:
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
        return self.supersede_stretches(ranges_of(np.asarray(positions, dtype=np.int64)), reason, versions)

    def supersede_stretches(
        self, stretches: Ranges, reason: str, versions: frozenset[str] | None = None
    ) -> Superseded:
        """Do as `supersede_points`, for points given as (start, stop), sorted and apart."""
        with self._lock:
            table = self._known() if versions is None else self.shards(versions)
            return self.supersede(table.rows_of(stretches), reason)

    def is_superseded(self, name: str) -> bool:
        """Return whether some records of a shard count no longer because someone said so."""
        with self._lock:
            self._read_those_taken_over()
            return name in self._superseded

    def _read_superseded(self) -> None:
        paths = {path.name: path for path in self.directory.superseded_files()}
        if (
            not self._decisions <= paths.keys()
        ):  # someone took a decision back, which only the shards can tell
            self._forget()
            self._loaded = True
            self._generation += 1
        for name in sorted(paths.keys() - self._decisions):
            self._decisions.add(name)
            try:
                self._take_out(read_superseded(paths[name]))
            except StudyError as error:
                logger.warning("%s", error)

    def _read_those_taken_over(self) -> None:
        """Read the decisions that a generation had taken into account, before a shard comes that it did not know."""
        while self._unread:
            try:
                self._note(read_superseded(self.directory.path / FOLDER / self._unread.pop()))
            except StudyError as error:
                logger.warning("%s", error)

    def _note(self, superseded: Superseded) -> None:
        for name, rows in superseded.rows.items():
            before = self._superseded.get(name, np.empty((0, 2), dtype=np.int64))
            both = None if rows is None or before is None else merged(np.concatenate([before, rows]))
            self._superseded[name] = both

    def _take_out(self, superseded: Superseded) -> None:
        self._generation += 1
        self._note(superseded)
        self._table = self._known().without(superseded.rows)

    def replace(self, gone: AbstractSet[str], made: Sequence[Shard]) -> None:
        """Note that some shards are gone, whose records that count lie in others."""
        with self._lock:
            self._generation += 1
            table = self._known()
            kept = table.only(~np.isin(table.names, [name.encode() for name in gone]))
            self._table = kept.joined(ShardTable.of(made))
            self._kept = min(self._kept, len(self._table))
            self._files.close()

    # ---- what lies on disk

    def _known(self) -> ShardTable:
        """Return all shards."""
        if self._recent:
            self._table = self._table.joined(ShardTable.of(list(self._recent.values())))
            self._recent.clear()
        return self._table

    def _list(self) -> None:
        """Compare what is known with what lies in the directory."""
        for _ in range(_LISTINGS):
            names, signature = self._listing()
            self._forget_all_but(names)
            if self._read_new(names):
                self._listed = signature
                return
        self._listed = None  # shards went faster than they were read, so the next refresh looks again

    def _forget_all_but(self, names: set[bytes]) -> None:
        table = self._known()
        gone = set(table.names.tolist()) - names
        if gone:
            self._generation += 1
            self._table = table.only(~np.isin(table.names, list(gone)))
            self._kept = min(self._kept, len(self._table))
        self.damaged = {name: why for name, why in self.damaged.items() if name.encode() in names}

    def _read_new(self, names: set[bytes]) -> bool:
        """Read the shards that are not known; returns whether none was gone by then, which its replacement is not in."""
        for name in sorted(names - set(self._known().names.tolist())):
            text = os.fsdecode(name)
            if text in self.damaged:
                continue
            path = self.directory.runs / text
            try:
                check_content(path)
                self.add(read_shard(path, self.space, self._baselines_of))
            except ShardError as error:
                if not path.exists():  # compaction was faster
                    return False
                self.damaged[text] = str(error)
                logger.warning("%s Its points count as pending.", error)
        return True

    def _listing(self) -> tuple[set[bytes], tuple[int, int] | None]:
        """Return the shards' names, and the state of the directory if any change from now on would show in it."""
        for _ in range(_LISTINGS):  # a listing beside a writer may lack both a file and what replaced it
            before = self._signature()
            names = self.directory.shard_names()
            if before == self._signature():
                break
        return names, before if self._settled() else None

    def _signature(self) -> tuple[int, int] | None:
        """Return what tells a directory's states apart: its inode, and when an entry last came or went."""
        try:
            found = self.directory.runs.stat()
        except OSError:
            return None
        signature = found.st_ino, found.st_mtime_ns
        if signature != self._seen[0]:
            self._seen = (signature, time.monotonic())
        return signature

    def _settled(self) -> bool:
        """Return whether the directory's time has stood still for so long that another change would move it."""
        signature, since = self._seen
        return signature is not None and time.monotonic() - since > _tick(signature)

    # ---- generations

    def _load(self) -> None:
        self._loaded = True
        found = read_generation(self.directory.path / "index")
        if found is None or not found.decisions <= {path.name for path in self.directory.superseded_files()}:
            return
        if found.space != self._space_id:
            table = self._moved(found)
            if table is None:
                return
            found = replace(found, table=table, listed=None)
        self._generation += 1
        self._table = found.table
        self._kept = len(found.table)
        self._listed = found.listed
        self._decisions, self._unread = set(found.decisions), set(found.decisions)
        for name, why in found.damaged.items():
            self.damaged[name] = why
            logger.warning("%s Its points count as pending.", why)

    def _moved(self, found: Generation) -> ShardTable | None:
        """Return the shards of a generation of another space as seen from this one, or None if only they can tell."""
        try:
            old = self.directory.read_space(found.space)
        except StudyError:
            return None
        baselines = [self._baselines_of(version) for version in found.table.versions()]
        if any(one != baselines[0] for one in baselines) and old.passed.keys() != self.space.passed.keys():
            return None
        # A shard that reached beyond the old space may lie in the new one, and tells so itself.
        inside = found.table.only(~found.table.outside)
        return moved(inside, old, self.space, baselines[0] if baselines else {})

    def keep(self, *, final: bool = True, at_least: int = 0) -> None:
        """Write what is known as a generation of the index; for whoever holds the study's lock.

        Parameters
        ----------
        final
            Whether nothing is being delivered meanwhile, so that what lies on disk is known for certain. Otherwise
            the generation is written only if it has fallen far behind.
        at_least
            The number of shards that have come since the last one, below which none is written.
        """
        with self._lock:
            unknown = len(self._table) + len(self._recent) - self._kept
            if unknown < (at_least if final else max(_FEW, self._kept // _BEHIND)):
                return
            try:
                if final:
                    self._settle()
                table = self._known()
                folder = self.directory.path / "index"
                folder.mkdir(mode=0o700, exist_ok=True)
                listed = self._listed if final else None
                decisions = frozenset(self._decisions)
                write_generation(folder, Generation(table, self._space_id, listed, self.damaged, decisions))
                self._kept = len(table)
            except OSError as error:  # a full disk, say: what is missing here is found in the shards
                logger.debug("no generation of the index was written: %s", error)

    def _settle(self) -> None:
        signature = self._signature()
        if signature is not None and signature != self._listed:
            if not self._settled() and _tick(signature) == _TICK:
                time.sleep(_TICK)
            self.refresh()


def _tick(signature: tuple[int, int]) -> float:
    return _TICK if signature[1] % 10**9 else _COARSE_TICK
