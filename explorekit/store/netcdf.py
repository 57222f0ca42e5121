"""Arrays of every supported dtype in netCDF-4 variables, by the CF conventions, and back bit for bit.

netCDF has no bool, complex or time, and no filters for text of variable length. So bools are bytes, complex numbers
two variables, times integer nanoseconds, and texts fixed-width UTF-8.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

from explorekit.errors import StudyError

Array = npt.NDArray[Any]

TIME_UNITS = "nanoseconds since 1970-01-01"
DURATION_UNITS = "nanoseconds"
COMPLEX = "explorekit_complex"
CHUNK_BYTES = 256 * 1024
_CLOSING_ATTEMPTS = 100
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Writable:
    """A variable that has been defined; complex ones have two parts."""

    parts: tuple[Any, ...]
    dtype: np.dtype[Any]
    fill: Any

    def put(self, key: Any, values: Array, missing: npt.NDArray[np.bool_] | None = None) -> None:
        """Write values at an index; where `missing`, the fill value."""
        if self.dtype.kind == "c":
            for part, component in zip(self.parts, (values.real, values.imag), strict=True):
                part[key] = component
            return
        encoded = _encode(values, self.parts[0])
        if missing is not None and self.fill is not None:
            encoded = np.where(missing, np.asarray(self.fill, dtype=self.parts[0].dtype), encoded)
        self.parts[0][key] = encoded


def define(
    group: Any,
    name: str,
    dims: Sequence[str],
    dtype: Any,
    attrs: Mapping[str, Any],
    *,
    width: int | None = None,
    extent: tuple[int, int] | None = None,
    coordinate: bool = False,
) -> Writable:
    """Define a variable in an open netCDF group.

    Parameters
    ----------
    dims
        Dimensions that exist in the group or above it.
    dtype
        The dtype of the values, not of their encoding.
    width
        Bytes of the longest text; by default what the dtype can need.
    extent
        For int and bool values of which some are missing: the smallest and the largest, so that the fill value
        lies outside.
    coordinate
        Whether the values are labels, of which none may be missing and so none stands for missing.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}")
        parts = tuple(
            _create(
                group,
                f"{name}_{which}",
                part,
                dims,
                {**attrs, COMPLEX: name},
                fill=None if coordinate else np.nan,
            )
            for which in ("real", "imag")
        )
        return Writable(parts, dtype, None)
    if dtype.kind == "U":
        size = width or max(1, dtype.itemsize)
        # The dot keeps it apart from every dimension of a user: no part of their names is a number.
        length = f"string.{size}"
        if length not in _dimensions(group):
            group.createDimension(length, size)
        variable = _create(group, name, np.dtype("S1"), [*dims, length], {**attrs, "_Encoding": "utf-8"})
        variable.set_auto_chartostring(False)
        return Writable((variable,), dtype, None)
    stored, extra, fill = _number(dtype, extent)
    fill = None if coordinate else fill
    return Writable((_create(group, name, stored, dims, {**attrs, **extra}, fill=fill),), dtype, fill)


def fetch(group: Any, name: str, dtype: Any, key: Any = ...) -> Array:
    """Read a variable of an open netCDF group at an index, as the dtype that was written."""
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        real, imag = (_raw(group, f"{name}_{which}", key) for which in ("real", "imag"))
        values = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
        values.real, values.imag = real, imag
        return values
    values = _raw(group, name, key)
    if dtype.kind == "U":
        width = values.shape[-1]
        return np.char.decode(np.ascontiguousarray(values).view(f"S{width}")[..., 0], "utf-8")
    if dtype.kind == "b":
        return values.astype(bool)
    return values.view(f"{dtype.kind}8[ns]") if dtype.kind in "mM" else values


def encoded_width(values: Array) -> int:
    """Return the bytes of the longest text in an array, at least 1."""
    return max(1, np.char.encode(values, "utf-8").dtype.itemsize) if values.size else 1


def _raw(group: Any, name: str, key: Any) -> Array:
    variable = group.variables[name]
    variable.set_auto_maskandscale(False)
    if variable.dtype == np.dtype("S1"):
        variable.set_auto_chartostring(False)
    return np.asarray(variable[key])


def _encode(values: Array, variable: Any) -> Array:
    if values.dtype.kind == "U":
        width = variable.shape[-1]
        encoded = np.char.encode(values, "utf-8").astype(f"S{width}")
        return (
            np.ascontiguousarray(encoded).reshape(*values.shape, 1).view("S1").reshape(*values.shape, width)
        )
    if values.dtype.kind in "mM":
        return values.astype(f"{values.dtype.kind}8[ns]").view(np.int64)
    return values.astype(variable.dtype, copy=False)


def _number(
    dtype: np.dtype[Any], extent: tuple[int, int] | None
) -> tuple[np.dtype[Any], dict[str, Any], Any]:
    """Return the stored dtype, the attributes that tell how to read it, and the fill value."""
    if dtype.kind == "M":
        return np.dtype(np.int64), {"units": TIME_UNITS, "calendar": "proleptic_gregorian"}, np.int64(_NAT)
    if dtype.kind == "m":  # the dtype tells xarray that these are no numbers in nanoseconds
        return np.dtype(np.int64), {"units": DURATION_UNITS, "dtype": "timedelta64[ns]"}, np.int64(_NAT)
    if dtype.kind == "f":
        return dtype, {}, dtype.type(np.nan)
    if dtype.kind == "b" and extent is None:
        return np.dtype(np.int8), {"dtype": "bool"}, None
    if dtype.kind == "b":
        flags = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "false true"}
        return np.dtype(np.int8), flags, np.int8(-1)
    if extent is None:
        return dtype, {}, None
    return (*_outside(dtype, extent),)


def _outside(dtype: np.dtype[Any], extent: tuple[int, int]) -> tuple[np.dtype[Any], dict[str, Any], Any]:
    for wider in (dtype, *(np.dtype(f"i{size}") for size in (2, 4, 8) if size > dtype.itemsize)):
        bounds = np.iinfo(wider)
        for candidate in (bounds.min, bounds.max):
            if not extent[0] <= candidate <= extent[1]:
                return wider, {}, wider.type(candidate)
    raise StudyError(
        "the integers take up the whole range of 64 bits, so that none is left to mark missing runs; complete the study first"
    )


def _create(
    group: Any,
    name: str,
    stored: np.dtype[Any],
    dims: Sequence[str],
    attrs: Mapping[str, Any],
    fill: Any = None,
) -> Any:
    shape = [len(_dimensions(group)[dim]) for dim in dims]
    # HDF5 checksums chunks only, and a chunk cannot be empty.
    checked = (
        {"fletcher32": True, "chunksizes": _chunks(shape, stored.itemsize)} if shape and all(shape) else {}
    )
    variable = group.createVariable(name, stored, tuple(dims), fill_value=fill, **checked)
    variable.setncatts(dict(attrs))
    variable.set_auto_maskandscale(False)
    return variable


def _chunks(shape: Sequence[int], itemsize: int) -> list[int]:
    """Return chunks of about `CHUNK_BYTES` that keep inner dimensions whole: one point is read at a time."""
    chunks = list(shape)
    budget = max(1, CHUNK_BYTES // itemsize)
    for axis in range(len(shape)):
        inner = int(np.prod(shape[axis + 1 :], dtype=np.int64))
        chunks[axis] = max(1, min(shape[axis], budget // max(1, inner)))
        if chunks[axis] > 1:
            break
    return chunks


def _dimensions(group: Any) -> dict[str, Any]:
    """Return the dimensions that a group sees, its own first."""
    found: dict[str, Any] = {}
    while group is not None:
        found = {**group.dimensions, **found}
        group = group.parent
    return found


@contextmanager
def create_file(path: Path) -> Iterator[Any]:
    """Write a new netCDF-4 file, which must not exist yet, and hold `hdf5_lock` until it is closed."""
    with hdf5_lock():
        file = _new_file(path)
        try:
            yield file
        finally:
            _close(file, path)


@contextmanager
def create_file_beside_others(path: Path) -> Iterator[Any]:
    """Write a new netCDF-4 file, and leave it to the block to hold `hdf5_lock` whenever it writes."""
    with hdf5_lock():
        file = _new_file(path)
    try:
        yield file
    finally:
        with hdf5_lock():
            _close(file, path)


def _new_file(path: Path) -> Any:
    return netCDF4.Dataset(path, "w", format="NETCDF4", clobber=False)


def _close(file: Any, path: Path) -> None:
    try:
        file.close()
    except RuntimeError:
        # The disk is full. A file that stays open keeps its room even when it is deleted, and it closes only when what
        # is pending has been written: so give it the room that it has, again and again.
        for _ in range(_CLOSING_ATTEMPTS):
            with suppress(OSError, RuntimeError):
                os.truncate(path, 0)
                file.close()
                break
        raise


@contextmanager
def open_file(path: Any) -> Iterator[Any]:
    """Open a netCDF file to read, and hold `hdf5_lock` until it is closed."""
    with hdf5_lock(), netCDF4.Dataset(path) as file:
        yield file


def hdf5_lock() -> AbstractContextManager[Any]:
    """Return xarray's lock, which every use of HDF5 in a process must hold: the library is not thread-safe.

    Where xarray is not loaded, as in most children, there is one thread to use HDF5, and nothing to wait for.
    """
    locks = sys.modules.get("xarray.backends.locks")
    return nullcontext() if locks is None else locks.HDF5_LOCK
