"""Studies made without a cluster: batches of results written as the children write them."""

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import explorekit as ek
from explorekit.adopting import adopt, keep_code
from explorekit.errors import OutputError
from explorekit.simulation.capture import capture
from explorekit.simulation.collect import Collector
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.outputs import outputs_of
from explorekit.space.identity import baselines_of, point_key
from explorekit.space.seeds import generator, integer_seed
from explorekit.store import durable
from explorekit.store.catalog import Catalog
from explorekit.store.dataset import results_dataset
from explorekit.store.directory import StudyDirectory, StudyRecord
from explorekit.store.failures import Failure
from explorekit.store.header import Origin
from explorekit.store.status import FAILED, OK
from explorekit.store.timings import Timings
from explorekit.store.writing import Record, write_shard

VERSION = "0123456789abcdef"


class Failed(Exception):
    """Stands for a point that raises."""


def make_study(path: Path, space: ek.Space, name: str = "model") -> StudyDirectory:
    return StudyDirectory.create(path, StudyRecord(name, 0, "", code=VERSION), space)


def write_batch(
    directory: StudyDirectory,
    space: ek.Space,
    results: Mapping[int, Any],
    *,
    epoch: int = 1,
    sequence: int = 0,
    version: str = VERSION,
    worker: str = "host:1",
    simulation: Any = None,
    started: float = 1.6e9,
) -> Path:
    """Write a shard with what the simulation returned at some flat positions; an exception is a failure."""

    def model() -> None:
        return None

    simulation, taken = as_simulation(simulation or model), frozenset({*space.parameters, *space.dims})
    collector, status, failures = Collector({}), [], []
    for row, result in enumerate(results.values()):
        try:
            if isinstance(result, Exception):
                raise result
            collector.add(row, outputs_of(result, simulation, taken))
            status.append(OK)
        except (Failed, OutputError) as error:
            failures.append(Failure(row, type(error).__name__, str(error), "Traceback"))
            status.append(FAILED)
    n = len(status)
    record = Record(np.array(status, np.int8), timed_alone(n, started), failures)
    outputs, ragged = collector.stack(record.status == OK)
    temporary = durable.temporary_name(directory.runs)
    positions = np.array(list(results), dtype=np.int64)
    write_shard(
        temporary, space, positions, outputs, ragged, record, Origin(epoch, sequence, version, worker, "host")
    )
    final = directory.runs / f"{epoch:06d}-{sequence:08d}-{durable.content_hash(temporary)}.nc"
    durable.rename(temporary, final)
    return final


def timed_alone(n: int, started: float = 1.6e9) -> Timings:
    """What runs took that began a second apart and were timed one by one."""
    return Timings(
        np.arange(n),
        np.ones(n, np.int32),
        started + np.arange(n, dtype=float),
        np.full(n, 0.25),
        np.full(n, 0.125),
        np.full(n, 2**25),
        np.ones(n, np.int32),
    )


def catalog_of(directory: StudyDirectory, space: ek.Space | None = None) -> Catalog:
    """The catalog of a study as another process would find it now."""
    catalog = Catalog(directory, space or directory.read_space(directory.read_record().space))
    catalog.refresh()
    return catalog


def snapshot_of(
    directory: StudyDirectory, space: ek.Space | None = None, fill: Mapping[str, Any] | None = None
) -> Any:
    return catalog_of(directory, space).snapshot(frozenset({VERSION}), fill)


def results_of(directory: StudyDirectory, **options: Any) -> xr.Dataset:
    return results_dataset(snapshot_of(directory, **options))


def study_with(path: Path, space: ek.Space, *batches: Mapping[int, Any]) -> StudyDirectory:
    """A study whose batches came one after the other."""
    directory = make_study(path, space)
    for sequence, batch in enumerate(batches):
        write_batch(directory, space, batch, sequence=sequence)
    return directory


def files_below(folder: Path) -> dict[str, bytes]:
    """The content of every file, by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def flip_bytes_of(path: Path, pattern: bytes) -> None:
    """Flip a bit in the only place of a file where some bytes stand."""
    content = bytearray(path.read_bytes())
    assert content.count(pattern) == 1
    content[content.index(pattern) + len(pattern) // 2] ^= 0x10
    path.write_bytes(content)


def run_here(study: ek.Study, positions: Iterable[int] | None = None, code: Any = None) -> list[int]:
    """Run pending points of a study in this process, as one batch; returns their positions."""
    study._snapshot()
    directory = StudyDirectory(study.path)
    captured = capture(study.simulation)
    record = adopt(directory, study._catalog, captured, code)
    keep_code(directory, record, study.simulation, study.space, captured)
    pending = [p for a, b in study._snapshot().index.gaps(len(study.space)).tolist() for p in range(a, b)]
    chosen = [p for p in (pending if positions is None else positions) if p in pending]
    if chosen:
        results = {p: _call(study, record, p) for p in chosen}
        epoch, simulation = directory.next_epoch(), study.simulation
        write_batch(directory, study.space, results, epoch=epoch, version=record.code, simulation=simulation)
    return chosen


def _call(study: ek.Study, record: StudyRecord, position: int) -> Any:
    space = study.space
    baselines = {name: bytes.fromhex(value) for name, value in record.baselines.items()}
    key = point_key(
        space.labels(position), baselines_of({n: p.values for n, p in space.parameters.items()}, baselines)
    )
    arguments = {name: values[0] for name, values in space.columns(np.array([position])).items()}
    wanted = inspect.signature(study.simulation.function).parameters
    given = {name: value for name, value in arguments.items() if name in wanted}
    if "rng" in wanted:
        given["rng"] = generator(record.seed, key)
    if "seed" in wanted:
        given["seed"] = integer_seed(record.seed, key)
    try:
        return study.simulation.function(**given)
    except Exception as error:
        return Failed(str(error))


def by_label(dataset: Any) -> dict[frozenset[Any], Any]:
    """The results of a study, by point, bit for bit; whatever the order of its axes."""
    found = {}
    stacked = dataset.stack(point=list(dataset["status"].dims), create_index=False)
    for one in range(stacked.sizes["point"]):
        point = stacked.isel(point=one)
        labels = frozenset((str(n), v.values.tobytes()) for n, v in point.coords.items() if v.ndim == 0)
        found[labels] = {str(n): (v.dims, v.values.tobytes()) for n, v in point.data_vars.items()}
    return found


def bytes_read() -> int:
    """Return how many bytes this process has read from files so far; the counting itself costs some."""
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("rchar")).split()[1])
