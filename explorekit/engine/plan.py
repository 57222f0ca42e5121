"""Which pending points go into the next batch: sized by what was measured, shrinking near the end.

Guided self-scheduling (Polychronopoulos and Kuck 1987): a batch takes its share of what remains, so that workers finish
together, but no more than about half a second's worth, and no less than is worth a task. As long as nothing is measured,
a batch may be large: it is handed in after a moment, and what is left of it comes back.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np

from explorekit.engine.messages import Ranges
from explorekit.engine.order import Ints, stretches, take_out

TARGET = 0.5
FIRST_TARGET = 0.25
WORTHWHILE = 0.1
SMALLEST = 0.04  # seconds: some times what the task and its shard cost
LARGEST = 2**20  # points: what a batch takes in memory stays bounded


class Plan:
    """Hands out pending points as batches.

    Parameters
    ----------
    pending
        Array of shape (n, 2): stretches of flat positions that are to be run.
    slots
        Number of batches that run at once.
    """

    def __init__(self, pending: Ranges, slots: int) -> None:
        self._waiting: Ranges = pending.copy()
        self._next = 0  # the first of these stretches that is not handed out
        self._front: deque[tuple[int, int]] = deque()
        self.remaining = int((pending[:, 1] - pending[:, 0]).sum())
        self.slots = max(1, slots)
        self._seconds: float | None = None
        self._unmeasured = 0

    @property
    def budget(self) -> float:
        """Seconds after which a batch is to be handed in."""
        return FIRST_TARGET if self._seconds is None else TARGET

    @property
    def window(self) -> int:
        """Number of batches to have in flight.

        One ahead of each that runs hides the round trip; a longer queue would only delay a cancel.
        """
        return self.slots if self._seconds is None else 2 * self.slots

    @property
    def batch_seconds(self) -> float:
        """Seconds that the next batch is expected to take."""
        return max(self.budget, self._seconds or 0.0)

    def next_ranges(self) -> Ranges | None:
        """Return the next points to run as an array of shape (n, 2), or None if none is left."""
        if not self.remaining:
            return None
        wanted = min(self._size(), self.remaining)
        self.remaining -= wanted
        taken = [self._take_from_front(wanted)] if self._front else []
        wanted -= sum(int((one[:, 1] - one[:, 0]).sum()) for one in taken)
        if wanted:
            taken.append(self._take_from_waiting(wanted))
        ranges = np.concatenate(taken)
        return ranges[np.argsort(ranges[:, 0])]  # what was put back may lie before or behind

    def _take_from_front(self, wanted: int) -> Ranges:
        taken: list[tuple[int, int]] = []
        while wanted and self._front:
            start, stop = self._front.popleft()
            cut = min(stop, start + wanted)
            taken.append((start, cut))
            wanted -= cut - start
            if cut < stop:
                self._front.appendleft((cut, stop))
        return np.array(taken, dtype=np.int64)

    def _take_from_waiting(self, wanted: int) -> Ranges:
        rest = self._waiting[self._next : self._next + wanted]
        reach = np.cumsum(rest[:, 1] - rest[:, 0])
        last = int(np.searchsorted(reach, wanted))
        taken = rest[: last + 1].copy()
        taken[-1, 1] -= reach[last] - wanted
        self._next += last
        if reach[last] == wanted:
            self._next += 1
        else:
            self._waiting[self._next, 0] = taken[-1, 1]
        return taken

    def put_first(self, positions: Iterable[Ints]) -> None:
        """Have some of the points that wait run before the others.

        Parameters
        ----------
        positions
            Sorted flat positions, those before others that are to run before them; points that do not wait are left out.
        """
        waiting = self._waiting[self._next :]
        queued = np.array(self._front, dtype=np.int64).reshape(-1, 2)
        front = []
        for some in positions:
            from_front, queued = _take_out_in_order(queued, some)
            from_waiting, waiting = take_out(waiting, some)
            if from_front.size or from_waiting.size:
                front.append(stretches(np.sort(np.concatenate([from_front, from_waiting]))))
        self._front = deque((int(a), int(b)) for a, b in np.concatenate([*front, queued]))
        self._waiting, self._next = waiting, 0

    def put_back(self, ranges: Ranges, done: int = 0) -> None:
        """Take back the points of a batch behind the first `done`."""
        lengths = ranges[:, 1] - ranges[:, 0]
        first = ranges[:, 0] + np.clip(done - (np.cumsum(lengths) - lengths), 0, lengths)
        for start, stop in zip(first[::-1].tolist(), ranges[::-1, 1].tolist(), strict=True):
            if start < stop:
                self._front.appendleft((start, stop))
                self.remaining += stop - start

    def measured(self, points: int, seconds: float) -> None:
        """Learn what a point costs; the first one, which imports and compiles, must not count for long."""
        each = seconds / points
        self._seconds = each if self._seconds is None or each < self._seconds else (self._seconds + each) / 2

    def _size(self) -> int:
        if self._seconds is None:
            self._unmeasured += 1
            return min(-(-self.remaining // max(1, self.slots - self._unmeasured + 1)), LARGEST)
        share = -(-self.remaining // (2 * self.slots))
        each = max(self._seconds, 1e-9)
        size = max(int(WORTHWHILE / each), min(int(TARGET / each), share))
        size = min(size, -(-self.remaining // self.slots), LARGEST)
        return max(1, size, min(int(SMALLEST / each), LARGEST))


def _take_out_in_order(queued: Ranges, positions: Ints) -> tuple[Ints, Ranges]:
    """Do what `take_out` does to stretches in any order, and leave the others in theirs."""
    order = np.argsort(queued[:, 0])
    found, rest = take_out(queued[order], positions)
    owner = order[np.searchsorted(queued[order, 0], rest[:, 0], side="right") - 1]
    return found, rest[np.argsort(owner, kind="stable")]
