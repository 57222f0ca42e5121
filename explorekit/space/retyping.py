"""Arrays of one space in the dtype that another one has for them, so that equal arrays have equal digests."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from explorekit.space.arrays import Arrays, united
from explorekit.space.parameter import Parameter
from explorekit.space.space import Space


def with_arrays_of(space: Space, known: Mapping[str, Parameter]) -> Space:
    """Return a space whose array-valued parameters have the dtypes of those of the same names.

    Raises
    ------
    SpaceError
        If a dtype cannot hold an array exactly.
    """
    changed = {
        p.name: one
        for p in space.parameters.values()
        if p.name in known and (one := retyped(p, known[p.name].arrays)) is not p
    }
    if not changed:
        return space
    return _with(space, changed)


def retyped(p: Parameter, known: Arrays | None) -> Parameter:
    """Return a parameter with its arrays in the dtype of others; as it is where either has none."""
    if p.arrays is None or known is None:
        return p
    arrays = p.arrays.as_dtype(p.name, known.values.dtype)
    if arrays is p.arrays:
        return p
    values = np.where(p.is_given, arrays.digests[p.arrays.rows(p.values)], p.values)
    values.flags.writeable = False
    return replace(p, values=values, arrays=arrays)


def with_arrays_of_both(existing: Space, added: Space) -> tuple[Space, Space]:
    """Return two spaces whose array-valued parameters each know the arrays of both, in the dtypes of the first.

    Raises
    ------
    SpaceError
        If arrays differ in shape, dimensions or coordinates, or are not as the first declares.
    """
    known = existing.parameters
    shared = {p.name: p for p in added.parameters.values() if p.arrays is not None and p.name in known}
    shared = {
        name: retyped(p, known[name].arrays) for name, p in shared.items() if known[name].arrays is not None
    }
    arrays: dict[str, Arrays] = {}
    for name, p in shared.items():
        p.check(known[name].attrs)
        both = [one.only(q.values) for q in (known[name], p) if (one := q.arrays) is not None]
        arrays[name] = united(name, both)
    if not arrays:
        return existing, added
    return (
        _with(existing, {name: replace(known[name], arrays=one) for name, one in arrays.items()}),
        _with(added, {name: replace(shared[name], arrays=one) for name, one in arrays.items()}),
    )


def _with(space: Space, changed: Mapping[str, Parameter]) -> Space:
    axes = {
        dim: axis.with_parameters(tuple(changed.get(p.name, p) for p in axis.parameters))
        for dim, axis in space.axes.items()
    }
    parameters = [changed.get(p.name, p) for p in space.parameters.values()]
    return Space.from_parameters([*parameters, *space.derived.values()], axes)
