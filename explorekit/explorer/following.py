"""Where does a view go when another one moves? To the same labels, or the nearest, and a note that says so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import xarray as xr

from explorekit.explorer.labels import index_labels, paired, units_of
from explorekit.explorer.selecting import POSITION, positions
from explorekit.explorer.state import label_at
from explorekit.explorer.view import View, dims_of, slider_dims


def standing(dataset: xr.Dataset, view: View) -> dict[str, int]:
    """Return the index along every dimension at which a view stands: those off the axes, and on them what is picked."""
    dims = (*slider_dims(dataset, view), *(view.pickable if view.picked else ()))
    return {dim: view.index(dim) for dim in dims if dataset.sizes[dim]}


def followed(
    dataset: xr.Dataset, view: View, leader: xr.Dataset, where: Mapping[str, int]
) -> tuple[View, list[str]]:
    """Return the view at the labels at which another stands, and a note for each dimension where there is none.

    Parameters
    ----------
    dataset, view
        What follows.
    leader
        What is followed.
    where
        The index there, by dimension. Dimensions that are not in both are left alone.

    Returns
    -------
    View
        With what lies at the labels picked, if all its axes are along dimensions that are followed.
    list of str
        What to say of labels that are not here.
    """
    indices, notes = dict[str, int](), list[str]()
    for dim in dims_of(dataset, view):
        if dim not in where or not dataset.sizes[dim]:
            continue
        try:
            indices[dim], exact = _index(dataset, leader, dim, where[dim])
        except ValueError as error:
            notes.append(str(error))
        else:
            if not exact:
                label = _text(leader, dim, where[dim])
                notes.append(f"{label} is not here: showing the nearest, {_text(dataset, dim, indices[dim])}")
    picked = view.picked or (bool(view.pickable) and set(view.pickable) <= set(indices))
    return replace(view, selection={**view.selection, **indices}, picked=picked), notes


def _index(dataset: xr.Dataset, leader: xr.Dataset, dim: str, index: int) -> tuple[int, bool]:
    """Return the index of a label, and whether it is that label rather than the nearest."""
    if alike(dataset, leader, dim):
        return index, True
    if dim in dataset.coords and dim in leader.coords:
        here, there = (units_of(data.coords[dim].attrs) for data in (dataset, leader))
        if here and there and here != there:
            raise ValueError(f"{dim} stays where it is: it is in {here} here, and in {there} there")
        label: Any = leader.coords[dim].values[index]
    elif dim in dataset.coords or dim in leader.coords:
        raise ValueError(f"{dim} stays where it is: only one of both has values along it")
    elif paired(dataset, dim) or paired(leader, dim):
        label = label_at(leader, dim, index)
    else:
        last = dataset.sizes[dim] - 1
        return min(index, last), index <= last
    missing = ValueError(f"{dim} stays where it is: {_text(leader, dim, index)} is not here")
    if (isinstance(label, Mapping) and POSITION in label) or _measure(dataset, dim) != _measure(leader, dim):
        raise missing
    try:
        found, notes = positions(dataset, {dim: label})
    except ValueError as error:
        raise missing from error
    return found[dim], not notes


def _measure(dataset: xr.Dataset, dim: str) -> str:
    """Return what tells times and time differences from anything else."""
    kind = dataset.coords[dim].dtype.kind if dim in dataset.coords else ""
    return kind if kind in "mM" else ""


def alike(dataset: xr.Dataset, leader: xr.Dataset, dim: str) -> bool:
    """Return whether a position along a dimension means the same in both."""
    if dataset.sizes[dim] != leader.sizes[dim]:
        return False
    here, there = ({dim, *paired(data, dim)} & set(data.coords) for data in (dataset, leader))
    return here == there and all(
        dataset.coords[name].variable.identical(leader.coords[name].variable) for name in here
    )


def _text(dataset: xr.Dataset, dim: str, index: int) -> str:
    if dim not in dataset.coords and not paired(dataset, dim):
        return f"{dim} = {index}"
    label = index_labels(dataset.coords.to_dataset().isel({dim: [index]}), dim)[0]
    return f"{dim} = {label}" if dim in dataset.coords else label
