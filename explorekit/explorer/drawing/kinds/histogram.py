"""How are values distributed? As the number of those in each of some bins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, plain_text
from explorekit.explorer.drawing.bins import Bins, bins_of
from explorekit.explorer.drawing.hues import explain_hue, hue_colours
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.words import Words
from explorekit.explorer.measuring import looked_at, places
from explorekit.explorer.reducing import middle
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import WORDS, Frame, Slicer
from explorekit.explorer.view import View

COUNTED = "counted"
TRUTHS = ("False", "True")
ROOM = 1.06
COUNTS = "number of values"


@dataclass(frozen=True)
class Counted:
    """What is counted, and how its axes look.

    Parameters
    ----------
    label
        The name of the values, with units.
    whole
        Whether they are whole numbers.
    truth
        Whether they are truth values.
    log
        Whether the axis of the counts is logarithmic.
    most
        The largest count of all positions, as far as was looked; 0 where pictures are not to be compared.
    """

    label: str
    whole: bool = False
    truth: bool = False
    log: bool = False
    most: int = 0


class HistogramPainter:
    """Bars of counts, or a line of steps for each of several colours."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        self.axes = axes
        self.hue, self.time = frame.hue, frame.time
        self.counted: Counted = frame.extra[COUNTED]
        self.categories = TRUTHS if self.counted.truth else scale.categories
        self.names: tuple[str, ...] = frame.extra.get("curves", ("",))
        self.colours = hue_colours(self.hue, len(self.names))
        self.bins = bins_for(frame, scale)
        self.edges = drawn(self.bins.edges, "time" if frame.time else "number")
        self.counts: Array = np.zeros((len(self.names), self.bins.number), int)
        self.need = 1.0
        self.bars: Any = PolyCollection([], facecolor=self.colours[0], edgecolor="white", lw=0.6)
        axes.add_collection(self.bars, autolim=False)
        several = self.colours if self.hue is not None else []
        self.steps = [axes.stairs(self.counts[0], self.edges, color=c, lw=1.6) for c in several]
        self.words = Words(axes, corner=True)
        self._dress()

    def _dress(self) -> None:
        axes, side = self.axes, self.axes.xaxis
        if self.bins.log:
            axes.set_xscale("log")
        axes.set_xlim(self.edges[0], self.edges[-1])
        axes.set_xlabel(plain_text(self.counted.label))
        axes.set_ylabel(COUNTS)
        axes.grid(visible=True, axis="y", color="#e4e4e4", lw=0.6)
        axes.set_axisbelow(True)
        if self.time:
            date_ticks(side)
        elif self.categories:
            category_ticks(side, self.categories)
            if sum(map(len, self.categories[:20])) > 60:
                axes.tick_params(axis="x", labelrotation=30)
        elif self.bins.apart:
            side.set_major_locator(MaxNLocator(10, integer=True))
        if self.counted.log:
            axes.set_yscale("log", nonpositive="clip")
        else:
            axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))

    @property
    def artists(self) -> Sequence[Artist]:
        # The axis of the counts is no part of what is drawn once: it makes room for what comes.
        return (self.axes.yaxis, self.bars, *self.steps, self.words.text, *self.axes.spines.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        self.counts = counts(frame, scale, self.bins)
        for step, numbers in zip(self.steps, self.counts, strict=False):
            step.set_data(numbers, self.edges)
        if not self.steps:
            self.bars.set_verts(self._boxes(self.counts[0]))
        self.need = float(self.counts.max(initial=1))
        self.level(self.need)
        self.words.update(frame)

    def level(self, need: float) -> None:
        """Make room for so many in one bin."""
        self.axes.set_ylim(0.5 if self.counted.log else 0, top_of(self.counted, need))

    def _boxes(self, numbers: Array) -> Array:
        there = numbers > 0
        left, right, top = self.edges[:-1][there], self.edges[1:][there], numbers[there].astype(float)
        if self.bins.apart:
            left, right = left + 0.1, right - 0.1
        bottom = np.full(len(top), 0.1 if self.counted.log else 0.0)
        corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
        return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)

    def explain(self, beside: Sequence[Axes]) -> None:
        if self.hue is not None:
            explain_hue(self.hue, self.names, self.colours, beside)


def counts(frame: Frame, scale: Scale, bins: Bins) -> Array:
    """Return how many values of a frame fall into each bin, of shape (names, bins)."""
    values = scale.codes(frame.values)
    if frame.shown_status is not None:
        values = np.where(frame.shown_status == flags.OK, values, np.nan)
    curves = [values] if frame.hue is None else values
    return np.array([bins.counts(np.ravel(curve)) for curve in curves]).reshape(-1, bins.number)


def bins_for(frame: Frame, scale: Scale) -> Bins:
    """Return the bins into which the values of a frame fall."""
    several = 1 if frame.hue is None else len(frame.hue.order)
    return bins_of(scale, frame.values.size // max(several, 1), whole=frame.extra[COUNTED].whole)


def top_of(counted: Counted, need: float) -> float:
    """Return where the axis of the counts ends: the same for all positions, unless one has more than was seen."""
    return max(ROOM * counted.most if need <= counted.most else _round(ROOM * need), 1.2)


def _round(need: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, …."""
    decade = 10.0 ** np.floor(np.log10(need))
    return float(next(step * decade for step in (1, 2, 5, 10) if step * decade >= need))


def histogram_frame(slicer: Slicer, view: View) -> Frame:
    """Return the frame whose values are counted."""
    view = replace(view, by=None, reduce={dim: middle(name) for dim, name in view.reduce.items()})
    frame = slicer.frame(view)
    kind = slicer.dataset.variables[str(view.variable)].dtype.kind
    whole = kind in "iub" and not (view.reduce or view.over)
    counted = Counted(
        frame.label, whole, truth=whole and kind == "b" and not view.minus, log=view.yscale == "log"
    )
    if view.limits != "frame":
        key = ("histogram", repr(replace(view, selection={}, picked=False)))
        counted = replace(counted, most=slicer.once(key, lambda: _most(slicer, view, counted)))
    words = left_out(frame, view)
    return replace(
        frame,
        label=f"distribution of {frame.label}",
        extra={**frame.extra, COUNTED: counted, **({WORDS: words} if words else {})},
        look=counted,
        pick=None,
    )


def _most(slicer: Slicer, view: View, counted: Counted) -> int:
    """Return the largest count at positions spread over all."""
    frames = [slicer.frame(place) for place in places(slicer, view)]
    if not frames:
        return 0
    scale = reduce(Scale.including, (frame.values for frame in frames), Scale(signed=view.minus is not None))
    scale = looked_at(scale, frames[0], view)
    bins = bins_for(replace(frames[0], extra={COUNTED: counted}), scale)
    return max(int(counts(frame, scale, bins).max(initial=0)) for frame in frames)


def left_out(frame: Frame, view: View) -> str:
    """Return in words what is not counted: runs without a value, and values without a place."""
    parts = [f"{frame.runs[code]:,} {flags.IN_WORDS[code]}" for code in _GAPS if frame.runs.get(code)]
    missing, status = frame.missing, frame.shown_status
    silent = missing if status is None else missing & (status == flags.OK)
    parts += [f"{int(silent.sum()):,} missing"] if silent.any() else []
    if frame.values.dtype != object:
        parts += _without_place(frame.values, view, time=frame.time)
    if not parts:
        return ""
    return f"{'no values' if missing.all() else 'not counted'}: {', '.join(parts)}"


_GAPS = (flags.PENDING, flags.FAILED, flags.TIMED_OUT)


def _without_place(values: Array, view: View, *, time: bool) -> list[str]:
    infinite, finite = np.isinf(values), np.isfinite(values)
    outside = {"infinite": infinite}
    if view.norm == "log" and not time and view.minus is None:
        outside["not positive"] = finite & (values <= 0)
        finite = finite & (values > 0)
    if isinstance(view.limits, tuple):
        outside["beyond the limits"] = finite & ((values < view.limits[0]) | (values > view.limits[1]))
    return [f"{int(where.sum()):,} {what}" for what, where in outside.items() if where.any()]


def _suits(dataset: xr.Dataset, variable: str) -> bool:
    return max(dataset.variables[variable].shape, default=0) > 1


KIND = Kind(
    "histogram",
    HistogramPainter,
    needs=("x",),
    takes=("y", "hue"),
    frame=histogram_frame,
    suits=_suits,
)
