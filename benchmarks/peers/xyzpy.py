"""xyzpy: a Runner and a file at the end, a Harvester whose file grows, and a Crop of batches on disk."""

import numpy as np
import xyzpy
from joblib.externals.loky import get_reusable_executor

from benchmarks.work import ARRAY_LENGTH, WORKERS, Task

ENGINE = "h5netcdf"
POINTS_A_BATCH = 1000


def serial(task: Task) -> np.ndarray:
    return _in_memory(task)


def parallel(task: Task) -> np.ndarray:
    # The pool that `parallel=` takes, warm.
    pool = get_reusable_executor(WORKERS)
    list(pool.map(task.function, [0.0] * 4, range(4)))
    return _in_memory(task, parallel=WORKERS)


def _in_memory(task: Task, **options: object) -> np.ndarray:
    runner = _runner(task)
    task.start()
    xyzpy.save_ds(runner.run_combos(_combos(task), verbosity=0, **options), "out.h5")
    task.stop()
    return task.read(task.folder / "out.h5", ENGINE)


def crop(task: Task) -> np.ndarray:
    made = _crop(task)
    task.start()
    made.sow_combos(_combos(task), verbosity=0)
    return _reaped(task, made)


def crop_half(task: Task) -> None:
    made = _crop(task)
    made.sow_combos(_combos(task), verbosity=0)
    made.grow(range(1, made.num_sown_batches // 2 + 1), verbosity=0)


def crop_rest(task: Task) -> np.ndarray:
    made = _crop(task)
    task.start()
    return _reaped(task, made)


def harvester_half(task: Task) -> None:
    _harvester(task).harvest_combos({"a": task.first_half.tolist(), "b": task.b.tolist()}, verbosity=0)


def harvester_rest(task: Task) -> np.ndarray:
    harvester = _harvester(task)
    task.start()
    harvester.harvest_combos(_combos(task), missing_only=True, verbosity=0)
    task.stop()
    return task.read(task.folder / "out.h5", ENGINE)


def _runner(task: Task) -> xyzpy.Runner:
    task.warm_netcdf(ENGINE)
    arrays = {"var_dims": {"z": ["t"]}, "var_coords": {"t": list(range(ARRAY_LENGTH))}}
    return xyzpy.Runner(task.function, var_names=["z"], **(arrays if task.is_array else {}))


def _harvester(task: Task) -> xyzpy.Harvester:
    return xyzpy.Harvester(_runner(task), data_name="out.h5")


def _crop(task: Task) -> xyzpy.Crop:
    size = min(POINTS_A_BATCH, task.points // (2 * WORKERS))
    list(get_reusable_executor(WORKERS).map(task.function, [0.0] * 4, range(4)))
    return _harvester(task).Crop(name="crop", parent_dir=str(task.folder), batchsize=size)


def _reaped(task: Task, made: xyzpy.Crop) -> np.ndarray:
    made.grow_missing(parallel=WORKERS, verbosity=0)
    made.reap(clean_up=False)
    task.stop()
    return task.read(task.folder / "out.h5", ENGINE)


def _combos(task: Task) -> dict[str, list[float]]:
    return {"a": task.a.tolist(), "b": task.b.tolist()}
