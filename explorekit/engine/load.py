"""How busy are the workers? Asked of them, since Dask itself does not see the children that run user code."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from explorekit.engine.children import living

MOST_ASKED = 12
ANSWER = 2.0  # seconds; one may be frozen


@dataclass(frozen=True)
class WorkerLoad:
    """What one worker process does now.

    Parameters
    ----------
    name
        The worker's.
    busy, slots
        Batches that it runs, and that it can run at once.
    cpu
        CPU time over wall time since it was asked before, of all its children: 1 is a whole core. None the first time.
    memory, limit
        Bytes that its children hold, and what it may hold; 0 without a limit.
    """

    name: str
    busy: int
    slots: int
    cpu: float | None
    memory: int
    limit: int


def loads(client: Any) -> tuple[WorkerLoad, ...]:
    """Return the load of a cluster's workers, of the first few where there are many; nothing if they do not answer."""
    workers = list(client.nthreads())[:MOST_ASKED]
    found: dict[str, WorkerLoad] = {}
    # A cluster that is being closed answers with errors of many kinds.
    with suppress(Exception, asyncio.CancelledError):
        found = client.sync(
            client.run, load_of_this, workers=workers, on_error="ignore", callback_timeout=ANSWER
        )
    return tuple(sorted((found[worker] for worker in workers if worker in found), key=lambda load: load.name))


def load_of_this(dask_worker: Any) -> WorkerLoad:
    """Return the load of the worker process that calls this."""
    children = [child for child in list(living) if not child.dead]
    shares = [share for child in children if (share := child.cpu()) is not None]
    name = dask_worker.name
    return WorkerLoad(
        name=f"worker {name}" if isinstance(name, int) else str(name),
        busy=int(dask_worker.state.executing_count),
        slots=int(dask_worker.state.nthreads),
        cpu=sum(shares) if shares else None,
        memory=sum(child.memory() for child in children),
        limit=int(dask_worker.memory_manager.memory_limit or 0),
    )
