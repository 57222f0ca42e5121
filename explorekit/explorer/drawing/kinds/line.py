"""How are values along one axis drawn? As a line, with a mark for each run that has no value."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from explorekit.explorer import flags
from explorekit.explorer.axis import Array, Axis
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, dress, plain_text
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.palette import LINE, MARK_COLOURS, STATUS_MARKS
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

# So few points are told apart as points.
FEW_POINTS = 60
# More dots than this are drawn smaller.
MANY_DOTS = 500
MARGIN = 0.05
# Above this many points a line is drawn through the extremes of each pixel column, which looks the same.
MANY_POINTS = 8_000
COLUMNS = 2_000


class LinePainter:
    """A line, dots where a point has no neighbours, and marks at the bottom for runs without a value."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        self.axes = axes
        self.x = drawn(frame.x.positions, frame.x.kind)
        self.scattered = frame.x.scattered
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
        self._dress(frame, frame.x, scale)

    def _dress(self, frame: Frame, x: Axis, scale: Scale) -> None:
        low, high = scale.limits
        room = 0.0 if scale.categories else MARGIN * (high - low)
        self.axes.set_ylim(*drawn(np.array([low - room, high + room]), "time" if frame.time else "number"))
        if x.spacing == "log":
            self.axes.set_xscale("log")
        self.axes.set_xlim(_ends(self.x, x))
        dress(self.axes, "x", x)
        self.axes.set_ylabel(plain_text(frame.label))
        self.axes.grid(visible=True, color="#e4e4e4", lw=0.6)
        self.axes.set_axisbelow(True)
        if scale.categories:
            category_ticks(self.axes.yaxis, scale.categories)
        elif frame.time:
            date_ticks(self.axes.yaxis)

    @property
    def artists(self) -> Sequence[Artist]:
        return (self.line, self.dots, *self.marks.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        index, values = self.points(frame, scale)
        self.line.set_data(self.x[index], values)
        alone = _alone(values)
        self.dots.set_data(self.x[index][alone], values[alone])
        status = frame.shown_status
        for code, mark in self.marks.items():
            where = self.x[status == code] if status is not None else self.x[:0]
            mark.set_data(where, np.full(len(where), 0.025))

    def explain(self, beside: Sequence[Axes]) -> None:
        """The label of the axis says all."""

    def points(self, frame: Frame, scale: Scale) -> tuple[Array, Array]:
        """Return which positions the line goes through, and its values there: NaN at gaps."""
        values = drawn(scale.codes(frame.values), "time" if frame.time else "number")
        status = frame.shown_status
        if status is not None:
            values = np.where(status > flags.OK, np.nan, values)
        index = np.arange(len(values)) if self.scattered else _extremes(values)
        return index, values[index]


def _ends(positions: Array, axis: Axis) -> tuple[float, float]:
    if len(positions) < 2:
        left, right = drawn(axis.edges, axis.kind)
        return float(left), float(right)
    first, last = float(positions[0]), float(positions[-1])
    if first == last:
        return first - 0.5, last + 0.5
    if axis.spacing == "log":
        return first * (first / last) ** 0.03, last * (last / first) ** 0.03
    room = 0.5 if axis.kind == "category" else 0.02 * (last - first)
    return first - room, last + room


def _alone(values: Array) -> Array:
    """Return where a value has none beside it, so that a line would not show it."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    return np.asarray(there[1:-1] & ~there[:-2] & ~there[2:])


def _extremes(values: Array) -> Array:
    """Return the places of the lowest and the highest point of each column, in order; all if there are few."""
    if len(values) <= MANY_POINTS:
        return np.arange(len(values))
    width = -(-len(values) // COLUMNS)
    whole = len(values) // width * width
    columns = values[:whole].reshape(-1, width)
    gaps = np.isnan(columns)
    lowest, highest = np.where(gaps, np.inf, columns).argmin(1), np.where(gaps, -np.inf, columns).argmax(1)
    pick = np.sort(np.stack([lowest, highest], axis=1), axis=1)
    return np.concatenate(
        [(pick + width * np.arange(len(pick))[:, None]).ravel(), np.arange(whole, len(values))]
    )


KIND = Kind("line", LinePainter, needs=("x",))
