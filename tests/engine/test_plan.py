"""Batches: every pending point exactly once, of a size that follows what was measured."""

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorekit.engine import plan as plan_module
from explorekit.engine.plan import (
    FIRST_TARGET,
    LARGEST,
    SMALLEST,
    TARGET,
    WATCHED_FIRST_TARGET,
    WATCHED_TARGET,
    WORTHWHILE,
    Plan,
    Share,
)
from explorekit.store.timings import Timings


def points(ranges: np.ndarray) -> list[int]:
    return [p for start, stop in ranges.tolist() for p in range(start, stop)]


@st.composite
def stretches(draw):
    edges = sorted(draw(st.sets(st.integers(0, 300), min_size=2, max_size=20)))
    return np.array(list(zip(edges[::2], edges[1::2], strict=False)), dtype=np.int64)


@given(
    stretches(), st.integers(1, 8), st.lists(st.floats(1e-6, 10), max_size=50), st.floats(0, 100), st.data()
)
def test_every_pending_point_is_handed_out_exactly_once(pending, slots, costs, spread, data):
    plan = Plan(pending, slots)
    done = []
    while (share := plan.next_share()) is not None:
        batch = points(share.ranges)
        assert batch == sorted(set(batch))
        assert len(batch) == share.points
        assert 0 <= share.slot < slots
        finished = data.draw(st.integers(1, len(batch)))
        plan.put_back(share.ranges, finished)
        done += batch[:finished]
        plan.measured(finished, finished * (costs.pop() if costs else 0.001), spread)
    assert sorted(done) == points(pending)
    assert plan.remaining == 0


def timings(costs: list[float]) -> Timings:
    """What a batch tells of points that were timed one by one."""
    one = np.ones(len(costs))
    return Timings(one, one, one, np.array(costs), one, one, one)


class Cluster:
    """Runs the shares of a plan as a cluster with a queue for each slot does; time is what the clock says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, plan: Plan, cost: Callable[[int], float]) -> None:
        self.now = 0.0
        monkeypatch.setattr(plan_module.time, "monotonic", lambda: self.now)
        self.plan, self.cost = plan, cost
        self.shares: list[Share] = []
        self.durations: list[float] = []
        self.ends = [0.0] * plan.slots

    def run(self) -> None:
        queues: list[deque[Share]] = [deque() for _ in self.ends]
        running: list[tuple[float, int, Share, list[float]]] = []
        while True:
            while len(running) + sum(map(len, queues)) < self.plan.window:
                share = self.plan.next_share()
                if share is None:
                    break
                self.shares.append(share)
                queues[share.slot].append(share)
            for slot, queue in enumerate(queues):
                if queue and all(one[1] != slot for one in running):
                    running.append(self._begin(slot, queue.popleft()))
            if not running:
                return
            running.sort(key=lambda one: one[0])
            self.now, slot, share, costs = running.pop(0)
            self.ends[slot] = self.now
            self.durations.append(sum(costs))
            self.plan.put_back(share.ranges, len(costs))
            self.plan.measured(len(costs), sum(costs), timings(costs).spread)

    def _begin(self, slot: int, share: Share) -> tuple[float, int, Share, list[float]]:
        costs: list[float] = []
        for point in points(share.ranges):
            costs.append(self.cost(point))
            if sum(costs) > share.budget:
                break
        return self.now + sum(costs), slot, share, costs


def test_batches_last_about_a_second_and_all_slots_end_together(monkeypatch):
    cluster = Cluster(monkeypatch, Plan(np.array([[0, 10_000]]), slots=2), cost=lambda point: 0.001)
    cluster.run()
    assert [share.budget for share in cluster.shares[:2]] == [FIRST_TARGET, FIRST_TARGET]
    assert TARGET * 0.99 < max(cluster.durations) < (TARGET + WORTHWHILE) * 1.01
    assert max(cluster.ends) - min(cluster.ends) <= SMALLEST
    assert max(cluster.ends) < 5.0 + SMALLEST
    assert len(cluster.shares) <= 14


@pytest.mark.parametrize("slots", [1, 2, 7])
@pytest.mark.parametrize(
    "cost",
    [
        lambda point: 0.002 * (1 + point % 7),
        lambda point: 1e-5 * point,  # dearer and dearer
        lambda point: 0.02 - 1e-5 * point,
        lambda point: 0.04 if 900 < point < 1100 else 0.004,
    ],
)
def test_slots_end_together_whatever_points_cost(monkeypatch, cost, slots):
    cluster = Cluster(monkeypatch, Plan(np.array([[0, 2000]]), slots=slots), cost)
    cluster.run()
    best = sum(map(cost, range(2000))) / slots
    assert max(cluster.ends) < 1.15 * best
    assert max(cluster.durations) < 1.5 * TARGET


def test_batches_are_shorter_while_somebody_looks(monkeypatch):
    plan = Plan(np.array([[0, 10_000]]), slots=2)
    plan.put_first([np.arange(100)])
    cluster = Cluster(monkeypatch, plan, cost=lambda point: 0.001)
    cluster.run()
    assert cluster.shares[0].budget == WATCHED_FIRST_TARGET
    assert WATCHED_TARGET * 0.99 < max(cluster.durations) < (WATCHED_TARGET + WORTHWHILE) * 1.01


def test_a_slow_first_point_does_not_count_for_long():
    plan = Plan(np.array([[0, 10**6]]), slots=1)
    plan.measured(1, 5.0, 1.0)
    plan.measured(1, 1e-5, 1.0)
    assert plan.next_share().points == int(TARGET / 1e-5)


def test_a_batch_never_holds_more_points_than_fit_in_memory():
    plan = Plan(np.array([[0, 10**9]]), slots=1)
    assert plan.window == 1
    assert plan.next_share().points == LARGEST
    plan.measured(LARGEST, 1e-3, 0.0)
    assert plan.next_share().points == LARGEST
