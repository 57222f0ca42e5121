"""Between which values is a view drawn? Those of its variable, or of what is worked out from it at some positions."""

import math
from collections.abc import Hashable, Iterator
from dataclasses import replace
from functools import reduce

import numpy as np

from explorekit.explorer.scale import BLOCK, BLOCKS, Array, Scale, measure
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View, slider_dims


def subject(view: View) -> Hashable:
    """Return what views have in common that share a scale: the variable, or what is worked out from it."""
    worked_out = view.reduce or view.minus or view.over
    return (view.variable, view.minus, view.over, *view.reduce.items()) if worked_out else view.variable


def measure_view(slicer: Slicer, view: View) -> Scale:
    """Return the scale of a view: from a sample of its variable, or, where values are reduced, of its frames."""
    assert view.variable is not None
    if not (view.reduce or view.minus or view.over):
        return measure(slicer.dataset, view.variable)
    scale = Scale(signed=view.minus is not None)
    for place in places(slicer, view):
        for values in numbers(slicer.frame(place)):
            scale = scale.including(values)
    return scale


def looked_at(scale: Scale, frame: Frame, view: View) -> Scale:
    """Return the scale as it was asked to look: logarithmic, in other colours, or between other limits."""
    if view.limits == "frame":
        scale = reduce(Scale.including, numbers(frame), replace(scale, low=math.inf, high=-math.inf))
    log = view.norm == "log" and not scale.categories and not scale.signed and not frame.time
    typed = view.limits if isinstance(view.limits, tuple) else None
    return replace(scale, log=log, cmap=view.cmap, typed=typed)


def numbers(frame: Frame) -> Iterator[Array]:
    """Yield the values of a frame, and the ends of bands in it."""
    yield frame.values
    for part in (panel for row in frame.panels for panel in row) if frame.panels else (frame,):
        if part.low is not None and part.high is not None:
            yield part.low
            yield part.high


def places(slicer: Slicer, view: View) -> Iterator[View]:
    """Yield views at positions spread over all that are not shown; few where each takes many values."""
    dataset = slicer.dataset
    single = replace(view, row=None, column=None, picked=False)
    moving = {dim: dataset.sizes[dim] for dim in slider_dims(dataset, single)}
    each = math.prod(dataset.sizes[dim] for dim in single.placed)
    count = min(max(BLOCK * BLOCKS // max(each, 1), 1), BLOCKS, max(math.prod(moving.values()), 1))
    for flat in np.linspace(0, max(math.prod(moving.values()) - 1, 0), count).round().astype(int):
        if all(moving.values()):
            where = np.unravel_index(flat, tuple(moving.values())) if moving else ()
            yield replace(single, selection=dict(zip(moving, map(int, where), strict=True)))
