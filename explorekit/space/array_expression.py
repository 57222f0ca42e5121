"""Array-valued parameters as the expressions that make them again."""

from typing import TYPE_CHECKING

import numpy as np

from explorekit.space.arrays import default_dims

if TYPE_CHECKING:
    from explorekit.space.arrays import Arrays, Coord
    from explorekit.space.parameter import Parameter
    from explorekit.space.values import Values

_WIDTH = 80
_BREAK = ",\n" + " " * 8


def arrays_expression(p: "Parameter", arrays: "Arrays") -> tuple[str, list[str]]:
    """Return the expression of a parameter's arrays, and further arguments of `param`.

    More numbers in all than NumPy prints of an array are abbreviated; such a text does not evaluate.
    """
    stacked = arrays.stacked(p.values)
    named = (
        arrays.dims != default_dims(p.name, len(arrays.dims))
        or bool(arrays.coords)
        or arrays.labels is not None
    )
    if p.dim is None:
        text = _data_array(p, arrays, stacked, arrays.dims) if named else _array(stacked)
        return text, ["fixed=True"]
    dim = [f"dim={p.dim!r}"]
    if p.given is None:
        if named:
            return _data_array(p, arrays, stacked, (p.dim, *arrays.dims)), []
        return _array(stacked), dim if p.dim != p.name else []
    if not p.given.any():
        return _listed(["None"] * p.values.size), [
            *dim,
            f"dtype=({arrays.values.dtype.str[1:]!r}, {arrays.shape})",
        ]
    if stacked.size > np.get_printoptions()["threshold"]:
        return f"<{_shape(stacked)}, given at {int(p.given.sum()):,}>", dim
    texts = [
        (_data_array(p.take(row), arrays, stacked[row], arrays.dims) if named else _array(stacked[row]))
        if there
        else "None"
        for row, there in enumerate(p.given.tolist())
    ]
    return _listed(texts), dim


def _data_array(p: "Parameter", arrays: "Arrays", values: "Values", dims: tuple[str, ...]) -> str:
    coords = [f"{name!r}: {_coord(coord)}" for name, coord in arrays.coords.items()]
    if arrays.labels is not None:
        names = arrays.names(p.values)
        along = f"({p.dim!r}, {_array(names)})" if p.dim not in (None, p.name) else _array(names)
        coords.append(f"{p.name!r}: {along}")
    given = f", coords={{{', '.join(coords)}}}" if coords else ""
    return f"xr.DataArray({_array(values)}, dims={dims!r}{given})"


def _coord(coord: "Coord") -> str:
    from explorekit.space.expression import attribute_expression

    attrs = ", ".join(f"{key!r}: {attribute_expression(value)}" for key, value in coord.attrs.items())
    return f"({coord.dims!r}, {_array(coord.values)}{f', {{{attrs}}}' if attrs else ''})"


def _array(values: "Values") -> str:
    """Return the expression of an array: nested lists, which NumPy reads as the dtype where that is one of Python's own."""
    from explorekit.space.expression import values_expression

    if values.ndim == 0:
        return values_expression(values)
    if values.size > np.get_printoptions()["threshold"]:
        return f"<{_shape(values)}>"
    if values.ndim == 1:
        return values_expression(values) if values.dtype.kind != "M" or values.size else "[]"
    flat = values_expression(values.ravel())
    if flat.startswith("["):
        return _nested(values)
    return (
        f"{flat}.reshape{values.shape}"
        if flat.startswith("np.")
        else f"np.array({flat}).reshape{values.shape}"
    )


def _nested(values: "Values") -> str:
    from explorekit.space.expression import list_expression

    if values.ndim == 1:
        return list_expression(values)
    texts = [_nested(one) for one in values]
    return f"[{(', ' if sum(map(len, texts)) < _WIDTH else _BREAK).join(texts)}]"


def _shape(values: "Values") -> str:
    return f"{' × '.join(map(str, values.shape))} values of {values.dtype}"


def _listed(texts: list[str]) -> str:
    return f"[{(', ' if sum(map(len, texts)) < _WIDTH else _BREAK).join(texts)}]"
