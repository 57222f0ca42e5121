"""What a vectorised simulation returns: the outputs of many points, stacked along their first axis."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import OutputError
from explorekit.simulation.declare import Simulation
from explorekit.simulation.names import POINT
from explorekit.simulation.outputs import Output, Outputs, is_xarray, outputs_of, same, storable
from explorekit.simulation.tables import check_columns, column_values, is_table


def block_outputs_of(result: Any, n: int, simulation: Simulation, taken: frozenset[str]) -> Outputs:
    """Return what a call for `n` points returned; every array has shape (n, …).

    Parameters
    ----------
    result
        An array, DataArray, Dataset, Series or DataFrame, or a dict of arrays, DataArrays and Series. Plain arrays have
        the points along their first axis, tables along their rows, whatever their index, and labelled arrays along the
        dimension ``point``; what has no such axis is the same for all points.

    Raises
    ------
    OutputError
        If the points are not along the first axis, or something has no place in a netCDF file.
    """
    named = _named(result, simulation)
    stacked = {name: _stacked(name, value, n) for name, value in named.items() if value is not None}
    first = {name: _first(value) for name, value in named.items() if value is not None}
    one = outputs_of(first, simulation, taken)
    variables = {
        name: Output(output.dims, stacked[name], output.attrs) for name, output in one.variables.items()
    }
    varying = _varying_coords(named, n)
    coords = {
        name: Output(
            coord.dims,
            varying.get(name, np.broadcast_to(coord.values, (n, *coord.values.shape))),
            coord.attrs,
        )
        for name, coord in one.coords.items()
    }
    return Outputs(variables, coords)


def _varying_coords(named: Mapping[str, Any], n: int) -> dict[str, npt.NDArray[Any]]:
    """Return those coordinates of all outputs that differ from point to point, by name."""
    varying: dict[str, npt.NDArray[Any]] = {}
    for value in named.values():
        for key, coord in value.coords.items() if hasattr(value, "dims") else ():
            name = str(key)
            if POINT not in coord.dims:
                continue
            values = _stacked(name, coord.variable, n)
            if not same(varying.setdefault(name, values), values):
                raise OutputError(
                    f"two outputs carry different coordinates {name!r} along {coord.dims}; expected one. Rename one."
                )
    return varying


def _named(result: Any, simulation: Simulation) -> Mapping[str, Any]:
    if result is None:
        return {}
    if is_xarray(result, "DataArray"):
        result = result.to_dataset(name=result.name or simulation.name)
    if is_xarray(result, "Dataset"):
        return {str(name): result[name] for name in result.data_vars}
    if is_table(result, "DataFrame"):
        check_columns(simulation.name, result)
        return {name: column_values(str(name), result[name]) for name in result.columns}
    named = result if isinstance(result, Mapping) else {simulation.name: result}
    for name, value in named.items():
        if is_table(value, "DataFrame"):
            raise OutputError(
                f"the vectorised simulation returned a dict with the DataFrame {name!r}; expected arrays, DataArrays and Series. "
                f"Return the DataFrame itself, or its columns."
            )
    return {
        name: column_values(str(name), value) if is_table(value, "Series") else value
        for name, value in named.items()
    }


def _stacked(name: str, value: Any, n: int) -> npt.NDArray[Any]:
    if hasattr(value, "dims"):
        each = POINT in value.dims
        values = storable(name, (value.transpose(POINT, ...) if each else value).values)
    else:
        values = storable(name, value)
        each = values.ndim > 0
    if not each:
        return np.broadcast_to(values, (n, *values.shape))
    if len(values) != n:
        raise OutputError(
            f"the vectorised simulation returned {name!r} with shape {np.shape(value)} for {n} points; expected {n} values along "
            f"the first axis, or along the dimension {POINT!r}."
        )
    return values


def _first(value: Any) -> Any:
    """Return a value as the first point alone would have returned it."""
    if hasattr(value, "dims"):
        return value.isel({POINT: 0}, drop=True) if POINT in value.dims else value
    return value if np.ndim(value) == 0 else value[0]
