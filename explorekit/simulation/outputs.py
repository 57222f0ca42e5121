"""What a simulation returns, in one form: named arrays with dimensions, and their coordinates."""

import inspect
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError
from explorekit.simulation.declare import Simulation

STEP = "step"
POINT = "point"
RESERVED = frozenset({POINT, "sample", "repetition", "occurrence", "status"})

_FAMILY = {
    "b": "number",
    "i": "number",
    "u": "number",
    "f": "number",
    "c": "number",
    "U": "text",
    "M": "time",
}
_EXPECTED = "a scalar, dict, ndarray, DataArray or Dataset"


@dataclass(frozen=True, slots=True)
class Output:
    """One named array of a point."""

    dims: tuple[str, ...]
    values: npt.NDArray[Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """``number``, ``text`` or ``time``: the kinds that never mix in one variable."""
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
        for name, output in {**self.coords, **self.variables}.items():
            for dim, size in zip(output.dims, output.values.shape, strict=True):
                if sizes.setdefault(dim, size) != size:
                    raise OutputError(
                        f"the simulation returned {name!r} with {size} values along {dim!r}, where another output has "
                        f"{sizes[dim]}; expected one length. Give the dimensions different names."
                    )
        return sizes


def outputs_of(result: Any, simulation: Simulation, taken: frozenset[str]) -> Outputs:
    """Return what a simulation returned as `Outputs`; a generator is run to its end.

    Parameters
    ----------
    result
        What the call returned: a scalar, dict, ndarray, DataArray, Dataset, None, or a generator of these.
    simulation
        For the names and attributes that it declares.
    taken
        The names of parameters and dimensions of the space, which no output may have.

    Raises
    ------
    OutputError
        If something in the result has no place in a netCDF file.
    """
    outputs = (
        _from_steps(result, simulation) if inspect.isgenerator(result) else _from_value(result, simulation)
    )
    for name, output in {**outputs.variables, **outputs.coords}.items():
        if name in taken or name in RESERVED:
            raise OutputError(
                f"the simulation returned {name!r}, a name that is taken by the space; rename the output."
            )
        for dim in output.dims:
            if dim in taken or dim in RESERVED:
                raise OutputError(
                    f"the simulation returned {name!r} with dimension {dim!r}, which is taken by the space; rename the dimension."
                )
    outputs.sizes()
    return outputs


def _from_value(result: Any, simulation: Simulation) -> Outputs:
    if result is None:
        return Outputs({})
    if _is_xarray(result, "Dataset"):
        return _from_dataset(result, simulation)
    if _is_xarray(result, "DataArray"):
        return _from_dataset(result.to_dataset(name=result.name or simulation.name), simulation)
    if isinstance(result, Mapping):
        return _from_mapping(result, simulation)
    return Outputs({simulation.name: _output(simulation.name, result, simulation)})


def _from_mapping(result: Mapping[Any, Any], simulation: Simulation) -> Outputs:
    variables: dict[str, Output] = {}
    coords: dict[str, Output] = {}
    for name, value in result.items():
        if not isinstance(name, str) or not name:
            raise OutputError(
                f"the simulation returned a dict with the key {name!r}; expected names as text."
            )
        if value is None:
            continue
        if _is_xarray(value, "DataArray"):
            one = _from_dataset(value.to_dataset(name=name), simulation)
            variables |= one.variables
            _merge_coords(coords, one.coords)
        else:
            variables[name] = _output(name, value, simulation)
    return Outputs(variables, {name: coord for name, coord in coords.items() if name not in variables})


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
    attrs = {
        k: v
        for k, v in variable.attrs.items()
        if isinstance(v, (str, int, float)) and not isinstance(v, bool)
    }
    return Output(
        tuple(str(d) for d in variable.dims), _storable(name, variable.values), {**attrs, **declared}
    )


def _output(name: str, value: Any, simulation: Simulation) -> Output:
    values = _storable(name, value)
    dims = simulation.dims.get(name)
    if dims is None:
        dims = (f"{name}_dim",) if values.ndim == 1 else tuple(f"{name}_dim_{i}" for i in range(values.ndim))
    if len(dims) != values.ndim:
        raise OutputError(
            f"the simulation returned {name!r} with shape {values.shape}; it declares the dimensions {dims}. Make them agree."
        )
    return Output(dims, values, simulation.attrs(name))


def _storable(name: str, value: Any) -> npt.NDArray[Any]:
    """Return a copy as an array that netCDF can hold: the simulation may go on to change its own."""
    try:
        values = np.array(value)
    except (ValueError, TypeError) as error:
        raise OutputError(
            f"the simulation returned {name!r} as a ragged sequence ({error}); expected {_EXPECTED}."
        ) from None
    if values.dtype.kind == "O":
        values = _from_objects(name, values)
    if values.dtype.kind == "T":
        values = values.astype(str)
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    if values.dtype.kind == "M":
        values = values.astype("datetime64[ns]")
    if values.dtype.kind not in _FAMILY or (
        values.dtype.itemsize > (16 if values.dtype.kind == "c" else 8) and values.dtype.kind != "U"
    ):
        raise OutputError(
            f"the simulation returned {name!r} of type {type(value).__name__} (dtype {values.dtype}), which netCDF cannot hold; "
            f"expected {_EXPECTED} of bool, int, float, complex, str or datetime64."
        )
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _from_objects(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    items = values.ravel().tolist()
    if items and all(isinstance(item, str) for item in items):
        return np.array(items, dtype=str).reshape(values.shape)
    if items and all(isinstance(item, datetime) and item.tzinfo is None for item in items):
        return np.array(items, dtype="datetime64[ns]").reshape(values.shape)
    kinds = ", ".join(sorted({type(item).__name__ for item in items}))
    raise OutputError(
        f"the simulation returned {name!r} holding {kinds or 'nothing'}, which netCDF cannot hold; "
        f"expected {_EXPECTED} of bool, int, float, complex, str or datetime64."
    )


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
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fcM"))


def _is_xarray(value: Any, name: str) -> bool:
    # By name, so that a child whose simulation does without xarray need not import it (0.5 s).
    return any(
        base.__name__ == name and base.__module__.startswith("xarray.") for base in type(value).__mro__
    )
