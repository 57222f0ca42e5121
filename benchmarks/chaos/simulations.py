"""What is simulated in a round, fast enough for hundreds of rounds."""

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

import explorekit as ek

PAUSE = "EXPLOREKIT_CHAOS_PAUSE"


def chaos(a: float, b: int, size: int, ragged: bool, rng: np.random.Generator) -> dict[str, Any]:
    """Return a scalar, an integer, a text and an array; raise at some points."""
    # How long it takes is no parameter: the undisturbed run does not wait.
    time.sleep(float(os.environ.get(PAUSE, "0")))
    if b == 3 and a > 0.8:
        raise ValueError(f"nothing can be had at {a}")
    noise = rng.standard_normal(size - b if ragged else size)
    return {
        "mean": float(noise.mean()) + a,
        "count": 7 * b,
        "word": f"b{b}",
        "field": xr.DataArray(a + b * noise, dims="x"),
    }


def space_of(shape: Sequence[int], size: int, ragged: bool) -> ek.Space:
    a, b, repetitions = shape
    space = ek.Space(a=np.linspace(0.0, 1.0, a), b=range(b), size=size, ragged=ragged)
    return space.repeat(repetitions) if repetitions > 1 else space
