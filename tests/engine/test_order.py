"""From coarse to fine: every point once, neighbours late, and what is looked at first."""

import math
import time

import numpy as np
import pytest
from engine.scripts import wait_until
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.engine.order import coarse_to_fine, stretches, take_out
from explorekit.engine.plan import Plan
from explorekit.store.status import PENDING

shapes = st.lists(st.integers(1, 9), min_size=0, max_size=3)


def whole(shape):
    return [np.arange(size) for size in shape]


@given(shapes)
def test_every_point_comes_once(shape):
    levels = list(coarse_to_fine(shape, whole(shape)))

    assert sorted(np.concatenate(levels).tolist()) == list(range(math.prod(shape)))
    assert all((np.diff(level) > 0).all() for level in levels)


def test_coarse_grids_come_first():
    levels = [level.tolist() for level in coarse_to_fine([8], whole([8]))]

    assert levels == [[0], [4], [2, 6], [1, 3, 5, 7]]
    first, second, *_ = coarse_to_fine([4, 4], whole([4, 4]))
    assert first.tolist() == [0]
    assert second.tolist() == [2, 8, 10]


def test_a_part_of_the_space_is_gone_through_by_itself():
    levels = list(coarse_to_fine([10, 10], [np.array([3]), np.arange(10)]))

    assert sorted(np.concatenate(levels).tolist()) == list(range(30, 40))
    assert levels[0].tolist() == [30]


def test_no_more_points_than_asked_for_leave_their_place():
    shape = [100_000, 10_000]

    assert 1000 < sum(level.size for level in coarse_to_fine(shape, whole(shape), most=10_000)) <= 10_000


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_what_is_taken_out_and_what_is_left_make_up_the_whole(waiting, wanted):
    held = stretches(np.array(sorted(waiting))) if waiting else np.empty((0, 2), dtype=np.int64)
    found, rest = take_out(held, np.array(sorted(wanted), dtype=np.int64))

    assert found.tolist() == sorted(waiting & wanted)
    assert [p for a, b in rest.tolist() for p in range(a, b)] == sorted(waiting - wanted)


def points(ranges):
    return [p for start, stop in ranges.tolist() for p in range(start, stop)]


def test_a_plan_hands_out_first_what_was_put_first():
    plan = Plan(np.array([[0, 50], [60, 100]]), slots=1)
    plan.put_first([np.array([3, 10, 55, 70]), np.array([20, 70])])
    plan.measured(1, 0.1, 0.0)  # batches of five

    assert points(plan.next_share().ranges) == [0, 3, 10, 20, 70]
    rest = []
    while (share := plan.next_share()) is not None:
        rest += points(share.ranges)
    assert sorted(rest) == sorted({*range(50), *range(60, 100)} - {0, 3, 10, 20, 70})


def test_what_came_back_may_be_put_first_again():
    plan = Plan(np.array([[0, 50]]), slots=1)
    plan.put_back(plan.next_share().ranges, 10)
    plan.put_first([np.array([40, 45])])
    plan.put_first([np.array([5, 20, 30])])
    plan.measured(1, 0.1, 0.0)

    assert points(plan.next_share().ranges) == [10, 20, 30, 40, 45]
    assert points(plan.next_share().ranges) == [11, 12, 13, 14, 15]


@pytest.mark.parametrize("order", ["given", "coarse-to-fine"])
def test_the_order_changes_no_result(tmp_path, order):
    study = ek.Study(
        lambda a, b, rng: {"x": a + b, "y": rng.random()},
        ek.Space(a=range(40), b=range(30)),
        tmp_path / order,
    )
    study.run(False, n_workers=2, order=order)
    again = ek.Study(
        lambda a, b, rng: {"x": a + b, "y": rng.random()},
        ek.Space(a=range(40), b=range(30)),
        tmp_path / "again",
    )
    again.run(False, n_workers=1)

    for name in ("x", "y", "status"):
        np.testing.assert_array_equal(study.results[name].values, again.results[name].values)


def test_what_is_preferred_runs_before_the_others(tmp_path):
    def slow(a, b):
        time.sleep(0.01)
        return a + b

    space = ek.Space(a=range(1000), b=range(20))  # 200 s, of which a few are waited for
    study = ek.Study(slow, space, tmp_path / "s")
    study.prefer(a=3)  # nothing runs: nothing happens
    run = study.start(False, n_workers=1)
    wait_until(lambda: run.progress.new > 0)
    with pytest.raises(ek.errors.SpaceError, match="'c'"):
        study.prefer(c=3)
    study.prefer(a=199)
    wait_until(lambda: study.results["status"].isel(a=199).values.all())
    explorer = study.explore(x="b", a=198)
    wait_until(lambda: study.results["status"].isel(a=198).values.all())
    explorer.close()
    run.cancel()
    run.wait()
    status = np.delete(study.results["status"].values, [198, 199], axis=0)
    assert PENDING in status
    finished = np.flatnonzero(status.any(axis=1))
    assert (np.diff(finished) > 1).any()  # an explorer has everything filled from coarse to fine


def test_an_order_that_is_none_is_refused(tmp_path):
    study = ek.Study(lambda a: a, ek.Space(a=[1]), tmp_path / "s")
    with pytest.raises(ek.errors.StudyError, match="'given' or 'coarse-to-fine'"):
        study.run(False, order="random")
