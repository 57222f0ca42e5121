"""Parameters of numbers on dimensions of their own, between whose values there are others."""

from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space import Space
from explorekit.space.parameter import Parameter


def middle(low: Any, high: Any) -> Any | None:
    """Return the number half way between two of one type, or None if that type has none between them."""
    if isinstance(low, np.integer):  # as those of Python, which the difference cannot leave
        between = type(low)(int(low) + (int(high) - int(low)) // 2)
    else:
        between = low + (high - low) / 2
    return between if low < between < high else None


def distance(low: Any, high: Any) -> float:
    """Return how far two numbers of one type are apart."""
    return float(high) - float(low)


def divisible(space: Space, name: str) -> Parameter:
    """Return a parameter whose values can be divided further.

    Raises
    ------
    SpaceError
        If there is none, or it is no dimension of numbers.
    """
    if not isinstance(space, Space):
        raise SpaceError(f"got {type(space).__name__}; expected the points to begin with as a Space.")
    if name not in space.parameters:
        raise SpaceError(
            f"no parameter {name!r}; this space has {listing(space.parameters)}.{suggest(name, space.parameters)}"
        )
    p = space.parameters[name]
    if (
        p.dim is None
        or len(space.axes[p.dim].parameters) > 1
        or p.values.dtype.kind not in "iuf"
        or p.values.size < 2
    ):
        raise SpaceError(
            f"cannot look between the values of {name!r} ({p.summary()}); expected numbers on a dimension of their own, at least "
            f"two. Give the ends of the range: {name}=[0.0, 1.0]."
        )
    return p
