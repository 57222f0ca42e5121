"""Which names of parameters cannot stand in one space?"""

from collections.abc import Iterable, Mapping

import numpy as np

from explorekit.errors import SpaceError
from explorekit.space.arrays import VALUES, Coord
from explorekit.space.derived import Derived, Formula
from explorekit.space.distributions import RandomVariable
from explorekit.space.parameter import GIVEN, Parameter


def reject_clashes(parameters: Mapping[str, Parameter | RandomVariable | Derived | Formula]) -> None:
    """Reject names that are distinct, but would mean the same thing to the simulation or in the file."""
    for name, parameter in parameters.items():
        parts = name.split(".")
        for group in (".".join(parts[:n]) for n in range(1, len(parts))):
            if group in parameters:
                raise SpaceError(
                    f"parameter {group!r} is also the group of {name!r}; expected a name to be the one or the other. Rename one."
                )
        if (
            isinstance(parameter, (Parameter, Derived))
            and parameter.given is not None
            and f"{name}{GIVEN}" in parameters
        ):
            raise SpaceError(
                f"some points lack {name!r}, which is kept as {name}{GIVEN}, but there is a parameter {name + GIVEN!r}; rename one."
            )
        if (
            isinstance(parameter, Parameter)
            and parameter.arrays is not None
            and f"{name}{VALUES}" in parameters
        ):
            raise SpaceError(
                f"the arrays of {name!r} are kept as {name}{VALUES}, but there is a parameter {name + VALUES!r}; rename one."
            )
        for half in (f"{name}_real", f"{name}_imag"):
            if (
                half in parameters
                and isinstance(parameter, (Parameter, Derived))
                and parameter.values.dtype.kind == "c"
            ):
                raise SpaceError(
                    f"the complex parameter {name!r} is kept as {name}_real and {name}_imag, but there is a parameter {half!r}; "
                    f"rename one."
                )
    _reject_clashes_of_arrays([p for p in parameters.values() if isinstance(p, Parameter)], parameters)


def _reject_clashes_of_arrays(parameters: Iterable[Parameter], names: Iterable[str]) -> None:
    """Reject dimensions of arrays that are other parameters', or have two lengths, and coordinates that differ."""
    taken = {*names, *(p.dim for p in parameters)}
    sizes: dict[str, tuple[str, int]] = {}
    coords: dict[str, tuple[str, Coord]] = {}
    for p in parameters:
        if p.arrays is None:
            continue
        for name in (*p.arrays.dims, *p.arrays.coords):
            if name in taken:
                raise SpaceError(
                    f"the arrays of {p.name!r} have {name!r} as a dimension or a coordinate of their own, which is one of the space too; "
                    f"rename one."
                )
        for dim, size in p.arrays.sizes.items():
            other, known = sizes.setdefault(dim, (p.name, size))
            if known != size:
                raise SpaceError(
                    f"the dimension {dim!r} has {known} values in the arrays of {other!r}, and {size} in those of {p.name!r}; expected one "
                    f"length. Rename it in one of them."
                )
        for name, coord in p.arrays.coords.items():
            other, there = coords.setdefault(name, (p.name, coord))
            if there.dims != coord.dims or not np.array_equal(there.values, coord.values):
                raise SpaceError(
                    f"the arrays of {other!r} and {p.name!r} have two coordinates {name!r}, which differ; expected the same in both. Rename one."
                )
