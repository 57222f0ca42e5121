"""Which points do two results have in common? Those with the same labels, wherever they lie in each of them."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from explorekit.explorer.labels import index_labels, paired
from explorekit.explorer.view import STATUS

# Floats that agree in so many digits differ by rounding only.
DIGITS = 10


def in_common(one: xr.Dataset, other: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset, list[str]]:
    """Return both Datasets on what they have in common, and a note for everything that is left out.

    Nothing is read: what is lazy stays so.

    Raises
    ------
    ValueError
        If there is no variable, or along a dimension no value, that both have.
    """
    names = [name for name in one.data_vars if name in other.data_vars]
    alike = [name for name in names if set(one[name].dims) == set(other[name].dims)]
    if not alike:
        known = ", ".join(map(str, one.data_vars)), ", ".join(map(str, other.data_vars))
        raise ValueError(
            f"there is nothing to compare: no variable is in both over the same dimensions: {known[0]}; {known[1]}"
        )
    notes = _left_out([str(name) for name in names if name not in alike], one, other)
    one, other = _with_status(one, alike), _with_status(other, alike)
    for dim in [str(dim) for dim in one.sizes if dim in other.sizes]:
        here, there = matches(one, other, dim)
        if not len(here) and (one.sizes[dim] or other.sizes[dim]):
            raise ValueError(f"there is nothing to compare: no value of {dim} is in both")
        notes += _missed(dim, one.sizes[dim] - len(here), one.sizes[dim], "first")
        notes += _missed(dim, other.sizes[dim] - len(there), other.sizes[dim], "second")
        one, other = _at(one, dim, here), _at(other, dim, there)
    return one, other, notes


def _with_status(dataset: xr.Dataset, names: Sequence[Hashable]) -> xr.Dataset:
    """Return some variables and the status of the runs, which only one of both may have."""
    return dataset[[*names, *({STATUS} & set(dataset.data_vars) - set(names))]]


def _left_out(names: Sequence[str], one: xr.Dataset, other: xr.Dataset) -> list[str]:
    return [
        f"{name} is left out: it is over {', '.join(map(str, one[name].dims))} in the first, "
        f"and over {', '.join(map(str, other[name].dims))} in the second"
        for name in names
    ]


def _missed(dim: str, count: int, size: int, which: str) -> list[str]:
    return [f"{count:,} of {size:,} values of {dim} are in the {which} only"] if count else []


def _at(dataset: xr.Dataset, dim: str, index: np.ndarray[Any, Any]) -> xr.Dataset:
    whole = np.array_equal(index, np.arange(dataset.sizes[dim]))
    return dataset if whole else dataset.isel({dim: index})


def matches(
    one: xr.Dataset, other: xr.Dataset, dim: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the positions along a dimension of the labels that both have: in the first, and in the second."""
    here, there = _labels(one, dim), _labels(other, dim)
    if here is None or there is None:
        both = np.arange(min(one.sizes[dim], other.sizes[dim]))
        return both, both
    places = {label: place for place, label in reversed(list(enumerate(there)))}
    found = [(place, places[label]) for place, label in enumerate(here) if label in places]
    pairs = np.array(found, dtype=int).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _labels(dataset: xr.Dataset, dim: str) -> list[Hashable] | None:
    """Return what tells the positions along a dimension apart; None where nothing does."""
    if dim not in dataset.coords:
        labels: list[Any] | None = index_labels(dataset, dim) if paired(dataset, dim) else None
    else:
        values = dataset.coords[dim].values
        labels = [_rounded(float(v)) for v in values] if values.dtype.kind in "iuf" else values.tolist()
    if labels is None:
        return None
    # The second time that a label occurs, it is another one.
    count: dict[Hashable, int] = {}
    for place, label in enumerate(labels):
        count[label] = count.get(label, 0) + 1
        labels[place] = (label, count[label])
    return labels


def _rounded(value: float) -> float | str:
    """Return a float that is the same for all that differ by rounding only, and a text where there is no value."""
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else str(value)
