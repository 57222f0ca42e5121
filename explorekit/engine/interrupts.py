"""How a child is told to stop: a signal that gives up the point that is running, and waits for what is being kept."""

import signal
from typing import Any


class Interrupts:
    """SIGINT means: give up the point that is running, if one is."""

    def __init__(self) -> None:
        self.in_point = False
        self.arrived = False
        self.cut = False  # a point; whatever it was at may be half done for good, such as an import
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, signum: int, frame: Any) -> None:
        self.arrived = True
        if self.in_point:
            self.cut = True
            raise KeyboardInterrupt
