"""Batches: every pending point exactly once, of a size that follows what was measured."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorekit.engine.plan import FIRST_TARGET, LARGEST, SMALLEST, TARGET, WORTHWHILE, Plan


def points(ranges: np.ndarray) -> list[int]:
    return [p for start, stop in ranges.tolist() for p in range(start, stop)]


@st.composite
def stretches(draw):
    edges = sorted(draw(st.sets(st.integers(0, 300), min_size=2, max_size=20)))
    return np.array(list(zip(edges[::2], edges[1::2], strict=False)), dtype=np.int64)


@given(stretches(), st.integers(1, 8), st.lists(st.floats(1e-6, 10), max_size=50), st.data())
def test_every_pending_point_is_handed_out_exactly_once(pending, slots, costs, data):
    plan = Plan(pending, slots)
    done = []
    while (ranges := plan.next_ranges()) is not None:
        batch = points(ranges)
        assert batch == sorted(set(batch))
        finished = data.draw(st.integers(1, len(batch)))
        plan.put_back(ranges, finished)
        done += batch[:finished]
        plan.measured(finished, finished * (costs.pop() if costs else 0.001))
    assert sorted(done) == points(pending)
    assert plan.remaining == 0


def test_batches_grow_to_the_target_and_shrink_near_the_end():
    plan = Plan(np.array([[0, 10_000]]), slots=2)
    assert [len(points(plan.next_ranges())), plan.budget] == [
        5000,
        FIRST_TARGET,
    ]  # a share, to be handed in soon
    plan.put_back(np.array([[0, 5000]]))
    sizes = []
    while True:
        plan.measured(1, 0.001)
        ranges = plan.next_ranges()
        if ranges is None:
            break
        sizes.append(len(points(ranges)))
    assert max(sizes) == int(TARGET / 0.001)
    assert plan.budget == TARGET
    assert all(size >= int(SMALLEST / 0.001) for size in sizes[:-1])
    assert sizes[-2] <= int(WORTHWHILE / 0.001)
    assert len(sizes) < 40


def test_a_slow_first_point_does_not_count_for_long():
    plan = Plan(np.array([[0, 10**6]]), slots=1)
    plan.measured(1, 5.0)
    plan.measured(1, 1e-5)
    assert len(points(plan.next_ranges())) == int(TARGET / 1e-5)


def test_a_batch_never_holds_more_points_than_fit_in_memory():
    plan = Plan(np.array([[0, 10**9]]), slots=1)
    assert plan.window == 1
    assert len(points(plan.next_ranges())) == LARGEST
    plan.measured(LARGEST, 1e-3)
    assert len(points(plan.next_ranges())) == LARGEST
