"""Gathering the outputs of the points of one batch into stacked arrays."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError
from explorekit.simulation.outputs import Outputs, same
from explorekit.simulation.schema import FILL, Field, Schema, join, promote

Array = npt.NDArray[Any]

SCALARS: Mapping[type, Any] = {
    float: np.float64,
    int: np.int64,
    bool: np.bool_,
    complex: np.complex128,
    **{kind: kind for kind in (np.float64, np.float32, np.complex128, np.complex64, np.bool_)},
    **{kind: kind for kind in (np.int64, np.int32, np.int16, np.int8, np.uint32, np.uint16, np.uint8)},
}
_INT64 = range(-(2**63), 2**63)


# How much larger padding may make an output before its rows are joined up instead.
_WASTED_SHARE = 0.25
_WASTED_BYTES = 4096

Block = tuple[npt.NDArray[np.int64], Array]


@dataclass
class Column:
    """The values of one output, and the rows of the batch that they belong to.

    Those of points that came one by one, and those of points that came together, stacked already.
    """

    field: Field
    rows: list[int] = dataclasses.field(default_factory=list)
    values: list[Any] = dataclasses.field(default_factory=list)
    blocks: list[Block] = dataclasses.field(default_factory=list)
    batch: Array | None = (
        None  # of shape (rows of the batch, …): where blocks lie that were copied to their rows at once
    )

    def land(self, first: int, values: list[Array], capacity: int, room: int) -> Array:
        """Return arrays of one shape and dtype, of consecutive rows, as one: a part of `batch` if they fit there."""
        one, n = values[0], len(values)
        if self.batch is None and one.nbytes:
            self.batch = np.empty((min(capacity, room // one.nbytes + 1), *one.shape), one.dtype)
        batch = self.batch
        if (
            batch is None
            or batch.dtype != one.dtype
            or batch.shape[1:] != one.shape
            or first + n > len(batch)
        ):
            return np.array(values)
        block = batch[first : first + n]
        np.concatenate(values, out=block.reshape(-1, *one.shape[1:]))
        return block

    def after(self, mark: tuple[int, int]) -> "Column":
        """Return what was added behind so many values and blocks."""
        return Column(self.field, self.rows[mark[0] :], self.values[mark[0] :], self.blocks[mark[1] :])

    @property
    def nbytes(self) -> int:
        """Bytes of the values; a coordinate's are mostly one array and count for nothing."""
        arrays = [] if self.field.coordinate else [*self.values, *(block for _, block in self.blocks)]
        return sum(array.nbytes for array in arrays)

    @property
    def mark(self) -> tuple[int, int]:
        return len(self.rows), len(self.blocks)


@dataclass(frozen=True)
class Stacked:
    """One output of a batch.

    Parameters
    ----------
    field
        Its dimensions, kind and dtype.
    values
        Over (point, dims), or over dims alone where the same array holds at every point.
    constant
        Whether it is the same at every point.
    given
        Rows that have the output, where others that succeeded lack it.
    lengths
        Where rows are so uneven that padding would waste much: how many values of `values`, which then hold those of all
        rows one behind the other, belong to each row.
    """

    field: Field
    values: Array
    constant: bool
    given: npt.NDArray[np.bool_] | None
    lengths: npt.NDArray[np.int64] | None = None


class Collector:
    """Outputs of the points of one batch; a point that does not fit the schema is refused whole.

    Parameters
    ----------
    expected
        What other batches are known to have returned.
    rows
        The number of points.
    room
        Bytes of results that the batch is to hold at most, about.
    """

    def __init__(self, expected: Schema, rows: int = 0, room: int = 0) -> None:
        self._capacity, self._room = rows, room
        self._columns = {name: Column(one) for name, one in expected.items()}
        self._scalars = {name: column for name, column in self._columns.items() if _is_quick(column.field)}
        self._marks: dict[str, tuple[int, int]] = {}

    def add_together(
        self, rows: npt.NDArray[np.int64], results: list[Any], lone: str, *, arrays: bool = True
    ) -> int | None:
        """Add what many points returned, if all of it is plain and like what is known; else nothing.

        The quick way in, for runs of microseconds.

        Parameters
        ----------
        rows
            The row of each result.
        results
            Numbers or arrays, which nobody changes any more, or dicts of such that all have the same names.
        lone
            The name of one that has none.
        arrays
            Whether arrays may be among them; else there is nothing to add where some are.

        Returns
        -------
        int or None
            Bytes of arrays; None where nothing was added.
        """
        columns = _by_name(results, lone)
        if columns is None or not columns.keys() <= self._columns.keys():
            return None
        if not arrays and not columns.keys() <= self._scalars.keys():
            return None
        blocks = {name: self._block(name, rows, values) for name, values in columns.items()}
        if any(block is None for block in blocks.values()):
            return None
        size = 0
        for name, block in blocks.items():
            assert block is not None
            column = self._columns[name]
            column.blocks.append((rows, block))
            size += block.nbytes if column.field.dims else 0
            if block.dtype.str != column.field.dtype:
                dtype = promote([column.field.dtype, block.dtype])
                column.field = dataclasses.replace(column.field, dtype=dtype)
        return size

    def _block(self, name: str, rows: npt.NDArray[np.int64], values: list[Any]) -> Array | None:
        """Return values of many points as one array, or None if they are not plain, or unlike what is known."""
        if name in self._scalars:
            return _numbers(values)
        one = self._columns[name].field
        if not one.dims or one.coordinate or one.family != "number" or set(map(type, values)) != {np.ndarray}:
            return None
        shape, dtype = values[0].shape, values[0].dtype
        like = dtype.str == one.dtype and len(shape) == len(one.dims)
        if not like or any(v.shape != shape or v.dtype != dtype for v in values):
            return None
        first = int(rows[0])
        if int(rows[-1]) - first + 1 == rows.size:
            return self._columns[name].land(first, values, self._capacity, self._room)
        return np.array(values)

    def add_block(self, rows: npt.NDArray[np.int64], outputs: Outputs) -> None:
        """Add all outputs of several points, of shape (rows, …) each, or none.

        Raises
        ------
        OutputError
            If one has another kind or other dimensions than at other points.
        """
        joined = self._joined(outputs)
        for name, output in outputs.variables.items():
            column = self._column(name, joined[name])
            column.blocks.append((rows, output.values))
        for name, output in outputs.coords.items():
            column = self._column(name, joined[name])
            for row, values in zip(rows.tolist(), output.values, strict=True):
                self._append(column, row, values, coordinate=True)

    def add(self, row: int, outputs: Outputs) -> None:
        """Add all outputs of a point, or none.

        Raises
        ------
        OutputError
            If one has another kind or other dimensions than at other points.
        """
        known = [(self._columns.get(name), one, coordinate) for name, one, coordinate in outputs.each()]
        if all(column is not None and column.field.is_of(one, coordinate=c) for column, one, c in known):
            for column, one, coordinate in known:
                assert column is not None
                self._append(column, row, one.values, coordinate)
            return
        joined = self._joined(outputs)
        for name, output in outputs.variables.items():
            self._append(self._column(name, joined[name]), row, output.values, coordinate=False)
        for name, output in outputs.coords.items():
            self._append(self._column(name, joined[name]), row, output.values, coordinate=True)

    def _joined(self, outputs: Outputs) -> Schema:
        """Return the fields of some outputs joined with those known."""
        joined: dict[str, Field] = {}
        news = False
        for name, output, coordinate in outputs.each():
            column = self._columns.get(name)
            if column is not None and column.field.is_of(output, coordinate=coordinate):
                joined[name] = column.field
                continue
            news, one = True, Field.of(output, coordinate=coordinate)
            joined[name] = one if column is None else _join_exactly(name, column.field, one)
        if news:
            self._reject_halves(joined)
        return joined

    def _column(self, name: str, one: Field) -> Column:
        column = self._columns.setdefault(name, Column(one))
        self._set_field(name, column, one)
        return column

    def _set_field(self, name: str, column: Column, one: Field) -> None:
        if one is not column.field or name not in self._scalars:
            column.field = one
            self._scalars.pop(name, None)
            if _is_quick(one):
                self._scalars[name] = column

    def _reject_halves(self, joined: Schema) -> None:
        """A complex output is kept as two, whose names no other may have."""
        known = {name: column.field for name, column in self._columns.items()} | dict(joined)
        for name, one in known.items():
            if one.dtype[1] == "c":
                for half in (f"{name}_real", f"{name}_imag"):
                    if half in known and (name in joined or half in joined):
                        raise OutputError(
                            f"the complex output {name!r} is kept as {name}_real and {name}_imag, but there is an output {half!r}; "
                            f"rename one."
                        )

    @staticmethod
    def _append(column: Column, row: int, values: Any, coordinate: bool) -> None:
        # A coordinate is mostly the same at every point: keep it once.
        if coordinate and column.values and same(column.values[0], values):
            values = column.values[0]
        column.rows.append(row)
        column.values.append(values)

    def take_new(self) -> dict[str, Column]:
        """Return what was added since the last call, to be kept in case this process dies."""
        fresh = {}
        for name, column in self._columns.items():
            mark = self._marks.get(name, (0, 0))
            if column.mark != mark:
                fresh[name] = column.after(mark)
            self._marks[name] = column.mark
        return fresh

    def restore(self, piece: Mapping[str, Column]) -> None:
        """Add what `take_new` returned, in another process."""
        for name, saved in piece.items():
            column = self._columns.setdefault(name, Column(saved.field))
            self._set_field(name, column, join(name, column.field, saved.field))
            for row, values in zip(saved.rows, saved.values, strict=True):
                self._append(column, row, values, saved.field.coordinate)
            column.blocks += saved.blocks
        self._marks = {name: column.mark for name, column in self._columns.items()}

    def stack(self, ok: npt.NDArray[np.bool_]) -> tuple[dict[str, Stacked], dict[str, npt.NDArray[np.int64]]]:
        """Return the outputs as arrays over the batch, and per point the lengths of ragged dimensions.

        Parameters
        ----------
        ok
            Which rows of the batch succeeded.
        """
        filled = {name: column for name, column in self._columns.items() if column.rows or column.blocks}
        longest, ragged = _lengths(filled, ok.size)
        stacked = {name: _stack(column, ok, longest, ragged) for name, column in filled.items()}
        return stacked, ragged


def _is_quick(one: Field) -> bool:
    """Return whether lone Python numbers may join an output unseen; one of uint64 would round with them."""
    return one.family == "number" and not one.dims and not one.coordinate and one.dtype[1:] != "u8"


def _join_exactly(name: str, known: Field, new: Field) -> Field:
    joined = join(name, known, new)
    if joined.dtype[1] == "f" and known.dtype[1] in "iu" and new.dtype[1] in "iu":
        raise OutputError(
            f"output {name!r} is {np.dtype(new.dtype)} here and {np.dtype(known.dtype)} at other points, and no integer type "
            f"holds both; return one of them at every point."
        )
    return joined


def _lengths(
    columns: Mapping[str, Column], n: int
) -> tuple[dict[str, int], dict[str, npt.NDArray[np.int64]]]:
    sizes: dict[str, npt.NDArray[np.int64]] = {}
    for column in columns.values():
        for axis, dim in enumerate(column.field.dims):
            per_point = sizes.setdefault(dim, np.full(n, -1, dtype=np.int64))
            per_point[column.rows] = [values.shape[axis] for values in column.values]
            for rows, block in column.blocks:
                per_point[rows] = block.shape[axis + 1]
    longest = {dim: int(per_point.max()) for dim, per_point in sizes.items()}
    ragged = {
        dim: np.maximum(per_point, 0)
        for dim, per_point in sizes.items()
        if np.any((per_point >= 0) & (per_point != longest[dim]))
    }
    return longest, ragged


def _stack(
    column: Column,
    ok: npt.NDArray[np.bool_],
    longest: Mapping[str, int],
    ragged: Mapping[str, npt.NDArray[np.int64]],
) -> Stacked:
    one = column.field
    shape = tuple(longest[dim] for dim in one.dims)
    if one.coordinate and not column.blocks:
        first = column.values[0]
        if all(values is first for values in column.values) and np.shape(first) == shape:
            return Stacked(one, np.asarray(first), constant=True, given=None)
    if one.dims and not ragged.keys().isdisjoint(one.dims[:1]) and ragged.keys().isdisjoint(one.dims[1:]):
        lengths = ragged[one.dims[0]]
        if padding_wastes(lengths, math.prod(shape[1:]) * np.dtype(one.dtype).itemsize):
            rows, values = _joined_up(column, lengths)
            return Stacked(_with_dtype(one, values), values, False, _given(rows, ok), lengths)
    if column.batch is not None and column.batch.shape[1:] == shape and len(column.batch) >= ok.size:
        rows, values = _landed(column, column.batch[: ok.size])
    else:
        rows, values = _pieced(column, shape)
        if rows.size < ok.size or not _in_order(rows):
            values = _spread(rows, values, ok.size)
    return Stacked(_with_dtype(one, values), values, False, _given(rows, ok))


def padding_wastes(lengths: npt.NDArray[np.int64], itemsize: int) -> bool:
    """Return whether rows of such lengths are better joined up than padded; `itemsize` is what one of them adds."""
    held = int(lengths.sum())
    padding = lengths.size * int(lengths.max()) - held
    return padding > _WASTED_SHARE * held and padding * itemsize >= _WASTED_BYTES


def _with_dtype(one: Field, values: Array) -> Field:
    return Field(one.dims, one.family, values.dtype.str, one.attrs, one.coordinate)


def _given(rows: npt.NDArray[np.int64], ok: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    """Return which rows have an output, or None if it is just those that succeeded."""
    if rows.size == ok.size:
        return None
    given = np.zeros(ok.size, dtype=bool)
    given[rows] = True
    return None if np.array_equal(given, ok) else given


def _joined_up(column: Column, lengths: npt.NDArray[np.int64]) -> Block:
    """Return all rows and the values of all, one behind the other; rows without a value have fill values."""
    pieces = [(row, np.asarray(values)) for row, values in zip(column.rows, column.values, strict=True)]
    pieces += [
        (row, values)
        for rows, block in column.blocks
        for row, values in zip(rows.tolist(), block, strict=True)
    ]
    dtype = np.result_type(*{values.dtype for _, values in pieces})
    ends = np.cumsum(lengths)
    joined = np.full((int(ends[-1]), *pieces[0][1].shape[1:]), FILL.get(dtype.kind, 0), dtype=dtype)
    for row, values in pieces:
        joined[ends[row] - lengths[row] : ends[row]] = values
    return np.array([row for row, _ in pieces], dtype=np.int64), joined


def _landed(column: Column, batch: Array) -> Block:
    """Return the rows of a column, and the values of the whole batch in the array that most of them lie in already."""
    strewn = [(rows, block) for rows, block in column.blocks if block.base is not column.batch]
    values = [np.asarray(each) for each in column.values]
    dtype = np.result_type(batch, *{block.dtype for _, block in strewn}, *{each.dtype for each in values})
    batch = batch.astype(dtype, copy=False)
    given = np.zeros(len(batch), dtype=bool)
    for rows, block in strewn:
        batch[rows] = _padded(block, (len(block), *batch.shape[1:]))
    for row, each in zip(column.rows, values, strict=True):
        batch[row] = _padded(each, batch.shape[1:])
    given[column.rows] = True
    for rows, _ in column.blocks:
        given[rows] = True
    fill: Any = FILL.get(dtype.kind, 0)
    batch[~given] = fill
    return np.flatnonzero(given), batch


def _pieced(column: Column, shape: tuple[int, ...]) -> Block:
    """Return all rows and values of a column, each value padded to a shape."""
    pieces = [(rows, _padded(block, (len(block), *shape))) for rows, block in column.blocks]
    if column.rows:
        if not shape or all(np.shape(values) == shape for values in column.values):
            values = np.array(column.values)
        else:
            values = np.array([_padded(np.asarray(each), shape) for each in column.values])
        pieces.append((np.array(column.rows), values))
    if len(pieces) == 1:
        return pieces[0]
    pieces.sort(key=lambda piece: int(piece[0][0]))
    return np.concatenate([rows for rows, _ in pieces]), np.concatenate([block for _, block in pieces])


def _in_order(rows: npt.NDArray[np.int64]) -> bool:
    return bool(np.all(rows[1:] > rows[:-1]))


def _spread(rows: npt.NDArray[np.int64], values: Array, n: int) -> Array:
    spread = np.full((n, *values.shape[1:]), FILL.get(values.dtype.kind, 0), dtype=values.dtype)
    spread[rows] = values
    return spread


def _padded(values: Array, shape: tuple[int, ...]) -> Array:
    if values.shape == shape:
        return values
    padded = np.full(shape, FILL.get(values.dtype.kind, 0), dtype=values.dtype)
    padded[tuple(slice(size) for size in values.shape)] = values
    return padded


def fields_of(outputs: Outputs) -> dict[str, Field]:
    """Return the field of each output of a point."""
    return {name: Field.of(output, coordinate=coordinate) for name, output, coordinate in outputs.each()}


def is_scalar_mapping(result: Any) -> bool:
    """Return whether a result is a plain dict of plain numbers, by name."""
    return type(result) is dict and all(type(v) in SCALARS and type(k) is str for k, v in result.items())


def _by_name(results: list[Any], lone: str) -> dict[str, list[Any]] | None:
    """Return results as columns, or None if some are dicts, but not dicts of their own with the same names."""
    if type(results[0]) is not dict:
        return {lone: results}
    names = tuple(results[0])
    if set(map(type, results)) != {dict} or set(map(len, results)) != {len(names)}:
        return None
    if len(set(map(id, results))) < len(results):  # one that is changed in place: earlier values are gone
        return None
    try:
        return {name: list(map(itemgetter(name), results)) for name in names}
    except KeyError:
        return None


def _numbers(values: list[Any]) -> Array | None:
    """Return plain numbers as an array, or None if some are not, or do not fit together exactly."""
    kinds = set(map(type, values))
    if not kinds <= SCALARS.keys():
        return None
    dtypes = {SCALARS[kind] for kind in kinds}
    try:
        if len(dtypes) == 1:
            return np.fromiter(values, dtypes.pop(), len(values))
    except OverflowError:
        return None
    if any(type(value) is int and value not in _INT64 for value in values):
        return None
    return np.array(values)
