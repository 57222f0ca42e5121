"""The child: the process in which user code runs, one point at a time.

A fresh interpreter in its own session, without Dask. It advances a cursor in shared memory before each point, so that
whoever supervises it knows the culprit when it dies, and spools finished rows, so that these survive.
"""

import contextlib
import faulthandler
import fcntl
import io
import mmap
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from explorekit.engine.messages import Assignment, Handed, Job, Spooled
from explorekit.simulation.calling import Call
from explorekit.simulation.collect import SCALARS, Collector, Stacked, is_scalar_mapping
from explorekit.simulation.declare import Simulation
from explorekit.simulation.outputs import Outputs, outputs_of
from explorekit.space.identity import point_key
from explorekit.space.parameter import REPETITION
from explorekit.space.seeds import generator, integer_seed
from explorekit.store import durable
from explorekit.store.shard import (
    FAILED,
    OK,
    PENDING,
    TIMING_COLUMNS,
    Failure,
    Origin,
    Record,
    Timings,
    write_shard,
)

SPOOL_INTERVAL = 0.05
TIMED_ALONE = 1e-3
_GROUP_SECONDS = 2e-3
_LARGEST_GROUP = 4096
_LOG_BYTES = 2**20
_TEXT_LENGTH = 20_000
_SHOWN_FAILURES = 3


def main(connection: int, cursor: int, lifeline: int) -> None:
    """Serve a worker over an inherited connection until it closes.

    Parameters
    ----------
    connection, cursor, lifeline
        File descriptors: of the connection, of the shared cursor, and of a pipe that ends when the worker does.
    """
    faulthandler.enable()
    _die_with(lifeline)
    interrupts = _Interrupts()
    with mmap.mmap(cursor, 8) as memory, Connection(connection) as peer:
        shared = memoryview(memory).cast("q")
        runner: _Runner | None = None
        try:
            while True:
                message = peer.recv()
                if isinstance(message, Job):
                    runner = _Runner(message, shared, interrupts)
                    continue
                assert runner is not None
                peer.send(runner.work(message))
        except EOFError:
            pass
        finally:
            shared.release()


class _Interrupts:
    """SIGINT means: give up the point that is running, if one is."""

    def __init__(self) -> None:
        self.in_point = False
        self.arrived = False
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, signum: int, frame: Any) -> None:
        self.arrived = True
        if self.in_point:
            raise KeyboardInterrupt


class _Runner:
    """Runs the batches of one job."""

    def __init__(self, job: Job, cursor: Any, interrupts: _Interrupts) -> None:
        self._job = job
        self._cursor = cursor
        self._interrupts = interrupts
        with contextlib.suppress(OSError):
            os.chdir(job.working_directory)
        sys.path.extend(entry for entry in job.sys_path if entry not in sys.path)
        self._simulation, self._call, self._version = _load(job.payload)
        self._name = self._simulation.name
        self._taken = frozenset({*job.space.parameters, *job.space.dims})
        self._host = socket.gethostname()

    def work(self, assignment: Assignment) -> Handed:
        """Run a batch, or the rest of one, and write its shard."""
        self._interrupts.arrived = False
        progress = _Progress(assignment)
        began = time.perf_counter()
        self._run(assignment, progress)
        seconds = time.perf_counter() - began
        self._keep_log(assignment.batch.sequence)
        if not progress.done:
            return Handed(0, seconds)
        shown = tuple(progress.failures[-_SHOWN_FAILURES:])
        temporary = Path(assignment.shard)
        outputs, ragged = progress.stack()
        try:
            header = write_shard(
                temporary,
                self._job.space,
                progress.positions[: progress.done],
                outputs,
                ragged,
                progress.record(),
                Origin(
                    self._job.epoch,
                    assignment.batch.sequence,
                    self._version,
                    f"{self._host}:{os.getppid()}",
                    self._host,
                ),
            )
            durable.sync(temporary)
            return Handed(progress.done, seconds, header, durable.content_hash(temporary), shown)
        except (OSError, RuntimeError) as error:  # netCDF4 reports a full disk as RuntimeError
            temporary.unlink(missing_ok=True)
            return Handed(
                0, seconds, trouble=f"{type(error).__name__}: {error}", errno=_errno(error, temporary.parent)
            )

    def _run(self, assignment: Assignment, progress: "_Progress") -> None:
        """Run the rows that are left, timing short ones in groups."""
        stop, budget = assignment.stop, assignment.batch.budget
        points = self._points(progress.positions[progress.done : stop])
        clock = time.perf_counter
        began = spooled = clock()
        group = 1
        while progress.done < stop:
            first, last = progress.done, min(progress.done + group, stop)
            started, used, tick = time.time(), _cpu_time(), clock()
            reached = self._run_rows(first, last, points, assignment, progress)
            now = clock()
            progress.finish(reached, started, now - tick, _cpu_time() - used, _peak_memory())
            if self._interrupts.arrived or now - began > budget:
                return
            each = (now - tick) / (last - first)
            group = (
                1
                if each > TIMED_ALONE
                else min(_LARGEST_GROUP, max(1, int(_GROUP_SECONDS / each)), 2 * group)
            )
            if now - spooled > SPOOL_INTERVAL and progress.done < stop:
                progress.spool()
                spooled = clock()

    def _run_rows(
        self,
        first: int,
        last: int,
        points: Iterator[dict[str, Any]],
        assignment: Assignment,
        progress: "_Progress",
    ) -> int:
        """Run some rows; returns one past the last that finished."""
        function, interrupts, cursor = self._simulation.function, self._interrupts, self._cursor
        name, add_scalar, status = self._name, progress.collector.add_scalar, progress.status
        for row in range(first, last):
            arguments = next(points)
            if row in assignment.culprits:
                progress.fail(assignment.culprits[row])
                continue
            cursor[0] = row
            try:
                interrupts.in_point = True
                result = function(**arguments)
                plain = type(result) in SCALARS
                if not plain and not is_scalar_mapping(result):
                    result = outputs_of(result, self._simulation, self._taken)
                interrupts.in_point = False
                if not plain or not add_scalar(name, row, result):
                    self._add(row, result, progress.collector)
                status[row] = OK
            except BaseException as error:  # noqa: BLE001 - also SystemExit: one point's end is not the batch's
                interrupts.in_point = False
                if interrupts.arrived:
                    return row
                progress.fail(_failure(row, error))
            if interrupts.arrived:
                return row + 1
        return last

    def _add(self, row: int, result: Any, collector: Collector) -> None:
        if isinstance(result, Outputs):
            collector.add(row, result)
        elif type(result) is not dict or not collector.add_scalars(row, result):
            collector.add(row, outputs_of(result, self._simulation, self._taken))

    def _points(self, positions: Any) -> Iterator[dict[str, Any]]:
        """Yield the keyword arguments of each point, random streams included."""
        columns = self._job.space.columns(positions)
        arguments = self._call.arguments(columns)
        injected = self._call.injected
        if not injected:
            return arguments
        return self._inject(arguments, positions.tolist(), columns.get(REPETITION, [0] * len(positions)))

    def _inject(
        self, arguments: Iterator[dict[str, Any]], positions: list[int], repetitions: list[int]
    ) -> Iterator[dict[str, Any]]:
        job, injected = self._job, self._call.injected
        for kwargs, position, repetition in zip(arguments, positions, repetitions, strict=True):
            if REPETITION in injected:
                kwargs[REPETITION] = repetition
            if injected & {"rng", "seed"}:
                labels = job.space.labels(position)
                if job.seed_by is not None:
                    labels = [label for label in labels if label[0] in job.seed_by]
                key = point_key(labels, job.baselines)
                if "rng" in injected:
                    kwargs["rng"] = generator(job.seed, key)
                if "seed" in injected:
                    kwargs["seed"] = integer_seed(job.seed, key)
            yield kwargs

    def _keep_log(self, sequence: int) -> None:
        """Move what the batch printed to the study's logs."""
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            size = os.fstat(1).st_size
            if size == 0:
                return
            log = Path(self._job.folder, "logs", f"{self._job.epoch:06d}-{sequence:08d}.log")
            text = os.pread(1, min(size, _LOG_BYTES), 0)
            if size > _LOG_BYTES:
                text += b"\n... %d bytes left out\n" % (size - _LOG_BYTES)
            log.write_bytes(text)
            os.ftruncate(1, 0)


class _Progress:
    """The finished rows of a batch."""

    def __init__(self, assignment: Assignment) -> None:
        self.positions = assignment.batch.positions()
        self.collector = Collector(assignment.batch.expected)
        n = len(self.positions)
        self.done = 0
        self.status = bytearray([PENDING]) * n
        self.failures: list[Failure] = []
        self._timings: list[tuple[float, ...]] = []
        self._spool = Path(assignment.spool)
        self._spooled_rows = self._spooled_failures = self._spooled_timings = 0
        if self._spool.exists():
            self._restore()

    def fail(self, failure: Failure) -> None:
        self.failures.append(failure)
        self.status[failure.row] = FAILED

    def finish(self, reached: int, started: float, seconds: float, cpu: float, peak: int) -> None:
        """Note that rows up to one past the last are finished, and what they took together."""
        if reached > self.done:
            self._timings.append((self.done, reached - self.done, started, seconds, cpu, peak, 1))
        self.done = reached

    def spool(self) -> None:
        """Keep the rows finished since the last call, in case this process dies."""
        rows = slice(self._spooled_rows, self.done)
        piece = Spooled(
            self.done,
            self.collector.take_new(),
            self.failures[self._spooled_failures :],
            self._timings[self._spooled_timings :],
            bytes(self.status[rows]),
        )
        with self._spool.open("ab") as file:
            pickle.dump(piece, file, protocol=pickle.HIGHEST_PROTOCOL)
        self._note_spooled()

    def _note_spooled(self) -> None:
        self._spooled_rows = self.done
        self._spooled_failures, self._spooled_timings = len(self.failures), len(self._timings)

    def _restore(self) -> None:
        with self._spool.open("rb") as file:
            while True:
                whole = file.tell()
                try:
                    piece: Spooled = pickle.load(file)  # noqa: S301 - our own, in a private folder
                except (EOFError, pickle.UnpicklingError, ValueError):
                    break
                rows = slice(self.done, piece.stop)
                self.collector.restore(piece.columns)  # type: ignore[arg-type]
                self.failures += piece.failures
                self._timings += piece.timings
                self.status[rows] = piece.status
                self.done = piece.stop
        os.truncate(self._spool, whole)  # a piece that was cut by death
        self._note_spooled()

    def stack(self) -> tuple[dict[str, Stacked], dict[str, Any]]:
        return self.collector.stack(np.frombuffer(bytes(self.status[: self.done]), dtype=np.int8) == OK)

    def record(self) -> Record:
        status = np.frombuffer(bytes(self.status[: self.done]), dtype=np.int8)
        columns = zip(*self._timings, strict=True)
        dtypes = (dtype for dtype, _ in TIMING_COLUMNS.values())
        timings = Timings(*(np.array(column, dtype) for column, dtype in zip(columns, dtypes, strict=True)))
        return Record(status, timings, self.failures)


def _cpu_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_memory() -> int:
    """Return the most bytes that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _load(payload: bytes) -> tuple[Simulation, Call, str]:
    simulation, call, version = pickle.load(io.BytesIO(payload))  # noqa: S301 - what this very run sent
    return simulation, call, version


def _failure(row: int, error: BaseException) -> Failure:
    """Describe an error, without this module's own frames."""
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        message = str(error)
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception:  # noqa: BLE001 - an exception whose own __str__ fails
        message, text = "(its text cannot be had)", ""
    return Failure(row, type(error).__name__, message[:_TEXT_LENGTH], text[-_TEXT_LENGTH:])


def _errno(error: Exception, folder: Path) -> int:
    """Return the operating system's reason; HDF5 loses it, so that a probe has to find it again."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return error.errno
    probe = durable.temporary_name(folder)
    try:
        durable.write_bytes(probe, b"\0" * 2**20)
    except OSError as again:
        return again.errno or 0
    else:
        return 0
    finally:
        probe.unlink(missing_ok=True)


def _die_with(lifeline: int) -> None:
    """End this process when the worker's end of a pipe closes, however the worker went."""
    if hasattr(fcntl, "F_SETSIG"):
        # The kernel's own signal: it ends the process even inside C code that holds the interpreter's lock.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_watch, args=(lifeline,), name="explorekit-lifeline", daemon=True).start()


def _watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
