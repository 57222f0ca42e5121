"""What a child does with a batch: has it run, keeps what it printed, and writes its shard."""

import contextlib
import errno
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from explorekit.engine.batch_run import BatchRun
from explorekit.engine.cursor import Cursor
from explorekit.engine.interrupts import Interrupts
from explorekit.engine.messages import Assignment, Handed, Job
from explorekit.engine.reasons import reasons
from explorekit.engine.rows import Rows
from explorekit.simulation.calling import Call
from explorekit.simulation.declare import Simulation
from explorekit.simulation.global_streams import GlobalStreams
from explorekit.simulation.points import Points
from explorekit.store import durable
from explorekit.store.header import Header, Origin
from explorekit.store.writing import write_shard

_LOG_BYTES = 2**20
_SHOWN_FAILURES = 3


class Runner:
    """Runs the batches of one job.

    Parameters
    ----------
    job
        What they have in common.
    simulation, call, version
        What the job's payload holds.
    cursor
        Where to tell which point is running.
    interrupts
        Tells when to stop.
    """

    def __init__(
        self,
        job: Job,
        simulation: Simulation,
        call: Call,
        version: str,
        cursor: Cursor,
        interrupts: Interrupts,
    ) -> None:
        self._job = job
        self._simulation = simulation
        self._version = version
        self._points = Points(simulation, call, job.space, job.seeding)
        self._taken = job.space.names
        self._cursor = cursor
        self._interrupts = interrupts
        self._host = socket.gethostname()
        self._streams = GlobalStreams()
        self._printed = os.dup(1)  # a simulation may close its own

    def work(self, assignment: Assignment) -> Handed:
        """Run a batch, or the rest of one, and write its shard."""
        self._interrupts.arrived = False
        began = time.perf_counter()
        rows = self._run(assignment)
        if self._streams.late:
            if self._interrupts.arrived:
                return Handed(0, time.perf_counter() - began)
            self._streams.late = False
            Path(assignment.spool).unlink(missing_ok=True)
            rows = self._run(assignment)
        self._cursor.leave(rows.done)
        rows.decide(at_last=True)
        seconds = time.perf_counter() - began
        self._keep_log(Path(assignment.log))
        if not rows.done:
            return Handed(0, seconds)
        shown = tuple(rows.failures[-_SHOWN_FAILURES:])
        temporary = Path(assignment.shard)
        outputs, ragged = rows.stack()
        sequence = assignment.batch.sequence
        origin = Origin(self._job.epoch, sequence, self._version, f"{self._host}:{os.getppid()}", self._host)
        positions = assignment.batch.positions(0, rows.done)
        encoding, record = self._simulation.encoding, rows.record()
        write = partial(
            write_shard,
            temporary,
            self._job.space,
            positions,
            outputs,
            ragged,
            record,
            origin,
            encoding,
        )
        try:
            header = _once_more(write, temporary)
            digest = durable.seal(temporary)
            spread = record.timings.spread
            return Handed(rows.done, seconds, header, digest, shown, reasons(rows.failures), spread=spread)
        except (OSError, RuntimeError) as error:
            temporary.unlink(missing_ok=True)
            number = getattr(error, "errno", None) or 0
            return Handed(0, seconds, trouble=f"{type(error).__name__}: {error}", errno=number)

    def _run(self, assignment: Assignment) -> Rows:
        """Run a batch, or the rest of one, as far as it comes."""
        rows = Rows(assignment, vote=not self._simulation.vectorized)
        batch = BatchRun(
            self._points, self._simulation, self._taken, self._job, assignment, rows, self._streams
        )
        batch.run(self._cursor, self._interrupts)
        self._streams.look(surely=True)
        return rows

    def _keep_log(self, log: Path) -> None:
        """Move what the batch printed to a file."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # the simulation may have put anything there
                stream.flush()
        with contextlib.suppress(OSError):
            size = os.fstat(self._printed).st_size
            if size == 0:
                return
            text = os.pread(self._printed, min(size, _LOG_BYTES), 0)
            if size > _LOG_BYTES:
                text += b"\n... %d bytes left out\n" % (size - _LOG_BYTES)
            log.write_bytes(text)
            os.ftruncate(self._printed, 0)


def _once_more(write: Callable[[], Header], path: Path) -> Header:
    """Write a file, and again if that fails for a reason that has passed: others may have filled the disk and left."""
    try:
        return write()
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", errno.EIO) != errno.EIO:
            raise
        path.unlink(missing_ok=True)
        return write()
