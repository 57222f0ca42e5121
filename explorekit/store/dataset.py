"""A snapshot as lazy xarray Datasets: the results, and the record of each run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from xarray.core import indexing

from explorekit import __version__
from explorekit.space import Space
from explorekit.store.failures import read_failures
from explorekit.store.files import ShardGoneError
from explorekit.store.inner_names import inner_names, rename, renamed_beside
from explorekit.store.netcdf import fetch
from explorekit.store.reader import (
    OriginArray,
    OutputArray,
    PointArray,
    SizeArray,
    StatusArray,
    TimingArray,
    visit_shards,
)
from explorekit.store.snapshot import Snapshot
from explorekit.store.status import OK, PENDING, STATUS_MEANINGS
from explorekit.store.superseded import merged
from explorekit.store.table import Entry, Ints

if TYPE_CHECKING:
    from explorekit.simulation.points import Seeding

_BLOCK = 2**20  # points whose records are read at once

STATUS_ATTRS: Mapping[str, Any] = {
    "long_name": "status of the run",
    "standard_name": "status_flag",
    "flag_values": np.arange(len(STATUS_MEANINGS), dtype=np.int8),
    "flag_meanings": " ".join(STATUS_MEANINGS),
}


def results_dataset(snapshot: Snapshot, attrs: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Return the results on the coordinates of the space; nothing is read before it is used."""
    coords = coordinates_beside(snapshot)
    variables: dict[str, xr.Variable] = {}
    for name, field in snapshot.fields.items():
        if not field.coordinate:
            described = {**field.attrs, "ancillary_variables": "status"}
            variables[name] = _lazy(snapshot, OutputArray(snapshot, name), field.dims, described)
        elif (constant := _constant(snapshot, name)) is not None:
            coords[name] = constant
        else:
            variable = _lazy(snapshot, OutputArray(snapshot, name), field.dims, field.attrs)
            coords[f"{name}_values" if name in field.dims else name] = variable
    for dim in sorted(snapshot.ragged):
        described = {"long_name": f"length of {dim}", "ancillary_variables": "status"}
        variables[f"{dim}_size"] = _lazy(snapshot, SizeArray(snapshot, dim), (), described)
    variables["status"] = _lazy(snapshot, StatusArray(snapshot), (), STATUS_ATTRS)
    described = {"Conventions": "CF-1.11", "source": f"explorekit {__version__}", **(attrs or {})}
    return xr.Dataset(variables, xr.Coordinates(coords, indexes=_indexes(coords)), described)


def coordinates_beside(snapshot: Snapshot) -> dict[str, xr.Variable]:
    """Return the coordinates of the space; those of arrays have other names where results have theirs."""
    return rename(_space_coords(snapshot.space), renamed_in(snapshot))


def renamed_in(snapshot: Snapshot) -> dict[str, str]:
    """Return other names for what arrays of the space have in common with results that are different."""
    if not inner_names(snapshot.space):
        return {}
    taken = {
        name: _constant(snapshot, name) if field.coordinate else None
        for name, field in snapshot.fields.items()
    }
    own = dict.fromkeys(f"{dim}_size" for dim in snapshot.ragged)
    return renamed_beside(snapshot.space, snapshot.sizes, {**own, **taken})


def _space_coords(space: Space) -> dict[str, xr.Variable]:
    return {str(name): variable.variable for name, variable in space.to_dataset().coords.items()}


def runs_dataset(snapshot: Snapshot, seeding: "Seeding | None" = None) -> xr.Dataset:
    """Return the record of each run on the parameter dimensions, with the keys of random streams if these are known."""
    together = {"long_name": "number of runs whose total time was divided"}
    arrays: dict[str, tuple[PointArray, Mapping[str, Any]]] = {
        "status": (StatusArray(snapshot), STATUS_ATTRS),
        "duration": (
            TimingArray(snapshot, "duration", np.float64, np.nan),
            {"units": "s", "long_name": "wall time of the run"},
        ),
        "cpu_time": (
            TimingArray(snapshot, "cpu_time", np.float64, np.nan),
            {"units": "s", "long_name": "CPU time of the run"},
        ),
        "peak_memory": (
            TimingArray(snapshot, "peak_memory", np.int64, 0),
            {"units": "byte", "long_name": "most memory that the process held"},
        ),
        "attempts": (
            TimingArray(snapshot, "attempts", np.int32, 0),
            {"long_name": "number of times that the run was tried"},
        ),
        "started": (StartedArray(snapshot), {"long_name": "start of the run (UTC)"}),
        "timed_together": (TimingArray(snapshot, "runs", np.int32, 0), together),
        "worker": (OriginArray(snapshot, "worker"), {"long_name": "Dask worker"}),
        "host": (OriginArray(snapshot, "host"), {"long_name": "host"}),
        "code_version": (
            OriginArray(snapshot, "code_version"),
            {"long_name": "version of the simulation's code"},
        ),
        "error": (ErrorArray(snapshot), {"long_name": "type and message of the error"}),
    }
    if seeding is not None:
        arrays["seed_key"] = (
            SeedKeyArray(snapshot, seeding),
            {"long_name": "what the random stream follows from, beside the study's seed"},
        )
    taken = {*snapshot.space.names, *inner_names(snapshot.space)}
    variables = {}
    for name, (array, attrs) in arrays.items():
        while name in taken:
            name = f"run_{name}"  # noqa: PLW2901
        variables[name] = _lazy(snapshot, array, (), attrs)
    coords = _space_coords(snapshot.space)
    return xr.Dataset(variables, xr.Coordinates(coords, indexes=_indexes(coords)))


def failures_frame(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row for each point that is neither ok nor pending: its parameters, error, message and traceback."""
    return failures_table(snapshot.space, *failed_points(snapshot))


def failures_table(
    space: Space, positions: Ints, texts: Sequence[tuple[str, str, str]], statuses: Sequence[int]
) -> pd.DataFrame:
    """Return failures as a table, from positions, (error, message, traceback) and statuses."""
    own = ("status", "error", "message", "traceback")
    columns: dict[str, Any] = {
        # Integers beside a None would become floats.
        f"{n}_" if n in own else n: pd.Series(values, dtype=object) if None in values else values
        for n, values in space.columns(positions).items()
    }
    columns["status"] = [STATUS_MEANINGS[status] for status in statuses]
    for number, name in enumerate(own[1:]):
        columns[name] = [text[number] for text in texts]
    return pd.DataFrame(columns)


class StartedArray(TimingArray):
    """When each run started, as UTC; NaT where there is no run."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot, "started", np.float64, np.nan)
        self.dtype = np.dtype("datetime64[ns]")

    def read_points(self, positions: Ints, inner: list[Ints]) -> Any:
        seconds = TimingArray(self.snapshot, "started", np.float64, np.nan).read_points(positions, inner)
        known = np.nan_to_num(seconds * 1e9).astype(np.int64).view("datetime64[ns]")
        return np.where(np.isnan(seconds), np.datetime64("NaT", "ns"), known)


def first_and_last_start(snapshot: Snapshot) -> tuple[np.datetime64, np.datetime64]:
    """Return when the first and the last run of a snapshot started, as UTC; NaT if none has. Memory stays bounded."""
    array, index = StartedArray(snapshot), snapshot.index
    first = last = np.datetime64("NaT", "ns")
    for start, stop in merged(np.stack([index.start, index.stop], axis=1)).tolist():
        for low in range(start, stop, _BLOCK):
            started = array.read_points(np.arange(low, min(low + _BLOCK, stop)), [])
            first, last = np.fmin(first, np.fmin.reduce(started)), np.fmax(last, np.fmax.reduce(started))
    return first, last


class SeedKeyArray(PointArray):
    """What the random stream of each point follows from, as hexadecimal text; of pending points too."""

    def __init__(self, snapshot: Snapshot, seeding: "Seeding") -> None:
        super().__init__(snapshot, "<U64")
        self.seeding = seeding

    def read_points(self, positions: Ints, inner: list[Ints]) -> Any:
        space = self.snapshot.space
        keys = [self.seeding.key(space, position).hex() for position in positions.tolist()]
        return np.array(keys, dtype=self.dtype)


class ErrorArray(PointArray):
    """Type and message of each run's error; empty where it succeeded or is pending."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.positions, texts, _ = failed_points(snapshot)
        self.texts = np.array(["", *(f"{error}: {message}" for error, message, _ in texts)])
        super().__init__(snapshot, self.texts.dtype)

    def read_points(self, positions: Ints, inner: list[Ints]) -> Any:
        found = np.searchsorted(self.positions, positions)
        hit = found < self.positions.size
        hit[hit] = self.positions[found[hit]] == positions[hit]
        return self.texts[np.where(hit, found + 1, 0)]


def failed_points(snapshot: Snapshot) -> tuple[Ints, list[tuple[str, str, str]], list[int]]:
    """Return positions, texts and statuses of the runs that ended without a result, in the order of the space."""
    index = snapshot.index
    bad = (index.status != OK) & (index.status != PENDING)
    ranges = [
        np.arange(a, b) for a, b in zip(index.start[bad].tolist(), index.stop[bad].tolist(), strict=True)
    ]
    positions = np.concatenate([np.empty(0, dtype=np.int64), *ranges])
    statuses = index.locate(positions)[2]
    found: list[tuple[int, tuple[str, str, str], int]] = []

    def visit(file: Any, shard: Entry, rows: Ints, chosen: Ints) -> None:
        failures = {failure.row: failure for failure in read_failures(file)}
        demoted = ("OutputError", snapshot.contradiction(shard.kind), "")
        for row, which in zip(rows.tolist(), chosen.tolist(), strict=True):
            failure = failures.get(row)
            text = (failure.error, failure.message, failure.traceback) if failure else demoted
            found.append((int(positions[which]), text, int(statuses[which])))

    visit_shards(snapshot, positions, visit)
    found.sort(key=lambda one: one[0])
    return (
        np.array([p for p, _, _ in found], dtype=np.int64),
        [t for _, t, _ in found],
        [s for _, _, s in found],
    )


def _lazy(
    snapshot: Snapshot, array: PointArray, dims: tuple[str, ...], attrs: Mapping[str, Any]
) -> xr.Variable:
    return xr.Variable(
        (*snapshot.space.dims, *dims), indexing.LazilyIndexedArray(array), dict(attrs), fastpath=True
    )


def _constant(snapshot: Snapshot, name: str) -> xr.Variable | None:
    holder = snapshot.constant_coordinate(name)
    if holder is None:
        return None
    field = snapshot.fields[name]
    try:
        with snapshot.files.reading(snapshot.folder / holder.name) as file:
            values = fetch(file, name, holder.outputs[name].field.dtype)
    except ShardGoneError:
        newer = snapshot.renew()
        if newer.index.holders.size and newer.constant_coordinate(name) not in (None, holder):
            return _constant(newer, name)
        raise
    if values.shape != tuple(snapshot.sizes[dim] for dim in field.dims):
        return None
    return xr.Variable(field.dims, values, dict(field.attrs))


def _indexes(coords: Mapping[str, xr.Variable]) -> dict[str, Any]:
    lone = {name: v for name, v in coords.items() if v.dims == (name,)}
    return {name: xr.indexes.PandasIndex.from_variables({name: v}, options={}) for name, v in lone.items()}
