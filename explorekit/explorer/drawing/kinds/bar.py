"""How are values of a few categories drawn? As bars, side by side where there are several."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.hues import explain_hue, hue_colours
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.palette import DIM, MARK_COLOURS, STATUS_COLOURS, STATUS_MARKS
from explorekit.explorer.drawing.words import Words
from explorekit.explorer.drawing.xy import MARGIN, dress_line
from explorekit.explorer.labels import value_texts
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import ACROSS, PINNED, WORDS, Frame, Slicer
from explorekit.explorer.view import View

# More bars are drawn as a line.
MOST_BARS = 100
# Of the room that a category has, its bars take so much.
WIDTH = 0.8
# Where an error bar ends, a line across takes so much of the width of the bar.
CAP = 0.3


class BarPainter:
    """Bars from zero, lines for their errors, and columns with a mark for runs without a value."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        self.axes = axes
        self.hue = frame.hue
        self.names: tuple[str, ...] = frame.extra.get("curves", ("",))
        self.colours = hue_colours(self.hue, len(self.names))
        dress_line(axes, frame, scale, frame.x.positions)
        axes.grid(visible=False, axis="x")
        axes.set_ylim(*heights(scale))
        self.bottom, self.top = axes.get_ylim()
        self.base = self.bottom if scale.log else min(max(0.0, self.bottom), self.top)
        self.width = WIDTH / max(len(self.names), 1)
        # Where each bar lies and begins, of shape (names, categories).
        self.middle = np.atleast_2d(frame.extra[ACROSS])
        self.left = self.middle - self.width / 2
        self.columns: Any = PolyCollection(
            [], lw=0, alpha=0.25, transform=axes.get_xaxis_transform(), zorder=0.5
        )
        self.bars: Any = PolyCollection([], lw=1)
        self.pinned: Any = LineCollection([], colors=DIM, lw=2)
        self.errors: Any = LineCollection([], colors="#333333", lw=1.2)
        for artist in (self.columns, self.bars, self.pinned, self.errors):
            axes.add_collection(artist, autolim=False)
        self.marks = {
            code: Line2D(
                *([], []),
                color=MARK_COLOURS[code],
                marker=mark,
                ls="",
                ms=8,
                mew=2,
                transform=axes.get_xaxis_transform(),
            )
            for code, mark in STATUS_MARKS.items()
        }
        for mark in self.marks.values():
            axes.add_line(mark)
        axes.axhline(self.base, color="#808080", lw=0.8, zorder=0.9)
        self.words = Words(axes)

    @property
    def artists(self) -> Sequence[Artist]:
        drawn = (self.columns, self.bars, self.pinned, self.errors, *self.marks.values(), self.words.text)
        return (*drawn, *self.axes.spines.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        status = frame.shown_status
        values = np.reshape(frame.values, self.left.shape)
        gaps = np.zeros(values.shape, int) + flags.OK if status is None else np.reshape(status, values.shape)
        values = np.where(gaps == flags.OK, values, np.nan)
        self.bars.set_verts(self._boxes(self.left, self.base, self._within(values), ~np.isnan(values)))
        shown = np.repeat(np.arange(len(self.names)), (~np.isnan(values)).sum(1))
        self.bars.set_facecolor([self.colours[number] for number in shown])
        self.bars.set_edgecolor([self.colours[number] for number in shown])
        self.errors.set_segments(self._ends(frame, gaps))
        pinned = np.reshape(frame.extra.get(PINNED, np.full(values.shape, np.nan)), values.shape)
        self.pinned.set_segments(self._across(self.left, self._within(pinned), self.width))
        self.columns.set_verts(self._boxes(self.left, 0.0, np.ones(values.shape), gaps != flags.OK))
        self.columns.set_facecolor([STATUS_COLOURS[code] for code in gaps[gaps != flags.OK]])
        for code, mark in self.marks.items():
            where = self.middle[gaps == code]
            mark.set_data(where, np.full(len(where), 0.025))
        self.words.update(frame)

    def _within(self, values: Array) -> Array:
        """Return heights that end at the edge of the axes at the latest."""
        return np.clip(values, min(self.bottom, self.base), self.top)

    def _boxes(self, left: Array, base: float, top: Array, there: Array) -> Array:
        left, top = left[there], top[there]
        right, bottom = left + self.width, np.full(len(left), base)
        corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
        return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)

    def _ends(self, frame: Frame, gaps: Array) -> Array:
        """Return the lines of error bars."""
        if frame.low is None or frame.high is None:
            return np.empty((0, 2, 2))
        low, high = (
            np.where(gaps == flags.OK, np.reshape(ends, gaps.shape), np.nan)
            for ends in (frame.low, frame.high)
        )
        there = np.isfinite(low) & np.isfinite(high)
        middle, low, high = (
            self.middle[there],
            self._within(low[there]),
            self._within(high[there]),
        )
        upright = np.stack([np.stack([middle, low], -1), np.stack([middle, high], -1)], 1)
        cap = self.width * CAP
        return np.concatenate([upright, *(self._across(middle - cap / 2, ends, cap) for ends in (low, high))])

    @staticmethod
    def _across(left: Array, height: Array, width: float) -> Array:
        there = np.isfinite(height)
        left, height = left[there], height[there]
        return np.stack([np.stack([left, height], -1), np.stack([left + width, height], -1)], 1)

    def explain(self, beside: Sequence[Axes]) -> None:
        if self.hue is not None:
            explain_hue(self.hue, self.names, self.colours, beside)

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return which category, and of several bars which, lies at a point of the figure, in dots."""
        if not self.axes.bbox.contains(x, y) or not self.left.size:
            return None
        across, _ = self.axes.transData.inverted().transform((x, y))
        number, category = np.unravel_index(np.abs(self.middle - across).argmin(), self.middle.shape)
        return (int(category),) if self.hue is None else (int(number), int(category))


def heights(scale: Scale) -> tuple[float, float]:
    """Return the ends of the axis of bars: zero is on it, unless others were asked for."""
    low, high = scale.limits
    if scale.log:
        return low * (low / high) ** MARGIN, high * (high / low) ** MARGIN
    if scale.typed is not None:
        return low, high
    low, high = min(low, 0.0), max(high, 0.0)
    room = MARGIN * (high - low)
    return low - room * (low < 0), high + room * (high > 0)


def bar_frame(slicer: Slicer, view: View) -> Frame:
    """Return a frame whose categories lie at equal distances, whatever their values."""
    frame = slicer.frame(replace(view, by=None))
    assert frame.x is not None
    x, coords = frame.x, slicer.dataset.coords
    if x.kind == "category":
        ticks = x.ticks
    else:
        ticks = tuple(value_texts(coords[x.dim].values[x.order] if x.dim in coords else x.order))
    places = np.arange(len(x.positions), dtype=float)
    names = len(frame.extra.get("curves", ("",)))
    aside = WIDTH / max(names, 1) * (np.arange(names) - (names - 1) / 2)
    across = (places + aside[:, None]).reshape(frame.values.shape)
    words = "no values" if frame.values.size and frame.missing.all() and frame.status is None else ""
    return replace(
        frame,
        x=replace(x, kind="category", positions=places, ticks=ticks, scale=None),
        extra={**frame.extra, ACROSS: across, **({WORDS: words} if words else {})},
    )


def _suits(dataset: xr.Dataset, variable: str) -> bool:
    found = dataset.variables[variable]
    return found.dtype.kind in "iufbcm" and not flags.meanings_of(found.attrs)


def _along(dataset: xr.Dataset, dim: str) -> bool:
    return bool(dataset.sizes.get(dim, 0) <= MOST_BARS)


def _natural(dataset: xr.Dataset, view: View) -> bool:
    """Return whether what lies along x has names."""
    coordinate: Any = dataset.coords.get(str(view.x))
    return coordinate is not None and view.by is None and coordinate.dtype.kind not in "iufcmM"


KIND = Kind(
    "bar",
    BarPainter,
    needs=("x",),
    takes=("hue",),
    frame=bar_frame,
    along=_along,
    suits=_suits,
    natural=_natural,
)
