"""What runs took is told of each, however many were timed together."""

import numpy as np
import pytest
from batches import make_study

import explorekit as ek
from explorekit.store.hdf5 import open_file
from explorekit.store.header import Origin
from explorekit.store.status import OK
from explorekit.store.timings import TIMING_COLUMNS, Timings, read_timing, read_timings
from explorekit.store.writing import Record, write_shard


def test_the_time_of_a_group_is_divided_among_its_runs(tmp_path):
    directory, space = make_study(tmp_path, ek.Space(a=range(5))), ek.Space(a=range(5))
    timings = Timings(
        np.array([0, 3, 4]),
        np.array([3, 1, 1], np.int32),
        np.array([100.0, 200.0, 300.0]),
        np.array([0.75, 2.0, 3.0]),
        np.array([0.5, 1.0, 3.0]),
        np.array([10, 20, 30]),
        np.array([1, 1, 2], np.int32),
    )
    record = Record(np.full(5, OK, np.int8), timings, ())
    write_shard(directory.runs / "x.nc", space, np.arange(5), {}, {}, record, Origin(1, 0, "v", "w", "h"))

    with open_file(directory.runs / "x.nc") as file:
        read = {name: read_timing(file, name, np.array([4, 1, 2, 3])) for name in TIMING_COLUMNS}
        again = read_timings(file)
    assert read["started"].tolist() == [300.0, 100.25, 100.5, 200.0]
    assert read["duration"].tolist() == [3.0, 0.25, 0.25, 2.0]
    assert read["cpu_time"].tolist() == [3.0, 0.5 / 3, 0.5 / 3, 1.0]
    assert read["peak_memory"].tolist() == [30, 10, 10, 20]
    assert read["runs"].tolist() == [1, 3, 3, 1]
    assert read["attempts"].tolist() == [2, 1, 1, 1]
    for name in TIMING_COLUMNS:
        np.testing.assert_array_equal(getattr(again, name), getattr(timings, name))


def spread_of(costs, group):
    """What is told of runs of some costs that were timed so many at a time."""
    times = np.asarray(costs).reshape(-1, group).sum(axis=1)
    one = np.ones(times.size)
    return Timings(one, one * group, one, times, one, one, one).spread


def test_the_spread_of_costs_is_their_variance_however_many_runs_were_timed_together():
    costs = np.random.default_rng(1).normal(10.0, 2.0, size=24_000)
    for group in (1, 8):
        assert spread_of(costs, group) == pytest.approx(0.04, rel=0.1)


def test_few_timings_leave_the_spread_open():
    assert spread_of([0.1], 1) == 0.5
    assert spread_of([0.1] * 99, 1) == pytest.approx(0.01)
    assert spread_of([0.0] * 3, 1) < 2
