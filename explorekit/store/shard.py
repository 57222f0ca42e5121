"""A shard: the immutable netCDF file that one finished batch leaves.

It holds the labels of its own points, so it means the same in any space: the coordinate values that it touches, and
which points of their product its rows are. Outputs lie at the root over ``point``, the record of each run in the group
``runs``, tracebacks in ``failures``.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import ShardError
from explorekit.simulation.collect import Stacked
from explorekit.simulation.encoding import Encoding, encoding_of
from explorekit.simulation.names import POINT
from explorekit.simulation.schema import Field
from explorekit.space import Space
from explorekit.store import durable
from explorekit.store.netcdf import Draft, create_file, fetch, open_file
from explorekit.store.spaces import get_space, put_space

FORMAT = 1
HEADER = "explorekit"

PENDING, OK, FAILED, TIMED_OUT = range(4)
STATUS_MEANINGS = ("pending", "ok", "failed", "timed_out")

_LONGEST_RUN_LIST = 1000
_SMALL_BYTES = 32 * 1024  # as a file, less than `durable.SMALL_BYTES`
_VARIABLE_BYTES = 1024  # what the description of one takes
_RUN_BYTES = 64

# One variable for all columns: defining one costs as much as writing 100 kB.
TIMING_COLUMNS: Mapping[str, Any] = {
    "first": np.int64,
    "runs": np.int32,
    "started": np.float64,
    "duration": np.float64,
    "cpu_time": np.float64,
    "peak_memory": np.int64,
    "attempts": np.int32,
}
_TIMING_ATTRS = {
    "long_name": "runs that were timed together: their first row, number, start (seconds since 1970-01-01), wall and CPU "
    "time of all (s), most memory that the process held (byte), and number of tries",
    "columns": " ".join(TIMING_COLUMNS),
}

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Failure:
    """Why one row of a batch has no result."""

    row: int
    error: str
    message: str
    traceback: str
    status: int = FAILED


@dataclass(frozen=True)
class Timings:
    """What the runs of a batch took, one entry a group of neighbouring rows that were timed together.

    Reading a clock costs as much as a short run, so these share one; a long one has an entry of its own.

    Parameters
    ----------
    first
        First row of the group, increasing.
    runs
        Number of rows in it.
    started
        Seconds since 1970-01-01.
    duration, cpu_time
        Seconds, of all together.
    peak_memory
        The most that the process held until then, in bytes; of this run alone where it was timed alone on Linux.
    attempts
        How often each was tried.
    """

    first: npt.NDArray[np.int64]
    runs: npt.NDArray[np.int32]
    started: npt.NDArray[np.float64]
    duration: npt.NDArray[np.float64]
    cpu_time: npt.NDArray[np.float64]
    peak_memory: npt.NDArray[np.int64]
    attempts: npt.NDArray[np.int32]


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


@dataclass(frozen=True)
class Origin:
    """Where a shard comes from: what orders it among others, and what made it."""

    epoch: int
    sequence: int
    code_version: str
    worker: str
    host: str


@dataclass(frozen=True)
class StoredField:
    """One output as a shard holds it.

    Parameters
    ----------
    field
        What it is.
    constant
        Whether all rows share one array.
    given
        Whether some rows lack it.
    digest
        Of the array that all share, else empty.
    encoding
        How it was asked to lie in the file, in xarray's words.
    flat
        Whether the rows' values lie one behind the other, `{dim}_start` and `{dim}_size` in the group ``runs`` telling
        which belong to which row: a contiguous ragged array.
    """

    field: Field
    constant: bool
    given: bool
    digest: str
    encoding: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    flat: bool = False

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> "StoredField":
        """Return what was one as JSON."""
        one = content["field"]
        return cls(**{**content, "field": Field(**{**one, "dims": tuple(one["dims"])})})


@dataclass(frozen=True)
class Header:
    """All of a shard but its arrays and labels; small enough to travel with a task's reply.

    Parameters
    ----------
    origin
        Where it comes from; of several the first.
    size
        The number of rows; one that is pending stands for a point without a record.
    outputs
        What the runs returned.
    sizes, ragged
        The lengths of output dimensions, and which of them differ between rows.
    status_runs
        The (start, stop, status) of stretches of rows.
    span
        The rows' positions among the labels, if these are consecutive.
    grid
        Whether outputs lie over the dimensions of the labels, of which every point has a row, rather than over rows.
    origins
        Where a shard that was made of others has its records from: first rows and origins.
    """

    origin: Origin
    size: int
    outputs: Mapping[str, StoredField]
    sizes: Mapping[str, int]
    ragged: tuple[str, ...]
    status_runs: tuple[tuple[int, int, int], ...]
    span: tuple[int, int] | None
    grid: bool = False
    origins: tuple[tuple[int, Origin], ...] = ()

    @property
    def origins_by_row(self) -> tuple[tuple[int, Origin], ...]:
        """First rows, and where these and the rows behind them come from."""
        return self.origins or ((0, self.origin),)

    def to_json(self) -> str:
        """Return the header as the text of one netCDF attribute."""
        content = {
            "format": FORMAT,
            "key": {"stage": "", "segment": [0, 1], "final": True},
            "origin": vars(self.origin),
            "size": self.size,
            "outputs": {
                n: {**vars(o), "field": {**vars(o.field), "attrs": dict(o.field.attrs)}}
                for n, o in self.outputs.items()
            },
            "sizes": dict(self.sizes),
            "ragged": self.ragged,
            "status_runs": self.status_runs if len(self.status_runs) <= _LONGEST_RUN_LIST else None,
            "span": self.span,
            "grid": self.grid,
        }
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str) -> "Header":
        """Return what `to_json` wrote; raises KeyError, TypeError or ValueError on anything else."""
        content = json.loads(text)
        if content["format"] > FORMAT:
            raise ValueError(
                f"format {content['format']} is newer than {FORMAT}, the newest that this version reads"
            )
        return cls(
            Origin(**content["origin"]),
            content["size"],
            {name: StoredField.from_plain(stored) for name, stored in content["outputs"].items()},
            content["sizes"],
            tuple(content["ragged"]),
            tuple((a, b, c) for a, b, c in content["status_runs"] or ()),
            None if content["span"] is None else (content["span"][0], content["span"][1]),
            content.get("grid", False),
        )


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
    chunks: Mapping[str, Sequence[int]] | None = None,
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
    chunks
        By output, the lengths of chunks along the dimensions of the space and its own: outputs are laid out so, for
        which the rows must be all points of the labels that they touch.
    """
    touched, local = _touched(space, positions)
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
        chunks is not None,
        tuple(origins),
    )
    draft = Draft("bare" if _is_small(touched, outputs, record) else "shard")
    with create_file(path) as file:
        put_space(file, touched, draft)
        file.createDimension(POINT, len(positions))
        file.setncattr("Conventions", "CF-1.11")
        _put_outputs(file, outputs, header, touched, chunks, draft)
        _put_record(file, record, ragged, None if span else local, draft)
        if record.failures:
            put_failures(file, record.failures, draft)
        if origins:
            _put_origins(file, origins, draft)
        file.setncattr(HEADER, header.to_json())
        draft.write()
    return header


def check_content(path: Path) -> None:
    """Read a whole file, and raise `ShardError` if it is not what was written under its name."""
    try:
        found = durable.content_hash(path)
    except OSError as error:
        raise ShardError(
            f"{path.name} in {path.parent} cannot be read ({error.strerror or error})."
        ) from error
    if not path.stem.endswith(f"-{found}"):
        raise ShardError(
            f"{path.name} in {path.parent} is damaged or is not a shard (its content does not match the hash in its "
            f"name); `explorekit check {path.parent.parent}` moves it away."
        )


def read_header(path: Path) -> tuple[Header, Space, Positions]:
    """Return a shard's header, the labels that it touches, and the flat positions of its rows among these.

    Raises
    ------
    ShardError
        If the file cannot be read, or is no shard.
    """
    try:
        durable.check_small(path)
        with open_file(path) as file:
            header = Header.from_json(file.getncattr(HEADER))
            touched = get_space(file)
            rows = np.arange(*header.span) if header.span else fetch(file["runs"], "position", np.int64)
            if not header.status_runs:
                header = replace(header, status_runs=status_runs(fetch(file["runs"], "status", np.int8)))
            if "origins" in file.groups:
                header = replace(header, origins=_read_origins(file["origins"]))
            _check_consistent(header, touched, rows)
    except (
        OSError,
        RuntimeError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        OverflowError,
    ) as error:
        raise ShardError(
            f"{path.name} in {path.parent} is damaged or is not a shard ({type(error).__name__}: {error})."
        ) from error
    return header, touched, rows


def read_timing(file: Any, name: str, rows: Positions) -> npt.NDArray[Any]:
    """Return one column of an open shard's timings at some rows; times of a group are divided among its runs."""
    group = file["runs"]
    if len(group.dimensions["timing"]) == len(file.dimensions[POINT]):
        return _timings(group, rows)[name]
    # A group is short: the table is small where rows share entries.
    table = _timings(group, np.arange(len(group.dimensions["timing"])))
    entry = np.searchsorted(table["first"], rows, side="right") - 1
    values = table[name][entry]
    if name in ("duration", "cpu_time"):
        return np.asarray(values / table["runs"][entry])
    if name == "started":
        each = table["duration"][entry] / table["runs"][entry]
        return np.asarray(values + (rows - table["first"][entry]) * each)
    return values


def read_timings(file: Any) -> Timings:
    """Return the timings of an open shard."""
    group = file["runs"]
    return Timings(**_timings(group, np.arange(len(group.dimensions["timing"]))))


def _timings(group: Any, entries: Positions) -> dict[str, npt.NDArray[Any]]:
    low, high = int(entries.min()), int(entries.max()) + 1
    table = fetch(group, "timings", np.float64, slice(low, high))[entries - low]
    return {name: table[:, i].astype(dtype) for i, (name, dtype) in enumerate(TIMING_COLUMNS.items())}


def _put_origins(file: Any, origins: Sequence[tuple[int, Origin]], draft: Draft) -> None:
    group = file.createGroup("origins")
    group.createDimension("origin", len(origins))
    makers = list(dict.fromkeys((o.code_version, o.worker, o.host) for _, o in origins))
    numbers = {maker: number for number, maker in enumerate(makers)}
    columns = {
        "row": [row for row, _ in origins],
        "epoch": [origin.epoch for _, origin in origins],
        "sequence": [origin.sequence for _, origin in origins],
        "which_maker": [numbers[o.code_version, o.worker, o.host] for _, o in origins],
    }
    for name, column in columns.items():
        draft.add(group, name, ("origin",), np.array(column, dtype=np.int64), {})
    group.createDimension("maker", len(makers))
    for name, texts in zip(("code_version", "worker", "host"), zip(*makers, strict=True), strict=True):
        draft.add(group, name, ("maker",), np.array(texts), {})


def _read_origins(group: Any) -> tuple[tuple[int, Origin], ...]:
    rows, epochs, sequences, which = (
        fetch(group, name, np.int64).tolist() for name in ("row", "epoch", "sequence", "which_maker")
    )
    texts = (fetch(group, name, "U").tolist() for name in ("code_version", "worker", "host"))
    makers = list(zip(*texts, strict=True))
    return tuple(
        (row, Origin(epoch, sequence, *makers[maker]))
        for row, epoch, sequence, maker in zip(rows, epochs, sequences, which, strict=True)
    )


def read_failures(file: Any) -> list[Failure]:
    """Return the failures that an open shard holds."""
    if "failures" not in file.groups:
        return []
    group = file["failures"]
    texts = {name: fetch(group, name, "U").tolist() for name in ("error", "message", "traceback")}
    rows = fetch(group, "row", np.int64).tolist()
    which = fetch(group, "which_traceback", np.int64).tolist()
    return [
        Failure(row, error, message, texts["traceback"][trace])
        for row, error, message, trace in zip(rows, texts["error"], texts["message"], which, strict=True)
    ]


def _is_small(space: Space, outputs: Mapping[str, Stacked], record: Record) -> bool:
    """Return whether a shard is so small that whoever opens it reads it all, to check it by its name."""
    sizes = [one.values.nbytes for one in outputs.values()]
    sizes += [p.values.nbytes for p in space.parameters.values()]
    sizes += [4 * len(text) for f in record.failures for text in (f.error, f.message, f.traceback)]
    sizes += [len(record.status) * _RUN_BYTES, (len(outputs) + len(space.parameters)) * _VARIABLE_BYTES]
    return sum(sizes) <= _SMALL_BYTES


def _touched(space: Space, positions: Positions) -> tuple[Space, Positions]:
    """Return the smallest subspace that holds some points, and their flat positions in it."""
    if space.dims and np.all(positions[1:] - positions[:-1] == 1):
        stretch = _touched_by_stretch(space, int(positions[0]), int(positions[-1]) + 1)
        if stretch is not None:
            indexers, first = stretch
            return space.isel(indexers), np.arange(first, first + len(positions))
    local = np.zeros(len(positions), dtype=np.int64)
    indexers = {}
    for dim, index in space.unravel(positions).items():
        used = np.zeros(space.sizes[dim], dtype=bool)
        used[index] = True
        rank = np.cumsum(used) - 1
        local = local * int(rank[-1] + 1) + rank[index]
        indexers[dim] = np.flatnonzero(used)
    return space.isel(indexers), local


def _touched_by_stretch(space: Space, start: int, stop: int) -> tuple[dict[str, Positions], int] | None:
    """Return what `_touched` does for consecutive points, and the first's position; None unless they stay consecutive."""
    indexers: dict[str, Positions] = {}
    first, varies = 0, False
    for axis, (dim, size) in enumerate(space.sizes.items()):
        inner = int(np.prod(space.shape[axis + 1 :], dtype=np.int64))
        low, high = start // inner, (stop - 1) // inner
        if varies:
            if high - low + 1 < size:
                return None  # parts of several rows
            index = np.arange(size)
        else:
            index = np.arange(low % size, low % size + high - low + 1)
            varies = high > low
        first = first * index.size + (low % size - int(index[0]))
        indexers[dim] = index
    return indexers, first


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


def _check_consistent(header: Header, touched: Space, rows: Positions) -> None:
    """Raise ValueError if the parts of a shard do not tell of the same points."""
    if rows.size != header.size or header.status_runs[-1][1] != header.size:
        raise ValueError(
            f"{rows.size} positions and {header.status_runs[-1][1]} statuses for {header.size} rows"
        )
    if rows.min() < 0 or rows.max() >= len(touched):
        raise ValueError(f"positions up to {rows.max()} among {len(touched)} points")


def status_runs(status: npt.NDArray[np.int8]) -> tuple[tuple[int, int, int], ...]:
    """Return a status vector as (start, stop, status) of stretches."""
    edges = np.flatnonzero(np.diff(status)) + 1
    bounds = [0, *edges.tolist(), len(status)]
    return tuple((a, b, int(status[a])) for a, b in pairwise(bounds))


def _put_outputs(
    file: Any,
    outputs: Mapping[str, Stacked],
    header: Header,
    touched: Space,
    chunks: Mapping[str, Sequence[int]] | None,
    draft: Draft,
) -> None:
    for dim, size in header.sizes.items():
        file.createDimension(dim, size)
    outer, shape = ((POINT,), (header.size,)) if chunks is None else (touched.dims, touched.shape)
    for name, one in outputs.items():
        dims = one.field.dims if one.constant else (*outer, *one.field.dims)
        whole = one.constant or one.lengths is not None
        values = one.values if whole else one.values.reshape(*shape, *one.values.shape[1:])
        wanted = dict(header.outputs[name].encoding)
        if one.lengths is not None:
            dims = (sample_dimension(one.field.dims[0]), *one.field.dims[1:])
            if dims[0] not in file.dimensions:
                file.createDimension(dims[0], len(values))
        elif chunks is not None and not one.constant:
            # Through a large cache chunks would reach the file in a jumble, and not in the order that they are read in.
            cache = math.prod(chunks[name]) * values.dtype.itemsize
            wanted = {**wanted, "chunksizes": chunks[name], "contiguous": False, "chunk_cache": cache}
        elif "chunksizes" in wanted and not one.constant:
            wanted["chunksizes"] = [1, *wanted["chunksizes"]]
        draft.add(file, name, dims, values, one.field.attrs, encoding=wanted)
        if one.given is not None:
            described = {"long_name": f"whether the run returned {name}"}
            draft.add(file, f"{name}_given", (POINT,), one.given, described)


def sample_dimension(dim: str) -> str:
    """Return the dimension along which the values of all rows lie, one behind the other; no user's has that name."""
    return f"{dim}.0"


def _put_record(
    file: Any, record: Record, ragged: Mapping[str, Any], local: Positions | None, draft: Draft
) -> None:
    group = file.createGroup("runs")
    flags = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": " ".join(STATUS_MEANINGS)}
    draft.add(group, "status", (POINT,), record.status, flags)
    group.createDimension("timing", len(record.timings.first))
    group.createDimension("timing_column", len(TIMING_COLUMNS))
    table = np.stack([getattr(record.timings, name) for name in TIMING_COLUMNS], axis=1, dtype=np.float64)
    draft.add(group, "timings", ("timing", "timing_column"), table, _TIMING_ATTRS)
    if local is not None:
        attrs = {"long_name": "position among the labels, C order"}
        draft.add(group, "position", (POINT,), local, attrs)
    for dim, lengths in ragged.items():
        attrs = {"long_name": f"length of {dim}"}
        if sample_dimension(dim) in file.dimensions:
            attrs["sample_dimension"] = sample_dimension(dim)
            starts = {"long_name": f"first value along {sample_dimension(dim)}"}
            draft.add(group, f"{dim}_start", (POINT,), np.cumsum(lengths) - lengths, starts)
        draft.add(group, f"{dim}_size", (POINT,), lengths, attrs)


def put_failures(file: Any, failures: Sequence[Failure], draft: Draft) -> None:
    """Add failures to the draft of an open file, in a group of their own, equal tracebacks once."""
    group = file.createGroup("failures")
    traces = list(dict.fromkeys(failure.traceback for failure in failures))
    numbers = {trace: number for number, trace in enumerate(traces)}
    group.createDimension("failure", len(failures))
    group.createDimension("trace", len(traces))
    draft.add(group, "row", ("failure",), np.array([f.row for f in failures], dtype=np.int64), {})
    which = np.array([numbers[f.traceback] for f in failures], dtype=np.int64)
    draft.add(group, "which_traceback", ("failure",), which, {})
    texts = {
        "error": [f.error for f in failures],
        "message": [f.message for f in failures],
        "traceback": traces,
    }
    for name, lines in texts.items():
        # A message may quote bytes that are no text; that must not cost the batch.
        values = np.array([line.encode("utf-8", "backslashreplace").decode() for line in lines])
        draft.add(group, name, ("trace" if name == "traceback" else "failure",), values, {})
