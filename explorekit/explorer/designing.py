"""Where do the points of a design lie along each of their parameters? And which of them are drawn."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from explorekit.explorer.axis import Array, Axis, AxisKind, days, seconds
from explorekit.explorer.labels import full_name, given_mask, paired, value_text
from explorekit.explorer.slicing import WORDS, Frame, Slicer
from explorekit.explorer.view import View

# In ``Frame.extra``: one `Column` a parameter.
COLUMNS = "columns of a design"
# Values that are less far apart need no logarithmic axis.
DECADES = 1.5
# Beyond these, matplotlib's logarithmic ticks overflow.
SMALLEST, LARGEST = 1e-250, 1e250


@dataclass(frozen=True, eq=False)
class Column:
    """One parameter of points.

    Parameters
    ----------
    name, label
        Its name, alone and with units.
    kind
        ``number``, ``time`` (values are days since 1970) or ``category`` (values are 0, 1, …).
    values
        A float for each point; NaN where it lacks the parameter.
    low, high
        Between which values those of all points lie: finite and apart.
    log
        Whether they lie evenly on a logarithmic axis.
    ticks
        The names of categories.
    """

    name: str
    label: str
    kind: AxisKind
    values: Array
    low: float
    high: float
    log: bool = False
    ticks: tuple[str, ...] = ()

    @cached_property
    def key(self) -> Hashable:
        """What two axes that look the same have in common."""
        return self.name, self.label, self.kind, self.low, self.high, self.log, self.ticks

    def fractions(self, values: Array) -> Array:
        """Return where values lie between the lowest, at 0, and the highest, at 1."""
        low, high = self.low, self.high
        if self.log:
            return np.asarray(np.log(values / low) / np.log(high / low))
        return np.asarray((values - low) / (high - low))


def is_design(dataset: xr.Dataset, dim: str) -> bool:
    """Return whether points along a dimension have no values but those of their parameters."""
    return dim not in dataset.coords and bool(paired(dataset, dim))


def has_design(dataset: xr.Dataset, variable: str) -> bool:
    """Return whether a variable is known at such points."""
    return any(is_design(dataset, str(dim)) for dim in dataset.variables[variable].dims)


def columns(dataset: xr.Dataset, dim: str) -> tuple[Column, ...]:
    """Return the parameters of the points along a dimension; those that never differ only if none does."""
    found = [_column(dataset, name) for name in paired(dataset, dim)]
    differing = [column for column in found if _differs(column.values)]
    return tuple(differing or found)


def constants(dataset: xr.Dataset, dim: str, shown: tuple[Column, ...]) -> str:
    """Return in words what the parameters are that are not shown, since they never differ."""
    left = [name for name in paired(dataset, dim) if name not in [column.name for column in shown]]
    return ", ".join(f"{name} = {value_text(dataset.coords[name].values[0])}" for name in left)


def design_frame(slicer: Slicer, view: View, most: int) -> Frame:
    """Return the values at points along x, and in ``extra`` where these lie; of many points, some drawn at random."""
    dim, dataset = str(view.x), slicer.dataset
    known = slicer.once((COLUMNS, dim), lambda: columns(dataset, dim))
    # What the menu has along x comes first.
    ordered = sorted(known, key=lambda column: column.name != view.by)
    order = some(dataset.sizes[dim], most)
    axis = Axis(dim, dim, "number", order.astype(float), order, scattered=True)
    frame = slicer.frame(replace(view, by=None), [axis])
    left = constants(dataset, dim, known)
    notes = [frame.note, f"everywhere {left}" if left else ""]
    words = "for " + ", ".join(column.name for column in ordered)
    parts = tuple(replace(column, values=column.values[order]) for column in ordered)
    return replace(
        frame,
        extra={**frame.extra, COLUMNS: parts, WORDS: words},
        look=tuple(column.key for column in parts),
        note="; ".join(filter(None, notes)),
    )


def some(size: int, most: int) -> Array:
    """Return the places of all points, or of some in their order: every few of a Sobol sequence would lie in one corner."""
    if size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng(0).permutation(size)[:most])


def _column(dataset: xr.Dataset, name: str) -> Column:
    coordinate = dataset.coords[name]
    kind, values, ticks = _numbers(coordinate.values)
    values = np.where(given_mask(dataset, name) & np.isfinite(values), values, np.nan)
    finite = values[np.isfinite(values)]
    log = kind == "number" and _is_logarithmic(finite)
    low, high = (-0.5, len(ticks) - 0.5) if ticks else _ends(finite)
    label = full_name(name, coordinate.attrs)
    label += " (s)" if coordinate.dtype.kind == "m" else ""
    return Column(name, label, kind, values, low, high, log, ticks)


def _numbers(values: Array) -> tuple[AxisKind, Array, tuple[str, ...]]:
    match values.dtype.kind:
        case "i" | "u" | "f":
            return "number", values.astype(float), ()
        case "M":
            return "time", days(values), ()
        case "m":
            return "number", seconds(values), ()
        case "b":
            return "category", values.astype(float), ("False", "True")
        case _:
            texts = [value_text(value) for value in values]
            codes = {text: float(code) for code, text in enumerate(sorted(set(texts)))}
            return "category", np.array([codes[text] for text in texts]), tuple(codes)


def _is_logarithmic(numbers: Array) -> bool:
    """Return whether numbers are far apart, and lie more evenly on a logarithmic axis than on a linear one."""
    if not numbers.size or numbers.min() < SMALLEST or numbers.max() > LARGEST:
        return False
    if np.log10(numbers.max()) - np.log10(numbers.min()) < DECADES:
        return False
    ordered = np.sort(numbers)
    return _unevenness(np.log(ordered)) < _unevenness(ordered)


def _unevenness(ordered: Array) -> float:
    places = (ordered - ordered[0]) / (ordered[-1] - ordered[0])
    return float(np.abs(places - np.linspace(0, 1, len(places))).max())


def _ends(finite: Array) -> tuple[float, float]:
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        apart = max(abs(low) * 0.1, 1e-300) if low else 0.5
        return low - apart, low + apart
    return low, high


def _differs(values: Array) -> bool:
    there = values[np.isfinite(values)]
    return bool(there.size and (there.size < values.size or (there != there[0]).any()))
