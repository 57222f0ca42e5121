"""A space in which some parameters have other values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.constraints import cast
from explorekit.space.distributions import PROBES, RandomVariable, as_parameter
from explorekit.space.parameter import REPETITION, Parameter
from explorekit.space.rederiving import computed_anew
from explorekit.space.values import KIND, NATIVE, Values, exact_text

if TYPE_CHECKING:
    from explorekit.space.space import Space


def overridden(space: "Space", presets: "Space | Mapping[str, Any]", named: Mapping[str, Any]) -> "Space":
    """Return a space with presets in the place of its own values; see `Space.override`."""
    from explorekit.space.space import Space

    if not isinstance(presets, (Space, Mapping)):
        raise SpaceError(
            f"got {type(presets).__name__} as presets; expected a Space, or values by parameter: override({{'a': 0.5}})."
        )
    if isinstance(presets, Space):
        given: dict[str, Parameter | RandomVariable] = {**presets.parameters, **presets.distributions}
    else:
        given = {name: as_parameter(name, value) for name, value in presets.items()}
    given |= {name: as_parameter(name, value) for name, value in named.items()}
    known: dict[str, Parameter | RandomVariable] = {**space.parameters, **space.distributions}
    if computed := [name for name in given if name in space.derived or name in space.waiting]:
        formula = {**{n: one.formula for n, one in space.derived.items()}, **space.waiting}[computed[0]]
        raise SpaceError(
            f"{computed[0]!r} is derived from {listing(formula.of)}; override these, and it follows."
        )
    if unknown := [name for name in given if name not in known]:
        raise SpaceError(
            f"nothing consumes the preset {listing(unknown)}; this space has {listing(known)}.{suggest(unknown[0], known)}"
        )
    if REPETITION in given:
        raise SpaceError("the number of repetitions is no preset; use .repeat(n).")
    replaced = [_in_place_of(old, given[name]) if name in given else old for name, old in known.items()]
    touched = {p.dim for p in (known[name] for name in given) if isinstance(p, Parameter)}
    touched |= {p.dim for p in replaced if isinstance(p, Parameter) and p.name in given}
    other = Space.from_parameters(
        replaced, {dim: axis for dim, axis in space.axes.items() if dim not in touched}
    )
    return computed_anew(other, space)


def _in_place_of(
    old: Parameter | RandomVariable, new: Parameter | RandomVariable
) -> Parameter | RandomVariable:
    """Return a new parameter with what the old one says of itself, on the dimension that it is paired along."""
    attrs, new = new.attrs, replace(_with_objects_of(old, new), attrs={})
    if isinstance(new, Parameter):
        new = replace(new, values=_as_type_of(old, new.values))
    elif isinstance(old, RandomVariable):
        new = replace(new, dtype=new.dtype or old.dtype)
    new = replace(new, attrs={**old.attrs, **attrs})
    if isinstance(old, RandomVariable) or isinstance(new, RandomVariable):
        return new
    stays = new.dim == new.name and old.dim is not None
    return replace(new, dim=old.dim) if stays else new


def _with_objects_of(
    old: Parameter | RandomVariable, new: Parameter | RandomVariable
) -> Parameter | RandomVariable:
    """Return a new parameter of labels with the objects that these stand for in the old one."""
    if old.objects is None or new.objects is not None:
        return new
    labels = np.atleast_1d(
        new.values if isinstance(new, Parameter) else new.distribution.values(new.name, PROBES)
    )
    if unknown := [label for label in dict.fromkeys(labels.tolist()) if label not in old.objects]:
        raise SpaceError(
            f"parameter {old.name!r} has no object {listing(unknown)}; it has {listing(old.objects)}. Give a dict of label and object "
            f"for another one.{suggest(str(unknown[0]), old.objects)}"
        )
    return replace(new, objects=old.objects)


def _as_type_of(old: Parameter | RandomVariable, values: Values) -> Values:
    """Return values in the type of those that were there, which is all that tells of a declared one; a wider kind stays what it is."""
    there = old.values if isinstance(old, Parameter) else old.values_at(np.array([0.5]))
    kinds = KIND[there.dtype.kind], KIND[values.dtype.kind]
    if kinds[0] != kinds[1] and not {*kinds} <= {"int", "float", "complex"}:
        raise SpaceError(
            f"the values of {old.name!r} are {kinds[0]} ({old.summary() if isinstance(old, Parameter) else old.distribution}); got the preset "
            f"{exact_text(np.ravel(values)[0])} ({kinds[1]}). Give values of that type."
        )
    wider = kinds in (("int", "float"), ("int", "complex"), ("float", "complex"))
    if wider or values.dtype not in NATIVE:  # of a type that somebody chose
        return values
    return cast(old.name, values, there.dtype)
