"""Which position does a label mean? The exact one, or the nearest and a note that says so."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from explorekit.explorer.labels import unknown, value_texts


def positions(dataset: xr.Dataset, labels: Mapping[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Return the index along each dimension, and a note for each label that is not on the grid.

    Raises
    ------
    ValueError
        If a dimension is unknown, a label is several, or one that has no neighbours (a text, a truth value) is not there.
    """
    indices: dict[str, int] = {}
    notes: list[str] = []
    for dim, label in labels.items():
        if dim not in dataset.sizes:
            raise ValueError(unknown("dimension", dim, [str(d) for d in dataset.sizes]))
        if np.ndim(label):
            raise ValueError(f"a control shows one value of {dim} at a time: give one of them, not {label!r}")
        if dim in dataset.coords:
            indices[dim], exact = _place(dim, dataset.coords[dim].values, label)
            if not exact:
                notes.append(f"{dim} = {label} is not on the grid: showing the nearest")
        else:
            indices[dim] = _counted(dim, dataset.sizes[dim], label)
    return indices, notes


def _counted(dim: str, size: int, label: Any) -> int:
    if isinstance(label, int | np.integer) and -size <= label < size:
        return int(label) % size
    raise ValueError(f"{dim} has no coordinate: give an index from 0 to {size - 1}, not {label!r}")


def _place(dim: str, values: np.ndarray[Any, Any], label: Any) -> tuple[int, bool]:
    kind = values.dtype.kind
    try:
        if kind not in "iufmM":
            return int(np.flatnonzero(values == label)[0]), True
        wanted = np.asarray(label, dtype=values.dtype if kind in "mM" else float)
        distance = np.abs(values - wanted)
        known = np.flatnonzero(~np.isnan(distance))
        nearest = int(known[distance[known].argmin()])
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(unknown(f"value of {dim}:", label, value_texts(values)[:20])) from error
    return nearest, bool(values[nearest] == wanted)
