"""Is anybody looking? Each view says so when it comes into sight, again now and then, and when it goes.

A browser that dies says nothing, so a view that is silent for long is taken for gone; but only where the kernel could have
heard it: while a cell runs, it hears nobody.
"""

import math
import time
from typing import Any

from explorekit.explorer.threads import when_free

LEASE = 75.0  # seconds; a view speaks up every 20
PATIENCE = 5.0  # seconds for what has waited to be heard, once the kernel is free


_SOMEBODY = (
    ""  # who may have come before the kernel could hear; a cell that shows a panel often waits for its run
)


class Onlookers:
    """The views that are in sight."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {_SOMEBODY: -math.inf}
        self._asked = False
        self._free_since: float | None = None
        self.ever = False  # before, nobody knows whether there is a browser at all

    @property
    def present(self) -> bool:
        return bool(self._heard)

    def hear(self, content: Any) -> bool:
        """Take in what a view says; return whether somebody has begun to look."""
        if not isinstance(content, dict):
            return False
        self.ever = True
        self._free_since = None
        self._heard.pop(_SOMEBODY, None)
        view, away = content.get("looking"), content.get("away")
        self._heard.pop(str(away), None)
        if view is None:
            return False
        came = str(view) not in self._heard
        self._heard[str(view)] = time.monotonic()
        return came

    def forget_the_silent(self) -> None:
        """Forget views that could have spoken up and did not; cheap, to be called now and then."""
        now = time.monotonic()
        silent = [view for view, then in list(self._heard.items()) if now - then > LEASE]
        if not silent:
            return
        if self._free_since is not None and now - self._free_since > PATIENCE:
            for view in silent:
                self._heard.pop(view, None)
            self._free_since = None
        elif self._free_since is None and not self._asked:
            self._asked = True
            when_free(self._note_free)

    def _note_free(self) -> None:
        self._asked = False
        self._free_since = time.monotonic()
