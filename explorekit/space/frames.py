"""Spaces as tables: one row a point, one column a parameter."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.arrays import Arrays
from explorekit.space.derived import Derived
from explorekit.space.parameter import REPETITION, Param, Parameter, named, repetitions

if TYPE_CHECKING:
    import pandas as pd

    from explorekit.space.space import Space

POINT = "point"
_EXACT_IN_FLOAT64 = 2.0**53
_READS_EXACTLY = (
    3,
    1,
)  # version of pandas; before, the last bit of a float could be another unless one asked


def to_dataframe(space: "Space") -> "pd.DataFrame":
    """Return the points as rows in C order; see `Space.to_dataframe`."""
    import pandas as pd

    columns = {
        p.name: _column(
            space, np.reshape(p.values, over), None if p.given is None else np.reshape(p.given, over)
        )
        for p in space.passed.values()
        for over in (_over(space, p),)
    }
    for p in space.passed.values():
        if p.arrays is not None:
            columns[p.name] = _objects(p.arrays, columns[p.name])
    frame = pd.DataFrame(columns, index=pd.RangeIndex(len(space), name=POINT))
    frame.attrs = {p.name: dict(p.attrs) for p in space.passed.values() if p.attrs}
    return frame


def _over(space: "Space", parameter: Parameter | Derived) -> list[int]:
    """Return the length of a parameter's values along each dimension of the space, 1 where they do not vary."""
    dims = parameter.dims if isinstance(parameter, Derived) else (parameter.dim,)
    return [size if dim in dims else 1 for dim, size in space.sizes.items()]


def _column(space: "Space", over: "npt.NDArray[Any]", given: "npt.NDArray[np.bool_] | None") -> Any:
    """Return the values of a parameter at all points; where it is not given, what is missing to pandas."""
    import pandas as pd

    values = np.broadcast_to(over, space.shape).ravel()
    if given is None:
        return values
    missing = ~np.broadcast_to(given, space.shape).ravel()
    if values.dtype.kind in "iub":
        masked = pd.arrays.BooleanArray if values.dtype.kind == "b" else pd.arrays.IntegerArray
        return masked(values, missing)
    if values.dtype.kind == "U":
        texts = values.astype(object)
        texts[missing] = None
        return pd.Series(texts, dtype="str")
    return values  # NaN and NaT are there


def _objects(arrays: Arrays, digests: npt.NDArray[np.bytes_]) -> npt.NDArray[Any]:
    """Return a column of arrays; None where there is none."""
    column = np.empty(digests.size, dtype=object)
    for row, array in enumerate(arrays.each(digests)):
        column[row] = array if digests[row] else None
    return column


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
    if index := [name for name in frame.index.names if name not in (None, POINT)]:
        raise SpaceError(
            f"got a table whose index is {listing(index)}, which would be lost; expected one column a parameter. Make it one with "
            f"frame.reset_index(), or drop it with frame.reset_index(drop=True)."
        )
    if POINT in frame.columns and np.array_equal(frame[POINT], np.arange(len(frame))):
        frame = frame.drop(columns=POINT)  # numbers the rows, as the index of `to_dataframe` does
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
    if any(isinstance(one, np.ndarray) and one.ndim for one in column[~missing][:1]):
        return list(column.where(~missing, None))
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
    numbers = frame[REPETITION]
    others = frame.drop(columns=REPETITION)
    n = int(numbers.nunique(dropna=False))
    complete = (
        not numbers.isna().any()
        and len(frame) % n == 0
        and np.array_equal(_values(numbers), np.tile(np.arange(n), len(frame) // n))
    )
    firsts = others.iloc[np.arange(len(frame)) // n * n]
    if not complete or not firsts.reset_index(drop=True).equals(others.reset_index(drop=True)):
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
    if allow_missing:  # integers beside a missing one would become floats
        options = {"dtype_backend": "numpy_nullable"} | options
    options = {
        "index_col": False
    } | options  # else more cells than names would make an index of the first ones
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Length of header", pd.errors.ParserWarning)
            frame: Any = pd.read_csv(path, **options)
    except pd.errors.ParserWarning:
        raise SpaceError(
            f"{str(path)!r} has lines with more cells than there are names; expected one name a column. Name each, or give the sign "
            f"between cells: sep=';'."
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise SpaceError(
            f"cannot read {str(path)!r} as a table: {error}. Expected a line of names, then one line a point, as pandas.read_csv reads "
            f"it; further options are passed on to it."
        ) from None
    if hasattr(frame, "columns") and frame.columns.is_unique:
        _check_numbers(frame, path, options)
    return from_dataframe(frame, fix_constant=fix_constant, allow_missing=allow_missing)


def _check_numbers(frame: "pd.DataFrame", path: str | Path, options: Mapping[str, Any]) -> None:
    """Raise `SpaceError` where pandas took numbers for text, as one cell among them is none, or rounded what no float holds."""
    import pandas as pd

    declared = options.get("dtype", {})
    if not isinstance(declared, Mapping):
        return
    own = {*declared, *options.get("converters", ())}
    rounded = []
    for name, column in frame.items():
        given = column.dropna()
        if name in own or not len(given):
            continue
        if column.dtype.kind == "f" and bool((given.abs() >= _EXACT_IN_FLOAT64).any()):
            rounded.append(str(name))
        if pd.api.types.infer_dtype(given, skipna=False) == "string":
            numbers = pd.to_numeric(given, errors="coerce").notna().to_numpy()
            if numbers.any():
                other = given[~numbers].iloc[0] if not numbers.all() else given.iloc[-1]
                raise SpaceError(
                    f"column {name!r} of {str(path)!r} has {given[numbers].iloc[0]} and {other!r}, which no type but text holds; expected values "
                    f"of one kind. Correct the cell, or declare text: dtype={{{name!r}: str}}."
                )
    if rounded:
        texts = pd.read_csv(path, **{**options, "dtype": {**declared, **dict.fromkeys(rounded, str)}})
        for name in rounded:
            _check_exact(name, frame[name], texts[name], path)


def _check_exact(name: str, values: "pd.Series[Any]", texts: "pd.Series[Any]", path: str | Path) -> None:
    large = values.notna() & (values.abs() >= _EXACT_IN_FLOAT64)
    for value, text in zip(values[large].tolist(), texts[large].tolist(), strict=True):
        whole = re.fullmatch(r"\s*[-+]?[0-9]+\s*", text)
        if (whole and int(text) != value) or (np.isinf(value) and "inf" not in text.lower()):
            raise SpaceError(
                f"column {name!r} of {str(path)!r} has {text} among floats, which would be {value!r}; expected values that one type "
                f"holds exactly. Correct the cell, or accept the rounding: dtype={{{name!r}: float}}."
            )
