"""One netCDF file with everything: results, the record of each run, and provenance.

By the CF conventions, so that xarray, ncdump and other languages read it without explorekit.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.encoding import Encoding, check_available, checked_encoding
from explorekit.space.arrays import VALUES
from explorekit.store import durable
from explorekit.store.array_values import array_coordinates, shown_arrays
from explorekit.store.dataset import failed_points, renamed_in, results_dataset, runs_dataset
from explorekit.store.directory import storage_error
from explorekit.store.export_ragged import is_better_joined_up, name_sample_dimensions, put_joined_up
from explorekit.store.failures import Failure, put_failures
from explorekit.store.hdf5 import create_file_beside_others, hdf5_lock, open_file
from explorekit.store.inner_names import rename
from explorekit.store.netcdf import Draft, define, encoded_width
from explorekit.store.reader import OutputArray
from explorekit.store.snapshot import Snapshot
from explorekit.store.spaces import put_space

_BLOCK_BYTES = 32 * 2**20


def export(
    snapshot: Snapshot,
    path: Path,
    attrs: Mapping[str, Any],
    provenance: Mapping[str, Any],
    encoding: Mapping[str, Encoding] | None = None,
) -> None:
    """Write a snapshot to a file, which is whole or absent whatever happens.

    Parameters
    ----------
    snapshot
        What to write.
    path
        The file; one that is there is replaced.
    attrs
        Attributes of the file.
    provenance
        By name, text, numbers, or data that JSON can hold.
    encoding
        By variable, compression and lengths of chunks, in xarray's words.

    Raises
    ------
    StudyError
        If the file cannot be written, or `encoding` does not fit.
    """
    results = results_dataset(snapshot, attrs)
    encoding = _checked(encoding or {}, snapshot, results)
    temporary = durable.temporary_name(path.parent)
    try:
        with create_file_beside_others(temporary) as file:
            _write(file, snapshot, results, provenance, encoding)
        durable.sync(temporary)
        durable.rename(temporary, path)
    except OSError as error:
        raise storage_error(error, path) from error
    except RuntimeError as error:
        raise StudyError(
            f"cannot write {path}: {error}.{' Does the encoding fit?' if encoding else ''}"
        ) from error
    finally:
        with suppress(OSError):  # a read-only file system refuses even to remove what is not there
            temporary.unlink(missing_ok=True)


def _checked(encoding: Any, snapshot: Snapshot, results: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return encodings by variable that fit the results of a snapshot, or raise `StudyError`."""
    checked = checked_encoding(encoding, StudyError)
    check_available(checked, StudyError)
    found = {}
    for name, words in checked.items():
        if name not in snapshot.fields:
            raise StudyError(
                f"got an encoding for {name!r}; the outputs are {listing(snapshot.fields)}.{suggest(name, snapshot.fields)}"
            )
        variable = name if name in results.variables else f"{name}_values"
        dims = results[variable].dims
        if len(words.get("chunksizes", dims)) != len(dims):
            raise StudyError(
                f"got chunksizes={words['chunksizes']} for {name!r} with dimensions {dims}; give one length for each."
            )
        found[variable] = words
    return found


def _write(
    file: Any,
    snapshot: Snapshot,
    results: xr.Dataset,
    provenance: Mapping[str, Any],
    encoding: Mapping[str, Encoding],
) -> None:
    renamed = renamed_in(snapshot)
    with hdf5_lock():
        file.setncatts(results.attrs)
        labels = Draft()
        put_space(file, snapshot.space, labels, lambda p: shown_arrays(p, renamed))
        if coordinates := array_coordinates(snapshot.space, renamed):
            file.setncattr("coordinates", " ".join(coordinates))
        labels.write()
        for name, size in results.sizes.items():
            if name not in file.dimensions:
                file.createDimension(name, size)
    shown = {
        n
        for p in snapshot.space.parameters.values()
        if p.arrays is not None
        for n in (p.name, f"{p.name}{VALUES}")
    }
    for name, variable in results.variables.items():
        if name not in snapshot.space.names or name in shown:
            _put(
                file,
                str(name),
                _with_coordinates(variable, results) if name in results.data_vars else variable,
                snapshot,
                encoding.get(str(name)),
            )
    with hdf5_lock():
        name_sample_dimensions(file, snapshot)
    _put_runs(file, snapshot, renamed)
    positions, texts, _ = failed_points(snapshot)
    with hdf5_lock():
        _put_provenance(file, provenance)
        if texts:
            draft = Draft()
            failures = [Failure(int(p), *text) for p, text in zip(positions, texts, strict=True)]
            put_failures(file, failures, draft)
            draft.write()


def _with_coordinates(variable: xr.Variable, results: xr.Dataset) -> xr.Variable:
    """Name the coordinates that are no dimensions, as CF asks; readers take them for data otherwise."""
    names = [n for n, c in results.coords.items() if c.dims != (n,) and set(c.dims) <= set(variable.dims)]
    stored = [
        part
        for n in names
        for part in ((f"{n}_real", f"{n}_imag") if results[n].dtype.kind == "c" else (str(n),))
    ]
    named = variable.copy(deep=False)
    named.attrs = {**variable.attrs, **({"coordinates": " ".join(stored)} if stored else {})}
    return named


def _put_runs(file: Any, snapshot: Snapshot, renamed: Mapping[str, str]) -> None:
    with hdf5_lock():
        group = file.createGroup("runs")
    variables = {str(name): variable for name, variable in runs_dataset(snapshot).variables.items()}
    for name, variable in rename(variables, renamed).items():
        _copy(group, name, variable)


def _put_provenance(file: Any, provenance: Mapping[str, Any]) -> None:
    group = file.createGroup("provenance")
    for name, value in provenance.items():
        plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
        group.setncattr(name, value if plain else json.dumps(value))


def _put(file: Any, name: str, variable: xr.Variable, snapshot: Snapshot, encoding: Encoding | None) -> None:
    """Write an output as the dtype that the simulation returned, missing runs as the fill value."""
    source = name if name in snapshot.fields else name.removesuffix("_values")
    field = snapshot.fields.get(source)
    if field is not None and not encoding and is_better_joined_up(snapshot, source):
        put_joined_up(file, name, variable, snapshot)
        return
    if field is None or np.dtype(field.dtype).kind not in "biu" or not snapshot.has_missing(source):
        _copy(file, name, variable, encoding)
        return
    dtype = np.dtype(field.dtype)
    extent = _extent(snapshot, source, dtype)
    dims = [str(d) for d in variable.dims]
    with hdf5_lock():
        target = define(file, name, dims, dtype, variable.attrs, extent=extent, encoding=encoding)
    for key, block in _blocks(_tolerant(snapshot, source, target.fill)):
        with hdf5_lock():
            target.parts[0][key] = block


def _extent(snapshot: Snapshot, name: str, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the smallest and the largest value that is there: under two fills, what stays the same."""
    zeros, ones = (_blocks(_tolerant(snapshot, name, dtype.type(fill))) for fill in (0, 1))
    present = [a[a == b] for (_, a), (_, b) in zip(zeros, ones, strict=True)]
    numbers = [block for block in present if block.size]
    return (int(min(b.min() for b in numbers)), int(max(b.max() for b in numbers))) if numbers else (0, 0)


def _tolerant(snapshot: Snapshot, name: str, fill: Any) -> OutputArray:
    return OutputArray(replace(snapshot, fill={name: fill}), name)


def _copy(group: Any, name: str, variable: xr.Variable, encoding: Encoding | None = None) -> None:
    width = None
    if variable.dtype.kind == "U":
        width = max(encoded_width(block) for _, block in _blocks(variable))
    dims = [str(d) for d in variable.dims]
    with hdf5_lock():
        target = define(
            group,
            name,
            dims,
            variable.dtype,
            variable.attrs,
            width=width,
            coordinate=dims == [name],
            encoding=encoding,
        )
    for key, block in _blocks(variable):
        with hdf5_lock():
            target.put(key, block)


def _blocks(array: Any) -> Iterator[tuple[Any, Any]]:
    """Yield an array in blocks of a size that fits in memory, in C order."""
    for key in _block_keys(tuple(array.shape), array.dtype.itemsize):
        yield key or ..., _values(array, key)


def _block_keys(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[slice, ...]]:
    if not shape:
        yield ()
        return
    size, *inner = shape
    row = max(1, itemsize * math.prod(inner))
    if row > _BLOCK_BYTES:
        for index in range(size):
            yield from ((slice(index, index + 1), *rest) for rest in _block_keys(tuple(inner), itemsize))
        return
    step = max(1, _BLOCK_BYTES // row)
    for start in range(0, size, step):
        yield (slice(start, min(start + step, size)), *(slice(None) for _ in inner))


def _values(array: Any, key: tuple[slice, ...]) -> Any:
    return array.read(key) if isinstance(array, OutputArray) else array[key].values


def read_provenance(path: Path) -> dict[str, Any]:
    """Return the provenance of an exported file."""
    with open_file(path) as file:
        if "provenance" not in file.groups:
            return {}
        group = file["provenance"]
        return {name: _decoded(group.getncattr(name)) for name in group.ncattrs()}


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and (value.startswith(("{", "[")) or value in ("null", "true", "false")):
        return json.loads(value)
    return value.item() if isinstance(value, np.generic) else value
