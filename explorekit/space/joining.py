"""Where do the tuples of one dimension lie on another? Found by numbers that stand for values, all at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from explorekit.space.values import KIND, Values

if TYPE_CHECKING:
    from explorekit.space.axis import Axis
    from explorekit.space.parameter import Parameter

Codes = npt.NDArray[np.int64]


def positions_on(axis: "Axis", other: "Axis") -> npt.NDArray[np.int64]:
    """Return where each position of another dimension lies on this one, −1 where it does not; see `Axis.positions_of`."""
    mine, theirs = axis.sorted_parameters, other.sorted_parameters
    if len(mine) != len(theirs):
        return np.full(other.size, -1)
    columns = [_codes(p, q) for p, q in zip(mine, theirs, strict=True)]
    columns.append(np.concatenate([axis.occurrence, other.occurrence]))
    codes = _together(columns)
    return _looked_up(codes[: axis.size], codes[axis.size :])


def is_same(axis: "Axis", other: "Axis") -> bool:
    """Return whether positions are the same one by one, as when a cell runs again."""
    return (
        axis.size == other.size
        and len(axis.parameters) == len(other.parameters)
        and all(
            p.values.dtype == q.values.dtype
            and np.array_equal(p.is_given, q.is_given)
            and bool(np.all((p.values == q.values) | ~p.is_given))
            for p, q in zip(axis.sorted_parameters, other.sorted_parameters, strict=True)
        )
        and np.array_equal(axis.occurrence, other.occurrence)
    )


def _codes(p: "Parameter", q: "Parameter") -> Codes:
    """Return a number for each value of two parameters, one after the other; equal ones where the values are the same."""
    if KIND[p.values.dtype.kind] == KIND[q.values.dtype.kind]:
        codes = _factorized(p.values, q.values)
    else:
        codes = np.repeat([0, 1], [p.values.size, q.values.size])
    given = np.concatenate([p.is_given, q.is_given])
    return codes if given.all() else np.where(given, codes + 1, 0)


def _factorized(a: Values, b: Values) -> Codes:
    import pandas as pd  # by hashes, which takes a fraction of what sorting does

    if a.dtype != b.dtype and {a.dtype.kind, b.dtype.kind} == {"i", "u"}:
        a, b = a.astype(object), b.astype(object)  # NumPy would make floats of both
    values = np.concatenate([a, b])
    if values.dtype.kind == "U":
        values = values.astype(object)
    return pd.factorize(values)[0].astype(np.int64, copy=False)


def _together(columns: Sequence[Codes]) -> Codes:
    """Return one number for each tuple of numbers."""
    import pandas as pd

    together, *others = columns
    for codes in others:
        low, high = int(codes.min()), int(codes.max())
        if high > low:
            together = pd.factorize(together * (high - low + 1) + (codes - low))[0]
    return together


def _looked_up(known: Codes, wanted: Codes) -> npt.NDArray[np.int64]:
    place = np.full(max(int(known.max()), int(wanted.max())) + 1, -1)
    place[known] = np.arange(known.size)
    return place[wanted]
