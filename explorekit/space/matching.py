"""Whether two spaces are the same, whatever the order of their values; near floats count as equal and are reported."""

import logging

import numpy as np

from explorekit.errors import SpaceMismatchError, listing
from explorekit.space.axis import Axis
from explorekit.space.parameter import Parameter
from explorekit.space.space import Space
from explorekit.space.values import KIND, Values, format_value

logger = logging.getLogger(__name__)

NEAR_ULPS = 4


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
            f"to go on with the study's own, or give another path."
        )


def _difference(existing: Space, given: Space) -> str:
    mine, theirs = existing.parameters, given.parameters
    if missing := [name for name in mine if name not in theirs]:
        return f"it has the parameter {listing(missing)}, which is not given"
    if added := [name for name in theirs if name not in mine]:
        return f"it has no parameter {listing(added)}"
    for name, parameter in mine.items():
        if (text := _parameter_difference(parameter, theirs[name])) is not None:
            return text
    return next(
        filter(None, (_axis_difference(axis, given.axes[dim]) for dim, axis in existing.axes.items())), ""
    )


def _parameter_difference(mine: Parameter, theirs: Parameter) -> str | None:
    if mine.dim != theirs.dim:
        return f"{mine.name!r} lies on {mine.dim or 'no dimension'}, not on {theirs.dim or 'no dimension'}"
    kinds = KIND[mine.values.dtype.kind], KIND[theirs.values.dtype.kind]
    if kinds[0] != kinds[1]:
        return f"the values of {mine.name!r} are {kinds[0]}, not {kinds[1]}"
    if mine.dim is None and mine.values[()] != theirs.values[()]:
        return f"{mine.name!r} is {format_value(mine.values[()])}, not {format_value(theirs.values[()])}"
    return None


def _axis_difference(mine: Axis, theirs: Axis) -> str:
    theirs = snapped(mine, theirs)
    new = theirs.positions_of(mine)
    lacking = [mine.parameters[0].values[i] for i in np.flatnonzero(new < 0)]
    added = [theirs.parameters[0].values[i] for i in np.flatnonzero(mine.positions_of(theirs) < 0)]
    parts = [f"it has no {mine.dim}={', '.join(map(format_value, added[:5]))}"] if added else []
    parts += [f"it has {mine.dim}={', '.join(map(format_value, lacking[:5]))} too"] if lacking else []
    return "; ".join(parts)


def snapped(existing: Axis, incoming: Axis) -> Axis:
    """Return an axis with floats that are near existing ones replaced by these; says so in the log."""
    if len(existing.parameters) > 1 or existing.parameters[0].values.dtype.kind != "f":
        return incoming
    theirs = incoming.parameters[0]
    values = _snap(existing.parameters[0].values, theirs.values)
    moved = values != theirs.values
    if not moved.any():
        return incoming
    logger.info(
        "%s: %s taken as the existing %s",
        theirs.name,
        listing(theirs.values[moved].tolist()),
        listing(values[moved].tolist()),
    )
    return Axis(incoming.dim, (Parameter(theirs.name, theirs.dim, values, theirs.attrs),))


def _snap(existing: Values, incoming: Values) -> Values:
    ordered = np.sort(existing)
    right = np.clip(np.searchsorted(ordered, incoming), 0, ordered.size - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(
        np.abs(ordered[left] - incoming) < np.abs(ordered[right] - incoming), ordered[left], ordered[right]
    )
    near = np.abs(nearest - incoming) <= NEAR_ULPS * np.spacing(np.maximum(np.abs(nearest), np.abs(incoming)))
    return np.where(near, nearest, incoming)
