"""What a Dask worker does with a batch: have a child run it, supervise, deliver the shard."""

import contextlib
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from explorekit.engine.children import Child, ChildPool
from explorekit.engine.messages import Assignment, Batch, Handed, Job, Reply
from explorekit.store import durable
from explorekit.store.directory import StudyDirectory
from explorekit.store.shard import Failure

POLL = 0.1
GRACE = 1.0

# One worker process serves several runs and threads; a Dask task reaches these by import only.
_pool = ChildPool()
_jobs: dict[str, Job] = {}
_cancelled: set[str] = set()


class JobPlugin(WorkerPlugin):
    """Brings a run's `Job` to every worker once, also to those that join later."""

    def __init__(self, job: Job, *, keep_children: bool) -> None:
        self.job = job
        self.keep_children = keep_children
        self.name = plugin_name(job.id)

    def setup(self, worker: Any) -> None:
        _jobs[self.job.id] = self.job

    def teardown(self, worker: Any) -> None:
        _jobs.pop(self.job.id, None)
        _cancelled.discard(self.job.id)
        if not self.keep_children and not _jobs:
            threading.Thread(target=_pool.end_idle, name="explorekit-end-children").start()


def plugin_name(job: str) -> str:
    return f"explorekit-{job}"


def prestart_child(folder: str) -> None:
    """Start a child ahead of the first batch; it keeps its files in a folder of the worker's."""
    _pool.prestart(folder)


def cancel_job(job: str) -> None:
    """Let the children of a job hand in what they have."""
    _cancelled.add(job)


def run_batch(job_id: str, batch: Batch) -> Reply:
    """Run a batch in a child and deliver its shard; the function of every Dask task."""
    job = _jobs.get(job_id)
    if job is None:
        raise RuntimeError(f"this worker does not know run {job_id}; its driver is gone")
    if job_id in _cancelled:
        return Reply(batch.sequence, Handed(0, 0.0))
    directory = StudyDirectory(job.folder)
    child = _pool.acquire(job, get_worker().local_directory)
    temporary = durable.temporary_name(directory.runs)
    spool = child.scratch.parent / f"{child.scratch.name}-{batch.sequence}.spool"
    handed = Handed(0, 0.0)
    try:
        child, handed = _Supervision(job, batch, child, temporary, spool).run()
        if handed.trouble:
            child.end()  # HDF5 cannot let go of a file that it could not finish
        else:
            _pool.release(child)
        name = _deliver(directory, job, batch, handed, temporary)
        return Reply(batch.sequence, handed, name)
    finally:
        temporary.unlink(missing_ok=True)
        spool.unlink(missing_ok=True)


def _deliver(directory: StudyDirectory, job: Job, batch: Batch, handed: Handed, temporary: Path) -> str:
    """Give the shard its final name, unless a newer driver has taken over; returns the name."""
    if handed.header is None or directory.last_epoch() > job.epoch:
        return ""
    name = f"{job.epoch:06d}-{batch.sequence:08d}-{handed.digest}.nc"
    durable.rename(temporary, directory.runs / name)
    return name


class _Supervision:
    """Follows one batch through as many children as it takes.

    A child that dies costs the point under its cursor; the next child goes on behind it.
    """

    def __init__(self, job: Job, batch: Batch, child: Child, temporary: Path, spool: Path) -> None:
        self._job = job
        self._child = child
        self._size = int((batch.ranges[:, 1] - batch.ranges[:, 0]).sum())
        self._assignment = Assignment(batch, str(temporary), str(spool), {}, self._size)

    def run(self) -> tuple[Child, Handed]:
        while True:
            try:
                self._child.send(self._assignment)
                return self._child, self._wait()
            except (EOFError, BrokenPipeError, ConnectionResetError):
                self._bury()

    def _wait(self) -> Handed:
        interrupted: float | None = None
        while not self._child.connection.poll(POLL):
            if self._job.id not in _cancelled:
                continue
            if interrupted is None:
                interrupted = time.monotonic()
                self._child.interrupt()
            elif time.monotonic() - interrupted > GRACE:
                with contextlib.suppress(ProcessLookupError):
                    self._child.process.kill()
        handed: Handed = self._child.connection.recv()
        return handed

    def _bury(self) -> None:
        """Note the culprit, and start a child for the rest, or to write what is spooled if the run was cancelled."""
        row, words = self._child.cursor, self._child.last_words()
        self._child.end()
        code = self._child.process.returncode
        if row < 0:
            raise RuntimeError(
                f"the process for user code ended before its first point ({_how(code)}). {words}"
            )
        if self._job.id in _cancelled:
            self._assignment = replace(
                self._assignment, stop=row if row not in self._assignment.culprits else row + 1
            )
        else:
            failure = Failure(row, "ProcessDied", f"the process was ended by the run: {_how(code)}", words)
            self._assignment = replace(self._assignment, culprits={**self._assignment.culprits, row: failure})
        self._child = _pool.acquire(self._job, str(self._child.scratch.parent))


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
