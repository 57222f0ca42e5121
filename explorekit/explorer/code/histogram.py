"""How are histograms written?"""

from matplotlib.colors import to_hex

from explorekit.explorer.code.drawing import Sketch, add_ticks
from explorekit.explorer.code.literals import texts
from explorekit.explorer.code.pictures import add_legend, draw, label_all, parts_of, prepare
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.hues import LONGEST_NAME, MOST_NAMED, hue_colours
from explorekit.explorer.drawing.kinds.histogram import COUNTED, COUNTS, TRUTHS, bins_for, counts, top_of
from explorekit.explorer.drawing.palette import LINE


def histogram(sketch: Sketch, runs: str) -> None:
    """Write the counts of values in bins, as bars, or as steps of several colours."""
    prepare(sketch, runs)
    frame, scale, hue = sketch.frame, sketch.scale, sketch.frame.hue
    counted, parts = frame.extra[COUNTED], parts_of(frame)
    bins = bins_for(parts[0], scale)
    make = "geomspace" if bins.log else "linspace"
    sketch.add(f"edges = np.{make}({bins.low!r}, {bins.high!r}, {bins.number + 1})")
    if hue is not None:
        names = [plain_text(shortened(name, LONGEST_NAME)) for name in frame.extra["curves"]]
        sketch.add(
            f"names = {texts(names)}", f"colours = {[to_hex(c) for c in hue_colours(hue, len(names))]}"
        )

    def body(values: str, status: str) -> list[str]:
        kept = f"{values}.where({status} <= 1)" if sketch.gaps else values
        if hue is not None:
            return [
                "for number, (name, colour) in enumerate(zip(names, colours)):",
                f"    counts, _ = np.histogram({kept}.isel({{{hue.dim!r}: number}}), edges)",
                "    axes.stairs(counts, edges, color=colour, linewidth=1.6, label=name)",
            ]
        width = "0.8 * np.diff(edges)" if bins.apart else "np.diff(edges)"
        middle = "(edges[1:] + edges[:-1]) / 2"
        return [
            f"counts, _ = np.histogram({kept}, edges)",
            f"axes.bar({middle}, counts, {width}, color={LINE!r}, edgecolor='white', linewidth=0.6)",
        ]

    draw(sketch, body)
    need = max(float(counts(part, scale, bins).max(initial=1)) for part in parts)
    sketch.add(
        *(["axes.set_xscale('log')"] if bins.log else []),
        *(["axes.set_yscale('log')"] if counted.log else []),
    )
    bottom = 0.5 if counted.log else 0
    sketch.add("axes.set_xlim(edges[0], edges[-1])", f"axes.set_ylim({bottom}, {top_of(counted, need):.6g})")
    categories = TRUTHS if counted.truth else scale.categories
    if categories:
        add_ticks(sketch, "x", categories)
    elif frame.time:
        sketch.add("axes.xaxis_date()")
    if hue is not None and len(frame.extra["curves"]) <= MOST_NAMED:
        add_legend(sketch, hue.label)
    start = len(sketch.lines)
    sketch.add(f"axes.set_xlabel({plain_text(counted.label)!r})", f"axes.set_ylabel({COUNTS!r})")
    label_all(sketch, start)
