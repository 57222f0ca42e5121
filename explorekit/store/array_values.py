"""The arrays of a space in files: each once beside a coordinate set, or in an exported file as what everybody reads."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.space import Space
from explorekit.space.arrays import DIGEST, INNER, VALUES, Arrays, Coord
from explorekit.space.parameter import Parameter
from explorekit.store.netcdf import Draft, fetch

# No part of a parameter's name has a hyphen.
_GROUP = "-arrays"
_NUMBER, _VALUES, _DIGESTS, _LABELS = "array-number", "array-values", "array-digests", "array-labels"
_DESCRIPTION = "description"


def put_arrays(file: Any, name: str, arrays: Arrays, draft: Draft) -> None:
    """Add the arrays of a parameter to the draft of an open file, in a group of their own."""
    group = file.createGroup(f"{name}{_GROUP}")
    for dim, size in ((_NUMBER, len(arrays)), *arrays.sizes.items()):
        group.createDimension(dim, size)
    draft.add(group, _DIGESTS, (_NUMBER,), arrays.digests, {"long_name": "SHA-256"}, coordinate=True)
    draft.add(group, _VALUES, (_NUMBER, *arrays.dims), arrays.values, {}, coordinate=True)
    if arrays.labels is not None:
        draft.add(group, _LABELS, (_NUMBER,), arrays.labels, {}, coordinate=True)
    for key, coord in arrays.coords.items():
        draft.add(group, key, coord.dims, coord.values, coord.attrs, coordinate=True)
    group.setncattr(_DESCRIPTION, json.dumps(described_arrays(arrays)))


def described_arrays(arrays: Arrays) -> dict[str, Any]:
    """Return what is to be known of arrays to read them again, as data that JSON can hold."""
    return {
        "dtype": arrays.values.dtype.str,
        "dims": list(arrays.dims),
        "coords": {key: [list(one.dims), one.values.dtype.str] for key, one in arrays.coords.items()},
        "labels": None if arrays.labels is None else arrays.labels.dtype.str,
    }


def get_arrays(file: Any, name: str) -> Arrays | None:
    """Read what `put_arrays` wrote; None from a file that has digests only, as shards have."""
    if f"{name}{_GROUP}" not in file.groups:
        return None
    group = file.groups[f"{name}{_GROUP}"]
    described = json.loads(group.getncattr(_DESCRIPTION))
    values = _fetch(group, _VALUES, described["dtype"])
    labels = None if described["labels"] is None else _fetch(group, _LABELS, described["labels"])
    coords = _coords(group, described, {})
    return Arrays(_fetch(group, _DIGESTS, DIGEST.str), values, tuple(described["dims"]), coords, labels)


def get_shown_arrays(
    file: Any, name: str, described: Mapping[str, Any], given: npt.NDArray[np.bool_] | None
) -> tuple[npt.NDArray[np.bytes_], Arrays]:
    """Read arrays from the coordinates of an exported file; returns the digest at each position too."""
    stacked = _fetch(file, f"{name}{VALUES}", described["dtype"])
    single = stacked.ndim == len(described["dims"])
    values = stacked[np.newaxis] if single else stacked if given is None else stacked[given]
    labels = None
    if described["labels"] is not None:
        labels = np.atleast_1d(_fetch(file, name, described["labels"]))
        labels = labels if given is None else labels[given]
    coords = _coords(file, described, described["stored"])
    found, arrays = Arrays.of(name, values, tuple(described["dims"]), coords, labels)
    if single:
        return found.reshape(()), arrays
    if given is None:
        return found, arrays
    digests = np.zeros(given.size, dtype=DIGEST)
    digests[given] = found
    return digests, arrays


def shown_arrays(p: Parameter, stored: Mapping[str, str]) -> dict[str, Any]:
    """Return how the arrays of a parameter lie in an exported file, whose names for their coordinates may be others."""
    if p.arrays is None:
        return {}
    described = described_arrays(p.arrays)
    half = "_real" if p.arrays.values.dtype.kind == "c" else ""
    return {**described, "stored": dict(stored), "variable": f"{p.name}{VALUES}{half}"}


def array_coordinates(space: Space, renamed: Mapping[str, str]) -> list[str]:
    """Return the variables of an exported file that hold arrays and what belongs to these, which no output names as its coordinates."""
    found: dict[str, None] = {}
    for p in space.parameters.values():
        if p.arrays is not None:
            parts = ("_real", "_imag") if p.arrays.values.dtype.kind == "c" else ("",)
            found |= dict.fromkeys(f"{p.name}{VALUES}{part}" for part in parts)
            for name, coord in p.arrays.coords.items():
                parts = ("_real", "_imag") if coord.values.dtype.kind == "c" else ("",)
                if coord.dims != (name,):
                    found |= dict.fromkeys(f"{renamed.get(name, name)}{part}" for part in parts)
    return list(found)


def _coords(group: Any, described: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, Coord]:
    coords = {}
    for key, (dims, dtype) in described["coords"].items():
        name = stored.get(key, key)
        part = group.variables[name if np.dtype(dtype).kind != "c" else f"{name}_real"]
        attrs = {one: part.getncattr(one) for one in part.ncattrs() if one not in HIDDEN}
        if np.dtype(dtype).kind == "M":
            attrs = {one: value for one, value in attrs.items() if one not in ("units", "calendar")}
        coords[key] = Coord(tuple(dims), _fetch(group, name, dtype), attrs)
    return coords


HIDDEN = frozenset({"_FillValue", "_Encoding", "dtype", "explorekit_complex", INNER})


def _fetch(group: Any, name: str, dtype: str) -> npt.NDArray[Any]:
    values = fetch(group, name, np.dtype(dtype)).astype(np.dtype(dtype), copy=False)
    values.flags.writeable = False
    return values
