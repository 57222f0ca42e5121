"""How is a value written in code? So that it reads well, and means exactly the same."""

import keyword
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def keywords(values: Mapping[str, str]) -> str:
    """Return arguments by keyword, or as a dict where a name cannot be one."""
    if all(map(_can_be_keyword, values)):
        return ", ".join(f"{name}={value}" for name, value in values.items())
    return "{" + ", ".join(f"{name!r}: {value}" for name, value in values.items()) + "}"


def _can_be_keyword(name: str) -> bool:
    reserved = {"self", "indexers", "method", "tolerance", "drop", "missing_dims", "drop_vars"}
    # Python reads a micro sign in a keyword as the Greek letter, for one.
    same = unicodedata.is_normalized("NFKC", name)
    return name.isidentifier() and not keyword.iskeyword(name) and name not in reserved and same


def literal(value: Any) -> str | None:
    """Return a coordinate's value as code, or None for one that has no literal."""
    match value:
        case np.datetime64():
            return f"np.datetime64({str(value)!r}, {np.datetime_data(value.dtype)[0]!r})"
        case np.timedelta64():
            return f"np.timedelta64({int(value.astype(np.int64))}, {np.datetime_data(value.dtype)[0]!r})"
        case np.generic():
            return literal(value.item())
        case float():
            return repr(value) if math.isfinite(value) else None
        case str() | int():
            return repr(value)
        case _:
            return None


def limits(low: float, high: float) -> tuple[str, str]:
    """Return two limits with as many digits as it takes to see where they are."""
    apart = abs(high - low)
    digits = 4 - math.floor(math.log10(apart)) if 0 < apart < math.inf else 17
    return _number(low, digits), _number(high, digits)


def _number(value: float, digits: int) -> str:
    value = float(value)
    return repr(round(value, digits) if abs(digits) < 300 else value)


def texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(repr, values)) + "]"
