"""What a Dask worker does with a batch: have a child run it, supervise, deliver the shard."""

import contextlib
import signal
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from explorekit.engine.children import LAST_BREATH, Child, ChildPool
from explorekit.engine.delivery import Desk, Outbox, SharedDesk, clear_outbox
from explorekit.engine.messages import Assignment, Batch, Handed, Job, Reply
from explorekit.engine.replies import announce
from explorekit.engine.sharing import enter, is_shared, leave
from explorekit.store.directory import StudyDirectory
from explorekit.store.failures import Failure
from explorekit.store.status import FAILED, TIMED_OUT

POLL = 0.1
GRACE = 1.0
_HAND_IN = 8.0  # seconds that a child may take to write what it has; the driver waits a little longer
_IDLE = 60.0
_JOB_ARRIVES = 5.0  # seconds at most between a batch and its job, which take different ways
_ROOM = 2**27  # bytes of results in a batch

# One worker process serves several runs and threads; a Dask task reaches these by import only.
_pool = ChildPool()
_jobs: dict[str, Job] = {}
_news = threading.Condition()  # there is a job more
_holders: dict[str, set[str]] = {}  # by run, the workers of this process that have its job
_cancelled: set[str] = set()
_private: set[str] = set()


class JobPlugin(WorkerPlugin):
    """Brings a run's `Job` to every worker once, also to those that join later."""

    def __init__(self, job: Job, *, private: bool) -> None:
        self.job = job
        self.private = private
        self.name = plugin_name(job.id)

    def setup(self, worker: Any) -> None:
        _holders.setdefault(self.job.id, set()).add(worker.id)
        if self.private:
            _private.add(self.job.id)
        enter(self.job.id, StudyDirectory(self.job.folder).runs, shared=self.private)
        with _news:
            _jobs[self.job.id] = self.job
            _news.notify_all()

    def teardown(self, worker: Any) -> None:
        clear_outbox(worker.local_directory, self.job.id)
        holders = _holders.get(self.job.id, set())
        holders.discard(worker.id)
        if holders:
            return
        _holders.pop(self.job.id, None)
        _jobs.pop(self.job.id, None)
        _cancelled.discard(self.job.id)
        _private.discard(self.job.id)
        leave(self.job.id)
        if not self.private and not _jobs:
            threading.Thread(target=_pool.end_idle, name="explorekit-end-children").start()


def plugin_name(job: str) -> str:
    return f"explorekit-{job}"


def prestart_child(folder: str) -> None:
    """Start a child ahead of the first batch; it keeps its files in a folder of the worker's."""
    _pool.prestart(folder)


def cancel_job(job: str) -> None:
    """Let the children of a job hand in what they have."""
    _cancelled.add(job)


def _is_over(job: str) -> bool:
    """Return whether a run was cancelled, or its driver has ended: what is left of a batch is not to run on then."""
    return job in _cancelled or job not in _jobs


def run_batch(job_id: str, batch: Batch) -> Reply:
    """Run a batch in a child and deliver its shard; the function of every Dask task."""
    with _news:
        _news.wait_for(lambda: job_id in _jobs, _JOB_ARRIVES)
    job = _jobs.get(job_id)
    if job is None:
        raise RuntimeError(f"this worker does not know run {job_id}; its driver is gone")
    if _is_over(job_id):
        return Reply(batch.sequence, Handed(0, 0.0))
    worker = get_worker()
    desk: Desk
    if is_shared(job_id):
        desk = SharedDesk.at(job, batch)
    else:
        desk = Outbox.at(job, batch, worker.address, worker.local_directory)
    child = _pool.acquire(job, worker.local_directory)
    spool = child.scratch.parent / f"{child.scratch.name}-{batch.sequence}.spool"
    try:
        handed = _Supervision(job, batch, child, desk, spool, _memory_limit(worker)).run()
        reply = desk.deliver(handed)
        if job_id in _private:
            announce(worker, job_id, reply)
        else:  # a driver that is killed tells nobody
            _pool.end_idle_later(_IDLE)
        return reply
    finally:
        desk.clear()
        spool.unlink(missing_ok=True)


def _memory_limit(worker: Any) -> int:
    """Return the bytes that one child may hold: its share of what the worker may."""
    limit = worker.memory_manager.memory_limit
    return int(limit / worker.state.nthreads) if limit else 0


class _Supervision:
    """Follows one batch through as many children as it takes.

    A child that dies, or is ended for its time or its memory, costs the point that it was at; the next child goes on
    behind it. Where a child ran many short points together, the next one runs these one by one to find out which.
    """

    def __init__(
        self, job: Job, batch: Batch, child: Child, desk: Desk, spool: Path, memory_limit: int
    ) -> None:
        self._job = job
        self._child = child
        self._memory_limit = memory_limit
        # Results are held twice while they are stacked, and once more while they are written.
        room = min(_ROOM, memory_limit // 8) if memory_limit else _ROOM
        self._assignment = Assignment(batch, str(desk.shard), str(desk.log), str(spool), batch.size, room)
        self._began = time.monotonic()
        self._deaths = 0

    def run(self) -> Handed:
        """Follow the batch to its end, and keep the child for the next one if it can be trusted."""
        trusted = False
        try:
            handed = self._follow()
            self._child.settle()
            # HDF5 may hold on to what it could not finish, a simulation to what it does not need, and an import that was
            # cut leaves half a module behind.
            trusted = not (handed.trouble or handed.cut or self._child.leaks(self._memory_limit))
            return handed
        finally:
            if trusted:
                _pool.release(self._child)
            else:
                self._child.end()

    def _follow(self) -> Handed:
        while True:
            self._verdict: Verdict | None = None
            try:
                self._child.send(self._assignment)
                handed = self._wait()
            except (EOFError, BrokenPipeError, ConnectionResetError):
                self._deaths += 1
                self._bury()
                continue
            if self._deaths:  # of what they took the last child knows nothing
                handed = replace(handed, seconds=time.monotonic() - self._began)
            return handed

    def _wait(self) -> Handed:
        over, interrupted = 0.0, False
        while not self._child.connection.poll(POLL):
            if self._child.dead and not self._child.connection.poll():
                raise EOFError
            if _is_over(self._job.id):
                over = over or time.monotonic()
                if not interrupted and self._child.cursor.begun:  # before, it would not know what is meant
                    over, interrupted = time.monotonic(), True
                    self._child.interrupt()
                elif time.monotonic() - over > (_HAND_IN if self._child.cursor.handing_in else GRACE):
                    self._child.kill()
            elif self._verdict is None:
                self._verdict = self._judge()
                if self._verdict is not None:
                    self._child.kill()
                elif self._child.leaks(self._memory_limit):
                    self._child.cursor.ask_to_hand_in()
        try:
            handed: Handed = self._child.connection.recv()
        except OSError as error:  # that it died halfway through its reply is told by no type of its own
            raise EOFError from error
        return handed

    def _judge(self) -> "Verdict | None":
        """Return why the child must not go on, if so."""
        timeout, rows = self._job.policy.timeout, self._child.cursor.rows
        if timeout is not None and rows is not None and self._child.cursor.seconds > timeout:
            return Verdict(rows, TIMED_OUT, "TimeoutError", f"the run had not ended after {timeout:g} s")
        held = self._child.memory()
        if self._memory_limit and held > self._memory_limit:
            return Verdict(
                rows,
                FAILED,
                "MemoryError",
                f"the run held {held / 2**20:,.0f} MiB; the limit for one is {self._memory_limit / 2**20:,.0f} MiB",
            )
        return None

    def _bury(self) -> None:
        """Note the culprit, and start a child for the rest, or to write what is spooled if the run was cancelled."""
        self._child.let_die(LAST_BREATH)
        at, kept, words = self._child.cursor.rows, self._child.cursor.handing_in, self._child.last_words()
        self._child.end()
        code, verdict = self._child.process.returncode, self._verdict
        assignment = self._assignment
        if at is None:
            if not kept:
                raise RuntimeError(
                    f"the process for user code ended before its first point "
                    f"({verdict.message if verdict is not None else _how(code)}). {words}".rstrip()
                )
            self._hand_in_less(kept, verdict, code, words)
            self._child = _pool.acquire(self._job, str(self._child.scratch.parent))
            return
        row, stop = at
        if _is_over(self._job.id):
            stop = row if row not in assignment.culprits else row + 1
            self._assignment = replace(assignment, stop=stop)
        elif stop > row + 1 and assignment.careful != at:
            self._assignment = replace(assignment, careful=at)
        elif verdict is None or verdict.rows == at:  # else that one was finished before it was ended
            verdict = verdict or Verdict(
                at, FAILED, "ProcessDied", f"the process was ended by the run: {_how(code)}"
            )
            self._blame(range(row, stop), verdict, words)
        self._child = _pool.acquire(self._job, str(self._child.scratch.parent))

    def _hand_in_less(self, kept: int, verdict: "Verdict | None", code: int | None, words: str) -> None:
        """Have half of the rows handed in, as it may be only one that makes a child die then, or all at once too many."""
        Path(self._assignment.shard).unlink(missing_ok=True)
        if kept > 1:
            self._assignment = replace(self._assignment, stop=kept // 2)
            return
        Path(self._assignment.spool).unlink(missing_ok=True)
        message = verdict.message if verdict is not None else _how(code)
        failure = Failure(
            0,
            verdict.error if verdict is not None else "ProcessDied",
            f"its result could not be kept: {message}",
            words,
        )
        culprits = {**self._assignment.culprits, 0: failure}
        self._assignment = replace(self._assignment, stop=1, culprits=culprits)

    def _blame(self, rows: range, verdict: "Verdict", words: str) -> None:
        """Count a death, and give the rows up where they have had all their tries."""
        assignment, retries = self._assignment, self._job.policy.retries
        tries, culprits = dict(assignment.tries), dict(assignment.culprits)
        for row in rows:
            if tries.get(row, 0) < retries:
                tries[row] = tries.get(row, 0) + 1
            else:
                culprits[row] = Failure(row, verdict.error, verdict.message, words, verdict.status)
        stop = assignment.stop
        if rows[-1] in culprits and time.monotonic() - self._began > assignment.batch.budget:
            stop = min(stop, rows.stop)  # what follows is for another batch
        self._assignment = replace(assignment, tries=tries, culprits=culprits, stop=stop)


@dataclass(frozen=True)
class Verdict:
    """Why a child was ended, and at which rows."""

    rows: tuple[int, int] | None
    status: int
    error: str
    message: str


def _how(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "signal SIGKILL, perhaps because the machine ran out of memory"
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
