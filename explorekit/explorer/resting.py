"""When has a slider come to rest? When it has not moved for a moment."""

import threading
import time
import weakref
from collections.abc import Callable

from explorekit.explorer.threads import on_kernel_thread

# Seconds: longer than from one move to the next of a hand that goes on.
MOMENT = 0.12


class Rest:
    """Calls a method, on the kernel's thread, a moment after the last move; two, where that thread was busy for long.

    Parameters
    ----------
    method
        The method. Its object may be freed, which ends it.
    """

    def __init__(self, method: Callable[[], object]) -> None:
        self._method = weakref.WeakMethod(method)
        self._timer: threading.Timer | None = None

    def moved(self, moment: float = MOMENT) -> None:
        """Begin to wait, so many seconds, again if need be."""
        self._wait(moment, patient=True)

    def _wait(self, moment: float, *, patient: bool) -> None:
        self.stop()
        this = weakref.ref(self)
        end = time.monotonic() + moment

        def rested() -> None:
            if (there := this()) is not None:
                late = time.monotonic() - end > moment
                there.rested(timer, again=moment if patient and late else None)

        timer = threading.Timer(moment, lambda: on_kernel_thread(rested))
        timer.name, timer.daemon = "explorekit-rest", True
        self._timer = timer
        timer.start()

    def stop(self) -> None:
        """Wait no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def rested(self, timer: threading.Timer, again: float | None) -> None:
        """Call the method, or wait once more, unless there was another move before the kernel's thread was free."""
        if timer is not self._timer:
            return
        if again is not None:
            self._wait(again, patient=False)  # the thread was busy for long: a move may wait to be heard
        elif (method := self._method()) is not None:
            self._timer = None
            method()
