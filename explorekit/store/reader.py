"""Arrays over a snapshot that read only what a selection needs."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.errors import StudyError
from explorekit.store.netcdf import fetch
from explorekit.store.shard import OK, read_timing
from explorekit.store.snapshot import Snapshot
from explorekit.store.table import Ints

Array = npt.NDArray[Any]

_EXACT_IN_FLOAT64 = 2**53
_SLAB_BYTES = 4 * 2**20


class PointArray(BackendArray, ABC):
    """An array whose leading dimensions are those of the space; subclasses read some points of it.

    Stateless but for the snapshot it belongs to, and picklable.
    """

    def __init__(self, snapshot: Snapshot, dtype: Any, inner: tuple[int, ...] = ()) -> None:
        self.snapshot = snapshot
        self.dtype = np.dtype(dtype)
        self.inner = inner
        self.shape = (*snapshot.space.shape, *inner)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        if isinstance(key, (indexing.BasicIndexer, indexing.OuterIndexer)):
            return self.read(key.tuple)  # the adapter fails at empty slices that run backwards
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.read)

    def read(self, key: tuple[Any, ...]) -> Array:
        """Return the values at an outer index: an integer, slice or array of integers for each dimension."""
        wanted = [np.arange(size)[part] for size, part in zip(self.shape, key, strict=True)]
        outer = len(self.snapshot.space.shape)
        positions = np.zeros((), dtype=np.int64)
        for size, index in zip(self.shape[:outer], wanted[:outer], strict=True):
            positions = positions[..., np.newaxis] * size + np.atleast_1d(index)
        inner = [np.atleast_1d(index) for index in wanted[outer:]]
        values = self.read_points(positions.ravel(), inner)
        return values.reshape(tuple(size for index in wanted for size in index.shape))

    @abstractmethod
    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        """Return the values at flat positions and inner indices, of shape (positions, inner)."""


class OutputArray(PointArray):
    """An output of the simulation; missing runs read as missing."""

    def __init__(self, snapshot: Snapshot, name: str) -> None:
        self.name = name
        self.field = snapshot.fields[name]
        super().__init__(
            snapshot, snapshot.read_dtype(name), tuple(snapshot.sizes[dim] for dim in self.field.dims)
        )

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        missing = self.snapshot.missing_value(self.name)
        values = np.full((positions.size, *(index.size for index in inner)), missing, dtype=self.dtype)
        shard, row, status = self.snapshot.index.locate(positions)
        for number in np.unique(shard[status == OK]).tolist():
            chosen = np.flatnonzero((shard == number) & (status == OK))
            self._read_shard(number, row[chosen], inner, values, chosen)
        return values

    def _read_shard(self, number: int, rows: Ints, inner: list[Ints], values: Array, chosen: Ints) -> None:
        shard = self.snapshot.index.table[number]
        stored = shard.outputs.get(self.name)
        if stored is None:
            return
        sizes = [shard.sizes[dim] for dim in self.field.dims]
        inside = [np.flatnonzero(index < size) for index, size in zip(inner, sizes, strict=True)]
        if any(not index.size for index in inside):
            return
        key = [index[keep] for index, keep in zip(inner, inside, strict=True)]
        with self.snapshot.files.reading(self.snapshot.folder / shard.name) as file:
            if stored.constant:
                block = _read_slab(file, self.name, stored.field.dtype, key)[np.newaxis].repeat(
                    rows.size, axis=0
                )
            else:
                block = _read_rows(file, self.name, stored.field.dtype, rows, key)
            absent = (
                _absent(file, self.name, self.field.dims, rows, key) if shard.ragged or stored.given else None
            )
        block = self._converted(block)
        if absent is not None:
            block[absent] = self.snapshot.missing_value(self.name)
        values[np.ix_(chosen, *inside)] = block

    def _converted(self, block: Array) -> Array:
        if self.dtype.kind == "f" and block.dtype.kind in "iu" and self._lossless():
            check_exact(self.name, block)
        return block.astype(self.dtype, copy=True)

    def _lossless(self) -> bool:
        """Whether float64 stands in for integers here, rather than joining them with floats of other points."""
        return self.name in self.snapshot.integral


def check_exact(name: str, integers: Array) -> None:
    """Raise `StudyError` if float64 cannot hold some integers."""
    if integers.dtype.itemsize < 8:
        return
    largest = max(int(integers.max(initial=0)), -int(integers.min(initial=0)))
    if largest > _EXACT_IN_FLOAT64:
        raise StudyError(
            f"{name!r} holds the integer {largest}, which float64 cannot hold, and has missing values, which "
            f"int64 cannot hold. Read it with fill={{{name!r}: <a number>}}, and tell missing runs by 'status'."
        )


class StatusArray(PointArray):
    """The status of each point."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot, np.int8)

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        return self.snapshot.index.locate(positions)[2]


class RunArray(PointArray, ABC):
    """One number of each run's record; `missing` where there is no run."""

    def __init__(self, snapshot: Snapshot, name: str, dtype: Any, missing: Any) -> None:
        self.name = name
        self.missing = missing
        super().__init__(snapshot, dtype)

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        shard, row, _ = self.snapshot.index.locate(positions)
        values = np.full(positions.shape, self.missing, dtype=self.dtype)
        for number in np.unique(shard[shard >= 0]).tolist():
            chosen = np.flatnonzero(shard == number)
            name = self.snapshot.index.table[number].name
            with self.snapshot.files.reading(self.snapshot.folder / name) as file:
                values[chosen] = self.read_rows(file, row[chosen])
        return values

    @abstractmethod
    def read_rows(self, file: Any, rows: Ints) -> Array:
        """Return the number at some rows of an open shard."""


class TimingArray(RunArray):
    """What each run took: a column of `explorekit.store.shard.Timings`."""

    def read_rows(self, file: Any, rows: Ints) -> Array:
        return read_timing(file, self.name, rows)


class SizeArray(RunArray):
    """The length of a ragged output dimension at each point; 0 where there is no result."""

    def __init__(self, snapshot: Snapshot, dim: str) -> None:
        self.dim = dim
        super().__init__(snapshot, f"{dim}_size", np.int64, 0)

    def read_rows(self, file: Any, rows: Ints) -> Array:
        if self.name not in file["runs"].variables:
            return np.zeros(rows.shape, dtype=self.dtype)
        return _read_rows(file["runs"], self.name, self.dtype, rows, [])

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        values = super().read_points(positions, inner)
        shard, _, status = self.snapshot.index.locate(positions)
        for number in np.unique(shard[status == OK]).tolist():
            entry = self.snapshot.index.table[number]
            if self.dim in entry.sizes and self.dim not in entry.ragged:
                values[(shard == number) & (status == OK)] = entry.sizes[self.dim]
        return values


class OriginArray(PointArray):
    """What made each run's record, such as the worker, as text."""

    def __init__(self, snapshot: Snapshot, attribute: str) -> None:
        makers = snapshot.index.table.makers
        self.texts = np.array(["", *(str(getattr(maker, attribute)) for maker in makers)])
        super().__init__(snapshot, self.texts.dtype)

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        index = self.snapshot.index
        stretch = index.stretch_of(positions)
        maker = np.append(index.table.maker[index.origin], -1)  # the last stands for no record
        texts: Array = self.texts[maker[stretch] + 1]
        return texts


def _read_rows(group: Any, name: str, dtype: Any, rows: Ints, inner: list[Ints]) -> Array:
    """Read rows of a variable over points, through the fewest reads that do not read much too much."""
    low, high = int(rows.min()), int(rows.max()) + 1
    width = np.dtype(dtype).itemsize * int(np.prod([np.ptp(index) + 1 for index in inner], dtype=np.int64))
    if high - low <= 2 * rows.size or (high - low) * width <= _SLAB_BYTES:
        block = _read_slab(group, name, dtype, [np.arange(low, high), *inner])
        return block if rows.size == high - low and np.all(np.diff(rows) == 1) else block[rows - low]
    return np.concatenate(
        [_read_slab(group, name, dtype, [np.array([row]), *inner]) for row in rows.tolist()]
    )


def _read_slab(group: Any, name: str, dtype: Any, key: list[Ints]) -> Array:
    """Read the block around some indices and take these from it."""
    bounds = tuple(slice(int(index.min()), int(index.max()) + 1) for index in key)
    block = fetch(group, name, dtype, bounds or ...)
    for axis, (index, bound) in enumerate(zip(key, bounds, strict=True)):
        if index.size != bound.stop - bound.start or np.any(np.diff(index) != 1):
            block = block.take(index - bound.start, axis=axis)
    return block


def _absent(
    file: Any, name: str, dims: tuple[str, ...], rows: Ints, inner: list[Ints]
) -> npt.NDArray[np.bool_]:
    """Return which values of a block the points do not have: beyond their lengths, or not returned at all."""
    absent = np.zeros((rows.size, *(index.size for index in inner)), dtype=bool)
    for axis, (dim, index) in enumerate(zip(dims, inner, strict=True), start=1):
        if f"{dim}_size" in file["runs"].variables:
            lengths = _read_rows(file["runs"], f"{dim}_size", np.int64, rows, [])
            beyond = index >= lengths[:, np.newaxis]
            absent |= beyond.reshape([size if i in (0, axis) else 1 for i, size in enumerate(absent.shape)])
    if f"{name}_given" in file.variables:
        absent[~_read_rows(file, f"{name}_given", bool, rows, [])] = True
    return absent
