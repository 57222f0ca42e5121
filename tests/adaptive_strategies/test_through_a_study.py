"""Every strategy on a cluster: what it was told before is enough to go on, and nothing is run twice."""

import os
from pathlib import Path

import numpy as np
import pytest

import explorekit as ek
from explorekit.adaptive import Bisect, Learner, Minimize, Optuna, PatternSearch, Refine, Update

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")

HERE = {"client": False, "n_workers": 1}


def optuna():
    package = pytest.importorskip("optuna")
    package.logging.set_verbosity(package.logging.ERROR)
    of = package.distributions
    distributions = {"x": of.FloatDistribution(-1.0, 1.0), "n": of.IntDistribution(1, 3)}
    return Optuna("cost", distributions, n=13, at_once=4)


def one_integer():
    package = pytest.importorskip("optuna")
    package.logging.set_verbosity(package.logging.ERROR)
    return Optuna("cost", {"n": package.distributions.IntDistribution(0, 3)}, n=9, at_once=4)


def learner():
    return Learner("cost", pytest.importorskip("adaptive").Learner1D(None, (-1.0, 1.0)), "x", n=13, at_once=4)


def updated():
    def closer(results):
        near = float(results["x"][results["cost"].fillna(9.0).argmin("point")])
        width = 0.5 ** int(results["generation"].max())
        return ek.Space(x=[near - width, near + width], n=[1, 2]) if width > 0.1 else None

    return Update(closer, ek.Space(x=[-1.0, 1.0], n=1))


def nelder_mead(objective, bounds):
    from scipy.optimize import minimize

    return minimize(objective, [0.4], method="Nelder-Mead", bounds=bounds, options={"maxfev": 12})


STRATEGIES = {
    "Update": updated,
    "Refine": lambda: Refine("cost", ek.Space(x=[-1.0, 0.0, 1.0], n=[1, 2]), over=["x"], n=16),
    "Bisect": lambda: Bisect(
        "cost", ek.Space(x=[0.0, 1.0], n=[1, 2]), over="x", threshold=0.3, tolerance=0.05
    ),
    "PatternSearch": lambda: PatternSearch("cost", {"x": -0.5, "n": 2}, {"x": 0.5}, halvings=2),
    "Minimize": lambda: Minimize("cost", {"x": (-1.0, 1.0)}, maxiter=2, popsize=4),
    "Nelder-Mead": lambda: Minimize("cost", {"x": (-1.0, 1.0)}, method=nelder_mead),
    "Optuna": optuna,
    "Optuna, one integer": one_integer,
    "Learner": learner,
}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of the other packages
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_that_is_cut_goes_on_to_the_end_that_it_would_have_had(tmp_path: Path, name: str) -> None:
    calls = tmp_path / "calls.txt"

    def cost(rng, x=0.5, n=1):
        descriptor = os.open(str(calls), os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, b"called\n")
        os.close(descriptor)
        if 0.1 < x < 0.2:
            raise ValueError("unlucky")
        return {"cost": (x - 0.3) ** 2 + 0.1 * n + 1e-3 * rng.normal()}

    for most in (3, 7, None):
        cut = ek.explore_adaptively(cost, STRATEGIES[name](), tmp_path / "cut", max_points=most, **HERE)
    called = len(calls.read_text().splitlines())
    assert called == len(cut.space) >= 3
    whole = ek.explore_adaptively(cost, STRATEGIES[name](), tmp_path / "whole", **HERE)
    for one in ("x", "n", "cost", "status"):
        if one in whole.results:
            np.testing.assert_array_equal(cut.results[one].values, whole.results[one].values)
