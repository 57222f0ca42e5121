"""Points of a space by their values, ranges of these, or a predicate; nothing is listed that need not be looked at."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.asking import Predicate, fulfilling
from explorekit.space.derived import Derived
from explorekit.space.distributions import check_sampled
from explorekit.space.parameter import REPETITION, UNGRIDDED, Parameter
from explorekit.space.positions import between, described, equal_to, positions_of_values, text
from explorekit.space.values import as_values, format_value

if TYPE_CHECKING:
    import pandas as pd

    from explorekit.space.space import Space

Mask = npt.NDArray[np.bool_]

POINT = "point"
_NAMED = 5


def find(space: "Space", predicate: Predicate | None, wanted: Mapping[str, Any]) -> "Space":
    """Return the part of a space that has some values and fulfils a predicate; see `Space.find`."""
    masks = masks_of(space, wanted)
    if empty := [dim for dim, mask in masks.items() if not mask.any()]:
        asked = ", ".join(f"{name}={text(value)}" for name, value in wanted.items())
        raise SpaceError(
            f"no point has {asked}: nothing is left along {listing(empty)}. Ask for other values."
        )
    part = space.isel({dim: np.flatnonzero(mask) for dim, mask in masks.items() if not mask.all()})
    return part if predicate is None else fulfilling(part, predicate)


def masks_of(space: "Space", wanted: Mapping[str, Any]) -> dict[str, Mask]:
    """Return, for each dimension that values are wanted along, where it has them."""
    masks: dict[str, Mask] = {}
    for name, value in wanted.items():
        p = parameter_with_values(space, name, f"find points by the values of {name!r}")
        mask = between(p, value) if isinstance(value, slice) else _equal(p, value)
        if p.dim is not None:
            masks[p.dim] = masks.get(p.dim, True) & mask
        elif not mask.any():
            raise SpaceError(
                f"parameter {name!r} is fixed at {p.summary()}; no point has {text(value)}. Leave it out."
            )
    return masks


def parameter_with_values(space: "Space", name: str, purpose: str) -> Parameter:
    """Return a parameter whose values are asked for, for what is told where they are not drawn yet.

    Raises
    ------
    SpaceError
        If there is no such parameter, or its values do not lie along one dimension.
    """
    if name in space.distributions:
        check_sampled(space, purpose)
    if name not in space.passed:
        raise SpaceError(
            f"no parameter {name!r}; this space has {listing(space.passed)}.{suggest(name, space.passed)}"
        )
    return as_along_one(space.passed[name])


def as_along_one(p: Parameter | Derived) -> Parameter:
    """Return a derived parameter as one that has its values along one dimension, or none.

    Raises
    ------
    SpaceError
        If it varies along several, where no part of a grid is that with some of its values.
    """
    if isinstance(p, Parameter):
        return p
    if len(p.dims) > 1:
        raise SpaceError(
            f"{p.name!r} is derived from {listing(p.formula.of)}, and its values lie along {' × '.join(p.dims)}; expected a parameter along one "
            f"dimension. Find points by a predicate: find(lambda p: p.{p.name} == …)."
        )
    return Parameter(p.name, next(iter(p.dims), None), p.values, p.attrs, p.given)


def _equal(p: Parameter, wanted: Any) -> Mask:
    if p.dim is None and p.arrays is not None:
        from explorekit.space.array_lookup import asked_digests

        return np.atleast_1d(np.isin(p.values, asked_digests(p, wanted)))
    if p.dim is None:
        wanted = [] if wanted is None else np.atleast_1d(as_values(p.name, wanted))
        return np.array([any(equal_to(p.values, value) for value in wanted)])
    mask = np.zeros(p.values.size, dtype=np.bool_)
    mask[positions_of_values(p, wanted)] = True
    return mask


# ---- one point, and those beside it


def position_of(space: "Space", point: int | Mapping[str, Any]) -> int:
    """Return the flat position of a point that is given by its values, or by that position.

    Raises
    ------
    SpaceError
        If no point, or more than one, has the values.
    """
    total = math.prod(space.shape)
    if not isinstance(point, Mapping):
        if isinstance(point, bool) or not isinstance(point, (int, np.integer)) or not -total <= point < total:
            raise SpaceError(
                f"got the point {point!r}; expected a position from 0 to {total - 1}, or values by parameter: {{'a': 0.5}}."
            )
        return int(point) % total
    for name, value in point.items():
        arrays = None if name not in space.parameters else space.parameters[name].arrays
        if isinstance(value, slice) or np.ndim(value) > (0 if arrays is None else len(arrays.shape)):
            raise SpaceError(f"got {name}={value!r}; expected one value, since one point is asked for.")
    masks = masks_of(space, point)
    found = {dim: np.flatnonzero(mask) for dim, mask in masks.items()}
    counts = {dim: len(found[dim]) if dim in found else size for dim, size in space.sizes.items()}
    number = math.prod(counts.values())
    asked = described(point) or "no values given"
    if not number:
        raise SpaceError(f"no point has {asked} together; expected values of one point.")
    flat = [0]
    for dim, size in space.sizes.items():
        flat = [before * size + int(i) for before in flat[:_NAMED] for i in found.get(dim, range(1))[:_NAMED]]
    if number > 1:
        open_ = [
            p.name for p in space.parameters.values() if p.dim and p.name not in point and counts[p.dim] > 1
        ]
        more = (
            f"Give {listing(open_)} too"
            if open_
            else f"Give the position of one of them: {', '.join(map(str, flat))}"
        )
        raise SpaceError(f"{number:,} points have {asked}; expected values of one point. {more}.")
    return flat[0]


def neighbours(space: "Space", point: int | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the points beside one along each gridded dimension; see `Space.neighbours`."""
    position = position_of(space, point)
    index = {dim: int(i[0]) for dim, i in space.unravel(np.array([position])).items()}
    beside = []
    for dim, axis in space.axes.items():
        if len(axis.parameters) > 1 or dim in UNGRIDDED or dim == REPETITION:
            continue
        values = axis.parameters[0].values
        ordered = np.argsort(values, kind="stable") if values.dtype.kind in "iufM" else np.arange(values.size)
        here = int(np.flatnonzero(ordered == index[dim])[0])
        beside += [
            {**index, dim: int(ordered[there])} for there in (here - 1, here + 1) if 0 <= there < values.size
        ]
    points = [
        space.isel({dim: [at] for dim, at in one.items()}).columns(np.zeros(1, np.int64)) for one in beside
    ]
    return [{name: values[0] for name, values in p.items() if values[0] is not None} for p in points]


def describe(space: "Space", position: int) -> str:
    """Return the point at a flat position as text, with units: ``I=0.5 nA, tau=5 ms``."""
    return ", ".join(f"{name}={text}" for name, text in texts_at(space, position).items())


def texts_at(space: "Space", position: int) -> dict[str, str]:
    """Return each parameter of the point at a flat position as text with its units."""
    columns = space.columns(np.array([position]))
    units = {name: space.passed[name].attrs.get("units") for name in columns}
    index = space.unravel(np.array([position]))
    texts = {name: format_value(values[0]) for name, values in columns.items() if values[0] is not None}
    for name in texts:
        p = space.passed[name]
        if isinstance(p, Parameter) and p.arrays is not None and p.arrays.labels is not None:
            units[name] = None
            texts[name] = p.text_of(p.values[()] if p.dim is None else p.values[index[p.dim]][0])
    return {name: text + (f" {units[name]}" if units[name] else "") for name, text in texts.items()}


# ---- values that occur


def unique(space: "Space", names: Sequence[str]) -> "pd.Series[int]":
    """Return the distinct combinations of some parameters' values with the number of points of each; see `Space.unique`."""
    import pandas as pd

    check_sampled(space, "count the values of the space")
    if unknown := [name for name in names if name not in space.passed]:
        raise SpaceError(
            f"no parameter {listing(unknown)}; this space has {listing(space.passed)}.{suggest(str(unknown[0]), space.passed)}"
        )
    wanted = names or [n for n in space.parameters if n != REPETITION]
    chosen = [as_along_one(space.passed[name]) for name in wanted]
    if not chosen:
        raise SpaceError(
            "this space has no parameters; expected at least one whose values are to be counted."
        )
    dims = [dim for dim in space.dims if any(p.dim == dim for p in chosen)]
    first: dict[str, npt.NDArray[np.int64]] = {}
    counts = []
    for dim in dims:
        first[dim], count = _distinct([p for p in chosen if p.dim == dim])
        counts.append(count)
    shape = tuple(count.size for count in counts)
    index = np.indices(shape, sparse=True)
    columns = {}
    for p in chosen:
        values = _shown(p) if p.dim is None else _shown(p)[first[p.dim]][index[dims.index(p.dim)]]
        columns[p.name] = np.broadcast_to(values, shape).ravel()
    elsewhere = math.prod(size for dim, size in space.sizes.items() if dim not in dims)
    total = np.full(shape, elsewhere, dtype=np.int64)
    for along, count in zip(index, counts, strict=True):
        total *= count[along]
    levels = [pd.Index(values, name=name) for name, values in columns.items()]
    return pd.Series(
        total.ravel(), levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels), name="count"
    )


def _shown(p: Parameter) -> npt.NDArray[Any]:
    """Return the values, as objects with None between them if there are points without."""
    shown = p.values if p.arrays is None else p.arrays.names(p.values)
    if p.given is None:
        return shown
    values = shown.astype(object)
    values[~p.given] = None
    return values


def _distinct(parameters: Sequence[Parameter]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where each distinct tuple along a dimension is first, in that order, and how often it occurs."""
    codes = [np.where(p.is_given, np.unique(p.values, return_inverse=True)[1] + 1, 0) for p in parameters]
    together = codes[0]
    for code in codes[1:]:  # as small numbers again after each, so that they cannot overflow
        together = np.unique(together * (int(code.max()) + 1) + code, return_inverse=True)[1]
    _, first, counts = np.unique(together, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]
