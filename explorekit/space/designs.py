"""Designs of experiments: which points, so that effects can be told apart."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.distributions import Quantiles
from explorekit.space.parameter import REPETITION, Parameter
from explorekit.space.positions import positions_of_values
from explorekit.space.rederiving import computed_anew
from explorekit.space.space import Space
from explorekit.space.values import KIND, Values, as_values, exact_text

POINT = "point"
MORRIS_LEVELS = 4


def saltelli(points: Quantiles) -> Quantiles:
    """Return the design of radial steps from which first-order and total indices follow.

    Saltelli et al., Computer Physics Communications 181:259 (2010): of each point of 2·d coordinates, first the one half, A, then A with
    one coordinate after the other taken from the other half, B, and last B.

    Parameters
    ----------
    points : ndarray of shape (n, 2 * d)
        Evenly spread in the unit cube.

    Returns
    -------
    ndarray of shape (n * (d + 2), d)
        The design.
    """
    n, d = points.shape[0], points.shape[1] // 2
    a, b = points[:, np.newaxis, :d], points[:, np.newaxis, d:]
    steps = np.where(np.eye(d, dtype=bool), b, a)
    return np.concatenate([a, steps, b], axis=1).reshape(n * (d + 2), d)


def morris(d: int, n: int, rng: np.random.Generator) -> Quantiles:
    """Return `n` trajectories in which each of `d` parameters moves once, by half of the levels, of shape (n * (d + 1), d).

    Morris, Technometrics 33:161 (1991): from a random point of the levels 0, 1/3, 2/3, 1 one parameter after the other, in a random order,
    goes up or down by 2/3.
    """
    step = MORRIS_LEVELS // 2
    # A row a trajectory, so that more of them keep those that were there.
    low, side, turn = np.moveaxis(rng.random((n, 3, d)), 1, 0)
    lower = np.floor(low * step).astype(np.int64)
    starts_high = side < 0.5
    order = np.argsort(np.argsort(turn, axis=1), axis=1)
    moved = np.arange(d + 1)[:, np.newaxis] > order[:, np.newaxis]
    levels = lower[:, np.newaxis] + step * (moved ^ starts_high[:, np.newaxis])
    return (levels / (MORRIS_LEVELS - 1)).reshape(n * (d + 1), d)  # type: ignore[no-any-return]


def require_salib(purpose: str) -> None:
    """Raise `ImportError` if SALib is not installed."""
    from importlib.util import find_spec

    if find_spec("SALib") is None:
        raise ImportError(f"{purpose} needs SALib; install it with: pip install 'explorekit[sensitivity]'")


def star(space: Space, base: Mapping[str, Any]) -> Space:
    """Return the points of a grid that differ from a base point along one dimension at most; see `Space.star`."""
    if space.distributions:
        raise SpaceError(
            f"star() moves along values, and {listing(space.distributions)} has a distribution. Give values, or sample instead."
        )
    axes = {dim: axis for dim, axis in space.axes.items() if dim != REPETITION}
    varying = [p for axis in axes.values() for p in axis.parameters]
    names = [p.name for p in varying]
    if ragged := [p.name for p in varying if p.given is not None]:
        raise SpaceError(
            f"star() moves along values, and some points lack {listing(ragged)}. Give a space in which all points have it."
        )
    if unknown := [name for name in base if name not in names]:
        raise SpaceError(
            f"star() got a base value of {listing(unknown)}; this space varies {listing(names) or 'nothing'}."
            f"{suggest(unknown[0], names)}"
        )
    if missing := [name for name in names if name not in base]:
        raise SpaceError(
            f"star() got no base value of {listing(missing)}; expected one of each: star({missing[0]}=…)."
        )
    centre = {p.name: _value_like(p, base[p.name]) for p in varying}
    columns: dict[str, list[Values]] = {name: [value] for name, value in centre.items()}
    for axis in axes.values():
        away = ~np.logical_and.reduce([p.values == centre[p.name] for p in axis.parameters])
        moving = {p.name: p.values[away] for p in axis.parameters}
        for name, value in centre.items():
            columns[name].append(moving.get(name, np.repeat(value, int(away.sum()))))
    along = {name: np.concatenate(parts) for name, parts in columns.items()}
    parameters = []
    for p in space.parameters.values():
        if p.name in along:
            along[p.name].flags.writeable = False
            parameters.append(replace(p, dim=POINT, values=along[p.name]))
        else:
            parameters.append(p)
    return computed_anew(Space.from_parameters(parameters), space)


def _value_like(parameter: Parameter, given: Any) -> Values:
    """Return a base value, of the type of the parameter's values, as an array of one."""
    if parameter.arrays is not None:
        return np.atleast_1d(parameter.values[positions_of_values(parameter, [given])])
    value = np.atleast_1d(as_values(parameter.name, given))
    kinds = KIND[value.dtype.kind], KIND[parameter.values.dtype.kind]
    dtype = value.dtype if kinds == ("str", "str") else parameter.values.dtype
    if (
        value.size != 1
        or (kinds[0] != kinds[1] and kinds != ("int", "float"))
        or value.astype(dtype)[0] != value[0]
    ):
        raise SpaceError(
            f"star() got {given!r} as the base value of {parameter.name!r}, whose values are {kinds[1]} "
            f"({exact_text(parameter.values[0])}, …); expected one of that type."
        )
    return value.astype(dtype)
