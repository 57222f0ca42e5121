"""The cursor: what a child tells its worker in shared memory about where it is, so that it can be told after its death."""

import mmap
import time
from typing import Any

SIZE = 24
_BEFORE, _BEHIND = -1, -2


class Cursor:
    """The rows that a child is running, and since when.

    Parameters
    ----------
    file
        Descriptor of a file of `SIZE` bytes that both processes have.
    """

    def __init__(self, file: int) -> None:
        self._memory = mmap.mmap(file, SIZE)
        self._numbers: Any = memoryview(self._memory).cast("q")

    def at(self, first: int, last: int) -> None:
        """Say which rows are run from now on, from one to before another."""
        self._numbers[2] = time.monotonic_ns()
        self._numbers[1] = last
        self._numbers[0] = first

    def clear(self) -> None:
        """Say that no row has been run."""
        self._numbers[0] = _BEFORE

    def leave(self) -> None:
        """Say that no row is being run any more."""
        self._numbers[0] = _BEHIND

    @property
    def rows(self) -> tuple[int, int] | None:
        """The rows that are being run, or were at the child's death; None before the first and behind the last."""
        first = int(self._numbers[0])
        return None if first < 0 else (first, max(first + 1, int(self._numbers[1])))

    @property
    def where(self) -> str:
        """Where the child is while it runs no row, in words."""
        return "while it handed in results" if int(self._numbers[0]) == _BEHIND else "before its first point"

    @property
    def seconds(self) -> float:
        """How long these rows have been run."""
        return (time.monotonic_ns() - int(self._numbers[2])) * 1e-9

    def close(self) -> None:
        self._numbers.release()
        self._memory.close()
