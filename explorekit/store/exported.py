"""Reading an exported file back: what plain xarray reads, with complex numbers and texts as they were."""

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pandas as pd
import xarray as xr

from explorekit.errors import StudyError
from explorekit.space import Space
from explorekit.store.dataset import failures_table
from explorekit.store.netcdf import COMPLEX, fetch
from explorekit.store.shard import read_failures
from explorekit.store.spaces import LABELS, get_space


def open_exported(path: Path, group: str | None = None) -> xr.Dataset:
    """Open the results (or with ``group="runs"`` the record) of an exported file, lazily.

    Raises
    ------
    StudyError
        If the file is not one that a study was exported to.
    """
    exported_space(path)
    dataset = xr.open_dataset(path, engine="netcdf4", group=group, cache=False)
    dataset = _rejoin_complex(dataset)
    dataset.attrs.pop(LABELS, None)
    return _with_wide_floats(_with_plain_text(dataset))


def exported_space(path: Path) -> Space:
    """Return the space of an exported file."""
    try:
        with netCDF4.Dataset(path) as file:
            if LABELS in file.ncattrs():
                return get_space(file)
    except OSError as error:
        raise StudyError(
            f"cannot open {path} as netCDF ({error}); expected a study directory or an exported file."
        ) from error
    raise StudyError(f"{path} was not exported from a study; open it with xarray.open_dataset.")


def exported_failures(path: Path) -> pd.DataFrame:
    """Return the failures of an exported file; see `explorekit.Study.failures`."""
    space = exported_space(path)
    with netCDF4.Dataset(path) as file:
        failures = read_failures(file)
        status = fetch(file, "status", np.int8).ravel()
    positions = np.array([failure.row for failure in failures], dtype=np.int64)
    texts = [(failure.error, failure.message, failure.traceback) for failure in failures]
    return failures_table(space, positions, texts, status[positions].tolist())


def _rejoin_complex(dataset: xr.Dataset) -> xr.Dataset:
    halves: dict[str, list[Any]] = {}
    for name, variable in dataset.variables.items():
        if COMPLEX in variable.attrs:
            halves.setdefault(variable.attrs[COMPLEX], []).append(name)
    coords = set(dataset.coords)
    joined: dict[Any, xr.Variable] = {}
    for name, (real, imag) in halves.items():
        attrs = {key: value for key, value in dataset[real].attrs.items() if key != COMPLEX}
        values = dataset[real].values + 1j * dataset[imag].values
        joined[name] = xr.Variable(dataset[real].dims, values, attrs)
    parts = [part for pair in halves.values() for part in pair]
    as_coords = {name: v for name, v in joined.items() if f"{name}_real" in coords or v.dims == (name,)}
    return dataset.drop_vars(parts).assign(joined).set_coords([str(name) for name in as_coords])


def _with_wide_floats(dataset: xr.Dataset) -> xr.Dataset:
    """Read integers of which some are missing as float64, as a study does; xarray chooses float32 for short ones."""
    short = [
        name
        for name, variable in dataset.variables.items()
        if variable.dtype == np.float32 and np.dtype(variable.encoding.get("dtype", "f4")).kind in "iu"
    ]
    return dataset.assign({name: dataset[name].astype(np.float64) for name in short})


def _with_plain_text(dataset: xr.Dataset) -> xr.Dataset:
    """Give text the dtype that it has in a study, not that of Python objects."""
    texts: dict[Any, Any] = {
        name: (variable.dims, variable.values.astype(str), variable.attrs)
        for name, variable in dataset.variables.items()
        if variable.dtype.kind in "OT"
    }
    coords = {name: value for name, value in texts.items() if name in dataset.coords}
    return dataset.assign({n: v for n, v in texts.items() if n not in coords}).assign_coords(coords)
