"""How are points with many parameters drawn? As lines across one upright axis a parameter, coloured by value."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.designing import COLUMNS, Column, design_frame, has_design, is_design
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.colours import colours_of, explain_colours, numbers
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.palette import DIM, MARK_COLOURS, PICKED, STATUS_MARKS
from explorekit.explorer.drawing.stamps import Stamps
from explorekit.explorer.drawing.ticks import ticks_of
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View

# More lines hide each other, and take longer to draw than a slider's move may.
MOST_LINES = 400
STYLES = {flags.PENDING: (0, (1, 2.5)), flags.FAILED: (0, (5, 2)), flags.TIMED_OUT: (0, (6, 2, 1, 2))}
# Marks stand this far right of the last parameter.
BESIDE = 0.04
# Letters of names that fit below all axes together.
NAMES_LENGTH = 96


class ParallelPainter:
    """Lines in the colours of their values, up to the axis of the value; those without one end before it."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        self.axes = axes
        columns: tuple[Column, ...] = frame.extra[COLUMNS]
        self.places = np.arange(len(columns) + 1)
        self.colours, self.frame, self.scale = colours_of(frame, scale), frame, scale
        self.heights = heights(columns)
        width, alpha = weight(len(self.heights))
        gone: dict[str, Any] = {"linewidths": width, "alpha": max(alpha, 0.5), "clip_on": False}
        self.without = {
            code: LineCollection([], colors=MARK_COLOURS[code], linestyles=[style], **gone)
            for code, style in STYLES.items()
        }
        self.nothing = LineCollection([], colors=DIM, **gone)
        self.lines = LineCollection([], linewidths=width, alpha=alpha, clip_on=False)
        for collection in (self.nothing, self.lines, *self.without.values()):
            axes.add_collection(collection, autolim=False)
        self.marks = {
            code: Line2D([], [], color=MARK_COLOURS[code], marker=mark, ls="", ms=6, mew=1.6, clip_on=False)
            for code, mark in STATUS_MARKS.items()
        }
        self.picked = Line2D([], [], color=PICKED, lw=2.4, marker="o", ms=5, clip_on=False)
        for line in (*self.marks.values(), self.picked):
            axes.add_line(line)
            line.set_in_layout(False)  # an empty one would have its place in the corner of the figure
        self.labels = Stamps(
            [text for place, column in enumerate(columns) for text in self._ticks(place, column)]
        )
        axes.add_artist(self.labels)
        self._dress(columns, frame)

    def _ticks(self, place: int, column: Column) -> list[Annotation]:
        """Return the labels of one axis. They lie over the lines, so they are drawn with every frame."""
        paper = {"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.6}
        where, names = ticks_of(column)
        there = column.fractions(where)
        self.axes.plot(np.full(len(there), place), there, "_", color="#444444", ms=6, clip_on=False, zorder=1)
        return [
            self.axes.annotate(
                *(plain_text(name), (place, height)),
                xytext=(-5, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=7.5,
                color="#333333",
                bbox=paper,
                annotation_clip=False,
                zorder=4,
            )
            for height, name in zip(there, names, strict=True)
        ]

    def _dress(self, columns: tuple[Column, ...], frame: Frame) -> None:
        axes = self.axes
        axes.vlines(self.places, 0, 1, color="#444444", lw=0.9, clip_on=False, zorder=1)
        names = [*(column.label for column in columns), frame.label]
        axes.set_xticks(self.places, named(names))
        axes.tick_params(axis="x", length=0, labelsize=9)
        axes.set(xlim=(0, self.places[-1]), ylim=(0, 1), yticks=[])
        axes.spines[:].set_visible(False)

    @property
    def artists(self) -> Sequence[Artist]:
        without = self.without
        below = (without[flags.PENDING], self.nothing, self.lines)
        above = (without[flags.TIMED_OUT], without[flags.FAILED], *self.marks.values(), self.picked)
        return (*below, *above, self.labels)

    def update(self, frame: Frame, scale: Scale) -> None:
        values = numbers(frame, scale)
        status = frame.shown_status
        ended = np.full(len(values), flags.OK) if status is None else status
        ends = np.clip(np.ma.filled(self.colours.norm(np.ma.masked_invalid(values)), np.nan), 0, 1)
        ends[ended != flags.OK] = np.nan
        self.drawn = np.column_stack([self.heights, ends])
        there = np.isfinite(ends)
        self.lines.set_segments(self._paths(there))
        colours: Any = self.colours.to_rgba(values[there], alpha=self.lines.get_alpha())
        self.lines.set_color(colours)
        self.nothing.set_segments(self._paths((ended == flags.OK) & ~there))
        last = len(self.places) - 2
        for code, lines in self.without.items():
            lines.set_segments(self._paths(ended == code))
            tips = self.heights[ended == code, -1]
            self.marks[code].set_data(np.full(len(tips), last + BESIDE), tips)
        pick = self.drawn[frame.pick[0]] if frame.pick else np.full(len(self.places), np.nan)
        self.picked.set_data(self.places, pick)

    def _paths(self, which: Array) -> Any:
        lines = self.drawn[which]
        return np.stack(np.broadcast_arrays(self.places, lines), axis=-1)

    def explain(self, beside: Sequence[Axes]) -> None:
        # The bar is the last axis, and has its ticks.
        explain_colours(self.colours, self.frame, self.scale, beside, label="")

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the line nearest to a point of the picture, above or below it."""
        if not self.axes.get_window_extent().contains(x, y):
            return None
        across, up = self.axes.transData.inverted().transform((x, y))
        left = int(np.clip(np.floor(across), 0, len(self.places) - 2))
        part = np.clip(across - left, 0, 1)
        there = self.drawn[:, left] * (1 - part) + self.drawn[:, left + 1] * part
        return nearest(np.abs(there - up))


def nearest(distance: Array, reach: float = np.inf) -> tuple[int, ...] | None:
    """Return the place of the least distance, None where all are beyond reach."""
    known = np.where(np.isfinite(distance), distance, np.inf)
    place = int(known.argmin()) if len(known) else 0
    return (place,) if len(known) and known[place] <= reach and known[place] < np.inf else None


def heights(columns: Sequence[Column]) -> Array:
    """Return where each line crosses the axis of each parameter, from 0 at the bottom to 1; NaN where it does not."""
    return np.column_stack([column.fractions(column.values) for column in columns])


def weight(count: int) -> tuple[float, float]:
    """Return how thick lines are, and how opaque: of many, fainter ones show where most of them run."""
    return (1.4, 0.9) if count <= 60 else (0.9, float(max(0.35, 0.9 * (60 / count) ** 0.4)))


def named(names: Sequence[str]) -> list[str]:
    """Return the names of axes in lines that fit between these."""
    longest = max(8, NAMES_LENGTH // len(names))
    lines = [textwrap.wrap(name, longest, break_long_words=False)[:3] for name in names]
    return [plain_text("\n".join(shortened(line, longest) for line in each)) for each in lines]


def parallel_frame(slicer: Slicer, view: View) -> Frame:
    return design_frame(slicer, view, MOST_LINES)


KIND = Kind(
    "parallel", ParallelPainter, needs=("x",), frame=parallel_frame, along=is_design, suits=has_design
)
