"""A trivial function over 100 000 points into a labelled netCDF file: explorekit beside joblib by hand.

Both start with their workers up, as a notebook's second run does. Both end with a file that xarray opens with labels;
explorekit's also holds status and duration of each run, and survives a crash half-way.
"""

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import xarray as xr

import explorekit as ek

SHAPE = (1000, 100)
WORKERS = 2


def trivial(a: float, b: int) -> float:
    return a * b + 1.0


def axes(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(0.0, 1.0, shape[0]), np.arange(shape[1])


def by_explorekit(folder: Path, shape: tuple[int, int]) -> xr.Dataset:
    a, b = axes(shape)
    study = ek.Study(trivial, ek.Space(a=a, b=b), folder / "study")
    study.run(False, n_workers=WORKERS)
    return xr.open_dataset(folder / "study", engine="explorekit").rename(trivial="z")


def by_joblib(folder: Path, shape: tuple[int, int]) -> xr.Dataset:
    a, b = axes(shape)
    calls = (joblib.delayed(trivial)(x, y) for x, y in itertools.product(a.tolist(), b.tolist()))
    values = joblib.Parallel(n_jobs=WORKERS)(calls)
    dataset = xr.Dataset({"z": (("a", "b"), np.reshape(values, shape))}, {"a": a, "b": b})
    dataset.to_netcdf(folder / "out.nc")
    return xr.open_dataset(folder / "out.nc")


def timed(way: Callable[[Path, tuple[int, int]], xr.Dataset], shape: tuple[int, int] = SHAPE) -> float:
    """Return the seconds that a way takes; checks every value afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="explorekit-benchmark-"))
    try:
        start = time.perf_counter()
        result = way(folder, shape)
        seconds = time.perf_counter() - start
        a, b = axes(shape)
        if not np.array_equal(result["z"].values, a[:, None] * b + 1.0):
            raise AssertionError(f"{way.__name__} gave wrong numbers")
        result.close()
        return seconds
    finally:
        shutil.rmtree(folder)


def compare(pairs: int) -> list[tuple[float, float]]:
    """Return the seconds of both, pair by pair, workers warm."""
    for way in (by_explorekit, by_joblib):
        timed(way, (10, 10))
    return [(timed(by_explorekit), timed(by_joblib)) for _ in range(pairs)]
