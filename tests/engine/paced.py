"""Simulations that take their time for as long as a test wants them to: no machine is so slow that a run ends before."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import explorekit as ek

SPACE = ek.Space(a=range(4000))
SECONDS = 0.05  # of a point, so that two workers take 100 s, unless told to hurry


def slow_until(hurry: Path) -> Callable[[int], int]:
    """Return a simulation whose points take `SECONDS` each until a file is there, and no time from then on."""

    def slow(a: int) -> int:
        if not hurry.exists():
            time.sleep(SECONDS)
        return 2 * a

    return slow


def assert_whole(study: ek.Study) -> None:
    """Every point of a study of `slow_until` has its result."""
    np.testing.assert_array_equal(study.results["slow"].values, 2 * study.results["a"].values)
    assert study.results.sizes == SPACE.sizes
