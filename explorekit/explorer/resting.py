"""When has a slider come to rest? When it has not moved for a moment."""

import threading
import weakref
from collections.abc import Callable

from explorekit.explorer.threads import on_kernel_thread

# Seconds: longer than from one move to the next of a hand that goes on.
MOMENT = 0.12
# The same for what takes long to draw and to travel: longer too than from one step of a player to the next.
LONG_MOMENT = 0.4


class Rest:
    """Calls a method, on the kernel's thread, a moment after the last move.

    Parameters
    ----------
    method
        The method. Its object may be freed, which ends it.
    moment
        Seconds.
    """

    def __init__(self, method: Callable[[], object], moment: float = MOMENT) -> None:
        self._moment = moment
        self._method = weakref.WeakMethod(method)
        self._timer: threading.Timer | None = None

    def moved(self) -> None:
        """Begin to wait, again if need be."""
        self.stop()
        this = weakref.ref(self)
        timer = threading.Timer(self._moment, lambda: on_kernel_thread(lambda: _rested(this, timer)))
        timer.name, timer.daemon = "explorekit-rest", True
        self._timer = timer
        timer.start()

    def stop(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def rested(self, timer: threading.Timer) -> None:
        """Call the method, unless there was another move before the kernel's thread was free."""
        if timer is self._timer and (method := self._method()) is not None:
            self._timer = None
            method()


def _rested(rest: "weakref.ref[Rest]", timer: threading.Timer) -> None:
    if (there := rest()) is not None:
        there.rested(timer)
