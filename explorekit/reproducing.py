"""Does a point, run again, give what is kept?"""

import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.errors import StudyError
from explorekit.simulation.blocks import block_outputs_of
from explorekit.simulation.calling import bind
from explorekit.simulation.capture import Captured
from explorekit.simulation.collect import Collector
from explorekit.simulation.declare import Simulation
from explorekit.simulation.global_streams import borrowed
from explorekit.simulation.outputs import Outputs, outputs_of
from explorekit.simulation.points import Points, Seeding
from explorekit.space import Space
from explorekit.space.values import format_value
from explorekit.store import durable
from explorekit.store.dataset import failed_points
from explorekit.store.equality import same_bits, same_outputs
from explorekit.store.files import ShardFiles
from explorekit.store.header import Origin
from explorekit.store.index import read_shard
from explorekit.store.lone import outputs_at
from explorekit.store.reader import OriginArray
from explorekit.store.snapshot import Snapshot, fixed_snapshot
from explorekit.store.status import OK, PENDING, STATUS_MEANINGS
from explorekit.store.table import ShardTable
from explorekit.store.timings import Timings
from explorekit.store.writing import Record, write_shard

if TYPE_CHECKING:
    import xarray as xr

_HERE = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Reproduction:
    """What `Study.reproduce` found.

    Parameters
    ----------
    point
        The values of the point.
    same
        Whether the run gave what is kept, bit for bit; of a run that failed, whether it failed with the same error.
    differing
        The outputs that are not the same.
    kept, new
        The results that are kept, and those of the run just now: of the point alone, whatever others returned.
    kept_error, new_error
        Type and message of the error, where the one or the other failed.
    kept_version, new_version
        The code versions of both.
    traceback
        Of the run just now, if it failed.
    """

    point: Mapping[str, Any]
    same: bool
    differing: tuple[str, ...]
    kept: "xr.Dataset"
    new: "xr.Dataset"
    kept_error: str
    new_error: str
    kept_version: str
    new_version: str
    traceback: str = ""

    def __bool__(self) -> bool:
        return self.same

    def __repr__(self) -> str:
        where = ", ".join(f"{name}={format_value(value)}" for name, value in self.point.items())
        lines = [f"<explorekit.Reproduction at {where}: {'the same' if self.same else 'not the same'}>"]
        if self.kept_error or self.new_error:
            lines += [f"  kept: {self.kept_error or 'ok'}", f"  new:  {self.new_error or 'ok'}"]
        lines += [f"  {name}: {self._difference(name)}" for name in self.differing]
        if self.kept_version != self.new_version:
            lines.append(
                f"  the code has changed since: kept by version {self.kept_version}, run as {self.new_version}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    def _difference(self, name: str) -> str:
        if name not in self.new.variables:
            return "not returned now"
        if name not in self.kept.variables:
            return "not returned then"
        kept, new = self.kept[name], self.new[name]
        if kept.ndim == 0 and new.ndim == 0:
            return f"{kept.item()!r} is kept, {new.item()!r} is new"
        if kept.sizes != new.sizes:
            return f"{dict(kept.sizes)} is kept, {dict(new.sizes)} is new"
        different = int((~same_bits(kept.values.ravel(), new.values.ravel())).sum())
        return f"{different:,} of {kept.size:,} values differ"


def reproduce(
    simulation: Simulation,
    captured: Captured,
    snapshot: Snapshot,
    position: int,
    seeding: Seeding,
) -> Reproduction:
    """Run a point in this process, and compare with what is kept.

    Raises
    ------
    StudyError
        If there is nothing to compare with.
    """
    space = snapshot.space
    here = space.isel({dim: [int(index[0])] for dim, index in space.unravel(np.array([position])).items()})
    _, row, status = snapshot.index.locate(np.array([position]))
    if status[0] == PENDING:
        raise StudyError(
            f"the point {space.describe(position)} is pending: there is nothing to compare with. Run it first: run(where=...)."
        )
    version = OriginArray(snapshot, "code_version").read_points(np.array([position]), [])[0]
    kept = _at(snapshot, here, position, int(row[0]) if status[0] == OK else None)
    kept_error = "" if status[0] == OK else _kept_error(snapshot, position)
    with tempfile.TemporaryDirectory(prefix="explorekit-reproduce-") as folder:
        new, error, trace = _run(simulation, here, seeding, Path(folder))
        same = {} if error or kept_error else same_outputs(kept, new, _HERE, simulation.tolerance)
        new_results = _results(new)
        new.files.close()
    differing = tuple(name for name, equal in same.items() if not equal.all())
    return Reproduction(
        point=next(here.points()),
        same=not differing and error == kept_error,
        differing=differing,
        kept=_results(kept),
        new=new_results,
        kept_error=kept_error,
        new_error=error,
        kept_version=str(version),
        new_version=captured.version.id,
        traceback=trace,
    )


def _at(snapshot: Snapshot, here: Space, position: int, row: int | None) -> Snapshot:
    """Return a snapshot of one point, whose result lies in a row of its shard."""
    index = snapshot.index
    origin = index.origin[index.stretch_of(np.array([position]))[0]]
    stretches = np.empty((0, 5), dtype=np.int64) if row is None else np.array([[0, 1, row, OK, origin]])
    table = replace(index.table, stretches=stretches)
    return fixed_snapshot(snapshot.folder, here, table, snapshot.files)


def _results(snapshot: Snapshot) -> "xr.Dataset":
    """Return what the one point returned, as it would lie in a file of its own."""
    import xarray as xr

    outputs = outputs_at(snapshot, 0)
    variables, coords = (
        {name: (one.dims, one.values, dict(one.attrs)) for name, one in found.items()}
        for found in (outputs.variables, outputs.coords)
    )
    return xr.Dataset(variables, coords)


def _kept_error(snapshot: Snapshot, position: int) -> str:
    positions, texts, statuses = failed_points(snapshot)
    found = int(np.flatnonzero(positions == position)[0])
    error, message, _ = texts[found]
    return f"{error}: {message}" if error else STATUS_MEANINGS[statuses[found]]


def _run(simulation: Simulation, here: Space, seeding: Seeding, folder: Path) -> tuple[Snapshot, str, str]:
    """Run the one point of a space as a child would; returns what it left, its error and traceback."""
    points = Points(simulation, bind(simulation, here.passed), here, seeding)
    taken = here.names
    collector = Collector({})
    error = trace = ""
    try:
        if simulation.vectorized:
            result = points.function(*points.arrays(_HERE))
            collector.add_block(_HERE, block_outputs_of(result, 1, simulation, taken))
        else:
            with borrowed(points.seed(0)):
                result = points.function(*next(iter(points.values(_HERE))))
                outputs: Outputs = outputs_of(result, simulation, taken)  # a generator runs here
            collector.add(0, outputs)
    except KeyboardInterrupt:  # by the user, who waits here
        raise
    except BaseException as raised:  # noqa: BLE001 - also SystemExit: in a run it fails the point
        error, trace = f"{type(raised).__name__}: {raised}", traceback.format_exc()
    shards = []
    if not error:
        stacked, ragged = collector.stack(np.array([True]))
        record = Record(np.array([OK], dtype=np.int8), _untimed(), [])
        path = folder / "new.nc"
        write_shard(path, here, _HERE, stacked, ragged, record, Origin(1, 0, "", "", ""), simulation.encoding)
        path = path.rename(folder / f"{durable.content_hash(path)}.nc")
        shards.append(read_shard(path, here))
    return fixed_snapshot(folder, here, ShardTable.of(shards), ShardFiles()), error, trace


def _untimed() -> Timings:
    one = np.ones(1)
    return Timings(_HERE, one.astype(np.int32), one * 0, one * 0, one * 0, _HERE, one.astype(np.int32))
