"""Between which values is a variable drawn? Limits, or categories, of the whole variable, from a bounded sample."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from explorekit.explorer import flags
from explorekit.explorer.slicing import missing, plain
from explorekit.explorer.view import STATUS

Array = np.ndarray[Any, Any]

# The attribute of a variable whose values are differences.
DIFFERENCE = "explorekit_difference"

# A sample reads at most BLOCKS pieces of BLOCK values; a variable no larger than one block is read whole.
BLOCK = 2**17
BLOCKS = 16
# The status of more runs than this is not searched for finished ones.
MOST_RUNS = 2**22
# A sample misses the extremes; room beyond a value outside keeps a drag from redrawing the axes at every step.
ROOM = 0.05
# Limits further from zero have no room beyond them, or between them, that is a number.
FURTHEST = 1e307
# So far down goes a logarithmic scale where values are not positive.
DECADES = 1e4


@dataclass(frozen=True)
class Scale:
    """The values between which a variable is drawn; the same for all its slices.

    Parameters
    ----------
    low, high
        The limits; ``low > high`` while no finite value is known.
    categories
        The texts of a variable without measure, in the order of their codes 0, 1, ….
    signed
        Whether values are differences: zero is in the middle, and its sides have colours of their own.
    log
        Whether the scale is logarithmic; below values that are not positive, it has four decades.
    cmap
        The name of the colours of numbers; None for the usual ones.
    typed
        Limits that were asked for.
    """

    low: float = math.inf
    high: float = -math.inf
    categories: tuple[str, ...] = ()
    signed: bool = False
    log: bool = False
    cmap: str | None = None
    typed: tuple[float, float] | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Limits that a drawing can use: finite, with room beyond them, and apart."""
        low, high = self._limits
        return max(low, -FURTHEST), min(high, FURTHEST)

    @property
    def _limits(self) -> tuple[float, float]:
        if self.categories:
            return -0.5, len(self.categories) - 0.5
        if self.typed is not None and not (self.log and self.typed[0] <= 0):
            return self.typed
        if self.log:
            high = self.high if self.high > 0 else 1.0
            return (self.low if 0 < self.low < high else high / DECADES), high
        if self.signed:
            most = max(abs(self.low), abs(self.high)) if self.low <= self.high else 1.0
            return -most or -1.0, most or 1.0
        if self.low > self.high:
            return 0.0, 1.0
        if self.low == self.high:
            apart = max(abs(self.low) * 0.1, 1e-300) if self.low else 0.5
            return self.low - apart, self.high + apart
        return self.low, self.high

    def including(self, values: Array) -> "Scale":
        """Return the scale itself if it covers plain ``values``, otherwise one that does."""
        if values.dtype == object:
            new = sorted(set(values[~missing(values)].ravel()) - set(self.categories))
            return replace(self, categories=(*self.categories, *new)) if new else self
        ends = _ends(values)
        if ends is None:
            return self
        low, high = ends
        if self.low > self.high:
            return replace(self, low=low, high=high)
        room = ROOM * (max(high, self.high) - min(low, self.low))
        return self.or_wider(
            low - room if low < self.low else self.low, high + room if high > self.high else self.high
        )

    def or_wider(self, low: float, high: float) -> "Scale":
        if low >= self.low and high <= self.high:
            return self
        return replace(self, low=min(low, self.low), high=max(high, self.high))

    def codes(self, values: Array) -> Array:
        """Return plain values as floats: themselves, or the code of each category, NaN where missing."""
        if values.dtype != object:
            return values
        codes = {category: float(i) for i, category in enumerate(self.categories)}
        return np.array([codes.get(v, np.nan) for v in values.ravel()]).reshape(values.shape)


def measure(dataset: xr.Dataset, name: str) -> Scale:
    """Return the scale of a variable, from all of it or from a sample spread over the runs that are there."""
    variable = dataset.variables[name]
    meanings = flags.meanings_of(variable.attrs)
    if meanings:
        return Scale(categories=meanings)
    if variable.dtype.kind == "b":
        return Scale(0.0, 1.0)
    scale = Scale(signed=DIFFERENCE in variable.attrs)
    for block in _blocks(dataset, variable):
        values = plain(np.asarray(block.values), variable.attrs)
        if values.dtype == object:
            scale = scale.including(values)
        elif (ends := _ends(values)) is not None:
            scale = scale.or_wider(*ends)
    return scale


def _ends(values: Array) -> tuple[float, float] | None:
    """Return the smallest and the largest of the finite values; None where there is none."""
    if values.size == 0:
        return None
    low, high = float(values.min()), float(values.max())
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _blocks(dataset: xr.Dataset, variable: xr.Variable) -> Iterator[xr.Variable]:
    if variable.size <= BLOCK:
        yield variable
        return
    cut = next(k for k in range(1, variable.ndim + 1) if math.prod(variable.shape[k:]) <= BLOCK)
    windows: dict[Any, slice] = {}
    if cut == variable.ndim:
        cut -= 1
        start = (variable.shape[-1] - BLOCK) // 2
        windows[variable.dims[-1]] = slice(start, start + BLOCK)
    outer = variable.shape[:cut]
    for flat in _spread(_there(dataset, variable, cut)):
        where = dict(zip(variable.dims, np.unravel_index(flat, outer), strict=False)) if outer else {}
        yield variable.isel(where | windows)


def _spread(candidates: Array) -> Array:
    places = np.linspace(0, len(candidates) - 1, min(BLOCKS, len(candidates)))
    return np.asarray(candidates[places.round().astype(int)])


def _there(dataset: xr.Dataset, variable: xr.Variable, cut: int) -> Array:
    """Return the flat positions along the first ``cut`` dimensions that have finished runs."""
    everywhere = math.prod(variable.shape[:cut])
    status = dataset.variables.get(STATUS)
    if status is None or status.size > MOST_RUNS or everywhere > MOST_RUNS or status is variable:
        return np.linspace(0, everywhere - 1, min(everywhere, BLOCKS)).round().astype(int)
    outer = variable.dims[:cut]
    ok = flags.run_status(np.asarray(status.values), status.attrs) == flags.OK
    inner = tuple(axis for axis, dim in enumerate(status.dims) if dim not in outer)
    there = xr.DataArray(ok.any(axis=inner), dims=[dim for dim in status.dims if dim in outer])
    sizes = dict(zip(outer, variable.shape, strict=False))
    whole = there.broadcast_like(xr.DataArray(np.broadcast_to(True, variable.shape[:cut]), dims=list(sizes)))
    return np.flatnonzero(np.asarray(whole.transpose(*outer).values))
