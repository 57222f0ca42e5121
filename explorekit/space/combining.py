"""What comes of two spaces multiplied or paired, and of one repeated?"""

from dataclasses import replace
from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing
from explorekit.space.derived import Derived, Formula
from explorekit.space.distributions import RandomVariable
from explorekit.space.parameter import POINT, REPETITION, UNGRIDDED, Parameter, repetitions
from explorekit.space.space import Space


def product(left: Space, right: Space) -> Space:
    """Return every combination of two spaces, the left one slowest.

    Raises
    ------
    SpaceError
        If they have a parameter, or a dimension other than ``point``, in common.
    """
    _reject_shared(left, right, "*")
    if clash := set(left.dims) & set(right.dims) - {POINT}:
        hint = " Repeat the product instead." if REPETITION in clash else ""
        raise SpaceError(
            f"both factors of * have the dimension {listing(sorted(clash))}; expected distinct ones.{hint}"
        )
    everything = {p.name: p for p in (*_everything(left), *_everything(right))}
    axes = {**left.axes, **right.axes}
    if POINT in left.dims and POINT in right.dims:
        from explorekit.space.union import product_of_points

        axes[POINT], rows = product_of_points(left.axes[POINT], right.axes[POINT])
        everything |= {p.name: p for p in axes[POINT].parameters}
        for side, index in zip((left, right), rows, strict=True):
            everything |= {name: one.take({POINT: index}) for name, one in side.derived.items()}
    return Space.from_parameters(list(everything.values()), axes)


def paired(left: Space, right: Space) -> Space:
    """Return two spaces paired along the left one's dimension, or ``point`` or ``sample`` if points of the right one lack a parameter.

    Raises
    ------
    SpaceError
        If they have a parameter in common, more than one dimension, or different lengths.
    """
    _reject_shared(left, right, "@")
    if len(left.dims) > 1 or len(right.dims) > 1:
        raise SpaceError(
            f"@ pairs spaces of one dimension each; got {left.sizes} @ {right.sizes}. Use * for every combination."
        )
    if REPETITION in (*left.dims, *right.dims):
        raise SpaceError("@ cannot pair repetitions; pair the parameters first, then call .repeat(n).")
    for one, another in ((left, right), (right, left)):
        if one.distributions and not one.dims and another.dims:
            raise SpaceError(
                f"@ pairs values one to one, and of {listing(one.distributions)} none have been drawn; got {another.sizes} beside. "
                f"Use * and sample the product, with fresh=True for draws of their own at each point."
            )
    if left.dims and right.dims and left.shape != right.shape:
        raise SpaceError(
            f"@ pairs values one to one; got {left.sizes} @ {right.sizes}. Give both the same length."
        )
    dims = (*left.dims, *right.dims)
    if any(p.given is not None for p in right.parameters.values()) and not UNGRIDDED.intersection(left.dims):
        dims = right.dims  # as only points in no order can lack a parameter
    dim = next(iter(dims), None)
    return Space.from_parameters([_moved(p, dim) for p in (*_everything(left), *_everything(right))])


def repeated(space: Space, n: int) -> Space:
    """Return a space with `n` repetitions of every point, times those that it has.

    Raises
    ------
    SpaceError
        If `n` is no number of at least 1, or some repetitions were left out.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise SpaceError(f"repeat() got {n!r}; expected a whole number of at least 1.")
    counted = space.parameters.get(REPETITION)
    if counted is not None and not np.array_equal(
        np.atleast_1d(counted.values), np.arange(counted.values.size)
    ):
        raise SpaceError(
            f"repeat() got a space with the repetitions {counted.summary()} only; expected all from 0. Repeat first, then select."
        )
    others = [p for p in _everything(space) if p.name != REPETITION]
    axes = {dim: axis for dim, axis in space.axes.items() if dim != REPETITION}
    counting = repetitions(space.sizes.get(REPETITION, 1) * int(n))
    return Space.from_parameters([*others, counting], axes)


def _everything(space: Space) -> list[Parameter | RandomVariable | Derived | Formula]:
    return [
        *space.parameters.values(),
        *space.distributions.values(),
        *space.derived.values(),
        *space.waiting.values(),
    ]


def _reject_shared(left: Space, right: Space, operator: str) -> None:
    theirs = {p.name for p in _everything(right)}
    if shared := [p.name for p in _everything(left) if p.name in theirs and p.name != REPETITION]:
        raise SpaceError(
            f"both sides of {operator} have the parameter {listing(shared)}; expected each parameter on one side only. "
            f"Remove it from one."
        )


def _moved(p: Any, dim: str | None) -> Any:
    """Return a parameter of a space that has one dimension at most on the one that it is paired along."""
    if isinstance(p, Parameter) and p.dim:
        return replace(p, dim=dim)
    return p.renamed(dict.fromkeys(p.dims, str(dim))) if isinstance(p, Derived) else p
