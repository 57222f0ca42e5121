"""The global random states of Python and NumPy, for simulations that draw from them rather than ask for ``rng``.

They would carry over from one point to the next, so that a number depended on what ran before it. So a point finds them
as its own ``seed`` sets them. That takes as long as many a short run: it is done only where points draw from them. Those
that are seen to draw when nobody expected it any more have to run again.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

_PROBED = 3  # points that are looked at before it is taken that none draws
_INTERVAL = 0.25  # s between further looks, which take 30 µs; until one is sure, nothing is kept


class GlobalStreams:
    """Sets the global random states before points, once one has been seen to change them.

    Attributes
    ----------
    used
        Whether points draw.
    late
        Whether some did so that had not found the states as their own seed sets them.
    """

    def __init__(self) -> None:
        self.used = self.late = self._unset = False
        self._left = _PROBED
        self._seen = _state()
        self._due = 0.0

    def begin(self, seed: Callable[[], int]) -> None:
        """Set the states for a point that runs next, if need be.

        Parameters
        ----------
        seed
            Returns the point's seed.
        """
        if self.used or self._left:
            _set(seed())
            self._seen = _state()
        else:
            self.pass_by()

    def pass_by(self) -> None:
        """Note that a point, or several, run with the states as they are."""
        self._unset = True

    def look(self, *, surely: bool = False) -> None:
        """Find out whether points draw; to be called behind one, or several, and `surely` before their results are kept."""
        now = time.monotonic()
        if self.used or (not self._left and now < self._due and not surely):
            return
        self._left -= self._left > 0
        self.used = _state() != self._seen
        self.late = self.used and self._unset
        self._due = now + _INTERVAL


@contextmanager
def borrowed(seed: int) -> Iterator[None]:
    """Set the states for one point, and give them back as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        _set(seed)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _set(seed: int) -> None:
    random.seed(seed)
    with suppress(TypeError):  # a generator that the simulation has put in its place
        np.random.seed(seed)  # noqa: NPY002 - the very one that simulations draw from


def _state() -> Any:
    """Return what tells one state from those that follow it."""
    version, words, gauss = random.getstate()
    numpy: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    state = numpy["state"]
    if "key" in state:  # of 624 words, of which any draw changes the position
        state = int(state["key"][0]), state["pos"]
    return version, words[0], words[-1], gauss, state, numpy.get("has_gauss")
