"""Reading an exported file back: what plain xarray reads, with complex numbers and texts as they were."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from xarray.core import indexing

from explorekit.errors import StudyError, listing, suggest
from explorekit.space import Space
from explorekit.space.axis import OCCURRENCE
from explorekit.store.dataset import failures_table
from explorekit.store.export_ragged import RAGGED
from explorekit.store.exported_arrays import FileArray, MaskedIntegers, PaddedArray, PlainArray, group_of
from explorekit.store.failures import read_failures
from explorekit.store.hdf5 import open_file
from explorekit.store.netcdf import COMPLEX, fetch
from explorekit.store.spaces import LABELS, get_space

Place = tuple[Path, str]


def open_exported(path: Path, group: str | None = None, fill: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Open the results (or with ``group="runs"`` the record) of an exported file, lazily.

    Raises
    ------
    StudyError
        If the file is not one that a study was exported to.
    """
    space = exported_space(path)
    try:
        dataset = xr.open_dataset(path, engine="netcdf4", group=group, cache=False)
    except (OSError, RuntimeError) as error:  # its head alone can be read
        raise _unopened(path, error) from error
    close = dataset.close
    dataset.attrs.pop(LABELS, None)
    place = path.absolute(), group or ""
    fill = dict(fill or {})
    dataset = _padded(_rejoin_complex(dataset, place), place[0], fill)
    dataset = _with_plain_text(_with_integers(dataset, place, fill), place)
    dataset = dataset.drop_vars([name for name in dataset.variables if str(name).endswith(f".{OCCURRENCE}")])
    dataset = dataset.set_coords([name for name in space.names if name in dataset.variables])
    dataset.set_close(close)
    return dataset


def exported_space(path: Path) -> Space:
    """Return the space of an exported file."""
    try:
        with open_file(path) as file:
            if LABELS in file.ncattrs():
                return get_space(file)
    except (OSError, RuntimeError) as error:
        raise _unopened(path, error) from error
    raise StudyError(f"{path} was not exported from a study; open it with xarray.open_dataset.")


def _unopened(path: Path, error: Exception) -> StudyError:
    reason = str(error).splitlines()[0]
    return StudyError(
        f"cannot open {path} as netCDF ({reason}); expected a study directory or an exported file."
    )


def exported_failures(path: Path) -> pd.DataFrame:
    """Return the failures of an exported file; see `explorekit.Study.failures`."""
    space = exported_space(path)
    with open_file(path) as file:
        failures = read_failures(file)
        status = fetch(file, "status", np.int8).ravel()
    positions = np.array([failure.row for failure in failures], dtype=np.int64)
    texts = [(failure.error, failure.message, failure.traceback) for failure in failures]
    return failures_table(space, positions, texts, status[positions].tolist())


def masked_integers(path: Path, names: Iterable[str]) -> dict[str, np.dtype[Any]]:
    """Return the dtypes of those of some outputs that are integers or bools of which some are missing."""
    found = {}
    with open_file(path) as file:
        for name in names:
            variable = file.variables.get(name)
            if (
                variable is not None
                and {"_FillValue", RAGGED} & {*variable.ncattrs()}
                and not _is_time(variable)
            ):
                found[name] = _dtype_of(
                    variable.dtype, {a: variable.getncattr(a) for a in variable.ncattrs()}
                )
    return {name: dtype for name, dtype in found.items() if dtype.kind in "biu"}


def _is_time(variable: Any) -> bool:
    attrs = {name: variable.getncattr(name) for name in variable.ncattrs()}
    return "calendar" in attrs or str(attrs.get("dtype", "")).startswith("timedelta")


def _rejoin_complex(dataset: xr.Dataset, place: Place) -> xr.Dataset:
    halves: dict[str, list[Any]] = {}
    for name, variable in dataset.variables.items():
        if COMPLEX in variable.attrs:
            halves.setdefault(variable.attrs[COMPLEX], []).append(name)
    coords = set(dataset.coords)
    joined: dict[Any, xr.Variable] = {}
    for name, (real, _) in halves.items():
        half = dataset[real].variable
        dtype = np.result_type(half.dtype, np.complex64)
        attrs = {key: value for key, value in half.attrs.items() if key != COMPLEX}
        joined[name] = _lazy(PlainArray(*place, name, half.shape, dtype), half.dims, attrs)
    parts = [part for pair in halves.values() for part in pair]
    as_coords = {name: v for name, v in joined.items() if f"{name}_real" in coords or v.dims == (name,)}
    return dataset.drop_vars(parts).assign(joined).set_coords([str(name) for name in as_coords])


def _padded(dataset: xr.Dataset, path: Path, fill: dict[str, Any]) -> xr.Dataset:
    """Show outputs whose values lie one behind the other as a study does; takes what it uses out of `fill`."""
    replaced = {}
    for name, variable in dataset.data_vars.items():
        if RAGGED in variable.attrs:
            attrs = dict(variable.attrs)
            dim = attrs.pop(RAGGED)
            lengths = dataset[f"{dim}_size"]
            lengths.attrs.pop("sample_dimension", None)
            inner = (int(lengths.max()), *variable.shape[1:])
            dtype = _dtype_of(np.dtype(variable.encoding.get("dtype", variable.dtype)), attrs)
            if variable.dtype.kind in "bmMc":
                dtype = variable.dtype
            array = PaddedArray(path, str(name), dtype, lengths.shape, inner, dim, fill.pop(str(name), None))
            replaced[name] = _lazy(array, (*lengths.dims, dim, *variable.dims[1:]), attrs)
    return dataset.drop_vars(list(replaced)).assign(replaced) if replaced else dataset


def _lazy(array: FileArray, dims: Any, attrs: Any, encoding: Any = None) -> xr.Variable:
    return xr.Variable(dims, indexing.LazilyIndexedArray(array), attrs, encoding)


def _with_integers(dataset: xr.Dataset, place: Place, fill: Mapping[str, Any]) -> xr.Dataset:
    """Read integers and bools of which some are missing as a study does, not as the floats that xarray chooses."""
    masked = {
        str(name): np.dtype(variable.encoding["dtype"])
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind == "f" and np.dtype(variable.encoding.get("dtype", "f8")).kind in "iu"
    }
    if unknown := [name for name in fill if name not in dataset.data_vars]:
        raise StudyError(
            f"got fill for {unknown[0]!r}; the outputs are {listing(dataset.data_vars)}.{suggest(unknown[0], masked)}"
        )
    if other := [name for name in fill if name not in masked and dataset[name].dtype.kind not in "biu"]:
        raise StudyError(
            f"got fill for {other[0]!r}, which is no integer; an exported file says missing in its own way."
        )
    replaced = {}
    for name, stored in masked.items():
        variable = dataset[name].variable
        dtype = _dtype_of(stored, variable.attrs)
        array = MaskedIntegers(*place, name, variable.shape, dtype, fill.get(name))
        replaced[name] = _lazy(array, variable.dims, variable.attrs, variable.encoding)
    return dataset.assign(replaced)


def _dtype_of(stored: np.dtype[Any], attrs: Mapping[str, Any]) -> np.dtype[Any]:
    is_bool = attrs.get("flag_meanings") == "false true" or attrs.get("dtype") == "bool"
    return np.dtype(bool) if is_bool else stored


def _with_plain_text(dataset: xr.Dataset, place: Place) -> xr.Dataset:
    """Give text the dtype that it has in a study, not that of Python objects."""
    names = [name for name, variable in dataset.variables.items() if variable.dtype.kind in "OT"]
    if not names:
        return dataset
    with open_file(place[0]) as file:
        stored = group_of(file, place[1]).variables
        widths = {name: stored[str(name)].shape[-1] for name in names}  # in bytes: at least the letters
    texts = {
        name: _lazy(
            PlainArray(*place, str(name), dataset[name].shape, f"U{width}"),
            dataset[name].dims,
            dataset[name].attrs,
        )
        for name, width in widths.items()
    }
    coords = {name: value for name, value in texts.items() if name in dataset.coords}
    return dataset.assign({n: v for n, v in texts.items() if n not in coords}).assign_coords(coords)
