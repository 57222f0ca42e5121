"""What happens in a round: drawn from its seed alone."""

import random
from dataclasses import dataclass
from typing import Literal

Cluster = Literal["private", "nannies"]
Fault = Literal["child", "worker", "nanny", "scheduler", "driver", "interrupt", "terminate", "disk"]
Damage = Literal["truncate", "flip", "zero", "index", "leftovers", "compact", "cut compaction"]

_ANYWHERE: tuple[Fault, ...] = (
    "child",
    "worker",
    "worker",
    "driver",
    "driver",
    "interrupt",
    "terminate",
    "disk",
)
_WITH_NANNIES: tuple[Fault, ...] = (*_ANYWHERE, "nanny", "nanny", "scheduler", "scheduler")
_DAMAGES: tuple[Damage, ...] = (
    "truncate",
    "flip",
    "flip",
    "zero",
    "index",
    "leftovers",
    "compact",
    "cut compaction",
)


@dataclass(frozen=True)
class Strike:
    """One fault while a run goes on.

    Parameters
    ----------
    after
        As many new shards come first, unless the run is over before.
    delay
        Seconds after that.
    """

    fault: Fault
    after: int
    delay: float


@dataclass(frozen=True)
class Phase:
    """One run, what befalls it, and what happens to the files afterwards."""

    strikes: tuple[Strike, ...]
    damages: tuple[Damage, ...]


@dataclass(frozen=True)
class Plan:
    """A round.

    Parameters
    ----------
    shape
        Lengths of the axes ``a`` and ``b``, and the number of repetitions.
    size
        Number of values of the array at a point.
    pause
        Seconds that a point takes.
    batch
        Seconds that a batch aims at.
    check_first
        Whether the study is checked before its last run too, not only after it.
    """

    seed: int
    cluster: Cluster
    workers: int
    shape: tuple[int, int, int]
    size: int
    ragged: bool
    pause: float
    batch: float
    phases: tuple[Phase, ...]
    check_first: bool

    @property
    def points(self) -> int:
        a, b, repetitions = self.shape
        return a * b * repetitions

    @property
    def fills_disk(self) -> bool:
        return any(strike.fault == "disk" for phase in self.phases for strike in phase.strikes)


def draw(seed: int) -> Plan:
    """Return the round of a seed."""
    generator = random.Random(seed)
    cluster: Cluster = generator.choices(["private", "nannies"], [2, 1])[0]
    faults = _WITH_NANNIES if cluster == "nannies" else _ANYWHERE

    def strike() -> Strike:
        return Strike(generator.choice(faults), generator.randrange(6), 0.3 * generator.random() ** 2)

    phases = tuple(
        Phase(
            tuple(strike() for _ in range(generator.choice([1, 1, 2]))),
            tuple(generator.sample(_DAMAGES, k=generator.choice([0, 1, 2]))),
        )
        for _ in range(generator.choice([1, 1, 2]))
    )
    return Plan(
        seed=seed,
        cluster=cluster,
        workers=generator.choice([1, 2, 2]),
        shape=(generator.randint(3, 8), generator.randint(4, 7), generator.choice([1, 1, 2])),
        size=generator.choice([10, 100, 2000]),
        ragged=generator.random() < 0.25,
        pause=generator.choice([0.0, 0.005, 0.02]),
        batch=generator.choice([0.001, 0.02, 0.1]),
        phases=phases,
        check_first=generator.random() < 0.5,
    )
