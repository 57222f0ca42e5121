"""A result of every type, a space of every kind of label, and what an exported file must have in common with a study."""

import numpy as np
import xarray as xr
from batches import snapshot_of

import explorekit as ek
from explorekit.store.dataset import results_dataset
from explorekit.store.export import export

SPACE = ek.Space(
    a=ek.param([0.1, 0.2], units="ms", long_name="time constant"),
    kind=["relu", "é"],
    fixed=np.float32(0.1),
    z0=1 + 2j,
)
ATTRS = {"title": "model", "seed": "0"}
PROVENANCE = {
    "source": "def f(): 'é'",
    "packages": {"numpy": "2"},
    "git_dirty": True,
    "git": None,
    "n": 3,
    "empty": "",
}


def wave(position):
    return xr.DataArray(
        np.arange(3.0) * position,
        {"t": ("t", [0.0, 0.1, 0.2], {"units": "s"})},
        "t",
        attrs={"units": "V", "long_name": "potential"},
    )


def result_at(position):
    return {
        "x": position / 3,
        "f4": np.float32(position / 3),
        "n": position - 2,
        "i1": np.int8(position - 2),
        "u8": np.uint64(position),
        "on": position % 2 == 0,
        "z": complex(position, -np.inf),
        "z4": np.complex64(complex(-0.0, position)),
        "s": "é" * (position % 4),
        "when": np.datetime64("2020-01-01T00:00:00.123456789") + position,
        "took": np.timedelta64(position, "ns"),
        "V": wave(position),
    }


def exported(directory, path, **options):
    snapshot = snapshot_of(directory, **options)
    export(snapshot, path, ATTRS, PROVENANCE)
    return results_dataset(snapshot, ATTRS)


def assert_same(found, expected):
    assert found.sizes == expected.sizes
    assert set(found.data_vars) == set(expected.data_vars)
    assert set(found.coords) == set(expected.coords)
    for name in expected.variables:
        assert found[name].dtype.kind == expected[name].dtype.kind, name
        if expected[name].dtype.kind != "U":
            assert found[name].dtype == expected[name].dtype, name
        assert found[name].dims == expected[name].dims, name
        np.testing.assert_array_equal(found[name].values, expected[name].values, err_msg=name)
        attrs = {
            k: v
            for k, v in found[name].attrs.items()
            if k not in ("coordinates", "flag_values", "flag_meanings")
        }
        known = {k: v for k, v in expected[name].attrs.items() if k not in ("flag_values", "flag_meanings")}
        assert attrs == known, name
