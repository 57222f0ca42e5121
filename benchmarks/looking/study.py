"""What is looked at: a study, and a file with the same results."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.work import WORKERS

A, B = 40, 50
SIDE = 256
LENGTH = 1000


def pictures(a: float, b: int) -> dict[str, Any]:
    """Return an image and a line that differ from step to step wherever one looks."""
    import xarray as xr

    x = np.linspace(0, 1, SIDE, dtype=np.float32)
    t = np.linspace(0, 1, LENGTH, dtype=np.float32)
    field = np.sin(12 * x * (0.5 + a)) * np.cos(9 * x[:, None] + b / 2)
    trace = np.sin(20 * t * (0.5 + a) + b / 2)
    return {
        "field": xr.DataArray(field.astype(np.float32), dims=("y", "x"), coords={"x": x, "y": x}),
        "trace": xr.DataArray(trace.astype(np.float32), dims="t", coords={"t": t}),
    }


def make_study(folder: Path) -> Any:
    """Run the study."""
    import explorekit as ek

    study = ek.Study(pictures, ek.Space(a=np.linspace(0, 1, A), b=np.arange(B)), folder / "study")
    study.run(False, n_workers=WORKERS)
    return study


def make(folder: Path) -> None:
    """Run the study, and write the file beside it."""
    study = make_study(folder)
    study.results[["field", "trace"]].drop_attrs().to_netcdf(folder / "results.nc")
    os.sync()
