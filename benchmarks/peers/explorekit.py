"""explorekit itself, on its private cluster."""

import numpy as np
import xarray as xr

import explorekit as ek
from benchmarks import reading, spaces
from benchmarks.work import WORKERS, Task


def sweep(task: Task) -> np.ndarray:
    _warm(task)
    task.start()
    study = ek.Study(task.function, _space(task, task.a), task.folder / "study")
    study.run(False, n_workers=WORKERS)
    task.stop()
    return _read(task)


def sweep_half(task: Task) -> None:
    study = ek.Study(task.function, _space(task, task.first_half), task.folder / "study")
    study.run(False, n_workers=WORKERS)
    study.extend(a=task.a[len(task.first_half) :])


def sweep_rest(task: Task) -> np.ndarray:
    return sweep(task)


def opening(task: Task) -> None:
    task.start()
    dataset = xr.open_dataset(task.folder / "study", engine="explorekit")
    task.stop()
    reading.check_opened(dataset, task)


def image(task: Task) -> None:
    reading.read_images(xr.open_dataset(task.folder / "study", engine="explorekit")["image"], task)


def plane(task: Task) -> None:
    reading.read_plane(xr.open_dataset(task.folder / "study", engine="explorekit")["volume"], task)


def declared_plane(task: Task) -> None:
    folder = task.folder / f"study_{task.work}"
    reading.read_plane(xr.open_dataset(folder, engine="explorekit")["volume"], task)


def grid(task: Task) -> None:
    spaces.measure(spaces.grid(), task)


def points(task: Task) -> None:
    spaces.measure(spaces.points(task.points), task)


def _warm(task: Task) -> None:
    """Run a few points of the first half, as the cell before in a notebook does: workers are up, imports done."""
    space = ek.Space(a=task.first_half[:2], b=task.b[:4])
    ek.Study(task.function, space, task.folder / "warm").run(False, n_workers=WORKERS)


def _space(task: Task, a: np.ndarray) -> ek.Space:
    return ek.Space(a=a, b=task.b)


def _read(task: Task) -> np.ndarray:
    with xr.open_dataset(task.folder / "study", engine="explorekit") as dataset:
        np.testing.assert_array_equal(dataset["a"], task.a)
        np.testing.assert_array_equal(dataset["b"], task.b)
        if not (dataset["status"] == 1).all():
            raise AssertionError("some points have no result")
        return dataset[task.function.__name__].transpose("a", "b", ...).values
