"""What are the arrays' own dimensions and coordinates called beside results, which may have others of the same name?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from explorekit.space import Space
from explorekit.space.arrays import Coord


def inner_names(space: Space) -> dict[str, int | None]:
    """Return the names of the dimensions of arrays with their lengths, and those of their coordinates."""
    found: dict[str, int | None] = {}
    for p in space.parameters.values():
        if p.arrays is not None:
            found |= dict.fromkeys(p.arrays.coords)
            found |= p.arrays.sizes
    return found


def renamed_beside(
    space: Space, sizes: Mapping[str, int], taken: Mapping[Any, xr.Variable | None]
) -> dict[str, str]:
    """Return other names for the dimensions and coordinates of arrays that would not go with those of results.

    Parameters
    ----------
    space
        The space.
    sizes
        The lengths of the results' dimensions.
    taken
        The names of results, with the values of those that are coordinates and constant.
    """
    names = inner_names(space)
    coords = {
        key: one
        for p in space.parameters.values()
        if p.arrays is not None
        for key, one in p.arrays.coords.items()
    }
    renamed = {}
    for name, size in names.items():
        differs = size is not None and sizes.get(name, size) != size
        if name in taken:
            differs |= not _is_same(taken[name], coords.get(name))
        if differs:
            other = f"parameter_{name}"
            while other in names or other in taken or other in sizes or other in space.names:
                other = f"parameter_{other}"
            renamed[name] = other
    return renamed


def _is_same(theirs: xr.Variable | None, mine: Coord | None) -> bool:
    return (
        theirs is not None
        and mine is not None
        and theirs.dims == mine.dims
        and np.array_equal(theirs.values, mine.values)
    )


def rename(variables: Mapping[str, xr.Variable], names: Mapping[str, str]) -> dict[str, xr.Variable]:
    """Return variables with other names for some of them and of their dimensions."""
    return {
        names.get(name, name): xr.Variable(
            [names.get(str(dim), dim) for dim in variable.dims],
            variable.values,
            variable.attrs,
            fastpath=True,
        )
        if not names.keys().isdisjoint((name, *map(str, variable.dims)))
        else variable
        for name, variable in variables.items()
    }
