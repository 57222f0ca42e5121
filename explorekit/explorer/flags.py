"""How did a run end? The CF flags of the status variable, and of any other."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PENDING, OK, FAILED, TIMED_OUT = range(4)
MEANINGS = ("pending", "ok", "failed", "timed_out")
IN_WORDS = ("not run yet", "ok", "failed", "timed out")


def meanings_of(attrs: Mapping[Hashable, Any]) -> tuple[str, ...]:
    """Return the meanings of a CF flag variable, or nothing if it is none."""
    meanings = tuple(str(attrs.get("flag_meanings", "")).split())
    return meanings if len(meanings) == np.size(attrs.get("flag_values", ())) else ()


def decoded(values: Array, attrs: Mapping[Hashable, Any]) -> Array:
    """Return the meaning of every flag; an unknown value reads as its number, a missing one as nothing."""
    out = np.array([value_name(v) for v in values.ravel()], dtype=object)
    for flag, meaning in zip(np.atleast_1d(attrs["flag_values"]), meanings_of(attrs), strict=True):
        out[values.ravel() == flag] = meaning
    return out.reshape(values.shape)


def value_name(value: Any) -> str:
    return "" if value != value else f"{value:g}"


def run_status(values: Array, attrs: Mapping[Hashable, Any]) -> Array:
    """Return status flags as the codes ``PENDING`` to ``TIMED_OUT``; what is missing is pending."""
    out = np.full(values.shape, PENDING, np.int8)
    flags = np.atleast_1d(attrs["flag_values"]) if meanings_of(attrs) else np.arange(4)
    for flag, meaning in zip(flags, meanings_of(attrs) or MEANINGS, strict=True):
        if meaning in MEANINGS:
            out[values == flag] = MEANINGS.index(meaning)
    return out
