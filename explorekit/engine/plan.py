"""Which pending points go into the next batch: sized by what was measured, so that workers finish together.

Factoring (Hummel, Schonberg and Flynn 1992): a batch takes what its slot can do until all slots are expected to end, or a
part of that, the smaller the more points were seen to differ in cost; but no more than about a second's worth, and no
less than is worth a task. As long as nothing is measured, a batch may be large: it is handed in after a second, and what
is left of it comes back.
"""

import math
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from explorekit.engine.messages import Ranges
from explorekit.engine.order import Ints, stretches, take_out

TARGET = FIRST_TARGET = 1.0
WATCHED_TARGET, WATCHED_FIRST_TARGET = 0.5, 0.25  # where somebody looks and waits for points
WORTHWHILE = 0.1
SMALLEST = 0.04  # seconds: some times what the task and its shard cost
LARGEST = 2**20  # points: what a batch takes in memory stays bounded
_FADING = 0.95  # a batch counts so much less with each that follows it
_LATE = 1.25  # times what it was expected to take, a batch is handed in, and the rest shared out again


@dataclass
class Share:
    """Points that go into one batch.

    Parameters
    ----------
    ranges
        Array of shape (n, 2): the points, as stretches of flat positions.
    points
        Their number.
    budget
        Seconds after which the batch is to be handed in.
    slot
        Which of the slots is to run it.
    began
        When it became the first in the queue of its slot, in seconds of a monotonic clock.
    """

    ranges: Ranges
    points: int
    budget: float
    slot: int
    began: float | None = None


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
        self._recent = (0.0, 0.0)  # points and seconds of batches, earlier ones counting less and less
        self._spread = 0.0  # of the points' costs: (standard deviation / mean)²
        self._unmeasured = 0
        self._target, self._first_target = TARGET, FIRST_TARGET
        # By first position, and the same by slot too, in the order of handing out.
        self._out: dict[int, Share] = {}
        self._queues: defaultdict[int, dict[int, Share]] = defaultdict(dict)

    @property
    def window(self) -> int:
        """Number of batches to have in flight.

        One ahead of each that runs hides the round trip; a longer queue would only delay a cancel.
        """
        return self.slots if self._seconds is None else 2 * self.slots

    @property
    def batch_seconds(self) -> float:
        """Seconds that the next batch is expected to take."""
        return max(self._first_target if self._seconds is None else self._target, self._seconds or 0.0)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end, if points go on to take as long as those of late; None before any was measured."""
        points, seconds = self._recent
        if not points:
            return None
        busy = self._busy(seconds / points)
        return max(*busy, (self.remaining * seconds / points + sum(busy)) / self.slots, 0.0)

    def next_share(self) -> Share | None:
        """Return the next points to run, or None if none is left."""
        if not self.remaining:
            return None
        size = wanted = min(self._size(), self.remaining)
        budget = self._first_target
        if self._seconds is not None:
            budget = _LATE * max(SMALLEST, min(self._target, size * self._seconds))
        self.remaining -= wanted
        taken = [self._take_from_front(wanted)] if self._front else []
        wanted -= sum(int((one[:, 1] - one[:, 0]).sum()) for one in taken)
        if wanted:
            taken.append(self._take_from_waiting(wanted))
        ranges = np.concatenate(taken)
        ranges = ranges[np.argsort(ranges[:, 0])]  # what was put back may lie before or behind
        first = int(ranges[0, 0])
        share = self._out[first] = Share(ranges, size, budget, self._next_slot())
        self._queues[share.slot][first] = share
        self._begin(share.slot)
        return share

    def _begin(self, slot: int) -> None:
        """Note when a batch has become the first in the queue of its slot."""
        for share in islice(self._queues[slot].values(), 1):
            share.began = share.began or time.monotonic()

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
        self._target = min(TARGET, WATCHED_TARGET)
        self._first_target = min(FIRST_TARGET, WATCHED_FIRST_TARGET)
        self._front = deque((int(a), int(b)) for a, b in np.concatenate([*front, queued]))
        self._waiting, self._next = waiting, 0

    def put_back(self, ranges: Ranges, done: int = 0) -> None:
        """Take back a batch, of whose points the first `done` are done."""
        position = int(ranges[0, 0])
        if (share := self._out.pop(position, None)) is not None:
            del self._queues[share.slot][position]
            self._begin(share.slot)
        lengths = ranges[:, 1] - ranges[:, 0]
        first = ranges[:, 0] + np.clip(done - (np.cumsum(lengths) - lengths), 0, lengths)
        for start, stop in zip(first[::-1].tolist(), ranges[::-1, 1].tolist(), strict=True):
            if start < stop:
                self._front.appendleft((start, stop))
                self.remaining += stop - start

    def measured(self, points: int, seconds: float, spread: float) -> None:
        """Learn what a point costs; the first one, which imports and compiles, must not count for long.

        Parameters
        ----------
        points, seconds
            How many took how long together.
        spread
            How much they differ: variance / mean².
        """
        each = seconds / points
        self._recent = _FADING * self._recent[0] + points, _FADING * self._recent[1] + seconds
        if self._seconds is None:
            self._seconds, self._spread = each, spread
            return
        # Costs that change slowly from point to point show in the means of batches only.
        between = points * (each / max(self._seconds, 1e-9) - 1) ** 2
        self._spread = (self._spread + max(spread, between)) / 2
        self._seconds = each if each < self._seconds else (self._seconds + each) / 2

    def _size(self) -> int:
        if self._seconds is None:
            self._unmeasured += 1
            return min(-(-self.remaining // max(1, self.slots - self._unmeasured + 1)), LARGEST)
        each = max(self._seconds, 1e-9)
        size, least = int(self._target / each), int(SMALLEST / each)
        if self.remaining < 2 * self.slots * size:
            free = self._free_time() / each
            wanted = max(free / self._rounds(), min(WORTHWHILE / each, self.remaining / self.slots))
            size = min(
                size + int(WORTHWHILE / each), round(free if wanted < free < wanted + least else wanted)
            )
        if self.remaining - size < least:  # what would be left is not worth a task
            size = self.remaining
        return max(1, min(max(size, least), LARGEST))

    def _free_time(self) -> float:
        """Return the seconds that the next batch's slot has for what remains, if all slots are to end together."""
        each = self._seconds or 0.0
        busy = self._busy(each)
        mine = busy[self._next_slot()]
        busy.sort()
        returning = sum(max(0.0, share.points * each - share.budget) for share in self._out.values())
        work, end = self.remaining * each + returning, busy[0]
        for slots, then in enumerate(busy[1:], 1):
            if work <= slots * (then - end):
                return max(0.0, end + work / slots - mine)
            work -= slots * (then - end)
            end = then
        return max(0.0, end + work / self.slots - mine)

    def _busy(self, each: float) -> list[float]:
        """Return the seconds for which each slot is expected to have work, if a point takes so many."""
        now = time.monotonic()
        busy = [0.0] * self.slots
        for share in self._out.values():
            gone = 0.0 if share.began is None else now - share.began
            busy[share.slot % self.slots] += max(0.0, min(share.points * each, share.budget) - gone)
        return busy

    def _next_slot(self) -> int:
        """Return the slot with the fewest batches."""
        queued = [0] * self.slots
        for slot, queue in self._queues.items():
            queued[slot % self.slots] += len(queue)
        return queued.index(min(queued))

    def _rounds(self) -> float:
        """Return into how many rounds of batches to divide what remains."""
        b = self.slots / 2 * math.sqrt(self._spread / self.remaining)
        return 1 + b * b + b * math.sqrt(b * b + 2)


def _take_out_in_order(queued: Ranges, positions: Ints) -> tuple[Ints, Ranges]:
    """Do what `take_out` does to stretches in any order, and leave the others in theirs."""
    order = np.argsort(queued[:, 0])
    found, rest = take_out(queued[order], positions)
    owner = order[np.searchsorted(queued[order, 0], rest[:, 0], side="right") - 1]
    return found, rest[np.argsort(owner, kind="stable")]
