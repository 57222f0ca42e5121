"""How are the times of events drawn, such as spikes? As a mark each, a row for every run."""

import weakref
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from explorekit.explorer import flags
from explorekit.explorer.axis import Array, Axis
from explorekit.explorer.drawing.axes import date_ticks, drawn, dress, plain_text
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.kinds.parallel import nearest
from explorekit.explorer.drawing.palette import LINE, MARK_COLOURS, PICKED, STATUS_COLOURS, STATUS_MARKS
from explorekit.explorer.labels import dim_name, paired, units_of, value_texts
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import WORDS, Frame, Slicer
from explorekit.explorer.view import View, dims_of, parameter_dims

# More rows are thinner than a dot of the screen.
MOST_ROWS = 400
# More events than this are not drawn while a slider moves: of each row every few.
MOST_MARKS = 150_000
# So many rows have room for a sign each.
FEW = 60
# A mark takes so much of the height of its row.
HEIGHT = 0.8
# In points: that of a single row would reach from the bottom to the top.
HIGHEST = 60.0
# In ``Frame.extra``: every how many-th event is drawn.
EVERY = "every"
# Units of time, in the words of UDUNITS and in shorter ones, without the s of several.
TIMES = frozenset({"ns", "us", "µs", "ms", "s", "min", "h", "d"})
TIMES |= {"microsecond", "millisecond", "second", "sec", "minute", "hour", "hr", "day", "year", "yr"}
# So many values of the longest run tell whether they are in order.
SAMPLE = 10_000


class Ticks(Line2D):
    """Upright marks that are as high as their row, whatever the size of the picture."""

    rows = 1

    def draw(self, renderer: object) -> None:
        figure = self.get_figure(root=True)
        if self.axes is not None and figure is not None:
            room = self.axes.get_window_extent().height / self.rows * 72 / figure.dpi
            self.set_markersize(min(HEIGHT * room, HIGHEST))
        super().draw(renderer)  # type: ignore[arg-type]


class RasterPainter:
    """A row of marks for each run; a run without values has a band in its colour, and a sign at the left."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        self.axes = axes
        self.named = frame.y is not None
        self.rows = 1 if frame.y is None else len(frame.y.positions)
        self.bands = {
            code: PatchCollection(
                [],
                facecolor=STATUS_COLOURS[code],
                alpha=0.25 if self.rows <= FEW else 0.7,
                lw=0,
                transform=axes.get_yaxis_transform(),
            )
            for code in STATUS_MARKS
        }
        for band in self.bands.values():
            axes.add_collection(band, autolim=False)
        thick = 1.2 if self.rows <= FEW else 0.8
        self.ticks = Ticks([], [], color=LINE, marker="|", ls="", mew=thick)
        self.picked = Ticks([], [], color=PICKED, marker="|", ls="", mew=2.4)
        self.row = Rectangle((0, 0), 1, 1, fill=False, edgecolor=PICKED, lw=1.2, visible=False)
        self.row.set_transform(axes.get_yaxis_transform())
        axes.add_artist(self.row)
        self.signs = {
            code: Line2D(
                [],
                [],
                color=MARK_COLOURS[code],
                marker=mark,
                ls="",
                ms=6 if self.rows <= FEW else 3,
                mew=1.6,
                clip_on=False,
            )
            for code, mark in STATUS_MARKS.items()
        }
        for sign in self.signs.values():
            sign.set_transform(axes.get_yaxis_transform())
            sign.set_in_layout(False)  # an empty one would have its place in the corner of the figure
        for line in (self.ticks, *self.signs.values(), self.picked):
            axes.add_line(line)
        self.ticks.rows = self.picked.rows = self.rows
        self._dress(frame, scale)

    def _dress(self, frame: Frame, scale: Scale) -> None:
        axes = self.axes
        low, high = drawn(np.array(scale.limits), "time" if frame.time else "number")
        if scale.log:
            axes.set_xscale("log")
        axes.set(xlim=(low, high), ylim=(-0.5, self.rows - 0.5))
        axes.set_xlabel(plain_text(frame.label))
        if frame.time:
            date_ticks(axes.xaxis)
        if frame.y is None:
            axes.set_yticks([])
        else:
            dress(axes, "y", frame.y)
            axes.tick_params(axis="y", length=2)

    @property
    def artists(self) -> Sequence[Artist]:
        return (*self.bands.values(), self.row, self.ticks, *self.signs.values(), self.picked)

    def update(self, frame: Frame, scale: Scale) -> None:
        times, ended = times_of(frame, scale), ended_of(frame)
        self.times = times
        row, place = np.nonzero(np.isfinite(times))
        self.ticks.set_data(times[row, place], row)
        for code, band in self.bands.items():
            rows = np.flatnonzero(ended == code)
            band.set_paths([Rectangle((0, y - 0.5), 1, 1) for y in rows])
            self.signs[code].set_data(np.full(len(rows), 0.012), rows)
        pick = _row_and_mark(frame.pick)
        self.row.set_visible(pick is not None and frame.y is not None)
        self.picked.set_data([], [])
        if pick is not None:
            self.row.set_y(pick[0] - 0.5)
            self.picked.set_data([times[pick]], [pick[0]])

    def explain(self, beside: Sequence[Axes]) -> None:
        """The labels of the axes say all."""

    def place_at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the row and the mark nearest to a point of the picture, the first of a row that has none."""
        if not self.axes.get_window_extent().contains(x, y):
            return None
        row = int(
            np.clip(round(float(self.axes.transData.inverted().transform((x, y))[1])), 0, self.rows - 1)
        )
        times = self.times[row]
        across = self.axes.transData.transform(np.column_stack([times, np.full(len(times), row)]))[:, 0]
        mark = (nearest(np.abs(across - x)) or (0,))[0]
        return (row, mark) if self.named else (mark,)


def _row_and_mark(pick: tuple[int, ...] | None) -> tuple[int, int] | None:
    return None if pick is None else (0, pick[0]) if len(pick) == 1 else (pick[0], pick[1])


def times_of(frame: Frame, scale: Scale) -> Array:
    """Return when events are, in matplotlib's numbers, of shape (row, event); NaN behind the last one of a row."""
    times = drawn(np.atleast_2d(scale.codes(frame.values)), "time" if frame.time else "number")
    return np.where(times > 0, times, np.nan) if scale.log else times


def ended_of(frame: Frame) -> Array:
    """Return how the run of each row ended; a run that is pending and has its first events counts as one that is ok."""
    missing = np.atleast_2d(frame.missing).all(axis=1)
    if frame.status is None or not np.size(frame.status):
        code = flags.OK if frame.outcome is None else frame.outcome
        return np.where(missing, code, flags.OK)
    status = np.atleast_2d(frame.status)[:, 0]
    return np.where(~missing & (status == flags.PENDING), flags.OK, status)


def raster_frame(slicer: Slicer, view: View) -> Frame:
    """Return all events of every row; of too many rows or events, every few."""
    dataset, sizes = slicer.dataset, slicer.dataset.sizes
    x = str(view.x)
    axes = []
    if view.y is not None:
        step = -(-sizes[view.y] // MOST_ROWS) or 1
        axes.append(_rows(dataset, view.y, step))
    rows = len(axes[0].positions) if axes else 1
    step = 1
    while -(-sizes[x] // step) * rows > 20 * MOST_MARKS:  # as many values as can be read
        step *= 2
    places = np.arange(0, sizes[x], step)
    axes.append(Axis(x, dim_name(dataset, x), "number", places.astype(float), places, step=step))
    frame = slicer.frame(replace(view, by=None), axes)
    count = int((~frame.missing).sum())
    words = f"{count:,} events in {rows:,} row{'s' if rows > 1 else ''}"
    extra = {**frame.extra, WORDS: words}
    notes = [frame.note]
    if count > MOST_MARKS:
        every = -(-count // MOST_MARKS)
        kept = np.zeros(frame.values.shape, dtype=bool)
        kept[..., ::every] = True
        frame = replace(frame, values=np.where(kept, frame.values, np.nan))
        extra[EVERY] = every
        notes.append(f"1 in {every} of {count:,} events")
    return replace(frame, extra=extra, note="; ".join(filter(None, notes)))


def _rows(dataset: xr.Dataset, dim: str, step: int) -> Axis:
    """Return an axis with a row a value, whatever the values are, in the order that they have."""
    index = np.arange(0, dataset.sizes[dim], step)
    label = dim_name(dataset, dim)
    if dim in dataset.coords:
        values = dataset.coords[dim].values[::step]
        order = np.argsort(values, kind="stable") if values.dtype.kind in "iufmM" else np.arange(len(values))
        ticks = tuple(value_texts(values[order]))
        return Axis(dim, label, "category", np.arange(len(index), dtype=float), index[order], ticks, step)
    ticks = tuple(map(str, index))
    return Axis(dim, label, "category", np.arange(len(index), dtype=float), index, ticks, step)


def can_hold_events(dataset: xr.Dataset, variable: str) -> bool:
    """Return whether values may be times, along a dimension that has no values itself and no run of its own."""
    shown = dataset.variables[variable]
    numeric = shown.dtype.kind in "iufmM" and not flags.meanings_of(shown.attrs)
    return numeric and any(counts_only(dataset, str(dim)) for dim in shown.dims)


def counts_only(dataset: xr.Dataset, dim: str) -> bool:
    """Return whether a dimension merely counts what a run returned."""
    return dim not in dataset.coords and dim not in parameter_dims(dataset) and not paired(dataset, dim)


_known: dict[tuple[int, str], bool] = {}


def is_raster(dataset: xr.Dataset, view: View) -> bool:
    """Return whether values are times of events: of another number in each run, in units of time, and in order."""
    name, x = str(view.variable), view.x
    if x is None or f"{x}_size" not in dataset.data_vars or dims_of(dataset, view)[-1] != x:
        return False
    variable = dataset.variables[name]
    if variable.dtype.kind not in "mM" and not _is_time(units_of(variable.attrs)):
        return False
    key = (id(dataset), name)
    if key not in _known:
        _known[key] = _in_order(dataset, name, x)
        weakref.finalize(dataset, _known.pop, key, None)
    return _known[key]


def _is_time(units: str) -> bool:
    return units in TIMES or units.removesuffix("s") in TIMES


def _in_order(dataset: xr.Dataset, name: str, dim: str) -> bool:
    """Return whether the values of the longest run are, as far as they are looked at."""
    lengths = dataset.variables[f"{dim}_size"]
    sizes = np.asarray(lengths.values)
    if not sizes.size or not np.nanmax(sizes) > 0:
        return True
    where = dict(zip(lengths.dims, np.unravel_index(int(np.nanargmax(sizes)), sizes.shape), strict=True))
    where = {d: i for d, i in where.items() if d in dataset.variables[name].dims}
    values = np.asarray(dataset.variables[name].isel({**where, dim: slice(SAMPLE)}).values)
    values = values[~np.isnan(values)] if values.dtype.kind in "fmM" else values[: int(np.nanmax(sizes))]
    return bool(np.all(values[..., 1:] >= values[..., :-1])) if values.ndim == 1 else False


KIND = Kind(
    "raster",
    RasterPainter,
    needs=("x",),
    takes=("y",),
    frame=raster_frame,
    along=counts_only,
    suits=can_hold_events,
    natural=is_raster,
)
