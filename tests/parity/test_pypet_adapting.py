"""Evolution and runs by hand, for which pypet had examples, here; each test is named for what it was called there."""

from pathlib import Path

import numpy as np
import pytest
from adaptive_strategies.answering import answer

import explorekit as ek
from explorekit.adaptive import Update
from explorekit.errors import SpaceError


class OneMax:
    """As in the examples with DEAP: individuals of bits, of which the best are selected, crossed and mutated."""

    def __init__(self, bits=12, size=20, generations=8, seed=1):
        self._rng = np.random.default_rng(seed)
        self._population = self._rng.integers(0, 2, size=(size, bits))
        self._left = generations
        self.best = []

    def ask(self):
        if not self._left:
            return None
        distinct = np.unique(self._population, axis=0)
        return ek.Space({f"bit{i}": ek.param(column, dim="point") for i, column in enumerate(distinct.T)})

    def tell(self, results):
        parents = np.stack([results[f"bit{i}"].values for i in range(self._population.shape[1])], axis=1)
        order = np.argsort(-results["y"].values, kind="stable")
        self.best.append(int(results["y"].max()))
        elite = parents[order[: max(2, len(parents) // 4)]]
        mothers, fathers = (
            elite[self._rng.integers(len(elite), size=self._population.shape[0])] for _ in "mf"
        )
        children = np.where(self._rng.random(mothers.shape) < 0.5, mothers, fathers)
        self._population = np.vstack(
            [elite[:1], children[1:] ^ (self._rng.random(children[1:].shape) < 0.02)]
        )
        self._left -= 1


def test_a_genetic_algorithm_is_a_strategy_with_ask_and_tell(tmp_path: Path) -> None:
    """There it took an environment of its own to each generation, or one that was expanded in post-processing."""

    def fitness(**bits):
        return {"y": sum(bits.values())}

    strategy = OneMax(generations=3)
    study = ek.explore_adaptively(fitness, strategy, tmp_path, client=False, n_workers=1)
    assert strategy.best == sorted(strategy.best)
    assert len(study.space) <= 3 * 20
    assert np.unique(study.results.to_dataframe().filter(like="bit"), axis=0).shape[0] == len(study.space)


def test_manual_runs_are_points_that_one_asks_for_oneself() -> None:
    # @manual_run; traj.f_start_run(); traj.f_finalize_run() there
    strategy = Update(lambda results: None, first=ek.Space(x=[1.0, 2.0]))
    points, _ = answer(strategy, lambda x: x**2)
    assert points == [{"x": 1.0}, {"x": 2.0}]
    assert strategy.ask() is None


def test_post_processing_that_returns_anything_else_is_an_error(tmp_path: Path) -> None:
    """There it was logged, and the experiment ended as if it had been told to."""

    def model(x):
        return {"y": x}

    strategy = Update(lambda results: {"x": [3.0]}, first=ek.Space(x=[1.0]))
    with pytest.raises(SpaceError, match="as a Space, or None"):
        ek.explore_adaptively(model, strategy, tmp_path, client=False, n_workers=1)
    assert ek.open(tmp_path).results["y"].values.tolist() == [1.0]
