"""A space as coordinates of xarray, and from these."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.arrays import INNER, VALUES
from explorekit.space.derived import DERIVED_FROM, dims_of
from explorekit.space.distributions import RandomVariable, as_parameter, check_sampled
from explorekit.space.parameter import GIVEN, REPETITION, UNGRIDDED, Param, Parameter, repetitions
from explorekit.space.values import KIND, as_values

if TYPE_CHECKING:
    import xarray as xr

    from explorekit.space.space import Space

Mask = npt.NDArray[np.bool_]

GIVEN_MEANS = "whether {} is given"  # the long name of the coordinate that tells where a parameter is


def to_dataset(space: "Space") -> "xr.Dataset":
    """Return a Dataset that has the parameters as coordinates; see `Space.to_dataset`."""
    import pandas as pd
    import xarray as xr

    check_sampled(space, "make coordinates of the space")
    # Built by hand: what xarray does on its own imports dask first, which takes longer than to open a study.
    variables: dict[Any, xr.Variable] = {}
    for p in space.parameters.values():
        if p.arrays is None:
            variables[p.name] = xr.Variable(p.dim or (), p.values, dict(p.attrs), fastpath=True)
        else:
            variables |= _of_arrays(p)
    for one in space.derived.values():
        variables[one.name] = xr.Variable(one.dims, one.values, one.told_attrs, fastpath=True)
    for name, each in space.passed.items():
        if each.given is not None:
            attrs = {"long_name": GIVEN_MEANS.format(name)}
            variables[f"{name}{GIVEN}"] = xr.Variable(dims_of(each), each.given, attrs, fastpath=True)
    indexes = {
        name: xr.indexes.PandasIndex(pd.Index(variable.values), name, variable.dtype)
        for name, variable in variables.items()
        if variable.dims == (name,)
    }
    for name, index in indexes.items():
        variables.update(index.create_variables({name: variables[name]}))
    return xr.Dataset(coords=xr.Coordinates(variables, indexes))


def _of_arrays(p: Parameter) -> "dict[Any, xr.Variable]":
    """Return what tells arrays from each other, a label or a number, and the arrays with their coordinates.

    By the CF conventions nothing of several dimensions has the name of one of them, so that the arrays have another name than the
    parameter, whose own is that of a dimension.
    """
    import xarray as xr

    arrays, dims = p.arrays, () if p.dim is None else (p.dim,)
    if arrays is None:
        return {}
    long_name = {"long_name": p.attrs["long_name"]} if "long_name" in p.attrs else {}
    found: dict[Any, xr.Variable] = {}
    if p.dim is not None or arrays.labels is not None:
        found[p.name] = xr.Variable(dims, arrays.names(p.values), long_name, fastpath=True)
    stacked = arrays.stacked(p.values)
    attrs = {**p.attrs, INNER: " ".join(arrays.dims)}
    found[f"{p.name}{VALUES}"] = xr.Variable((*dims, *arrays.dims), stacked, attrs, fastpath=True)
    for name, coord in arrays.coords.items():
        found[name] = xr.Variable(coord.dims, coord.values, dict(coord.attrs), fastpath=True)
    return found


def parameters_of(coords: Any) -> list[Parameter | RandomVariable]:
    """Return the parameters that coordinates are, or a mapping of these.

    Raises
    ------
    SpaceError
        If they are none, or can be no parameters.
    """
    if not isinstance(coords, Mapping) and not hasattr(coords, "coords"):
        raise SpaceError(
            f"got {type(coords).__name__} as coordinates; expected a mapping or coordinates of xarray. "
            f"Give parameters by keyword: Space(a=[1, 2])."
        )
    variables = dict(getattr(coords, "coords", coords))
    sizes = getattr(coords, "sizes", {})
    if bare := [
        dim for dim in sizes if dim not in variables and not any(dim in v.dims for v in variables.values())
    ]:
        raise SpaceError(
            f"dimension {listing(bare)} has no coordinate; expected labelled coordinates. Give it values."
        )
    where = {name: at for name in variables if (at := _where_given(name, variables)) is not None}
    given = _with_arrays(variables, where)
    return [
        _parameter(str(name), variable, None if isinstance(variable, Param) else where.get(name))
        for name, variable in given.items()
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
            tables[str(name)] = variable if at is None else _with_none(variable, at)
    return tables


def _with_none(variable: Any, at: npt.NDArray[np.bool_]) -> Param:
    """Return a variable with None where it is not given, and its dtype."""
    values = variable.values
    if values.dtype.kind == "M":
        return Param(variable.copy(data=np.where(at, values, np.datetime64("NaT"))))
    dtype = values.dtype if values.dtype.kind in KIND and values.dtype.kind != "U" else None
    return Param(variable.copy(data=np.where(at, values.astype(object), None)), dtype=dtype)


def _is_derived(variable: Any) -> bool:
    return DERIVED_FROM in (getattr(variable, "attrs", None) or {}) and hasattr(variable, "dims")


def _with_arrays(variables: dict[Any, Any], where: Mapping[Any, Mask]) -> dict[Any, Any]:
    """Return coordinates in which arrays stand in the place of what told them from each other, with what is theirs."""
    marked = {
        name: v.attrs[INNER].split() for name, v in variables.items() if INNER in getattr(v, "attrs", {})
    }
    found: dict[Any, Any] = {}
    for name, variable in variables.items():
        key = f"{name}{VALUES}" if f"{name}{VALUES}" in marked else name
        parameter = str(key).removesuffix(VALUES)
        dims = set(getattr(variable, "dims", ()))
        if key in marked:
            if parameter not in found:
                found[parameter] = _arrays(parameter, variables, marked[key], where.get(parameter))
        elif not any(dims and dims <= set(inner) for inner in marked.values()):
            found[name] = variable
    return found


def _arrays(name: str, variables: Mapping[Any, Any], inner: list[str], at: Mask | None) -> Param:
    """Return arrays as what a user would have given, labelled by what stands beside them if this is not their numbers."""
    import xarray as xr

    values = variables[f"{name}{VALUES}"]
    attrs = {key: value for key, value in values.attrs.items() if key != INNER}
    coords = {
        key: v.variable
        for key, v in variables.items()
        if v.dims and set(v.dims) <= set(inner) and INNER not in v.attrs
    }
    plain = xr.DataArray(values.values, dims=values.dims, coords=coords, attrs=attrs)
    given = _given_arrays(plain, inner, at)
    if name not in variables:
        return given
    beside = variables[name].variable
    numbered = as_parameter(name, given)
    if isinstance(numbered, Parameter) and numbered.arrays is not None and numbered.dim is not None:
        numbers = numbered.arrays.names(numbered.values)
        if beside.dtype == numbers.dtype and np.array_equal(beside.values, numbers):
            return given
    return _given_arrays(plain.assign_coords({name: beside}), inner, at)


def _given_arrays(arrays: "xr.DataArray", inner: list[str], at: Mask | None) -> Param:
    if at is None or at.all():
        return Param(arrays, fixed=list(arrays.dims) == inner)
    dim = str(arrays.dims[0])
    listed = [arrays[row] if there else None for row, there in enumerate(at.tolist())]
    dtype = None if at.any() else (arrays.dtype.str[1:], arrays.shape[1:])
    return Param(listed, arrays.attrs, dim, dtype=dtype)


def _where_given(name: Any, variables: Mapping[Any, Any]) -> Mask | None:
    """Return at which points a coordinate is given, if another one beside it tells; one of that name alone may be a parameter."""
    given = variables.get(f"{name}{GIVEN}")
    if given is None or getattr(given, "attrs", {}).get("long_name") != GIVEN_MEANS.format(name):
        return None
    variable = variables[name]
    return np.asarray(given.values, dtype=np.bool_) if given.dims == variable.dims else None


def _parameter(name: str, variable: Any, at: Mask | None) -> Parameter | RandomVariable:
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
