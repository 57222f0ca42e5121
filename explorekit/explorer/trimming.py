"""What becomes of the memory in which a large frame was read and drawn? It goes back to the system."""

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np

# Frames of fewer values take too little for the system to miss it.
MANY = 2**20


def trim_after(values: np.ndarray[Any, Any]) -> None:
    """Give free memory back, once many values were drawn: glibc keeps up to 64 MB at the end of its heap."""
    if values.size >= MANY and (trim := _malloc_trim()) is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    """Return glibc's function; None where there is another C library."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
