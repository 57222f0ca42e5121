"""What the arguments of a function that derives a parameter receive."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.parameter import REPETITION


@dataclass(frozen=True)
class Argument:
    """What an argument of a function receives: a parameter, or a group of them as one mapping."""

    name: str
    members: tuple[str, ...]
    grouped: bool
    required: bool


def arguments_of(name: str, function: Callable[..., Any], known: Iterable[str]) -> list[Argument]:
    """Return what the arguments of a function receive from parameters of some names, as those of a simulation do.

    Raises
    ------
    SpaceError
        If an argument without a default is none of these names.
    """
    names = list(known)
    try:
        signature = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise SpaceError(
            f"{name!r} is to be derived by {function!r}, which has no signature to match parameters with. Wrap it: "
            f"{name}=lambda a: …"
        ) from None
    arguments = []
    for argument, p in signature.items():
        if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            raise SpaceError(
                f"{name!r} is to be derived by a function whose argument {str(p)!r} has no name to receive a parameter by; expected arguments "
                f"that are named like the parameters that it depends on. Wrap it: {name}=lambda a: …"
            )
        if argument == name:
            raise SpaceError(f"{name!r} is to be derived from itself; expected other parameters.")
        if argument == REPETITION:
            raise SpaceError(
                f"{name!r} is to be derived from the repetition, but the repetitions of a point have the same parameters. Let the simulation "
                f"ask for it."
            )
        members, grouped = _members(argument, names)
        if members:
            arguments.append(Argument(argument, members, grouped, p.default is p.empty))
        elif p.default is p.empty:
            raise SpaceError(
                f"{name!r} is to be derived from {argument!r}, which is no parameter; this space has {listing(names)}."
                f"{suggest(argument, names)}"
            )
    if not arguments:
        hint = "".join(suggest(argument, names) for argument in list(signature)[:1])
        raise SpaceError(
            f"{name!r} is to be derived by a function that takes none of the parameters; this space has {listing(names)}.{hint} A value that "
            f"depends on none is a fixed parameter: Space({name}=…)."
        )
    return arguments


def _members(argument: str, names: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    if argument in names:
        return (argument,), False
    if flat := [name for name in names if "." in name and name.replace(".", "_") == argument]:
        return (flat[0],), False
    grouped = tuple(name for name in names if name.startswith(f"{argument}."))
    return grouped, bool(grouped)
