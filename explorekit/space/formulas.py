"""What a user asks to derive, in the order in which it can be computed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.arguments import arguments_of
from explorekit.space.constraints import cast
from explorekit.space.derived import DERIVED_FROM, Derived, Formula, source_of
from explorekit.space.parameter import REPETITION, Param, check_attrs, check_name
from explorekit.space.space import Space
from explorekit.space.values import MISSING, Values, as_values


def derive(space: Space, given: Mapping[str, Any], named: Mapping[str, Any]) -> Space:
    """Return a space with parameters that are computed from its own; see `Space.derive`."""
    if twice := [name for name in named if name in given]:
        raise SpaceError(f"derive() got {listing(twice)} twice; name each parameter once.")
    wanted = {**given, **named}
    known = dict.fromkeys((*space.parameters, *space.distributions, *space.derived, *space.waiting))
    for name in wanted:
        check_name(name)
        if name in known:
            raise SpaceError(
                f"derive() got {name!r}, which the space has already; expected a new name. To give it other values: override({name}=…)."
            )
    known.pop(REPETITION, None)
    formulas = {name: _formula(space, name, what, (*known, *wanted)) for name, what in wanted.items()}
    return Space.from_parameters(
        [
            *space.parameters.values(),
            *space.distributions.values(),
            *space.derived.values(),
            *space.waiting.values(),
            *_ordered(formulas),
        ],
        space.axes,
    )


def _formula(space: Space, name: str, what: Any, known: tuple[str, ...]) -> Formula | Derived:
    given = what if isinstance(what, Param) else Param(what)
    if given.dim is not None or given.objects is not None:
        raise SpaceError(
            f"{name!r} is derived, so that its dimensions are those of what it is computed from, and its values no labels; leave dim and "
            f"objects out."
        )
    if hasattr(given.values, "dims") and hasattr(given.values, "attrs"):
        return _table(space, name, given, [one for one in known if one != name])
    if not callable(given.values):
        raise SpaceError(
            f"derive() got {given.values!r} for {name!r}; expected a function of other parameters, or its values as a DataArray over dimensions "
            f"of the space: derive({name}=lambda a: a / 2). A value that depends on none is a fixed parameter: Space({name}=…)."
        )
    check_attrs(name, given.attrs)
    others = [one for one in known if one != name]
    arguments = arguments_of(name, given.values, others)
    members = tuple(sorted({member for one in arguments for member in one.members}))
    source = source_of(given.values)
    return Formula(
        name, members, given.values, dict(given.attrs), given.dtype, source, given.bounds, given.allowed
    )


def _ordered(formulas: Mapping[str, Formula | Derived]) -> list[Formula | Derived]:
    """Return formulas each behind those that it needs."""
    ordered: list[Formula | Derived] = []
    left = dict(formulas)
    while left:
        ready = [
            one
            for one in left.values()
            if isinstance(one, Derived) or not any(name in left for name in one.of)
        ]
        if not ready:
            raise SpaceError(
                f"{' needs '.join(map(repr, _circle(left)))}: a circle. Give one of them values."
            )
        ordered += ready
        for one in ready:
            del left[one.name]
    return ordered


def _circle(left: Mapping[str, Any]) -> list[str]:
    """Return names of which each is derived from the next, the last being the first again."""
    path = [next(iter(left))]
    while path.count(path[-1]) < 2:
        path.append(next(name for name in left[path[-1]].of if name in left))
    return path[path.index(path[-1]) :]


# ---- values that are there already


def _table(space: Space, name: str, given: Param, known: list[str]) -> Derived:
    """Return a derived parameter of which the values are given, as a variable of xarray over dimensions of the space."""
    variable = given.values
    dims = tuple(map(str, variable.dims))
    if unknown := [dim for dim in dims if dim not in space.dims or dim == REPETITION]:
        raise SpaceError(
            f"derive() got values of {name!r} along {listing(unknown)}; the space has the dimensions {listing(space.dims) or 'none'}."
            f"{suggest(unknown[0], space.dims)}"
        )
    for dim, size in zip(dims, variable.shape, strict=True):
        if size != space.sizes[dim]:
            raise SpaceError(
                f"derive() got {size} values of {name!r} along {dim!r}, which has {space.sizes[dim]} in the space; expected as many."
            )
    _check_labels(space, name, variable)
    attrs = {**variable.attrs, **given.attrs}
    told = str(attrs.pop(DERIVED_FROM, "")).split()
    of = tuple(sorted(told or (p.name for dim in dims for p in space.axes[dim].parameters)))
    if not of or any(one not in known for one in of):
        raise SpaceError(
            f"derive() got values of {name!r} that depend on {listing(of) or 'no parameter'}; this space has {listing(known)}. A value that "
            f"depends on none is a fixed parameter: Space({name}=…)."
        )
    check_attrs(name, attrs)
    values, there = _values(name, np.asarray(variable.values), given.dtype)
    formula = Formula(name, of, None, attrs, bounds=given.bounds, allowed=given.allowed)
    return Derived(formula, dims, values, there).declared()


def _check_labels(space: Space, name: str, variable: Any) -> None:
    for coordinate, labels in getattr(variable, "coords", {}).items():
        p = space.parameters.get(str(coordinate))
        if p is None or p.given is not None or labels.dims != (p.dim,):
            continue
        known = p.values if p.arrays is None else p.arrays.names(p.values)
        if not np.array_equal(known, labels.values):
            raise SpaceError(
                f"derive() got values of {name!r} whose labels along {p.name!r} are others than those of the space ({p.summary()}). Select or "
                f"reorder them first."
            )


def _values(name: str, given: Any, dtype: Any) -> tuple[Values, Any]:
    """Return values of any shape, and where there is one if not everywhere.

    Where there is none is None, of which xarray makes NaT among times, and NaN among text.
    """
    items = given.ravel()
    there = np.ones(items.shape, dtype=np.bool_)
    if given.dtype == object:
        there = np.array([one is not None and one == one for one in items], dtype=np.bool_)
        items = [one for one, is_there in zip(items.tolist(), there.tolist(), strict=True) if is_there]
    elif given.dtype.kind == "M":
        there = ~np.isnat(items)
        items = items[there]
    values = as_values(name, items)
    if dtype is not None:
        values = cast(name, values, dtype)
    full = np.full(there.shape, MISSING[values.dtype.kind], dtype=values.dtype)
    full[there] = values
    return full.reshape(given.shape), None if there.all() else there.reshape(given.shape)
