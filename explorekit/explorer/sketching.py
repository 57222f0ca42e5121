"""What is seen of a large image while a slider moves? Few of its values, which are there sooner than all."""

import math
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explorekit.explorer.axis import Axis
from explorekit.explorer.drawing.kinds import kind_of
from explorekit.explorer.picking import place_of
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View, slider_dims

if TYPE_CHECKING:
    from collections.abc import Hashable

# An image of fewer values is read while a screen refreshes.
LARGE = 2**22
# Of so many rows every chunk is read whole, since chunks keep rows whole; more columns of them cost nothing.
MOST_ROWS, MOST_COLUMNS = 128, 700
# So many sketches are kept, a third of a megabyte each of float32: a hand goes back and forth.
MOST_KEPT = 20
# In ``Frame.extra``: how many cells along y and along x a value stands for.
EVERY = "every"


class Sketches:
    """Frames with few values, each of which stands for several cells; those taken last are kept."""

    def __init__(self) -> None:
        self._slicer: Slicer | None = None
        self._kept: OrderedDict[Hashable, Frame] = OrderedDict()

    def frame(self, slicer: Slicer, view: View) -> Frame | None:
        """Return the sketch of a view, on the axes of the whole frame; None where that is no large image."""
        axes = _large(slicer, view)
        if axes is None:
            return None
        if slicer is not self._slicer:
            self._slicer = slicer
            self._kept.clear()
        where = (view.index(dim) for dim in slider_dims(slicer.dataset, view))
        key = (view.variable, *((axis.key, axis.step) for axis in axes), *where)
        frame = self._kept.pop(key, None) or _sketched(slicer, view, axes)
        self._kept[key] = frame
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return replace(frame, pick=place_of(view, axes))


def _large(slicer: Slicer, view: View) -> list[Axis] | None:
    """Return the axes of an image of many values; None where a view is something else."""
    if view.variable is None or len(view.axes) != 2 or set(view.placed) != set(view.axes):
        return None
    # The limits of each image follow from all of its values.
    if view.minus or view.over or view.limits == "frame" or kind_of(slicer.dataset, view).name != "image":
        return None
    if math.prod(slicer.dataset.sizes[dim] for dim in view.axes) < LARGE:
        return None
    return slicer.axes(view)


def _sketched(slicer: Slicer, view: View, axes: list[Axis]) -> Frame:
    variable = slicer.dataset.variables[str(view.variable)]
    rows = min(axes, key=lambda axis: variable.dims.index(axis.dim))
    every = [-(-len(axis.order) // (MOST_ROWS if axis is rows else MOST_COLUMNS)) for axis in axes]
    frame = slicer.frame(view, [_thinned(axis, step) for axis, step in zip(axes, every, strict=True)])
    # Frames are of float64, which takes as much again to keep.
    values = frame.values.astype(np.float32) if variable.dtype == np.float32 else frame.values
    y, x = axes
    return replace(frame, values=values, x=x, y=y, extra={**frame.extra, EVERY: tuple(every)})


def _thinned(axis: Axis, every: int) -> Axis:
    """Return an axis with every how-many-th of its values."""
    return replace(axis, positions=axis.positions[::every], order=axis.order[::every], step=axis.step * every)
