"""Parameters that only some points have: those at which others have certain values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.axis import Axis
from explorekit.space.distributions import check_sampled
from explorekit.space.finding import masks_of
from explorekit.space.parameter import POINT, REPETITION, Parameter
from explorekit.space.positions import text
from explorekit.space.space import Space
from explorekit.space.union import along_point
from explorekit.space.values import MISSING

Index = npt.NDArray[np.int64]


def conditional(space: Space, given: Mapping[str, Any], named: Mapping[str, Any]) -> Space:
    """Return a space with further parameters where others have certain values; see `Space.when`."""
    if twice := [name for name in named if name in given]:
        raise SpaceError(f"when() got {listing(twice)} twice; name each parameter once.")
    everything = {**given, **named}
    known = {*space.parameters, *space.distributions, *space.derived, *space.waiting}
    condition = {name: wanted for name, wanted in everything.items() if name in known}
    added = Space({name: values for name, values in everything.items() if name not in known})
    _check(space, condition, added)
    masks = masks_of(space, condition)
    _check_met(condition, masks)
    if all(mask.all() for mask in masks.values()):
        return space * added
    dims = [dim for dim in space.dims if dim in masks or dim == POINT]
    if REPETITION in dims:
        raise SpaceError(
            f"when() got the condition {_told(condition)}, so that points would differ in how often they are repeated. Give a condition of "
            f"parameters, then .repeat(n)."
        )
    met = np.ones((), dtype=np.bool_)
    for dim in dims:
        met = met[..., np.newaxis] & masks.get(dim, np.ones(space.sizes[dim], dtype=np.bool_))
    return _listed(space, dims, met, added)


def _check(space: Space, condition: Mapping[str, Any], added: Space) -> None:
    if not condition:
        new = listing(added.parameters) or "nothing"
        hint = "".join(suggest(name, space.parameters) for name in list(added.parameters)[:1])
        raise SpaceError(
            f"when() got no condition, but {new} to add; a keyword that names a parameter of the space is the condition, and the space has "
            f"{listing(space.parameters) or 'none'}.{hint} To add parameters at every point: space * Space(…)."
        )
    check_sampled(added, "add parameters at some points")
    if not added.parameters:
        raise SpaceError(
            f"when() got the condition {_told(condition)}, but no parameter to add there: the space has all of the names. Give one by "
            f"another name: when({_told(condition)}, tol=[1e-3, 1e-4]). To choose points: find({_told(condition)})."
        )


def _check_met(condition: Mapping[str, Any], masks: Mapping[str, npt.NDArray[np.bool_]]) -> None:
    if not all(mask.any() for mask in masks.values()):
        raise SpaceError(
            f"no point has {_told(condition)} together, so that nothing would be added. Ask for values that lie together, or leave one out."
        )


def _told(condition: Mapping[str, Any]) -> str:
    several = {
        name: f"[{', '.join(map(text, wanted))}]" if isinstance(wanted, (list, tuple)) else text(wanted)
        for name, wanted in condition.items()
    }
    return ", ".join(f"{name}={value}" for name, value in several.items())


def _listed(space: Space, dims: list[str], met: npt.NDArray[np.bool_], added: Space) -> Space:
    """Return a space with the combinations along some dimensions one after the other along ``point``.

    Where the condition is met, each stands there once with each combination of what is added.
    """
    column = added if not added.dims else along_point(added)
    further = column.sizes.get(POINT, 1)
    times = np.where(met.ravel(), further, 1)
    rows = np.repeat(np.arange(met.size), times)
    number = np.arange(rows.size) - np.repeat(np.cumsum(times) - times, times)
    given = met.ravel()[rows]
    index = dict(zip(dims, np.unravel_index(rows, met.shape), strict=True))
    parameters = [
        replace(p.take(index[p.dim]), dim=POINT) if p.dim in index else p for p in space.parameters.values()
    ]
    parameters += [_spread(p, number, given) for p in column.parameters.values()]
    axes = {dim: axis for dim, axis in space.axes.items() if dim not in index}
    if (
        len(dims) == 1 and space.axes[dims[0]].occurrence.any()
    ):  # which belong to the points, whatever a selection left
        along = tuple(p for p in parameters if p.dim == POINT)
        again = column.axes[POINT].occurrence if POINT in column.dims else np.zeros(1, dtype=np.int64)
        before = space.axes[dims[0]].occurrence[rows]
        occurrence = np.where(given, before * (again.max() + 1) + again[number], before)
        axes[POINT] = Axis(POINT, along).with_occurrence(occurrence)
    derived = [one.listed(index, POINT) for one in space.derived.values()]
    return Space.from_parameters(
        [*parameters, *space.distributions.values(), *derived, *space.waiting.values()], axes
    )


def _spread(p: Parameter, number: Index, given: npt.NDArray[np.bool_]) -> Parameter:
    """Return a parameter that is given at some points, with the value of that number, and nowhere else."""
    values = np.where(given, np.atleast_1d(p.values)[number], MISSING[p.values.dtype.kind]).astype(
        p.values.dtype
    )
    there = given & np.atleast_1d(p.is_given)[number]
    values.flags.writeable = False
    return replace(p, dim=POINT, values=values, given=there)
