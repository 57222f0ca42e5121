"""How are bars written?"""

import numpy as np
from matplotlib.colors import to_hex

from explorekit.explorer import flags
from explorekit.explorer.code.drawing import Sketch, add_axis
from explorekit.explorer.code.literals import limits, texts
from explorekit.explorer.code.pictures import add_legend, draw, label_all, parts_of, prepare
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.hues import LONGEST_NAME, MOST_NAMED, hue_colours
from explorekit.explorer.drawing.kinds.bar import WIDTH, heights
from explorekit.explorer.drawing.palette import LINE, MARK_COLOURS, STATUS_COLOURS, STATUS_MARKS


def bar(sketch: Sketch, runs: str) -> None:
    """Write bars, side by side where there are several, with errors, and columns for runs without a value."""
    band = prepare(sketch, runs, bands=True)
    frame, scale, hue = sketch.frame, sketch.scale, sketch.frame.hue
    assert frame.x is not None
    sketch.add(f"x = np.arange({len(frame.x.positions)})")
    if hue is not None:
        names = [plain_text(shortened(name, LONGEST_NAME)) for name in frame.extra["curves"]]
        colours = [to_hex(colour) for colour in hue_colours(hue, len(names))]
        sketch.add(f"names = {texts(names)}", f"colours = {colours}")
    ends = heights(scale)
    infinite = any(np.isinf(part.values).any() for part in parts_of(frame))
    clipped = f".clip{ends}" if infinite else ""
    count = 1 if hue is None else max(len(frame.extra["curves"]), 1)

    def body(values: str, status: str) -> list[str]:
        kept = (f".where({status} <= 1)" if sketch.gaps else "") + clipped
        low, high = ("lowest", "highest") if frame.panels else ("low", "high")
        if hue is None:
            return [
                f"axes.bar(x, {values}{kept}, {WIDTH}, color={LINE!r})",
                *(_errors("x", f"{low}{kept}", f"{high}{kept}") if band else []),
                *_gaps(sketch, "x", f"{status}.values", f"{values}.isnull().values", WIDTH),
            ]
        one = f".isel({{{hue.dim!r}: number}})"
        lines = [
            "for number, (name, colour) in enumerate(zip(names, colours)):",
            f"    at = x + {WIDTH / count:.6g} * (number - {(count - 1) / 2:g})",
            f"    axes.bar(at, {values}{kept}{one}, {WIDTH / count:.6g}, color=colour, label=name)",
        ]
        inner = _errors("at", f"{low}{kept}{one}", f"{high}{kept}{one}") if band else []
        inner += _gaps(sketch, "at", f"{status}{one}.values", f"{values}{one}.isnull().values", WIDTH / count)
        return [*lines, *(f"    {line}" for line in inner)]

    draw(sketch, body, band=band)
    sketch.add(*(["axes.set_yscale('log')"] if scale.log else []))
    sketch.add("axes.set_ylim({}, {})".format(*(ends if scale.log else limits(*ends))))
    sketch.add(f"axes.set_xlim{(-0.5, len(frame.x.positions) - 0.5) if len(frame.x.positions) else (0, 1)}")
    if hue is not None and count <= MOST_NAMED:
        add_legend(sketch, hue.label)
    start = len(sketch.lines)
    add_axis(sketch, "x", frame.x)
    sketch.add(f"axes.set_ylabel({plain_text(frame.label)!r})")
    label_all(sketch, start)


def _errors(x: str, low: str, high: str) -> list[str]:
    return [
        f"middle, half = ({low} + {high}) / 2, ({high} - {low}) / 2",
        f"axes.errorbar({x}, middle, half, fmt='none', ecolor='#333333', elinewidth=1.2, capsize=4)",
    ]


def _gaps(sketch: Sketch, x: str, status: str, missing: str, width: float) -> list[str]:
    lines = []
    for code in sketch.gaps:
        there = f"({status} == {code})" + (f" & {missing}" if code == flags.PENDING else "")
        look = f"marker={STATUS_MARKS[code]!r}, color={MARK_COLOURS[code]!r}"
        bottom = "transform=axes.get_xaxis_transform()"
        lines += [
            f"there = {there}  # {flags.IN_WORDS[code]}",
            f"axes.bar({x}[there], 1, {width:.6g}, color={STATUS_COLOURS[code]!r}, alpha=0.25, {bottom})",
            f"axes.scatter({x}[there], np.full(there.sum(), 0.025), {look}, {bottom})",
        ]
    return lines
