"""How are several curves drawn, or one with a band? Each in a colour of its own, told by a legend or a colour bar."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.axes import drawn
from explorekit.explorer.drawing.hues import MOST_NAMED, explain_hue, hue_colours
from explorekit.explorer.drawing.palette import MARK_COLOURS, STATUS_MARKS
from explorekit.explorer.drawing.xy import FEW_POINTS, MANY_DOTS, dress_line, extremes
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

if TYPE_CHECKING:
    from matplotlib.collections import PolyCollection


class CurvesPainter:
    """A line a curve, a band round it where there is one, and marks at the bottom for runs without a value."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        self.axes = axes
        self.hue = frame.hue
        self.x = drawn(frame.x.positions, frame.x.kind)
        self.scattered = frame.x.scattered
        self.names: tuple[str, ...] = frame.extra.get("curves", ("",))
        self.colours = hue_colours(self.hue, len(self.names))
        self.joined = not (frame.x.kind == "category" or self.scattered or scale.categories)
        self.dotted = len(self.x) <= FEW_POINTS or not self.joined
        self.dot_size = 3.5 if len(self.x) <= MANY_DOTS else 2
        self.line_width = 1.4 if len(self.names) <= MOST_NAMED else 0.9
        style: dict[str, Any] = {
            "linestyle": "-" if self.joined else "",
            "marker": "o" if self.dotted else "",
            "markersize": self.dot_size,
            "lw": self.line_width,
        }
        self.bands: list[PolyCollection] = []
        self.values: Array = np.empty((0, 0))
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
        self.values = np.atleast_2d(self._numbers(frame, scale, frame.values))
        for band in self.bands:
            band.remove()
        self.bands = []
        for line, colour, (index, curve, *ends) in zip(
            self.lines, self.colours, self.points(frame, scale), strict=True
        ):
            line.set_data(self.x[index], curve)
            if ends:
                low, high = map(np.ma.masked_invalid, ends)
                band = self.axes.fill_between(self.x[index], low, high, color=colour, alpha=0.2, lw=0)
                self.bands.append(band)
        for code, mark in self.marks.items():
            where = self.x[np.atleast_2d(status == code).any(0)] if status is not None else self.x[:0]
            mark.set_data(where, np.full(len(where), 0.025))

    def points(self, frame: Frame, scale: Scale) -> list[tuple[Array, ...]]:
        """Return of each curve which positions it goes through, its values there, and those of the ends of its band."""
        shown = [frame.values]
        if frame.low is not None and frame.high is not None:
            shown += [frame.low, frame.high]
        numbers = np.array([np.atleast_2d(self._numbers(frame, scale, values)) for values in shown])
        found = []
        for curve in numbers.swapaxes(0, 1):
            index = np.unique(np.concatenate([self._seen(values) for values in curve]))
            found.append((index, *curve[:, index]))
        return found

    def _seen(self, values: Array) -> Array:
        return np.arange(len(values)) if self.scattered else extremes(values)

    @staticmethod
    def _numbers(frame: Frame, scale: Scale, values: Array) -> Array:
        status = frame.shown_status
        numbers = drawn(scale.codes(values), "time" if frame.time else "number")
        return numbers if status is None else np.where(status > flags.OK, np.nan, numbers)

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the curve and the place along it that lie nearest to a point of the figure, in dots."""
        if not self.axes.bbox.contains(x, y) or not self.values.size:
            return None
        across = np.broadcast_to(self.x, self.values.shape)
        dots = self.axes.transData.transform(np.stack([across, self.values], axis=-1).reshape(-1, 2))
        far = np.hypot(*(dots - (x, y)).T)
        if np.isnan(far).all():
            return None
        curve, place = np.unravel_index(np.nanargmin(far), self.values.shape)
        return (int(place),) if self.hue is None else (int(curve), int(place))

    def explain(self, beside: Sequence[Axes]) -> None:
        if self.hue is not None:
            explain_hue(self.hue, self.names, self.colours, beside)
