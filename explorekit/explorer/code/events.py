"""How are the times of events written? As matplotlib's event plot, with a band for each run without a value."""

from explorekit.explorer.code.designs import gaps_of
from explorekit.explorer.code.drawing import Sketch, add_figure, add_ticks, add_title, other
from explorekit.explorer.code.literals import limits
from explorekit.explorer.code.roles import reduce
from explorekit.explorer.code.selection import ordered
from explorekit.explorer.drawing.axes import plain_text
from explorekit.explorer.drawing.kinds.raster import EVERY, HEIGHT
from explorekit.explorer.drawing.palette import LINE, STATUS_COLOURS
from explorekit.explorer.flags import IN_WORDS
from explorekit.explorer.view import STATUS


def raster(sketch: Sketch, runs: str) -> None:
    if sketch.frame.panels:
        other(sketch)
        return
    reduce(sketch)
    frame, scale = sketch.frame, sketch.scale
    x, y = frame.x, frame.y
    assert x is not None
    order = "".join(ordered(sketch.dataset, axis, None) for axis in (y, x) if axis is not None)
    turned = "" if y is None else f".transpose({y.dim!r}, {x.dim!r})"
    if order or turned:
        sketch.add(f"shown = shown{order}{turned}")
    if gaps_of(sketch) and y is not None:
        across = ordered(sketch.dataset, y, None) if y.dim in sketch.dataset.variables[STATUS].dims else ""
        sketch.add(f"status = results[{STATUS!r}]{runs}{across}.broadcast_like(shown[:, 0]).values")
    if (every := frame.extra.get(EVERY, 1)) > 1:
        sketch.add(f"shown = shown.isel({{{x.dim!r}: slice(None, None, {every})}})")
    sketch.add("rows = np.atleast_2d(shown.values)")
    sketch.add(*(["rows = np.where(rows > 0, rows, np.nan)"] if scale.log else []))
    add_figure(sketch)
    length = HEIGHT if y is not None else 0.2
    sketch.add(
        f"axes.eventplot([row[np.isfinite(row)] for row in rows], colors={LINE!r}, linelengths={length}, linewidths=1.2)"
    )
    if y is not None:
        for code in gaps_of(sketch):
            sketch.add(
                f"for row in np.flatnonzero((status == {code}) & ~np.isfinite(rows).any(axis=1)):",
                f"    axes.axhspan(row - 0.5, row + 0.5, color={STATUS_COLOURS[code]!r}, alpha=0.25)  # {IN_WORDS[code]}",
            )
        add_ticks(sketch, "y", y.ticks)
        sketch.add(f"axes.set_ylabel({plain_text(y.label)!r})")
        sketch.add(f"axes.set_ylim(-0.5, {len(y.positions)} - 0.5)")
    else:
        sketch.add("axes.set(yticks=[], ylim=(0.5, 1.5))")
    if frame.time:
        sketch.add("axes.xaxis_date()")
    sketch.add("axes.set_xlim({}, {})".format(*limits(*scale.limits)))
    sketch.add(*(["axes.set_xscale('log')"] if scale.log else []))
    sketch.add(f"axes.set_xlabel({plain_text(frame.label)!r})")
    add_title(sketch)
