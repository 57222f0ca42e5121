"""How do two parameters at a time go with a value? As dots over each pair, and below them the value over each parameter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis as MatplotlibAxis
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.designing import COLUMNS, Column, design_frame, is_design
from explorekit.explorer.drawing.axes import category_ticks, dates, drawn, plain_text, shortened
from explorekit.explorer.drawing.colours import colours_of, explain_colours, numbers
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.kinds.parallel import nearest
from explorekit.explorer.drawing.palette import DIM, MARK_COLOURS, PICKED, STATUS_MARKS
from explorekit.explorer.labels import paired
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View

# More parameters would leave their pictures too small.
MOST = 6
# As many dots as can be drawn while a slider moves, in all pictures together.
MOST_DOTS = 12_000
MARGIN = 0.06
GAP = 0.03
# Dots over two categories would hide each other: they are strewn so far round these.
STREWN = 0.22
# Pixels within which a click means a dot.
REACH = 25


@dataclass(frozen=True)
class Cell:
    """One picture of the triangle: a parameter over another, or the value over a parameter where ``y`` is None."""

    axes: Axes
    x: Array
    y: Array | None
    dots: PathCollection
    nothing: Line2D
    marks: dict[int, Line2D]
    picked: Line2D

    @property
    def artists(self) -> Iterator[Artist]:
        yield from (self.dots, self.nothing, *self.marks.values(), self.picked)


class PairsPainter:
    """A triangle of dots in the colours of their values; the lowest row has the value itself upwards."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        self.axes = axes
        self.colours, self.frame, self.scale = colours_of(frame, scale), frame, scale
        columns: tuple[Column, ...] = frame.extra[COLUMNS]
        axes.set_axis_off()
        # Where dots are strewn, they are in all pictures alike, and in all frames.
        strewn = [strewn_values(column, place) for place, column in enumerate(columns)]
        count = len(columns)
        self.size = (24.0 if len(strewn[0]) <= 150 else 12.0) / (1 if count <= 3 else 2)
        self.cells = []
        for row in range(count):
            for column in range(row + 1):
                box = (column / count, 1 - (row + 1) / count, (1 - GAP) / count, (1 - GAP) / count)
                inner = axes.inset_axes(box)
                y = strewn[row + 1] if row + 1 < count else None
                self.cells.append(self._cell(inner, strewn[column], y))
                self._dress(inner, "x", columns[column], label=row == count - 1)
                if y is None:
                    self._dress_value(inner, label=column == 0)
                else:
                    self._dress(inner, "y", columns[row + 1], label=column == 0)

    def _cell(self, axes: Axes, x: Array, y: Array | None) -> Cell:
        axes.grid(visible=True, color="#ececec", lw=0.5)
        axes.set_axisbelow(True)
        axes.spines[:].set_color("#999999")
        dots = axes.scatter(x, np.full(len(x), np.nan) if y is None else y, s=self.size, lw=0)
        ms = float(np.sqrt(self.size))
        look: dict[str, Any] = {
            "ls": "",
            "transform": axes.get_xaxis_transform() if y is None else axes.transData,
        }
        marks = {
            code: Line2D([], [], color=MARK_COLOURS[code], marker=mark, ms=ms + 1, mew=1.3, **look)
            for code, mark in STATUS_MARKS.items()
        }
        nothing = Line2D([], [], color=DIM, marker="o", mfc="none", ms=ms, mew=0.8, **look)
        picked = Line2D([], [], color=PICKED, marker="o", mfc="none", ms=ms + 6, mew=2, ls="")
        for line in (nothing, *marks.values(), picked):
            axes.add_line(line)
        return Cell(axes, x, y, dots, nothing, marks, picked)

    def _dress(self, axes: Axes, which: Literal["x", "y"], column: Column, *, label: bool) -> None:
        side = axes.xaxis if which == "x" else axes.yaxis
        low, high = drawn(np.array([column.low, column.high]), column.kind)
        self._limit(
            axes, which, (float(low), float(high)), log=column.log, room=0 if column.ticks else MARGIN
        )
        if column.ticks:
            category_ticks(side, [shortened(name, 8) for name in column.ticks])
        elif column.kind == "time":
            _few_dates(side)
        self._label(side, column.label if label else "", shown=label)

    def _dress_value(self, axes: Axes, *, label: bool) -> None:
        scale = self.scale
        low, high = drawn(np.array(scale.limits), "time" if self.frame.time else "number")
        room = 0 if scale.categories else MARGIN
        self._limit(axes, "y", (float(low), float(high)), log=scale.log, room=room)
        if scale.categories:
            category_ticks(axes.yaxis, [shortened(name, 8) for name in scale.categories])
        elif self.frame.time:
            _few_dates(axes.yaxis)
        self._label(axes.yaxis, self.frame.label if label else "", shown=label)

    @staticmethod
    def _limit(
        axes: Axes, which: Literal["x", "y"], ends: tuple[float, float], *, log: bool, room: float
    ) -> None:
        low, high = ends
        side = axes.xaxis if which == "x" else axes.yaxis
        if log:
            axes.set(**{f"{which}scale": "log"})
            low, high = low * (low / high) ** room, high * (high / low) ** room
            side.set_major_locator(LogLocator(numticks=4))
            side.set_minor_locator(NullLocator())
            side.set_minor_formatter(NullFormatter())
        else:
            low, high = low - room * (high - low), high + room * (high - low)
            side.set_major_locator(MaxNLocator(4))
        axes.set(**{f"{which}lim": (low, high)})

    @staticmethod
    def _label(side: MatplotlibAxis, label: str, *, shown: bool) -> None:
        side.set_tick_params(labelsize=7, length=2, which="both")
        side.set_label_text(plain_text(shortened(label, 20)), fontsize=8)
        if not shown:
            side.set_tick_params(labelleft=False, labelbottom=False)
            side.get_offset_text().set_visible(False)

    @property
    def artists(self) -> Sequence[Artist]:
        return [artist for cell in self.cells for artist in cell.artists]

    def update(self, frame: Frame, scale: Scale) -> None:
        self.values = values = numbers(frame, scale)
        status = frame.shown_status
        ended = np.full(len(values), flags.OK) if status is None else status
        there = (ended == flags.OK) & np.isfinite(values)
        nothing = (ended == flags.OK) & ~there
        colours: Any = self.colours.to_rgba(values[there])
        for cell in self.cells:
            y = values if cell.y is None else cell.y
            cell.dots.set_offsets(np.column_stack([cell.x[there], y[there]]))
            cell.dots.set_facecolor(colours)
            cell.nothing.set_data(*_where(cell, nothing))
            for code, mark in cell.marks.items():
                mark.set_data(*_where(cell, ended == code))
            pick = list(frame.pick or ())
            cell.picked.set_data(cell.x[pick], y[pick])

    def explain(self, beside: Sequence[Axes]) -> None:
        explain_colours(self.colours, self.frame, self.scale, beside)

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the dot nearest to a point of the picture."""
        for cell in self.cells:
            if cell.axes.get_window_extent().contains(x, y):
                heights = self.values if cell.y is None else cell.y
                return nearest(_distance(cell.axes, cell.x, heights, x, y), REACH)
        return None


def _where(cell: Cell, which: Array) -> tuple[Array, Array]:
    """Return where the marks of points without a value are: in their places, or along the bottom."""
    x = cell.x[which]
    return x, np.full(len(x), 0.05) if cell.y is None else cell.y[which]


def _distance(axes: Axes, xs: Array, ys: Array, x: float, y: float) -> Array:
    return np.asarray(np.hypot(*(axes.transData.transform(np.column_stack([xs, ys])) - (x, y)).T))


def _few_dates(side: MatplotlibAxis) -> None:
    locator = dates.AutoDateLocator(minticks=2, maxticks=4)
    side.set_major_locator(locator)
    side.set_major_formatter(dates.ConciseDateFormatter(locator))


def strewn_values(column: Column, place: int) -> Array:
    """Return where the dots of a parameter lie, those of a category beside each other."""
    values = drawn(column.values, column.kind)
    if not column.ticks:
        return values
    return np.asarray(values + np.random.default_rng(place).uniform(-STREWN, STREWN, len(values)))


def has_pairs(dataset: xr.Dataset, variable: str) -> bool:
    """Return whether a variable is known at points with several parameters."""
    return any(_has_several(dataset, str(dim)) for dim in dataset.variables[variable].dims)


def _has_several(dataset: xr.Dataset, dim: str) -> bool:
    return is_design(dataset, dim) and len(paired(dataset, dim)) > 1


def pairs_frame(slicer: Slicer, view: View) -> Frame:
    several = min(len(paired(slicer.dataset, str(view.x))), MOST)
    frame = design_frame(slicer, view, MOST_DOTS * 2 // (several * (several + 1)))
    columns: tuple[Column, ...] = frame.extra[COLUMNS]
    if len(columns) <= MOST:
        return frame
    left = ", ".join(column.name for column in columns[MOST:])
    note = "; ".join(filter(None, (frame.note, f"{MOST} of {len(columns)} parameters, without {left}")))
    columns = columns[:MOST]
    extra = {**frame.extra, COLUMNS: columns}
    return replace(frame, extra=extra, look=tuple(column.key for column in columns), note=note)


KIND = Kind("pairs", PairsPainter, needs=("x",), frame=pairs_frame, along=_has_several, suits=has_pairs)
