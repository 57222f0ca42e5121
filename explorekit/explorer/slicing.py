"""What are the numbers of one view? A Dataset and a View in, the Frame to draw out; only the slice is read."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from explorekit.explorer import flags
from explorekit.explorer.axis import Axis, axis_of, days, scattered_axis, seconds
from explorekit.explorer.labels import full_name, index_labels, paired, units_of, value_text, with_units
from explorekit.explorer.picking import place_of
from explorekit.explorer.view import STATUS, View, dims_of, slider_dims

Array = np.ndarray[Any, Any]

# No screen shows more cells than this along an axis, and no reader waits for more points.
MOST_CELLS = 2_000
MOST_POINTS = 1_000_000
MOST_DOTS = 20_000


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
    pick
        The row and the column, or the place along the line, that is picked.
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
        self._axes: dict[tuple[str, int, str | None], Axis] = {}
        self._labels: dict[str, list[str]] = {}

    def labels(self, dim: str) -> list[str]:
        """Return one label a position along ``dim``."""
        if dim not in self._labels:
            self._labels[dim] = index_labels(self.dataset, dim)
        return self._labels[dim]

    def label(self, dim: str, index: int) -> str:
        """Return the label of one position along ``dim``, of however many."""
        if dim in self._labels:
            return self._labels[dim][index]
        if dim not in self.dataset.coords and not paired(self.dataset, dim):
            return str(index)
        return index_labels(self.dataset.coords.to_dataset().isel({dim: [index]}), dim)[0]

    def frame(self, view: View) -> Frame:
        """Return the frame of ``view``."""
        if view.variable is None:
            return Frame("nothing", title=self.title(view), outcome=self._status(view, [])[1])
        variable = self.dataset.variables[view.variable]
        axes = [self._axis(dim, len(view.axes), view.by if dim == view.x else None) for dim in view.axes]
        raw = self._read(variable, view, axes)
        status, outcome, runs = self._status(view, axes)
        return Frame(
            kind=("number", "line", "image")[len(axes)],
            title=self.title(view),
            label=_label(view.variable, variable),
            units=units_of(variable.attrs),
            values=plain(raw, variable.attrs),
            x=axes[-1] if axes else None,
            y=axes[0] if len(axes) == 2 else None,
            status=status,
            outcome=outcome,
            runs=runs,
            text="" if axes else _in_words(raw, variable),
            note="; ".join(note for note in map(self._note, axes) if note),
            time=raw.dtype.kind == "M",
            pick=place_of(view, axes),
        )

    def title(self, view: View) -> str:
        """Return the slice in words: ``tau_ref = 7.5 ms, repetition = 2``."""
        parts = []
        for dim in slider_dims(self.dataset, view):
            label = self.labels(dim)[view.index(dim)] if self.dataset.sizes[dim] else "none"
            own = dim in self.dataset.coords or "=" not in label
            parts.append(f"{dim} = {label}" if own else label)
        return ", ".join(parts)

    def _axis(self, dim: str, axes: int, by: str | None) -> Axis:
        most = MOST_DOTS if by else MOST_CELLS if axes == 2 else MOST_POINTS
        step = -(-self.dataset.sizes[dim] // most) or 1
        if (dim, step, by) not in self._axes:
            make = (
                axis_of(self.dataset, dim, step)
                if by is None
                else scattered_axis(self.dataset, dim, by, step)
            )
            self._axes[dim, step, by] = make
        return self._axes[dim, step, by]

    def _note(self, axis: Axis) -> str:
        size = self.dataset.sizes[axis.dim]
        return f"{len(axis.order):,} of {size:,} values of {axis.dim}" if len(axis.order) < size else ""

    def _read(self, variable: xr.Variable, view: View, axes: list[Axis]) -> Array:
        if 0 in variable.shape:
            return np.full([len(axis.order) for axis in axes], np.nan)
        where: dict[Any, int | slice] = {dim: view.index(str(dim)) for dim in variable.dims}
        where |= {axis.dim: axis.read for axis in axes}
        return _sorted(variable.isel(where).transpose(*(axis.dim for axis in axes)).values, axes)

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
        if not along:
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
            texts = ["" if v is None or v is pd.NA or v != v else value_text(v) for v in values.ravel()]
            return np.array(texts, dtype=object).reshape(values.shape)


def missing(values: Array) -> Array:
    """Return where plain values are missing: NaN, NaT or the empty text."""
    return np.asarray(values == "") if values.dtype == object else np.isnan(values)


def _label(name: str, variable: xr.Variable) -> str:
    label = full_name(name, variable.attrs)
    if variable.dtype.kind == "c":
        return f"|{label}|"
    return f"{label} (s)" if variable.dtype.kind == "m" else label


def _in_words(raw: Array, variable: xr.Variable) -> str:
    """Return one value as text, exact where it is not a float."""
    values = plain(raw, variable.attrs)
    if bool(missing(values)):
        return "NaN" if raw.dtype.kind in "fc" else "no value"
    text = str(values[()]) if values.dtype == object else value_text(raw[()])
    if raw.dtype.kind == "c":
        text = f"|{text}| = {value_text(float(values))}"
    return with_units(text, variable.attrs)
