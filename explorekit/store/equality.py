"""Do two snapshots have the same results, bit for bit?"""

from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.store.ragged import absent
from explorekit.store.reader import OutputArray, SizeArray
from explorekit.store.snapshot import Snapshot
from explorekit.store.table import Bools, Ints

_BYTES = 64 * 2**20

Array = npt.NDArray[Any]


def same_results(one: Snapshot, other: Snapshot, positions: Ints) -> Bools:
    """Return at which points two snapshots of one space have the same results.

    The points have a result in both. A NaN is the same as another; the width of a type does not count.
    """
    same = np.ones(positions.size, dtype=bool)
    for equal in same_outputs(one, other, positions).values():
        same &= equal
    return same


def same_outputs(one: Snapshot, other: Snapshot, positions: Ints, tolerance: float = 0.0) -> dict[str, Bools]:
    """Return by output at which points two snapshots of one space have the same, but for a relative difference."""
    pair = _with_integers(one), _with_integers(other)
    names = dict.fromkeys([*one.fields, *other.fields])
    return {name: _same_output(pair, name, positions, tolerance) for name in names}


def _with_integers(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot whose integers and bools stay what they are where some are missing."""
    dtypes = {name: np.dtype(field.dtype) for name, field in snapshot.fields.items()}
    return snapshot.filled({name: absent(d) for name, d in dtypes.items() if d.kind in "biu"})


def _same_output(pair: tuple[Snapshot, Snapshot], name: str, positions: Ints, tolerance: float) -> Bools:
    fields = [snapshot.fields.get(name) for snapshot in pair]
    first, second = fields
    if first is None or second is None:
        return _is_missing(pair[0] if second is None else pair[1], name, positions)
    if (first.dims, first.family) != (second.dims, second.family):
        return np.zeros(positions.size, dtype=bool)
    same = np.ones(positions.size, dtype=bool)
    for dim in first.dims:
        lengths = [SizeArray(snapshot, dim).read_points(positions, []) for snapshot in pair]
        same &= lengths[0] == lengths[1]
    inner = [np.arange(min(snapshot.sizes[dim] for snapshot in pair)) for dim in first.dims]
    width = max(1, np.dtype(first.dtype).itemsize * int(np.prod([i.size for i in inner], dtype=np.int64)))
    block = max(1, _BYTES // width)
    for start in range(0, positions.size, block):
        some = slice(start, start + block)
        a, b = (OutputArray(snapshot, name).read_points(positions[some], inner) for snapshot in pair)
        same[some] &= _close(a, b, tolerance) if tolerance else same_bits(a, b)
    return same


def _close(one: Array, other: Array, tolerance: float) -> Bools:
    if np.result_type(one, other).kind not in "fc":
        return same_bits(one, other)
    equal = np.isclose(one, other, rtol=tolerance, atol=0, equal_nan=True)
    return np.asarray(equal.reshape(len(equal), -1).all(axis=1))


def _is_missing(snapshot: Snapshot, name: str, positions: Ints) -> Bools:
    """Return which points did not return an output that others did."""
    inner = [np.arange(snapshot.sizes[dim]) for dim in snapshot.fields[name].dims]
    values = OutputArray(snapshot, name).read_points(positions, inner)
    return same_bits(values, np.full_like(values, snapshot.missing_value(name)))


def same_bits(one: Array, other: Array) -> Bools:
    """Return which rows of two arrays are the same, NaN included."""
    dtype = np.result_type(one, other)
    one, other = (np.ascontiguousarray(values.astype(dtype)) for values in (one, other))
    rows = len(one)
    if not one.size:
        return np.ones(rows, dtype=bool)
    equal = (
        one.view(np.uint8).reshape(*one.shape, -1) == other.view(np.uint8).reshape(*other.shape, -1)
    ).all(axis=-1)
    if dtype.kind in "fc":
        equal |= np.isnan(one) & np.isnan(other)
    return np.asarray(equal.reshape(rows, -1).all(axis=1))
