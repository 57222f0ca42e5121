"""joblib's loky processes, kept warm; labels and file by hand."""

import itertools

import joblib
import numpy as np

from benchmarks.work import WORKERS, Task


def sweep(task: Task) -> np.ndarray:
    task.warm_netcdf()
    _warm(task)
    task.start()
    pairs = itertools.product(task.a.tolist(), task.b.tolist())
    values = joblib.Parallel(n_jobs=WORKERS)(joblib.delayed(task.function)(x, y) for x, y in pairs)
    return task.written(task.dataset(values))


def memory_half(task: Task) -> None:
    _remembered(task, task.first_half)


def memory_rest(task: Task) -> np.ndarray:
    task.warm_netcdf()
    _warm(task)
    task.start()
    return task.written(task.dataset(_remembered(task, task.a)))


def _remembered(task: Task, a: np.ndarray) -> list[float]:
    cached = joblib.Memory("memory", verbose=0).cache(task.function)
    pairs = itertools.product(a.tolist(), task.b.tolist())
    return joblib.Parallel(n_jobs=WORKERS)(joblib.delayed(cached)(x, y) for x, y in pairs)


def _warm(task: Task) -> None:
    joblib.Parallel(n_jobs=WORKERS)(joblib.delayed(task.function)(0.0, 2) for _ in range(2 * WORKERS))
