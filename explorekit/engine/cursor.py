"""The cursor: what a child and its worker tell each other in shared memory while a batch runs.

The child tells where it is, so that this is known after its death; the worker may ask it to hand in early.
"""

import mmap
import time
from typing import Any

SIZE = 32
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
        """Say that no row has been run, and nothing asked."""
        self._numbers[3] = 0
        self._numbers[0] = _BEFORE

    def leave(self, done: int) -> None:
        """Say that no row is being run: the results of so many are being kept, or handed in."""
        self._numbers[1] = done
        self._numbers[0] = _BEHIND

    def ask_to_hand_in(self) -> None:
        """Ask the child to hand in its batch once it has finished the point that it is at."""
        self._numbers[3] = 1

    @property
    def asked_to_hand_in(self) -> bool:
        """Whether the batch is to be handed in as it is."""
        return bool(self._numbers[3])

    @property
    def begun(self) -> bool:
        """Whether any row has been run."""
        return int(self._numbers[0]) != _BEFORE

    @property
    def rows(self) -> tuple[int, int] | None:
        """The rows that are being run, or were at the child's death; None before the first and between them."""
        first = int(self._numbers[0])
        return None if first < 0 else (first, max(first + 1, int(self._numbers[1])))

    @property
    def handing_in(self) -> int:
        """Of how many rows the results are being kept or handed in; else 0."""
        return int(self._numbers[1]) if int(self._numbers[0]) == _BEHIND else 0

    @property
    def seconds(self) -> float:
        """How long these rows have been run."""
        return (time.monotonic_ns() - int(self._numbers[2])) * 1e-9

    def close(self) -> None:
        self._numbers.release()
        self._memory.close()
