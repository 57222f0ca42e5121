"""pypet: a trajectory explored in two processes, stored run by run, or collected and stored at the end."""

import logging
from typing import Any

import numpy as np
from pypet import Environment, Trajectory, cartesian_product

from benchmarks.work import FUNCTIONS, WORKERS, Task

FILE = "out.hdf5"


def collected(task: Task) -> np.ndarray:
    environment, trajectory = _explored(task)
    environment.add_postprocessing(_collect)
    environment.run(_returned, task.work)
    environment.disable_logging()
    task.stop()
    return np.reshape(_loaded(trajectory).results.z, task.expected().shape)


def stored(task: Task) -> np.ndarray:
    environment, trajectory = _explored(task)
    environment.run(_stored, task.work)
    environment.disable_logging()
    task.stop()
    loaded = _loaded(trajectory)
    loaded.v_auto_load = True
    runs = loaded.f_get_from_runs("z", where="results", fast_access=True)
    return np.reshape([runs[name] for name in sorted(runs)], task.expected().shape)


def _explored(task: Task) -> tuple[Environment, Trajectory]:
    logging.disable(logging.WARNING)
    # A pool pays where a run takes longer than to send it.
    several = {"multiproc": True, "ncores": WORKERS, "use_pool": True, "freeze_input": True}
    environment = Environment(
        trajectory="sweep",
        filename=FILE,
        overwrite_file=True,
        log_config=None,
        report_progress=False,
        **(several if task.work == "busy" else {}),
    )
    task.start()
    trajectory = environment.trajectory
    trajectory.f_add_parameter("a", 0.0)
    trajectory.f_add_parameter("b", 0)
    grid = cartesian_product({"a": task.a.tolist(), "b": task.b.tolist()}, ("a", "b"))
    trajectory.f_explore(grid)
    return environment, trajectory


def _returned(trajectory: Trajectory, work: str) -> Any:
    return FUNCTIONS[work](trajectory.a, trajectory.b)


def _stored(trajectory: Trajectory, work: str) -> None:
    trajectory.f_add_result("$set.$.z", FUNCTIONS[work](trajectory.a, trajectory.b))


def _collect(trajectory: Trajectory, results: list[tuple[int, Any]]) -> None:
    results.sort(key=lambda result: result[0])
    trajectory.f_add_result("z", z=np.array([value for _, value in results]))


def _loaded(trajectory: Trajectory) -> Trajectory:
    fresh = Trajectory("sweep", add_time=False)
    fresh.f_load(name=trajectory.v_name, filename=FILE, load_results=2, force=True)
    return fresh
