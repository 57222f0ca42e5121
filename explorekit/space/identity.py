"""The identity of a point: its values, exactly, and never its index."""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.space.values import KIND, Values

Label = tuple[str, bytes]


def canonical(values: Values) -> list[bytes]:
    """Return each value in the one form that enters keys: its kind, then its bits.

    Integers as decimal text, floats and complex numbers as float64 bits with −0.0 written as 0.0, text as
    UTF-8, times as decimal nanoseconds, arrays as the digests that stand for them. The kind keeps 1, 1.0 and True apart.
    """
    kind = KIND[values.dtype.kind]
    tag = kind.encode() + b":"
    flat = np.atleast_1d(values).ravel()
    if kind in ("float", "complex"):
        wide = (flat.astype(np.complex128 if kind == "complex" else np.float64)).view(np.float64) + 0.0
        width = 16 if kind == "complex" else 8
        bits = wide.astype(">f8").tobytes()
        return [tag + bits[i : i + width] for i in range(0, len(bits), width)]
    if kind == "array":
        return [tag + digest if digest else b"" for digest in flat.tolist()]
    if kind == "str":
        return [tag + text.encode("utf-8") for text in flat.tolist()]
    return [
        tag + str(number).encode()
        for number in flat.astype(np.int64 if kind == "datetime" else flat.dtype).tolist()
    ]


def as_kind(label: bytes, dtype: np.dtype[Any]) -> bytes:
    """Return a canonical number as the kind that a parameter's values have, where that is exact; anything else as it is.

    A default that is written ``1`` is the value 1.0 of a parameter of floats.
    """
    kind = label.partition(b":")[0]
    if kind == b"int" and dtype.kind == "f":
        whole = label_value(label)
        if int(float(whole)) == whole:  # 64 bits at most
            return b"float:" + struct.pack(">d", float(whole))
    if kind == b"float" and dtype.kind in "iu":
        number = label_value(label)
        if number.is_integer():
            return b"int:%d" % int(number)
    return label


def label_value(label: bytes) -> Any:
    """Return the value whose canonical form is given."""
    kind, _, rest = label.partition(b":")
    if kind == b"float":
        return struct.unpack(">d", rest)[0]
    if kind == b"complex":
        return complex(*struct.unpack(">dd", rest))
    if kind == b"datetime":
        return np.datetime64(int(rest), "ns")
    if kind == b"str":
        return rest.decode()
    if kind == b"array":
        return rest
    return int(rest) if kind == b"int" else rest == b"True"


def baselines_of(parameters: Mapping[str, Values], baselines: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return baselines as the kinds that parameters' values have; those of other names as they are."""
    return {
        name: as_kind(label, parameters[name].dtype) if name in parameters else label
        for name, label in baselines.items()
    }


def without_baseline(label: bytes, baseline: bytes) -> bytes:
    """Return the form in which a missing parameter, which is empty, and one at its baseline are the same."""
    return b"" if label == baseline else label


def point_key(labels: Iterable[Label], baselines: Mapping[str, bytes]) -> bytes:
    """Return the SHA-256 key of a point.

    Parameters
    ----------
    labels
        Name and canonical value of every parameter of the point, with its repetition and occurrence.
    baselines
        Canonical values at which a parameter stays out of the key, so that a parameter that is added
        later leaves the keys of older points alone.
    """
    digest = hashlib.sha256()
    for name, value in sorted(labels):
        if baselines.get(name) != value:
            encoded = name.encode("utf-8")
            digest.update(b"%d:%b%d:%b" % (len(encoded), encoded, len(value), value))
    return digest.digest()


def occurrences(columns: Sequence[Values]) -> npt.NDArray[np.int64]:
    """Return, for each position of a shared dimension, how often its tuple of values came before."""
    if any(column.dtype.kind == "f" and _are_distinct(column) for column in columns):  # as most draws are
        return np.zeros(columns[0].size, dtype=np.int64)
    order = np.lexsort(list(columns))
    first = np.zeros(order.size, dtype=np.bool_)
    first[:1] = True
    for column in columns:
        ordered = column[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    counts = np.empty(order.size, dtype=np.int64)
    counts[order] = np.arange(order.size) - starts[np.cumsum(first) - 1]
    return counts


def _are_distinct(values: Values) -> bool:
    ordered = np.sort(values)
    return bool(np.all(ordered[1:] != ordered[:-1]))
