"""Which labels does a batch touch? The smallest part of a space that holds its points."""

import numpy as np

from explorekit.space import Space
from explorekit.space.positions import Positions


def touched_part(space: Space, positions: Positions) -> tuple[Space, Positions]:
    """Return the smallest subspace that holds some points, and their flat positions in it."""
    if space.dims and np.all(positions[1:] - positions[:-1] == 1):
        stretch = _touched_by_stretch(space, int(positions[0]), int(positions[-1]) + 1)
        if stretch is not None:
            indexers, first = stretch
            return space.isel(indexers), np.arange(first, first + len(positions))
    local = np.zeros(len(positions), dtype=np.int64)
    indexers = {}
    for dim, index in space.unravel(positions).items():
        used = np.zeros(space.sizes[dim], dtype=bool)
        used[index] = True
        rank = np.cumsum(used) - 1
        local = local * int(rank[-1] + 1) + rank[index]
        indexers[dim] = np.flatnonzero(used)
    return space.isel(indexers), local


def _touched_by_stretch(space: Space, start: int, stop: int) -> tuple[dict[str, Positions], int] | None:
    """Return what `touched_part` does for consecutive points, and the first's position; None unless they stay consecutive."""
    indexers: dict[str, Positions] = {}
    first, varies = 0, False
    for axis, (dim, size) in enumerate(space.sizes.items()):
        inner = int(np.prod(space.shape[axis + 1 :], dtype=np.int64))
        low, high = start // inner, (stop - 1) // inner
        if varies:
            if high - low + 1 < size:
                return None  # parts of several rows
            index = np.arange(size)
        else:
            index = np.arange(low % size, low % size + high - low + 1)
            varies = high > low
        first = first * index.size + (low % size - int(index[0]))
        indexers[dim] = index
    return indexers, first
