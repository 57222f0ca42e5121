"""What is the whole script? Open, select, draw, label."""

from typing import TYPE_CHECKING

from explorekit.explorer.code.bar import bar
from explorekit.explorer.code.contour import contour
from explorekit.explorer.code.designs import pairs, parallel
from explorekit.explorer.code.drawing import KINDS, Sketch, convert, other
from explorekit.explorer.code.events import raster
from explorekit.explorer.code.histogram import histogram
from explorekit.explorer.code.opening import opening, values_of
from explorekit.explorer.code.roles import has_roles, with_roles
from explorekit.explorer.code.selection import ordered, selection
from explorekit.explorer.view import STATUS, slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

# The kinds of plot that are written out whatever else is asked of them.
WRITTEN = {
    "bar": bar,
    "contour": contour,
    "histogram": histogram,
    "pairs": pairs,
    "parallel": parallel,
    "raster": raster,
}


def code_of(explorer: "Explorer") -> str:
    """Return the lines of xarray and matplotlib that draw what an explorer shows.

    Raises
    ------
    ValueError
        If there is nothing to draw yet.
    """
    with explorer.lock:
        view, dataset = explorer.view, explorer.slicer.dataset
        frame, scale, _ = explorer.shown
        nowhere = not all(dataset.sizes[dim] for dim in slider_dims(dataset, view))
        if view.variable is None or frame.kind == "nothing" or nowhere:
            raise ValueError("there is nothing to draw yet")
        sketch = Sketch(dataset, view, frame, scale)
        again, variable = values_of(explorer.source, view.variable)
        sketch.add(*(again or opening(explorer.source, dataset)))
        sketch.add(f"shown = {variable}{_part(sketch, view.variable)}")
        convert(sketch)
        if compared := view.minus or view.over:
            sign = "-" if view.minus else "/"
            sketch.add(f"shown = shown {sign} results[{compared!r}]{_part(sketch, compared)}")
        if frame.kind in WRITTEN:
            WRITTEN[frame.kind](sketch, _part(sketch, STATUS) if sketch.gaps else "")
        elif has_roles(view):
            with_roles(sketch)
        elif sketch.plain:
            if sketch.gaps:
                sketch.add(f"status = results[{STATUS!r}]{_part(sketch, STATUS)}.broadcast_like(shown)")
            KINDS[frame.kind](sketch)
        else:
            other(sketch)
    return sketch.text()


def _part(sketch: Sketch, name: str) -> str:
    """Return what takes the part of a variable that is drawn."""
    dataset, view = sketch.dataset, sketch.view
    dims = dataset.variables[name].dims
    simple = sketch.plain and not has_roles(view)
    axes = [axis for axis in sketch.axes if axis.dim in dims and simple]
    return selection(dataset, view, dims) + "".join(ordered(dataset, axis, view.by) for axis in axes)
