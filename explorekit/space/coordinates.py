"""Coordinates of xarray as parameters."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.derived import DERIVED_FROM
from explorekit.space.distributions import RandomVariable, as_parameter
from explorekit.space.parameter import GIVEN, REPETITION, UNGRIDDED, Param, Parameter, repetitions
from explorekit.space.values import KIND, as_values

GIVEN_MEANS = "whether {} is given"  # the long name of the coordinate that tells where a parameter is


def parameters_of(coords: Any) -> list[Parameter | RandomVariable]:
    """Return coordinates as parameters, those of a Dataset or DataArray too, with what some points lack as `Space.to_dataset` tells it.

    Raises
    ------
    SpaceError
        If these are no coordinates, or a dimension has none.
    """
    if not isinstance(coords, Mapping) and not hasattr(coords, "coords"):
        raise SpaceError(
            f"got {type(coords).__name__} as coordinates; expected a mapping or coordinates of xarray. "
            f"Give parameters by keyword: Space(a=[1, 2])."
        )
    variables = getattr(coords, "coords", coords)
    sizes = getattr(coords, "sizes", {})
    if bare := [
        dim for dim in sizes if dim not in variables and not any(dim in v.dims for v in variables.values())
    ]:
        raise SpaceError(
            f"dimension {listing(bare)} has no coordinate; expected labelled coordinates. Give it values."
        )
    where = {name: at for name in variables if (at := _where_given(name, variables)) is not None}
    return [
        _parameter(str(name), variable, where.get(name))
        for name, variable in variables.items()
        if (str(name).removesuffix(GIVEN) not in where or name in where) and not _is_derived(variable)
    ]


def tables_of(coords: Any) -> dict[str, Any]:
    """Return those coordinates that were derived from others, with None where they are not given."""
    variables = (
        getattr(coords, "coords", coords) if isinstance(coords, Mapping) or hasattr(coords, "coords") else {}
    )
    tables = {}
    for name, variable in variables.items():
        if _is_derived(variable):
            at = _where_given(name, variables)
            values = variable.values
            data = values if at is None else np.where(at, values.astype(object), None)
            tables[str(name)] = variable.copy(data=data)
    return tables


def _is_derived(variable: Any) -> bool:
    return DERIVED_FROM in (getattr(variable, "attrs", None) or {}) and hasattr(variable, "dims")


def _where_given(name: Any, variables: Mapping[Any, Any]) -> npt.NDArray[np.bool_] | None:
    """Return at which points a coordinate is given, if another one beside it tells; one of that name alone may be a parameter."""
    given = variables.get(f"{name}{GIVEN}")
    if given is None or getattr(given, "attrs", {}).get("long_name") != GIVEN_MEANS.format(name):
        return None
    variable = variables[name]
    return np.asarray(given.values, dtype=np.bool_) if given.dims == variable.dims else None


def _parameter(name: str, variable: Any, at: npt.NDArray[np.bool_] | None) -> Parameter | RandomVariable:
    if name == REPETITION:
        return _repetition(variable)
    if at is None or at.all():
        return as_parameter(name, variable)
    if variable.dims[0] not in UNGRIDDED:
        raise SpaceError(
            f"some points along {variable.dims[0]!r} lack {name!r}; expected them along one of {listing(sorted(UNGRIDDED))}. Rename the dimension."
        )
    listed = [value if there else None for value, there in zip(variable.values, at.tolist(), strict=True)]
    dtype = variable.dtype if variable.dtype.kind in KIND else None  # a file's text is of objects
    return as_parameter(name, Param(listed, variable.attrs, str(variable.dims[0]), dtype=dtype))


def _repetition(values: Any) -> Parameter:
    numbers = as_values(REPETITION, values)
    if numbers.ndim != 1 or not np.array_equal(numbers, np.arange(numbers.size)):
        raise SpaceError(
            "the coordinate 'repetition' is reserved for 0, 1, …, n − 1; use .repeat(n), or another name."
        )
    return repetitions(numbers.size)
