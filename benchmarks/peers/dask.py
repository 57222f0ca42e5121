"""dask.distributed on a cluster of two processes; labels and file by hand."""

import itertools
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import dask.array
import numpy as np
from dask.distributed import Client, LocalCluster

from benchmarks.work import ARRAY_LENGTH, WORKERS, Task

POINTS_A_BLOCK = 1000


def points(task: Task) -> np.ndarray:
    """One task a point, as dask's documentation shows it."""
    with _client(task) as client:
        task.start()
        pairs = itertools.product(task.a.tolist(), task.b.tolist())
        values = client.gather(client.map(task.function, *zip(*pairs, strict=True), pure=False))
        return task.written(task.dataset(values))


def blocks(task: Task) -> np.ndarray:
    """Blocks of about a thousand points, as those do who have met the cost of a task."""
    with _client(task):
        task.start()
        rows = max(1, min(POINTS_A_BLOCK // len(task.b), len(task.a) // WORKERS))
        a = dask.array.from_array(task.a[:, None], chunks=(rows, 1))
        b = dask.array.from_array(task.b[None, :], chunks=(1, len(task.b)))
        more = {"new_axis": 2, "chunks": (a.chunks[0], b.chunks[1], (ARRAY_LENGTH,))} if task.is_array else {}
        meta = np.empty((0,) * (3 if task.is_array else 2))
        values = dask.array.map_blocks(_block, a, b, function=task.function, meta=meta, **more)
        return task.written(task.dataset(values.compute()))


def _block(a: np.ndarray, b: np.ndarray, function: Callable[..., Any]) -> np.ndarray:
    return np.array([[function(x, y) for y in b[0].tolist()] for x in a[:, 0].tolist()])


@contextmanager
def _client(task: Task) -> Any:
    task.warm_netcdf()
    with (
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(WORKERS)
        client.gather(client.map(task.function, [0.0] * 4, range(4), pure=False))
        client.run(_import)
        yield client


def _import() -> None:
    import dask.array  # noqa: F401
