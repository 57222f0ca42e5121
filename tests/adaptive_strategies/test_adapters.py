"""Optimisers of other packages decide, and studies keep what they asked for."""

import sys
from pathlib import Path

import numpy as np
import pytest
from adaptive_strategies.answering import answer

import explorekit as ek
from explorekit.adaptive import Learner, Minimize, Optuna
from explorekit.errors import SpaceError, StudyError

HERE = {"client": False, "n_workers": 1}
BOUNDS = {"x": (-2.0, 2.0), "y": (-1.0, 3.0)}


def rosenbrock(x, y):
    return (1 - x) ** 2 + 5 * (y - x**2) ** 2


def test_differential_evolution_runs_in_generations_and_is_that_of_scipy() -> None:
    from scipy.optimize import differential_evolution

    strategy = Minimize("y", BOUNDS, seed=1, maxiter=40, popsize=8)
    points, asks = answer(strategy, rosenbrock)
    expected = differential_evolution(
        lambda x: rosenbrock(*x),
        list(BOUNDS.values()),
        rng=1,
        maxiter=40,
        popsize=8,
        updating="deferred",
        polish=False,
    )
    assert strategy.result.x.tolist() == expected.x.tolist()
    np.testing.assert_allclose(strategy.result.x, 1.0, atol=0.05)
    assert 600 < len(points) <= expected.nfev  # each point once
    assert len(asks) == strategy.result.nit + 1


def test_any_method_that_calls_an_objective_will_do() -> None:
    from scipy.optimize import minimize

    def nelder_mead(objective, bounds):
        return minimize(objective, [-1.0, 1.0], method="Nelder-Mead", bounds=bounds)

    strategy = Minimize("y", BOUNDS, method=nelder_mead, maximize=True)
    answer(strategy, lambda x, y: -rosenbrock(x, y))
    np.testing.assert_allclose(strategy.result.x, 1.0, atol=1e-3)


def test_a_method_that_is_not_seeded_is_an_error() -> None:
    generator = np.random.default_rng(1)

    def unseeded(objective, bounds):
        return [objective(generator.random(2)) for _ in range(100)]

    with pytest.raises(StudyError, match="Seed"):
        answer(Minimize("y", BOUNDS, method=unseeded), rosenbrock)


def test_points_that_fail_count_as_infinitely_large() -> None:
    strategy = Minimize("y", {"x": (0.0, 1.0)}, maxiter=20)
    answer(strategy, lambda x: np.nan if x < 0.5 else x)
    assert 0.5 <= strategy.result.x[0] < 0.51


def test_options_that_differential_evolution_does_not_have_are_an_error() -> None:
    with pytest.raises(StudyError, match="Did you mean 'maxiter'"):
        Minimize("y", BOUNDS, maxitr=3)
    with pytest.raises(StudyError, match="'updating'"):
        Minimize("y", BOUNDS, updating="immediate")


@pytest.mark.parametrize("bounds", [{}, {"x": (1.0, 0.0)}, {"x": (0.0, np.inf)}, {"x": (1.0,)}])
def test_bounds_that_cannot_be_are_an_error(bounds) -> None:
    with pytest.raises(SpaceError, match="bounds"):
        Minimize("y", bounds)


def test_a_minimiser_goes_on_from_the_study_alone(tmp_path: Path) -> None:
    def cost(x, y):
        return {"cost": (1 - x) ** 2 + (y - x) ** 2}

    def minimize():
        return Minimize("cost", BOUNDS, maxiter=3, popsize=4)

    study = ek.explore_adaptively(cost, minimize(), tmp_path / "study", max_points=13, **HERE)
    assert len(study.space) == 13
    strategy = minimize()
    study.explore_adaptively(strategy, **HERE)
    whole = ek.explore_adaptively(cost, minimize(), tmp_path / "whole", **HERE)
    assert study.results["cost"].values.tobytes() == whole.results["cost"].values.tobytes()
    assert strategy.result.fun == whole.results["cost"].values.min()


@pytest.mark.filterwarnings("ignore")  # optuna's own
def test_optuna_finds_the_best_category_again_and_again() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = {
        "x": optuna.distributions.FloatDistribution(-1.0, 1.0),
        "n": optuna.distributions.IntDistribution(1, 4),
        "kind": optuna.distributions.CategoricalDistribution(["good", "bad"]),
    }

    def loss(x, n, kind):
        return np.nan if n == 3 else x**2 + abs(n - 2) + (kind == "bad")

    strategies = [Optuna("y", distributions, n=60) for _ in range(2)]
    asked = [answer(strategy, loss) for strategy in strategies]
    assert asked[0] == asked[1]
    assert asked[0][1] == [8] * 7 + [4]
    best = strategies[0].study.best_params
    assert (best["n"], best["kind"]) == (2, "good")
    assert abs(best["x"]) < 0.3
    with pytest.raises(StudyError, match="expected a new one"):
        Optuna("y", distributions, n=1, study=strategies[0].study)


@pytest.mark.filterwarnings("ignore")  # optuna's own
def test_categories_of_optuna_have_one_type_whichever_are_drawn_first() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    choices = optuna.distributions.CategoricalDistribution

    def asked_for(*values):
        strategy = Optuna("y", {"x": choices(values)}, n=8, at_once=1)
        spaces = []
        while (space := strategy.ask()) is not None:
            spaces.append(space)
        return spaces

    numbers = asked_for(1, 2.5)
    assert {space.parameters["x"].values.dtype for space in numbers} == {np.dtype(float)}
    given = [next(iter(space.points())) for space in asked_for(None, 2.5)]
    assert {} in given
    assert {"x": 2.5} in given
    with pytest.raises(SpaceError, match="mixed types"):
        asked_for("a", 2.5)


def test_without_optuna_an_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"explorekit\[optuna\]"):
        Optuna("y", {"x": None}, n=1)


@pytest.mark.filterwarnings("ignore")  # adaptive's own
def test_a_learner_of_adaptive_samples_where_the_function_bends() -> None:
    adaptive = pytest.importorskip("adaptive")
    learner = adaptive.Learner1D(None, bounds=(-1.0, 1.0))
    points, _ = answer(Learner("y", learner, "x", n=50, at_once=5), lambda x: np.tanh(20 * x))
    assert len(points) == learner.npoints == 50
    assert sum(abs(point["x"]) < 0.2 for point in points) > 25
    learner = adaptive.Learner2D(None, bounds=[(-1.0, 1.0), (-1.0, 1.0)])
    strategy = Learner("y", learner, ["x", "z"], n=99, goal=lambda one: one.npoints >= 24)
    points, _ = answer(strategy, lambda x, z: np.nan if x > 0.9 else x * z)
    assert 24 <= len(points) < 40


@pytest.mark.filterwarnings("ignore")  # adaptive's own
def test_a_learner_that_has_no_more_points_is_at_the_end() -> None:
    adaptive = pytest.importorskip("adaptive")
    learner = adaptive.SequenceLearner(None, [5.0, 3.0, 4.0])
    points, asks = answer(Learner("y", learner, ["i", "x"], n=99, at_once=2), lambda i, x: x)
    assert [point["x"] for point in points] == [5.0, 3.0, 4.0]
    assert asks == [2, 1]


def test_what_is_no_new_learner_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"explorekit\[adaptive\]"):
        Learner("y", object(), "x", n=1)
