"""How is a kind of plot written that is the same in one picture and in several? Prepared once, then drawn in each."""

from collections.abc import Callable

from explorekit.explorer import flags
from explorekit.explorer.code.drawing import Sketch, add_figure, add_title
from explorekit.explorer.code.literals import texts
from explorekit.explorer.code.roles import reduce
from explorekit.explorer.code.selection import ordered
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.canvas import SIZE
from explorekit.explorer.drawing.hues import LONGEST_NAME
from explorekit.explorer.drawing.panels import ROW_LENGTH
from explorekit.explorer.picking import PLACES
from explorekit.explorer.slicing import Frame
from explorekit.explorer.view import STATUS

# Names of the values in the code, and of the status of their runs.
Body = Callable[[str, str], list[str]]


def prepare(sketch: Sketch, runs: str, *, bands: bool = False) -> bool:
    """Write what brings values, and the status of their runs, into the order in which they are drawn; return whether there is a band.

    Parameters
    ----------
    sketch
        What is shown, with the values as they are read.
    runs
        What takes the part of the status that is drawn; nothing where all runs are ok.
    bands
        Whether a band may be drawn.
    """
    band = reduce(sketch, bands=bands)
    frame = sketch.frame
    axes = [axis for axis in (frame.hue, frame.y, frame.x) if axis is not None]
    order = "".join(ordered(sketch.dataset, axis, None) for axis in axes)
    for name in ("shown", *(("low", "high") if band else ())):
        if order:
            sketch.add(f"{name} = {name}{order}")
    if runs or sketch.gaps:
        sketch.add(f"status = results[{STATUS!r}]{runs}")
        along = [dim for dim in sketch.view.reduce if dim in sketch.dataset.variables[STATUS].dims]
        if along:
            best = "0"
            for code in (flags.TIMED_OUT, flags.FAILED, flags.OK):
                best = f"xr.where((status == {code}).any({along}), {code}, {best})"
            sketch.add(f"status = {best}")
        sketch.add(
            f"status = status{order}.broadcast_like(shown)"
            if order
            else "status = status.broadcast_like(shown)"
        )
    return band


def parts_of(frame: Frame) -> list[Frame]:
    """Return the frames of several pictures, or the only one."""
    return [panel for row in frame.panels for panel in row] or [frame]


def draw(sketch: Sketch, body: Body, *, band: bool = False) -> None:
    """Write what draws one picture, or one beside the other."""
    frame = sketch.frame
    if not frame.panels:
        add_figure(sketch)
        sketch.add(*body("shown", "status"))
        add_title(sketch)
        return
    places, parts = frame.extra[PLACES], parts_of(frame)
    width = len(frame.panels[0])
    names = texts([plain_text(shortened(part.title, ROW_LENGTH // width)) for part in parts])
    sketch.add(
        f"figure, grid = plt.subplots({len(frame.panels)}, {width}, figsize={SIZE}, layout='constrained', "
        "sharex=True, sharey=True, squeeze=False)",
        f"places = {list(places)}",
        f"for axes, place, name in zip(grid.flat, places, {names}):",
        "    part = shown.isel(place)",
        *(["    runs = status.isel(place)"] if sketch.gaps else []),
        *(["    lowest, highest = low.isel(place), high.isel(place)"] if band else []),
        *(f"    {line}" for line in body("part", "runs")),
        "    axes.set_title(name, fontsize=7)",
    )
    if len(parts) < len(frame.panels) * width:
        sketch.add(f"for axes in grid.flat[{len(parts)}:]:", "    axes.axis('off')")
    if frame.title:
        sketch.add(f"figure.suptitle({plain_text(frame.title)!r}, x=0.02, ha='left', fontsize=10)")


def label_all(sketch: Sketch, start: int) -> None:
    """Turn what was written from a line on into what it is for all of several pictures; they share their axes."""
    if sketch.frame.panels:
        sketch.lines[start:] = [
            line.replace("axes.set_xlabel(", "figure.supxlabel(").replace(
                "axes.set_ylabel(", "figure.supylabel("
            )
            for line in sketch.lines[start:]
        ]


def add_legend(sketch: Sketch, label: str) -> None:
    """Name the colours beside the picture, or beside the first of several."""
    first = "grid[0, 0]" if sketch.frame.panels else "axes"
    title = plain_text(shortened(label, LONGEST_NAME + 8))
    handles = f"*{first}.get_legend_handles_labels()"
    sketch.add(
        f"figure.legend({handles}, loc='outside right upper', title={title!r}, fontsize=8, frameon=False)"
    )
