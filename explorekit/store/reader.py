"""Arrays over a snapshot that read only what a selection needs."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.errors import StudyError
from explorekit.simulation.schema import Field
from explorekit.store.files import ShardGoneError
from explorekit.store.netcdf import LAYOUTS, fetch
from explorekit.store.snapshot import Snapshot
from explorekit.store.spaces import label_sizes
from explorekit.store.status import OK
from explorekit.store.table import Entry, Ints
from explorekit.store.timings import read_timing

Array = npt.NDArray[Any]

_EXACT_IN_FLOAT64 = 2**53
_SLAB_BYTES = 2**20
_LOT_BYTES = 4 * 2**20
_GAP_BYTES = 128 * 1024  # what is read in the time that another read takes to begin


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
        values = self.read_product([np.atleast_1d(index) for index in wanted])
        return values.reshape(tuple(size for index in wanted for size in index.shape))

    def read_product(self, indices: list[Ints]) -> Array:
        """Return the values at indices of each dimension, in the order of their product."""
        outer = len(self.snapshot.space.shape)
        positions = np.zeros((), dtype=np.int64)
        for size, index in zip(self.shape[:outer], indices[:outer], strict=True):
            positions = positions[..., np.newaxis] * size + index
        return self.read_points(positions.ravel(), indices[outer:])

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

    def read_product(self, indices: list[Ints]) -> Array:
        block = self.snapshot.block
        if block is None or not self._is_plain(block):
            return super().read_product(indices)
        try:
            with self.snapshot.files.reading(self.snapshot.folder / block.name) as file:
                if list(label_sizes(file).items()) == list(self.snapshot.space.sizes.items()):
                    dtype = block.outputs[self.name].field.dtype
                    return self._converted(read_outer(*_quickest(file, self.name, indices), dtype, indices))
        except ShardGoneError:  # compacted since
            pass
        return super().read_product(indices)

    def _is_plain(self, shard: Entry) -> bool:
        """Return whether each row of a shard has a value of its own for each index of the output."""
        stored = shard.outputs.get(self.name)
        if stored is None or stored.constant or stored.given or stored.flat:
            return False
        return not set(shard.ragged).intersection(self.field.dims)

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        missing = self.snapshot.missing_value(self.name)
        values = np.full((positions.size, *(index.size for index in inner)), missing, dtype=self.dtype)

        def visit(file: Any, shard: Entry, rows: Ints, chosen: Ints) -> None:
            self._read_shard(file, shard, rows, inner, values, chosen)

        visit_shards(self.snapshot, positions, visit, only_ok=True)
        return values

    def _read_shard(
        self, file: Any, shard: Entry, rows: Ints, inner: list[Ints], values: Array, chosen: Ints
    ) -> None:
        stored = shard.outputs.get(self.name)
        if stored is None:
            return
        sizes = [shard.sizes[dim] for dim in self.field.dims]
        inside = [np.flatnonzero(index < size) for index, size in zip(inner, sizes, strict=True)]
        if any(not index.size for index in inside):
            return
        key = [index[keep] for index, keep in zip(inner, inside, strict=True)]
        block = read_output(file, shard, self.name, rows, key)
        absent = None
        if shard.ragged or stored.given:
            absent = _absent(file, self.name, self.field.dims, rows, key)
        block = self._converted(block)
        if absent is not None:
            block[absent] = self.snapshot.missing_value(self.name)
        if block.shape == values.shape and np.all(chosen[1:] > chosen[:-1]):
            values[...] = block
        else:
            values[np.ix_(chosen, *inside)] = block

    def _converted(self, block: Array) -> Array:
        if self.dtype.kind == "f" and block.dtype.kind in "iu" and self._lossless():
            check_exact(self.name, block)
        return block.astype(self.dtype, copy=False)

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
        values = np.full(positions.shape, self.missing, dtype=self.dtype)

        def visit(file: Any, _: Entry, rows: Ints, chosen: Ints) -> None:
            values[chosen] = self.read_rows(file, rows)

        visit_shards(self.snapshot, positions, visit)
        return values

    @abstractmethod
    def read_rows(self, file: Any, rows: Ints) -> Array:
        """Return the number at some rows of an open shard."""


class TimingArray(RunArray):
    """What each run took: a column of `explorekit.store.timings.Timings`."""

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
        return read_outer(file["runs"], self.name, self.dtype, [rows])

    def read_points(self, positions: Ints, inner: list[Ints]) -> Array:
        values = super().read_points(positions, inner)
        shard, _, status = self.snapshot.index.locate(positions)
        for number, chosen in _by_shard(np.where(status == OK, shard, -1)):
            entry = self.snapshot.index.table[number]
            if self.dim in entry.sizes and self.dim not in entry.ragged:
                values[chosen] = entry.sizes[self.dim]
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


Visit = Callable[[Any, Entry, Ints, Ints], None]


def visit_shards(snapshot: Snapshot, positions: Ints, visit: Visit, *, only_ok: bool = False) -> None:
    """Call a function with each open shard that holds records of some points, its entry, their rows, and which they are.

    A file that compaction has replaced since is no error: its points are looked up in what lies there now.

    Parameters
    ----------
    only_ok
        Whether to leave out points that have no result.

    Raises
    ------
    ShardError
        If a file is damaged, or gone without a replacement.
    """
    shard, row, status = snapshot.index.locate(positions)
    missed: list[Ints] = []
    gone: ShardGoneError | None = None
    for number, chosen in _by_shard(np.where(status == OK, shard, -1) if only_ok else shard):
        entry = snapshot.index.table[number]
        try:
            with snapshot.files.reading(snapshot.folder / entry.name) as file:
                visit(file, entry, row[chosen], chosen)
        except ShardGoneError as error:
            gone = error
            missed.append(chosen)
    if gone is None:
        return
    again = np.concatenate(missed)
    successor = snapshot.successor(positions[again], status[again])
    if successor is None:
        raise gone

    def visit_again(file: Any, entry: Entry, rows: Ints, chosen: Ints) -> None:
        visit(file, entry, rows, again[chosen])

    visit_shards(successor, positions[again], visit_again, only_ok=only_ok)


def _by_shard(shard: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each shard's number, and where it occurs; −1 is none."""
    if shard.size and np.all(shard == shard[0]):
        if shard[0] >= 0:
            yield int(shard[0]), np.arange(shard.size)
        return
    order = np.argsort(shard, kind="stable")
    numbers, first = np.unique(shard[order], return_index=True)
    for number, chosen in zip(numbers.tolist(), np.split(order, first)[1:], strict=True):
        if number >= 0:
            yield number, chosen


def read_output(file: Any, shard: Entry, name: str, rows: Ints, inner: Sequence[Ints]) -> Array:
    """Return an output at some rows of an open shard and indices of its own dimensions, as it is stored."""
    stored = shard.outputs[name]
    if stored.constant:
        return read_outer(file, name, stored.field.dtype, inner)[np.newaxis].repeat(rows.size, axis=0)
    if stored.flat:
        return _read_flat(file, name, stored.field, rows, inner)
    if shard.kind.grid:
        return _read_grid(
            file, name, stored.field.dtype, tuple(label_sizes(file).values()), rows, list(inner)
        )
    return read_outer(file, name, stored.field.dtype, [rows, *inner])


def _read_grid(
    group: Any, name: str, dtype: Any, shape: Sequence[int], rows: Ints, inner: list[Ints]
) -> Array:
    """Read rows of a variable over the dimensions of a space, of which they are the points in C order."""
    if rows.size == math.prod(shape) and np.all(rows[1:] > rows[:-1]):
        whole_key = [*(np.arange(size) for size in shape), *inner]
        block = read_outer(*_quickest(group, name, whole_key), dtype, whole_key)
        return block.reshape(rows.size, *block.shape[len(shape) :])
    index = np.unravel_index(rows, shape)
    used, place = zip(*(_used(one, size) for one, size in zip(index, shape, strict=True)), strict=True)
    whole = math.prod(len(one) for one in used)
    if whole > 4 * rows.size and len(used[0]) > 1:  # far from a product: one after the other along the first
        values: Array | None = None
        for number in range(len(used[0])):
            chosen = np.flatnonzero(place[0] == number)
            block = _read_grid(group, name, dtype, shape, rows[chosen], inner)
            values = np.empty((rows.size, *block.shape[1:]), dtype=block.dtype) if values is None else values
            values[chosen] = block
        assert values is not None
        return values
    block = read_outer(*_quickest(group, name, [*used, *inner]), dtype, [*used, *inner])
    block = block.reshape(whole, *block.shape[len(used) :])
    flat = np.ravel_multi_index(place, [len(one) for one in used])
    return block if np.array_equal(flat, np.arange(whole)) else block[flat]


def _used(index: Ints, size: int) -> tuple[Ints, Ints]:
    """Return what ``np.unique(index, return_inverse=True)`` does, for indices of a dimension; in linear time."""
    used = np.zeros(size, dtype=bool)
    used[index] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[index]


def _quickest(file: Any, name: str, key: Sequence[Ints]) -> tuple[Any, str]:
    """Return the group and the name of the copy of an output that is read the soonest at some indices."""
    copies = file.groups.get(LAYOUTS)
    others = [copy for copy in copies.variables if copy.rpartition(".")[0] == name] if copies else []
    candidates = [(file, name), *((copies, copy) for copy in others)]
    return min(candidates, key=lambda one: _effort(one[0].variables[one[1]], key)) if others else (file, name)


def _effort(variable: Any, key: Sequence[Ints]) -> int:
    """Return the bytes of the chunks that an index touches, and of what could be read while they are looked for."""
    chunks = variable.chunking()
    touched = math.prod(np.unique(index // length).size for index, length in zip(key, chunks, strict=True))
    return int(touched * (variable.dtype.itemsize * math.prod(chunks) + _GAP_BYTES))


def _read_flat(file: Any, name: str, field: Field, rows: Ints, key: Sequence[Ints]) -> Array:
    """Read rows of a variable in which they lie one behind the other, each of its own length, padded with anything."""
    dim, (along, *rest) = field.dims[0], key
    starts = read_outer(file["runs"], f"{dim}_start", np.int64, [rows])
    sizes = read_outer(file["runs"], f"{dim}_size", np.int64, [rows])
    low = starts + int(along.min())
    high = starts + np.minimum(sizes, int(along.max()) + 1)
    block = np.zeros((rows.size, *(index.size for index in key)), dtype=field.dtype)
    width = block.itemsize * math.prod(block.shape[2:])
    for part in _neighbours(low, high, width):
        first = int(low[part].min())
        found = read_outer(file, name, field.dtype, [np.arange(first, int(high[part].max())), *rest])
        if found.dtype.itemsize > block.dtype.itemsize:  # texts are as wide as their bytes
            block = block.astype(found.dtype)
        for row in part.tolist():
            inside = along < sizes[row]
            block[row, inside] = found[starts[row] - first + along[inside]]
    return block


def _neighbours(low: Ints, high: Ints, width: int) -> Iterator[Ints]:
    """Yield rows that are not empty in lots, each to be read in one go without reading much that lies between them."""
    rows = np.flatnonzero(high > low)
    rows = rows[np.argsort(low[rows], kind="stable")]
    if rows.size:
        apart = np.flatnonzero((low[rows[1:]] - high[rows[:-1]]) * width > _GAP_BYTES) + 1
        lot = (high[rows] - low[rows[0]]) * width // _LOT_BYTES
        yield from np.split(rows, np.union1d(apart, np.flatnonzero(np.diff(lot)) + 1))


def read_outer(group: Any, name: str, dtype: Any, key: Sequence[Ints]) -> Array:
    """Read a variable at the product of some indices, through the fewest reads that do not read much too much."""
    if not key:
        return fetch(group, name, dtype)
    if any(not index.size for index in key):
        return np.empty([index.size for index in key], dtype=dtype)
    ordered = [_ordered(index) for index in key]
    block = _read_sorted(group, name, dtype, [index for index, _ in ordered])
    for axis, (_, place) in enumerate(ordered):
        if place is not None:
            block = block.take(place, axis=axis)
    return block


def _ordered(index: Ints) -> tuple[Ints, Ints | None]:
    """Return an index sorted and without repetitions, and where its entries went, None if it was so already."""
    if np.all(np.diff(index) > 0):
        return index, None
    return np.unique(index, return_inverse=True)


def _read_sorted(group: Any, name: str, dtype: Any, key: list[Ints]) -> Array:
    spans = [int(index[-1] - index[0]) + 1 for index in key]
    itemsize = np.dtype(dtype).itemsize
    waste = [span / index.size for span, index in zip(spans, key, strict=True)]
    axis = int(np.argmax(waste))
    if waste[axis] > 2 and math.prod(spans) * itemsize > _SLAB_BYTES:
        across = itemsize * math.prod(spans) // spans[axis]
        chunk = key[axis] // _chunk_length(group, name, axis)  # each is read whole, once or again and again
        far = np.flatnonzero((np.diff(key[axis]) * across > _GAP_BYTES) & (np.diff(chunk) > 0)) + 1
        if far.size:
            parts = [
                _read_sorted(group, name, dtype, [*key[:axis], part, *key[axis + 1 :]])
                for part in np.split(key[axis], far)
            ]
            return np.concatenate(parts, axis=axis)
    if max(waste) > 1 and math.prod(spans) * itemsize > _LOT_BYTES:
        return _read_lots(group, name, dtype, key, spans)
    return _read_span(group, name, dtype, key)


def _read_lots(group: Any, name: str, dtype: Any, key: list[Ints], spans: list[int]) -> Array:
    """Do as `_read_span`, lot by lot along the first dimension of several indices: what is left out takes no memory."""
    axis = next(number for number, span in enumerate(spans) if span > 1)
    across = np.dtype(dtype).itemsize * math.prod(spans[axis + 1 :])
    chunk = _chunk_length(group, name, axis)
    lot = key[axis] // (max(1, _LOT_BYTES // (across * chunk)) * chunk)
    parts = np.split(key[axis], np.flatnonzero(np.diff(lot)) + 1)
    blocks = [_read_span(group, name, dtype, [*key[:axis], part, *key[axis + 1 :]]) for part in parts]
    return np.concatenate(blocks, axis=axis)


def _chunk_length(group: Any, name: str, axis: int) -> int:
    """Return how long chunks of a variable are along a dimension; 1 where it lies in one piece."""
    chunks = group.variables[name if name in group.variables else f"{name}_real"].chunking()
    return 1 if chunks == "contiguous" else int(chunks[axis])


def _read_span(group: Any, name: str, dtype: Any, key: list[Ints]) -> Array:
    """Read all from the first to the last of some indices, and keep what was asked for."""
    block = fetch(group, name, dtype, tuple(slice(int(index[0]), int(index[-1]) + 1) for index in key))
    for number, index in enumerate(key):
        if index.size != block.shape[number]:
            block = block.take(index - index[0], axis=number)
    return block


def _absent(
    file: Any, name: str, dims: tuple[str, ...], rows: Ints, inner: list[Ints]
) -> npt.NDArray[np.bool_]:
    """Return which values of a block the points do not have: beyond their lengths, or not returned at all."""
    absent = np.zeros((rows.size, *(index.size for index in inner)), dtype=bool)
    for axis, (dim, index) in enumerate(zip(dims, inner, strict=True), start=1):
        if f"{dim}_size" in file["runs"].variables:
            lengths = read_outer(file["runs"], f"{dim}_size", np.int64, [rows])
            beyond = index >= lengths[:, np.newaxis]
            absent |= beyond.reshape([size if i in (0, axis) else 1 for i, size in enumerate(absent.shape)])
    if f"{name}_given" in file.variables:
        absent[~read_outer(file, f"{name}_given", bool, [rows])] = True
    return absent
