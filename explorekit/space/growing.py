"""A space that grew: longer dimensions, values in between, further parameters; what it had keeps its place and order."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.axis import Axis
from explorekit.space.distributions import check_sampled, is_distribution
from explorekit.space.identity import as_kind, canonical, label_value
from explorekit.space.matching import named_positions, near_values, report_taken
from explorekit.space.objects import check_same_kind
from explorekit.space.parameter import (
    POINT,
    REPETITION,
    UNGRIDDED,
    Param,
    Parameter,
    named,
    repetitions,
)
from explorekit.space.rederiving import rederived
from explorekit.space.retyping import with_arrays_of_both
from explorekit.space.space import Space
from explorekit.space.union import Union, along_point
from explorekit.space.values import KIND, MISSING, Values, as_values, exact_text

_FORK = "For another structure, make another study that takes over what fits: study.fork(path, space)"
_ORDERED = frozenset({"bool", "int", "float", "datetime"})  # the order of names is their author's


def additions(existing: Space, space: Space | None, parameters: Mapping[str, object]) -> Space:
    """Return what a user asked to add, as a space.

    Parameters
    ----------
    existing
        The space that is to grow; parameters that it pairs are paired here too.
    space
        Some of its parameters, or further ones.
    parameters
        The same by name; ``repetition`` is a number of repetitions in all.
    """
    if space is not None and not isinstance(space, Space):
        raise SpaceError(
            f"got {type(space).__name__} as what to add; expected a Space, or values by keyword: extend(a=[3.0, 4.0])."
        )
    if space is not None:
        check_sampled(space, "add the points of the space")
    for name, values in parameters.items():
        if is_distribution(values):
            raise SpaceError(
                f"got a distribution of {name!r} as what to add; expected values. Add a longer sample: extend(space.sample(n))."
            )
    given = [_paired_as_before(existing, name, values) for name, values in parameters.items()]
    whole = space if space is not None else Space()
    touched = {p.dim for p in given}
    axes = {dim: axis for dim, axis in whole.axes.items() if dim not in touched}
    derived = [one for one in whole.derived.values() if not touched.intersection(one.dims)]
    return Space.from_parameters([*whole.parameters.values(), *given, *derived], axes)


def _paired_as_before(existing: Space, name: str, values: object) -> Parameter:
    if name == REPETITION:
        if isinstance(values, bool) or not isinstance(values, (int, np.integer)) or values < 1:
            raise SpaceError(
                f"got repetition={values!r}; expected the number of repetitions that there are to be in all, at least 1."
            )
        return repetitions(int(values))
    known = existing.parameters.get(name)
    if known is not None and known.dim not in (None, name) and not hasattr(values, "dims"):
        given = values if isinstance(values, Param) else Param(values)
        parameter = named(name, given)
        return replace(parameter, dim=known.dim, values=np.atleast_1d(parameter.values))
    return named(name, values)


def grown(existing: Space, added: Space, baselines: Mapping[str, bytes]) -> Space:
    """Return the smallest space that has the points of a space, and those added, in which the former keep their identity.

    New values go in sorted where the dimension is monotonic, else at its end. A float on a dimension of its own within 4
    units in the last place of an existing one is taken as that one, which the log says. A parameter that was fixed, or not there,
    becomes a dimension behind the others.

    Parameters
    ----------
    existing
        The space that grows.
    added
        Values along its dimensions, or of further parameters; what it leaves out stays as it is.
    baselines
        Canonical values that further parameters have at the existing points; see `point_key`.

    Raises
    ------
    SpaceError
        If the values do not fit the parameter, or the structure of the space would have to change.
    """
    _check_derived(existing, added)
    for p in added.parameters.values():
        if known := existing.parameters.get(p.name):
            check_same_kind(p.name, known.objects, p.objects, not np.isin(p.values, known.values).all())
        elif p.objects is not None:
            raise SpaceError(
                f"nobody knows what {p.name!r} was at the points that are there: no label of an object is a default. {_FORK}."
            )
    existing, added = with_arrays_of_both(existing, added)
    groups = _groups(existing, added)
    axes = dict(existing.axes)
    fixed = {p.name: p for p in existing.parameters.values() if p.dim is None}
    for dim, group in groups.items():
        if dim in existing.axes:
            axes[dim] = _longer(existing.axes[dim], added, group)
            continue
        axis = _new_axis(existing, dim, group, baselines)
        for p in axis.parameters:
            fixed.pop(p.name, None)
        if axis.size > 1 or any(p.dim for p in group):
            axes[dim] = axis
        else:
            fixed |= {p.name: p.take(0) for p in axis.parameters}
    bigger = _assembled(existing, axes, fixed)
    return rederived(bigger, existing, added) if existing.derived else bigger


def _check_derived(existing: Space, added: Space) -> None:
    if both := [name for name in added.parameters if name in existing.derived]:
        of = existing.derived[both[0]].formula.of
        raise SpaceError(
            f"{both[0]!r} is derived from {listing(of)}, and no values of it can be added. Add values of {listing(of)}, and it follows. {_FORK}."
        )
    if new := [name for name in added.derived if name not in existing.derived]:
        raise SpaceError(
            f"the points that are there have no derived {new[0]!r}, and it cannot be had afterwards: their results came without it. {_FORK}."
        )


def _groups(existing: Space, added: Space) -> dict[str, list[Parameter]]:
    """Return the parameters to add by the dimension that they are to lie on."""
    groups: dict[str, list[Parameter]] = {}
    leads_to: dict[str, tuple[str, str]] = {}
    for p in added.parameters.values():
        known = existing.parameters.get(p.name)
        dim = known.dim if known is not None and known.dim else p.dim or p.name
        groups.setdefault(dim, []).append(p)
        other, there = leads_to.setdefault(p.dim or p.name, (p.name, dim))
        if there != dim:
            raise SpaceError(
                f"{other!r} and {p.name!r} are paired here, but {other!r} lies on dimension {there!r} and {p.name!r} on {dim!r}. {_FORK}."
            )
    if (
        POINT in groups and POINT in existing.axes
    ):  # a further parameter beside these is one of the points that are added
        for dim in [dim for dim in groups if dim not in existing.axes]:
            if not any(p.name in existing.parameters for p in groups[dim]):
                groups[POINT] += groups.pop(dim)
    return groups


def _assembled(existing: Space, axes: Mapping[str, Axis], fixed: Mapping[str, Parameter]) -> Space:
    """Return the space of some axes, in their order, and fixed parameters."""
    on_axes = {p.name: p for axis in axes.values() for p in axis.parameters}
    old = [name for name in existing.parameters if name in fixed or existing.parameters[name].dim]
    everything = {**{name: fixed.get(name) or on_axes[name] for name in old}, **on_axes, **fixed}
    return Space.from_parameters(list(everything.values()), axes)


def refinement(space: Space, name: str, around: float, n: int) -> Values:
    """Return `n` new values of a parameter around one, evenly spaced and symmetric, none of which is there yet.

    They fill the open interval around the value that reaches as far as the nearer of its two neighbours; at an end of the
    dimension, which they do not leave, the inner half alone. A value that is there itself lies at the centre and is none of them, and an
    odd `n` is rounded up, half on each side.

    Raises
    ------
    SpaceError
        If there is no such dimension of floats, or no room on it.
    """
    values = _refinable(space, name)
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise SpaceError(f"got n={n!r}; expected the number of values to add, at least 1.")
    centre = as_values(name, around)
    if centre.ndim or KIND[centre.dtype.kind] not in ("int", "float"):
        raise SpaceError(f"got around={around!r}; expected one number.")
    middle = near_values(values, np.atleast_1d(centre).astype(values.dtype))[0]
    if not values[0] <= middle <= values[-1]:
        raise SpaceError(
            f"got around={around!r}, which lies outside of {name!r} ({exact_text(values[0])} to {exact_text(values[-1])}). "
            f"Add values there with extend({name}=[…]), or give a value between."
        )
    below, above = values[values < middle][-1:], values[values > middle][:1]
    reach = np.min(np.concatenate([middle - below, above - middle]))
    if middle in values:
        each = -(-int(n) // 2) if below.size and above.size else int(n)
        steps = np.arange(1, each + 1) / (each + 1)
        offsets = np.concatenate([-steps[::-1][: each * below.size], steps[: each * above.size]])
    else:
        offsets = np.arange(1, int(n) + 1) * 2 / (int(n) + 1) - 1
    new: Values = (middle + reach * offsets).astype(values.dtype)
    if (
        np.unique(new).size < new.size
        or np.any(near_values(values, new) != new)
        or np.isin(new, values).any()
    ):
        raise SpaceError(
            f"there is no room for {n} values of {name!r} around {around!r}, whose nearest neighbour is {exact_text(reach)} away. "
            f"Give a smaller n."
        )
    return new


def _refinable(space: Space, name: str) -> Values:
    """Return the sorted values of a parameter that can be refined."""
    if name not in space.parameters:
        raise SpaceError(
            f"no parameter {name!r}; this space has {listing(space.parameters)}.{suggest(name, space.parameters)}"
        )
    p = space.parameters[name]
    if p.dim is None or space.axes[p.dim].may_repeat or p.values.dtype.kind != "f" or p.values.size < 2:
        raise SpaceError(
            f"cannot refine {name!r} ({p.summary()}); expected a parameter of floats on a dimension of its own, with two values or "
            f"more. Add the values themselves: extend({name}=[…])."
        )
    return np.sort(p.values)


# ---- a dimension that is there


def _longer(axis: Axis, added: Space, group: list[Parameter]) -> Axis:
    given = {p.name: p for p in group}
    names = [p.name for p in axis.parameters]
    if axis.dim == POINT:
        return _with_points(axis, added, group)
    if missing := [name for name in names if name not in given]:
        raise SpaceError(
            f"{', '.join(names)} lie on dimension {axis.dim!r} together, so that it grows by tuples of all of them; got "
            f"{', '.join(given)} without {', '.join(missing)}. Give values of each."
        )
    for name in names:
        check_units(next(p for p in axis.parameters if p.name == name), given[name])
    if not axis.may_repeat:
        return _with_values(axis, given[names[0]])
    dims = {p.dim for p in group}
    if len(dims) > 1 or None in dims:
        raise SpaceError(
            f"{', '.join(names)} are paired along dimension {axis.dim!r}; got them along {', '.join(sorted(map(str, dims)))}. "
            f"Pair the values to add: extend({', '.join(f'{name}=[…]' for name in names)})."
        )
    columns = tuple(replace(fitting_of(p, given[p.name]), dim=axis.dim) for p in axis.parameters)
    more = Axis(axis.dim, columns).with_occurrence(added.axes[str(dims.pop())].occurrence)
    return _appended(axis, more, np.flatnonzero(axis.positions_of(more) < 0))


def _with_points(axis: Axis, added: Space, group: list[Parameter]) -> Axis:
    """Return a dimension of points with those of what is added, each of which may lack parameters that others have."""
    dims = {p.dim for p in group}
    part = along_point(
        Space.from_parameters(group, {dim: one for dim, one in added.axes.items() if dim in dims})
    )
    known = {p.name: p for p in axis.parameters}
    fitting = []
    for p in part.axes[POINT].parameters:
        if p.name in known:
            check_units(known[p.name], p)
        fitting.append(fitting_of(known[p.name], p) if p.name in known else p)
    both = Union(Space.from_parameters(axis.parameters), Space.from_parameters(fitting)).axes[POINT]
    occurrence = np.concatenate([axis.occurrence, part.axes[POINT].occurrence])
    old = np.arange(axis.size)
    more = np.arange(axis.size, both.size)
    there, given = (both.take(rows).with_occurrence(occurrence[rows]) for rows in (old, more))
    if len(both.parameters) == len(axis.parameters):
        there = axis  # which has been looked at before, as a space that grows point by point is each time
    kept = np.concatenate([old, more[there.positions_of(given) < 0]])
    return both.take(kept).with_occurrence(occurrence[kept]) if kept.size > old.size else axis


def fitting_of(known: Parameter, given: Parameter) -> Parameter:
    """Return a parameter's values where it is given, in the type that it has once and for all."""
    there = given.is_given
    fitting = as_type_of(known, given.values[there]) if there.any() else known.values[:0]
    values = np.full(there.shape, MISSING[known.values.dtype.kind], dtype=fitting.dtype)
    values[there] = fitting
    values.flags.writeable = False
    return replace(known, values=values, given=given.given)


def _appended(axis: Axis, more: Axis, new: npt.NDArray[np.int64]) -> Axis:
    if not new.size:
        return axis
    columns = []
    for p, q in zip(axis.parameters, more.parameters, strict=True):
        given = np.concatenate([p.is_given, q.is_given[new]])
        joined = _parameter(p, np.concatenate([p.values, q.values[new]]), None if given.all() else given)
        columns.append(joined)
    longer = Axis(axis.dim, tuple(columns))
    return longer.with_occurrence(np.concatenate([axis.occurrence, more.occurrence[new]]))


def _with_values(axis: Axis, given: Parameter) -> Axis:
    """Return a dimension of one parameter with further values, in order if it has one."""
    known = axis.parameters[0]
    given_values = np.atleast_1d(given.values)
    values = as_type_of(known, given_values)
    if axis.dim not in UNGRIDDED:
        values = near_values(known.values, values)
    report_taken(known.name, given_values, values)
    distinct = values[np.sort(np.unique(values, return_index=True)[1])]
    new = distinct[~np.isin(distinct, known.values)]
    if not new.size:
        return axis
    together = np.concatenate([known.values, new])
    if KIND[together.dtype.kind] in _ORDERED and axis.dim not in UNGRIDDED:
        rising, falling = (
            bool(np.all(order))
            for order in (known.values[1:] > known.values[:-1], known.values[1:] < known.values[:-1])
        )
        if rising or falling:
            together = np.sort(together)
        if falling and not rising:
            together = together[::-1]
    return Axis(axis.dim, (_parameter(known, together),))


def _parameter(like: Parameter, values: Values, given: npt.NDArray[np.bool_] | None = None) -> Parameter:
    values = np.array(values)
    values.flags.writeable = False
    return replace(like, values=values, given=given)


def as_type_of(known: Parameter, values: Values) -> Values:
    """Return values in the type that a parameter has once and for all.

    Raises
    ------
    SpaceError
        If it cannot hold them exactly.
    """
    kind, dtype = KIND[known.values.dtype.kind], known.values.dtype
    if kind == "str" and KIND[values.dtype.kind] == "str":
        return values
    if KIND[values.dtype.kind] != kind and (KIND[values.dtype.kind], kind) != ("int", "float"):
        raise SpaceError(
            f"the values of {known.name!r} are {kind}, not {KIND[values.dtype.kind]}; got "
            f"{exact_text(values.flat[0])}. Give them as {kind}. {_FORK}."
        )
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    exact = np.array([a == b for a, b in zip(cast.tolist(), values.tolist(), strict=True)], dtype=bool)
    near = np.zeros_like(exact) if dtype.kind != "f" else np.isin(cast, known.values)
    if not np.all(exact | near):
        raise SpaceError(
            f"the values of {known.name!r} are kept as {dtype}, which cannot hold {exact_text(values[~(exact | near)][0])} exactly. "
            f"Give values that it holds. {_FORK}."
        )
    return cast


def check_units(known: Parameter, given: Parameter) -> None:
    units = [p.attrs.get("units") for p in (known, given)]
    if units[1] is not None and units[0] != units[1]:
        raise SpaceError(
            f"the values of {known.name!r} are in {units[0] or 'no units'}, those to add in {units[1]}. Convert them."
        )


# ---- a dimension that is not


def _new_axis(existing: Space, dim: str, group: list[Parameter], baselines: Mapping[str, bytes]) -> Axis:
    """Return the dimension of parameters that were fixed, or not there; it has the place of the existing points."""
    if moved := [p.name for p in group if p.name in existing.parameters and existing.parameters[p.name].dim]:
        raise SpaceError(
            f"{moved[0]!r} lies on dimension {existing.parameters[moved[0]].dim!r}, not on {dim!r}. {_FORK}."
        )
    columns = []
    for p in group:
        known = existing.parameters.get(p.name)
        if known is not None:
            check_units(known, p)
            columns.append(replace(known, dim=dim, values=as_type_of(known, np.atleast_1d(p.values))))
        else:
            columns.append(replace(p, dim=dim, values=_as_type_of_baseline(p, baselines)))
    if len(columns) == 1 and columns[0].name in existing.parameters:
        known = existing.parameters[columns[0].name]
        alone = Axis(dim, (replace(known, dim=dim, values=np.atleast_1d(known.values)),))
        return _with_values(alone, columns[0])
    axis = Axis(dim, tuple(columns))
    _check_has_old_points(existing, axis, baselines)
    return axis


def _as_type_of_baseline(given: Parameter, baselines: Mapping[str, bytes]) -> Values:
    """Return a further parameter's values, whole numbers as floats where the simulation's default is one."""
    values = np.atleast_1d(given.values)
    label = baselines.get(given.name)
    if label is None:
        raise SpaceError(
            f"nobody knows what {given.name!r} was at the points that are there: the simulation has no default for it that is one "
            f"number, text, time or array. Give its argument the default that they had. {_FORK}."
        )
    if not label.startswith(b"float:"):
        return values
    baseline = np.array([label_value(label)])
    values = near_values(baseline, as_type_of(Parameter(given.name, None, baseline, {}), values))
    report_taken(given.name, np.atleast_1d(given.values), values)
    return values


def _check_has_old_points(existing: Space, axis: Axis, baselines: Mapping[str, bytes]) -> None:
    old = {
        p.name: canonical(existing.parameters[p.name].values)[0]
        if p.name in existing.parameters
        else as_kind(baselines[p.name], p.values.dtype)
        for p in axis.parameters
    }
    rows = np.ones(axis.size, dtype=bool)
    for p in axis.parameters:
        rows &= np.array([label == old[p.name] for label in canonical(p.values)])
    if not rows.any():
        texts = {p.name: _text(existing, p, old[p.name]) for p in axis.parameters}
        point = ", ".join(f"{name}={text}" for name, text in texts.items())
        raise SpaceError(
            f"the points that are there have {point}, which {named_positions(axis, np.arange(axis.size))} does not contain. "
            f"Add it to the values, so that the results at hand have a place. {_FORK}."
        )


def _text(existing: Space, parameter: Parameter, label: bytes) -> str:
    if parameter.name in existing.parameters:
        return exact_text(existing.parameters[parameter.name].values[()])
    return exact_text(label_value(label))
