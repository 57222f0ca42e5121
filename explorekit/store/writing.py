"""Writing a shard: what a batch returned, and what is known of its runs, to a new file."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.simulation.collect import Stacked
from explorekit.simulation.encoding import Encoding, encoding_of
from explorekit.space import Space
from explorekit.space.positions import Positions
from explorekit.store import durable
from explorekit.store.failures import Failure, put_failures
from explorekit.store.hdf5 import create_file
from explorekit.store.header import HEADER, Header, Origin, StoredField, put_origins
from explorekit.store.netcdf import LAYOUTS, Draft, Layout
from explorekit.store.shard import row_dimension, sample_dimension
from explorekit.store.spaces import put_space
from explorekit.store.status import STATUS_MEANINGS, status_runs
from explorekit.store.timings import Timings, put_timings
from explorekit.store.touched import touched_part

_SMALL_BYTES = 3 * durable.SMALL_BYTES // 4  # of values, so that the file is small too
_VARIABLE_BYTES = 1024  # what the description of one takes
_POSITION_BYTES = 8


@dataclass(frozen=True)
class Record:
    """What is known of the runs of a batch.

    Parameters
    ----------
    status
        By row, ``OK``, ``FAILED`` or ``TIMED_OUT``.
    timings
        What they took.
    failures
        One for each row that is not ok.
    """

    status: npt.NDArray[np.int8]
    timings: Timings
    failures: Sequence[Failure]


def write_shard(
    path: Path,
    space: Space,
    positions: Positions,
    outputs: Mapping[str, Stacked],
    ragged: Mapping[str, npt.NDArray[np.int64]],
    record: Record,
    origin: Origin,
    encoding: Mapping[str, Encoding] | None = None,
    *,
    origins: Sequence[tuple[int, Origin]] = (),
    layouts: Mapping[str, Sequence[Sequence[int]]] | None = None,
) -> Header:
    """Write the results of one batch, or of several, to a new file.

    Parameters
    ----------
    space
        The space that the batch is part of.
    positions
        Flat positions of the rows in it.
    outputs, ragged
        What the batch returned: see `explorekit.simulation.collect.Collector.stack`.
    encoding
        By output, compression and lengths of chunks along its own dimensions, in xarray's words.
    origin, origins
        Where the rows come from: all of them from one batch, or by first row.
    layouts
        By output, lengths of chunks along the dimensions of the space and its own: outputs are laid out so, for which the
        rows must be all points of the labels that they touch. All but the first are those of copies, which are quicker to
        read along other dimensions.
    """
    touched, local = touched_part(space, positions)
    # Batches that were put back come in any order.
    span = (int(local[0]), int(local[-1]) + 1) if np.all(np.diff(local) == 1) else None
    header = Header(
        origin,
        len(positions),
        _stored(outputs, encoding or {}),
        _sizes(outputs),
        tuple(ragged),
        status_runs(record.status),
        span,
        layouts is not None,
        tuple(origins),
    )

    def write(layout: Layout) -> None:
        draft = Draft(layout)
        with create_file(path) as file:
            put_space(file, touched, draft)
            file.createDimension(row_dimension(touched.dims), len(positions))
            file.setncattr("Conventions", "CF-1.11")
            _put_outputs(file, outputs, header, touched, layouts, draft)
            _put_record(file, record, ragged, row_dimension(touched.dims), None if span else local, draft)
            if record.failures:
                put_failures(file, record.failures, draft)
            if origins:
                put_origins(file, origins, draft)
            file.setncattr(HEADER, header.to_json())
            draft.write()

    small = _is_small(touched, outputs, record)
    write("bare" if small else "shard")
    if (
        small and path.stat().st_size > durable.SMALL_BYTES
    ):  # with long attributes, or one long text among many
        path.unlink()
        write("shard")
    return header


def _stored(outputs: Mapping[str, Stacked], encoding: Mapping[str, Encoding]) -> dict[str, StoredField]:
    return {
        name: StoredField(
            one.field,
            one.constant,
            one.given is not None,
            hashlib.sha256(repr(one.values.shape).encode() + one.values.tobytes()).hexdigest()[:16]
            if one.constant
            else "",
            encoding_of(name, encoding),
            one.lengths is not None,
        )
        for name, one in outputs.items()
    }


def _sizes(outputs: Mapping[str, Stacked]) -> dict[str, int]:
    """Return the length of each output dimension: that of the longest."""
    sizes: dict[str, int] = {}
    for one in outputs.values():
        shape = one.values.shape[0 if one.constant else 1 :]
        if one.lengths is not None:
            shape = (int(one.lengths.max()), *shape)
        sizes |= dict(zip(one.field.dims, shape, strict=True))
    return sizes


def _is_small(space: Space, outputs: Mapping[str, Stacked], record: Record) -> bool:
    """Return whether a shard is so small that whoever opens it reads it all, to check it by its name."""
    sizes = [one.values.nbytes for one in outputs.values()]
    sizes += [p.values.nbytes for p in space.passed.values()]
    sizes += [4 * len(text) for f in record.failures for text in (f.error, f.message, f.traceback)]
    sizes += [len(record.status) * (record.status.itemsize + _POSITION_BYTES), record.timings.nbytes]
    sizes += [(len(outputs) + len(space.passed)) * _VARIABLE_BYTES]
    return sum(sizes) <= _SMALL_BYTES


def _put_outputs(
    file: Any,
    outputs: Mapping[str, Stacked],
    header: Header,
    touched: Space,
    layouts: Mapping[str, Sequence[Sequence[int]]] | None,
    draft: Draft,
) -> None:
    for dim, size in header.sizes.items():
        file.createDimension(dim, size)
    row = row_dimension(touched.dims)
    outer, shape = ((row,), (header.size,)) if layouts is None else (touched.dims, touched.shape)
    for name, one in outputs.items():
        dims = one.field.dims if one.constant else (*outer, *one.field.dims)
        whole = one.constant or one.lengths is not None
        values = one.values if whole else one.values.reshape(*shape, *one.values.shape[1:])
        wanted = dict(header.outputs[name].encoding)
        if one.lengths is not None:
            dims = (sample_dimension(one.field.dims[0]), *one.field.dims[1:])
            if dims[0] not in file.dimensions:
                file.createDimension(dims[0], len(values))
        elif layouts is not None and not one.constant:
            first, *others = (_in_chunks(wanted, chunks, values.dtype) for chunks in layouts[name])
            for number, encoding in enumerate(others):
                copies = file.groups.get(LAYOUTS) or file.createGroup(LAYOUTS)
                attrs = {"long_name": f"{name}, laid out for other slices"}
                draft.add(copies, f"{name}.{number}", dims, values, attrs, encoding=encoding)
            wanted = first
        elif "chunksizes" in wanted and not one.constant:
            wanted["chunksizes"] = [1, *wanted["chunksizes"]]
        draft.add(file, name, dims, values, one.field.attrs, encoding=wanted)
        if one.given is not None:
            described = {"long_name": f"whether the run returned {name}"}
            draft.add(file, f"{name}_given", (row,), one.given, described)


def _in_chunks(encoding: Encoding, chunks: Sequence[int], dtype: np.dtype[Any]) -> dict[str, Any]:
    # Through a large cache chunks would reach the file in a jumble, and not in the order that they are read in.
    cache = math.prod(chunks) * dtype.itemsize
    return {**encoding, "chunksizes": chunks, "contiguous": False, "chunk_cache": cache}


def _put_record(
    file: Any, record: Record, ragged: Mapping[str, Any], row: str, local: Positions | None, draft: Draft
) -> None:
    group = file.createGroup("runs")
    flags = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": " ".join(STATUS_MEANINGS)}
    draft.add(group, "status", (row,), record.status, flags)
    put_timings(group, record.timings, draft)
    if local is not None:
        attrs = {"long_name": "position among the labels, C order"}
        draft.add(group, "position", (row,), local, attrs)
    for dim, lengths in ragged.items():
        attrs = {"long_name": f"length of {dim}"}
        if sample_dimension(dim) in file.dimensions:
            attrs["sample_dimension"] = sample_dimension(dim)
            starts = {"long_name": f"first value along {sample_dimension(dim)}"}
            draft.add(group, f"{dim}_start", (row,), np.cumsum(lengths) - lengths, starts)
        draft.add(group, f"{dim}_size", (row,), lengths, attrs)
