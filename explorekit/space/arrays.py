"""Arrays as values: initial conditions, matrices, images. A point has the digest of its array; the array itself is kept once.

So whatever compares, sorts, pairs or stores the values of parameters handles 64 letters a value, however large the arrays are.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.values import KIND, MISSING, Values

DIGEST = np.dtype("S64")
INNER = "explorekit_inner_dims"  # the attribute by which that is known from other coordinates
VALUES = "_values"  # ends the name of the coordinate that has the arrays
NO_ARRAY = b""  # in the place of a digest, where a point lacks the parameter


class Coord(NamedTuple):
    """A coordinate along dimensions of the arrays."""

    dims: tuple[str, ...]
    values: Values
    attrs: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Arrays:
    """The arrays that the values of a parameter stand for.

    Parameters
    ----------
    digests
        Of each array, of shape (n,), each once.
    values
        The arrays, read-only, of shape (n, …).
    dims
        The names of the arrays' own dimensions.
    coords
        Coordinates along these.
    labels
        A name for each array, of shape (n,), or None; the identity of an array is its digest all the same.
    """

    digests: npt.NDArray[np.bytes_]
    values: Values
    dims: tuple[str, ...]
    coords: Mapping[str, Coord] = field(default_factory=dict)
    labels: Values | None = None

    @classmethod
    def of(
        cls,
        name: str,
        values: Values,
        dims: tuple[str, ...],
        coords: Mapping[str, Coord],
        labels: Values | None = None,
    ) -> tuple[npt.NDArray[np.bytes_], Self]:
        """Return the digest of each array, and the arrays by digest.

        Raises
        ------
        SpaceError
            If a label stands for several arrays.
        """
        digests = digests_of(values)
        _, at, which = np.unique(digests, return_index=True, return_inverse=True)
        if labels is not None and not np.array_equal(labels, labels[at][which]):
            labels = None  # those of equal arrays name positions
        first = np.sort(at)
        if labels is not None:
            labels = _frozen(labels[first])
            _check_distinct(name, labels)
        if first.size < digests.size:
            values = values[first]
        return digests, cls(digests[first], _frozen(values), dims, coords, labels)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("digests", "values", "dims", "coords", "labels")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        _frozen(self.values)  # pickle forgets

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of each array."""
        return self.values.shape[1:]

    @property
    def sizes(self) -> dict[str, int]:
        """The lengths of the arrays' own dimensions."""
        return dict(zip(self.dims, self.shape, strict=True))

    @cached_property
    def _row_of(self) -> dict[bytes, int]:
        return {digest: row for row, digest in enumerate(self.digests.tolist())}

    def rows(self, digests: npt.NDArray[np.bytes_]) -> npt.NDArray[np.int64]:
        """Return where arrays lie in `values`, by digest; 0 for those that are not given."""
        row_of = self._row_of
        found = [row_of[digest] if digest else 0 for digest in np.ravel(digests).tolist()]
        return np.array(found, dtype=np.int64).reshape(np.shape(digests))

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._row_of

    def each(self, digests: npt.NDArray[np.bytes_]) -> list[Values]:
        """Return arrays by digest, all of them views that nobody can write to; for those that are not given any."""
        if not len(self):
            return [self.values] * digests.size
        return [self.values[row, ...] for row in self.rows(digests).tolist()]

    def stacked(self, digests: npt.NDArray[np.bytes_]) -> Values:
        """Return arrays by digest as one array, in which those that are not given have what is missing to their dtype."""
        if not len(self):
            missing = MISSING[self.values.dtype.kind]
            return np.full((*np.shape(digests), *self.shape), missing, dtype=self.values.dtype)
        if np.array_equal(digests, self.digests):
            return self.values  # as most are, and large
        stacked = self.values[self.rows(digests)]
        lacking = np.asarray(digests) == NO_ARRAY
        if lacking.any():
            stacked[lacking] = MISSING[self.values.dtype.kind]
        return stacked

    def names(self, digests: npt.NDArray[np.bytes_]) -> Values:
        """Return the labels of arrays, or else their numbers in the order of their first appearance."""
        if self.labels is not None:
            names = np.asarray(self.labels[self.rows(digests)])
            lacking = np.asarray(digests) == NO_ARRAY
            return np.where(lacking, MISSING[self.labels.dtype.kind], names) if lacking.any() else names
        numbers: dict[bytes, int] = {}
        flat = np.ravel(digests).tolist()
        found = [numbers.setdefault(digest, len(numbers)) if digest else 0 for digest in flat]
        return np.array(found, dtype=np.int64).reshape(np.shape(digests))

    def only(self, digests: npt.NDArray[np.bytes_]) -> "Arrays":
        """Return the arrays that some digests stand for, in their order."""
        wanted = dict.fromkeys(digest for digest in np.ravel(digests).tolist() if digest)
        if len(wanted) == len(self):
            return self
        rows = self.rows(np.array(list(wanted), dtype=DIGEST))
        labels = None if self.labels is None else self.labels[rows]
        return replace(self, digests=self.digests[rows], values=_frozen(self.values[rows]), labels=labels)

    def as_dtype(self, name: str, dtype: np.dtype[Any]) -> "Arrays":
        """Return the arrays in another dtype, in the same order.

        Raises
        ------
        SpaceError
            If it cannot hold them exactly.
        """
        if dtype == self.values.dtype or dtype.kind == self.values.dtype.kind == "U":
            return self
        kinds = [KIND[one.kind] for one in (self.values.dtype, dtype)]
        same = kinds[0] == kinds[1] or kinds == ["int", "float"]
        if same:
            with np.errstate(all="ignore"):
                values = self.values.astype(dtype)
            # As Python's own numbers, since NumPy compares integers of 64 bits with floats as floats.
            same = values.tolist() == self.values.tolist()
        if not same:
            raise SpaceError(
                f"the arrays of {name!r} are kept as {dtype}; got {self.values.dtype}, of which that cannot hold all exactly. "
                f"Give arrays of that type: array.astype({dtype.name!r})."
            )
        return replace(self, digests=digests_of(values), values=_frozen(values))

    def emptied(self) -> "Arrays":
        """Return what arrays have in common, without any."""
        labels = None if self.labels is None else self.labels[:0]
        return replace(self, digests=self.digests[:0], values=self.values[:0], labels=labels)


def digests_of(values: Values) -> npt.NDArray[np.bytes_]:
    """Return the SHA-256 of each array along the first dimension, over its dtype, its shape and its bytes, in hexadecimal.

    The bytes are little-endian on every machine; text is UTF-8, whatever the width of its dtype.
    """
    kind, shape = values.dtype.kind, values.shape[1:]
    start = f"{'str' if kind == 'U' else values.dtype.newbyteorder('<').str}{shape}:".encode()
    return np.array([hashlib.sha256(start + _bytes(one)).hexdigest() for one in values], dtype=DIGEST)


def _bytes(array: Values) -> bytes:
    if array.dtype.kind == "U":
        texts = [text.encode("utf-8") for text in array.ravel().tolist()]
        return b"".join(b"%d:%b" % (len(text), text) for text in texts)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()


def check_fits(name: str, known: Arrays, given: Arrays) -> None:
    """Raise `SpaceError` if arrays differ from others in shape, in the names of their dimensions, or in coordinates."""
    if known.shape != given.shape:
        raise SpaceError(
            f"the arrays of {name!r} have the shape {known.shape}; got {given.shape}; expected one shape for all. For arrays of several "
            f"shapes give labelled objects: {name}={{'small': …, 'large': …}}."
        )
    if known.dims != given.dims and not any(_are_default(name, one.dims) for one in (known, given)):
        raise SpaceError(
            f"the arrays of {name!r} have the dimensions {known.dims}; got {given.dims}. Rename one, or transpose."
        )
    for key in known.coords.keys() & given.coords.keys():
        mine, theirs = known.coords[key].values, given.coords[key].values
        if mine.shape != theirs.shape or not np.all(mine == theirs):
            raise SpaceError(
                f"the arrays of {name!r} have two coordinates {key!r}: {listing(np.ravel(mine).tolist())} and "
                f"{listing(np.ravel(theirs).tolist())}; expected the same for all. Select or reorder one."
            )


def united(name: str, several: Sequence[Arrays]) -> Arrays:
    """Return the arrays of several parameters of one name and dtype, each once, in the order in which they come first.

    Raises
    ------
    SpaceError
        If they differ in shape, dimensions or coordinates, or labels do not fit.
    """
    first = several[0]
    for other in several[1:]:
        check_fits(name, first, other)
    dims = next((one.dims for one in several if not _are_default(name, one.dims)), first.dims)
    coords = {key: coord for one in reversed(several) for key, coord in one.coords.items()}
    _, at = np.unique(np.concatenate([one.digests for one in several]), return_index=True)
    stops = np.cumsum([len(one) for one in several])
    at.sort()
    parts = [
        (one, at[(at >= stop - len(one)) & (at < stop)] - (stop - len(one)))
        for one, stop in zip(several, stops, strict=True)
    ]
    parts = [(one, rows) for one, rows in parts if rows.size]
    if len(parts) < 2:
        return replace(parts[0][0] if parts else first, dims=dims, coords=coords)
    return Arrays(
        np.concatenate([one.digests[rows] for one, rows in parts]),
        _frozen(
            np.concatenate([one.values if rows.size == len(one) else one.values[rows] for one, rows in parts])
        ),
        dims,
        coords,
        _united_labels(name, [None if one.labels is None else one.labels[rows] for one, rows in parts]),
    )


def _united_labels(name: str, several: Sequence[Values | None]) -> Values | None:
    labels = [one for one in several if one is not None]
    if not labels:
        return None
    if len(labels) < len(several):
        raise SpaceError(
            f"some arrays of {name!r} have labels, and others have none; expected labels for all, or for none. Give a DataArray with a "
            f"coordinate along the first dimension, or without."
        )
    if len(kinds := {KIND[one.dtype.kind] for one in labels}) > 1:
        raise SpaceError(
            f"the labels of {name!r} are {listing(sorted(kinds))}; expected one kind. Rename those of one side."
        )
    together = np.concatenate(labels)
    _check_distinct(name, together)
    return _frozen(together)


def _check_distinct(name: str, labels: Values) -> None:
    distinct, counts = np.unique(labels, return_counts=True)
    if distinct.size < labels.size:
        raise SpaceError(
            f"parameter {name!r}: the label {listing(distinct[counts > 1].tolist())} stands for several arrays; expected one each. Rename "
            f"one, or drop the coordinate."
        )


def default_dims(name: str, n: int) -> tuple[str, ...]:
    """Return names for the dimensions of arrays that have none."""
    return tuple(f"{name}_dim_{axis}" for axis in range(n))


def _are_default(name: str, dims: tuple[str, ...]) -> bool:
    return dims == default_dims(name, len(dims))


def _frozen(values: Values) -> Values:
    values.flags.writeable = False
    return values
