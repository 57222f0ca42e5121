"""Coordinate sets on disk: ``spaces/<hash>.nc``, immutable, and the labels inside each shard."""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.space import Space
from explorekit.space.arrays import Arrays, digests_of
from explorekit.space.axis import OCCURRENCE, Axis
from explorekit.space.coordinates import GIVEN_MEANS
from explorekit.space.derived import DERIVED_FROM, Derived, Formula
from explorekit.space.distributions import check_sampled
from explorekit.space.identity import canonical
from explorekit.space.parameter import GIVEN, Parameter
from explorekit.store.array_values import HIDDEN, described_arrays, get_arrays, get_shown_arrays, put_arrays
from explorekit.store.hdf5 import create_file, open_file
from explorekit.store.netcdf import Draft, fetch

LABELS = "labels"


def space_hash(space: Space) -> str:
    """Return the hash of a space: names, dimensions, dtypes, values and attributes."""
    digest = hashlib.sha256()
    for p in space.parameters.values():
        digest.update(repr((p.name, p.dim, p.values.dtype.str, _plain(p.attrs))).encode())
        digest.update(b"" if p.objects is None else b"labels of objects")
        digest.update(b"" if p.arrays is None else _description(p.arrays.only(p.values)))
        digest.update(_with_lengths(p))
    for axis in space.axes.values():
        digest.update(axis.occurrence.tobytes() if axis.may_repeat else b"")
    for one in space.derived.values():
        digest.update(
            repr((one.name, one.dims, one.formula.of, one.values.dtype.str, _plain(one.attrs))).encode()
        )
        for value in one.labels:
            digest.update(len(value).to_bytes(8) + value)
    return digest.hexdigest()[:16]


def _with_lengths(parameter: Parameter) -> bytes:
    """Return the canonical values of a parameter one after the other, each behind its length."""
    if parameter.values.dtype.kind != "f" or parameter.given is not None:
        return b"".join([len(value).to_bytes(8) + value for value in parameter.labels])
    # All of one length: at once, as a space that grows point by point is hashed each time.
    first = canonical(parameter.values.ravel()[:1])[0]
    head = len(first).to_bytes(8) + first[:-8]
    rows = np.empty((parameter.values.size, len(head) + 8), dtype=np.uint8)
    rows[:, :-8] = np.frombuffer(head, dtype=np.uint8)
    bits = (parameter.values.astype(np.float64).ravel() + 0.0).astype(">f8")  # −0.0 is 0.0
    rows[:, -8:] = bits.view(np.uint8).reshape(-1, 8)
    return rows.tobytes()


def _description(arrays: Arrays) -> bytes:
    """Return all that is known of arrays but themselves, which have digests."""
    plain = [described_arrays(arrays)["dims"]]
    for name, coord in sorted(arrays.coords.items()):
        values = [digests_of(coord.values[np.newaxis]).tolist(), coord.dims]
        plain.append([name, *values, _plain(coord.attrs)])
    if arrays.labels is not None:
        plain.append([sorted(zip(arrays.digests.tolist(), canonical(arrays.labels), strict=True))])
    return repr(plain).encode()


def _plain(attrs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return attributes in a form that is the same before and after they lay in a file."""
    plain = [(name, np.asarray(value).tolist()) for name, value in attrs.items()]
    return sorted(
        [(n, v[0] if isinstance(v, list) and len(v) == 1 else v) for n, v in plain], key=lambda item: item[0]
    )


def write_space(path: Path, space: Space) -> None:
    """Write a space to a new file."""
    with create_file(path) as file:
        draft = Draft()
        put_space(file, space, draft)
        for p in space.parameters.values():
            if p.arrays is not None:
                put_arrays(file, p.name, p.arrays.only(p.values), draft)
        draft.write()


def read_space(path: Path) -> Space:
    """Read a space back as it was, in a file of its own or in a shard."""
    with open_file(path) as file:
        return get_space(file)


def put_space(
    file: Any, space: Space, draft: Draft, shown: Callable[[Parameter], dict[str, Any]] | None = None
) -> None:
    """Add a space's coordinates to the draft of an open file, with order and exact dtypes as one JSON attribute.

    Arrays are put there as their digests; or not at all, but for what `shown` says of how they will be.
    """
    check_sampled(space, "store the space")
    for dim, size in space.sizes.items():
        file.createDimension(dim, size)
    for p in space.parameters.values():
        dims = (p.dim,) if p.dim else ()
        if p.arrays is None or shown is None:
            draft.add(file, p.name, dims, p.values, p.attrs, coordinate=p.given is None)
        if p.given is not None:
            attrs = {"long_name": GIVEN_MEANS.format(p.name)}
            draft.add(file, f"{p.name}{GIVEN}", dims, p.given, attrs, coordinate=True)
    for one in space.derived.values():
        draft.add(file, one.name, one.dims, one.values, one.told_attrs, coordinate=one.given is None)
        if one.given is not None:
            attrs = {"long_name": GIVEN_MEANS.format(one.name)}
            draft.add(file, f"{one.name}{GIVEN}", one.dims, one.given, attrs, coordinate=True)
    for dim, axis in space.axes.items():
        if axis.occurrence.any():
            attrs = {"long_name": "earlier points with the same values"}
            draft.add(file, f"{dim}.{OCCURRENCE}", (dim,), axis.occurrence, attrs, coordinate=True)
    described = [
        {**_described(p), **({"shown": shown(p)} if shown is not None and p.arrays is not None else {})}
        for p in space.parameters.values()
    ]
    derived = [_described_derived(one) for one in space.derived.values()]
    labels = {"parameters": described, "dims": list(space.dims), **({"derived": derived} if derived else {})}
    file.setncattr(LABELS, json.dumps(labels))


def _described(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "dim": parameter.dim,
        "dtype": parameter.values.dtype.str,
    }
    if parameter.given is not None:
        described["given"] = f"{parameter.name}{GIVEN}"
    if parameter.objects is not None:
        described["labelled"] = True  # the objects themselves are nothing that a file could hold
    # A lone value lies in no chunk, and so under no checksum of HDF5's.
    return described if parameter.dim else {**described, "crc32": _checksum(parameter.values)}


def _described_derived(one: Derived) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": one.name,
        "dims": one.dims,
        "dtype": one.values.dtype.str,
        "of": one.formula.of,
        "source": one.source,
    }
    if one.given is not None:
        described["given"] = f"{one.name}{GIVEN}"
    return described if one.dims else {**described, "crc32": _checksum(one.values)}


def _checksum(values: npt.NDArray[Any]) -> int:
    return zlib.crc32(canonical(values)[0])


def label_sizes(file: Any) -> dict[str, int]:
    """Return the lengths of the dimensions of an open file's labels, in their order."""
    return {dim: len(file.dimensions[dim]) for dim in json.loads(file.getncattr(LABELS))["dims"]}


def get_space(file: Any) -> Space:
    """Read what `put_space` wrote."""
    described = json.loads(file.getncattr(LABELS))
    parameters = [_get(file, one) for one in described["parameters"]]
    axes = {}
    for dim in described["dims"]:
        axis = Axis(dim, tuple(p for p in parameters if p.dim == dim))
        if f"{dim}.{OCCURRENCE}" in file.variables:
            axis = axis.with_occurrence(fetch(file, f"{dim}.{OCCURRENCE}", np.int64))
        axes[dim] = axis
    derived = [_get_derived(file, one) for one in described.get("derived", ())]
    return Space.from_parameters([*parameters, *derived], axes)


def _get_derived(file: Any, described: Mapping[str, Any]) -> Derived:
    values, attrs, given, _ = _read(file, described)
    attrs.pop(DERIVED_FROM, None)
    formula = Formula(described["name"], tuple(described["of"]), None, attrs, source=described["source"])
    return Derived(formula, tuple(described["dims"]), values, given)


def _get(file: Any, described: Mapping[str, Any]) -> Parameter:
    values, attrs, given, arrays = _read(file, described)
    objects: dict[str, Any] | None = {} if described.get("labelled") else None
    return Parameter(described["name"], described["dim"], values, attrs, given, objects, arrays)


def _read(
    file: Any, described: Mapping[str, Any]
) -> tuple[npt.NDArray[Any], dict[str, Any], npt.NDArray[np.bool_] | None, Arrays | None]:
    """Return the values of a parameter, its attributes, and where it is given if not everywhere."""
    dtype = np.dtype(described["dtype"])
    given = fetch(file, described["given"], np.bool_) if "given" in described else None
    arrays = None
    if "shown" in described:
        values, arrays = get_shown_arrays(file, described["name"], described["shown"], given)
    else:
        values = fetch(file, described["name"], dtype).astype(dtype)
        arrays = get_arrays(file, described["name"]) if dtype.kind == "S" else None
    values.flags.writeable = False
    if "crc32" in described and _checksum(values) != described["crc32"]:
        raise RuntimeError(
            f"the value of {described['name']} does not have the checksum that it was written with"
        )
    name = described["name"] if dtype.kind != "c" else f"{described['name']}_real"
    variable = file.variables[name if "shown" not in described else described["shown"]["variable"]]
    kind = np.dtype(described["shown"]["dtype"]).kind if "shown" in described else dtype.kind
    hidden = {*HIDDEN, *(("units", "calendar") if kind == "M" else ())}
    attrs = {key: variable.getncattr(key) for key in variable.ncattrs() if key not in hidden}
    return values, attrs, given, arrays
