"""Whether two spaces are the same, whatever the order of their values; near floats count as equal and are reported."""

import logging
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, SpaceMismatchError, listing
from explorekit.space.axis import Axis
from explorekit.space.joining import is_same
from explorekit.space.parameter import UNGRIDDED, Parameter
from explorekit.space.rederiving import bare, rederived
from explorekit.space.retyping import with_arrays_of
from explorekit.space.space import Space
from explorekit.space.values import KIND, Values

logger = logging.getLogger(__name__)

NEAR_ULPS = 4
_NAMED = 5


def is_start_of(space: Space, other: Space) -> bool:
    """Return whether another space has the points of a space first, each at the same flat position."""
    dims = space.dims
    if dims != other.dims or not dims or space.sizes[dims[0]] > other.sizes[dims[0]]:
        return space == other
    return space == other.isel({dims[0]: np.arange(space.sizes[dims[0]])})


def same_space(existing: Space, given: Space, where: str) -> None:
    """Check that a space is the one that a study has.

    Parameters
    ----------
    existing
        The study's own space.
    given
        The space that was given with it; the order of values and of dimensions does not count, and a gridded float within
        4 units in the last place of an existing value counts as that value.
    where
        The study, for the message.

    Raises
    ------
    SpaceMismatchError
        If they differ; names the difference.
    """
    difference = _difference(existing, given)
    if difference:
        raise SpaceMismatchError(
            f"the study at {where} explores another space: {difference}. Nothing was changed. Give the same space, leave it out "
            f"to go on with the study's own, or give another path. To add points to it: study.extend(…)."
        )


def _difference(existing: Space, given: Space) -> str:
    mine = existing.passed
    try:
        given = with_arrays_of(given, existing.parameters)
    except SpaceError as error:
        return str(error).rstrip(".")
    theirs = given.passed
    if missing := [name for name in mine if name not in theirs]:
        return f"it has the parameter {listing(missing)}, which is not given"
    if added := [name for name in theirs if name not in mine]:
        return f"it has no parameter {listing(added)}"
    if (text := _ways_difference(existing, given)) is not None:
        return text
    for name, parameter in existing.parameters.items():
        if (text := _parameter_difference(parameter, given.parameters[name])) is not None:
            return text
    along = (_axis_difference(axis, given.axes[dim]) for dim, axis in existing.axes.items())
    return next(filter(None, along), "") or _derived_difference(existing, given)


def _ways_difference(existing: Space, given: Space) -> str | None:
    """Return how what is derived differs, but for the values."""
    for name in existing.passed:
        ways = [
            space.derived[name].formula.of if name in space.derived else () for space in (existing, given)
        ]
        if ways[0] != ways[1]:
            texts = [f"derived from {listing(of)}" if of else "given by its values" for of in ways]
            return f"{name!r} is {texts[0]}, not {texts[1]}"
    return None


def _derived_difference(existing: Space, given: Space) -> str:
    """Return which derived values differ; those of the study count where only rounding tells them apart."""
    if not existing.derived:
        return ""
    anew = rederived(bare(existing), given)
    for name, mine in existing.derived.items():
        theirs = anew.derived[name]
        kinds = KIND[mine.values.dtype.kind], KIND[theirs.values.dtype.kind]
        if kinds[0] != kinds[1]:
            return f"the values of {name!r} are {kinds[0]}, not {kinds[1]}"
        same = (mine.is_given == theirs.is_given) & ((mine.values == theirs.values) | ~mine.is_given)
        same |= _near(mine.values, theirs.values) & mine.is_given & theirs.is_given
        if not same.all():
            at = {dim: int(i[0]) for dim, i in zip(mine.dims, np.nonzero(~same), strict=False)}
            old, new = (
                one.take(at).summary() if one.take(at).is_given.all() else "not given"
                for one in (mine, theirs)
            )
            point = existing.isel({**dict.fromkeys(existing.dims, 0), **at})
            where = ", ".join(
                f"{p.name}={p.summary()}" for p in point.passed.values() if p.name in mine.formula.of
            )
            return (
                f"at {where} the derived {name!r} is {old}, and {new} by the function that is given now (to take over what still fits: "
                f"Study(simulation, path=…).fork(new_path, space))"
            )
    return ""


def _near(mine: Values, theirs: Values) -> npt.NDArray[np.bool_]:
    """Return where floats differ in their last places at most, as the same function may give them on another machine."""
    if mine.dtype.kind != "f":
        return np.zeros(mine.shape, dtype=np.bool_)
    with np.errstate(all="ignore"):
        step = np.spacing(np.maximum(np.abs(mine), np.abs(theirs)))
        near: npt.NDArray[np.bool_] = np.abs(mine - theirs) <= NEAR_ULPS * step
    return near


def _parameter_difference(mine: Parameter, theirs: Parameter) -> str | None:
    if mine.dim != theirs.dim:
        return f"{mine.name!r} lies on {mine.dim or 'no dimension'}, not on {theirs.dim or 'no dimension'}"
    kinds = KIND[mine.values.dtype.kind], KIND[theirs.values.dtype.kind]
    if kinds[0] != kinds[1]:
        return f"the values of {mine.name!r} are {kinds[0]}, not {kinds[1]}"
    if theirs.objects is not None and mine.objects is None:
        return f"the values of {mine.name!r} are values, not labels of objects"
    if mine.dim is None and mine.values[()] != theirs.values[()]:
        return f"{mine.name!r} is {mine.text_of(mine.values[()])}, not {theirs.text_of(theirs.values[()])}"
    return None


def _axis_difference(mine: Axis, theirs: Axis) -> str:
    if is_same(mine, theirs):
        return ""
    theirs = snapped(mine, theirs)
    new = theirs.positions_of(mine)
    lacking = np.flatnonzero(new < 0)
    if not lacking.size and mine.size == theirs.size:
        return ""
    added = np.flatnonzero(mine.positions_of(theirs) < 0)
    parts = [f"it has no {named_positions(theirs, added)}"] if added.size else []
    parts += [f"it has {named_positions(mine, lacking)} too"] if lacking.size else []
    return "; ".join(parts)


def named_positions(axis: Axis, positions: npt.NDArray[np.int64]) -> str:
    """Return some positions of an axis as text: ``a=1, 2``, or ``a, b=(1, 'x'), (2, 'y')``; counts those left out."""
    columns = [
        [
            part.text_of(value) if given else "(not given)"
            for value, given in zip(part.values, part.is_given.tolist(), strict=True)
        ]
        for part in (p.take(positions[:_NAMED]) for p in axis.parameters)
    ]
    names = ", ".join(p.name for p in axis.parameters)
    texts = [
        values[0] if len(values) == 1 else f"({', '.join(values)})" for values in zip(*columns, strict=True)
    ]
    more = f", … ({positions.size - _NAMED} more)" if positions.size > _NAMED else ""
    return f"{names}={', '.join(texts)}{more}"


def snapped(existing: Axis, incoming: Axis) -> Axis:
    """Return an axis with floats that are near existing ones replaced by these; says so in the log."""
    if len(existing.parameters) > 1 or existing.dim in UNGRIDDED:
        return incoming
    theirs = incoming.parameters[0]
    if theirs.values.dtype.kind != "f":
        return incoming
    values = near_values(existing.parameters[0].values, theirs.values)
    unique, counts = np.unique(values, return_counts=True)
    values = np.where(np.isin(values, unique[counts > 1]), theirs.values, values)  # two do not become one
    report_taken(theirs.name, theirs.values, values)
    return Axis(incoming.dim, (replace(theirs, values=values),))


def near_values(existing: Values, incoming: Values) -> Values:
    """Return values with floats that are within 4 units in the last place of existing ones replaced by these.

    Not for dimensions of points or samples, where chance may bring values as near as that.
    """
    if existing.dtype.kind != "f" or incoming.dtype.kind != "f":
        return incoming
    return _snap(existing, incoming)


def report_taken(name: str, given: Values, taken: Values) -> None:
    """Say which values were taken as others."""
    moved = np.flatnonzero(given != taken)
    for near, existing in zip(given[moved[:_NAMED]].tolist(), taken[moved[:_NAMED]].tolist(), strict=True):
        logger.warning(
            "%s=%r was taken as the existing %r, which differs by rounding only.", name, near, existing
        )
    if moved.size > _NAMED:
        logger.warning("%s: so were %d more values.", name, moved.size - _NAMED)


def _snap(existing: Values, incoming: Values) -> Values:
    ordered = np.sort(existing)
    right = np.clip(np.searchsorted(ordered, incoming), 0, ordered.size - 1)
    left = np.maximum(right - 1, 0)
    with np.errstate(all="ignore"):  # infinities, and distances beyond the largest float
        nearest = np.where(
            np.abs(ordered[left] - incoming) < np.abs(ordered[right] - incoming),
            ordered[left],
            ordered[right],
        )
        near = np.abs(nearest - incoming) <= NEAR_ULPS * np.spacing(
            np.maximum(np.abs(nearest), np.abs(incoming))
        )
    return np.where(near, nearest, incoming)
