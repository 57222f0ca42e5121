"""What a parameter declares about its values: their type, their bounds, and those that are allowed.

Bounds are kept as the CF attributes ``valid_min`` and ``valid_max``, allowed values as ``allowed``: they lie in every file
beside the values, so that a study that is opened again still checks what is added to it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.values import Values, as_values, exact_text

ALLOWED = "allowed"
_MIN, _MAX, _RANGE = "valid_min", "valid_max", "valid_range"
_NUMBERS = "iuf"

Mask = npt.NDArray[np.bool_]


def declared(name: str, values: Values, bounds: Any, allowed: Any) -> dict[str, Any]:
    """Return what is declared about the values of a parameter as attributes.

    Parameters
    ----------
    name, values
        The parameter.
    bounds
        The smallest and the largest value that it may have, of which either may be None; None for no bounds.
    allowed
        The values that it may have; None for any.

    Raises
    ------
    SpaceError
        If this cannot be declared of such values, or one of them lies outside of the bounds.
    """
    attrs: dict[str, Any] = {}
    if bounds is not None:
        lower, upper = _limits(name, values, bounds)
        _check_within(name, values, lower, upper)
        whole = values.dtype.kind != "f"
        for key, bound, towards in ((_MIN, lower, math.ceil), (_MAX, upper, math.floor)):
            if bound is not None and not (whole and math.isinf(bound)):
                attrs[key] = _as_stored(values.dtype, towards(bound) if whole else bound)
    if allowed is not None:
        attrs[ALLOWED] = _choices(name, values, allowed)
    return attrs


def declares(attrs: Mapping[str, Any]) -> bool:
    """Return whether attributes declare something about values."""
    return not attrs.keys().isdisjoint((_MIN, _MAX, _RANGE, ALLOWED))


def check_declared(name: str, values: Values, attrs: Mapping[str, Any], given: Mask | None = None) -> None:
    """Check values against what the attributes of their parameter declare, where they are given.

    Raises
    ------
    SpaceError
        Names the first value that is not as declared, and its position.
    """
    if values.dtype.kind in _NUMBERS and not attrs.keys().isdisjoint((_MIN, _MAX, _RANGE)):
        both = np.ravel(attrs.get(_RANGE, ()))
        lower, upper = both.tolist() if both.size == 2 else (None, None)
        _check_within(name, values, _number(attrs.get(_MIN, lower)), _number(attrs.get(_MAX, upper)), given)
    if ALLOWED in attrs:
        _check_among(name, values, attrs[ALLOWED], given)


def cast(name: str, values: Values, dtype: Any) -> Values:
    """Return values in a declared dtype; floats may be rounded to a shorter float, nothing else changes.

    Raises
    ------
    SpaceError
        If there is no such dtype, or it cannot hold a value.
    """
    wanted = np.dtype(dtype_text(name, dtype))
    kinds = values.dtype.kind, wanted.kind
    if kinds in (("b", "b"), ("U", "U"), ("M", "M")):
        return values
    if kinds == ("U", "M"):
        return as_values(name, _times(name, values))
    if kinds[0] not in "iufc" or wanted.kind not in "iufc" or (kinds[0] == "c" and wanted.kind != "c"):
        raise SpaceError(
            f"parameter {name!r} is declared with dtype={wanted}; got {exact_text(np.ravel(values)[0])} "
            f"({values.dtype}). Give values of that type, or leave dtype out."
        )
    with np.errstate(all="ignore"):
        converted = values.astype(wanted)
    lost = ~_held(np.atleast_1d(values), np.atleast_1d(converted))
    if lost.any():
        at = int(np.argmax(lost))
        raise SpaceError(
            f"parameter {name!r} has the value {exact_text(np.ravel(values)[at])}{_position(values, at)}, which {wanted}, declared as "
            f"dtype, cannot hold. Leave it out, or declare another dtype."
        )
    return as_values(name, converted)


def dtype_text(name: str, dtype: Any) -> str:
    """Return a declared dtype as text that makes it again; `SpaceError` if it is none."""
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        raise SpaceError(
            f"parameter {name!r}: got dtype={dtype!r}; expected a dtype of NumPy, such as 'float32' or int."
        ) from None
    return "str" if wanted.kind == "U" else wanted.name


def _held(values: Values, converted: Values) -> Mask:
    """Return which values a conversion has kept; between floats of two lengths it may round, but not overflow."""
    if values.dtype.kind in "fc":
        if converted.dtype.kind in "fc":
            return np.asarray(np.isfinite(converted) | ~np.isfinite(values))
        with np.errstate(all="ignore"):
            whole = np.trunc(values) == values
        return np.asarray(whole & _equal(values, converted))
    return _equal(values, converted)


def _equal(values: Values, converted: Values) -> Mask:
    # As Python's own numbers, which compare exactly whatever their types.
    return np.array([a == b for a, b in zip(values.tolist(), converted.tolist(), strict=True)], dtype=bool)


def _times(name: str, values: Values) -> Values:
    try:
        return values.astype("datetime64[ns]")
    except ValueError as error:
        raise SpaceError(
            f"parameter {name!r} is declared as times, but {error}. Write them as 2020-01-31T12:00."
        ) from None


# ---- bounds


def _limits(name: str, values: Values, bounds: Any) -> tuple[Any, Any]:
    if values.dtype.kind not in _NUMBERS:
        raise SpaceError(
            f"parameter {name!r}: got bounds for values of dtype {values.dtype}; expected whole or real numbers. "
            f"List the values that may be: allowed=[…]."
        )
    pair = tuple(bounds) if isinstance(bounds, (tuple, list, np.ndarray)) else ()
    numbers = [
        b is None or (isinstance(b, (int, float, np.number)) and not isinstance(b, bool) and b == b)
        for b in pair
    ]
    if len(pair) != 2 or not all(numbers):
        raise SpaceError(
            f"parameter {name!r}: got bounds={bounds!r}; expected the smallest and the largest value, such as (0, 1), or "
            f"None for one of them: (0, None)."
        )
    lower, upper = (b.item() if isinstance(b, np.generic) else b for b in pair)
    if lower is not None and upper is not None and lower > upper:
        raise SpaceError(
            f"parameter {name!r}: got bounds={bounds!r}; expected the smaller one first: ({upper}, {lower})."
        )
    return lower, upper


def _as_stored(dtype: np.dtype[Any], bound: Any) -> Any:
    """Return a bound in the type of the values, as CF has it."""
    if dtype.kind != "f":
        ends = np.iinfo(dtype)
        bound = min(max(bound, int(ends.min)), int(ends.max))
    return dtype.type(bound)


def _number(stored: Any) -> Any:
    """Return a bound as Python's number; None for what is none, as foreign attributes may be."""
    array = np.ravel(stored)
    return array[0].item() if array.size == 1 and array.dtype.kind in _NUMBERS else None


def _check_within(name: str, values: Values, lower: Any, upper: Any, given: Mask | None = None) -> None:
    flat = np.ravel(values)
    outside = np.zeros(flat.shape, dtype=bool)
    # A bound of 0.1 is for float32 the float32 nearest to it.
    as_values_are = flat.dtype.type if flat.dtype.kind == "f" else (lambda bound: bound)
    if lower is not None:
        outside |= flat < as_values_are(lower)
    if upper is not None:
        outside |= flat > as_values_are(upper)
    outside &= True if given is None else given
    if outside.any():
        at = int(np.argmax(outside))
        expected = " ≤ ".join([*_texts(lower), name, *_texts(upper)])
        raise SpaceError(
            f"parameter {name!r} has the value {exact_text(flat[at])}{_position(values, at)}{_others(outside)}; expected "
            f"{expected}, as its bounds declare. Leave it out, or declare other bounds."
        )


def _texts(bound: Any) -> list[str]:
    return [] if bound is None else [exact_text(bound)]


# ---- allowed values


def _choices(name: str, values: Values, allowed: Any) -> list[Any]:
    """Return allowed values as an attribute can hold them: numbers, or text."""
    if values.dtype.kind not in "iufUM":
        raise SpaceError(
            f"parameter {name!r}: got allowed={allowed!r} for values of dtype {values.dtype}; expected numbers, text or times. "
            f"Leave allowed out."
        )
    if isinstance(allowed, (str, dict)) or not hasattr(allowed, "__iter__"):
        raise SpaceError(
            f"parameter {name!r}: got allowed={allowed!r}; expected a list of the values that it may have."
        )
    choices = as_values(name, sorted(allowed) if isinstance(allowed, (set, frozenset)) else allowed)
    if values.dtype.kind == "M" and choices.dtype.kind == "U":
        choices = _times(name, choices)
    if values.dtype.kind in "UM" or choices.dtype.kind not in _NUMBERS:
        if choices.dtype.kind != values.dtype.kind:
            raise SpaceError(
                f"parameter {name!r}: got allowed={listing(choices.tolist())} for values such as "
                f"{exact_text(np.ravel(values)[0])}; expected values of the same kind. Write them alike."
            )
        return [str(choice) for choice in np.atleast_1d(choices)]
    if choices.dtype == np.uint64:
        return list(np.atleast_1d(choices))
    return list(np.atleast_1d(choices).tolist())


def _check_among(name: str, values: Values, allowed: Any, given: Mask | None) -> None:
    choices = np.atleast_1d(np.asarray(allowed))
    if values.dtype.kind == "M":
        choices = choices.astype("datetime64[ns]")
    elif values.dtype.kind == "f" and choices.dtype.kind in _NUMBERS:
        choices = choices.astype(values.dtype)
    if (choices.dtype.kind == "U") != (values.dtype.kind == "U"):
        return  # an attribute of the same name that somebody else gave another meaning
    flat = np.ravel(values)
    outside = ~np.isin(flat, choices) & (True if given is None else given)
    if outside.any():
        at = int(np.argmax(outside))
        raise SpaceError(
            f"parameter {name!r} has the value {exact_text(flat[at])}{_position(values, at)}{_others(outside)}; expected one of "
            f"{', '.join(exact_text(choice) for choice in choices[:8])}{', …' if choices.size > 8 else ''}, as it is declared. "
            f"Leave it out, or add it to allowed."
        )


def _position(values: Values, at: int) -> str:
    if values.ndim > 1:  # within arrays
        return f" at {[int(i) for i in np.unravel_index(at, values.shape)]}"
    return f" at position {at}" if values.ndim else ""


def _others(outside: Mask) -> str:
    more = int(outside.sum()) - 1
    return f" (and {more:,} more such values)" if more else ""
