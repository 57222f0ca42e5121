"""Spaces as tables: one row a point, one column a parameter."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from explorekit.errors import SpaceError, listing
from explorekit.space.parameter import REPETITION, Param, Parameter, named, repetitions

if TYPE_CHECKING:
    import pandas as pd

    from explorekit.space.space import Space

POINT = "point"
_READS_EXACTLY = (
    3,
    1,
)  # version of pandas; before, the last bit of a float could be another unless one asked


def to_dataframe(space: "Space") -> "pd.DataFrame":
    """Return the points as rows in C order; see `Space.to_dataframe`."""
    import pandas as pd

    columns = {p.name: _column(space, p) for p in space.parameters.values()}
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(space), name=POINT))
    frame.attrs = {p.name: dict(p.attrs) for p in space.parameters.values() if p.attrs}
    return frame


def _column(space: "Space", parameter: Parameter) -> Any:
    """Return the values of a parameter at all points; where it is not given, what is missing to pandas."""
    import pandas as pd

    along = [-1 if dim == parameter.dim else 1 for dim in space.dims]
    values = np.broadcast_to(parameter.values.reshape(along), space.shape).ravel()
    if parameter.given is None:
        return values
    missing = ~np.broadcast_to(parameter.given.reshape(along), space.shape).ravel()
    if values.dtype.kind in "iub":
        masked = pd.arrays.BooleanArray if values.dtype.kind == "b" else pd.arrays.IntegerArray
        return masked(values, missing)
    if values.dtype.kind == "U":
        texts = values.astype(object)
        texts[missing] = None
        return pd.Series(texts, dtype="str")
    return values  # NaN and NaT are there


def from_dataframe(
    frame: "pd.DataFrame", *, fix_constant: bool = False, allow_missing: bool = False
) -> list[Parameter]:
    """Return the columns of a table as parameters along ``point``; see `Space.from_dataframe`."""
    if not hasattr(frame, "columns") or not hasattr(frame, "isna"):
        raise SpaceError(
            f"got {type(frame).__name__} as a table; expected a DataFrame of pandas, one row a point. Give pandas.DataFrame(…)."
        )
    if frame.columns.nlevels > 1 or not frame.columns.is_unique:
        again = frame.columns[frame.columns.duplicated()].unique()
        raise SpaceError(
            f"got a table with the columns {listing(again if len(again) else frame.columns)}; expected one column a parameter, each named "
            f"once. Rename them."
        )
    if not len(frame):
        raise SpaceError("got a table without rows; expected one row a point, at least one.")
    if not allow_missing:
        _reject_missing(frame)
    repeated: list[Parameter] = []
    if REPETITION in frame.columns:
        frame, repeated = _without_repetitions(frame)
    parameters = []
    for name, column in frame.items():
        parameter = named(cast("str", name), Param(_given(column), frame.attrs.get(name, {}), POINT))
        constant = parameter.given is None and bool(np.all(parameter.values == parameter.values[0]))
        parameters.append(parameter.take(0) if fix_constant and constant else parameter)
    return parameters + repeated


def _given(column: "pd.Series[Any]") -> Any:
    """Return the values of a column, with their dtype, and None where one is missing."""
    missing = column.isna()
    if not missing.any():
        return _values(column)
    present = iter(list(np.asarray(_values(column[~missing]))))
    return [None if lacks else next(present) for lacks in missing]


def _values(column: "pd.Series[Any]") -> Any:
    """Return the values of a column as NumPy has them; those of pandas' own types as what they stand for."""
    if column.dtype.name == "category":
        column = column.astype(column.cat.categories.dtype)
    numpy_dtype = getattr(column.dtype, "numpy_dtype", None)  # of Int64, Float32, boolean
    return column.to_numpy(dtype=numpy_dtype) if numpy_dtype is not None else column.to_numpy()


def _reject_missing(frame: "pd.DataFrame") -> None:
    missing = frame.isna().to_numpy()
    if missing.any():
        row, column = np.argwhere(missing)[0].tolist()
        name = frame.columns[column]
        more = f" (and {int(missing.sum()) - 1} more)" if missing.sum() > 1 else ""
        raise SpaceError(
            f"the table has no value in row {frame.index[row]!r}, column {name!r}{more}; expected a value of every parameter at every "
            f"point. Drop the row with frame.dropna(), or fill the cell with frame.fillna({{{name!r}: …}}); allow_missing=True "
            f"means that such a point lacks the parameter. Text such as NA in a CSV file is kept by keep_default_na=False."
        )


def _without_repetitions(frame: "pd.DataFrame") -> "tuple[pd.DataFrame, list[Parameter]]":
    """Return the rows of the first repetition, and the parameter that counts them, if every point has all of them, innermost."""
    numbers = np.asarray(_values(frame[REPETITION]))
    others = frame.drop(columns=REPETITION)
    n = int(np.unique(numbers).size)
    complete = len(frame) % n == 0 and np.array_equal(numbers, np.tile(np.arange(n), len(frame) // n))
    if not complete or any(
        not np.array_equal(np.repeat(column[::n], n), column)
        for column in [_values(others[name]) for name in others]
    ):
        raise SpaceError(
            f"the column {REPETITION!r} counts the repetitions of a point; expected 0, 1, …, n − 1 at every point, in rows one after the other. "
            f"Drop the column and use .repeat(n), or give it another name."
        )
    return others.iloc[::n], [repetitions(n)]


def from_csv(path: str | Path, *, fix_constant: bool, allow_missing: bool, **options: Any) -> list[Parameter]:
    """Return the columns of a CSV file as parameters along ``point``; see `Space.from_csv`."""
    import pandas as pd

    if tuple(map(int, pd.__version__.split(".")[:2])) < _READS_EXACTLY and options.get("engine", "c") == "c":
        options = {"float_precision": "round_trip"} | options
    try:
        frame: Any = pd.read_csv(path, **options)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise SpaceError(
            f"cannot read {str(path)!r} as a table: {error}. Expected a line of names, then one line a point, as pandas.read_csv reads "
            f"it; further options are passed on to it."
        ) from None
    return from_dataframe(frame, fix_constant=fix_constant, allow_missing=allow_missing)
