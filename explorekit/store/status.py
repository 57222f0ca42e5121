"""How did a run end? The numbers that say so in files and arrays."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

PENDING, OK, FAILED, TIMED_OUT = range(4)
STATUS_MEANINGS = ("pending", "ok", "failed", "timed_out")


def status_runs(status: npt.NDArray[np.int8]) -> tuple[tuple[int, int, int], ...]:
    """Return a status vector as (start, stop, status) of stretches."""
    edges = np.flatnonzero(np.diff(status)) + 1
    bounds = [0, *edges.tolist(), len(status)]
    return tuple((a, b, int(status[a])) for a, b in pairwise(bounds))
