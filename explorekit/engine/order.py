"""The order in which points run, where it is not that of the space: from coarse to fine, so that a map fills everywhere."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MOST = 2**16  # points that leave their place; more than a screen shows


def coarse_to_fine(shape: Sequence[int], index: Sequence[Ints], most: int = MOST) -> Iterator[Ints]:
    """Yield the points of ever finer grids, each point once, as sorted flat positions.

    Parameters
    ----------
    shape
        Of the space.
    index
        For each of its dimensions, which indices to go through.
    most
        Stop before a grid that brings the number of points above it.
    """
    if not shape:
        yield np.zeros(1, dtype=np.int64)
        return
    longest = max(part.size for part in index)
    before: list[npt.NDArray[np.bool_]] = [np.zeros(part.size, dtype=bool) for part in index]
    for level in range((longest - 1).bit_length(), -1, -1):
        now = [np.arange(part.size) % 2**level == 0 for part in index]
        size = int(np.prod([int(one.sum()) for one in now], dtype=object))
        if size > most:
            return
        on_grid = np.meshgrid(*(np.flatnonzero(one) for one in now), indexing="ij", sparse=True)
        known = np.ones((), dtype=bool)
        flat = np.zeros((), dtype=np.int64)
        for dim, at in enumerate(on_grid):
            known = known & before[dim][at]
            flat = flat * shape[dim] + index[dim][at]
        new = np.sort(flat[~known].ravel())
        if new.size:
            yield new
        before = now


def stretches(positions: Ints) -> Ints:
    """Return sorted positions as an array of shape (n, 2): the start and stop of what is consecutive."""
    edges = np.flatnonzero(np.diff(positions) != 1) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [positions.size]]) - 1
    return np.stack([positions[first], positions[last] + 1], axis=1)


def take_out(waiting: Ints, positions: Ints) -> tuple[Ints, Ints]:
    """Return which of some sorted positions lie in sorted stretches, and the stretches without them."""
    if not len(waiting) or not positions.size:
        return positions[:0], waiting
    stretch = np.searchsorted(waiting[:, 0], positions, side="right") - 1
    found = positions[(stretch >= 0) & (positions < waiting[stretch, 1])]
    # Each position that leaves ends one stretch and starts the next.
    starts = np.sort(np.concatenate([waiting[:, 0], found + 1]))
    stops = np.sort(np.concatenate([waiting[:, 1], found]))
    rest = np.stack([starts, stops], axis=1)
    return found, rest[stops > starts]
