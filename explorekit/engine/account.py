"""What has a run done so far? Kept by the driver, to be looked at from other threads."""

from collections import deque
from collections.abc import Iterable

from explorekit.engine.messages import Batch, Handed
from explorekit.engine.progress import PointError
from explorekit.engine.reasons import Reasons
from explorekit.engine.tally import Tally
from explorekit.space import Space
from explorekit.space.selecting import Ranges, common
from explorekit.store.index import Index
from explorekit.store.status import FAILED, OK, TIMED_OUT

_SHOWN_ERRORS = 5


class Account:
    """Counts, and the failures that a run has met.

    Parameters
    ----------
    space
        The study's.
    index
        What is recorded of its points.
    points
        The stretches of those that are to be run: they count as pending, whatever is recorded of them.
    """

    def __init__(self, space: Space, index: Index, points: Ranges) -> None:
        self.space = space
        self.new = 0
        self.errors: deque[PointError] = deque(maxlen=_SHOWN_ERRORS)
        self.reasons = Reasons()
        self.recount(index, points)

    def recount(self, index: Index, points: Ranges | None = None) -> None:
        """Count what is recorded, but for some points."""
        tally = Tally(self.space)
        for status in (OK, FAILED, TIMED_OUT):
            recorded = index.stretches_of(status)
            tally.add(recorded, status)
            if points is not None:
                tally.add(common(recorded, points), status, sign=-1)
        self.tally = tally

    def take_in(self, batch: Batch, handed: Handed, stretches: Iterable[tuple[int, int, int]]) -> None:
        """Count what a batch has handed in.

        Parameters
        ----------
        batch, handed
            The batch, and what its child says.
        stretches
            The (start, stop, status) of its points.
        """
        by_status: dict[int, list[tuple[int, int]]] = {}
        for start, stop, status in stretches:
            by_status.setdefault(status, []).append((start, stop))
        for status, ranges in by_status.items():
            self.tally.add(ranges, status)
        self.new += handed.done

        def describe(row: int) -> str:
            return self.space.describe(int(batch.positions(row, row + 1)[0]))

        for failure in handed.failures:
            error = f"{failure.error}: {failure.message}"
            self.errors.append(PointError(describe(failure.row), error, failure.traceback))
        self.reasons.add(handed.reasons, describe)
