"""What is the point at a flat position: its values, what tells it from others?"""

import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.space.axis import OCCURRENCE
from explorekit.space.distributions import check_sampled
from explorekit.space.identity import Label, canonical
from explorekit.space.positions import Positions

if TYPE_CHECKING:
    from explorekit.space.space import Space

_BLOCK = 4096


def points(space: "Space") -> Iterator[dict[str, Any]]:
    """Yield each point as a dict of the values that the simulation receives."""
    check_sampled(space, "name the points of the space")
    total = math.prod(space.shape)
    for start in range(0, total, _BLOCK):
        yield from points_at(space, np.arange(start, min(start + _BLOCK, total)))


def points_at(space: "Space", positions: Positions) -> Iterator[dict[str, Any]]:
    """Yield the points at flat positions, as `points` does."""
    ragged = any(p.given is not None for p in space.passed.values())
    objects = {p.name: p.objects for p in space.parameters.values() if p.objects}
    by_name = columns(space, positions)
    if not by_name:
        yield from ({} for _ in positions)
        return
    names = list(by_name)
    for values in zip(*by_name.values(), strict=True):
        point = dict(zip(names, values, strict=True))
        point = {n: v for n, v in point.items() if v is not None} if ragged else point
        yield point | {n: objects[n][point[n]] for n in objects if n in point}


def columns(space: "Space", positions: Positions, missing: Any = None) -> dict[str, list[Any]]:
    """Return the values of each parameter at flat positions, and something else where a point lacks it."""
    check_sampled(space, "name the points of the space")
    on_axis = unravel(space, positions)
    found = {
        p.name: p.python_values() * len(positions) if p.dim is None else p.python_values(on_axis[p.dim])
        for p in space.parameters.values()
    }
    for p in space.parameters.values():
        if p.given is not None:
            for row in np.flatnonzero(~p.given[on_axis[str(p.dim)]]).tolist():
                found[p.name][row] = missing
    for one in space.derived.values():
        found[one.name] = one.column(on_axis, len(positions), missing)
    return found


def unravel(space: "Space", positions: Positions) -> dict[str, Positions]:
    """Return the index along each dimension of flat positions."""
    if not space.dims:
        return {}
    if math.prod(space.shape) <= sys.maxsize:
        return dict(zip(space.dims, np.unravel_index(positions, space.shape), strict=True))
    index: dict[str, Positions] = {}
    for dim, size in reversed(space.sizes.items()):
        index[dim] = (positions % size).astype(np.int64)
        positions = positions // size
    return {dim: index[dim] for dim in space.dims}


def labels(space: "Space", position: int) -> list[Label]:
    """Return name and canonical value of everything that makes up a point's identity: not of what it lacks."""
    check_sampled(space, "name the points of the space")
    index = unravel(space, np.array([position]))
    found: list[Label] = []
    for p in space.parameters.values():
        if p.given is not None and not p.given[index[str(p.dim)]]:
            continue
        value = p.values if p.dim is None else p.values[index[p.dim]]
        found.append((p.name, canonical(value)[0]))
    for dim, axis in space.axes.items():
        if occurrence := int(axis.occurrence[index[dim][0]]):
            found.append((f"{dim}.{OCCURRENCE}", b"int:%d" % occurrence))
    return found
