"""Which space is left of one, at some positions along its dimensions or some values of its parameters?"""

from collections.abc import Mapping
from typing import Any

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.finding import parameter_with_values
from explorekit.space.positions import as_indexer, positions_of_values
from explorekit.space.space import Space


def isel(space: Space, indexers: Mapping[str, Any]) -> Space:
    """Return the subspace at positions along dimensions; an integer fixes the parameters there.

    Raises
    ------
    SpaceError
        If there is no such dimension or position, or nothing is left.
    """
    for dim in indexers:
        if dim not in space.axes:
            raise SpaceError(
                f"no dimension {dim!r}; this space has {listing(space.dims)}.{suggest(dim, space.dims)}"
            )
    chosen = {dim: as_indexer(dim, space.sizes[dim], indexer) for dim, indexer in indexers.items()}
    parameters = [p.take(chosen[p.dim]) if p.dim in chosen else p for p in space.parameters.values()]
    parameters = [p for p in parameters if p.dim or p.given is None]  # one point lacks what it lacks
    if empty := [p.name for p in parameters if p.values.size == 0]:
        raise SpaceError(f"the selection leaves no value of parameter {listing(empty)}; select at least one.")
    axes = {
        dim: axis.take(chosen[dim]) if dim in chosen else axis
        for dim, axis in space.axes.items()
        if not isinstance(chosen.get(dim), int)
    }
    derived = [one.take(chosen) for one in space.derived.values()]
    derived = [one for one in derived if one.is_given.any()]
    return Space.from_parameters(
        [*parameters, *space.distributions.values(), *derived, *space.waiting.values()], axes
    )


def sel(space: Space, indexers: Mapping[str, Any]) -> Space:
    """Return the subspace with some values of parameters; one value fixes the parameter.

    Raises
    ------
    SpaceError
        If there is no such parameter, or no such value; values match exactly.
    """
    for name, wanted in indexers.items():
        parameter = parameter_with_values(space, name, f"select values of {name!r}")
        if parameter.dim is None:
            raise SpaceError(
                f"parameter {name!r} is fixed at {parameter.summary()}; select along another one."
            )
        space = isel(space, {parameter.dim: positions_of_values(parameter, wanted)})
    return space
