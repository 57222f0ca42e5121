"""Reading: studies that lie ready beside plain files with the same results, and what is read from them.

What is read is not in the page cache: a notebook opened the next morning.
"""

import os
import shutil
import statistics
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.work import WORKERS, Task

IMAGE = 128
IMAGES = (25, 20)
VOLUME = 200
POINTS_A_SHARD = 10
_LOOKS = 20

# The pairs of dimensions that span planes of the volume; the work of reading one is called so.
PLANES = {f"{x}{y}": (x, y) for x, y in combinations("abt", 2)}


# ---- simulations


def image(a: float, b: int) -> np.ndarray:
    return a + b * np.arange(IMAGE * IMAGE, dtype=np.float64).reshape(IMAGE, IMAGE)


def volume(a: float, b: int) -> dict[str, Any]:
    return {"volume": xr.DataArray(a + b * np.arange(VOLUME, dtype=np.float64), dims="t")}


def volume_array() -> xr.DataArray:
    a, b, t = np.linspace(0, 1, VOLUME), np.arange(VOLUME), np.arange(VOLUME)
    values = a[:, None, None] + b[:, None] * t.astype(np.float64)
    return xr.DataArray(values, dims=("a", "b", "t"), coords={"a": a, "b": b}, name="volume")


# ---- made before anything is measured


def many_shards(folder: Path, shards: int) -> None:
    """Make a study of small shards, as slow simulations leave, and one file with the same results."""
    import explorekit as ek
    from explorekit.simulation.collect import Collector
    from explorekit.simulation.declare import as_simulation
    from explorekit.simulation.outputs import outputs_of
    from explorekit.store import durable
    from explorekit.store.catalog import Catalog
    from explorekit.store.directory import StudyDirectory, StudyRecord
    from explorekit.store.header import Origin
    from explorekit.store.status import OK
    from explorekit.store.timings import Timings
    from explorekit.store.writing import Record, write_shard

    points = shards * POINTS_A_SHARD
    space = ek.Space(a=np.linspace(0, 1, points // 10), b=np.arange(10))
    directory = StudyDirectory.create(folder / "study", StudyRecord("z", 0, "", code="0" * 16), space)
    simulation = as_simulation(many_shards)
    for sequence in range(shards):
        rows = range(sequence * POINTS_A_SHARD, (sequence + 1) * POINTS_A_SHARD)
        collector = Collector({})
        for row, position in enumerate(rows):
            collector.add(row, outputs_of({"z": float(position)}, simulation, frozenset({"a", "b"})))
        n = len(rows)
        status = np.full(n, OK, np.int8)
        one, zero = np.ones(n, np.int32), np.zeros(n)
        record = Record(status, Timings(np.arange(n), one, zero, zero, zero, zero.astype(np.int64), one), [])
        stacked, ragged = collector.stack(status == OK)
        file = directory.runs / ".shard.tmp"
        write_shard(
            file, space, np.array(rows), stacked, ragged, record, Origin(1, sequence, "0" * 16, "", "")
        )
        file.rename(directory.runs / f"000001-{sequence:08d}-{durable.content_hash(file)}.nc")
    catalog = Catalog(directory, space)
    catalog.refresh()
    catalog.keep()
    with xr.open_dataset(folder / "study", engine="explorekit") as dataset:
        dataset.drop_attrs().to_netcdf(folder / "one_file.nc")
    os.sync()


def images(folder: Path) -> None:
    import explorekit as ek

    space = ek.Space(a=np.linspace(0, 1, IMAGES[0]), b=np.arange(IMAGES[1]))
    study = ek.Study(image, space, folder / "study")
    study.run(False, n_workers=WORKERS)
    study.results.drop_attrs().to_netcdf(folder / "one_file.nc")
    os.sync()


def volumes(folder: Path) -> None:
    """Make a study whose results have three dimensions, and a file for each pair of them, in chunks of planes.

    Beside the study, which is compacted for planes along any, lies one for each pair.
    """
    import explorekit as ek

    whole = volume_array()
    study = ek.Study(volume, ek.Space(a=whole["a"].values, b=whole["b"].values), folder / "study")
    study.run(False, n_workers=WORKERS)
    for name, plane in PLANES.items():
        shutil.copytree(folder / "study", folder / f"study_{name}")
        ek.open(folder / f"study_{name}").compact({dim: -1 if dim in plane else 1 for dim in whole.dims})
        chunks = tuple(VOLUME if dim in plane else 1 for dim in whole.dims)
        whole.to_netcdf(folder / f"{name}.nc", encoding={"volume": {"chunksizes": chunks}})
    study.compact()
    os.sync()


# ---- measured


def check_opened(dataset: xr.Dataset, task: Task) -> None:
    if (
        dataset["z"].size != task.points * POINTS_A_SHARD
        or float(dataset["z"][-1, -1]) != dataset["z"].size - 1
    ):
        raise AssertionError("the study was opened wrongly")


def read_images(images: xr.DataArray, task: Task) -> None:
    """Time the first image that is looked at, and note what later ones take and how many bytes one needs."""
    generator = np.random.default_rng(0)
    a, b = images["a"].values, images["b"].values
    _import_what_reading_needs(images)
    forget(task.folder)
    took, read = [], []
    for look in range(_LOOKS):
        i, j = generator.integers(len(a)), generator.integers(len(b))
        before, began = bytes_read(), time.perf_counter()
        if look == 0:
            task.start()
        values = images.sel(a=a[i], b=b[j]).values
        if look == 0:
            task.stop()
        took.append(time.perf_counter() - began)
        read.append((bytes_read() - before) / values.nbytes)
        np.testing.assert_array_equal(values, image(a[i], b[j]))
    task.notes["later"] = statistics.median(took[1:])
    task.notes["bytes"] = statistics.median(read[1:])


def read_plane(volume: xr.DataArray, task: Task) -> None:
    """Time one plane, along the dimensions that the work names, in the middle of the third."""
    (across,) = set(volume.dims) - set(PLANES[task.work])
    middle = {across: VOLUME // 2}
    _import_what_reading_needs(volume)
    forget(task.folder)
    task.start()
    values = volume.isel(middle).values
    task.stop()
    np.testing.assert_array_equal(values, volume_array().isel(middle).values)


def _import_what_reading_needs(array: xr.DataArray) -> None:
    corner = array.isel(dict.fromkeys(array.dims, 0))
    array.sel(a=corner["a"], b=corner["b"])
    np.asarray(corner)


def forget(folder: Path) -> None:
    """Drop a folder's files from the page cache, where the system can."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*.nc"):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def bytes_read() -> int:
    """Return how many bytes this process has read so far, from disk or cache; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return 0
    return int(lines[0].removeprefix("rchar: "))
