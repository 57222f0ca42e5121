"""What is known of one run? Its parameters, its record, its error, and what it printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.space import Space
from explorekit.space.finding import texts_at
from explorekit.space.seeds import integer_seed
from explorekit.store.one_run import StoredRun
from explorekit.store.status import PENDING, STATUS_MEANINGS

if TYPE_CHECKING:
    from explorekit.simulation.points import Seeding
    from explorekit.store.directory import StudyDirectory, StudyRecord

PROVENANCE = ("git_commit", "git_dirty", "explorekit", "python", "platform", "packages", "source")
LONGEST_LOG = 20_000  # characters: of a longer one the end is shown


@dataclass(frozen=True, eq=False, repr=False)
class RunRecord:
    """What `Study.inspect` tells of one run.

    Parameters
    ----------
    position
        The point's flat position, in C order over the dimensions of the space.
    parameters
        The values of the point.
    texts
        The same as text with units.
    status
        ``"pending"``, ``"ok"``, ``"failed"`` or ``"timed_out"``.
    started
        When (UTC); NaT of a pending run, whose numbers are NaN or 0.
    duration, cpu_time
        Seconds.
    peak_memory
        The most that its process held, in bytes.
    attempts
        How often it was tried.
    timed_together
        How many runs share the times: see `Study.runs`.
    worker, host, code_version
        What made it.
    seed
        What the simulation gets if it asks for ``seed``, and what ``rng`` follows from; None where this is not known.
    error, message, traceback
        Why it has no result.
    log
        What its batch printed, of a long one the end.
    provenance
        What made it: ``source``, ``git_commit``, ``git_dirty``, ``python``, ``platform``, ``explorekit`` and ``packages``, as far
        as they are known.
    """

    position: int
    parameters: Mapping[str, Any]
    texts: Mapping[str, str]
    status: str
    started: np.datetime64
    duration: float
    cpu_time: float
    peak_memory: int
    attempts: int
    timed_together: int
    worker: str
    host: str
    code_version: str
    seed: int | None
    error: str = ""
    message: str = ""
    traceback: str = ""
    log: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def point(self) -> str:
        """The parameters in one line."""
        return ", ".join(f"{name}={text}" for name, text in self.texts.items())

    def rows(self) -> dict[str, str]:
        """Return what is known beside the parameters, by name, as text with units."""
        rows = {"status": self.status.replace("_", " ")}
        if self.status != "pending":
            shared = f" (of {self.timed_together:,} runs together)" if self.timed_together > 1 else ""
            rows |= {
                "started": f"{np.datetime_as_string(self.started, unit='s').replace('T', ' ')} UTC",
                "duration": f"{_seconds(self.duration)}{shared}",
                "CPU time": _seconds(self.cpu_time),
                "peak memory": f"{self.peak_memory / 1e6:,.0f} MB",
                "attempts": str(self.attempts),
                "worker": self.worker,
                "host": self.host,
                "code version": self.code_version,
            }
        if self.seed is not None:
            rows["seed"] = str(self.seed)
        return rows

    def __repr__(self) -> str:
        lines = [f"<explorekit.RunRecord at {self.point}>"]
        lines += [f"  {name}: {text}" for name, text in self.rows().items()]
        if self.error:
            lines.append(f"  error: {self.error}: {self.message}")
        for text in (self.traceback, self.log and f"log:\n{self.log}"):
            lines += [f"  {line}" for line in text.rstrip().splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def _seconds(value: float) -> str:
    """Return a time as text: ``3.2 ms``, ``12.4 s``."""
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}" if value < 1000 else f"{value:,.0f} s"
    return f"{value * 1e6:.3g} µs"


def record_of(
    space: Space,
    position: int,
    stored: StoredRun,
    made: Mapping[str, Any],
    seeding: "Seeding | None" = None,
    log: str = "",
) -> RunRecord:
    """Return the record of the point at a flat position, from what is kept of it."""
    here = space.isel({dim: [int(index[0])] for dim, index in space.unravel(np.array([position])).items()})
    failure = stored.failure
    known = stored.status != PENDING
    return RunRecord(
        position,
        next(iter(here.points())),
        texts_at(space, position),
        STATUS_MEANINGS[stored.status],
        np.datetime64(round(stored.started * 1e9), "ns") if known else np.datetime64("NaT", "ns"),
        stored.duration,
        stored.cpu_time,
        stored.peak_memory,
        stored.attempts,
        stored.timed_together,
        stored.worker,
        stored.host,
        stored.code_version,
        None if seeding is None else integer_seed(seeding.root, seeding.key(space, position)),
        failure.error if failure else "",
        failure.message if failure else "",
        failure.traceback if failure else "",
        log,
        {name: made[name] for name in PROVENANCE if made.get(name) not in (None, "", {})},
    )


def made_by(directory: "StudyDirectory", version: str) -> dict[str, Any]:
    """Return what is kept of a code version."""
    environment = directory.read_environment(version)
    git = environment.get("git") or {}
    source = directory.read_source(version)
    return {**environment, "source": source, "git_commit": git.get("commit"), "git_dirty": git.get("dirty")}


def log_of(folder: Path, record: "StudyRecord", stored: StoredRun) -> str:
    """Return what the batch of a run printed, or its end; empty where nothing is kept."""
    if stored.batch is None or (record.sources and stored.started < _created(record)):
        return ""  # taken over from a study whose batches have the same numbers as those of this one
    epoch, sequence = stored.batch
    try:
        text = (folder / "logs" / f"{epoch:06d}-{sequence:08d}.log").read_text("utf-8", "replace")
    except OSError:
        return ""
    return text if len(text) <= LONGEST_LOG else f"…{text[-LONGEST_LOG:]}"


def _created(record: "StudyRecord") -> float:
    created = datetime.fromisoformat(record.created)
    return (created if created.tzinfo else created.replace(tzinfo=UTC)).timestamp()


def next_in(ranges: np.ndarray[Any, np.dtype[np.int64]], after: int | None) -> int | None:
    """Return the first point behind one that lies in sorted stretches, from the start again at their end; None if there is none."""
    if not len(ranges):
        return None
    wanted = -1 if after is None else after
    behind = ranges[ranges[:, 1] > wanted + 1]
    return max(int(behind[0, 0]), wanted + 1) if len(behind) else int(ranges[0, 0])
