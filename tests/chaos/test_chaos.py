"""Five rounds of chaos, and what they are drawn from; ``make chaos`` plays two hundred."""

from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.chaos.plan import Plan, draw
from benchmarks.chaos.processes import Forker
from benchmarks.chaos.reference import Reference
from benchmarks.chaos.round import Round

SEEDS = (4, 8, 15, 18, 19)


@pytest.fixture(scope="module")
def forker() -> Iterator[Forker]:
    made = Forker()
    yield made
    made.close()


@pytest.fixture(scope="module")
def reference(forker: Forker) -> Iterator[Reference]:
    made = Reference(forker)
    yield made
    made.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_or_wrong_after_a_round(seed: int, forker: Forker, reference: Reference) -> None:
    Round(draw(seed), forker, reference).play()


def faults_of(plan: Plan) -> set[str]:
    return {strike.fault for phase in plan.phases for strike in phase.strikes}


def test_a_round_depends_on_its_seed_alone() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_the_five_rounds_and_the_two_hundred_meet_every_fault() -> None:
    some, every = Counter[str](), Counter[str]()
    for seed in range(1, 201):
        plan = draw(seed)
        happens = faults_of(plan) | {damage for phase in plan.phases for damage in phase.damages}
        every.update(happens)
        some.update(happens if seed in SEEDS else ())
    assert min(every.values()) >= 10
    assert len(every) == 15
    assert {"driver", "worker", "nanny", "scheduler", "disk", "truncate", "flip"} <= set(some)
