"""When a run has to end: after the time that it is given, or before its allocation does."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from numbers import Real

from explorekit.errors import StudyError

_END_OF_JOB = "SLURM_JOB_END_TIME"  # seconds since 1970
_PATIENCE = 10.0  # seconds for Slurm to answer
_LONGEST = 10**9  # seconds
_LONGEST_MARGIN = 30.0
_SHORTEST_MARGIN = 3.0  # children take up to two seconds to hand in what they have


@dataclass(frozen=True)
class Deadline:
    """A moment after which nothing may go on.

    Parameters
    ----------
    at, ticks
        The moment, as `time.time` tells it, to be shown, and as `time.monotonic` does, which nobody sets.
    margin
        Seconds before it in which what is in flight is handed in.
    reason
        Who says so.
    """

    at: float
    ticks: float
    margin: float
    reason: str

    @property
    def left(self) -> float:
        """Seconds that points may still run for."""
        return self.ticks - self.margin - time.monotonic()

    def __str__(self) -> str:
        return f"until {datetime.fromtimestamp(self.at).astimezone():%Y-%m-%d %H:%M:%S} ({self.reason})"


def deadline(
    max_time: float | None = None, until: datetime | None = None, environ: Mapping[str, str] = os.environ
) -> Deadline | None:
    """Return the earlier of the ends that are given, or that of the batch job that this process runs in.

    Parameters
    ----------
    max_time
        Seconds from now.
    until
        A moment; without a time zone it is local time.
    environ
        Where to look for the end of a batch job, if nothing is given.

    Raises
    ------
    StudyError
        If it is no such number or moment, or the moment is past.
    """
    now = time.time()
    ends: list[tuple[float, str]] = []
    if max_time is not None:
        number = isinstance(max_time, Real) and not isinstance(max_time, bool)
        if not number or not 0 < max_time <= _LONGEST:
            raise StudyError(
                f"got max_time={max_time!r}; expected a number of seconds above 0, at most {_LONGEST:,}, or None for no end."
            )
        ends.append((now + max_time, f"max_time={max_time:g}"))
    if until is not None:
        if not isinstance(until, datetime):
            raise StudyError(f"got until={until!r}; expected a datetime.datetime, or None for no end.")
        try:
            end_of_run = until.timestamp()
        except (ValueError, OverflowError, OSError) as error:  # NaT, or a year that no clock knows
            raise StudyError(
                f"got until={until}, which is no moment ({error}); expected one to come."
            ) from None
        if end_of_run <= now:
            raise StudyError(f"got until={until}, which is past; it is {datetime.now().astimezone()}.")
        ends.append((end_of_run, "until"))
    if not ends and (end := _end_of_job(environ)) is not None:
        ends.append(end)
    if not ends:
        return None
    at, reason = min(ends)
    allowed = at - now
    margin = min(_LONGEST_MARGIN, max(_SHORTEST_MARGIN, 0.02 * allowed), 0.5 * allowed)
    return Deadline(at, time.monotonic() + allowed, margin, reason)


def _end_of_job(environ: Mapping[str, str]) -> tuple[float, str] | None:
    """Return when the Slurm job that this process runs in ends; before Slurm 23.02 only its queue knows."""
    if environ.get(_END_OF_JOB, "").isdigit():
        return float(environ[_END_OF_JOB]), _END_OF_JOB
    job, squeue = environ.get("SLURM_JOB_ID", ""), shutil.which("squeue")
    if not job or squeue is None:
        return None
    try:
        asked = subprocess.run(  # noqa: S603
            [squeue, "--noheader", f"--jobs={job}", "--format=%e"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
        end = datetime.fromisoformat(asked.stdout.strip()).timestamp()
    except (OSError, subprocess.SubprocessError, ValueError):  # ValueError: a job without an end has "N/A"
        return None
    return end, f"the end of Slurm job {job}"
