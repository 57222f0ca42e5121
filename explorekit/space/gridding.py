"""Points that are each combination of some values once, as the grid that they are."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space.parameter import POINT, Parameter
from explorekit.space.rederiving import computed_anew
from explorekit.space.space import Space
from explorekit.space.values import Values, exact_text

_Codes = npt.NDArray[np.int64]
_INT64 = 2**63


def gridded(space: Space) -> Space:
    """Return a space with a dimension for each parameter that varies along ``point``; see `Space.to_grid`."""
    if POINT not in space.dims:
        raise SpaceError(
            f"to_grid() got a space with the dimensions {', '.join(space.dims) or 'none'}; expected points along dimension 'point', as "
            f"a + b has them. This space is a grid already."
        )
    along = space.axes[POINT].parameters
    for p in along:
        if p.given is not None:
            _reject_missing(space, p)
    ordered = {p.name: _ordered(p.values) for p in along}
    varying = [p for p in along if ordered[p.name][0].size > 1]
    _check_full(space, varying, ordered)
    made = {
        p.name: replace(p, dim=p.name, values=ordered[p.name][0]) if p in varying else p.take(0)
        for p in along
    }
    grid = Space.from_parameters(
        [made.get(name, p) for name, p in space.parameters.items()],
        {dim: axis for dim, axis in space.axes.items() if dim != POINT},
    )
    return computed_anew(grid, space)


def _ordered(values: Values) -> tuple[Values, _Codes]:
    """Return the distinct values in the order of the dimension, and the position of each value there."""
    distinct, first, codes = np.unique(values, return_index=True, return_inverse=True)
    as_met = np.argsort(first, kind="stable")
    falling = np.array_equal(as_met, np.arange(distinct.size)[::-1])
    if values.dtype.kind in "iufM" and not falling:
        as_met = np.arange(distinct.size)
    rank = np.empty_like(as_met)
    rank[as_met] = np.arange(as_met.size)
    distinct = distinct[as_met]
    distinct.flags.writeable = False
    return distinct, rank[codes.ravel()]


def _reject_missing(space: Space, p: Parameter) -> None:
    lacking = np.flatnonzero(~p.is_given)
    where = space.isel({dim: 0 for dim in space.dims if dim != POINT} | {POINT: int(lacking[0])})
    raise SpaceError(
        f"the points form no grid: {lacking.size:,} of {p.values.size:,} lack {p.name!r}, first the point {where.describe(0)}. Give it "
        f"there too, or select the points that have it."
    )


def _check_full(space: Space, varying: list[Parameter], ordered: dict[str, tuple[Values, _Codes]]) -> None:
    """Raise `SpaceError` unless each combination of the values of some parameters is there once."""
    shape = tuple(ordered[p.name][0].size for p in varying)
    size = space.axes[POINT].size
    counts = " × ".join(f"{p.name} ({n})" for p, n in zip(varying, shape, strict=True)) or "one point"
    whole = math.prod(shape)
    flat = np.zeros(size, dtype=np.int64 if whole < _INT64 else object)
    for p, n in zip(varying, shape, strict=True):
        flat = flat * n + ordered[p.name][1]
    present = np.unique(flat)
    gap = np.flatnonzero(present != np.arange(present.size))
    first = int(gap[0]) if gap.size else present.size
    if first < whole:
        texts: list[str] = []
        for p, n in zip(reversed(varying), reversed(shape), strict=True):
            first, index = divmod(first, n)
            texts.insert(0, f"{p.name}={exact_text(ordered[p.name][0][index])}")
        raise SpaceError(
            f"the points form no grid: {', '.join(texts)} is missing; all of {counts} would be {whole:,} points, "
            f"and {present.size:,} of these are there. Add the point: space + Space({', '.join(texts)})."
        )
    if present.size < size:
        again = int(np.flatnonzero(np.bincount(np.searchsorted(present, flat)) > 1)[0])
        position = int(np.flatnonzero(flat == present[again])[1])
        point = space.isel({dim: 0 for dim in space.dims if dim != POINT} | {POINT: position})
        raise SpaceError(
            f"the points form no grid: {point.describe(0)} is there more than once, at position {position} again. Leave it out, or use "
            f".repeat(n) for repetitions."
        )
