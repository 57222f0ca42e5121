"""How are values along one axis drawn? As a line, with a mark for each run that has no value."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.axes import drawn
from explorekit.explorer.drawing.curves import CurvesPainter
from explorekit.explorer.drawing.kind import Kind, Painter
from explorekit.explorer.drawing.palette import DIM, LINE, MARK_COLOURS, STATUS_MARKS
from explorekit.explorer.drawing.xy import FEW_POINTS, MANY_DOTS, dress_line, extremes
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import PINNED, Frame


class LinePainter:
    """A line, dots where a point has no neighbours, and marks at the bottom for runs without a value."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        self.axes = axes
        self.x = drawn(frame.x.positions, frame.x.kind)
        self.scattered = frame.x.scattered
        self.pinned: Line2D | None = None
        self.joined = not (frame.x.kind == "category" or self.scattered or scale.categories)
        self.dotted = len(self.x) <= FEW_POINTS or not self.joined
        self.dot_size = 4 if len(self.x) <= MANY_DOTS else 2
        line, dots = "-" if self.joined else "", "o" if self.dotted else ""
        (self.line,) = self.axes.plot(
            [], [], color=LINE, linestyle=line, marker=dots, markersize=self.dot_size, lw=1.4
        )
        (self.dots,) = self.axes.plot([], [], color=LINE, linestyle="", marker="o", markersize=3)
        bottom = self.axes.get_xaxis_transform()
        self.marks = {
            code: Line2D([], [], color=MARK_COLOURS[code], marker=mark, ls="", ms=8, mew=2, transform=bottom)
            for code, mark in STATUS_MARKS.items()
        }
        for mark in self.marks.values():
            self.axes.add_line(mark)
        dress_line(axes, frame, scale, self.x)
        if PINNED in frame.extra:
            (self.pinned,) = self.axes.plot([], [], color=DIM, lw=1.4)
            if not self.joined:
                self.pinned.set(linestyle="", marker="o", markersize=self.dot_size)

    @property
    def artists(self) -> Sequence[Artist]:
        below = () if self.pinned is None else (self.pinned,)
        return (*below, self.line, self.dots, *self.marks.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        index, values = self.points(frame, scale)
        self.line.set_data(self.x[index], values)
        alone = _alone(values)
        self.dots.set_data(self.x[index][alone], values[alone])
        if self.pinned is not None:
            places, heights = self.pinned_points(frame)
            self.pinned.set_data(self.x[places], heights)
        status = frame.shown_status
        for code, mark in self.marks.items():
            where = self.x[status == code] if status is not None else self.x[:0]
            mark.set_data(where, np.full(len(where), 0.025))

    def pinned_points(self, frame: Frame) -> tuple[Array, Array]:
        """Return the same as `points` of what is pinned."""
        values = np.asarray(frame.extra[PINNED])
        index = np.arange(len(values)) if self.scattered else extremes(values)
        return index, values[index]

    def explain(self, beside: Sequence[Axes]) -> None:
        """The label of the axis says all."""

    def points(self, frame: Frame, scale: Scale) -> tuple[Array, Array]:
        """Return which positions the line goes through, and its values there: NaN at gaps."""
        values = drawn(scale.codes(frame.values), "time" if frame.time else "number")
        status = frame.shown_status
        if status is not None:
            values = np.where(status > flags.OK, np.nan, values)
        index = np.arange(len(values)) if self.scattered else extremes(values)
        return index, values[index]


def _alone(values: Array) -> Array:
    """Return where a value has none beside it, so that a line would not show it."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    return np.asarray(there[1:-1] & ~there[:-2] & ~there[2:])


def line_painter(axes: Axes, frame: Frame, scale: Scale) -> Painter:
    """Return what draws one line, or several, or one with a band."""
    return (LinePainter if frame.plain else CurvesPainter)(axes, frame, scale)


KIND = Kind("line", line_painter, needs=("x",), takes=("hue",))
