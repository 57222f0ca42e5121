"""The finished rows of a batch: outputs, status and timings, spooled so that they survive the process."""

import os
import pickle
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.engine.messages import Assignment
from explorekit.errors import OutputError
from explorekit.simulation.collect import Collector, Column, Stacked, fields_of
from explorekit.simulation.outputs import Outputs
from explorekit.simulation.votes import Votes
from explorekit.store.failures import Failure
from explorekit.store.status import OK, PENDING
from explorekit.store.timings import TIMING_COLUMNS, Timings
from explorekit.store.writing import Record

_SURE = 3  # points that must agree on the outputs' structure before others are held to it
_CHARACTER = 4  # bytes
_Timing = tuple[float, ...]


@dataclass(frozen=True)
class _Piece:
    """Some finished rows, as the spool file keeps them."""

    stop: int
    columns: Mapping[str, Column]
    held: list[tuple[int, Outputs]]
    decided: bool
    failures: list[Failure]
    timings: list[_Timing]
    status: bytes


class Rows:
    """The finished rows of a batch, from the first to `done`.

    The first few points only vote on what an output looks like; so an odd one at the front does not bind the others.

    Parameters
    ----------
    assignment
        The batch; what an earlier process has spooled of it is read back.
    vote
        Whether points are to agree on the structure of the outputs, unless it is known.
    """

    def __init__(self, assignment: Assignment, *, vote: bool) -> None:
        expected = assignment.batch.expected
        self._capacity = assignment.stop, assignment.room
        self.collector = Collector(expected, *self._capacity)
        self.done = 0
        self.status = bytearray([PENDING]) * assignment.stop
        self.failures: list[Failure] = []
        self._bytes = 0
        self._longest = 0  # text of a failure; all take as much
        self._votes = Votes() if vote and not expected else None
        self._held: list[tuple[int, Outputs]] = []
        self._timings: list[_Timing] = []
        self._spool = Path(assignment.spool)
        self._marks = (0, 0, 0)
        self._spooled = 0
        if self._spool.exists():
            self._restore()

    @property
    def decided(self) -> bool:
        """Whether the outputs' structure is known."""
        return self._votes is None

    @property
    def bytes(self) -> int:
        """What the rows take in memory, about."""
        return self._bytes + _CHARACTER * self._longest * len(self.failures)

    def succeed(self, first: int, last: int) -> None:
        """Note that rows have a result, unless they are said to fail later."""
        self.status[first:last] = bytes([OK]) * (last - first)

    def fail(self, failure: Failure) -> None:
        self.failures.append(failure)
        self._longest = max(self._longest, len(failure.message) + len(failure.traceback))
        self.status[failure.row] = failure.status

    def add(self, row: int, outputs: Outputs) -> None:
        """Take what one point returned.

        Raises
        ------
        OutputError
            If it is unlike that of other points.
        """
        self._bytes += sum(output.values.nbytes for output in outputs.variables.values())
        if self._votes is None:
            self.collector.add(row, outputs)
            return
        self._votes.add(fields_of(outputs), 1)
        self._held.append((row, outputs))

    def add_together(
        self, rows: npt.NDArray[np.int64], results: list[Any], lone: str, *, arrays: bool
    ) -> bool:
        """Take what many points returned, or nothing: see `Collector.add_together`."""
        size = self.collector.add_together(rows, results, lone, arrays=arrays)
        self._bytes += size or 0
        return size is not None

    def add_block(self, rows: npt.NDArray[np.int64], outputs: Outputs) -> None:
        """Take what a vectorised simulation returned; raises `OutputError` as `add` does."""
        self._bytes += sum(output.values.nbytes for output in outputs.variables.values())
        self.collector.add_block(rows, outputs)

    def decide(self, at_last: bool = False) -> None:
        """Settle the structure of the outputs once enough points agree, or `at_last`."""
        if self._votes is None or not self._held:
            return
        names = {name for _, outputs in self._held for name in (*outputs.variables, *outputs.coords)}
        schema = self._votes.schema(_SURE)
        if schema.keys() != names and len(self._held) < 2 * _SURE and not at_last:
            return
        self.collector = Collector(self._votes.schema(), *self._capacity)
        self._votes, held, self._held = None, self._held, []
        for row, outputs in held:
            try:
                self.collector.add(row, outputs)
            except OutputError as error:
                self.fail(Failure(row, "OutputError", str(error), f"OutputError: {error}"))

    def finish(self, reached: int, started: float, since: "Usage", attempts: int = 1) -> None:
        """Note that rows up to one past the last are finished, and what they took together."""
        if reached > self.done:
            now = Usage()
            self._timings.append(
                (
                    self.done,
                    reached - self.done,
                    started,
                    now.clock - since.clock,
                    now.cpu - since.cpu,
                    now.peak,
                    attempts,
                )
            )
        self.done = reached

    @property
    def unspooled(self) -> int:
        """Bytes that the next `spool` has to write, about."""
        return self.bytes - self._spooled

    def spool(self) -> bool:
        """Keep the rows finished since the last call, in case this process dies; returns whether there was room to."""
        rows, failures, timings = self._marks
        piece = _Piece(
            self.done,
            self.collector.take_new(),
            self._held,
            self.decided,
            self.failures[failures:],
            self._timings[timings:],
            bytes(self.status[rows : self.done]),
        )
        try:
            with self._spool.open("ab") as file:
                pickle.dump(piece, file, protocol=pickle.HIGHEST_PROTOCOL)
        except OSError:
            return False
        self._marks = self.done, len(self.failures), len(self._timings)
        self._spooled = self.bytes
        return True

    def _restore(self) -> None:
        with self._spool.open("rb") as file:
            while True:
                whole = file.tell()
                try:
                    piece: _Piece = pickle.load(file)  # noqa: S301 - our own, in a private folder
                except (EOFError, pickle.UnpicklingError, ValueError):
                    break
                if piece.stop > len(self.status):  # so many could not be handed in together
                    break
                if piece.decided:
                    self._votes = None
                self.collector.restore(piece.columns)
                self._bytes += sum(column.nbytes for column in piece.columns.values())
                self._held = piece.held
                for failure in piece.failures:
                    self.fail(failure)
                self._timings += piece.timings
                self.status[self.done : piece.stop] = piece.status
                self.done = piece.stop
        os.truncate(self._spool, whole)  # a piece that was cut by death
        for failure in self.failures:  # some came to light after their rows were spooled
            self.status[failure.row] = failure.status
        if self._votes is not None:
            for _, outputs in self._held:
                self._votes.add(fields_of(outputs), 1)
        self._marks = self.done, len(self.failures), len(self._timings)
        self._spooled = self.bytes

    def stack(self) -> tuple[dict[str, Stacked], dict[str, npt.NDArray[np.int64]]]:
        """Return the outputs as arrays over the rows: see `Collector.stack`."""
        return self.collector.stack(self._status() == OK)

    def record(self) -> Record:
        """Return status, timings and failures of the rows."""
        columns = zip(*self._timings, strict=True)
        dtypes = TIMING_COLUMNS.values()
        timings = Timings(*(np.array(column, dtype) for column, dtype in zip(columns, dtypes, strict=True)))
        return Record(self._status(), timings, self.failures)

    def _status(self) -> npt.NDArray[np.int8]:
        return np.frombuffer(bytes(self.status[: self.done]), dtype=np.int8)


class Usage:
    """What this process has used so far.

    Parameters
    ----------
    reset_peak
        Whether the peak of memory is to count from now on, where the system can do that.
    """

    def __init__(self, *, reset_peak: bool = False) -> None:
        if reset_peak and _PEAK_RESET is not None:
            os.write(_PEAK_RESET, b"5")
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.cpu = used.ru_utime + used.ru_stime
        self.peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self.clock = time.perf_counter()


def _open_peak_reset() -> int | None:
    try:
        return os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return None


_PEAK_RESET = _open_peak_reset()
