"""xsweep: a loop over coordinates into a zarr store, which resumes; then one file."""

import contextlib
from typing import Any

import numpy as np
import xarray as xr
import xsweep

from benchmarks import work
from benchmarks.work import ARRAY_LENGTH, WORKERS, Task

STORE = "out.zarr"


# A pool pays where a point takes longer than to send it; its processes look the decorated function up by name.
@xsweep.sweep("loop(a, b) -> z()", store=STORE, version="1", executor="process", max_workers=WORKERS)
def busy(a: float, b: int) -> float:
    return work.busy(a, b)


def sweep(task: Task) -> np.ndarray:
    task.warm_netcdf()
    swept = _decorated(task)
    task.start()
    return _saved(task, swept(_space(task)))


def sweep_half(task: Task) -> None:
    (task.folder / "only-half").touch()
    with contextlib.suppress(KeyboardInterrupt):
        _decorated(task)(_space(task))
    (task.folder / "only-half").unlink()


def sweep_rest(task: Task) -> np.ndarray:
    return sweep(task)


def _decorated(task: Task) -> Any:
    if task.work == "busy":
        return busy
    contract = "loop(a, b) -> z(t)" if task.is_array else "loop(a, b) -> z()"
    function = _with_labels(task) if task.is_array else task.function
    return xsweep.sweep(contract, store=STORE, version="1")(function)


def _with_labels(task: Task) -> Any:
    function = task.function

    def labelled(a: float, b: int) -> xr.DataArray:
        return xr.DataArray(function(a, b), dims="t", coords={"t": np.arange(ARRAY_LENGTH)})

    return labelled


def _space(task: Task) -> xr.Dataset:
    return xr.Dataset(coords={"a": task.a, "b": task.b})


def _saved(task: Task, results: xr.Dataset) -> np.ndarray:
    return task.written(results.drop_attrs())
