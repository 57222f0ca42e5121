"""Spaces alone: what it takes to declare them, put them together, draw from them, and find points in them.

Each operation is timed, in seconds of CPU time because none waits for anything, and done once more to see how much memory it takes.
"""

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy import stats

import explorekit as ek
from benchmarks.work import Task
from explorekit.space.matching import same_space
from explorekit.space.sampling import Method

SIDE = 1000
DRAWS = 1000


@dataclass(frozen=True)
class Operation:
    """Something that is done to what was made before."""

    title: str
    made: Callable[[], Any]
    do: Callable[[Any], Any]


def grid() -> list[Operation]:
    """Operations on a cube of a thousand million points."""
    a, b, c = np.linspace(0, 1, SIDE), np.arange(SIDE), np.geomspace(1e-3, 1e3, SIDE)

    def cube() -> ek.Space:
        return ek.Space(a=a, b=b, c=c)

    def positions() -> tuple[ek.Space, np.ndarray]:
        return cube(), np.random.default_rng(1).integers(SIDE**3, size=DRAWS)

    def lines() -> list[ek.Space]:
        return [ek.Space(a=a), ek.Space(b=b), ek.Space(c=c)]

    return [
        Operation("declare it", lambda: None, lambda _: cube()),
        Operation("multiply three dimensions", lines, lambda parts: parts[0] * parts[1] * parts[2]),
        Operation(
            "a slice along each dimension", cube, lambda s: s.isel({dim: slice(100, 900) for dim in s.dims})
        ),
        Operation("values and a range", cube, lambda s: s.find(a=slice(0.2, 0.4), b=[7, 8])),
        Operation("a predicate on one parameter", cube, lambda s: s.find(lambda p: p.b % 7 == 0)),
        Operation(f"{DRAWS:,} of its points", positions, lambda given: given[0].columns(given[1])),
        Operation(
            f"{DRAWS:,} Sobol draws beside it",
            lambda: cube() * ek.Space(x=stats.norm(), y=stats.uniform()),
            lambda s: s.sample(DRAWS, "sobol"),
        ),
        Operation("a point as text", cube, lambda s: s.describe(SIDE**3 - 1)),
        Operation("whether two are the same", lambda: (cube(), cube()), lambda two: two[0] == two[1]),
    ]


def points(n: int) -> list[Operation]:
    """Operations on as many points as are asked for, which do not form a grid."""
    x = np.random.default_rng(1).random(n)
    variables = ek.Space(x=stats.uniform(), y=stats.loguniform(1e-3, 1.0), k=stats.randint(0, 100))
    base = {"saltelli": n // 5, "morris": n // 4}  # their points are five, or four, of each

    def draw(method: Method) -> Operation:
        count = base.get(method, n)
        return Operation(f"draw, `{method}`", lambda: variables, lambda s: s.sample(count, method))

    def half(name: str) -> ek.Space:
        return ek.Space({name: ek.param(x[: n // 2], dim="point")})

    def draws() -> ek.Space:
        return variables.sample(n)

    def match(title: str, make: Callable[[], ek.Space]) -> Operation:
        def made() -> tuple[ek.Space, ek.Space]:
            (dim,) = (space := make()).dims
            return space, space.isel({dim: np.random.default_rng(2).permutation(n)})

        return Operation(f"match {title} in another order", made, lambda two: same_space(*two, "here"))

    return [
        *map(draw, get_args(Method)),
        Operation(
            "add two halves",
            lambda: (half("x"), half("z")),
            lambda two: (two[0] + two[1]).axes["point"].occurrence,
        ),
        Operation("find a range", draws, lambda s: s.find(x=slice(0.2, 0.4))),
        Operation("find by a predicate", draws, lambda s: s.find(lambda p: p.x * p.y < 0.01)),
        match("numbers", lambda: ek.Space(x=x)),
        match("draws", draws),
        match("texts", lambda: ek.Space(name=[f"run {i}" for i in range(n)])),
        match("labelled objects", lambda: ek.Space(config={f"run {i}": (i,) for i in range(n)})),
    ]


def measure(operations: list[Operation], task: Task) -> None:
    """Note the seconds and the kilobytes of each operation."""
    took = {}
    task.start()
    for operation in operations:
        operation.do(operation.made())  # imports what it needs
        made = operation.made()
        began = time.process_time()
        operation.do(made)
        seconds = time.process_time() - began
        made = operation.made()
        tracemalloc.start()
        operation.do(made)
        kilobytes = tracemalloc.get_traced_memory()[1] / 1e3
        tracemalloc.stop()
        took[operation.title] = {"seconds": seconds, "kilobytes": kilobytes}
    task.stop()
    task.notes["took"] = took
