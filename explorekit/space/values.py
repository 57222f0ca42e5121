"""The values that a parameter may take: those that netCDF can hold and give back bit for bit."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing

TypeName = Literal["bool", "int", "float", "complex", "str", "datetime", "array"]

Values = npt.NDArray[Any]

KIND: dict[str, TypeName] = {
    "b": "bool",
    "i": "int",
    "u": "int",
    "f": "float",
    "c": "complex",
    "U": "str",
    "M": "datetime",
    "S": "array",  # by its digest
}
NATIVE = (np.bool_, np.int64, np.float64, np.complex128)  # what NumPy makes of Python's own
MISSING: Mapping[str, Any] = {
    "b": False,
    "i": 0,
    "u": 0,
    "f": np.nan,
    "c": complex(np.nan, np.nan),
    "U": "",
    "M": np.datetime64("NaT", "ns"),
    "S": b"",
}  # by kind of dtype
_ITEMSIZES = {"f": (4, 8), "c": (8, 16)}
_ACCEPTED = "bool, int, float, complex, str or datetime64"


def as_values(name: str, given: Any) -> Values:
    """Return the values of parameter `name` as a read-only array of at most one dimension.

    Raises
    ------
    SpaceError
        If the values are empty, ragged, of mixed types, missing, or of a type that netCDF cannot hold.
    """
    if isinstance(given, (set, frozenset, dict)):
        raise SpaceError(
            f"parameter {name!r}: got a {type(given).__name__}; expected a scalar or a sequence, "
            f"whose order becomes the order of the dimension. Give a list."
        )
    values = _array(name, given)
    if values.ndim > 1:
        raise SpaceError(
            f"parameter {name!r}: got an array of shape {values.shape}; expected a scalar or one dimension. Leave the others out."
        )
    if values.size == 0:
        raise SpaceError(f"parameter {name!r} has no values; expected at least one.")
    values = _representable(name, values)
    values.flags.writeable = False
    return values


def python_values(values: Values) -> list[Any]:
    """Return the values as the simulation receives them.

    Python's own bool, int, float, complex and str where the dtype is the one that NumPy gives to these; NumPy
    scalars (``float32``, ``datetime64``, …) elsewhere, so that no precision or unit is lost.
    """
    if values.dtype.kind == "U" or values.dtype in NATIVE:
        return values.tolist()  # type: ignore[no-any-return]
    return list(values)


def exact_text(value: Any) -> str:
    """Return a value as text that differs where values differ: ``0.30000000000000004``."""
    short = format_value(value)
    if isinstance(value, (float, np.floating)) and type(value)(short) != value:
        return str(value)
    return short


def format_value(value: Any) -> str:
    """Return a value as short text: ``0.1``, ``'relu'``, ``2020-01-01``."""
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, np.datetime64):
        return np.datetime_as_string(value, unit="auto")
    if isinstance(value, np.ndarray) and value.ndim:
        return _array_text(value)
    if isinstance(value, bytes):
        return f"array {value.decode()[:8]}…"
    return str(value)


def _array_text(array: Values) -> str:
    """Return an array as ``[0.1, 0.5]``, or of a larger one its ends and its shape."""
    few = [format_value(value) for value in array.ravel()[:4]]
    if array.ndim == 1 and array.size <= len(few):
        return f"[{', '.join(few)}]"
    shape = " × ".join(map(str, array.shape))
    return f"[{', '.join(few[:2])}, … {format_value(array.flat[-1])}] ({shape})"


def reject_masked(name: str, given: Any) -> None:
    """Look before NumPy does, which takes what lies below a mask for values."""
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise SpaceError(
            f"parameter {name!r} has a missing value (masked) at position {int(np.argmax(np.ma.getmaskarray(given)))}; expected values that can "
            f"label a point. Leave it out: values.compressed()."
        )


def _array(name: str, given: Any) -> Values:
    reject_masked(name, given)
    if isinstance(given, (str, list, tuple)):
        _reject_none(name, given)
        _reject_mixed(name, given)
        _reject_nul(name, given)
    try:
        values = np.array(getattr(given, "values", given))
    except (ValueError, TypeError) as error:
        raise SpaceError(
            f"parameter {name!r}: got a ragged or irregular sequence ({error}); expected values of one kind."
        ) from None
    if values.dtype.kind in "fc" and isinstance(given, (list, tuple)):
        return _exact(name, given, values)
    return values


def _reject_none(name: str, items: Sequence[Any]) -> None:
    if any(item is None for item in items):
        raise SpaceError(
            f"parameter {name!r}: got {listing(items, 3)}; None means that a point has no value, which it can along 'point' and 'sample' "
            f"alone: param([…, None], dim='point'). Leave it out, or add spaces with and without the parameter: a + b."
        )


def _reject_nul(name: str, given: Any) -> None:
    """Look before NumPy does, which drops NUL at the end of a text without a word."""
    for item in [given] if isinstance(given, str) else given:
        if isinstance(item, str) and "\0" in item:
            raise SpaceError(
                f"parameter {name!r}: {item!r} contains a NUL character, which netCDF text cannot hold."
            )


def _exact(name: str, given: Any, values: Values) -> Values:
    """NumPy rounds integers that share an array with floats, and takes 0 and 2⁶³ for floats."""
    integers = [isinstance(item, (int, np.integer)) for item in given]
    if given and all(integers) and min(given) >= 0 and max(given) < 2**64:
        return np.array(given, dtype=np.uint64)
    for position, (item, value) in enumerate(zip(given, values.ravel().tolist(), strict=False)):
        if integers[position] and (all(integers) or int(item) != value):
            raise SpaceError(
                f"parameter {name!r} has the integer {item} at position {position}, which {values.dtype} would round or turn "
                f"into a float; expected values that one type holds exactly. Give all as floats, or integers of 64 bits."
            )
    return values


def _reject_mixed(name: str, given: Any) -> None:
    """NumPy turns ``[1, 'a']`` into text and ``[True, 2]`` into integers without a word."""
    families = {_family(item) for item in ([] if isinstance(given, str) else given)}
    if len(families) > 1:
        raise SpaceError(
            f"parameter {name!r}: got values of mixed types ({', '.join(sorted(families))}) in {listing(given)}; "
            f"expected one kind of value. Write them all as one type."
        )


def _family(item: Any) -> str:
    if item is None:
        return "None"
    if isinstance(item, (bool, np.bool_)):
        return "bool"
    if isinstance(item, (str, bytes)):
        return type(item).__name__
    if isinstance(item, (date, np.datetime64)):
        return "datetime"
    return "number" if isinstance(item, (int, float, complex, np.number)) else type(item).__name__


def _representable(name: str, values: Values) -> Values:
    kind = values.dtype.kind
    if kind == "O":
        values = _from_objects(name, values)
        kind = values.dtype.kind
    if kind == "T":
        values = _from_objects(name, values.astype(object))
        kind = "U"
    if (
        kind not in KIND
        or kind == "S"
        or values.dtype.itemsize not in _ITEMSIZES.get(kind, (values.dtype.itemsize,))
    ):
        raise SpaceError(
            f"parameter {name!r}: values of dtype {values.dtype} cannot be held by netCDF "
            f"(first value: {values.flat[0]!r}); expected {_ACCEPTED}."
        )
    if kind == "U":
        _check_text(name, values)
        values = values.astype(f"U{max(1, values.dtype.itemsize // 4)}")
    if kind == "M":
        values = _nanoseconds(name, values)
    missing = np.isnat(values) if kind == "M" else np.isnan(values) if kind in "fc" else np.zeros(1, bool)
    if missing.any():
        raise SpaceError(
            f"parameter {name!r} has a missing value ({values.flat[int(np.argmax(missing))]}) at position "
            f"{int(np.argmax(missing))}; expected values that can label a point. Leave it out."
        )
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _from_objects(name: str, values: Values) -> Values:
    items = values.ravel().tolist()
    if all(isinstance(item, str) for item in items):
        return np.array(items, dtype=str).reshape(values.shape)
    if all(isinstance(item, date) for item in items):
        if any(isinstance(item, datetime) and item.tzinfo for item in items):
            raise _time_zone(name)
        # As Python's own, the times of pandas would lose their nanoseconds.
        times = [
            getattr(item, "to_datetime64", lambda item=item: np.datetime64(item, "us"))() for item in items
        ]
        return np.concatenate([_nanoseconds(name, np.array([time])) for time in times]).reshape(values.shape)
    if all(isinstance(item, int) for item in items):
        raise SpaceError(
            f"parameter {name!r}: the integers {listing(items, 3)} do not fit 64 bits; expected −2⁶³ to 2⁶⁴ − 1. "
            f"Give floats, or text."
        )
    _reject_none(name, items)
    types = sorted({type(item).__name__ for item in items})
    raise SpaceError(
        f"parameter {name!r}: netCDF cannot hold values of type {', '.join(types)} (got {listing(items, 3)}); "
        f"expected {_ACCEPTED}. Give objects with a label each, which are what the file keeps: {name}={_labelled(items)}."
    )


def _labelled(objects: list[Any]) -> str:
    """Return how to write objects with labels: ``{'SGD': SGD, 'Adam': Adam}``."""
    names = [getattr(one, "__name__", "") for one in objects[:3]]
    if not all(name.isidentifier() for name in names):
        return "{'first': …, 'second': …}"
    return "{" + ", ".join(f"{name!r}: {name}" for name in names) + "}"


def _time_zone(name: str) -> SpaceError:
    return SpaceError(
        f"parameter {name!r} has times with a time zone, which netCDF cannot hold; "
        f"convert them to UTC and drop the zone."
    )


def _check_text(name: str, values: Values) -> None:
    for text in values.ravel().tolist():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise SpaceError(
                f"parameter {name!r}: {text!r} is not valid Unicode text, so no file can hold it."
            ) from None
        if "\0" in text:
            raise SpaceError(
                f"parameter {name!r}: {text!r} contains a NUL character, which netCDF text cannot hold."
            )


def _nanoseconds(name: str, values: Values) -> Values:
    exact = values.astype("datetime64[ns]")
    if not np.array_equal(exact.astype(values.dtype), values, equal_nan=True):
        raise SpaceError(
            f"parameter {name!r} has times that 64-bit nanoseconds cannot hold, which reach from 1678 to 2262: "
            f"{listing(np.atleast_1d(values)[np.atleast_1d(exact.astype(values.dtype) != values)].astype(str).tolist(), 2)}. "
            f"Give numbers with units instead."
        )
    return exact
