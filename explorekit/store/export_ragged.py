"""Uneven outputs in an exported file: as a contiguous ragged array of CF where padding would more than double them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from explorekit.store.hdf5 import hdf5_lock
from explorekit.store.netcdf import define
from explorekit.store.reader import OutputArray, SizeArray
from explorekit.store.shard import sample_dimension
from explorekit.store.snapshot import Snapshot
from explorekit.store.table import Ints

RAGGED = "explorekit_ragged"

_WASTED_SHARE = 1.0
_WASTED_BYTES = 16 * 2**20
_BLOCK_BYTES = 32 * 2**20


def is_better_joined_up(snapshot: Snapshot, name: str) -> bool:
    """Return whether an output's values are better kept one behind the other than padded."""
    field = snapshot.fields[name]
    if field.coordinate or field.family == "text" or snapshot.ragged.isdisjoint(field.dims[:1]):
        return False
    if snapshot.is_left_out(name) or not snapshot.ragged.isdisjoint(field.dims[1:]):
        return False
    held, rows = int(_lengths(snapshot, field.dims[0]).sum()), len(snapshot.space)
    padding = rows * snapshot.sizes[field.dims[0]] - held
    return held > 0 and padding > _WASTED_SHARE * held and padding * _width(snapshot, name) >= _WASTED_BYTES


def put_joined_up(file: Any, name: str, variable: xr.Variable, snapshot: Snapshot) -> None:
    """Write the values of all points of an output one behind the other, in C order of the space."""
    field = snapshot.fields[name]
    dim, *rest = field.dims
    lengths, dtype = _lengths(snapshot, dim), np.dtype(field.dtype)
    along = sample_dimension(dim)
    with hdf5_lock():
        if along not in file.dimensions:
            file.createDimension(along, int(lengths.sum()))
        attrs = {**variable.attrs, RAGGED: dim}
        target = define(file, name, (along, *rest), dtype, attrs, coordinate=dtype.kind in "biu")
    tolerant = replace(snapshot, fill={name: dtype.type(0)}) if dtype.kind in "biu" else snapshot
    array, start = OutputArray(tolerant, name), 0
    inner = [np.arange(snapshot.sizes[d]) for d in rest]
    for rows in _lots(lengths, max(1, _BLOCK_BYTES // _width(snapshot, name))):
        index = np.arange(int(lengths[rows].max()))
        block = array.read_points(rows, [index, *inner])[index < lengths[rows, np.newaxis]]
        with hdf5_lock():
            target.put(slice(start, start + len(block)), block)
        start += len(block)


def name_sample_dimensions(file: Any, snapshot: Snapshot) -> None:
    """Say of the lengths which dimension they divide, as CF asks."""
    for dim in snapshot.ragged:
        if sample_dimension(dim) in file.dimensions:
            file.variables[f"{dim}_size"].setncattr("sample_dimension", sample_dimension(dim))


def _lengths(snapshot: Snapshot, dim: str) -> Ints:
    return SizeArray(snapshot, dim).read_points(np.arange(len(snapshot.space)), [])


def _width(snapshot: Snapshot, name: str) -> int:
    """Return the bytes that one step along the uneven dimension takes."""
    field = snapshot.fields[name]
    sizes = [snapshot.sizes[dim] for dim in field.dims[1:]]
    return max(1, np.dtype(field.dtype).itemsize * int(np.prod(sizes, dtype=np.int64)))


def _lots(lengths: Ints, limit: int) -> Iterator[Ints]:
    """Yield rows that are not empty in lots that, padded, hold about so many values at most."""
    lot: list[int] = []
    longest = 0
    for row in np.flatnonzero(lengths).tolist():
        longer = max(longest, int(lengths[row]))
        if lot and longer * (len(lot) + 1) > limit:
            yield np.array(lot)
            lot, longer = [], int(lengths[row])
        lot.append(row)
        longest = longer
    if lot:
        yield np.array(lot)
