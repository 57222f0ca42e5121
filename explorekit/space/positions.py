"""Where along a dimension does what a user asks for lie, by position or by value?"""

from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space.objects import check_is_label
from explorekit.space.parameter import UNGRIDDED, Parameter
from explorekit.space.values import as_values, exact_text


def as_indexer(dim: str, size: int, given: Any) -> Any:
    """Return an indexer as an int that is not negative, a slice, or an array of positions."""
    if isinstance(given, slice):
        return given
    try:
        asked = np.asarray(given)
        positions = np.arange(size)[asked.astype(np.int64) if asked.size == 0 else asked]
    except (IndexError, ValueError) as error:
        raise SpaceError(
            f"got position {given!r} along dimension {dim!r}, which has {size} values: {error}."
        ) from None
    if isinstance(given, (bool, np.bool_)) or positions.ndim > 1:
        raise SpaceError(
            f"got position {given!r} along dimension {dim!r}; expected an integer, a slice, or a sequence of integers or bools."
        )
    return positions if positions.ndim else int(positions)


def _nearest(parameter: Parameter, value: Any) -> str:
    """Return the values of a parameter as text that tells a missing value from the one nearest to it."""
    if parameter.values.dtype.kind not in "fiu" or not isinstance(value, (int, float, np.number)):
        return parameter.summary(8)
    with np.errstate(all="ignore"):
        distance = np.abs(parameter.values.astype(float) - float(value))
    nearest = parameter.values[int(np.argmin(np.where(np.isnan(distance), np.inf, distance)))]
    return f"{parameter.summary(8)}, and {exact_text(nearest)} is the nearest"


def positions_of_values(parameter: Parameter, wanted: Any) -> Any:
    """Return where a parameter has some values, as `Space.isel` takes it: an int, a slice, or an array of positions."""
    if parameter.objects is not None:
        check_is_label(parameter.name, wanted, parameter.summary(8))
    if isinstance(wanted, slice) and parameter.dim in UNGRIDDED:
        return _positions_between(parameter, wanted)
    if isinstance(wanted, slice):
        import pandas as pd

        index = pd.Index(parameter.values)
        try:
            return index.slice_indexer(wanted.start, wanted.stop, wanted.step)
        except (KeyError, TypeError, ValueError) as error:
            raise SpaceError(
                f"cannot select {wanted} along parameter {parameter.name!r} ({parameter.summary()}): {error}. "
                f"Select a list of values, or positions with isel()."
            ) from None
    if wanted is None:
        if parameter.given is None:
            raise SpaceError(
                f"every point has a value of {parameter.name!r}; got None, which asks for those without."
            )
        return np.flatnonzero(~parameter.given)
    values = as_values(parameter.name, wanted)
    given = parameter.is_given
    found = [np.flatnonzero((parameter.values == value) & given) for value in np.atleast_1d(values)]
    for value, positions in zip(np.atleast_1d(values), found, strict=True):
        if not positions.size:
            raise SpaceError(
                f"parameter {parameter.name!r} has no value {exact_text(value)}; it has {_nearest(parameter, value)}. Values match exactly."
            )
    if values.ndim == 0 and found[0].size == 1:
        return int(found[0][0])
    return np.concatenate(found)


def _positions_between(parameter: Parameter, wanted: slice) -> npt.NDArray[np.int64]:
    """Return where values that are in no order lie between two, both included."""
    if wanted.step is not None:
        raise SpaceError(
            f"cannot select {wanted} along parameter {parameter.name!r}, whose values are in no order; leave the step out."
        )
    inside = parameter.is_given.copy()
    if wanted.start is not None:
        inside &= parameter.values >= as_values(parameter.name, wanted.start)
    if wanted.stop is not None:
        inside &= parameter.values <= as_values(parameter.name, wanted.stop)
    return np.flatnonzero(inside)
