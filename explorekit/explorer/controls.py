"""With what is a position chosen? One widget a dimension, labelled by its coordinate."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np
import xarray as xr

from explorekit.explorer.labels import dim_name, paired
from explorekit.explorer.slicing import MOST_LABELS, Slicer

NONE = "—"
WIDTH = "720px"
# Longer labels are cut beside a slider; the title of the picture has them whole.
LONGEST_LABEL = 24
# Longer descriptions are cut, and whole in the tooltip.
LONGEST = 26


def slice_control(slicer: Slicer, dim: str, index: int) -> ipywidgets.Widget:
    """Return the widget that chooses a position along ``dim``.

    A menu for texts and truth values, a slider labelled by coordinate for what has an order, and a slider over
    the index for a dimension without coordinates, with too many to label, or with several at each position.
    """
    dataset = slicer.dataset
    size = dataset.sizes[dim]
    shape: dict[str, Any] = {
        "description": _name(slicer, dim),
        "tooltip": _name(slicer, dim),
        "style": {"description_width": _description_width(slicer)},
        "layout": {"width": "auto"},
        "disabled": size < 2,
    }
    labels = [] if _shows_positions(slicer, dim) else slicer.labels(dim)
    if not labels or (set(labels) == {str(i) for i in range(size)} and dim not in dataset.coords):
        return ipywidgets.IntSlider(index, 0, max(size - 1, 0), **shape)
    options = list(zip(labels, _values(dataset, dim), strict=True))
    if named(dataset, dim):
        return ipywidgets.Dropdown(options=options, index=index, **shape)
    slider = ipywidgets.SelectionSlider(options=options, index=index, **shape)
    slider.add_class("explorekit-labelled")  # what is typed beside it is for the kernel to understand
    return slider


def named(dataset: xr.Dataset, dim: str) -> bool:
    """Return whether the values along a dimension are names, without an order."""
    return dim in dataset.coords and dataset.coords[dim].dtype.kind not in "iufmM"


def _shows_positions(slicer: Slicer, dim: str) -> bool:
    """Return whether there are too many labels to send, or labels of several parameters that are too long to show."""
    dataset = slicer.dataset
    if dataset.sizes[dim] > MOST_LABELS:  # they would take longer to send than to use
        return True
    several = dim not in dataset.coords and len(paired(dataset, dim)) > 1
    return several and max(map(len, slicer.labels(dim)), default=0) > LONGEST_LABEL


def _name(slicer: Slicer, dim: str) -> str:
    """Return the full name of a dimension, but without units where its control shows positions."""
    dataset = slicer.dataset
    labelled = dim in dataset.coords or bool(paired(dataset, dim))
    return f"{dim} (position)" if labelled and _shows_positions(slicer, dim) else dim_name(dataset, dim)


def _description_width(slicer: Slicer) -> str:
    """Return a width that shows every description, so that all sliders begin below each other."""
    longest = max((len(_name(slicer, str(dim))) for dim in slicer.dataset.sizes), default=0)
    return f"{min(longest, LONGEST)}ch"


def _values(dataset: xr.Dataset, dim: str) -> Sequence[Any]:
    """Return what the widget's value is at each position: the coordinate, or the index where that is unclear."""
    size = dataset.sizes[dim]
    if dim not in dataset.coords:
        return range(size)
    array = dataset.coords[dim].values
    values: list[Any] = list(array) if array.dtype.kind in "mM" else array.tolist()
    usable = all(
        value is not None and isinstance(value == value, bool | np.bool_) and value == value
        for value in values
    )
    return values if usable else range(size)


def index_trait(control: ipywidgets.Widget) -> str:
    """Return the name of the trait that holds a control's position."""
    return "value" if isinstance(control, ipywidgets.IntSlider) else "index"


def index_of(control: ipywidgets.Widget) -> int:
    return int(getattr(control, index_trait(control)) or 0)


def chooser(description: str) -> ipywidgets.Dropdown:
    """Return an empty menu."""
    layout = {"width": "auto", "flex": "1 1 160px"}
    return ipywidgets.Dropdown(
        options=[], description=description, style={"description_width": "initial"}, layout=layout
    )


def offer(menu: ipywidgets.Dropdown, names: Sequence[str], chosen: str | None, *, none: bool = False) -> None:
    """Set what a menu offers and what is chosen; with ``none``, nothing can be chosen too, as an empty text."""
    options = [(NONE, ""), *((name, name) for name in names)] if none else [(name, name) for name in names]
    if tuple(menu.options) != tuple(options):
        menu.options = options
    wanted = ("" if none else None) if chosen is None else chosen
    if menu.value != wanted:
        menu.value = wanted
