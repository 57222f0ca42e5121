"""Tables of pandas as named arrays: an index becomes a dimension, a column a variable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError

_EXACT_IN_FLOAT64 = 2**53


@dataclass(frozen=True)
class Table:
    """What a table holds, by name, each over the dimensions of its index.

    Parameters
    ----------
    dims
        One, or one for each level of the index.
    columns
        Values of the shape of the index.
    labels
        The labels along each dimension that has any.
    """

    dims: tuple[str, ...]
    columns: Mapping[str, npt.NDArray[Any]]
    labels: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def is_table(value: Any, *kinds: str) -> bool:
    """Return whether a value is a ``DataFrame`` or ``Series``."""
    # By name, so that a child whose simulation does without pandas need not import it (0.3 s).
    return any(
        base.__name__ in kinds and base.__module__.split(".")[0] == "pandas" for base in type(value).__mro__
    )


def from_frame(name: str, frame: Any, dims: tuple[str, ...] | None) -> Table:
    """Return the columns of a DataFrame.

    Parameters
    ----------
    name
        What the simulation calls the table.
    frame
        The DataFrame.
    dims
        The dimensions that are declared for it, for an index without a name.

    Raises
    ------
    OutputError
        If the index or the columns have no form as labelled arrays.
    """
    check_columns(name, frame)
    frame, shape, dims, labels = _unstacked(name, frame, dims)
    columns = {column: column_values(column, frame[column]).reshape(shape) for column in frame.columns}
    return Table(dims, columns, labels)


def check_columns(name: str, frame: Any) -> None:
    """Raise `OutputError` unless the columns of a DataFrame have names as text, each one of its own."""
    for column in frame.columns:
        if not isinstance(column, str) or not column:
            raise OutputError(
                f"the simulation returned a DataFrame {name!r} with the column {column!r}; expected names as text. "
                f"Rename the columns."
            )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise OutputError(
            f"the simulation returned a DataFrame {name!r} with two columns {twice!r}; rename one."
        )


def from_series(name: str, series: Any, dims: tuple[str, ...] | None) -> Table:
    """Return the values of a Series under a name; see `from_frame`."""
    series, shape, dims, labels = _unstacked(name, series, dims)
    return Table(dims, {name: column_values(name, series).reshape(shape)}, labels)


def _unstacked(
    name: str, table: Any, declared: tuple[str, ...] | None
) -> tuple[Any, tuple[int, ...], tuple[str, ...], dict[str, npt.NDArray[Any]]]:
    """Return a table whose rows are in C order over its dimensions, their lengths, names and labels."""
    index = table.index
    if index.nlevels == 1:
        declared = declared or (f"{name}_dim",)
        if len(declared) != 1:
            raise OutputError(
                f"the simulation returned the table {name!r}, whose index is one dimension; it declares {declared}."
            )
        dim = declared[0] if index.name is None else str(index.name)
        counts = type(index).__name__ == "RangeIndex" and (index.start, index.step) == (0, 1)
        labels = {} if counts and index.name is None else {dim: column_values(dim, index)}
        return table, (len(index),), (dim,), labels
    dims = tuple(index.names)
    if any(not isinstance(dim, str) for dim in dims) or len(set(dims)) < len(dims):
        raise OutputError(
            f"the simulation returned the table {name!r} with an index of {len(dims)} levels called {dims}; expected a "
            f"name for each, to be the dimensions. Name the levels, or return table.reset_index()."
        )
    levels = [index.unique(level) for level in range(index.nlevels)]
    shape = tuple(len(level) for level in levels)
    if not index.is_unique or len(index) != np.prod(shape):
        raise OutputError(
            f"the simulation returned the table {name!r} with an index of {len(index)} rows over {dims}; expected each of the "
            f"{np.prod(shape)} combinations once. Return table.to_xarray(), which fills those that lack with NaN, or "
            f"table.reset_index(), which makes columns of the levels."
        )
    whole = type(index).from_product(levels, names=dims)
    labels = {dim: column_values(dim, level) for dim, level in zip(dims, levels, strict=True)}
    return table.reindex(whole), shape, dims, labels


def column_values(name: str, column: Any) -> npt.NDArray[Any]:
    """Return a column as an array of its own kind; a missing number is NaN."""
    kind = getattr(column.dtype, "kind", "O")
    if isinstance(column.dtype, np.dtype) or kind not in "iuf" or not column.hasnans:
        return np.asarray(column.to_numpy())
    if kind != "f" and column.abs().max() > _EXACT_IN_FLOAT64:
        raise OutputError(
            f"the simulation returned {name!r} with missing values and integers above 2**53, which float64 cannot hold; "
            f"fill the missing ones."
        )
    return np.asarray(column.to_numpy(np.float64, na_value=np.nan))
