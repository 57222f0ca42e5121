"""How are contours written?"""

import numpy as np

from explorekit.explorer import flags
from explorekit.explorer.axis import Axis
from explorekit.explorer.code.drawing import Sketch, add_axis, positions_of, sides_of
from explorekit.explorer.code.literals import limits
from explorekit.explorer.code.pictures import draw, label_all, parts_of, prepare
from explorekit.explorer.drawing.axes import plain_text
from explorekit.explorer.drawing.kinds.contour import LINES, levels, spread
from explorekit.explorer.drawing.palette import STATUS_COLOURS
from explorekit.explorer.slicing import WORDS


def contour(sketch: Sketch, runs: str) -> None:
    """Write filled contours, and the cells of runs without a value."""
    prepare(sketch, runs)
    frame, scale = sketch.frame, sketch.scale
    x, y = frame.x, frame.y
    assert x is not None
    assert y is not None
    all_levels = [float(f"{level:.12g}") for level in levels(scale, time=frame.time)]
    across, up = sides_of(sketch, x, y)
    sketch.add(f"x = {positions_of(sketch, x)}", f"y = {positions_of(sketch, y)}", f"levels = {all_levels}")
    places = ", ".join(
        name if edges == positions_of(sketch, axis) else edges
        for name, axis, edges in (("x", x, across), ("y", y, up))
    )
    ends = [spread(part, log=scale.log) for part in parts_of(frame)]
    drawable = min(len(x.positions), len(y.positions)) > 1 and all(low <= high for low, high in ends)
    crossed = all(any(low < level < high for level in all_levels) for low, high in ends)
    norm = f"LogNorm({scale.limits[0]!r}, {scale.limits[1]!r})"
    if not scale.log:
        norm = "plt.Normalize({}, {})".format(*limits(*scale.limits))
    look = f"cmap={'vanimo' if scale.signed else scale.cmap or 'viridis'!r}, norm={norm}"
    look += ", extend='both'" if scale.typed is not None else ""

    def body(values: str, status: str) -> list[str]:
        lines = [f"heights = {values}.transpose({y.dim!r}, {x.dim!r})"]
        if sketch.gaps:
            ended = f"(({status} > 1) | (({status} == 0) & {values}.isnull()))"
            lines += [f"gaps = {ended}.transpose({y.dim!r}, {x.dim!r})", "heights = heights.where(~gaps)"]
        if scale.log:
            lines.append("heights = heights.where(heights > 0)")
        if drawable:
            lines.append(f"filled = axes.contourf(x, y, heights, levels, {look})")
        if drawable and crossed:
            thin = ", ".join(f"{name}={value!r}" for name, value in LINES.items())
            lines.append(f"axes.contour(x, y, heights, levels, {thin})")
        if sketch.gaps:
            colours = f"cmap=ListedColormap({list(STATUS_COLOURS.values())}), vmin=-0.5, vmax=3.5, zorder=3"
            words = ", ".join(flags.IN_WORDS[code] for code in sketch.gaps)
            ended = f"{status}.transpose({y.dim!r}, {x.dim!r}).where(gaps)"
            lines.append(f"axes.pcolormesh({places}, {ended}, {colours})  # {words}")
        if (said := frame.extra.get(WORDS)) and not frame.panels:
            lines.append(
                f"axes.text(0.5, 0.5, {plain_text(str(said))!r}, ha='center', va='center', transform=axes.transAxes)"
            )
        return [*lines, f"axes.set(xlim={_ends(x)}, ylim={_ends(y)})"]

    draw(sketch, body)
    beside = ", ax=grid" if frame.panels else ""
    if drawable:
        sketch.add(f"figure.colorbar(filled, label={plain_text(frame.label)!r}{beside})")
    start = len(sketch.lines)
    add_axis(sketch, "x", x)
    add_axis(sketch, "y", y)
    label_all(sketch, start)


def _ends(axis: Axis) -> str:
    """Return where an axis ends: at the first and the last value, or round the only one."""
    ends = (axis.positions if len(axis.positions) > 1 else axis.edges)[[0, -1]]
    if axis.kind != "time":
        return f"({float(ends[0])!r}, {float(ends[1])!r})"
    moments = np.datetime64(0, "ms") + (ends * 86_400e3).round().astype("timedelta64[ms]")
    return "({}, {})".format(*(f"np.datetime64({str(moment)!r})" for moment in moments))
