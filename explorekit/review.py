"""What a run would do: how many points, where, for how long, how big. Looking runs nothing."""

import math
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from dask.utils import format_bytes

from explorekit.engine.progress import duration
from explorekit.engine.spread import spread_out
from explorekit.errors import StudyError
from explorekit.space.positions import Positions
from explorekit.store.dataset import results_dataset
from explorekit.store.directory import FOLDERS
from explorekit.store.reader import TimingArray
from explorekit.store.status import OK, STATUS_MEANINGS

if TYPE_CHECKING:
    from distributed import Client

    from explorekit.engine.deadline import Deadline
    from explorekit.store.snapshot import Snapshot

_MEASURED = 64  # points and shards that an estimate looks at, spread over those at hand
_RECORD_BYTES = 64  # of a point beside its results
_HOPELESS = 4  # times the free space: no estimate is that wrong


@dataclass(frozen=True)
class Workers:
    """Who would run the points.

    Parameters
    ----------
    slots
        Points that run at once.
    memory
        Bytes that each may take, or 0 for no limit.
    where
        The cluster, in words, and why it is as large as it is.
    """

    slots: int
    memory: int
    where: str


@dataclass(frozen=True)
class Evidence:
    """What the results at hand say about a point.

    Parameters
    ----------
    points
        Number of points that were looked at.
    seconds, uncertainty, longest
        Mean wall time of a point, twice the standard error of that mean, and the longest.
    memory
        The most bytes that a process held.
    size
        Bytes that a point takes on disk.
    """

    points: int
    seconds: float
    uncertainty: float
    longest: float
    memory: int
    size: float


@dataclass(frozen=True)
class Review:
    """What a run would do; made by `explorekit.Study.review`.

    Parameters
    ----------
    name, path
        Of the study.
    sizes
        Length of each dimension of the space.
    counts
        Number of points by status: pending, ok, failed, timed_out.
    outputs
        By result, its dtype and dimensions in words; empty until a point has run.
    workers
        Who would run the points.
    evidence
        What the results at hand say, or None while there are none.
    free
        Bytes that are free on the study's disk.
    files, most_files, free_files
        Number of files of the study now, at most once they are compacted, and that its disk has room for.
    end
        When a run has to end, or None.
    trouble
        Why the directory cannot be written, or an empty text.
    """

    name: str
    path: Path
    sizes: Mapping[str, int]
    counts: Mapping[str, int]
    outputs: Mapping[str, str]
    workers: Workers
    evidence: Evidence | None
    free: int
    files: int
    most_files: int
    free_files: float
    end: "Deadline | None" = None
    trouble: str = ""

    @property
    def pending(self) -> int:
        return self.counts["pending"]

    @property
    def seconds(self) -> float | None:
        """Estimated wall time of a run, or None while nothing is known."""
        if self.evidence is None or not self.pending:
            return None if self.pending else 0.0
        return max(self.evidence.seconds * self.pending / self.workers.slots, self.evidence.longest)

    @property
    def disk(self) -> int | None:
        """Estimated bytes that the pending points will take on disk; None while nothing is known."""
        if self.evidence is None or not self.pending:
            return None if self.pending else 0
        return int(self.evidence.size * self.pending)

    @property
    def hopeless(self) -> str:
        """Why a run cannot come to its end, or an empty text; then `Study.start` refuses."""
        return "" if self.disk is None else _lack_of_room(self.disk, self.free, self.path)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is likely to go wrong, in words; empty if nothing is."""
        return tuple(self._problems())

    def _problems(self) -> Iterator[str]:
        if self.trouble:
            yield self.trouble
        if self.hopeless:
            yield self.hopeless
        elif self.disk is not None and self.disk > 0.8 * self.free:
            yield (
                f"the pending points may need {format_bytes(self.disk)}, and {format_bytes(self.free)} are free "
                f"on the disk of {self.path}."
            )
        if self.pending and self.most_files - self.files > self.free_files:
            yield (
                f"the study may come to {self.most_files:,} files, and the disk of {self.path} has room for "
                f"{self.free_files:,.0f} more. Remove some, or ask for a larger quota."
            )
        if self.evidence and self.workers.memory and self.evidence.memory > 0.8 * self.workers.memory:
            yield (
                f"a point took {format_bytes(self.evidence.memory)} of memory, and a worker may take "
                f"{format_bytes(self.workers.memory)}. Ask for fewer workers: n_workers={self._fewer_workers()}."
            )
        if self.seconds is not None and self.end is not None and self.seconds > self.end.left:
            yield (
                f"the run would take about {duration(self.seconds)}, and goes on {self.end}; the rest stays pending."
            )
        if self.counts["pending"] and self.evidence is None and sum(self.counts.values()) > self.pending:
            yield "no point has a result: all that ran failed. See study.failures."

    def _fewer_workers(self) -> int:
        assert self.evidence is not None
        return max(1, int(0.8 * self.workers.slots * self.workers.memory / self.evidence.memory))

    # ---- shown

    def _rows(self) -> Iterator[tuple[str, str]]:
        counts = ", ".join(
            f"{count:,} {status.replace('_', ' ')}" for status, count in self.counts.items() if count
        )
        yield "points", f"{sum(self.counts.values()):,}: {counts}"
        yield "dimensions", ", ".join(f"{dim}: {size:,}" for dim, size in self.sizes.items()) or "none"
        known = ", ".join(f"{name}: {text}" for name, text in self.outputs.items())
        yield "results", known or "unknown until a point has run"
        yield "written to", str(self.path)
        yield "runs on", self.workers.where
        yield "time", self._time()
        if self.evidence is not None:
            limit = f" of {format_bytes(self.workers.memory)}" if self.workers.memory else ""
            yield "memory", f"{format_bytes(self.evidence.memory)}{limit} a worker"
        needed = "" if self.disk is None else f"about {format_bytes(self.disk)} more, "
        yield "disk", f"{needed}{format_bytes(self.free)} free"
        later = f", at most {self.most_files:,} once compacted" if self.pending else ""
        yield "files", f"{self.files:,} now{later}"
        yield from (("problem", text) for text in self.problems)

    def _time(self) -> str:
        if not self.pending:
            return "none: every point has run"
        if self.seconds is None or self.evidence is None:
            return "unknown; review(pilot=True) runs a few points to find out"
        share = self.evidence.uncertainty / self.evidence.seconds if self.evidence.seconds else 0.0
        spread = f" ± {round(100 * share)} %" if share else ""
        each = f"{self.evidence.seconds:.3g} s each in {self.evidence.points:,} that were looked at"
        return f"about {duration(self.seconds)}{spread} ({each})"

    def __repr__(self) -> str:
        rows = list(self._rows())
        width = max(len(label) for label, _ in rows)
        lines = "".join(f"\n  {label:{width}}  {text}" for label, text in rows)
        return f"<explorekit.Review {self.name!r}>{lines}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left">{escape(label)}</th><td style="text-align:left">{escape(text)}</td></tr>'
            for label, text in self._rows()
        )
        return f"<div><b>Review</b> {escape(self.name)}<table>{rows}</table></div>"


def check_room(snapshot: "Snapshot", pending: int, path: Path) -> None:
    """Raise `StudyError` if the results of the pending points cannot find room, going by those at hand."""
    positions = _some_ok(snapshot)
    if positions is not None:
        trouble = _lack_of_room(int(_size(snapshot, positions) * pending), shutil.disk_usage(path).free, path)
        if trouble:
            raise StudyError(f"the run is not started: {trouble}")


def _lack_of_room(needed: int, free: int, path: Path) -> str:
    if needed <= _HOPELESS * free:
        return ""
    return (
        f"the pending points need about {format_bytes(needed)}, and {format_bytes(free)} are free "
        f"on the disk of {path}. Free some space, or explore fewer points."
    )


def take_review(
    name: str,
    path: Path,
    snapshot: "Snapshot",
    workers: Workers,
    end: "Deadline | None" = None,
    trouble: str = "",
) -> Review:
    """Look at a snapshot of a study and at the machine."""
    space, index = snapshot.space, snapshot.index
    found = index.counts()
    done = {status: found.get(code, 0) for code, status in enumerate(STATUS_MEANINGS) if code}
    results = results_dataset(snapshot)
    outputs = {
        str(n): f"{v.dtype}{_inner(v.dims, v.sizes, space.dims)}"
        for n, v in results.data_vars.items()
        if n != "status"
    }
    return Review(
        name=name,
        path=path,
        sizes=space.sizes,
        counts={"pending": len(space) - sum(done.values()), **done},
        outputs=outputs,
        workers=workers,
        evidence=_evidence(snapshot),
        free=shutil.disk_usage(path).free,
        files=sum(1 for folder in FOLDERS if (path / folder).is_dir() for _ in (path / folder).iterdir()),
        most_files=1000 + 2 * math.isqrt(len(space)),
        free_files=_free_files(path),
        end=end,
        trouble=trouble,
    )


def _free_files(path: Path) -> float:
    """Return for how many files a disk has room; infinite where it does not count them."""
    disk = os.statvfs(path)
    return disk.f_favail if disk.f_files else math.inf


def workers_of(client: "Client | None", n_workers: int | None) -> Workers:
    """Return who would run: a client's workers, or those that the private cluster would have."""
    from explorekit.engine import limits

    if client is None:
        chosen = limits.choose(n_workers)
        return Workers(chosen.workers, chosen.memory, f"this machine, {chosen}")
    info = client.scheduler_info(n_workers=-1)
    workers = info["workers"].values()
    slots = sum(worker["nthreads"] for worker in workers)
    memory = min((w["memory_limit"] // w["nthreads"] for w in workers if w["memory_limit"]), default=0)
    return Workers(
        max(1, slots), memory, f"the {len(workers)} workers of the Dask cluster at {info['address']}"
    )


def _inner(dims: Any, sizes: Mapping[Any, int], outer: tuple[str, ...]) -> str:
    inner = ", ".join(f"{dim}: {sizes[dim]:,}" for dim in dims if dim not in outer)
    return f" ({inner})" if inner else ""


def _some_ok(snapshot: "Snapshot") -> Positions | None:
    """Return some points that have a result, or None if none has."""
    index = snapshot.index
    ok = np.flatnonzero(index.status == OK)
    stretches = np.column_stack([index.start[ok], index.stop[ok]])
    return spread_out(stretches, snapshot.space.shape, _MEASURED) if ok.size else None


def _evidence(snapshot: "Snapshot") -> Evidence | None:
    positions = _some_ok(snapshot)
    if positions is None:
        return None
    seconds = TimingArray(snapshot, "duration", np.float64, np.nan).read_points(positions, [])
    memory = TimingArray(snapshot, "peak_memory", np.int64, 0).read_points(positions, [])
    deviation = float(seconds.std(ddof=1)) if seconds.size > 1 else 0.0
    return Evidence(
        points=len(positions),
        seconds=float(seconds.mean()),
        uncertainty=2 * deviation / math.sqrt(seconds.size),
        longest=float(seconds.max()),
        memory=int(memory.max()),
        size=_size(snapshot, positions),
    )


def _size(snapshot: "Snapshot", positions: Positions) -> float:
    """Return bytes a point on disk: as measured, but not more than uncompressed, since small files are mostly labels."""
    index = snapshot.index
    plain = sum(
        snapshot.read_dtype(name).itemsize * math.prod(snapshot.sizes[dim] for dim in field.dims)
        for name, field in snapshot.fields.items()
        if not field.coordinate
    )
    shards = np.unique(index.locate(positions)[0])
    points = np.bincount(index.shard, index.stop - index.start)[shards].sum()
    files = (snapshot.folder / index.table[number].name for number in shards.tolist())
    return float(min(plain + _RECORD_BYTES, sum(file.stat().st_size for file in files) / points))
