"""When is the newest drawn? As often as drawing can afford while a run goes on, and at once when it has ended."""

import time
import weakref
from collections.abc import Callable

from explorekit.explorer.source import Source
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.watch import Watch

# Following a run may take this part of a core at most, but waits no longer than so many seconds.
SHARE = 0.015
LONGEST = 30.0


class Refreshing:
    """Calls a method again and again while a source is running, on the kernel's thread.

    Parameters
    ----------
    source
        What is followed.
    refresh
        The method. Its object may be freed, which ends it.
    """

    def __init__(self, source: Source, refresh: Callable[[], object]) -> None:
        self._source = source
        self._refresh = weakref.WeakMethod(refresh)
        self._due = 0.0
        self._watch: Watch[Refreshing] = Watch(self, Refreshing._look)

    def start(self) -> None:
        """Start, unless the source is not running, or this was stopped."""
        if self._source.running:
            self._watch.start()

    def stop(self) -> None:
        """Stop for good."""
        self._watch.stop()

    def _look(self) -> bool:
        """Have a refresh called if one is due; return whether there may be more."""
        running = self._source.running
        if not running or time.monotonic() >= self._due:
            self._due = time.monotonic() + LONGEST
            this = weakref.WeakMethod(self._refresh_and_reckon)
            on_kernel_thread(lambda: (method := this()) and method())
        return running

    def _refresh_and_reckon(self) -> None:
        refresh, start = self._refresh(), time.perf_counter()
        try:
            if refresh is not None:
                refresh()
        finally:
            self._due = time.monotonic() + min((time.perf_counter() - start) / SHARE, LONGEST)
