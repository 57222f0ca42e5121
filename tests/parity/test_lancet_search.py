"""Lancet's dynamic arguments: hill climbing by the results so far."""

from pathlib import Path

import numpy as np
import pytest
from adaptive_strategies.answering import answer

import explorekit as ek
from explorekit.adaptive import PatternSearch
from explorekit.errors import SpaceError

HERE = {"client": False, "n_workers": 1}


def parabola(x):
    return {"cost": (x - 3) ** 2}


def test_a_search_from_0_with_step_0_5_ends_at_3_with_its_trace_kept(tmp_path: Path) -> None:
    for _ in range(2):  # the second time without a run
        strategy = PatternSearch("cost", start={"x": 0.0}, step={"x": 0.5})
        study = ek.explore_adaptively(parabola, strategy, tmp_path / "study", **HERE)
        assert strategy.best == {"x": 3.0}
        trace = study.results
        assert trace["x"].values.tolist() == [0.0, -0.5, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
        assert trace["cost"].values.tolist() == [(x - 3) ** 2 for x in trace["x"].values]


def test_a_search_with_step_1_visits_each_point_once(tmp_path: Path) -> None:
    strategy = PatternSearch("y", start={"x": 0.0}, step={"x": 1.0})
    points, asks = answer(strategy, lambda x: (x - 3) ** 2)
    assert [point["x"] for point in points] == [0.0, -1.0, 1.0, 2.0, 3.0, 4.0]
    assert asks == [3, 1, 1, 1]


def test_steps_are_halved_and_parameters_without_one_stay() -> None:
    strategy = PatternSearch("y", {"x": 0.1, "y": 0.2, "a": 2.0}, {"x": 1.0, "y": 1.0}, halvings=20)
    answer(strategy, lambda x, y, a: a * (x - 1 / 3) ** 2 + (y + 2 / 3) ** 2)
    np.testing.assert_allclose([strategy.best["x"], strategy.best["y"]], [1 / 3, -2 / 3], atol=2e-6)
    assert strategy.best["a"] == 2.0


def test_the_largest_value_is_found_around_points_that_fail() -> None:
    strategy = PatternSearch("y", {"n": 3}, {"n": 1}, maximize=True)
    answer(strategy, lambda n: np.nan if n > 7 else n)
    assert strategy.best == {"n": 7}


def test_a_search_may_be_crossed_with_static_arguments(tmp_path: Path) -> None:
    class Crossed(PatternSearch):
        def ask(self):
            space = super().ask()
            return None if space is None else space * ek.Space(scale=[1.0, 2.0])

        def tell(self, results):
            super().tell(results.isel(point=results["scale"] == 1.0))

    def scaled(x, scale):
        return {"cost": scale * (x - 3) ** 2}

    strategy = Crossed("cost", {"x": 0.0}, {"x": 0.5})
    study = ek.explore_adaptively(scaled, strategy, tmp_path / "study", **HERE)
    assert strategy.best == {"x": 3.0}
    assert len(study.space) == 2 * 9


@pytest.mark.parametrize("step", [{}, {"xx": 1.0}, {"x": 0.0}, {"x": -1.0}])
def test_a_step_that_cannot_be_is_an_error(step) -> None:
    with pytest.raises(SpaceError, match="step"):
        PatternSearch("y", {"x": 0.0}, step)
