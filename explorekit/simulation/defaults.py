"""The defaults of a simulation's arguments as text and numbers that anybody can read in a file."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_LONG = 200  # characters of a text, values of an array


def readable(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return defaults by argument as data that JSON can hold.

    Numbers, text, None, and lists and dicts of these are themselves, floats exactly; infinities and NaN, times and complex
    numbers are text. Of a class or function there is the name, of anything else what it shows of itself, cut where it is long.
    """
    return {name: _readable(value) for name, value in defaults.items()}


def _readable(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = str(value) if value.dtype.kind in "mM" else value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufU" and value.size <= _LONG:
        return _readable(value.tolist())
    if isinstance(value, (list, tuple)) and len(value) <= _LONG:
        return [_readable(one) for one in value]
    if isinstance(value, Mapping) and len(value) <= _LONG and all(isinstance(key, str) for key in value):
        return {key: _readable(one) for key, one in value.items()}
    return _shown(value)


def _shown(value: Any) -> str:
    if name := getattr(value, "__qualname__", ""):
        return f"{getattr(value, '__module__', None) or 'builtins'}.{name}"
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = str(value) if isinstance(value, complex) else repr(value)
    except Exception:  # noqa: BLE001 - any class may fail at this in its own way
        text = f"a {type(value).__name__}"
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
