"""Where does the code take its numbers from? A file or a study that it opens, or a Dataset that is there."""

import os
from pathlib import Path
from typing import Any

import xarray as xr

from explorekit.explorer.source import Source, Still


def opening(source: Source, dataset: xr.Dataset) -> list[str]:
    """Return the lines after which ``results`` is what is explored."""
    path = getattr(source, "path", None)
    if isinstance(source, Still):
        path = dataset.encoding.get("source")
        if not isinstance(path, str) or not _is_file_of(path, dataset):
            return ["# results: the Dataset that was explored"]
        return [f"results = xr.open_dataset({_place(path)!r})"]
    if not isinstance(path, (str, os.PathLike)):
        return ["# results: the Dataset that was explored"]
    if Path(path).is_dir():
        name = f"{getattr(source, 'name', 'results')}.nc"
        return [
            f"# Where explorekit is not installed: study.to_netcdf({name!r}) here, xr.open_dataset({name!r}) there.",
            f"results = xr.open_dataset({_place(path)!r}, engine='explorekit')",
        ]
    return [f"results = xr.open_dataset({_place(path)!r})"]


def values_of(source: Source, name: str) -> tuple[list[str], str]:
    """Return lines to put before, and the expression of a variable of ``results``."""
    path = getattr(source, "path", None)
    if isinstance(path, (str, os.PathLike)) and Path(path).is_file():
        with xr.open_dataset(path, engine="netcdf4", cache=False) as plain:
            if name not in plain.data_vars and {f"{name}_real", f"{name}_imag"} <= set(plain.data_vars):
                return [], f"(results[{f'{name}_real'!r}] + 1j * results[{f'{name}_imag'!r}])"
            if dict(plain[name].sizes) != dict(source.results[name].sizes):
                # Of values that lie one behind the other in the file, there is no such array without us.
                return [
                    f"results = xr.open_dataset({_place(path)!r}, engine='explorekit')"
                ], f"results[{name!r}]"
    return [], f"results[{name!r}]"


def _is_file_of(path: str, dataset: xr.Dataset) -> bool:
    """Return whether a Dataset is the file it was read from, and not a part of it."""
    try:
        with xr.open_dataset(path, cache=False) as whole:
            return dict(whole.sizes) == dict(dataset.sizes) and set(map(str, dataset.data_vars)) <= set(
                map(str, whole.data_vars)
            )
    except (OSError, ValueError):
        return False


def _place(path: Any) -> str:
    """Return a path as short as it can be from here."""
    full = Path(path).absolute()
    return full.relative_to(Path.cwd()).as_posix() if full.is_relative_to(Path.cwd()) else str(full)
