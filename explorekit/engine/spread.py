"""A few points that stand for many: spread over all dimensions at once."""

import numpy as np
import numpy.typing as npt

from explorekit.engine.messages import Ranges

_DRAWS = 8  # for each point that is wanted: several may fall on the same


def spread_out(among: Ranges, shape: tuple[int, ...], n: int) -> npt.NDArray[np.int64]:
    """Return flat positions of a few points, in increasing order, far from each other along every dimension.

    They follow the additive recurrence of the generalised golden ratio (Roberts 2018, "The unreasonable effectiveness of
    quasirandom sequences"), moved to the next position that is there.

    Parameters
    ----------
    among
        Array of shape (m, 2): the stretches of positions to choose from.
    shape
        Of the space.
    n
        How many; fewer are returned where there are no more.
    """
    starts, stops = among[:, 0], among[:, 1]
    if (stops - starts).sum() <= n:
        return np.concatenate([np.arange(0), *(np.arange(*stretch) for stretch in among.tolist())])
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (len(shape) + 1))
    steps = np.outer(np.arange(_DRAWS * n), ratio ** -np.arange(1.0, len(shape) + 1))
    cells = ((0.5 + steps) % 1 * shape).astype(np.int64)
    wanted = np.ravel_multi_index(tuple(cells.T), shape)
    stretch = np.searchsorted(stops, wanted, side="right") % len(stops)
    there = np.where(wanted < stops[stretch], np.maximum(wanted, starts[stretch]), starts[stretch])
    _, first = np.unique(there, return_index=True)
    return np.sort(there[np.sort(first)[:n]])
