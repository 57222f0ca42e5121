"""Measuring side by side: fresh processes in turn, so that what disturbs one disturbs its neighbours too."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import environments
from benchmarks.peer import PREFIX
from benchmarks.peers import OURS, Way

_SETUP_SECONDS = 60


class TookTooLongError(Exception):
    """A measurement was cut off at the time limit."""


@dataclass
class Measured:
    """What was measured of one way at one size, run by run; `ours` is what explorekit took in the same rounds."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    ours: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""

    def median(self, key: str = "seconds") -> float:
        return statistics.median(run[key] for run in self.runs)

    def ratio(self, key: str = "seconds") -> float:
        """Return the median of explorekit / this way, pair by pair."""
        return statistics.median(ours[key] / run[key] for ours, run in zip(self.ours, self.runs, strict=True))


def measure(
    way: Way, work: str, points: int, limit: float, *, half_done: bool = False, prepared: Path | None = None
) -> dict[str, Any]:
    """Run one way in a fresh process, in an empty folder.

    Parameters
    ----------
    half_done
        Whether another process has done one half before.
    prepared
        A folder to read from, in place of the empty one.

    Raises
    ------
    TookTooLongError
        If it takes more seconds than the limit, a minute for imports and start-up apart.
    """
    if prepared is not None:
        return _run(way.peer, way.function, work, points, prepared, limit)
    with environments.scratch() as folder:
        if not half_done:
            return _run(way.peer, way.function, work, points, folder, limit)
        _run(way.peer, f"{way.function}_half", work, points, folder, limit)
        for note in folder.glob("first-*"):
            note.unlink()
        return _run(way.peer, f"{way.function}_rest", work, points, folder, limit)


def _run(peer: str, function: str, work: str, points: int, folder: Path, limit: float) -> dict[str, Any]:
    os.sync()  # or who waits until its file is on disk waits for the files of the one before, too
    command = [environments.python(peer), "-P", "-m", "benchmarks.peer"]
    process = subprocess.Popen(
        [*command, peer, function, work, str(points), str(limit), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environments.variables(),
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit + _SETUP_SECONDS)
    except subprocess.TimeoutExpired:
        raise TookTooLongError from None
    finally:
        _end(process)
    if process.returncode == -signal.SIGALRM:
        raise TookTooLongError
    if process.returncode:
        raise RuntimeError(f"{peer}.{function} failed on {work} at {points:,} points:\n{out}\n{err}")
    found: dict[str, Any] = json.loads(
        next(line for line in out.splitlines() if line.startswith(PREFIX)).removeprefix(PREFIX)
    )
    return found


def _end(process: subprocess.Popen[str]) -> None:
    """End whatever is left of a measurement, its pools and clusters included."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.communicate()


def side_by_side(
    ways: Iterable[Way],
    work: str,
    points: int,
    pairs: Callable[[Way], int],
    limit: float,
    *,
    ours: Way = OURS,
    **options: Any,
) -> dict[Way, Measured]:
    """Return what explorekit and some other ways took, in rounds of one run each.

    Options are those of `measure`.

    A way that is cut off is not run again, nor one whose runs have taken more than the limit together.
    """
    found = {ours: Measured(), **{way: Measured() for way in ways}}
    rounds = max(pairs(way) for way in found)
    for number in range(rounds):
        due = [way for way in found if way != ours and _is_due(found[way], number, pairs(way), limit)]
        if not due and found[ours].runs and len(found) > 1:
            break
        run = _attempt(ours, found[ours], work, points, limit, options)
        for way in due if number % 2 else due[::-1]:
            other = _attempt(way, found[way], work, points, limit, options)
            if run is not None and other is not None:
                found[way].ours.append(run)
    return found


def _is_due(measured: Measured, number: int, pairs: int, limit: float) -> bool:
    spent = sum(run["seconds"] for run in measured.runs)
    return not measured.trouble and number < pairs and spent < limit


def _attempt(
    way: Way, measured: Measured, work: str, points: int, limit: float, options: dict[str, Any]
) -> dict[str, Any] | None:
    began = time.perf_counter()
    try:
        run = measure(way, work, points, limit, **options)
    except TookTooLongError:
        measured.trouble = f"> {limit:.0f} s"
        run = None
    else:
        measured.runs.append(run)
    text = measured.trouble or f"{run['seconds']:.3f} s"
    took = time.perf_counter() - began
    print(f"{work} {points:>9,}  {way.title:<32} {text:>10}  ({took:.0f} s)", file=sys.stderr, flush=True)
    return run
