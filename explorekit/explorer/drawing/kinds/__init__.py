"""Which kinds of plot are there? Each is one file in this folder that ends in a ``KIND``; nothing else lists them.

A new kind is a new file. This one draws steps::

    \"\"\"How are values that hold until the next one drawn? As steps.\"\"\"

    class StepsPainter:
        def __init__(self, axes, frame, scale):
            self.axes = axes
            (self.line,) = axes.step(frame.x.positions, frame.values, where="post")
            axes.set_ylim(*scale.limits)  # the same for all frames, so that pictures can be compared
            dress(axes, "x", frame.x)     # label and ticks of an axis: numbers, dates, categories

        @property
        def artists(self):
            return (self.line,)

        def update(self, frame, scale):
            self.line.set_ydata(frame.values)

        def explain(self, beside):
            pass

    KIND = Kind("steps", StepsPainter, needs=("x",))

It is in the menu where its axes can have dimensions, and ``explore(results, kind="steps")`` shows it. The axes are drawn
once, and again when `Frame` or `Scale` have other axes, labels, limits or ``Frame.look``; a move of a slider calls ``update``
and draws the artists alone. Runs without a value have a look of their own in every kind: ``frame.shown_status`` says where.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module

import xarray as xr

from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.labels import unknown
from explorekit.explorer.panels import panels
from explorekit.explorer.pointing import picked_in_words
from explorekit.explorer.roles import tidied
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View, default_axes, dims_of, partner

# What is drawn of no, one and two axes where no kind claims a view for itself.
USUAL = ("number", "line", "image")


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind by its name, those with fewer axes first."""
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    found: list[Kind] = [module.KIND for module in modules]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (len(kind.needs), kind.name))}


def kind_of(dataset: xr.Dataset, view: View) -> Kind:
    """Return the kind in which a view is drawn: the one asked for if it fits, or the natural one."""
    if view.kind is not None and (asked := kinds().get(view.kind)) and asked.fits(dataset, view):
        return asked
    claiming = (kind for kind in kinds().values() if kind.fits(dataset, view) and kind.natural(dataset, view))
    return next(claiming, kinds()[USUAL[len(view.axes)]])


def kind_name(dataset: xr.Dataset, view: View) -> str | None:
    """Return the name of the kind in which a view is drawn, None while there is nothing to draw."""
    return None if view.variable is None else kind_of(dataset, view).name


def frame_of(slicer: Slicer, view: View) -> Frame:
    """Return the frame of a view in its kind."""
    if view.variable is None:
        return slicer.frame(view)
    kind = kind_of(slicer.dataset, view)
    if view.row is None and view.column is None:
        frame = replace(kind.frame(slicer, view), kind=kind.name)
        return frame if kind.name in USUAL else replace(frame, picked=picked_in_words(slicer, frame))
    frames = panels(slicer, view, kind.frame, at_once=kind.name in USUAL)
    rows = tuple(tuple(replace(frame, kind=kind.name) for frame in row) for row in frames.panels)
    return replace(frames, kind=kind.name, panels=rows)


def choices_of_kind(dataset: xr.Dataset, view: View) -> list[str]:
    """Return the kinds in which the variable of a view can be drawn, on whatever axes."""
    if view.variable is None:
        return []
    dims = dims_of(dataset, view)
    return [
        name
        for name, kind in kinds().items()
        if len(kind.needs) <= sum(kind.along(dataset, dim) for dim in dims)
        and kind.suits(dataset, view.variable)
    ]


def with_kind(dataset: xr.Dataset, view: View, name: str | None) -> View:
    """Return the view in another kind, on the axes that it needs; None for the natural one.

    Raises
    ------
    ValueError
        If there is no such kind, or the variable cannot be drawn in it.
    """
    if name is None or view.variable is None:
        return replace(view, kind=None)
    kind = _known(name)
    choices = choices_of_kind(dataset, view)
    if name not in choices:
        raise ValueError(f"{view.variable!r} cannot be drawn as {name}; it can as {', '.join(choices)}")
    return replace(_on_axes(dataset, view, kind), kind=name)


def _on_axes(dataset: xr.Dataset, view: View, kind: Kind) -> View:
    if kind.fits(dataset, view):
        return view
    assert view.variable is not None
    best = default_axes(dataset, view.variable, ())
    dims = dims_of(dataset, view)

    def first(*preferred: str | None) -> str | None:
        return next(
            (dim for dim in (*preferred, *dims) if dim not in (None, x) and kind.along(dataset, str(dim))),
            None,
        )

    x = y = None
    if "x" in kind.needs:
        x = first(view.x, best[0], partner(dataset, view.variable))
    if "y" in kind.needs:
        y = first(view.y, best[1], partner(dataset, view.variable, x))
    elif "y" in kind.takes and view.y != x:
        y = view.y
    hue = view.hue if "hue" in kind.takes else None
    return tidied(
        dataset, replace(view, x=x, y=y, hue=hue, by=view.by if x == view.x and y is None else None)
    )


def settled(dataset: xr.Dataset, view: View) -> View:
    """Return the view without a kind that its axes no longer fit, and without roles that nothing is drawn for.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    view = tidied(dataset, view)
    if view.kind is not None and not _known(view.kind).fits(dataset, view):
        view = replace(view, kind=None)
    if view.hue is not None and "hue" not in kind_of(dataset, view).takes:
        view = replace(view, hue=None)
    return view


def _known(name: str) -> Kind:
    if name not in kinds():
        raise ValueError(unknown("kind", name, list(kinds())))
    return kinds()[name]
