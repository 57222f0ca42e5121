"""How a simulation receives its parameters: by keyword, checked before anything runs."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from explorekit.errors import SimulationError, listing, suggest
from explorekit.simulation.declare import Simulation
from explorekit.space.parameter import REPETITION

INJECTED = ("rng", "seed", REPETITION)


@dataclass(frozen=True)
class Call:
    """Which argument receives what.

    Parameters
    ----------
    direct
        Pairs of parameter and argument.
    groups
        By argument, the dotted parameters that reach it as one mapping.
    injected
        Those of ``rng``, ``seed`` and ``repetition`` that the simulation asks for.
    defaults
        The signature's defaults, of arguments that the space leaves alone too.
    """

    direct: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    injected: frozenset[str]
    defaults: Mapping[str, Any]

    def without_defaults(self) -> "Call":
        """Return the call without the signature's defaults, which only the study's own process needs."""
        return replace(self, defaults={})

    def arguments(self, columns: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
        """Yield the keyword arguments of each point, from columns of values by parameter."""
        names = [argument for _, argument in self.direct] + [argument for argument, _ in self.groups]
        values: list[Iterable[Any]] = [columns[parameter] for parameter, _ in self.direct]
        values += [_mappings(members, columns) for _, members in self.groups]
        if not names:
            length = len(next(iter(columns.values()), [None]))
            return ({} for _ in range(length))
        return (dict(zip(names, point, strict=True)) for point in zip(*values, strict=True))


def bind(simulation: Simulation, parameters: Iterable[str]) -> Call:
    """Match a simulation's signature with the parameters of a space.

    Raises
    ------
    SimulationError
        If a parameter has no argument, or a required argument no parameter.
    """
    signature = _signature(simulation)
    _reject_positional_only(simulation, signature)
    arguments = {
        name: p for name, p in signature.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    takes_rest = any(p.kind is p.VAR_KEYWORD for p in signature.values())
    names = [name for name in parameters if name != REPETITION]
    direct: list[tuple[str, str]] = []
    groups: dict[str, list[str]] = {}
    for name in names:
        argument, grouped = _argument(simulation, name, arguments, takes_rest)
        if grouped:
            groups.setdefault(argument, []).append(name)
        else:
            direct.append((name, argument))
    _reject_twice(simulation, direct, groups)
    given = {argument for _, argument in direct} | set(groups)
    injected = frozenset(name for name in INJECTED if name in arguments and name not in given)
    _check_complete(simulation, signature, given | injected, names)
    defaults = {
        name: p.default for name, p in arguments.items() if p.default is not p.empty and name not in injected
    }
    return Call(tuple(direct), tuple((a, tuple(m)) for a, m in groups.items()), injected, defaults)


def _signature(simulation: Simulation) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(simulation.function).parameters
    except (ValueError, TypeError):
        raise SimulationError(
            f"simulation {simulation.name!r} has no signature to match parameters with; wrap it in a Python function."
        ) from None


def _argument(
    simulation: Simulation, name: str, arguments: Mapping[str, inspect.Parameter], takes_rest: bool
) -> tuple[str, bool]:
    """Return the argument that receives a parameter, and whether as a member of a group."""
    if name in arguments:
        return name, False
    flat, group = name.replace(".", "_"), name.split(".", maxsplit=1)[0]
    if "." in name:
        if flat in arguments and group in arguments:
            raise SimulationError(
                f"parameter {name!r} fits two arguments of {simulation.name!r}, {group!r} and {flat!r}; keep one of them."
            )
        if flat in arguments:
            return flat, False
        if group in arguments or takes_rest:
            return group, True
    if takes_rest:
        return name, False
    raise SimulationError(
        f"simulation {simulation.name!r} has no argument {name!r}; it takes {listing(arguments, 12)}."
        f"{suggest(name, arguments)} Rename the parameter, or leave it out of the space."
    )


def _reject_positional_only(simulation: Simulation, signature: Mapping[str, inspect.Parameter]) -> None:
    for name, p in signature.items():
        if p.kind is p.POSITIONAL_ONLY and p.default is p.empty:
            raise SimulationError(
                f"argument {name!r} of {simulation.name!r} is positional-only; parameters are passed by keyword. Remove the '/'."
            )


def _reject_twice(
    simulation: Simulation, direct: list[tuple[str, str]], groups: Mapping[str, list[str]]
) -> None:
    sources: dict[str, list[str]] = {}
    for name, argument in direct:
        sources.setdefault(argument, list(groups.get(argument, ()))).append(name)
    for argument, names in sources.items():
        if len(names) > 1:
            raise SimulationError(
                f"the parameters {listing(names)} all reach the argument {argument!r} of {simulation.name!r}; keep one of them."
            )


def _check_complete(
    simulation: Simulation, signature: Mapping[str, inspect.Parameter], given: set[str], names: list[str]
) -> None:
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    missing = [
        n for n, p in signature.items() if p.default is p.empty and p.kind not in variadic and n not in given
    ]
    if missing:
        raise SimulationError(
            f"simulation {simulation.name!r} needs {listing(missing)}, which the space does not give (it gives "
            f"{listing(names, 12)}).{suggest(missing[0], names)} Add a value to the space, or a default to the argument."
        )


def _mappings(members: tuple[str, ...], columns: Mapping[str, list[Any]]) -> Iterator[Mapping[str, Any]]:
    paths = [member.split(".")[1:] for member in members]
    for values in zip(*(columns[member] for member in members), strict=True):
        group: dict[str, Any] = {}
        for path, value in zip(paths, values, strict=True):
            inner = group
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
            inner[path[-1]] = value
        yield _frozen(group)


def _frozen(group: dict[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({k: _frozen(v) if isinstance(v, dict) else v for k, v in group.items()})
