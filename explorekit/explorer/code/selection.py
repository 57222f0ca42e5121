"""Which part of the variable is it? By value where a value names one position, else by index."""

from collections.abc import Container, Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from explorekit.explorer.axis import Axis
from explorekit.explorer.code.literals import keywords, literal
from explorekit.explorer.view import View, slider_dims


def selection(dataset: xr.Dataset, view: View, dims: Container[Hashable]) -> str:
    """Return ``.sel(…)`` and ``.isel(…)`` for where the controls are, along some dimensions."""
    return at(dataset, {dim: view.index(dim) for dim in slider_dims(dataset, view) if dim in dims})


def at(dataset: xr.Dataset, indices: Mapping[str, int]) -> str:
    """Return ``.sel(…)`` and ``.isel(…)`` for an index along each of some dimensions."""
    by_value: dict[str, str] = {}
    by_index: dict[str, str] = {}
    for dim, index in indices.items():
        value = value_at(dataset, dim, index)
        if value is None:
            by_index[dim] = str(index)
        else:
            by_value[dim] = value
    parts = [
        f".{name}({keywords(where)})" for name, where in (("sel", by_value), ("isel", by_index)) if where
    ]
    return "".join(parts)


def value_at(dataset: xr.Dataset, dim: str, index: int) -> str | None:
    """Return the value at a position as code, if xarray finds that position by it."""
    if dim not in dataset.indexes:
        return None
    value = dataset.coords[dim].values[index]
    try:
        found: Any = dataset.indexes[dim].get_loc(value)
    except (KeyError, TypeError, ValueError):
        return None
    return literal(value) if isinstance(found, int) and found == index else None


def ordered(dataset: xr.Dataset, axis: Axis, by: str | None) -> str:
    """Return what brings values along an axis into the order, and to the number, in which they are drawn."""
    step = f".isel({keywords({axis.dim: f'slice(None, None, {axis.step})'})})" if axis.step > 1 else ""
    if axis.scattered:
        given = f"{by}_given"
        some = f"np.flatnonzero(results[{given!r}])"
        return (
            f".isel({keywords({axis.dim: some})})" if given in dataset.coords else step
        ) + f".sortby({by!r})"
    if axis.in_order:
        return step
    if np.array_equal(axis.place, np.arange(len(axis.place))[::-1]):
        return f"{step}.isel({keywords({axis.dim: 'slice(None, None, -1)'})})"
    return f"{step}.sortby({axis.dim!r})"
