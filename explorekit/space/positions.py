"""Where along a dimension does what a user asks for lie, by position or by value?"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space.objects import check_is_label
from explorekit.space.parameter import UNGRIDDED, Parameter
from explorekit.space.values import KIND, Values, as_values, exact_text

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


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
    nearest = parameter.values[int(np.argmin(np.where(np.isnan(distance), np.inf, distance)))].item()
    return f"{parameter.summary(8)}, and {exact_text(nearest)} is the nearest"


def positions_of_values(parameter: Parameter, wanted: Any) -> Any:
    """Return where a parameter has some values, as `Space.isel` takes it: an int, a slice, or an array of positions."""
    if parameter.objects is not None:
        check_is_label(parameter.name, wanted, parameter.summary(8))
    if wanted is None:
        return _positions_without(parameter)
    if parameter.arrays is not None:
        return _positions_of_arrays(parameter, wanted)
    if isinstance(wanted, slice) and parameter.dim in UNGRIDDED:
        return np.flatnonzero(between(parameter, wanted))
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
    values = as_values(parameter.name, wanted)
    given = parameter.is_given
    found = [np.flatnonzero(equal_to(parameter.values, value) & given) for value in np.atleast_1d(values)]
    for value, positions in zip(np.atleast_1d(values), found, strict=True):
        if not positions.size:
            raise SpaceError(
                f"parameter {parameter.name!r} has no value {exact_text(value)}; it has {_nearest(parameter, value)}. Values match exactly."
            )
    if values.ndim == 0 and found[0].size == 1:
        return int(found[0][0])
    return np.concatenate(found)


def _positions_without(parameter: Parameter) -> npt.NDArray[np.int64]:
    """Return where a parameter is not given."""
    if parameter.given is None:
        raise SpaceError(
            f"every point has a value of {parameter.name!r}; got None, which asks for those without."
        )
    return np.flatnonzero(~parameter.given)


def _positions_of_arrays(parameter: Parameter, wanted: Any) -> Any:
    """Return where arrays lie that are asked for by their values, labels or numbers."""
    from explorekit.space.array_lookup import asked_digests

    digests = asked_digests(parameter, wanted)
    found = [np.flatnonzero(parameter.values == digest) for digest in np.atleast_1d(digests)]
    if not all(positions.size for positions in found):
        raise SpaceError(
            f"parameter {parameter.name!r} has no such array; it has {parameter.summary(8)}. Arrays match exactly, by dtype, shape and bytes."
        )
    if digests.ndim == 0 and found[0].size == 1:
        return int(found[0][0])
    return np.concatenate(found)


def equal_to(values: Values, wanted: np.generic) -> Mask:
    """Return which values are a wanted one, exactly: NumPy compares integers with floats after rounding them."""
    kinds = KIND[values.dtype.kind], KIND[wanted.dtype.kind]
    number = wanted.item()
    if kinds == ("int", "float"):
        whole = int(number) if number.is_integer() else None
        return np.asarray(values == whole) if whole is not None else np.zeros(values.shape, dtype=np.bool_)
    if kinds == ("float", "int"):
        return np.asarray((values == np.float64(number)) & (float(number) == number))
    if kinds[0] != kinds[1] and kinds != ("complex", "float") and kinds != ("complex", "int"):
        return np.zeros(values.shape, dtype=np.bool_)
    return np.asarray(values == wanted)


def between(parameter: Parameter, wanted: slice) -> Mask:
    """Return which values lie between two, both included, whatever their order.

    Raises
    ------
    SpaceError
        If an end cannot be compared with them, or the slice has a step.
    """
    if wanted.step is not None:
        raise SpaceError(
            f"got {parameter.name}={text(wanted)} with a step; expected a range, slice(from, to), or a list of values."
        )
    values = np.atleast_1d(parameter.values)
    mask = np.atleast_1d(parameter.is_given)
    for end, compare, towards in (
        (wanted.start, np.greater_equal, math.ceil),
        (wanted.stop, np.less_equal, math.floor),
    ):
        if end is None:
            continue
        bound = as_values(parameter.name, end)
        kinds = {KIND[values.dtype.kind], KIND[bound.dtype.kind]}
        if bound.ndim or "complex" in kinds or (len(kinds) > 1 and kinds != {"int", "float"}):
            raise SpaceError(
                f"got {parameter.name}={text(wanted)}, but the values of {parameter.name!r} are {KIND[values.dtype.kind]} "
                f"({parameter.summary()}); expected ends that can be compared with them. Give a list of values instead."
            )
        limit: Any = bound[()]
        if values.dtype.kind in "iu" and bound.dtype.kind == "f" and np.isfinite(limit):
            limit = towards(limit)  # NumPy compares integers with floats after rounding them
        mask = mask & compare(values, limit)
    return mask


def described(values: Mapping[str, Any]) -> str:
    """Return values by parameter as text: ``a=0.5, b='x'``."""
    return ", ".join(f"{name}={text(value)}" for name, value in values.items())


def text(wanted: Any) -> str:
    """Return what was asked of a parameter as text: ``0 to 2``."""
    if wanted is None:
        return "None"
    if isinstance(wanted, slice):
        ends = ["…" if end is None else exact_text(end) for end in (wanted.start, wanted.stop)]
        return " to ".join(ends) + (f" by {wanted.step}" if wanted.step is not None else "")
    return exact_text(wanted)
