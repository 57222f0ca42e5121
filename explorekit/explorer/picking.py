"""Which value is picked? A place on the axes of a frame, the position in the results that lies there, and its labels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from explorekit.explorer.view import View, dims_of, slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.axis import Axis
    from explorekit.explorer.slicing import Frame

# In ``Frame.extra``: the index of each of several pictures along the row and the column.
PLACES = "places"


def place_of(view: View, axes: Sequence["Axis"]) -> tuple[int, ...] | None:
    """Return the place on each axis that is picked; None if none is, or it is not on them."""
    places = [_place(axis, view.index(axis.dim)) for axis in axes] if view.picked else [None]
    known = tuple(place for place in places if place is not None)
    return known if axes and len(known) == len(places) else None


def _place(axis: "Axis", index: int) -> int | None:
    distance = np.abs(axis.order - index)
    nearest = int(distance.argmin()) if len(distance) else None
    # Of many values an axis shows every few.
    return nearest if nearest is not None and distance[nearest] < axis.step else None


def with_place(view: View, axes: Sequence["Axis"], places: Sequence[int]) -> View:
    """Return the view with another place on each axis picked, none where there are no places.

    Raises
    ------
    IndexError
        If the axes have no such place.
    """
    if not places:
        return replace(view, picked=False)
    if len(places) != len(axes) or min(places) < 0:
        raise IndexError(f"a picture of {len(axes)} axes has no place {list(places)}")
    there = {axis.dim: int(axis.order[place]) for axis, place in zip(axes, places, strict=True)}
    return replace(view, selection={**view.selection, **there}, picked=True)


def with_pick(view: View, frame: "Frame", places: Sequence[int]) -> View:
    """Return the view with another value of its frame picked, or another of several pictures.

    Raises
    ------
    IndexError
        If there is no such place.
    """
    if frame.panels:
        return with_panel(view, frame.extra[PLACES], places)
    return with_place(view, [axis for axis in (frame.hue, frame.y, frame.x) if axis is not None], places)


def with_panel(view: View, panels: Sequence[Mapping[str, int]], places: Sequence[int]) -> View:
    """Return the view with another of several pictures picked, none where there are no places.

    Raises
    ------
    IndexError
        If there is no such picture.
    """
    if not places:
        return replace(view, picked=False)
    if len(places) != 1 or places[0] < 0:
        raise IndexError(f"there is no picture {list(places)}")
    return replace(view, selection={**view.selection, **panels[places[0]]}, picked=True)


def panel_of(view: View, panels: Sequence[Mapping[str, int]]) -> tuple[int, ...] | None:
    """Return which of several pictures is picked; None if none is, or it is not among them."""
    there = (all(view.index(dim) == index for dim, index in place.items()) for place in panels)
    return next(((number,) for number, found in enumerate(there) if found), None) if view.picked else None


def point_of(dataset: xr.Dataset, view: View) -> dict[str, Any] | None:
    """Return the labels of the value that is picked, by dimension; the index where there are none. None if nothing is."""
    if not view.picked:
        return None
    there = {*slider_dims(dataset, view), *view.pickable}
    return {
        dim: _label(dataset, dim, view.index(dim))
        for dim in dims_of(dataset, view)
        if dim in there and dataset.sizes[dim]
    }


def _label(dataset: xr.Dataset, dim: str, index: int) -> Any:
    if dim not in dataset.coords:
        return index
    label = dataset.coords[dim].values[index]
    return label if label.__class__.__module__ != "numpy" or label.dtype.kind in "mM" else label.item()
