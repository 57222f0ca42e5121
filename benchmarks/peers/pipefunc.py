"""pipefunc: a pipeline of one function over an outer product, kept in a dict or one file a point."""

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from pipefunc import PipeFunc, Pipeline

from benchmarks.work import WORKERS, Task


def in_memory(task: Task) -> np.ndarray:
    # One process: each of its tasks costs more to send than a trivial function to run. Long ones get a pool.
    return _swept(task, "dict", parallel=task.work == "busy")


def in_files(task: Task) -> np.ndarray:
    return _swept(task, "file_array", parallel=task.work == "busy")


def in_files_half(task: Task) -> None:
    half = slice(0, len(task.first_half))
    _map(task, storage="file_array", parallel=False, fixed_indices={"i": half})


def in_files_rest(task: Task) -> np.ndarray:
    task.warm_netcdf()
    task.start()
    return _saved(task, _map(task, storage="file_array", parallel=False, resume=True))


def _swept(task: Task, storage: str, *, parallel: bool) -> np.ndarray:
    task.warm_netcdf()
    if not parallel:
        task.start()
        return _saved(task, _map(task, storage=storage, parallel=False))
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(task.function, [0.0] * 4, range(4)))
        task.start()
        return _saved(task, _map(task, storage=storage, parallel=True, executor=pool))


def _map(task: Task, **options: Any) -> Any:
    step = PipeFunc(task.function, output_name="z", mapspec="a[i], b[j] -> z[i, j]")
    inputs = {"a": task.a, "b": task.b}
    return Pipeline([step]).map(inputs, run_folder="run", show_progress=False, **options)


def _saved(task: Task, results: Any) -> np.ndarray:
    # It labels by index letters and keeps objects, neither of which netCDF readers can use.
    values = results.to_xarray()["z"].values
    return task.written(task.dataset(np.array(values.tolist())))
