"""The driver: a thread that hands batches to the cluster, a window at a time, and takes in their shards."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from distributed import Client, Future

from explorekit.engine.account import Account
from explorekit.engine.connection import address_of, check_connection
from explorekit.engine.deadline import Deadline
from explorekit.engine.delivery import AT_ONCE, LostParcelError, receive
from explorekit.engine.load import WorkerLoad, loads
from explorekit.engine.messages import Batch, Job, Reply
from explorekit.engine.order import Ints, coarse_to_fine
from explorekit.engine.plan import Plan
from explorekit.engine.progress import Progress, State
from explorekit.engine.replies import replies_of
from explorekit.engine.reservation import Reservation
from explorekit.engine.sharing import Sharing
from explorekit.engine.tally import Tally
from explorekit.engine.task import JobPlugin, cancel_job, plugin_name, run_batch
from explorekit.errors import ExplorekitError, RunError
from explorekit.simulation.votes import Votes
from explorekit.store.catalog import Catalog
from explorekit.store.compact import compact, crowded
from explorekit.store.directory import storage_error
from explorekit.store.index import shard_along
from explorekit.store.status import FAILED, OK, TIMED_OUT

if TYPE_CHECKING:
    from explorekit.engine.cluster import PrivateCluster

logger = logging.getLogger(__name__)

_SURE = 3  # points that must agree on an output's structure before others are held to it
_CHECK_INTERVAL = 1.0
_ANSWER = 3.0  # seconds for all workers to hear of a cancel, or of the end; one may be frozen
_LET_GO = 10.0  # seconds for batches to come back after a cancel, before they are given up
_TOLERATED_LOSSES = 5
_NO_WORKERS = "the cluster has no workers at the moment; the run waits for some"
_WORTH_AN_INDEX = 16  # shards; fewer are read sooner than the index is written


@dataclass(frozen=True, eq=False)
class _Sent:
    """A batch in flight, its task, and the workers that were there when it was submitted."""

    batch: Batch
    future: Future[Any]
    workers: frozenset[str]


class Driver:
    """Drives one run to its end; `drive` is the thread's function.

    Parameters
    ----------
    job
        What all batches have in common.
    catalog
        Takes in the shards.
    versions
        The code versions whose results count.
    pending
        Array of shape (n, 2): the stretches of points to run.
    account
        Where what is done is counted.
    client
        The user's Dask client, a private cluster's reservation, or None if there is nothing to run.
    keep_code
        Writes to the study what its results come from; called while the first batches run, before any result counts.
    deadline
        When to end, or None.
    """

    def __init__(
        self,
        job: Job,
        catalog: Catalog,
        versions: frozenset[str],
        pending: np.ndarray[Any, Any],
        account: Account,
        client: Client | Reservation | None,
        keep_code: Callable[[], None],
        deadline: Deadline | None = None,
    ) -> None:
        self._job = job
        self._catalog = catalog
        self._versions = versions
        self._pending = pending
        self._client = client
        self._keep_code = keep_code
        self._job_sent: Callable[[], object] = lambda: None  # waits until it is
        self._deadline = deadline
        self._out_of_time = False
        self._private: PrivateCluster | None = None
        self._connected: Client | None = None
        self._sharing: Sharing | None = None
        self._cancelled = threading.Event()
        # Replies, the numbers of batches whose tasks have ended, and None to wake up.
        self._news: queue.SimpleQueue[Reply | int | None] = queue.SimpleQueue()
        self._preferred: queue.SimpleQueue[list[Ints]] = queue.SimpleQueue()
        self._in_flight: dict[int, _Sent] = {}
        self._votes = Votes()
        self._sequence = 0
        self._losses = 0
        self._state: State = "starting"
        self._total = len(job.space)
        self._account = account
        self._left_then: tuple[float, float] | None = None  # seconds that were left at some moment
        self._workers = 0
        self._addresses: list[str] = []  # the worker of each slot
        self._present: frozenset[str] = frozenset()  # the workers; one object as long as they stay
        self._message = ""
        self._where = self._where_disk = ""
        self._dashboard = ""
        self._began = time.monotonic()
        self._ended: float | None = None
        self._failure: RunError | None = None
        self.exception: BaseException | None = None

    @property
    def progress(self) -> Progress:
        counts = self._account.tally.counts
        return Progress(
            state=self._state,
            total=self._total,
            ok=counts[OK],
            failed=counts[FAILED] + counts[TIMED_OUT],
            new=self._account.new,
            elapsed=(self._ended or time.monotonic()) - self._began,
            workers=self._workers,
            errors=tuple(self._account.errors),
            message=_NO_WORKERS if self._state == "running" and not self._workers else self._message,
            where=self._where + self._where_disk,
            dashboard=self._dashboard,
            failures=self._account.reasons.groups,
            timed_out=counts[TIMED_OUT],
            left=self._seconds_left(),
        )

    def _seconds_left(self) -> float | None:
        if self._left_then is None:
            return None
        then, left = self._left_then
        return max(0.0, left - (time.monotonic() - then))

    @property
    def tally(self) -> Tally:
        """What has become of which part of the space."""
        return self._account.tally

    def loads(self) -> tuple[WorkerLoad, ...]:
        """Ask the workers how busy they are; nothing while there are none."""
        client = self._connected
        return loads(client) if client is not None and client.status == "running" else ()

    def cancel(self) -> None:
        """Ask for the end; what is finished is kept."""
        self._cancelled.set()
        if self._state in ("starting", "running"):
            self._state = "cancelling"
        self._news.put(None)

    def prefer(self, indexers: Mapping[str, Any]) -> None:
        """Have some of the points that wait run before the others, from coarse to fine; by position along dimensions.

        Raises
        ------
        SpaceError
            If there is no such dimension or position.
        """
        sizes = self._job.space.sizes
        self._job.space.isel(indexers)
        index = [
            np.atleast_1d(np.arange(size)[indexers.get(dim, slice(None))]) for dim, size in sizes.items()
        ]
        self._preferred.put(index)
        self._news.put(None)

    def drive(self) -> None:
        """Run until every point has a record, the run is cancelled, or something is in the way."""
        try:
            if len(self._pending):
                self._run()
            else:
                self._keep_code()
            self._tidy()
            self._catalog.keep(at_least=_WORTH_AN_INDEX)
            state = self._outcome()
            self._count_contradictions()
        except Exception as error:
            self.exception, self._message, state = error, str(error), "error"
            logger.debug("run %s ended early", self._job.id, exc_info=True)
        finally:
            if isinstance(self._client, Reservation):
                self._client.release()
        if self.exception is None and self._failure is not None:
            self.exception, self._message, state = self._failure, str(self._failure), "error"
        self._ended = time.monotonic()
        self._state = state

    def _outcome(self) -> State:
        if not self._left() or not (self._out_of_time or self._cancelled.is_set()):
            return "finished"
        if not self._out_of_time:
            return "cancelled"
        self._message = f"the run was to go on {self._deadline}; {self._left():,} points stay pending. Run again to go on."
        return "finished early"

    def _count_contradictions(self) -> None:
        """Count as failed what contradicts the results of most points, which shows only beside them."""
        if len(self._catalog.shards(self._versions).kinds) > 1:
            self._account.recount(self._catalog.snapshot(self._versions).index)

    def _tidy(self) -> None:
        """Merge the shards where there are very many; a cancel and the deadline end that too."""
        if crowded(len(self._catalog), self._total) and not self._out_of_time and not self._must_stop():
            try:
                compact(self._catalog, stop=self._must_stop)
                self._catalog.keep()
            except (ExplorekitError, OSError):
                logger.warning("the shards of the study were not merged", exc_info=True)

    def _must_stop(self) -> bool:
        return self._cancelled.is_set() or (self._deadline is not None and self._deadline.left < 0)

    def _left(self) -> int:
        return self._total - sum(self._account.tally.counts.values())

    def _run(self) -> None:
        client = self._connected = self._connect()
        if self._deadline is not None:
            self._where += f", {self._deadline}"
        plugin = JobPlugin(self._job, private=self._private is not None)
        send_job = partial(client.register_plugin, plugin, name=plugin.name)
        try:
            if self._private is not None:
                self._private.announcements.tell(self._job.id, self._news.put)
                self._job_sent = self._private.soon(send_job).result
            else:
                send_job()
                self._sharing = Sharing(self._job, self._catalog.directory.runs)
            self._loop(client)
        except ModuleNotFoundError as error:
            raise RunError(
                f"the cluster's workers cannot import {error.name}; install explorekit "
                f"and what it needs in their environment too."
            ) from error
        except OSError:
            check_connection(client)
            raise
        finally:
            self._connected = None
            if self._sharing is not None:
                self._sharing.close()
            self._release(client)

    def _connect(self) -> Client:
        if isinstance(self._client, Client):
            self._where = f"the workers of the Dask cluster at {address_of(self._client)}"
            return self._client
        assert self._client is not None
        self._private = self._client.cluster()
        self._where = str(self._private)
        self._dashboard = self._private.dashboard_link
        return self._private.client

    def _release(self, client: Client) -> None:
        if self._private is not None:
            self._private.announcements.forget(self._job.id)
        if client.status != "running":  # nobody is there, and Dask would wait for half a minute
            return
        try:
            name = plugin_name(self._job.id)
            forget = partial(client.sync, client.unregister_worker_plugin, name, callback_timeout=_ANSWER)
            if self._private is not None and not self._in_flight:
                self._private.at_rest(forget)
                return
            client.cancel([sent.future for sent in self._in_flight.values()], force=True)
            self._in_flight.clear()
            if self._private is not None:
                self._private.soon(forget)
            else:
                forget()
        except Exception:
            logger.debug("could not tidy up %s", client, exc_info=True)

    def _loop(self, client: Client) -> None:
        slots = self._slots(client)
        plan = Plan(self._pending, slots)
        if self._state == "starting":
            self._state = "running"
        cancelled_at: float | None = None
        kept = False
        checked = time.monotonic()
        taken_in: list[_Sent] = []
        while True:
            if self._deadline is not None and self._deadline.left < 0 and not self._cancelled.is_set():
                self._out_of_time = True
                self._cancelled.set()
            if not self._cancelled.is_set():
                while not self._preferred.empty():
                    plan.put_first(coarse_to_fine(self._job.space.shape, self._preferred.get()))
                self._fill_window(client, plan)
            elif cancelled_at is None:
                cancelled_at = time.monotonic()
                with suppress(TimeoutError):
                    client.sync(
                        client.run, cancel_job, self._job.id, on_error="ignore", callback_timeout=_ANSWER
                    )
            taken_in.clear()  # now, as Dask would send new batches 10 ms after the message that releases these
            if not kept:
                self._keep_code()
                self._job_sent()
                kept = True
            if not self._in_flight or (cancelled_at and time.monotonic() - cancelled_at > self._patience):
                return
            taken_in = self._take_in(client, plan)
            if time.monotonic() - checked > _CHECK_INTERVAL:
                checked = time.monotonic()
                plan.slots = max(1, self._slots(client))
                self._take_back_stranded(client, plan)

    @property
    def _patience(self) -> float:
        """Seconds to wait for batches to come back after a cancel."""
        return min(_LET_GO, self._deadline.margin) if self._out_of_time and self._deadline else _LET_GO

    def _slots(self, client: Client) -> int:
        """Return the number of batches that run at once, and see to it that the workers live."""
        check_connection(client)
        if self._private is not None:
            self._private.revive()
        threads = client.nthreads() if self._private is None else self._private.nthreads()
        self._workers = len(threads)
        self._addresses = [address for address, n in threads.items() for _ in range(n)]
        if threads.keys() != self._present:
            self._present = frozenset(threads)
        if self._sharing is not None:
            self._sharing.ask(client, threads)
            apart = len(self._sharing.apart.intersection(threads))
            self._where_disk = f", {apart} of them on another disk" if apart else ""
        return sum(threads.values())

    def _fill_window(self, client: Client, plan: Plan) -> None:
        while len(self._in_flight) < plan.window and self._in_time(plan):
            share = plan.next_share()
            if share is None:
                return
            number = self._sequence
            batch = Batch(number, share.ranges, self._votes.schema(_SURE), share.budget)
            self._sequence += 1
            future = client.submit(
                run_batch,
                self._job.id,
                batch,
                pure=False,
                key=f"explorekit-{self._job.id}-{number}",
                workers=self._addresses[share.slot % len(self._addresses)] if self._addresses else None,
                allow_other_workers=bool(self._addresses),  # should that one be gone
            )
            self._in_flight[number] = _Sent(batch, future, self._present)
            future.add_done_callback(partial(self._note_end, number))

    def _note_end(self, number: int, _: Future[Any]) -> None:
        self._news.put(number)

    def _in_time(self, plan: Plan) -> bool:
        """Return whether the next batch can be expected to end in time; one that has to wait begins later."""
        if self._deadline is None or not plan.remaining:
            return True
        turns = 1 if len(self._in_flight) < plan.slots else 2
        enough = turns * plan.batch_seconds <= self._deadline.left
        self._out_of_time = not enough and turns == 1
        return enough

    def _take_in(self, client: Client, plan: Plan) -> list[_Sent]:
        """Wait for finished batches, a moment at most, and keep what they deliver; returns them."""
        news = []
        with suppress(queue.Empty):
            news.append(self._news.get(timeout=_CHECK_INTERVAL))
            while True:
                news.append(self._news.get_nowait())
        done = []
        for announced in (one for one in news if isinstance(one, Reply)):
            if (sent := self._in_flight.pop(announced.sequence, None)) is not None:
                self._accept(sent.batch, announced, plan)
                done.append(sent)
        ended = [one for one in news if isinstance(one, int) and one in self._in_flight]
        if ended:
            check_connection(client)
        at_once = AT_ONCE if self._sharing is not None and self._sharing.apart else max(1, len(ended))
        for some in (
            [self._in_flight[n] for n in ended[i : i + at_once]] for i in range(0, len(ended), at_once)
        ):
            for sent, reply in zip(some, replies_of(client, [sent.future for sent in some]), strict=True):
                del self._in_flight[sent.batch.sequence]
                if reply is None:
                    self._lose(sent, plan)
                elif reply.parcel is None:
                    self._accept(sent.batch, reply, plan)
                else:
                    self._receive(client, sent.batch, reply, plan)
            done += some
        return done

    def _take_back_stranded(self, client: Client, plan: Plan) -> None:
        """Take back batches whose worker is gone with all others of then: Dask hands them to none that came later."""
        if not self._addresses:
            return
        for number, sent in list(self._in_flight.items()):
            if sent.workers and sent.workers.isdisjoint(self._present) and sent.future.status == "pending":
                plan.put_back(self._in_flight.pop(number).batch.ranges)
                client.cancel([sent.future], force=True)

    def _receive(self, client: Client, batch: Batch, reply: Reply, plan: Plan) -> None:
        """Write what a worker sent that does not share the study's disk."""
        directory = self._catalog.directory
        try:
            name = receive(client, directory, self._job, batch, reply)
        except LostParcelError as error:
            plan.put_back(batch.ranges)
            self._count_loss(error)
        except OSError as error:
            raise storage_error(error, directory.path) from error
        else:
            self._accept(batch, replace(reply, name=name, parcel=None), plan)

    def _accept(self, batch: Batch, reply: Reply, plan: Plan) -> None:
        handed = reply.handed
        if handed.trouble:
            error = OSError(handed.errno, handed.trouble)
            raise storage_error(error, self._catalog.directory.path)
        plan.put_back(batch.ranges, handed.done if reply.name else 0)
        if handed.header is None or not reply.name:
            if not self._cancelled.is_set():
                self._count_loss(RunError("a newer run of this study has taken over; this one ends."))
            return
        self._losses = 0
        plan.measured(handed.done, handed.seconds, handed.spread)
        self._catalog.add(shard_along(reply.name, handed.header, batch.ranges))
        self._catalog.keep(final=False)
        self._account.take_in(batch, handed, self._catalog.status_runs(reply.name))
        self._note_time_left(plan)
        self._votes.add({name: stored.field for name, stored in handed.header.outputs.items()}, handed.done)
        if handed.failures and self._job.policy.stop_at_failure and self._failure is None:
            first = self._account.errors[-len(handed.failures)]
            self._failure = RunError(
                f"the run stopped at the first failure, as asked; what is finished is kept. At {first.point}: {first.error}\n"
                f"{first.traceback}"
            )
            self.cancel()

    def _note_time_left(self, plan: Plan) -> None:
        left = plan.seconds_left
        self._left_then = None if left is None else (time.monotonic(), left)

    def _lose(self, sent: _Sent, plan: Plan) -> None:
        """Take back a batch whose task failed: a worker was lost, or could not start a child."""
        future = sent.future
        plan.put_back(sent.batch.ranges)
        if self._cancelled.is_set():
            return
        cause = future.exception() if future.status == "error" else None
        self._count_loss(cause or RunError(f"the cluster gave up a batch ({future.status})."))

    def _count_loss(self, cause: BaseException) -> None:
        self._losses += 1
        if self._losses > _TOLERATED_LOSSES:
            raise RunError(
                f"{self._losses} batches in a row came to nothing; the last because: {cause}"
            ) from cause
