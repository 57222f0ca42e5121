"""What a user wrote as the arrays of a parameter: nested lists, arrays of NumPy, DataArrays, quantities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.arrays import DIGEST, Arrays, Coord, check_fits, default_dims
from explorekit.space.constraints import cast, declared
from explorekit.space.quantities import without_units
from explorekit.space.values import Values, as_values, reject_masked

if TYPE_CHECKING:
    from explorekit.space.parameter import Param

_UNGRIDDED = frozenset({"point", "sample"})


class Declared(NamedTuple):
    """An array-valued parameter: the digest of each array, its dimension, and what it says of itself."""

    digests: npt.NDArray[np.bytes_]
    dim: str | None
    arrays: Arrays
    given: npt.NDArray[np.bool_] | None
    attrs: dict[str, Any]
    units: Mapping[str, str]


class _Read(NamedTuple):
    """Arrays of one shape, as they were written."""

    values: Values
    dims: tuple[str, ...] | None
    coords: dict[str, Any]
    attrs: Mapping[str, Any]
    units: Mapping[str, str]  # those of quantities


def is_array_valued(what: "Param") -> bool:
    """Return whether a parameter is to have arrays as values: more than one dimension is given, or ``fixed=True`` and one."""
    if isinstance(what.dtype, tuple):
        return True
    return depth(what.values) > (0 if what.fixed else 1)


def depth(given: Any) -> int:
    """Return how many dimensions nested lists, or an array, have."""
    if isinstance(given, (list, tuple)):
        plain = all(
            issubclass(kind, (int, float, str, np.generic)) for kind in set(map(type, given))
        )  # as most are
        return 1 if plain else 1 + max(map(depth, given))
    ndim = getattr(given, "ndim", 0)
    return ndim if isinstance(ndim, int) else 0


def arrays_of(name: str, what: "Param") -> Declared:
    """Return the array-valued parameter that a user wrote.

    Raises
    ------
    SpaceError
        If the arrays differ in shape or are empty, values are missing, or of mixed types, or of a type that netCDF cannot hold.
    """
    listed = isinstance(what.values, (list, tuple)) and not what.fixed
    at = np.array([one is not None for one in what.values], dtype=np.bool_) if listed else None
    dtype, given = what.dtype, what.values
    if at is not None and (at.all() or what.dim not in _UNGRIDDED):
        at = None
    if at is not None:
        given = [one for one in given if one is not None]
    if isinstance(dtype, tuple):
        dtype, shape = np.dtype(dtype).base, np.dtype(dtype).shape
        read = (
            _read(name, given)
            if at is None or at.any()
            else _Read(np.zeros((0, *shape), dtype), None, {}, {}, {})
        )
    else:
        read = _read(name, given)
    values = read.values
    if dtype is not None and values.size:
        values = cast(name, values.ravel(), dtype).reshape(values.shape)
    limits = declared(name, values, what.bounds, what.allowed) if values.size else {}
    attrs = {**read.attrs, **what.attrs, **limits}
    if what.fixed:
        dims, label = read.dims, read.coords.get(name)
        if dims is not None and not dims[0]:
            dims = (f"{name}_dim_0", *dims[1:])
        labels = None if label is None or label.dims else np.atleast_1d(as_values(name, label.values))
        dim = None
        values = values[np.newaxis]
    else:
        outer = None if read.dims is None else read.dims[0]
        dims = None if read.dims is None else read.dims[1:]
        dim = what.dim or outer or name
        labels = _labels(name, outer, read.coords)
    inner = dims if dims is not None else default_dims(name, values.ndim - 1)
    coords = _inner_coords(name, inner, read.coords)
    digests, arrays = Arrays.of(name, values, inner, coords, labels)
    if dim is None:
        digests = digests.reshape(())
    if at is not None:
        spread = np.zeros(at.size, dtype=DIGEST)
        spread[at] = digests
        digests = spread
    digests.flags.writeable = False
    return Declared(digests, dim, arrays, at, attrs, read.units)


def _read(name: str, given: Any) -> _Read:
    """Return what was given as one array, with the dimensions and coordinates that it names."""
    given, units = without_units(name, given)
    if hasattr(given, "columns"):
        raise SpaceError(
            f"parameter {name!r}: got a table; expected an array. Give table.to_numpy(), or the whole space as Space.from_dataframe(table)."
        )
    if hasattr(given, "toarray"):
        raise SpaceError(
            f"parameter {name!r}: got a sparse matrix ({type(given).__name__}), which is one value without a label. Give it with one, "
            f"{name}={{'coupling': matrix}}, or as an array: matrix.toarray()."
        )
    if hasattr(given, "dims") and hasattr(given, "attrs"):  # an xarray DataArray or Variable, unloaded here
        coords = {str(key): coord.variable for key, coord in getattr(given, "coords", {}).items()}
        plain, more = without_units(name, given.data)
        return _Read(_checked(name, plain), tuple(map(str, given.dims)), coords, given.attrs, more)
    if isinstance(given, (list, tuple)) and any(
        depth(one) and not isinstance(one, (list, tuple)) for one in given
    ):
        return _stacked(name, [_read(name, one) for one in given], units)
    if isinstance(given, (list, tuple)):
        return _Read(_nested(name, given), None, {}, {}, units)
    return _Read(_checked(name, given), None, {}, {}, units)


def _checked(name: str, values: Any) -> Values:
    """Return a copy of an array, once it is known that netCDF holds all its values."""
    reject_masked(name, values)
    array = np.asarray(values)
    if array.size == 0:
        raise SpaceError(
            f"parameter {name!r}: got an array of shape {array.shape}, which is empty; expected values. Leave it out."
        )
    flat = (
        np.isnan(array).ravel()
        if array.dtype.kind in "fc"
        else np.isnat(array).ravel()
        if array.dtype.kind == "M"
        else np.zeros(1)
    )
    if flat.any():
        at = int(np.argmax(flat))
        raise _missing(name, array.ravel()[at], at, array.shape)
    return as_values(name, array.ravel()).reshape(array.shape)


def _missing(name: str, value: Any, at: int, shape: tuple[int, ...]) -> SpaceError:
    place = [int(i) for i in np.unravel_index(at, shape)]
    return SpaceError(
        f"parameter {name!r} has a missing value ({value}) at {place}; expected arrays of values that can label a point. Leave the array "
        f"out, or let the simulation put what is missing where it belongs."
    )


def _nested(name: str, given: Any) -> Values:
    """Return nested lists as an array, with all that is checked of a plain list."""
    shape, leaves = [], list(given)
    shape.append(len(leaves))
    while any(isinstance(one, (list, tuple)) for one in leaves):
        lengths = {len(one) if isinstance(one, (list, tuple)) else -1 for one in leaves}
        if len(lengths) > 1:
            raise _ragged(name, "lists of different lengths, or values beside lists")
        shape.append(lengths.pop())
        leaves = [value for one in leaves for value in one]
    if not leaves:
        raise SpaceError(
            f"parameter {name!r}: got an array of shape {tuple(shape)}, which is empty; expected values. Leave it out."
        )
    for at, value in enumerate(leaves):
        if isinstance(value, (float, complex)) and value != value:
            raise _missing(name, value, at, tuple(shape))
    return as_values(name, leaves).reshape(shape)


def _stacked(name: str, read: list[_Read], units: Mapping[str, str]) -> _Read:
    """Return arrays that were listed as one, along a first dimension without a name."""
    first = read[0]
    shapes = list(dict.fromkeys(one.values.shape for one in read))
    if len(shapes) > 1:
        raise _ragged(name, f"arrays of the shapes {listing(shapes)}")
    kinds = {one.values.dtype.kind for one in read}
    if len(kinds) > 1 and not kinds <= {"i", "u"}:
        raise SpaceError(
            f"parameter {name!r}: got arrays of the dtypes {listing(sorted({str(one.values.dtype) for one in read}))}; expected one type. "
            f"Convert them: array.astype(float)."
        )
    together = [
        Arrays.of(
            name,
            one.values[np.newaxis],
            one.dims or default_dims(name, one.values.ndim),
            _inner_coords(name, one.dims or (), one.coords),
        )[1]
        for one in read
    ]
    for one in together[1:]:
        check_fits(name, together[0], one)
    labels = [one.coords.get(name) for one in read]
    values = np.stack([one.values for one in read])
    if values.dtype.kind == "f" and kinds <= {"i", "u"}:
        raise SpaceError(
            f"parameter {name!r}: got arrays of the dtypes int64 and uint64, which no type holds; expected one type."
        )
    coords = {key: coord for key, coord in first.coords.items() if coord.dims}
    dims = None if first.dims is None else ("", *first.dims)
    if all(label is not None and not label.dims for label in labels):
        coords[name] = _Label(("",), np.array([label.values[()] for label in labels if label is not None]))
    return _Read(_frozen(values), dims, coords, first.attrs, {**first.units, **units})


class _Label(NamedTuple):
    dims: tuple[str, ...]
    values: Values


def _labels(name: str, outer: str | None, coords: Mapping[str, Any]) -> Values | None:
    """Return the coordinate along the first dimension, which names the arrays, if there is one."""
    for key in (name, outer):
        coord = coords.get(key) if key is not None else None
        if coord is not None and coord.dims == (outer,):
            return as_values(name, coord.values)
    return None


def _inner_coords(name: str, dims: tuple[str, ...], coords: Mapping[str, Any]) -> dict[str, Coord]:
    found = {}
    for key, coord in coords.items():
        along = tuple(map(str, coord.dims))
        if along and set(along) <= set(dims) and key != name:
            values = _checked(key, coord.values)
            found[str(key)] = Coord(along, values, dict(getattr(coord, "attrs", {})))
    return found


def _ragged(name: str, what: str) -> SpaceError:
    return SpaceError(
        f"parameter {name!r}: got a ragged sequence: {what}; expected arrays of one shape. For arrays of several shapes give labelled "
        f"objects: {name}={{'small': …, 'large': …}}."
    )


def _frozen(values: Values) -> Values:
    values.flags.writeable = False
    return values
