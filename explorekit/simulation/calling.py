"""How a simulation receives its parameters: by keyword, checked before anything runs."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, NamedTuple

from explorekit.errors import SimulationError, listing, suggest
from explorekit.simulation.declare import Simulation
from explorekit.space.derived import Derived
from explorekit.space.groups import mappings
from explorekit.space.parameter import REPETITION, Parameter

INJECTED = ("rng", "seed", REPETITION)
INJECTED_ARRAYS = ("rngs", "seeds", REPETITION)


NOT_GIVEN: Any = (
    object()
)  # stands for a parameter that a point lacks, among values on the way to the simulation


class Default(NamedTuple):
    """What an argument receives where the space gives no value: the signature's default, or `NOT_GIVEN`."""

    value: Any


Ordered = tuple[str, Default | None]


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
        Those of ``rng``, ``seed`` and ``repetition`` that the simulation asks for, or of ``rngs``, ``seeds`` and
        ``repetition`` if it is vectorised.
    defaults
        The signature's defaults, of arguments that the space leaves alone too.
    lacking
        The arguments for which some points have no value.
    """

    direct: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    injected: frozenset[str]
    defaults: Mapping[str, Any]
    lacking: frozenset[str] = frozenset()

    def without_defaults(self) -> "Call":
        """Return the call without the signature's defaults, which only the study's own process needs."""
        return replace(self, defaults={})

    def values(self, columns: Mapping[str, list[Any]]) -> dict[str, Iterable[Any]]:
        """Return the values of each argument at some points, from columns of values by parameter."""
        values: dict[str, Iterable[Any]] = {argument: columns[name] for name, argument in self.direct}
        return values | {
            argument: mappings(members, [columns[member] for member in members], NOT_GIVEN)
            for argument, members in self.groups
        }

    def by_position(self, function: Callable[..., Any]) -> tuple[Callable[..., Any], list[Ordered]]:
        """Return how to call a function with values by position, which takes a fraction of the time of keywords.

        Returns
        -------
        callable
            The function itself where its signature allows, else one that passes the values by keyword.
        list of (str, Default or None)
            The arguments in its order, with a default where the space gives no value, at some points or at all.
        """
        names = [name for _, name in self.direct] + [name for name, _ in self.groups] + sorted(self.injected)
        always = {*names} - self.lacking
        if type(function) is FunctionType and not hasattr(function, "__wrapped__"):
            signature = list(inspect.signature(function).parameters.values())
            reached = [p.kind is p.POSITIONAL_OR_KEYWORD for p in signature]
            last = max((i for i, p in enumerate(signature) if p.name in names), default=-1) + 1
            if all(reached[:last]) and {p.name for p in signature[:last]} >= set(names):
                return function, [
                    (p.name, None if p.name in always else Default(p.default)) for p in signature[:last]
                ]

        def call(*values: Any) -> Any:
            return function(**dict(zip(names, values, strict=True)))

        def call_with_given(*values: Any) -> Any:
            given = zip(names, values, strict=True)
            return function(**{name: value for name, value in given if value is not NOT_GIVEN})

        order = [(name, None if name in always else Default(NOT_GIVEN)) for name in names]
        return call_with_given if self.lacking else call, order


def bind(simulation: Simulation, parameters: Mapping[str, Parameter | Derived] | Iterable[str]) -> Call:
    """Match a simulation's signature with the parameters of a space.

    Raises
    ------
    SimulationError
        If a parameter has no argument, or a required argument no parameter, at some points or at all.
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
    known = parameters if isinstance(parameters, Mapping) else {}
    ragged = {name for name, p in known.items() if p.given is not None}
    lacking = {argument for name, argument in direct if name in ragged}
    lacking |= {argument for argument, members in groups.items() if ragged.issuperset(members)}
    _check_lacking(simulation, signature, lacking)
    offered = INJECTED_ARRAYS if simulation.vectorized else INJECTED
    injected = frozenset(name for name in offered if name in arguments and name not in given)
    if simulation.vectorized:
        _check_vectorized(simulation, arguments, given, groups)
    _check_complete(simulation, signature, given | injected, names)
    defaults = {
        name: p.default for name, p in arguments.items() if p.default is not p.empty and name not in injected
    }
    by_group = tuple((argument, tuple(members)) for argument, members in groups.items())
    return Call(tuple(direct), by_group, injected, defaults, frozenset(lacking))


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
        f"simulation {simulation.name!r} has no argument {name!r}; it takes {listing(arguments, 12) or 'none'}."
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


def _check_vectorized(
    simulation: Simulation,
    arguments: Mapping[str, inspect.Parameter],
    given: set[str],
    groups: Mapping[str, list[str]],
) -> None:
    if groups:
        raise SimulationError(
            f"{simulation.name!r} is vectorised and takes the group {listing(groups)}; expected each parameter as an argument "
            f"of its own. Write {next(iter(groups.values()))[0].replace('.', '_')!r}."
        )
    for one, many in zip(INJECTED[:2], INJECTED_ARRAYS[:2], strict=True):
        if one in arguments and one not in given:
            raise SimulationError(
                f"{simulation.name!r} is vectorised and asks for {one!r}; a call has one for each of its points. Ask for {many!r}."
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
            f"{listing(names, 12) or 'nothing'}).{suggest(missing[0], names)} Add a value to the space, or a default to the argument."
        )


def _check_lacking(
    simulation: Simulation, signature: Mapping[str, inspect.Parameter], lacking: set[str]
) -> None:
    needed = [
        name for name in lacking if name in signature and signature[name].default is inspect.Parameter.empty
    ]
    if needed:
        raise SimulationError(
            f"simulation {simulation.name!r} needs {listing(sorted(needed))}, which some points of the space lack. "
            f"Give it there too, or give the argument a default."
        )
