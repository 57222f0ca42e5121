"""The same results in one netCDF file that plain xarray opens."""

import xarray as xr

from benchmarks import reading
from benchmarks.work import Task


def opening(task: Task) -> None:
    task.start()
    dataset = xr.open_dataset("one_file.nc")
    task.stop()
    reading.check_opened(dataset, task)


def image(task: Task) -> None:
    reading.read_images(xr.open_dataset("one_file.nc")["image"], task)


def plane(task: Task) -> None:
    """Read from a file whose chunks are just such planes."""
    reading.read_plane(xr.open_dataset(f"{task.work}.nc")["volume"], task)
