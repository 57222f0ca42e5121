"""Which points a run takes, by what is recorded of them: stretches of flat positions."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from explorekit.space import Space
from explorekit.space.selecting import common
from explorekit.store.status import FAILED, TIMED_OUT

if TYPE_CHECKING:
    from explorekit.space.selecting import Ranges
    from explorekit.store.index import Index

Choice = Callable[["Index", Space], "Ranges"]


def pending(index: "Index", space: Space) -> "Ranges":
    """Choose the points that have no record."""
    return index.gaps(len(space))


def failed(index: "Index", _: Space) -> "Ranges":
    """Choose the points of which the latest record is a failure."""
    return index.stretches_of(FAILED, TIMED_OUT)


def within(part: "Ranges", choose: Choice) -> Choice:
    """Return what chooses those of some points that lie in a part of the space."""
    return lambda index, space: common(choose(index, space), part)


def few(n: int) -> Choice:
    """Return what chooses a few of the pending points, spread over the space."""

    def choose(index: "Index", space: Space) -> "Ranges":
        from explorekit.engine.spread import spread_out

        points = spread_out(index.gaps(len(space)), space.shape, n)
        return np.column_stack([points, points + 1])

    return choose
