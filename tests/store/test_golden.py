"""Studies of every published format are read to the bit, by every later explorekit.

``golden/1`` was made by ``python tests/store/test_golden.py``; a new format gets a directory of its own beside it.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import explorekit as ek

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from batches import VERSION, Failed, catalog_of, make_study, write_batch

from explorekit.store.compact import compact

GOLDEN = Path(__file__).parent / "golden"
DISCARDED, FAILED_AT, PENDING_AT = 3, 7, 22
N = 24


def space():
    return ek.Space(
        I=ek.param([0.1, 0.30000000000000004, 1e-300, -0.0], units="nA"), kind=["a", "ünï"], gain=np.uint8(7)
    ).repeat(3)


def results(position):
    t = xr.DataArray(np.arange(3) / 7 + position, {"t": [0.0, 0.1, 0.2]}, "t", attrs={"units": "mV"})
    return {
        "x": position / 3,
        "n": 2**40 + position,
        "small": np.int8(position),
        "flag": position % 2 == 0,
        "z": complex(position, -1 / 7),
        "word": "é" * (position % 4),
        "when": np.datetime64("2020-01-01", "ns") + np.timedelta64(position, "h"),
        "V": t,
        "spikes": xr.DataArray(np.arange(position % 5) / 9, dims="spike"),
        "bursts": xr.DataArray(np.arange(700.0 if position == 5 else position % 2), dims="burst"),
    }


def make(path):
    """Make a study with all that the format knows: merged and single shards, failures, records taken out, an index."""
    directory = make_study(path, space())
    directory.add_code(VERSION, "def model(): ...\n", lambda: {"python": "3"})
    for position in range(N - 2):
        result = Failed("no\nway") if position == FAILED_AT else results(position)
        write_batch(directory, space(), {position: result}, sequence=position, worker=f"w{position % 2}")
        if position == N // 2:
            catalog = catalog_of(directory)
            compact(catalog)
    write_batch(directory, space(), {N - 1: results(N - 1), 5: results(5), 4: results(4)}, epoch=2)
    catalog = catalog_of(directory)
    catalog.supersede_points(np.array([DISCARDED]), "discard")
    catalog.keep()


@pytest.fixture(params=sorted(path.name for path in GOLDEN.iterdir()))
def study(request):
    return ek.open(GOLDEN / request.param)


def test_every_value_is_read_to_the_bit(study):
    found = study.results.load()
    status = found["status"].values.ravel()
    assert study.space == space()
    assert np.flatnonzero(status == 0).tolist() == [DISCARDED, PENDING_AT]
    assert np.flatnonzero(status == 2).tolist() == [FAILED_AT]
    ok = np.flatnonzero(status == 1).tolist()
    for name in ("x", "n", "small", "flag", "z", "word", "when", "V"):
        expected = np.stack([np.asarray(results(p)[name]) for p in ok])
        values = found[name].values.reshape(N, *expected.shape[1:])[ok]
        assert values.astype(expected.dtype).tobytes() == expected.tobytes(), name
    assert found["V"].attrs == {"units": "mV", "ancillary_variables": "status"}
    assert found["I"].attrs == {"units": "nA"}
    assert found["t"].values.tolist() == [0.0, 0.1, 0.2]


def test_outputs_of_uneven_length_keep_their_lengths(study):
    for name in ("spikes", "bursts"):
        for position, values in enumerate(study.ragged(name).to_list()):
            if values is not None:
                assert values.tobytes() == results(position)[name].values.tobytes()


def test_the_record_of_each_run_is_read(study):
    runs = study.runs.load()
    workers = runs["worker"].values.ravel()
    assert [str(workers[p]) for p in (0, 1, 20, 21)] == ["w0", "w1", "w0", "w1"]
    assert set(runs["duration"].values.ravel()[[0, 1, 20]].tolist()) == {0.25}
    assert study.failures["message"].tolist() == ["no\nway"]
    assert study.provenance["source"] == "def model(): ...\n"


def test_every_file_is_what_was_written(study):
    assert study.check(dry_run=True).ok


if __name__ == "__main__":
    os.umask(0o022)
    make(GOLDEN / "1")
