"""Studies before and after compaction: what is in them, and that all of it reads the same."""

import numpy as np
import xarray as xr
from batches import VERSION, Failed, catalog_of

import explorekit as ek
from explorekit.store.compact import compact
from explorekit.store.dataset import failures_frame, results_dataset, runs_dataset

VERSIONS = frozenset({VERSION})


def seen(directory, space):
    """All that a user can see of a study."""
    snapshot = catalog_of(directory, space).snapshot(VERSIONS)
    failures = failures_frame(snapshot)
    return results_dataset(snapshot).load(), runs_dataset(snapshot).load(), failures


def assert_same(before, after):
    for one, other in zip(before[:2], after[:2], strict=True):
        xr.testing.assert_identical(one.drop_attrs(deep=False), other.drop_attrs(deep=False))
        assert {n: v.dtype for n, v in one.variables.items()} == {
            n: v.dtype for n, v in other.variables.items()
        }
    assert before[2].equals(after[2])


def compacted(directory, space, **options):
    before = seen(directory, space)
    report = compact(catalog_of(directory, space), **options)
    assert_same(before, seen(directory, space))
    return report


SPACE = ek.Space(a=[0.5, 1.5, 2.5], b=range(4))


def output(position):
    t = xr.DataArray(np.arange(3.0) * position, {"t": [0.0, 0.1, 0.2]}, "t", attrs={"units": "V"})
    spikes = np.arange(position % 3, dtype=float)
    return {
        "x": float(position),
        "n": position,
        "flag": position % 2 == 0,
        "z": complex(position, 1),
        "s": "é" * (position % 3 + 1),
        "when": np.datetime64("2020-01-01", "ns") + np.timedelta64(position, "h"),
        "v": t,
        "spikes": xr.DataArray(spikes, dims="spike"),
        **({"rare": 1.0} if position % 5 == 0 else {}),
    }


def all_at_once(n, skip=(), fail=()):
    return {p: Failed(f"at {p}") if p in fail else output(p) for p in range(n) if p not in skip}


def one_by_one(n, **options):
    return [{p: one} for p, one in all_at_once(n, **options).items()]
