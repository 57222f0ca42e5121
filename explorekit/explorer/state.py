"""What is a view in words that can be kept? A small dict that JSON can hold, with values in place of positions."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from explorekit.explorer.labels import given_mask, paired, unknown
from explorekit.explorer.selecting import POSITION, positions
from explorekit.explorer.view import View, checked, slider_dims

State = dict[str, Any]
SELECTION = "selection"


def state_of(dataset: xr.Dataset, view: View) -> State:
    """Return a view as a dict that JSON can hold; what is as it would be anyway is left out.

    Parameters
    ----------
    dataset
        What the view is of.
    view
        The view.

    Returns
    -------
    dict
        The fields of the view by name; ``selection`` has, along every dimension that has a control or is picked, the value that the
        view is at: a number, a text (of dates and times too), a truth value. Where no value tells positions apart it is
        ``{"position": 3}``, and along a dimension of paired coordinates a dict of their values.

    Examples
    --------
    >>> rate = xr.DataArray(np.eye(3), dims=("I", "tau"), coords={"tau": [5.0, 7.5, 10.0]}, name="rate")
    >>> state_of(rate.to_dataset(), View("rate", x="I", selection={"tau": 1}))
    {'variable': 'rate', 'x': 'I', 'selection': {'tau': 7.5}}
    """
    kept = {field.name: getattr(view, field.name) for field in fields(view) if field.name != SELECTION}
    state = {
        field.name: _plain(kept[field.name])
        for field in fields(view)
        if field.name in kept and kept[field.name] != _default(field)
    }
    dims = (*slider_dims(dataset, view), *(view.pickable if view.picked else ()))
    where = {dim: view.index(dim) for dim in dims if dataset.sizes[dim]}
    return {**state, SELECTION: {dim: label_at(dataset, dim, index) for dim, index in where.items()}}


def is_state(parts: Mapping[str, Any]) -> bool:
    """Return whether what was asked for by name is a state, and not the values along some dimensions."""
    return isinstance(parts.get(SELECTION), Mapping)


def view_of(dataset: xr.Dataset, state: Mapping[str, Any]) -> tuple[View, list[str]]:
    """Return the view that a state describes, and a note for each value that is not on the grid any more.

    Raises
    ------
    ValueError
        If the state names what the dataset does not have.
    """
    known = {field.name: field for field in fields(View)}
    for name in state:
        if name not in known:
            raise ValueError(unknown("part of a view", name, list(known)))
    indices, notes = positions(dataset, state.get(SELECTION) or {})
    parts = {name: _like(value, _default(known[name])) for name, value in state.items() if name != SELECTION}
    return checked(dataset, View(selection=indices, **parts)), notes


def label_at(dataset: xr.Dataset, dim: str, index: int) -> Any:
    """Return what `positions` finds one position along a dimension by, as JSON can hold it."""
    if dim in dataset.coords:
        label = plain_label(dataset.coords[dim].values[index])
    elif POSITION not in (partners := paired(dataset, dim)) and partners:
        given = [name for name in partners if given_mask(dataset, name)[index]]
        label = {name: plain_label(dataset.coords[name].values[index]) for name in given}
    else:
        return index
    try:
        found = positions(dataset, {dim: label})
    except ValueError:
        found = {}, []
    return label if found == ({dim: index}, []) else {POSITION: index}


def plain_label(value: Any) -> Any:
    """Return one value as a number, a text or a truth value; None where it is none of these."""
    match value:
        case np.datetime64():
            return None if np.isnat(value) else str(value)
        case np.timedelta64():
            return None if np.isnat(value) else pd.Timedelta(value).isoformat()
        case np.generic():
            return plain_label(value.item())
        case float():
            return value if math.isfinite(value) else None
        case str() | int():
            return value
        case _:
            return None


def _plain(value: Any) -> Any:
    """Return a value of a view in JSON's types."""
    match value:
        case Mapping():
            return {str(key): _plain(entry) for key, entry in value.items()}
        case tuple() | list() | set() | frozenset():
            return [_plain(entry) for entry in value]
        case np.generic():
            return value.item()
        case _:
            return value


def _like(value: Any, default: Any) -> Any:
    """Return a value as the view has it, where JSON has no such type."""
    if isinstance(value, list) or (isinstance(default, tuple) and not isinstance(value, str)):
        return tuple(_like(entry, ()) if isinstance(entry, list) else entry for entry in value)
    return value


def _default(field: "Field[Any]") -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else None
