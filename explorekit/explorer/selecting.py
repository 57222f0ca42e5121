"""Which position does a label mean? The exact one, or the nearest and a note that says so."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from explorekit.explorer.labels import given_mask, paired, unknown, value_texts

# In a dict in place of a label: the index itself, where no value tells positions apart.
POSITION = "position"


def positions(dataset: xr.Dataset, labels: Mapping[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Return the index along each dimension, and a note for each label that is not on the grid.

    Along a dimension of paired coordinates, a label may be a dict of their values: ``{"x": 1, "y": 3}``.

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
        if isinstance(label, Mapping):
            indices[dim] = _matching(dataset, dim, label)
        elif dim in dataset.coords:
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


def _matching(dataset: xr.Dataset, dim: str, label: Mapping[str, Any]) -> int:
    """Return the first position that has all values of a dict."""
    names = paired(dataset, dim)
    if set(label) == {POSITION} and POSITION not in names:
        return _counted(dim, dataset.sizes[dim], label[POSITION])
    matches = np.ones(dataset.sizes[dim], dtype=bool)
    for name, value in label.items():
        if name not in names:
            raise ValueError(unknown(f"coordinate along {dim}:", name, names))
        values = dataset.coords[name].values
        wanted = _as_values(value, values.dtype) if values.dtype.kind in "mM" else value
        matches &= np.asarray(values == wanted) & given_mask(dataset, name)
    if not matches.any():
        raise ValueError(f"nothing along {dim} is at {', '.join(f'{n} = {v}' for n, v in label.items())}")
    return int(matches.argmax())


def _as_values(label: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if dtype.kind == "m" and isinstance(label, str):
        label = pd.Timedelta(label).to_timedelta64()  # NumPy reads no text as a time difference
    return np.asarray(label, dtype=dtype if dtype.kind in "mM" else float)


def _place(dim: str, values: np.ndarray[Any, Any], label: Any) -> tuple[int, bool]:
    kind = values.dtype.kind
    try:
        if kind not in "iufmM":
            return int(np.flatnonzero(values == label)[0]), True
        wanted = _as_values(label, values.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            distance = np.abs(values - wanted)
        known = np.flatnonzero(~np.isnan(distance))
        nearest = int(known[distance[known].argmin()])
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(unknown(f"value of {dim}:", label, value_texts(values)[:20])) from error
    return nearest, bool(values[nearest] == wanted)
