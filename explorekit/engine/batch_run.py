"""Running the points of a batch: short ones in groups, long ones alone, vectorised ones together."""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.engine.cursor import Cursor
from explorekit.engine.interrupts import Interrupts
from explorekit.engine.messages import Assignment, Job
from explorekit.engine.rows import Rows, Usage
from explorekit.simulation import calling, points
from explorekit.simulation.blocks import block_outputs_of
from explorekit.simulation.collect import SCALARS, is_scalar_mapping
from explorekit.simulation.declare import Simulation
from explorekit.simulation.global_streams import GlobalStreams
from explorekit.simulation.outputs import Outputs, outputs_of
from explorekit.simulation.points import Points
from explorekit.store.failures import Failure

_SPOOL_INTERVAL = 0.25
_SPOOL_SHARE = 0.05  # of the time at most: large and quick results are as soon run again
_SPOOL_RATE = 2**30  # bytes a second, at best
_TIMED_ALONE = 1e-3
_GROUP_SECONDS = 2e-3
_CALL_SECONDS = 0.05  # of a vectorised simulation
_BLOCK = 2**14  # rows whose arguments are made at once
_DRAWN = 2**8  # the same for rows that run one by one
_LARGEST_CALL = 2**16
_TEXT_LENGTH = 20_000
_UNCHANGING = frozenset({*SCALARS, type(None), str, bytes})
_PROCESS = os.getpid()


def _references_to_a_local() -> int:
    local = np.empty(0)
    return sys.getrefcount(local)


_ALONE = _references_to_a_local()
_OWN_FILES = {__file__, calling.__file__, points.__file__}


class BatchRun:
    """The rows of one batch on their way through the simulation."""

    def __init__(
        self,
        points: Points,
        simulation: Simulation,
        taken: frozenset[str],
        job: Job,
        assignment: Assignment,
        rows: Rows,
        streams: GlobalStreams,
    ) -> None:
        self._streams = streams
        self._points = points
        self._simulation = simulation
        self._taken = taken
        self._policy = job.policy
        self._assignment = assignment
        self._rows = rows
        self._tries = dict(assignment.tries)
        # Rows that a group must stop before: they are looked at one by one.
        self._special: list[int] = sorted(
            {*assignment.culprits, *range(*assignment.careful), *assignment.tries}
        )
        self._calls: Iterator[Any] = iter(())
        self._calls_from = self._calls_to = -1
        self._plain = False  # whether the latest results were plain numbers, which nothing changes later
        self._changing = False  # whether points were seen to return what they may change later
        self._function = points.function
        self._drawn: Iterator[tuple[Any, ...]] = iter(())
        self._drawn_from = self._drawn_to = -1

    def run(self, cursor: Cursor, interrupts: Interrupts) -> None:
        """Run the rows that are left, until the time is over or somebody interrupts."""
        rows, stop, budget = self._rows, self._assignment.stop, self._assignment.batch.budget
        self._cursor, self._interrupts = cursor, interrupts
        began = spooled = time.perf_counter()
        interval = _SPOOL_INTERVAL
        group, each, quick = 1, 0.0, False
        while rows.done < stop:
            first = rows.done
            last = self._end_of_group(first, min(first + group, stop))
            alone = last == first + 1
            started = time.time()
            usage = Usage(reset_peak=alone and each > _TIMED_ALONE)
            cursor.at(first, last)
            if first in self._assignment.culprits:
                rows.fail(self._assignment.culprits[first])
                reached, tried = last, self._tries.get(first, 0) + 1
            elif alone and (self._policy.retries or first in self._tries):
                reached, tried = self._persist(first)
            elif self._simulation.vectorized:
                reached, tried = self._call(first, last), 1
            elif quick and not alone:
                reached, tried = self._run_together(first, last), 1
            else:
                reached, tried = self._run_in_turn(first, last), 1
            rows.finish(reached, started, usage, tried)
            rows.decide()
            now = time.perf_counter()
            each = (now - usage.clock) / max(1, reached - first)
            group = self._next_group(group, each)
            self._streams.look()
            quick = rows.decided and not self._streams.used
            over = now - began > budget or rows.bytes > self._assignment.room or cursor.asked_to_hand_in
            if over or self._interrupts.arrived or self._streams.late:
                return
            if self._policy.stop_at_failure and rows.failures:
                return
            dear = tried > 1  # what took several tries is not to be lost with the next point
            due = now - spooled > max(interval, rows.unspooled / _SPOOL_RATE / _SPOOL_SHARE)
            if (due or dear) and rows.done < stop:
                cursor.leave(rows.done)
                self._streams.look(surely=True)
                if self._streams.late or not rows.spool():
                    return
                spooled = time.perf_counter()
                interval = max(_SPOOL_INTERVAL, (spooled - now) / _SPOOL_SHARE)

    def _end_of_group(self, first: int, last: int) -> int:
        while self._special and self._special[0] < first:
            self._special.pop(0)
        if self._special and self._special[0] < last:
            return max(first + 1, self._special[0])
        return min(last, self._calls_to) if self._calls_from == first < self._calls_to else last

    def _next_group(self, group: int, each: float) -> int:
        """Return how many rows to run before the clock is read again."""
        if self._simulation.vectorized:
            return max(1, min(_LARGEST_CALL, int(_CALL_SECONDS / max(each, 1e-9)), 4 * group))
        if each > _TIMED_ALONE:
            return 1
        return max(1, min(_BLOCK, int(_GROUP_SECONDS / max(each, 1e-9)), 4 * group))

    # ---- one by one

    def _run_in_turn(self, first: int, last: int) -> int:
        """Run some rows one after the other; returns one past the last that finished."""
        values = self._values(first, last)
        for row in range(first, last):
            self._cursor.at(row, row + 1)
            error = self._run_one(row, next(values))
            if error is not None:
                if self._interrupts.arrived or self._policy.retries:
                    self._drawn_from = -1
                    if not self._interrupts.arrived:
                        self._retry_later(row)
                    return row
                self._rows.fail(_failure(row, error))
            if self._interrupts.arrived or (error is not None and self._policy.stop_at_failure):
                self._drawn_from = -1
                return row + 1
        return last

    def _persist(self, row: int) -> tuple[int, int]:
        """Run a row until it succeeds or its tries are used up; returns where that leads, and the number of tries."""
        tried = self._tries.get(row, 0)
        while True:
            tried += 1
            self._cursor.at(row, row + 1)
            self._drawn_from = -1  # a stream of its own for every try
            error = self._run_one(row, next(self._values(row, row + 1)))
            if error is None:
                return row + 1, tried
            if self._interrupts.arrived:
                return row, tried
            if tried > self._policy.retries:
                self._rows.fail(_failure(row, error))
                return row + 1, tried

    def _values(self, first: int, last: int) -> Iterator[tuple[Any, ...]]:
        """Return an iterator over arguments that stands at a row; made for many rows at once."""
        if self._simulation.vectorized:  # takes its arguments as arrays
            return repeat((), last - first)
        if first != self._drawn_from or last > self._drawn_to:
            self._drawn_to = min(max(last, first + _DRAWN), self._assignment.stop)
            self._drawn = self._points.values(self._assignment.batch.positions(first, self._drawn_to))
        self._drawn_from = last
        return self._drawn

    def _retry_later(self, row: int) -> None:
        """Count a try, and have the row run by itself next."""
        self._tries[row] = self._tries.get(row, 0) + 1
        self._special.insert(0, row)

    def _run_one(self, row: int, values: tuple[Any, ...]) -> BaseException | None:
        """Run a point and keep what it returns; returns its error, if there is one."""
        try:
            if self._simulation.vectorized:
                self._call_and_keep(row, row + 1)
            else:
                self._run_and_keep(row, values)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: one point's end is not the batch's
            self._interrupts.in_point = False
            _leave_copy(error)
            return error
        self._rows.succeed(row, row + 1)
        return None

    def _run_and_keep(self, row: int, values: tuple[Any, ...]) -> None:
        rows = self._rows
        self._interrupts.in_point = True
        self._streams.begin(lambda: self._seed(row))
        result = self._points.function(*values)
        self._plain = type(result) in SCALARS or is_scalar_mapping(result)
        outputs = None if self._plain and rows.decided else self._outputs_of(result)
        self._interrupts.in_point = False
        if outputs is not None:
            rows.add(row, outputs)
        elif not rows.add_together(np.array([row]), [result], self._simulation.name, arrays=False):
            rows.add(row, self._outputs_of(result))

    def _seed(self, row: int) -> int:
        return self._points.seed(int(self._assignment.batch.positions(row, row + 1)[0]))

    # ---- many short ones

    def _run_together(self, first: int, last: int) -> int:
        """Run some rows without looking up between them; returns one past the last that finished."""
        self._streams.pass_by()
        n = last - first
        results: list[Any] = []
        failures: list[Failure] = []
        while len(results) < n and not self._interrupts.arrived:
            calls = islice(self._calls_at(first + len(results), last), n - len(results))
            error: BaseException | None = None
            try:
                self._interrupts.in_point = True
                results.extend(calls)  # keeps what came before an error
                self._interrupts.in_point = False
                if len(results) < n:
                    error = StopIteration()  # raised by a point, taken for an end
            except BaseException as raised:  # noqa: BLE001
                self._interrupts.in_point = False
                _leave_copy(raised)
                if self._interrupts.arrived:
                    break
                error = raised
            self._calls_from = first + len(results) + (error is not None)
            if error is not None:
                row = first + len(results)
                if self._policy.retries:
                    self._retry_later(row)
                    break
                failures.append(_failure(row, error))
                results.append(None)
                if self._policy.stop_at_failure:
                    break
        reached = first + len(results)
        if not self._keep_all(first, results, failures):
            self._changing = True
            return self._run_in_turn(first, reached)
        return reached

    def _calls_at(self, first: int, last: int) -> Iterator[Any]:
        """Return an iterator over calls that stands at a row; made for many groups at once."""
        function = self._points.function if self._plain and not self._changing else self._call_and_copy
        if first != self._calls_from or last > self._calls_to or function != self._function:
            self._function = function
            self._calls_from = first
            self._calls_to = min(max(last, first + _BLOCK), self._assignment.stop)
            positions = self._assignment.batch.positions(first, self._calls_to)
            self._calls = self._points.calls(positions, function)
        return self._calls

    def _call_and_copy(self, *values: Any) -> Any:
        """Return what a point returned as it is now, whatever the simulation does to it later."""
        result = self._points.function(*values)
        kind = type(result)
        if kind is np.ndarray and result.dtype.kind in "biufc":
            # One that nobody else knows, nobody changes.
            return result if sys.getrefcount(result) == _ALONE and result.base is None else result.copy()
        if kind in SCALARS:
            return result
        if kind is dict and all(type(name) is str for name in result):
            copied = {
                name: value.copy() if type(value) is np.ndarray and value.dtype.kind in "biufc" else value
                for name, value in result.items()
            }
            if all(type(value) in SCALARS or type(value) is np.ndarray for value in copied.values()):
                return copied
        return self._outputs_of(result)

    def _keep_all(self, first: int, results: list[Any], failures: list[Failure]) -> bool:
        """Keep what points returned together, or nothing if some of it, not copied at once, may have changed since."""
        rows, name = self._rows, self._simulation.name
        kept: npt.NDArray[np.int64] = np.arange(first, first + len(results))
        if failures:
            kept = np.setdiff1d(kept, [failure.row for failure in failures], assume_unique=True)
            results = [results[row - first] for row in kept.tolist()]
        copied = self._function != self._points.function
        quick = not results or rows.add_together(kept, results, name, arrays=copied)
        if not quick and not copied and _may_have_changed(results):
            return False
        rows.succeed(first, first + len(results) + len(failures))
        for failure in failures:
            rows.fail(failure)
        self._plain = self._plain and quick
        for row, result in zip(kept.tolist(), [] if quick else results, strict=False):
            self._cursor.at(row, row + 1)
            try:
                if not isinstance(result, Outputs):
                    result = self._outputs_of(result)  # noqa: PLW2901
                rows.add(row, result)
            except BaseException as error:  # noqa: BLE001 - a generator's own
                rows.fail(_failure(row, error))
        return True

    # ---- many in one call

    def _call(self, first: int, last: int) -> int:
        """Call a vectorised simulation for some rows, as many as have the same parameters; where it raises, for each by itself."""
        last = first + self._points.alike(self._assignment.batch.positions(first, last))
        try:
            self._call_and_keep(first, last)
        except BaseException as error:  # noqa: BLE001
            self._interrupts.in_point = False
            _leave_copy(error)
            if self._interrupts.arrived:
                return first
            if last == first + 1 and not self._policy.retries:
                self._rows.fail(_failure(first, error))
                return last
            return self._run_in_turn(first, last)
        self._rows.succeed(first, last)
        return last

    def _outputs_of(self, result: Any) -> Outputs:
        return outputs_of(result, self._simulation, self._taken)

    def _call_and_keep(self, first: int, last: int) -> None:
        self._interrupts.in_point = True
        positions = self._assignment.batch.positions(first, last)
        result = self._points.function(*self._points.arrays(positions))
        outputs = block_outputs_of(result, last - first, self._simulation, self._taken)
        self._interrupts.in_point = False
        self._rows.add_block(np.arange(first, last), outputs)


def _leave_copy(error: BaseException) -> None:
    """End this process if it is a copy that the simulation made and is leaving: it must not go on with the batch."""
    if os.getpid() != _PROCESS:
        code = error.code if isinstance(error, SystemExit) else 1
        os._exit(code if isinstance(code, int) else int(code is not None))


def _may_have_changed(results: list[Any]) -> bool:
    """Return whether some results are other than plain values, or dicts of their own of such."""
    objects = [result for result in results if type(result) not in _UNCHANGING]
    plain = all(
        type(one) is dict and all(type(value) in _UNCHANGING for value in one.values()) for one in objects
    )
    return not plain or len(set(map(id, objects))) < len(objects)


def _failure(row: int, error: BaseException) -> Failure:
    """Describe an error, without the frames that lead from here to the user's code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in _OWN_FILES:
        trace = trace.tb_next
    message, text = "(its text cannot be had)", ""
    with contextlib.suppress(BaseException):  # an exception whose own __str__ fails, in whatever way
        text = "".join(traceback.format_exception(type(error), error, trace))
        message = str(error)
    return Failure(row, type(error).__name__, message[:_TEXT_LENGTH], text[-_TEXT_LENGTH:])
