"""Gathering the outputs of the points of one batch into stacked arrays."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError
from explorekit.simulation.outputs import Outputs, same
from explorekit.simulation.schema import Field, Schema, join

Array = npt.NDArray[Any]

SCALARS = frozenset({float, int, bool, complex, np.float64, np.int64, np.bool_, np.complex128})
_INT64 = range(-(2**63), 2**63)

FILL: dict[str, Any] = {
    "f": np.nan,
    "c": complex(np.nan, np.nan),
    "M": np.datetime64("NaT"),
    "m": np.timedelta64("NaT"),
    "U": "",
    "b": False,
}


@dataclass
class Column:
    """The values of one output, and the rows of the batch that they belong to."""

    field: Field
    rows: list[int] = dataclasses.field(default_factory=list)
    values: list[Any] = dataclasses.field(default_factory=list)


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
    """

    field: Field
    values: Array
    constant: bool
    given: npt.NDArray[np.bool_] | None


class Collector:
    """Outputs of the points of one batch; a point that does not fit the schema is refused whole.

    Parameters
    ----------
    expected
        What other batches are known to have returned.
    """

    def __init__(self, expected: Schema) -> None:
        self._columns = {name: Column(one) for name, one in expected.items()}
        self._scalars = {name: column for name, column in self._columns.items() if _is_quick(column.field)}
        self._marks: dict[str, int] = {}

    def add_scalar(self, name: str, row: int, value: Any) -> bool:
        """Add a lone number, if the variable is known to be one; the quick way in for runs of a microsecond."""
        column = self._scalars.get(name)
        if column is None or (type(value) is int and value not in _INT64):
            return False
        column.rows.append(row)
        column.values.append(value)
        return True

    def add_scalars(self, row: int, values: Mapping[str, Any]) -> bool:
        """Add several lone numbers, if every one is known to be one; else none."""
        columns = self._scalars
        for name, value in values.items():
            if name not in columns or (type(value) is int and value not in _INT64):
                return False
        for name, value in values.items():
            column = columns[name]
            column.rows.append(row)
            column.values.append(value)
        return True

    def add(self, row: int, outputs: Outputs) -> None:
        """Add all outputs of a point, or none.

        Raises
        ------
        OutputError
            If one has another kind or other dimensions than at other points.
        """
        items = [(name, output, False) for name, output in outputs.variables.items()]
        items += [(name, output, True) for name, output in outputs.coords.items()]
        fields = {name: Field.of(output, coordinate=coordinate) for name, output, coordinate in items}
        joined = {
            name: _join_exactly(name, self._known(name, one), one) if name in self._columns else one
            for name, one in fields.items()
        }
        self._reject_halves(joined)
        for name, output, coordinate in items:
            column = self._columns.setdefault(name, Column(joined[name]))
            self._set_field(name, column, joined[name])
            self._append(column, row, output.values, coordinate)

    def _known(self, name: str, new: Field) -> Field:
        """Return an output's field so far; numbers that came the quick way may have outgrown it."""
        column = self._columns[name]
        if name not in self._scalars or not column.values or new.dtype[1:] != "u8":
            return column.field
        return dataclasses.replace(column.field, dtype=np.array(column.values).dtype.str)

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
            mark = self._marks.get(name, 0)
            if len(column.rows) > mark:
                fresh[name] = Column(column.field, column.rows[mark:], column.values[mark:])
            self._marks[name] = len(column.rows)
        return fresh

    def restore(self, piece: Mapping[str, Column]) -> None:
        """Add what `take_new` returned, in another process."""
        for name, saved in piece.items():
            column = self._columns.setdefault(name, Column(saved.field))
            self._set_field(name, column, join(name, column.field, saved.field))
            for row, values in zip(saved.rows, saved.values, strict=True):
                self._append(column, row, values, saved.field.coordinate)
        self._marks = {name: len(column.rows) for name, column in self._columns.items()}

    def stack(self, ok: npt.NDArray[np.bool_]) -> tuple[dict[str, Stacked], dict[str, npt.NDArray[np.int64]]]:
        """Return the outputs as arrays over the batch, and per point the lengths of ragged dimensions.

        Parameters
        ----------
        ok
            Which rows of the batch succeeded.
        """
        filled = {name: column for name, column in self._columns.items() if column.rows}
        longest, ragged = _lengths(filled, ok.size)
        stacked = {name: _stack(column, ok, longest) for name, column in filled.items()}
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
    longest = {dim: int(per_point.max()) for dim, per_point in sizes.items()}
    ragged = {
        dim: np.maximum(per_point, 0)
        for dim, per_point in sizes.items()
        if np.any((per_point >= 0) & (per_point != longest[dim]))
    }
    return longest, ragged


def _stack(column: Column, ok: npt.NDArray[np.bool_], longest: Mapping[str, int]) -> Stacked:
    one, first = column.field, column.values[0]
    shape = tuple(longest[dim] for dim in one.dims)
    if one.coordinate and all(values is first for values in column.values) and np.shape(first) == shape:
        return Stacked(one, np.asarray(first), constant=True, given=None)
    if not shape or all(np.shape(values) == shape for values in column.values):
        values = np.array(column.values)
    else:
        values = np.array([_padded(np.asarray(each), shape) for each in column.values])
    one = Field(one.dims, one.family, values.dtype.str, one.attrs, one.coordinate)
    if len(column.rows) == ok.size:
        return Stacked(one, values, constant=False, given=None)
    spread = np.full((ok.size, *shape), FILL.get(values.dtype.kind, 0), dtype=values.dtype)
    spread[column.rows] = values
    given = np.zeros(ok.size, dtype=bool)
    given[column.rows] = True
    return Stacked(one, spread, constant=False, given=None if np.array_equal(given, ok) else given)


def _padded(values: Array, shape: tuple[int, ...]) -> Array:
    padded = np.full(shape, FILL.get(values.dtype.kind, 0), dtype=values.dtype)
    padded[tuple(slice(size) for size in values.shape)] = values
    return padded


def is_scalar_mapping(result: Any) -> bool:
    """Return whether a result is a plain dict of plain numbers, by name."""
    return type(result) is dict and all(type(v) in SCALARS and type(k) is str for k, v in result.items())
