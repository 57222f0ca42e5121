"""What are the numbers of one view? A Dataset and a View in, the Frame to draw out; only the slice is read."""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import xarray as xr

from explorekit.explorer import flags
from explorekit.explorer.axis import Axis, axis_of, days, scattered_axis, seconds
from explorekit.explorer.labels import (
    full_name,
    index_labels,
    index_labels_of,
    paired,
    units_of,
    value_text,
    with_units,
)
from explorekit.explorer.picking import place_of
from explorekit.explorer.reducing import in_front_of, joint_status, middle, summarised
from explorekit.explorer.view import STATUS, View, dims_of, slider_dims

Array = np.ndarray[Any, Any]
Found = TypeVar("Found")

# No screen shows more cells than this along an axis, and no reader waits for more points.
MOST_CELLS = 2_000
MOST_POINTS = 1_000_000
MOST_DOTS = 20_000
MOST_CURVES = 60
# Of more positions than this, labels are made one at a time, as they are needed.
MOST_LABELS = 5_000
# More values than this are not reduced for one frame; some of them stand for all.
MOST_REDUCED = 2**23
# What a frame is compared with, in ``Frame.extra``: values to be drawn with its own.
PINNED = "pinned"
# What a kind of plot has to say of a frame, in ``Frame.extra``: why it draws nothing, or what it leaves out.
WORDS = "words"
# Where values lie along x that do not lie where their axis says, in ``Frame.extra``.
ACROSS = "across"


@dataclass(frozen=True, eq=False)
class Frame:
    """Everything a drawing needs.

    Parameters
    ----------
    kind
        The kind of plot: ``number`` (values of shape ()), ``line`` (x,), ``image`` (y, x) or one of the others in
        ``drawing/kinds``; ``nothing`` while there are no values.
    title
        The slice in words.
    label, units
        The name of the variable with its units, and the units alone.
    values
        Floats, or texts for what has no measure.
    x, y
        The axes.
    status
        The status of the run behind each value, of the shape of the values; None where runs have no part in it.
    outcome
        The status of the one run that the whole frame comes from; None if it comes from several.
    runs
        How many of the runs in the frame have each status.
    text
        A number in words.
    note
        What the frame leaves out.
    time
        Whether the values are days since 1970.
    extra
        What only this kind of plot draws, by name.
    look
        What the axes of this kind of plot depend on besides x, y, label and scale.
    hue
        The axis of curves; values then have the shape (hue, x).
    low, high
        The ends of a band round the values, of their shape.
    panels
        The frames of pictures beside each other, in rows; their values are those of all.
    pick
        The row and the column, or the curve and the place along it, that is picked.
    picked
        The value that is picked, in words, where the browser does not tell it.
    """

    kind: str
    title: str = ""
    label: str = ""
    units: str = ""
    values: Array = field(default_factory=lambda: np.array(np.nan))
    x: Axis | None = None
    y: Axis | None = None
    status: Array | None = None
    outcome: int | None = None
    runs: Mapping[int, int] = field(default_factory=dict)
    text: str = ""
    note: str = ""
    time: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    look: Hashable = ()
    pick: tuple[int, ...] | None = None
    picked: str = ""

    hue: Axis | None = None
    low: Array | None = None
    high: Array | None = None
    panels: "tuple[tuple[Frame, ...], ...]" = ()

    @property
    def plain(self) -> bool:
        """Whether there is nothing but one number, one curve, or one picture."""
        return self.hue is None and self.low is None and not self.panels

    @property
    def missing(self) -> Array:
        """Where there is no value."""
        return missing(self.values)

    @property
    def shown_status(self) -> Array | None:
        """The status where it is to be seen instead of a value: a pending run may have its first values."""
        if self.status is None:
            return None
        return np.where((self.status == flags.PENDING) & ~self.missing, flags.OK, self.status)


class Slicer:
    """Takes frames from one snapshot; axes and labels are worked out once.

    Parameters
    ----------
    dataset
        The snapshot. Its variables may be lazy.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        self._axes: dict[tuple[str, int, str | None, str | None], Axis] = {}
        self._labels: dict[str, list[str]] = {}
        self._found: dict[Hashable, object] = {}

    def once(self, key: Hashable, work: Callable[[], Found]) -> Found:
        """Return what was worked out of this snapshot under a key before, or work it out."""
        if key not in self._found:
            self._found[key] = work()
        return cast("Found", self._found[key])

    def labels(self, dim: str) -> list[str]:
        """Return one label a position along ``dim``."""
        if dim not in self._labels:
            self._labels[dim] = index_labels(self.dataset, dim)
        return self._labels[dim]

    def label(self, dim: str, index: int) -> str:
        """Return the label of one position along ``dim``, of however many."""
        if dim in self._labels or self.dataset.sizes[dim] <= MOST_LABELS:
            return self.labels(dim)[index]
        if dim in self.dataset.coords:  # with as many digits as tell it from those beside it
            first = max(index - 1, 0)
            beside = self.dataset.coords[dim][first : index + 2]
            return index_labels_of(beside)[index - first]
        if not paired(self.dataset, dim):
            return str(index)
        return index_labels(self.dataset.coords.to_dataset().isel({dim: [index]}), dim)[0]

    def frame(self, view: View, over: list[Axis] | None = None) -> Frame:
        """Return the frame of ``view``, over axes that a kind of plot has made for itself or over the usual ones."""
        if view.variable is None:
            return Frame("nothing", title=self.title(view), outcome=self._status(view, [])[1])
        variable = self.dataset.variables[view.variable]
        if view.y is not None:  # no band is drawn round a picture
            view = replace(view, reduce={dim: middle(name) for dim, name in view.reduce.items()})
        axes = self.axes(view) if over is None else over
        raw = self._read(variable, view, axes)
        status, outcome, runs = self._status(view, axes)
        if view.reduce or view.minus or view.over:
            return self._reduced(view, axes, raw, status, runs)
        return Frame(
            kind=("number", "line", "image")[len(view.axes)],
            title=self.title(view),
            label=_label(str(view.variable), variable),
            units=units_of(variable.attrs),
            values=plain(raw, variable.attrs),
            **self._named(view, axes),
            status=status,
            outcome=outcome,
            runs=runs,
            text="" if axes else _in_words(raw, variable),
            note="; ".join(note for note in map(self._note, axes) if note),
            time=raw.dtype.kind == "M",
            pick=place_of(view, axes),
        )

    def axes(self, view: View) -> list[Axis]:
        """Return the usual axes of a view: that of curves, then y, then x, of those that it has."""
        dims = [dim for dim in (view.hue, *view.axes) if dim is not None]
        curves = min(self.dataset.sizes[view.hue], MOST_CURVES) if view.hue else 1
        most = {
            dim: MOST_CELLS if len(view.axes) == 2 else MOST_POINTS // max(curves, 1) for dim in view.axes
        }
        most |= {view.hue: MOST_CURVES} if view.hue else {}
        scales = {view.x: view.xscale, view.y: view.yscale}
        return [
            self._axis(dim, most[dim], view.by if dim == view.x else None, scales.get(dim)) for dim in dims
        ]

    def _reduced(
        self, view: View, axes: list[Axis], raw: Array, status: Array | None, runs: dict[int, int]
    ) -> Frame:
        """Return the frame in which statistics stand for all values along some dimensions."""
        variable = self.dataset.variables[str(view.variable)]
        values = plain(raw, variable.attrs)
        if view.minus or view.over:
            values = self._compared(view, axes, values)
        summary = summarised(values, [*(axis.dim for axis in axes), *view.reduce], view.reduce)
        names = set(view.reduce.values())
        numbers = summary.values
        if "count" in names and status is not None:
            numbers = np.where(status == flags.OK, numbers, np.nan)  # there is nothing to count yet
        label, units = _worked_out(self.dataset, view)
        time = raw.dtype.kind == "M" and not names & {"count", "std"} and not (view.minus or view.over)
        return Frame(
            kind=("number", "line", "image")[len(view.axes)],
            title=self.title(view),
            label=in_front_of(str(label), view.reduce),
            units=units,
            values=numbers,
            **self._named(view, axes),
            status=status,
            runs=runs,
            pick=place_of(view, axes),
            text="" if axes else _number_in_words(numbers, summary.low, summary.high, units, time=time),
            note="; ".join(note for note in (*map(self._note, axes), self._reduced_note(view, axes)) if note),
            time=time,
            low=summary.low,
            high=summary.high,
        )

    def _named(self, view: View, axes: list[Axis]) -> dict[str, Any]:
        named = {axis.dim: axis for axis in axes}
        roles: dict[str, Any] = {role: named.get(str(getattr(view, role))) for role in ("x", "y", "hue")}
        if roles["hue"] is not None:
            names = (self.label(roles["hue"].dim, int(index)) for index in roles["hue"].order)
            roles["extra"] = {"curves": tuple(names)}
        return roles

    def _compared(self, view: View, axes: list[Axis], values: Array) -> Array:
        """Return the difference to another variable, or the ratio, at every value that was read."""
        name = str(view.minus or view.over)
        other = self.dataset.variables[name]
        steps = self._steps(view, axes)
        along = [axis for axis in axes if axis.dim in other.dims]
        numbers = plain(self._read(other, view, along, steps), other.attrs)
        if object in (values.dtype, numbers.dtype):
            raise ValueError(f"there is neither a difference nor a ratio of texts: {view.variable}, {name}")
        dims = [*(axis.dim for axis in axes), *view.reduce]
        own = [dim for dim in dims if dim in other.dims]
        one, two = xr.Variable(dims, values), xr.Variable(own, numbers)
        with np.errstate(divide="ignore", invalid="ignore"):
            result = one - two if view.minus else one / two
        return np.asarray(result.transpose(*dims).values, dtype=float)

    def _steps(self, view: View, axes: list[Axis]) -> dict[str, int]:
        """Return every how-many-th value is read along the dimensions that are reduced."""
        sizes = {dim: self.dataset.sizes[dim] for dim in view.reduce}
        most = MOST_REDUCED / max(math.prod(len(axis.order) for axis in axes), 1)
        steps = dict.fromkeys(sizes, 1)
        while math.prod(-(-size // steps[dim]) for dim, size in sizes.items()) > max(most, 1):
            longest = max(sizes, key=lambda dim: sizes[dim] / steps[dim])
            steps[longest] *= 2
        return steps

    def _reduced_note(self, view: View, axes: list[Axis]) -> str:
        steps = self._steps(view, axes)
        read = {dim: -(-self.dataset.sizes[dim] // step) for dim, step in steps.items() if step > 1}
        return "; ".join(
            f"of {n:,} of {self.dataset.sizes[dim]:,} values of {dim}" for dim, n in read.items()
        )

    def title(self, view: View) -> str:
        """Return the slice in words: ``tau_ref = 7.5 ms, repetition = 2``."""
        parts = []
        for dim in slider_dims(self.dataset, view):
            label = self.label(dim, view.index(dim)) if self.dataset.sizes[dim] else "none"
            own = dim in self.dataset.coords or "=" not in label
            parts.append(f"{dim} = {label}" if own else label)
        parts += [f"{name} over {dim}" for dim, name in view.reduce.items() if dim in self.dataset.sizes]
        return ", ".join(parts)

    def _axis(self, dim: str, most: int, by: str | None, scale: str | None) -> Axis:
        most = min(most, MOST_DOTS) if by else most
        step = -(-self.dataset.sizes[dim] // most) or 1
        if (dim, step, by, scale) not in self._axes:
            make = (
                axis_of(self.dataset, dim, step)
                if by is None
                else scattered_axis(self.dataset, dim, by, step)
            )
            self._axes[dim, step, by, scale] = replace(make, scale=scale)
        return self._axes[dim, step, by, scale]

    def _note(self, axis: Axis) -> str:
        size = self.dataset.sizes[axis.dim]
        return f"{len(axis.order):,} of {size:,} values of {axis.dim}" if len(axis.order) < size else ""

    def _read(
        self, variable: xr.Variable, view: View, axes: list[Axis], steps: Mapping[str, int] | None = None
    ) -> Array:
        """Return the values over the axes, and behind those over the dimensions that are reduced."""
        steps = self._steps(view, axes) if steps is None else steps
        steps = {dim: step for dim, step in steps.items() if dim in variable.dims}
        if 0 in variable.shape:
            reduced = [-(-self.dataset.sizes[dim] // step) for dim, step in steps.items()]
            return np.full([*(len(axis.order) for axis in axes), *reduced], np.nan)
        where: dict[Any, int | slice] = {dim: view.index(str(dim)) for dim in variable.dims}
        where |= {dim: slice(None, None, step) for dim, step in steps.items()}
        where |= {axis.dim: axis.read for axis in axes}
        return _sorted(variable.isel(where).transpose(*(axis.dim for axis in axes), *steps).values, axes)

    def _status(self, view: View, axes: list[Axis]) -> tuple[Array | None, int | None, dict[int, int]]:
        if view.variable == STATUS or STATUS not in self.dataset.data_vars:
            return None, None, {}
        variable = self.dataset.variables[STATUS]
        if 0 in variable.shape or not set(variable.dims) <= set(dims_of(self.dataset, view)):
            return None, None, {}
        along = [axis for axis in axes if axis.dim in variable.dims]
        codes = flags.run_status(self._read(variable, view, along), variable.attrs)
        runs = {
            int(code): int(count) for code, count in zip(*np.unique(codes, return_counts=True), strict=True)
        }
        several = sum(dim in variable.dims for dim in view.reduce)
        if several:
            codes = joint_status(codes, several)
        elif not along:
            return None, int(codes), runs
        spread = codes.reshape([len(axis.order) if axis in along else 1 for axis in axes])
        return np.broadcast_to(spread, [len(axis.order) for axis in axes]), None, runs


def _sorted(values: Array, axes: list[Axis]) -> Array:
    for place, axis in enumerate(axes):
        if not axis.in_order or len(axis.place) < values.shape[place]:
            values = np.take(values, axis.place, axis=place)
    return np.asarray(values)


def plain(values: Array, attrs: Mapping[Any, Any]) -> Array:
    """Return values as what can be drawn: floats, or texts where there is no measure.

    The magnitude stands for a complex value, 0 and 1 for a truth value, days since 1970 for a datetime and
    seconds for a time difference.
    """
    if flags.meanings_of(attrs):
        return flags.decoded(values, attrs)
    match values.dtype.kind:
        case "f" | "i" | "u" | "b":
            return values.astype(float, copy=False)
        case "c":
            return np.abs(values)
        case "M":
            return days(values)
        case "m":
            return seconds(values)
        case _:
            # Of an array in an array, pandas says of each of its values whether it is missing.
            texts = ["" if pd.isna(v) is True else value_text(v) for v in values.ravel()]
            return np.array(texts, dtype=object).reshape(values.shape)


def missing(values: Array) -> Array:
    """Return where plain values are missing: NaN, NaT or the empty text."""
    return np.asarray(values == "") if values.dtype == object else np.isnan(values)


def _label(name: str, variable: xr.Variable) -> str:
    label = full_name(name, variable.attrs)
    if variable.dtype.kind == "c":
        return f"|{label}|"
    return f"{label} (s)" if variable.dtype.kind == "m" else label


def _worked_out(dataset: xr.Dataset, view: View) -> tuple[str, str]:
    """Return the label and the units of what is worked out from a variable, before it is reduced."""
    name = str(view.variable)
    variable = dataset.variables[name]
    if "count" in view.reduce.values():
        return name, ""
    label, units = _label(name, variable), units_of(variable.attrs)
    if view.minus is not None:
        return f"{name} − {view.minus}" + (f" ({units})" if units else ""), units
    if view.over is not None:
        below = units_of(dataset.variables[view.over].attrs)
        units = "" if units == below else f"{units or '1'}/({below})" if below else units
        return f"{name} / {view.over}" + (f" ({units})" if units else ""), units
    return label, units


def _number_in_words(value: Array, low: Array | None, high: Array | None, units: str, *, time: bool) -> str:
    """Return one number as text, with the ends of the band round it."""

    def text(number: Array) -> str:
        day = np.datetime64(0, "ns") + np.timedelta64(round(float(number) * 86_400e9), "ns") if time else None
        return value_text(float(number)) if day is None else value_text(day)

    if bool(np.isnan(value)):
        return "no value"
    band = "" if low is None or high is None else f" ({text(low)} to {text(high)})"
    return f"{with_units(text(value), {'units': units})}{band}"


def _in_words(raw: Array, variable: xr.Variable) -> str:
    """Return one value as text, exact where it is not a float."""
    values = plain(raw, variable.attrs)
    if bool(missing(values)):
        return "NaN" if raw.dtype.kind in "fc" else "no value"
    text = str(values[()]) if values.dtype == object else value_text(raw[()])
    if raw.dtype.kind == "c":
        text = f"|{text}| = {value_text(float(values))}"
    return with_units(text, variable.attrs)
