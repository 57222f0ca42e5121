"""What is it called on screen? Names with units, coordinate values as text, the nearest known name."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr


def units_of(attrs: dict[Any, Any]) -> str:
    units = str(attrs.get("units", "")).strip()
    return "" if units in ("", "1") else units


def full_name(name: str, attrs: dict[Any, Any]) -> str:
    """Return ``refractory period (ms)``: the long name, or the name, with the units."""
    units = units_of(attrs)
    title = str(attrs.get("long_name", "") or name)
    return f"{title} ({units})" if units else title


def dim_name(dataset: xr.Dataset, dim: str) -> str:
    """Return the full name of a dimension, whether or not it has a coordinate."""
    if dim in dataset.coords:
        return full_name(dim, dataset.coords[dim].attrs)
    partners = paired(dataset, dim)
    return f"{dim} ({', '.join(partners)})" if partners else dim


def paired(dataset: xr.Dataset, dim: str) -> list[str]:
    """Return the coordinates that live on ``dim`` under names of their own."""
    names = [str(name) for name, c in dataset.coords.items() if c.dims == (dim,) and name != dim]
    return [name for name in names if not (name.endswith("_given") and name.removesuffix("_given") in names)]


def value_text(value: Any, digits: int = 6) -> str:
    """Return one value as short text."""
    match value:
        case bool() | np.bool_():
            return str(bool(value))
        case np.datetime64():
            return str(pd.Timestamp(value)).removesuffix(" 00:00:00")
        case np.timedelta64():
            return str(pd.Timedelta(value)).removeprefix("0 days ")
        case bytes():
            return value.decode("utf-8", "replace")
        case float() | np.floating():
            return f"{float(value):.{digits}g}"
        case complex() | np.complexfloating():
            return f"{value:.{digits}g}"
        case _:
            return str(value)


def with_units(text: str, attrs: dict[Any, Any]) -> str:
    """Return ``5 ms``, and ``0.5/ms`` where the units are ``1/ms``."""
    units = units_of(attrs)
    return f"{text}{units[1:]}" if units.startswith("1/") else f"{text} {units}".rstrip()


def value_texts(values: np.ndarray[Any, Any]) -> list[str]:
    """Return all values as text, with as many digits as it takes to tell them apart."""
    different = len(np.unique(values)) if values.dtype.kind == "f" else 0
    for digits in (6, 9, 12, 17):
        texts = [value_text(value, digits) for value in values]
        if len(set(texts)) >= different:
            break
    return texts


def index_labels(dataset: xr.Dataset, dim: str) -> list[str]:
    """Return one label a position along ``dim``: its coordinate with units, or its paired coordinates."""
    if dim in dataset.coords:
        coordinate = dataset.coords[dim]
        return index_labels_of(coordinate)
    partners = paired(dataset, dim)
    if not partners:
        return [str(i) for i in range(dataset.sizes[dim])]
    varying = [name for name in partners if _varies(dataset, name)]
    columns = [_texts_where_given(dataset, name) for name in varying or partners]
    return [", ".join(filter(None, row)) for row in zip(*columns, strict=True)]


def _varies(dataset: xr.Dataset, name: str) -> bool:
    values = dataset.coords[name].values
    return len(values) < 2 or f"{name}_given" in dataset.coords or bool((values != values[0]).any())


def _texts_where_given(dataset: xr.Dataset, name: str) -> list[str]:
    """Return ``name=value`` at each position, and nothing at points that lack the parameter."""
    texts = [f"{name}={text}" for text in index_labels_of(dataset.coords[name])]
    given = given_mask(dataset, name)
    return [text if is_given else "" for text, is_given in zip(texts, given.tolist(), strict=True)]


def given_mask(dataset: xr.Dataset, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return at which points a parameter is given."""
    given = dataset.coords.get(f"{name}_given")
    if given is None or given.dtype != bool:
        return np.ones(dataset.coords[name].shape, dtype=np.bool_)
    return np.asarray(given.values)


def index_labels_of(coordinate: xr.DataArray) -> list[str]:
    return [with_units(text, coordinate.attrs) for text in value_texts(coordinate.values)]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like ``name``, or None if none is alike."""
    known = list(known)
    alike = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if alike:
        return alike[0]
    return next((k for k in known if k.lower() == name.lower()), None)


def unknown(what: str, name: object, known: Sequence[str]) -> str:
    """Return the text of an error about a name that is not there."""
    guess = nearest(str(name), known)
    hint = f"; did you mean {guess!r}?" if guess else "."
    return f"unknown {what} {name!r}{hint} Known: {', '.join(map(repr, known)) or 'none'}."
