"""What have finished tasks replied? Replies may be lost with their worker, or take their time.

Dask tells a client that a task has ended, and is then asked for what it returned. Where the scheduler is in the driver's
process, a worker's event brings the reply before that; which may be lost, as events are no more than told.
"""

import asyncio
import logging
import pickle
from collections.abc import Callable
from typing import Any

from distributed import Client, Future, Worker
from distributed.diagnostics.plugin import SchedulerPlugin

from explorekit.engine.messages import Reply

logger = logging.getLogger(__name__)

_PATIENCE = 1.0  # seconds to ask for replies at first
_LONGEST = 16.0  # seconds to ask for them
_TOPIC = "explorekit-replies"  # one for all runs, as schedulers remember topics for ever
_LARGEST = 2**16  # bytes of a reply that travels as an event


def announce(worker: Worker, job: str, reply: Reply) -> None:
    """Tell the driver of a private cluster what a task replies, ahead of its end."""
    content = pickle.dumps(reply)
    if len(content) <= _LARGEST:
        worker.log_event(_TOPIC, {"job": job, "reply": content})


class Announcements(SchedulerPlugin):
    """Hands on what workers announce, in the process of the scheduler."""

    name = "explorekit-announcements"

    def __init__(self) -> None:
        self._takers: dict[str, Callable[[Reply], object]] = {}

    def tell(self, job: str, taker: Callable[[Reply], object]) -> None:
        """Have each reply to a run given to a function, in the scheduler's thread."""
        self._takers[job] = taker

    def forget(self, job: str) -> None:
        """Tell nobody any longer."""
        self._takers.pop(job, None)

    def log_event(self, topic: str, msg: Any) -> None:
        """Take an event, as every scheduler plugin does."""
        if topic != _TOPIC:
            return
        content = msg.pop("reply")  # as schedulers remember the latest events
        if (taker := self._takers.get(msg["job"])) is not None:
            taker(pickle.loads(content))  # noqa: S301 - from a worker of this very process's


def replies_of(client: Client, futures: list[Future[Any]]) -> list[Reply | None]:
    """Return what finished tasks replied, None for those that failed or whose worker is gone with the reply."""
    good = _finished(futures)
    patience = _PATIENCE
    replies: dict[Future[Any], Reply] = {}
    while good:
        try:
            found = client.sync(gathered, client, good, callback_timeout=patience)
            replies = dict(zip(good, found, strict=True))
            break
        except TimeoutError:
            # Dask has a batch run again whose worker died with the reply, and waits for it; but it is the thread that
            # asks which sees to new workers. Large replies may take their time.
            good = _finished(good)
            patience *= 2
            if patience > _LONGEST:  # then its points run again, which harms nothing
                break
        except Exception:
            logger.debug("a reply was lost", exc_info=True)
            left = _finished(good)
            if len(left) == len(good):
                break
            good = left  # the others are not lost with it
    return [replies.get(future) for future in futures]


def _finished(futures: list[Future[Any]]) -> list[Future[Any]]:
    return [future for future in futures if future.status == "finished"]


async def gathered(client: Client, futures: list[Future[Any]]) -> list[Reply]:
    """Return the replies of tasks, and go on where nobody waits for them any longer.

    One gathering that is cancelled before it has begun, Dask has all later ones join.
    """
    gathering = asyncio.ensure_future(client.gather(futures, asynchronous=True))
    _gathering.add(gathering)
    gathering.add_done_callback(_end)
    replies: list[Reply] = await asyncio.shield(gathering)
    return replies


_gathering: set[asyncio.Future[Any]] = set()  # asyncio itself keeps none alive


def _end(gathering: asyncio.Future[Any]) -> None:
    _gathering.discard(gathering)
    if not gathering.cancelled():
        gathering.exception()  # else it would be reported as never looked at
