"""How do values rise and fall over two measured axes? As areas between levels that are the same wherever the sliders are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import matplotlib.dates
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from explorekit.explorer import flags
from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.axes import date_ticks, drawn, dress, label_text
from explorekit.explorer.drawing.cells import RunCells
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.palette import values_map
from explorekit.explorer.drawing.words import Words
from explorekit.explorer.labels import value_text
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import WORDS, Frame, Slicer
from explorekit.explorer.view import View

# Untyped in matplotlib.
dates: Any = matplotlib.dates
MOST_LEVELS = 12
# Between more values along an axis no screen shows another curve.
MOST_VALUES = 300
# Of values that go up and down so often between levels, an area takes 15 µs to draw: some of them stand for all.
MOST_CROSSINGS = 25_000
LINES: dict[str, Any] = {"colors": "black", "linewidths": 0.5, "alpha": 0.35, "linestyles": "solid"}


class ContourPainter:
    """Areas in the colours of their values, thin lines between them, and the cells of runs without a value."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        assert frame.y is not None
        self.axes = axes
        self.label, self.time, self.log = frame.label, frame.time, scale.log
        self.x: Array = drawn(frame.x.positions, frame.x.kind)
        self.y: Array = drawn(frame.y.positions, frame.y.kind)
        self.levels = levels(scale, time=frame.time)
        low, high = drawn(np.array(scale.limits), "time" if frame.time else "number")
        self.look: dict[str, Any] = {
            "levels": self.levels,
            "cmap": values_map(signed=scale.signed, name=scale.cmap),
            "norm": (LogNorm if scale.log else Normalize)(low, high),
            "extend": "both" if scale.typed is not None else "neither",
        }
        self.areas: list[Any] = []
        self.runs = RunCells(axes, frame.x, frame.y)
        self.words = Words(axes)
        for which, axis in (("x", frame.x), ("y", frame.y)):
            dress(axes, which, axis)  # type: ignore[arg-type]
            if axis.spacing == "log":
                axes.set(**{f"{which}scale": "log"})
            ends = axis.positions if len(axis.positions) > 1 else axis.edges
            axes.set(**{f"{which}lim": drawn(ends[[0, -1]], axis.kind)})

    @property
    def artists(self) -> Sequence[Artist]:
        return (*self.areas, *self.runs.artists, self.words.text, *self.axes.spines.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        for areas in self.areas:
            areas.remove()
        self.areas = []
        rows, columns = _some(len(self.y)), _some(len(self.x))
        values = numbers(frame, log=self.log)[np.ix_(rows, columns)]
        step = _step(values, self.levels)
        rows, columns, values = rows[::step], columns[::step], values[::step, ::step]
        low, high = _ends(values)
        if min(values.shape) > 1 and low <= high:
            self.areas.append(self.axes.contourf(self.x[columns], self.y[rows], values, **self.look))
            between = self.levels[(self.levels > low) & (self.levels < high)]
            if len(between):
                self.areas.append(self.axes.contour(self.x[columns], self.y[rows], values, between, **LINES))
        self.runs.update(frame.shown_status)
        self.words.update(
            frame, f"too rough: contours of one in {step} values along each axis" if step > 1 else ""
        )

    def explain(self, beside: Sequence[Axes]) -> None:
        colours = ScalarMappable(self.look["norm"], self.look["cmap"])
        inner = (self.levels[1:] + self.levels[:-1]) / 2
        if self.log:
            inner = np.sqrt(self.levels[1:] * self.levels[:-1])
        bar = self.axes.figure.colorbar(
            colours,
            ax=list(beside),
            pad=0.02,
            boundaries=self.levels,
            values=inner,
            ticks=self.levels,
            spacing="uniform" if self.log else "proportional",
        )
        bar.set_label(label_text(self.label))
        if self.time:
            date_ticks(bar.ax.yaxis)
        else:
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the row and the column of the value that is nearest to a point of the figure, in dots."""
        if not self.axes.bbox.contains(x, y) or not (len(self.x) and len(self.y)):
            return None
        to_dots = self.axes.transData.transform
        across = to_dots(np.stack([self.x, np.full(len(self.x), self.y[0])], axis=-1))[:, 0]
        up = to_dots(np.stack([np.full(len(self.y), self.x[0]), self.y], axis=-1))[:, 1]
        return int(np.abs(up - y).argmin()), int(np.abs(across - x).argmin())


def levels(scale: Scale, *, time: bool = False) -> Array:
    """Return round numbers from the lower limit of a scale to the upper one, two at least."""
    low, high = drawn(np.array(scale.limits), "time" if time else "number")
    if scale.log:
        found: Any = _decades(low, high)
    elif time:
        found = np.asarray(
            dates.AutoDateLocator(maxticks=MOST_LEVELS).tick_values(*dates.num2date([low, high]))
        )
    else:
        with np.errstate(all="ignore"):
            found = MaxNLocator(MOST_LEVELS, symmetric=scale.signed).tick_values(low, high)
    if scale.typed is not None or scale.log or time:
        found = np.unique([low, *found[(found > low) & (found < high)], high])
    good = len(found) > 1 and np.isfinite(found).all() and (np.diff(found) > 0).all()
    return np.asarray(found if good else [low, high], dtype=float)


def _decades(low: float, high: float) -> Array:
    """Return the finest of 1, 2, 3, …, of 1, 2, 5, …, and of 1, 10, 100, … that are not too many."""
    for steps in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        found = np.asarray(LogLocator(subs=steps, numticks=100).tick_values(low, high))
        between = found[(found > low) & (found < high)]
        if 0 < len(between) <= MOST_LEVELS:
            return between
    return np.geomspace(low, high, MOST_LEVELS)


def numbers(frame: Frame, *, log: bool) -> Any:
    """Return the values between which there are contours; masked where there is none."""
    values = drawn(frame.values, "time" if frame.time else "number")
    status = frame.shown_status
    if status is not None:
        values = np.where(status == flags.OK, values, np.nan)
    shown = np.ma.masked_invalid(values)
    return np.ma.masked_less_equal(shown, 0) if log else shown


def spread(frame: Frame, *, log: bool) -> tuple[float, float]:
    """Return the lowest and the highest value between which there are contours; the first is higher if there is none."""
    return _ends(numbers(frame, log=log))


def _some(count: int) -> Array:
    return np.linspace(0, count - 1, min(count, MOST_VALUES)).round().astype(int)


def _step(values: Any, between: Array) -> int:
    """Return each how-many-th value is drawn, so that contours do not take longer than one waits."""
    places = np.searchsorted(between, values.filled(between[0]))
    crossings = sum(int(np.abs(np.diff(places, axis=axis)).sum()) for axis in (0, 1))
    return max(1, int(np.ceil(np.sqrt(crossings / MOST_CROSSINGS))))


def _ends(values: Any) -> tuple[float, float]:
    there = values.compressed()
    return (float(there.min()), float(there.max())) if there.size else (1.0, 0.0)


def contour_frame(slicer: Slicer, view: View) -> Frame:
    """Return the frame of an image, and in words why there are no contours in it."""
    frame = slicer.frame(view)
    words = _words(frame)
    return replace(frame, extra={**frame.extra, WORDS: words}) if words else frame


def _words(frame: Frame) -> str:
    if frame.values.size == 0 or frame.outcome not in (None, flags.OK):
        return ""  # others say it
    for axis in (frame.x, frame.y):
        assert axis is not None
        if len(axis.positions) < 2:
            return f"contours lie between values, and {axis.dim} has one: choose another kind or dimension"
        if axis.kind == "category":
            return f"contours lie between numbers, and those of {axis.dim} are none: choose another kind or dimension"
    there = frame.values[np.isfinite(frame.values)]
    if not there.size:
        return (
            "" if frame.shown_status is not None and (frame.shown_status != flags.OK).any() else "no values"
        )
    if there.min() == there.max() and not frame.time:
        return f"every value is {value_text(float(there[0]))} {frame.units}".rstrip()
    return ""


def _suits(dataset: xr.Dataset, variable: str) -> bool:
    found = dataset.variables[variable]
    return found.dtype.kind in "iufbcmM" and not flags.meanings_of(found.attrs)


def _along(dataset: xr.Dataset, dim: str) -> bool:
    """Return whether there may be something between the values of a dimension."""
    return dim not in dataset.coords or dataset.coords[dim].dtype.kind in "iufmM"


KIND = Kind("contour", ContourPainter, needs=("x", "y"), frame=contour_frame, along=_along, suits=_suits)
