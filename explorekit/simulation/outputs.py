"""What a simulation returns, in one form: named arrays with dimensions, and their coordinates."""

import inspect
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError
from explorekit.simulation.declare import Simulation
from explorekit.simulation.names import Structure, check_names
from explorekit.simulation.sparse import SPARSE, csr_parts, is_sparse
from explorekit.simulation.tables import Table, from_frame, from_series, is_table

STEP = "step"
_OWN_ATTRS = frozenset(
    {
        *("_FillValue", "_Encoding", "dtype", "missing_value", "scale_factor", "add_offset", "coordinates"),
        *("ancillary_variables", "explorekit_complex", "explorekit_ragged", SPARSE),
    }
)

_FAMILY = {
    "b": "number",
    "i": "number",
    "u": "number",
    "f": "number",
    "c": "number",
    "U": "text",
    "M": "time",
    "m": "duration",
}
# What needs no closer look, as most of what simulations return.
_PLAIN = frozenset({np.ndarray, float, int, bool, complex, str, np.float64, np.int64})
_STORED_AS_THEY_ARE = frozenset(map(np.dtype, "?bhilqBHILQfdFD"))
_EXPECTED = "a scalar, dict, ndarray, DataArray, Dataset, DataFrame, Series or sparse matrix"
_ELEMENTS = "bool, int, float, complex, str, datetime64 or timedelta64"


@dataclass(frozen=True, slots=True)
class Output:
    """One named array of a point."""

    dims: tuple[str, ...]
    values: npt.NDArray[Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """``number``, ``text``, ``time`` or ``duration``: the kinds that never mix in one variable."""
        return _FAMILY[self.values.dtype.kind]


@dataclass(frozen=True, slots=True)
class Outputs:
    """All arrays of a point, and the coordinates of their dimensions."""

    variables: Mapping[str, Output]
    coords: Mapping[str, Output] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Return the length of each dimension.

        Raises
        ------
        OutputError
            If two arrays of the point disagree on one.
        """
        sizes: dict[str, int] = {}
        for name, output in chain(self.coords.items(), self.variables.items()):
            for dim, size in zip(output.dims, output.values.shape, strict=True):
                if sizes.setdefault(dim, size) != size:
                    raise OutputError(
                        f"the simulation returned {name!r} with {size} values along {dim!r}, where another output has "
                        f"{sizes[dim]}; expected one length. Give the dimensions different names."
                    )
        return sizes

    def each(self) -> Iterator[tuple[str, Output, bool]]:
        """Yield the name of each array, the array, and whether it is a coordinate."""
        for name, output in self.variables.items():
            yield name, output, False
        for name, output in self.coords.items():
            yield name, output, True

    def structure(self) -> Structure:
        """Return name, dimensions and kind of dtype of each array, and whether it is a coordinate."""
        return tuple((n, one.dims, one.values.dtype.kind, coordinate) for n, one, coordinate in self.each())


def outputs_of(result: Any, simulation: Simulation, taken: frozenset[str]) -> Outputs:
    """Return what a simulation returned as `Outputs`; a generator is run to its end.

    Parameters
    ----------
    result
        What the call returned: a scalar, dict, ndarray, DataArray, Dataset, DataFrame, Series, sparse matrix, None,
        or a generator of these.
    simulation
        For the names and attributes that it declares.
    taken
        The names of parameters and dimensions of the space, which no output may have.

    Raises
    ------
    OutputError
        If something in the result has no place in a netCDF file.
    """
    if (plain := _from_plain(result, simulation, taken)) is not None:
        return plain
    outputs = (
        _from_steps(result, simulation) if inspect.isgenerator(result) else _from_value(result, simulation)
    )
    if both := outputs.variables.keys() & outputs.coords.keys():
        raise OutputError(
            f"the simulation returned {min(both)!r} both as an output and as a coordinate; rename one."
        )
    outputs.sizes()
    check_names(outputs.structure(), taken)
    for name, words in simulation.encoding.items():
        one, chunks = outputs.variables.get(name), words.get("chunksizes")
        if one is not None and chunks is not None and len(chunks) != len(one.dims):
            raise OutputError(
                f"the simulation returned {name!r} with dimensions {one.dims}; its encoding has chunksizes={chunks}. "
                f"Give one length for each dimension."
            )
    return outputs


def _from_plain(result: Any, simulation: Simulation, taken: frozenset[str]) -> Outputs | None:
    """Return plain arrays and floats, the quick way: what they are called and lie along is looked up; None for others."""
    if type(result) is not dict and type(result) is not np.ndarray:
        return None
    named = result if type(result) is dict else {simulation.name: result}
    arrays = []
    for value in named.values():
        if type(value) is np.ndarray and value.dtype in _STORED_AS_THEY_ARE:
            arrays.append(value.copy())
        elif type(value) is float or type(value) is np.float64:
            arrays.append(np.array(value))
        else:
            return None
    described = tuple((name, array.dtype.char, array.ndim) for name, array in zip(named, arrays, strict=True))
    known = _described_plainly(described, simulation, taken)
    if known is None:
        return None
    return Outputs({n: Output(d, v, attrs) for (n, d, attrs), v in zip(known, arrays, strict=True)})


@lru_cache(maxsize=64)  # mostly the same for every point
def _described_plainly(
    described: tuple[tuple[Any, str, int], ...], simulation: Simulation, taken: frozenset[str]
) -> tuple[tuple[str, tuple[str, ...], Mapping[str, Any]], ...] | None:
    """Return name, dimensions and attributes of arrays, from name, dtype and number of dimensions; None if that needs care."""
    if not all(isinstance(name, str) and name for name, _, _ in described):
        return None
    some = {name: np.zeros((1,) * ndim, dtype=char) for name, char, ndim in described}
    outputs = _from_mapping(some, simulation)
    dims = [dim for output in outputs.variables.values() for dim in output.dims]
    if len(set(dims)) < len(dims) or simulation.encoding:
        return None  # their lengths are to be compared, and the encodings'
    check_names(outputs.structure(), taken)
    return tuple((name, output.dims, output.attrs) for name, output in outputs.variables.items())


def _from_value(result: Any, simulation: Simulation) -> Outputs:
    if type(result) in _PLAIN:
        return Outputs({simulation.name: _output(simulation.name, result, simulation)})
    if result is None:
        return Outputs({})
    if is_xarray(result, "Dataset"):
        return _from_dataset(result, simulation)
    if is_xarray(result, "DataArray"):
        return _from_dataset(result.to_dataset(name=result.name or simulation.name), simulation)
    if isinstance(result, Mapping):
        return _from_mapping(result, simulation)
    if is_table(result, "DataFrame"):
        return _from_frame(simulation.name, result, simulation)
    name = result.name if is_table(result, "Series") and isinstance(result.name, str) else simulation.name
    return _from_array(name or simulation.name, result, simulation)


def _from_mapping(result: Mapping[Any, Any], simulation: Simulation) -> Outputs:
    variables: dict[str, Output] = {}
    coords: dict[str, Output] = {}
    for name, value in result.items():
        if not isinstance(name, str) or not name:
            raise OutputError(
                f"the simulation returned a dict with the key {name!r}; expected names as text."
            )
        name = _exactly(name)  # noqa: PLW2901
        if value is None:
            continue
        if type(value) in _PLAIN and name not in variables:
            variables[name] = _output(name, value, simulation)
            continue
        if is_table(value, "DataFrame"):
            one = _from_frame(name, value, simulation, prefix=f"{name}_")
        else:
            one = _from_array(name, value, simulation)
        if both := sorted(variables.keys() & one.variables.keys()):
            raise OutputError(
                f"the simulation returned {name!r}, for which the results need the name {both[0]!r} too, and that is taken; "
                f"rename one of them."
            )
        variables |= one.variables
        _merge_coords(coords, one.coords)
    return Outputs(variables, {name: coord for name, coord in coords.items() if name not in variables})


def _from_array(name: str, value: Any, simulation: Simulation) -> Outputs:
    """Return one named output: an array of any library, or what makes one."""
    if is_xarray(value, "DataArray"):
        return _from_dataset(value.to_dataset(name=name), simulation)
    if is_table(value, "Series"):
        return _from_table(from_series(name, value, simulation.dims.get(name)), simulation)
    if is_sparse(value):
        parts = csr_parts(name, value)
        declared = {part: simulation.attrs(name) if part == f"{name}_data" else {} for part in parts}
        return Outputs(
            {
                part: _described(dims, storable(part, values), {**attrs, **declared[part]})
                for part, (dims, values, attrs) in parts.items()
            }
        )
    return Outputs({name: _output(name, value, simulation)})


def _from_frame(name: str, frame: Any, simulation: Simulation, prefix: str = "") -> Outputs:
    return _from_table(from_frame(name, frame, simulation.dims.get(name)), simulation, prefix)


def _from_table(table: Table, simulation: Simulation, prefix: str = "") -> Outputs:
    dims = tuple(map(_exactly, table.dims))
    variables = {
        f"{prefix}{name}": _described(
            dims, storable(f"{prefix}{name}", values), simulation.attrs(f"{prefix}{name}")
        )
        for name, values in table.columns.items()
    }
    return Outputs(
        variables, {_exactly(d): Output((_exactly(d),), storable(d, v)) for d, v in table.labels.items()}
    )


def _merge_coords(coords: dict[str, Output], more: Mapping[str, Output]) -> None:
    for name, coord in more.items():
        known = coords.setdefault(name, coord)
        if known.dims != coord.dims or not same(known.values, coord.values):
            raise OutputError(
                f"two outputs carry different coordinates {name!r} along {coord.dims}; expected one. Rename one dimension."
            )


def _from_dataset(dataset: Any, simulation: Simulation) -> Outputs:
    variables = {str(n): _labelled(str(n), v, simulation.attrs(str(n))) for n, v in dataset.data_vars.items()}
    coords = {str(n): _labelled(str(n), v, {}) for n, v in dataset.coords.items() if v.dims}
    return Outputs(variables, coords)


def _labelled(name: str, variable: Any, declared: Mapping[str, Any]) -> Output:
    values = storable(name, variable.values)
    attrs = {k: v for k, v in variable.attrs.items() if _is_plain(k, v)}
    return _described(tuple(str(d) for d in variable.dims), values, {**attrs, **declared})


def _described(dims: tuple[str, ...], values: npt.NDArray[Any], attrs: Mapping[str, Any]) -> Output:
    if values.dtype.kind in "mM":  # the file's own are at work
        attrs = {key: value for key, value in attrs.items() if key not in ("units", "calendar")}
    return Output(dims, values, {_exactly(key): _exactly(value) for key, value in attrs.items()})


def _exactly(value: Any) -> Any:
    """Return a text or float without the user's own type, such as an enumeration's, which no other process knows."""
    for kind in (str, float):
        if isinstance(value, kind) and type(value) is not kind:
            return kind.__str__(value) if kind is str else float(value)
    return value


def _is_plain(key: Any, value: Any) -> bool:
    """Return whether netCDF and JSON can both hold an attribute; others are left out, being no results."""
    if not isinstance(key, str) or not re.fullmatch(r"\w[^\x00-\x1f\x7f/]*(?<! )", key) or key in _OWN_ATTRS:
        return False
    if isinstance(value, str):
        return not _unstorable(value)
    return isinstance(value, float) or (type(value) is int and -(2**63) <= value < 2**63)


def _output(name: str, value: Any, simulation: Simulation) -> Output:
    values = storable(name, value)
    dims = simulation.dims.get(name)
    if dims is None:
        dims = (f"{name}_dim",) if values.ndim == 1 else tuple(f"{name}_dim_{i}" for i in range(values.ndim))
    if len(dims) != values.ndim:
        raise OutputError(
            f"the simulation returned {name!r} with shape {values.shape}; it declares the dimensions {dims}. Make them agree."
        )
    return _described(dims, values, simulation.attrs(name))


def storable(name: str, value: Any) -> npt.NDArray[Any]:
    """Return a copy as an array that netCDF can hold: the simulation may go on to change its own."""
    if type(value) is np.ndarray and value.dtype in _STORED_AS_THEY_ARE:
        return value.copy()
    return _made_storable(name, value)


def _made_storable(name: str, value: Any) -> npt.NDArray[Any]:
    if isinstance(value, np.ma.MaskedArray):
        value = _unmasked(name, value)
    try:
        values = np.array(value)
    except (ValueError, TypeError) as error:
        raise OutputError(
            f"the simulation returned {name!r} as a ragged sequence ({error}); expected {_EXPECTED}."
        ) from None
    if values.dtype.kind in "OT":
        values = _from_objects(name, values.astype(object))
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    if values.dtype.kind in "mM":
        values = _nanoseconds(name, values)
    if values.dtype.kind == "U":
        for text in [value] if isinstance(value, str) else values.ravel().tolist():
            if reason := _unstorable(text):
                raise OutputError(f"the simulation returned {name!r} with the text {text!r}, which {reason}.")
    if values.dtype.kind not in _FAMILY or (
        values.dtype.itemsize > (16 if values.dtype.kind == "c" else 8) and values.dtype.kind != "U"
    ):
        raise OutputError(
            f"the simulation returned {name!r} of type {type(value).__name__} (dtype {values.dtype}), which netCDF cannot hold; "
            f"expected {_EXPECTED} of {_ELEMENTS}."
        )
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _from_objects(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    items = values.ravel().tolist()
    if items and all(isinstance(item, str) for item in items):
        return np.array(items, dtype=str).reshape(values.shape)
    if len(set(map(type, items))) == 1:  # of several kinds, some would lose digits
        numbers = np.array(items)
        if numbers.shape == (len(items),) and numbers.dtype.kind in "biufc":
            return numbers.reshape(values.shape)
    if items and all(isinstance(item, date) and getattr(item, "tzinfo", None) is None for item in items):
        # As Python's own, the times of pandas would lose their nanoseconds.
        times = [
            getattr(item, "to_datetime64", lambda item=item: np.datetime64(item, "us"))() for item in items
        ]
        return np.concatenate([_nanoseconds(name, np.array([time])) for time in times]).reshape(values.shape)
    if items and all(isinstance(item, timedelta) for item in items):
        spans = [
            getattr(item, "to_timedelta64", lambda item=item: np.timedelta64(item, "us"))() for item in items
        ]
        return np.concatenate([_nanoseconds(name, np.array([span])) for span in spans]).reshape(values.shape)
    kinds = ", ".join(sorted({type(item).__name__ for item in items}))
    raise OutputError(
        f"the simulation returned {name!r} holding {kinds or 'nothing'}, which netCDF cannot hold; "
        f"expected {_EXPECTED} of {_ELEMENTS}."
    )


def _nanoseconds(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    exact = values.astype(f"{values.dtype.kind}8[ns]")
    if not np.array_equal(exact.astype(values.dtype), values, equal_nan=True):
        reach = "times that 64-bit nanoseconds cannot hold, which reach from 1678 to 2262"
        if values.dtype.kind == "m":
            reach = "durations that 64-bit nanoseconds cannot hold, which reach 292 years"
        raise OutputError(
            f"the simulation returned {name!r} with {reach}; return numbers with units instead."
        )
    return exact


def _unmasked(name: str, values: Any) -> npt.NDArray[Any]:
    if values.dtype.kind in "fc":
        return np.asarray(values.filled(np.nan))
    if np.ma.is_masked(values):
        raise OutputError(
            f"the simulation returned {name!r} with masked values of dtype {values.dtype}, which has none to say missing; "
            f"return floats, or fill them."
        )
    return np.asarray(values.data)


def _unstorable(text: str) -> str:
    """Return why netCDF cannot hold a text, or an empty one."""
    if "\0" in text:
        return "contains a NUL character; netCDF text cannot hold it"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "is not valid Unicode; no file can hold it"
    return ""


def _from_steps(steps: Generator[Any, Any, Any], simulation: Simulation) -> Outputs:
    collected: list[Outputs] = []
    final = Outputs({})
    while True:
        try:
            collected.append(_from_value(next(steps), simulation))
        except StopIteration as stop:
            final = _from_value(stop.value, simulation)
            break
    stacked = _stack(collected)
    if both := stacked.variables.keys() & final.variables.keys():
        raise OutputError(
            f"the simulation yielded and returned {min(both)!r}; expected each output once. Rename one."
        )
    coords = dict(stacked.coords)
    _merge_coords(coords, final.coords)
    return Outputs({**stacked.variables, **final.variables}, coords)


def _stack(steps: list[Outputs]) -> Outputs:
    if not steps:
        return Outputs({})
    first = steps[0]
    variables = {
        name: _stack_one(name, [step.variables.get(name) for step in steps]) for name in first.variables
    }
    if late := {name for step in steps for name in step.variables} - variables.keys():
        raise OutputError(
            f"the simulation yielded {min(late)!r} at a later step only; yield every output at every step."
        )
    if late := {name for step in steps for name in step.coords} - first.coords.keys():
        raise OutputError(
            f"the simulation yielded the coordinate {min(late)!r} at a later step only; yield it at every step, or never."
        )
    coords = {}
    for name, coord in first.coords.items():
        each = [step.coords.get(name) for step in steps]
        constant = all(other is not None and same(other.values, coord.values) for other in each)
        coords[name] = coord if constant else _stack_one(name, each)
    return Outputs(variables, coords)


def _stack_one(name: str, steps: list[Output | None]) -> Output:
    first = steps[0]
    assert first is not None
    for number, step in enumerate(steps):
        if (
            step is None
            or step.dims != first.dims
            or step.values.shape != first.values.shape
            or step.family != first.family
        ):
            got = (
                "nothing"
                if step is None
                else f"{step.family} with dimensions {dict(zip(step.dims, step.values.shape, strict=True))}"
            )
            raise OutputError(
                f"the simulation yielded {name!r} as {got} at step {number}; expected {first.family} with dimensions "
                f"{dict(zip(first.dims, first.values.shape, strict=True))}, as at step 0."
            )
    return Output(
        (STEP, *first.dims), np.stack([step.values for step in steps if step is not None]), first.attrs
    )


def same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """Return whether two arrays are equal in dtype kind, shape and every value, missing values included."""
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return False
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fcmM"))


def is_xarray(value: Any, name: str) -> bool:
    """Return whether a value is a ``Dataset`` or ``DataArray``."""
    # By name, so that a child whose simulation does without xarray need not import it (0.5 s).
    return any(
        base.__name__ == name and base.__module__.startswith("xarray.") for base in type(value).__mro__
    )
