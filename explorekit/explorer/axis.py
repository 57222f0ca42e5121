"""Where do the values along one dimension lie? Positions that can be drawn, and their labels."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import xarray as xr

from explorekit.explorer.labels import dim_name, full_name, given_mask, index_labels, paired
from explorekit.space.pictures import is_logarithmic

Array = np.ndarray[Any, Any]
# Of positions further from zero, the distances may be no numbers.
FURTHEST = 1e300

AxisKind = Literal["number", "time", "category"]
Spacing = Literal["even", "log", "uneven"]


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a picture.

    Parameters
    ----------
    dim
        The dimension along it.
    label
        Its name with units.
    kind
        ``number``, ``time`` (positions are days since 1970) or ``category`` (positions are 0, 1, …).
    positions
        Ascending floats, one a value.
    order
        The index along the dimension of each position.
    ticks
        The labels of the categories; empty for the other kinds.
    step
        Every how-many-th value of the dimension is on the axis.
    scattered
        Whether positions are those of points that have no order, and may occur more than once.
    scale
        ``log`` or ``linear`` where that was asked for; a logarithmic one has no place for what is not positive.
    """

    dim: str
    label: str
    kind: AxisKind
    positions: Array
    order: Array
    ticks: tuple[str, ...] = ()
    step: int = 1
    scattered: bool = False
    scale: str | None = None

    @property
    def read(self) -> slice:
        """What to read along the dimension."""
        return slice(None, None, self.step)

    @cached_property
    def place(self) -> Array:
        """The place of each position among the values read."""
        return self.order // self.step

    @cached_property
    def key(self) -> Hashable:
        """What two axes that look the same have in common."""
        positions = self.positions.tobytes()
        return (self.dim, self.label, self.kind, positions, self.ticks, self.scattered, self.spacing)

    @cached_property
    def in_order(self) -> bool:
        return bool(np.array_equal(self.place, np.arange(len(self.place))))

    @cached_property
    def spacing(self) -> Spacing:
        """Whether neighbours are equally far apart, have equal ratios, or neither."""
        p = self.positions
        if self.scale == "log" and self.kind == "number" and len(p) and p[0] > 0:
            return "log"
        if self.scale == "linear":
            return "even" if not self.scattered and (len(p) < 3 or _equal(np.diff(p))) else "uneven"
        if self.scattered:
            return "log" if self.kind == "number" and len(p) and is_logarithmic(p) else "uneven"
        if len(p) < 3 or _equal(np.diff(p)):
            return "even"
        if self.kind == "number" and len(p) > 3 and p[0] > 0 and _equal(np.diff(np.log(p))):
            return "log"
        return "uneven"

    @cached_property
    def edges(self) -> Array:
        """The edges of the cells round the positions: halfway between neighbours."""
        p = np.log(self.positions) if self.spacing == "log" else self.positions
        if len(p) == 0:
            return np.array([0.0, 1.0])
        if len(p) == 1:
            half = max(0.5, 1e-6 * abs(p[0]))  # beside 1e18, a half is nothing
            return np.array([p[0] - half, p[0] + half])
        middles = (p[1:] + p[:-1]) / 2
        edges = np.concatenate([[2 * p[0] - middles[0]], middles, [2 * p[-1] - middles[-1]]])
        return np.exp(edges) if self.spacing == "log" else edges


def _equal(steps: Array) -> bool:
    return bool(np.all(np.abs(steps - steps.mean()) <= 1e-3 * abs(steps.mean())))


def axis_of(dataset: xr.Dataset, dim: str, step: int = 1) -> Axis:
    """Return the axis along ``dim`` with every ``step``-th of its values."""
    label = dim_name(dataset, dim)
    index = np.arange(0, dataset.sizes[dim], step)
    if dim not in dataset.coords and not paired(dataset, dim):
        return Axis(dim, label, "number", index.astype(float), index, step=step)
    measured = _measured(dataset.coords[dim].values[::step]) if dim in dataset.coords else None
    if measured is None:
        ticks = tuple(index_labels(dataset, dim)[::step])
        return Axis(dim, label, "category", np.arange(len(index), dtype=float), index, ticks, step)
    kind, positions = measured
    order = np.argsort(positions, kind="stable")
    return Axis(dim, label, kind, positions[order], index[order], step=step)


def scattered_axis(dataset: xr.Dataset, dim: str, by: str, step: int = 1) -> Axis:
    """Return the axis on which every ``step``-th point of a dimension lies by the value that a coordinate has there."""
    coordinate = dataset.coords[by]
    kind, positions = _as_floats(coordinate.values[::step])
    shown = (np.abs(positions) <= FURTHEST) & given_mask(dataset, by)[::step]
    order = np.argsort(positions, kind="stable")
    order = order[shown[order]]
    label = full_name(by, coordinate.attrs)
    return Axis(dim, label, kind, positions[order], order * step, step=step, scattered=True)


def _measured(values: Array) -> tuple[AxisKind, Array] | None:
    """Return the values as floats, or None if they can only be told apart by name."""
    if values.dtype.kind not in "iufmM":
        return None
    kind, positions = _as_floats(values)
    usable = bool(np.all(np.abs(positions) <= FURTHEST)) and len(np.unique(positions)) == len(positions)
    return (kind, positions) if usable else None


def _as_floats(values: Array) -> tuple[AxisKind, Array]:
    match values.dtype.kind:
        case "M":
            return "time", days(values)
        case "m":
            return "number", seconds(values)
        case _:
            return "number", values.astype(float)


def days(values: Array) -> Array:
    """Return datetimes as days since 1970, NaT as NaN."""
    return _ratio(values - np.datetime64(0, "ns"), np.timedelta64(1, "D"))


def seconds(values: Array) -> Array:
    """Return time differences as seconds, NaT as NaN."""
    return _ratio(values, np.timedelta64(1, "s"))


def _ratio(values: Array, unit: np.timedelta64) -> Array:
    return np.asarray(values.astype("timedelta64[ns]") / unit, dtype=float)
