"""Points without an end: more and more draws of a space that is sampled, or a grid again and again."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space.distributions import SAMPLE
from explorekit.space.parameter import REPETITION
from explorekit.space.sampling import Method, check_draws
from explorekit.space.space import Space

Positions = npt.NDArray[np.int64]

_FIRST = 64  # draws, of which there are twice as many whenever they run out
_BLOCK = 4096
_ENDLESS = ("random", "sobol", "halton")


def stream(space: Space, method: Method, seed: int, fresh: bool, each: int) -> Iterator[dict[str, Any]]:
    """Return the points of a space one by one, without end; see `Space.stream`."""
    if space.distributions:
        return stream_of(lambda n: space.sample(n, method, seed=seed, fresh=fresh), method, seed, each)
    check_draws(1, method, seed)
    if REPETITION in space.dims:
        raise SpaceError(
            "stream() got a grid with repetitions; expected one without, since each pass over a grid is a repetition of it. Stream it, then "
            "cut where there are enough."
        )
    return ({**point, REPETITION: number} for number in count() for point in space.points())


def stream_of(
    sample: Callable[[int], Space], method: Method, seed: int, each: int
) -> Iterator[dict[str, Any]]:
    """Return the points of ever longer samples, of which each begins with the one before.

    Raises
    ------
    SpaceError
        If the method has an end, or there is nothing to sample.
    """
    check_draws(1, method, seed)
    if method not in _ENDLESS:
        raise SpaceError(
            f"stream() got method={method!r}, whose designs are of one piece; expected 'random', 'sobol' or 'halton'. For a design of n "
            f"points: sample(n, {method!r})."
        )
    if isinstance(each, bool) or not isinstance(each, (int, np.integer)) or each < 1:
        raise SpaceError(
            f"stream() got each={each!r}; expected how many draws come before they are repeated, at least 1."
        )
    one = sample(1)  # or it says what cannot be sampled
    return _points(sample, int(each), one.sizes[SAMPLE])


def _points(sample: Callable[[int], Space], each: int, width: int) -> Iterator[dict[str, Any]]:
    """Yield the points of draws, of which each has some positions along ``sample``, in blocks of `each` draws."""
    done, n = 0, each * -(-_FIRST // each)
    while True:
        space = sample(n)
        for first in range(done, n, each):
            for positions in _in_order(space, first * width, each * width):
                yield from space.points_at(positions)
        done, n = n, 2 * n


def _in_order(space: Space, first: int, length: int) -> Iterator[Positions]:
    """Yield the flat positions of some draws: a repetition of all of them before the next, and of each draw all points of the grid."""
    order = [REPETITION, SAMPLE, *(dim for dim in space.dims if dim not in (REPETITION, SAMPLE))]
    order = [dim for dim in order if dim in space.dims]
    shape = [length if dim == SAMPLE else space.sizes[dim] for dim in order]
    total = int(np.prod(shape, dtype=object))
    for start in range(0, total, _BLOCK):
        numbers = np.arange(start, min(start + _BLOCK, total))
        index = dict(zip(order, np.unravel_index(numbers, shape), strict=True))
        index[SAMPLE] = index[SAMPLE] + first
        yield np.ravel_multi_index([index[dim] for dim in space.dims], space.shape)
