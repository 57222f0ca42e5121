"""Which names of parameters cannot stand in one space?"""

from collections.abc import Mapping

from explorekit.errors import SpaceError
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
