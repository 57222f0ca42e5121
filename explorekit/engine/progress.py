"""What a run has done so far, as numbers that a panel or a terminal can show."""

from dataclasses import dataclass
from typing import Literal

State = Literal["starting", "running", "cancelling", "finished", "finished early", "cancelled", "error"]

FINAL: frozenset[State] = frozenset({"finished", "finished early", "cancelled", "error"})


@dataclass(frozen=True)
class PointError:
    """One failed point: its parameters as text, and the error's type and message."""

    point: str
    error: str
    traceback: str


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one kind: the error, their number, the latest few points as text, and the latest traceback.

    Where messages differ by the numbers in them only, these are left out of ``error``, as they always are of ``kind``.
    """

    kind: str
    error: str
    count: int
    points: tuple[str, ...]
    traceback: str


@dataclass(frozen=True)
class Progress:
    """A snapshot of a run's progress; every count is a number of points.

    Parameters
    ----------
    state
        ``starting``, ``running``, ``cancelling``, ``finished``, ``finished early`` (for its deadline), ``cancelled`` or
        ``error``.
    total, ok, failed
        All points of the study, and those with a result or a recorded failure, earlier runs included.
    new
        Points that this run has finished.
    elapsed
        Seconds since the run started.
    workers
        Worker processes at hand.
    errors
        The latest failures, newest last.
    message
        Why the run ended early, or an empty text.
    where
        The cluster that the run uses, in words.
    dashboard
        The address of the private cluster's dashboard, or an empty text.
    failures
        The failures of this run by kind, the most frequent first.
    timed_out
        How many of the failed points timed out.
    left
        Estimated seconds until the end, from how long runs took; None while nothing is known.
    """

    state: State
    total: int
    ok: int
    failed: int
    new: int
    elapsed: float
    workers: int
    errors: tuple[PointError, ...] = ()
    message: str = ""
    where: str = ""
    dashboard: str = ""
    failures: tuple[FailureGroup, ...] = ()
    timed_out: int = 0
    left: float | None = None

    @property
    def pending(self) -> int:
        return self.total - self.ok - self.failed

    @property
    def rate(self) -> float:
        """Points a second, over this run."""
        return self.new / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Estimated seconds until the last point, or None while nothing is known."""
        if self.state in FINAL:
            return 0.0
        if self.left is not None:
            return self.left
        return self.pending / self.rate if self.new else None

    @property
    def done(self) -> bool:
        return self.state in FINAL

    def __str__(self) -> str:
        counts = f"{self.ok:,} ok, {self.failed:,} failed, {self.pending:,} pending of {self.total:,}"
        return f"{self.state}, {counts}{f'; {self.message}' if self.message else ''}"


def duration(seconds: float) -> str:
    """Return a time span in its two largest units, in whole seconds."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400:,} d {whole % 86400 // 3600} h"
