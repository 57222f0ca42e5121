"""A plain Python loop that fills a NumPy array and writes it: the floor."""

import os
from pathlib import Path

import numpy as np

from benchmarks.work import ARRAY_LENGTH, Task


def sweep(task: Task) -> np.ndarray:
    task.warm_netcdf()
    a, b, function = task.a, task.b, task.function
    task.start()
    values = np.empty((len(a), len(b), *([ARRAY_LENGTH] if task.is_array else [])))
    columns = b.tolist()
    for i, x in enumerate(a.tolist()):
        for j, y in enumerate(columns):
            values[i, j] = function(x, y)
    return task.written(task.dataset(values))


def write(task: Task) -> np.ndarray:
    """Write results that are there already: what one process can do at most."""
    return _write(task, sync=False)


def write_and_sync(task: Task) -> np.ndarray:
    """Write results that are there already, and wait until they are on disk."""
    return _write(task, sync=True)


def _write(task: Task, *, sync: bool) -> np.ndarray:
    task.warm_netcdf()
    dataset = task.dataset(task.expected())
    task.start()
    dataset.to_netcdf("out.nc")
    if sync:
        with Path("out.nc").open("rb") as file:
            os.fsync(file.fileno())
    task.stop()
    return task.read(task.folder / "out.nc")
