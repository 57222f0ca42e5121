"""Arrays of every supported dtype in netCDF-4 variables, by the CF conventions, and back bit for bit.

netCDF has no bool, complex or time, and no filters for text of variable length. So bools are bytes, complex numbers
two variables, times integer nanoseconds, and texts fixed-width UTF-8.

Every stored byte is under a checksum. HDF5 has one of its own, for chunks only; and many small chunks are slow, while
one of a large chunk costs its reader all of it. So arrays of short rows lie in one piece, with our own checksums beside
them: see `Draft`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from zlib_ng import zlib_ng

from explorekit.errors import StudyError

Array = npt.NDArray[Any]
Layout = Literal["chunked", "shard", "bare"]

TIME_UNITS = "nanoseconds since 1970-01-01"
DURATION_UNITS = "nanoseconds"
COMPLEX = "explorekit_complex"
CHUNK_BYTES = 256 * 1024
CHECKSUMS = "checksums"
LAYOUTS = "layouts"  # the group of copies of variables in other chunks
_LONG_ROW_BYTES = 32 * 1024
_BLOCK_BYTES = 8 * 1024
_READ_BYTES = 4 * 2**20
_NAT = np.iinfo(np.int64).min
_ROUNDING = frozenset({"least_significant_digit", "significant_digits"})


@dataclass(frozen=True)
class Writable:
    """A variable that has been defined; complex ones have two parts."""

    parts: tuple[Any, ...]
    dtype: np.dtype[Any]
    fill: Any

    def put(self, key: Any, values: Array, missing: npt.NDArray[np.bool_] | None = None) -> None:
        """Write values at an index; where `missing`, the fill value."""
        for part, encoded in zip(self.parts, self.encode(values), strict=True):
            if missing is not None and self.fill is not None:
                encoded = np.where(missing, np.asarray(self.fill, dtype=part.dtype), encoded)  # noqa: PLW2901
            part[key] = encoded

    def encode(self, values: Array) -> tuple[Array, ...]:
        """Return values as the parts hold them."""
        if self.dtype.kind == "c":
            return np.asarray(values.real, order="C"), np.asarray(values.imag, order="C")
        return (np.asarray(_encode(values, self.parts[0]), order="C"),)


def define(
    group: Any,
    name: str,
    dims: Sequence[str],
    dtype: Any,
    attrs: Mapping[str, Any],
    *,
    width: int | None = None,
    extent: tuple[int, int] | None = None,
    coordinate: bool = False,
    chunked: bool = True,
    encoding: Mapping[str, Any] | None = None,
) -> Writable:
    """Define a variable in an open netCDF group.

    Parameters
    ----------
    dims
        Dimensions that exist in the group or above it.
    dtype
        The dtype of the values, not of their encoding.
    width
        Bytes of the longest text; by default what the dtype can need.
    extent
        For int and bool values of which some are missing: the smallest and the largest, so that the fill value
        lies outside.
    coordinate
        Whether the values are labels, of which none may be missing and so none stands for missing.
    chunked
        Whether it lies in chunks, each under a checksum of HDF5's; else in one piece, under none.
    encoding
        Compression and lengths of chunks along `dims`, in xarray's words; by default none, and inner dimensions whole.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}")
        parts = tuple(
            _create(
                group,
                f"{name}_{which}",
                part,
                dims,
                {**attrs, COMPLEX: name},
                fill=None if coordinate else np.nan,
                chunked=chunked,
                encoding=encoding,
            )
            for which in ("real", "imag")
        )
        return Writable(parts, dtype, None)
    if dtype.kind == "U":
        size = width or max(1, dtype.itemsize)
        # The dot keeps it apart from every dimension of a user: no part of their names is a number.
        length = f"string.{size}"
        if length not in _dimensions(group):
            group.createDimension(length, size)
        attrs = {**attrs, "_Encoding": "utf-8"}
        if encoding and "chunksizes" in encoding:
            encoding = {**encoding, "chunksizes": [*encoding["chunksizes"], size]}
        variable = _create(
            group, name, np.dtype("S1"), [*dims, length], attrs, chunked=chunked, encoding=encoding
        )
        variable.set_auto_chartostring(False)
        return Writable((variable,), dtype, None)
    if dtype.kind == "S":  # digests of arrays, letters of one byte
        length = f"string.{dtype.itemsize}"
        if length not in _dimensions(group):
            group.createDimension(length, dtype.itemsize)
        variable = _create(
            group, name, np.dtype("S1"), [*dims, length], attrs, chunked=chunked, encoding=encoding
        )
        variable.set_auto_chartostring(False)
        return Writable((variable,), dtype, None)
    stored, extra, fill = _number(dtype, extent)
    fill = None if coordinate else fill
    variable = _create(
        group, name, stored, dims, {**attrs, **extra}, fill=fill, chunked=chunked, encoding=encoding
    )
    return Writable((variable,), dtype, fill)


class Draft:
    """Variables of a new file that are each written whole.

    All are defined before the first is written: netCDF writes out every definition at each turn from the one to the
    other (0.2 ms).

    Parameters
    ----------
    layout
        ``"chunked"`` for chunks under checksums of HDF5's, which every reader checks; ``"shard"`` for one piece with our
        own checksums in the group ``checksums``, where rows are too short for a chunk each; ``"bare"`` for none, where
        the whole file is under one.
    """

    def __init__(self, layout: Layout = "chunked") -> None:
        self.layout = layout
        self._pending: list[tuple[Any, Array]] = []

    def add(
        self,
        group: Any,
        name: str,
        dims: Sequence[str],
        values: Array,
        attrs: Mapping[str, Any],
        *,
        coordinate: bool = False,
        encoding: Mapping[str, Any] | None = None,
    ) -> None:
        """Define a variable, and keep its values for `write`; see `define`."""
        width = encoded_width(values) if values.dtype.kind == "U" else None
        row = (width or values.dtype.itemsize) * math.prod(values.shape[1:])
        chunked = self.layout == "chunked" or (self.layout == "shard" and row >= _LONG_ROW_BYTES)
        if encoding:
            chunked = not encoding.get("contiguous", False)
        target = define(
            group,
            name,
            dims,
            values.dtype,
            attrs,
            width=width,
            coordinate=coordinate,
            chunked=chunked,
            encoding=encoding,
        )
        for part, encoded in zip(target.parts, target.encode(values), strict=True):
            self._pending.append((part, encoded))
            if self.layout == "shard" and not chunked and encoded.size and encoded.ndim:
                self._add_checksums(group, part.name, encoded)

    def _add_checksums(self, group: Any, name: str, encoded: Array) -> None:
        """Keep the CRC-32 of each block of rows; the blocks are small, as a row costs its reader the whole block."""
        row = encoded.nbytes // len(encoded)
        rows = max(1, _BLOCK_BYTES // row)
        sums = np.array(list(_checksums(encoded, rows * row)), dtype=np.uint32)
        checksums = group.groups.get(CHECKSUMS) or group.createGroup(CHECKSUMS)
        dim = f"block.{sums.size}"
        if dim not in checksums.dimensions:
            checksums.createDimension(dim, sums.size)
        attrs = {"long_name": f"CRC-32 of the stored bytes of each block of {name}", "rows": rows}
        self._pending.append((_create(checksums, name, sums.dtype, [dim], attrs, chunked=False), sums))

    def write(self) -> None:
        """Write what was added."""
        for part, encoded in self._pending:
            part[...] = encoded
        self._pending.clear()


def _checksums(encoded: Array, block: int) -> Iterator[int]:
    data = encoded.reshape(-1).view(np.uint8).data
    return (zlib_ng.crc32(data[start : start + block]) for start in range(0, encoded.nbytes, block))


def fetch(group: Any, name: str, dtype: Any, key: Any = ...) -> Array:
    """Read a variable of an open netCDF group at an index, as the dtype that was written."""
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        real, imag = (_raw(group, f"{name}_{which}", key) for which in ("real", "imag"))
        values = np.empty(real.shape, dtype=np.result_type(real.dtype, np.complex64))
        values.real, values.imag = real, imag
        return values
    values = _raw(group, name, key)
    if dtype.kind == "S":
        return np.ascontiguousarray(values).view(f"S{values.shape[-1]}")[..., 0]
    if dtype.kind == "U":
        return _decoded(np.ascontiguousarray(values))
    if dtype.kind == "b":
        return values.astype(bool)
    return values.view(f"{dtype.kind}8[ns]") if dtype.kind in "mM" else values


def _decoded(letters: Array) -> Array:
    """Return texts whose UTF-8 bytes lie along the last dimension."""
    width = letters.shape[-1]
    codes = letters.view(np.uint8)
    if codes.size and codes.max() < 128:  # ASCII, whose bytes are code points: many times faster
        return codes.astype(np.uint32).view(f"U{width}")[..., 0]
    return np.char.decode(letters.view(f"S{width}")[..., 0], "utf-8")


def encoded_width(values: Array) -> int:
    """Return the bytes of the longest text in an array, at least 1."""
    return max(1, np.char.encode(values, "utf-8").dtype.itemsize) if values.size else 1


def _raw(group: Any, name: str, key: Any) -> Array:
    variable = group.variables[name]
    variable.set_auto_maskandscale(False)
    if variable.dtype == np.dtype("S1"):
        variable.set_auto_chartostring(False)
    checksums = group.groups.get(CHECKSUMS)
    if checksums is None or name not in checksums.variables:
        return np.asarray(variable[key])
    return _checked(variable, checksums.variables[name], key)


def _checked(variable: Any, checksums: Any, key: Any) -> Array:
    """Read an index of a variable that lies in one piece, and all of each block that it touches."""
    outer, *inner = (slice(None),) if key is Ellipsis else key if isinstance(key, tuple) else (key,)
    n = len(variable)
    low, high = outer.indices(n)[:2] if isinstance(outer, slice) else (0, n)
    if high <= low:
        return np.asarray(variable[key])
    rows = int(checksums.getncattr("rows"))
    row = variable.dtype.itemsize * math.prod(variable.shape[1:])
    pieces = []
    step = rows * max(1, _READ_BYTES // (rows * row))
    for start in range(low // rows * rows, high, step):
        stop = min(start + step, -(-high // rows) * rows, n)
        piece = np.ascontiguousarray(variable[start:stop])
        _verify(piece, rows * row, checksums, start // rows)
        within = slice(max(low - start, 0), min(high, stop) - start)
        pieces.append(piece[(within, *inner)] if isinstance(outer, slice) else piece)
    found = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    return found if isinstance(outer, slice) else np.asarray(found[key])


def _verify(piece: Array, block: int, checksums: Any, first: int) -> None:
    found = list(_checksums(piece, block))
    if np.asarray(checksums[first : first + len(found)]).tolist() != found:
        raise RuntimeError(
            f"the bytes of {checksums.name} do not have the checksum that they were written with"
        )


def _encode(values: Array, variable: Any) -> Array:
    if values.dtype.kind == "S":
        return np.ascontiguousarray(values).reshape(*values.shape, 1).view("S1")
    if values.dtype.kind == "U":
        width = variable.shape[-1]
        encoded = np.char.encode(values, "utf-8").astype(f"S{width}")
        return (
            np.ascontiguousarray(encoded).reshape(*values.shape, 1).view("S1").reshape(*values.shape, width)
        )
    if values.dtype.kind in "mM":
        return values.astype(f"{values.dtype.kind}8[ns]").view(np.int64)
    return values.astype(variable.dtype, copy=False)


def _number(
    dtype: np.dtype[Any], extent: tuple[int, int] | None
) -> tuple[np.dtype[Any], dict[str, Any], Any]:
    """Return the stored dtype, the attributes that tell how to read it, and the fill value."""
    if dtype.kind == "M":
        return np.dtype(np.int64), {"units": TIME_UNITS, "calendar": "proleptic_gregorian"}, np.int64(_NAT)
    if dtype.kind == "m":  # the dtype tells xarray that these are no numbers in nanoseconds
        return np.dtype(np.int64), {"units": DURATION_UNITS, "dtype": "timedelta64[ns]"}, np.int64(_NAT)
    if dtype.kind == "f":
        return dtype, {}, dtype.type(np.nan)
    if dtype.kind == "b" and extent is None:
        return np.dtype(np.int8), {"dtype": "bool"}, None
    if dtype.kind == "b":
        flags = {"flag_values": np.array([0, 1], dtype=np.int8), "flag_meanings": "false true"}
        return np.dtype(np.int8), flags, np.int8(-1)
    if extent is None:
        return dtype, {}, None
    return (*_outside(dtype, extent),)


def _outside(dtype: np.dtype[Any], extent: tuple[int, int]) -> tuple[np.dtype[Any], dict[str, Any], Any]:
    for wider in (dtype, *(np.dtype(f"i{size}") for size in (2, 4, 8) if size > dtype.itemsize)):
        bounds = np.iinfo(wider)
        for candidate in (bounds.min, bounds.max):
            if not extent[0] <= candidate <= extent[1]:
                return wider, {}, wider.type(candidate)
    raise StudyError(
        "the integers take up the whole range of 64 bits, so that none is left to mark missing runs; complete the study first"
    )


def _create(
    group: Any,
    name: str,
    stored: np.dtype[Any],
    dims: Sequence[str],
    attrs: Mapping[str, Any],
    fill: Any = None,
    *,
    chunked: bool = True,
    encoding: Mapping[str, Any] | None = None,
) -> Any:
    shape = [len(_dimensions(group)[dim]) for dim in dims]
    layout: dict[str, Any] = {}
    if shape and all(shape):  # HDF5 checksums chunks only, and neither a chunk nor a piece can be empty
        layout = {"contiguous": True}
        if chunked and not (encoding or {}).get("contiguous"):
            layout = {"fletcher32": True, **(encoding or {})}
            if stored.kind != "f":  # netCDF refuses to round what is exact
                layout = {word: value for word, value in layout.items() if word not in _ROUNDING}
            elif "significant_digits" in layout:  # by default every other value is rounded up, the rest down
                layout["quantize_mode"] = "GranularBitRound"
            wanted = layout.get("chunksizes") or _chunks(shape, stored.itemsize)
            layout["chunksizes"] = [min(length, size) for length, size in zip(wanted, shape, strict=True)]
    variable = group.createVariable(name, stored, tuple(dims), fill_value=fill, **layout)
    variable.setncatts(dict(attrs))
    variable.set_auto_maskandscale(False)
    return variable


def _chunks(shape: Sequence[int], itemsize: int) -> list[int]:
    """Return chunks of about `CHUNK_BYTES` that keep inner dimensions whole: one point is read at a time.

    They divide a dimension evenly, since the last one is stored whole; and where one row of what is left would make a
    chunk of some size, it is one, so that a row costs its reader no others.
    """
    chunks = [1] * len(shape)
    inner = itemsize
    for axis in reversed(range(len(shape))):
        if inner >= _LONG_ROW_BYTES:
            break
        pieces = max(1, -(-inner * shape[axis] // CHUNK_BYTES))
        chunks[axis] = -(-shape[axis] // pieces)
        inner *= chunks[axis]
        if pieces > 1:
            break
    return chunks


def _dimensions(group: Any) -> dict[str, Any]:
    """Return the dimensions that a group sees, its own first."""
    found: dict[str, Any] = {}
    while group is not None:
        found = {**group.dimensions, **found}
        group = group.parent
    return found
