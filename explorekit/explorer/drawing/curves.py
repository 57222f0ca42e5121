"""How are several curves drawn, or one with a band? Each in a colour of its own, told by a legend or a colour bar."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.lines import Line2D

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, plain_text, shortened
from explorekit.explorer.drawing.palette import (
    LINE,
    MARK_COLOURS,
    STATUS_MARKS,
    curve_colours,
    values_map,
)
from explorekit.explorer.drawing.xy import FEW_POINTS, MANY_DOTS, dress_line, extremes
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

if TYPE_CHECKING:
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

# More curves have a colour bar in place of a legend.
MOST_NAMED = 10
LONGEST_NAME = 18


class CurvesPainter:
    """A line a curve, a band round it where there is one, and marks at the bottom for runs without a value."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        self.axes = axes
        self.hue = frame.hue
        self.x = drawn(frame.x.positions, frame.x.kind)
        self.scattered = frame.x.scattered
        self.names: tuple[str, ...] = frame.extra.get("curves", ("",))
        self.colours = curve_colours(len(self.names), named=self._by_name()) if self.hue else [LINE]
        joined = not (frame.x.kind == "category" or self.scattered or scale.categories)
        dotted = len(self.x) <= FEW_POINTS or not joined
        style: dict[str, Any] = {
            "linestyle": "-" if joined else "",
            "marker": "o" if dotted else "",
            "markersize": 3.5 if len(self.x) <= MANY_DOTS else 2,
            "lw": 1.4 if len(self.names) <= MOST_NAMED else 0.9,
        }
        self.bands: list[PolyCollection] = []
        self.lines = [axes.plot([], [], color=colour, **style)[0] for colour in self.colours]
        bottom = axes.get_xaxis_transform()
        self.marks = {
            code: Line2D([], [], color=MARK_COLOURS[code], marker=mark, ls="", ms=8, mew=2, transform=bottom)
            for code, mark in STATUS_MARKS.items()
        }
        for mark in self.marks.values():
            axes.add_line(mark)
        dress_line(axes, frame, scale, self.x)

    @property
    def artists(self) -> Sequence[Artist]:
        return (*self.bands, *self.lines, *self.marks.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        status = frame.shown_status
        values = np.atleast_2d(self._numbers(frame, scale, frame.values, status))
        for line, curve in zip(self.lines, values, strict=True):
            index = np.arange(len(curve)) if self.scattered else extremes(curve)
            line.set_data(self.x[index], curve[index])
        for band in self.bands:
            band.remove()
        self.bands = []
        if frame.low is not None and frame.high is not None:
            self._draw_bands(*(self._numbers(frame, scale, ends, status) for ends in (frame.low, frame.high)))
        for code, mark in self.marks.items():
            where = self.x[np.atleast_2d(status == code).any(0)] if status is not None else self.x[:0]
            mark.set_data(where, np.full(len(where), 0.025))

    def _draw_bands(self, low: Array, high: Array) -> None:
        for colour, below, above in zip(self.colours, np.atleast_2d(low), np.atleast_2d(high), strict=True):
            index = np.arange(len(below)) if self.scattered else extremes(above)
            ends = [np.ma.masked_invalid(part[index]) for part in (below, above)]
            band = self.axes.fill_between(self.x[index], ends[0], ends[1], color=colour, alpha=0.2, lw=0)
            self.bands.append(band)

    @staticmethod
    def _numbers(frame: Frame, scale: Scale, values: Array, status: Array | None) -> Array:
        numbers = drawn(scale.codes(values), "time" if frame.time else "number")
        return numbers if status is None else np.where(status > flags.OK, np.nan, numbers)

    def explain(self, beside: Sequence[Axes]) -> None:
        if self.hue is None:
            return
        figure = cast("Figure", self.axes.get_figure(root=True))
        title = plain_text(shortened(self.hue.label, LONGEST_NAME + 8))
        if len(self.names) <= MOST_NAMED:
            names = [plain_text(shortened(name, LONGEST_NAME)) for name in self.names]
            handles = [Line2D([], [], color=colour, lw=2) for colour in self.colours]
            figure.legend(
                handles,
                names,
                loc="outside right upper",
                title=title,
                fontsize=8,
                title_fontsize=8,
                frameon=False,
            )
            return
        positions = drawn(self.hue.positions, self.hue.kind)
        norm = (LogNorm if self.hue.spacing == "log" else Normalize)(positions[0], positions[-1])
        palette = ListedColormap(self.colours) if self._by_name() else values_map()
        bar = figure.colorbar(ScalarMappable(norm, palette), ax=list(beside), pad=0.02)
        bar.set_label(title)
        if self.hue.kind == "category":
            category_ticks(bar.ax.yaxis, self.hue.ticks)
        elif self.hue.kind == "time":
            date_ticks(bar.ax.yaxis)

    def _by_name(self) -> bool:
        return self.hue is not None and self.hue.kind == "category"
