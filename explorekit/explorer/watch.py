"""When is the screen brought up to date? A thread that looks again and again, and keeps nothing alive."""

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

INTERVAL = 0.5
PATIENCE = 5.0


class Watch(Generic[T]):
    """Calls ``look(owner)`` from a daemon thread until it returns False, ``stop`` is called, or the owner is gone.

    A look that raises is logged and tried again later.

    Parameters
    ----------
    owner
        Held weakly.
    look
        A plain function, so that the thread does not hold the owner through it.
    interval
        Seconds between looks.
    """

    def __init__(self, owner: T, look: Callable[[T], bool], interval: float = INTERVAL) -> None:
        self._stop = stop = threading.Event()
        self._owner = weakref.ref(owner, lambda _: stop.set())
        self._look = look
        self._interval = interval
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start looking, unless it is going on or was stopped for good."""
        if self.alive or self._stop.is_set():
            return
        arguments = (self._owner, self._look, self._stop, self._interval)
        self._thread = threading.Thread(target=_watch, args=arguments, name="explorekit-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop for good; returns when the thread has ended."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)


def _watch(
    owner: "weakref.ref[T]", look: Callable[[T], bool], stop: threading.Event, interval: float
) -> None:
    while not stop.wait(interval):
        if not _looked(owner, look, stop):
            return


def _looked(owner: "weakref.ref[T]", look: Callable[[T], bool], stop: threading.Event) -> bool:
    # In a function of its own, so that the owner is let go before the wait.
    strong = owner()
    if strong is None:
        return False
    try:
        return look(strong)
    except Exception:
        # A file that is being moved, a widget that is being closed: the next look may do better.
        if not stop.is_set():
            logger.warning("could not bring the screen up to date; trying again", exc_info=True)
        return not stop.is_set()
