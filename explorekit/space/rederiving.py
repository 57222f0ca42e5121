"""Derived parameters of a space that was made of others: known from these, or computed anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from explorekit.errors import SpaceError, listing
from explorekit.space.arguments import arguments_of
from explorekit.space.derived import Derived, Formula
from explorekit.space.deriving import evaluated
from explorekit.space.objects import Objects
from explorekit.space.parameter import Parameter
from explorekit.space.space import Space


def rederived(space: Space, *known: Space) -> Space:
    """Return a space with the derived parameters of others, computed where their values are not known from these.

    Raises
    ------
    SpaceError
        If the others disagree about one, or it has to be computed and nobody gave the function.
    """
    derived: dict[str, Derived] = {}
    waiting: dict[str, Formula] = {}
    sources = _with_objects_of(space, known)
    for name in dict.fromkeys(name for one in known for name in one.derived):
        having = [one for one in known if name in one.derived]
        formulas = [one.derived[name].formula for one in having]
        for formula in formulas:
            if formula.of != formulas[0].of:
                raise SpaceError(
                    f"{name!r} is derived from {listing(formulas[0].of)}, and also from {listing(formula.of)}; expected one way to derive "
                    f"it. Rename one."
                )
        function = next((f.function for f in formulas if f.function is not None), None)
        formula = replace(formulas[0], function=function)
        if any(one in space.distributions or one in waiting for one in formula.of):
            waiting[name] = formula
            continue
        whole = [one for one in having if one.passed.keys() >= set(formula.of)]
        before = [(one.derived[name], one.passed, one.sizes) for one in whole]
        derived[name] = evaluated(formula, {**sources, **derived}, space.sizes, before)
    waiting |= {name: formula for one in known for name, formula in one.waiting.items()}
    return Space.from_parameters(
        [*space.parameters.values(), *space.distributions.values(), *derived.values(), *waiting.values()],
        space.axes,
    )


def _with_objects_of(space: Space, known: Sequence[Space]) -> dict[str, Parameter]:
    """Return the parameters of a space with the objects by label that any of some spaces knows."""
    objects: dict[str, dict[str, Any]] = {}
    for one in known:
        for p in one.parameters.values():
            objects.setdefault(p.name, {}).update(p.objects or {})
    return {
        name: p if p.objects is None else replace(p, objects={**p.objects, **objects.get(name, {})})
        for name, p in space.parameters.items()
    }


def with_objects(space: Space, objects: Mapping[str, Objects]) -> Space:
    """Return a space whose labels stand for objects that are known from elsewhere, if something is derived in it."""
    if not space.derived or not objects:
        return space
    parameters = [
        p if p.objects is None else replace(p, objects={**objects.get(name, {}), **p.objects})
        for name, p in space.parameters.items()
    ]
    return Space.from_parameters([*parameters, *space.derived.values()], space.axes)


def bare(space: Space) -> Space:
    """Return a space without what is derived in it."""
    return Space.from_parameters([*space.parameters.values(), *space.distributions.values()], space.axes)


def computed_anew(space: Space, before: Space) -> Space:
    """Return a space with the derived parameters of the one that it was made of, whose values are kept where inputs are the same."""
    return rederived(space, before) if before.derived or before.waiting else space


def formula_of_all(name: str, spaces: Sequence[Space]) -> Formula | None:
    """Return what a parameter is computed by in all of some spaces, if it is one formula: where it is not there, it could not be."""
    formulas = [space.derived[name].formula for space in spaces if name in space.derived]
    if not all(one.computes_the_same(formulas[0]) for one in formulas):
        return None
    for space in spaces:
        if name in space.parameters or (name not in space.derived and _computable(formulas[0], space)):
            return None
    return formulas[0]


def _computable(formula: Formula, space: Space) -> bool:
    """Return whether a space has what a formula needs, as far as is known."""
    there = space.passed.keys()
    if formula.function is None:
        return any(name in there for name in formula.of)
    arguments = arguments_of(formula.name, formula.function, formula.of)
    return all(any(name in there for name in one.members) for one in arguments if one.required)


def with_functions(space: Space, functions: Mapping[str, Callable[..., Any]]) -> Space:
    """Return a space of which derived parameters have functions that are known from elsewhere."""
    if not functions or not space.derived:
        return space
    derived = [
        replace(one, formula=replace(one.formula, function=one.formula.function or functions.get(name)))
        for name, one in space.derived.items()
    ]
    return Space.from_parameters(
        [*space.parameters.values(), *space.distributions.values(), *derived], space.axes
    )


def functions_of(space: Space | None) -> dict[str, Callable[..., Any]]:
    """Return the functions of the derived parameters of a space, by name, as far as they are known."""
    derived = {} if space is None else space.derived
    return {name: one.formula.function for name, one in derived.items() if one.formula.function is not None}
