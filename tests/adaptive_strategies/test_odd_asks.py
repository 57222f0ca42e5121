"""What a strategy asks for, and what a study makes of it: no answer is that of another point, and a refusal changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from adaptive_strategies.listed import Listed

import explorekit as ek
from explorekit.adaptive import Bisect
from explorekit.errors import CodeChangedError, SpaceError

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")

HERE = {"client": False, "n_workers": 1}


def add(x, y=0.0):
    return {"sum": x + y}


def told(strategy: Listed, name: str = "sum") -> list[list[float]]:
    return [results[name].values.tolist() for results in strategy.told]


def test_a_value_that_the_study_rounds_is_answered_at_the_value_that_it_has(tmp_path: Path) -> None:
    strategy = Listed(
        ek.Space(x=np.array([0.1, 0.2], np.float32)),
        ek.Space(x=[0.5]),
        ek.Space(x=ek.param([0.1, float(np.float32(0.1)), 0.2], dim="point")),
    )
    study = ek.explore_adaptively(add, strategy, tmp_path / "study", **HERE)
    tenth, fifth = np.array([0.1, 0.2], np.float32).tolist()
    assert told(strategy, "x") == told(strategy) == [[tenth, fifth], [0.5], [tenth, tenth, fifth]]
    assert len(study.space) == 3


def test_points_in_other_units_are_an_error_also_where_the_numbers_are_known(tmp_path: Path) -> None:
    strategy = Listed(
        ek.Space(x=ek.param([1.0, 2.0], units="ms")),
        ek.Space(x=[2.0]),
        ek.Space(x=ek.param([1.0], units="s")),
    )
    with pytest.raises(SpaceError, match="in ms, those to add in s"):
        ek.explore_adaptively(add, strategy, tmp_path / "study", **HERE)
    assert told(strategy) == [[1.0, 2.0], [2.0]]


def test_points_may_lack_what_others_lack(tmp_path: Path) -> None:
    strategy = Listed(
        ek.Space(x=[1.0]) + ek.Space(x=[2.0], y=[5.0]),
        ek.Space(x=[3.0]),
        ek.Space(x=[1.0]),
        ek.Space(x=[1.0], y=[7.0]) + ek.Space(x=[2.0]),
    )
    study = ek.explore_adaptively(add, strategy, tmp_path / "study", **HERE)
    assert told(strategy) == [[1.0, 7.0], [3.0], [1.0], [8.0, 2.0]]
    assert len(study.space) == 5


def test_another_object_under_a_label_is_asked_about(tmp_path: Path) -> None:
    def apply(x, kind):
        return {"y": kind(x)}

    def asks():
        return Listed(ek.Space(x=[4.0], kind={"f": np.square}), ek.Space(x=[4.0], kind={"f": np.sqrt}))

    strategy = asks()
    with pytest.raises(CodeChangedError):
        ek.explore_adaptively(apply, strategy, tmp_path / "study", **HERE)
    assert told(strategy, "y") == [[16.0]]


def test_changed_code_leaves_the_study_as_it_is_until_someone_decides(tmp_path: Path) -> None:
    def model(x):
        return {"y": x}

    first = model
    before = ek.explore_adaptively(first, Listed(ek.Space(x=[1.0, 2.0])), tmp_path / "study", **HERE).space

    def model(x):
        return {"y": -x}

    with pytest.raises(CodeChangedError):
        ek.explore_adaptively(model, Listed(ek.Space(x=[3.0])), tmp_path / "study", **HERE)
    assert ek.open(tmp_path / "study").space == before
    strategy = Listed(ek.Space(x=[3.0]), ek.Space(x=[1.0]))
    forked = ek.explore_adaptively(model, strategy, tmp_path / "study", code="fork", **HERE)
    assert told(strategy, "y") == [[-3.0], [-1.0]]
    assert forked.path != tmp_path / "study"
    assert ek.open(tmp_path / "study").space == before
    strategy = Listed(ek.Space(x=[1.0]), ek.Space(x=[3.0]))
    kept = ek.explore_adaptively(model, strategy, tmp_path / "study", code="keep", **HERE)
    assert told(strategy, "y") == [[1.0], [-3.0]]
    strategy = Listed(ek.Space(x=[1.0, 2.0]), ek.Space(x=[3.0]))
    ek.explore_adaptively(model, strategy, tmp_path / "study", code="rerun", **HERE)
    assert told(strategy, "y") == [[-1.0, -2.0], [-3.0]]
    assert kept.code_changes == ""


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (ek.Space(x=[1.0]), "without 'y'"),
        (ek.Space(x=[1.0], y=[1.0], z=[1.0]), "no parameter of the study"),
        (ek.Space(x=["a"], y=[1.0]), "are float, not str"),
        (ek.Space(x=ek.param([1.0], units="s"), y=[1.0]), "in ms, those to add in s"),
        (ek.Space(x=[1.0], y=[1.0]).repeat(2), "the study has none"),
    ],
)
@pytest.mark.parametrize("has_run", [False, True])
def test_asks_that_do_not_fit_a_grid_make_no_fork(tmp_path: Path, ask, text, has_run) -> None:
    grid = ek.Study(add, ek.Space(x=ek.param([1.0, 2.0], units="ms"), y=[0.0, 1.0]), tmp_path / "grid")
    if has_run:
        grid.run(where={"x": 1.0}, **HERE)
    with pytest.raises(SpaceError, match=text):
        grid.explore_adaptively(Listed(ask), **HERE)
    assert [path.name for path in tmp_path.iterdir()] == ["grid"]


def test_a_fork_may_vary_what_the_grid_has_fixed(tmp_path: Path) -> None:
    grid = ek.Study(add, ek.Space(x=[1, 2], y=4.0), tmp_path / "grid")
    grid.run(**HERE)
    strategy = Listed(ek.Space(x=[2], y=[4.0, 5.0]), ek.Space(x=[1], y=4.0))
    forked = grid.explore_adaptively(strategy, **HERE)
    assert told(strategy) == [[6.0, 7.0], [5.0]]
    assert len(forked.space) == 3


def test_a_strategy_that_raises_loses_nothing(tmp_path: Path) -> None:
    class Raising(Listed):
        def tell(self, results):
            super().tell(results)
            if len(self.told) == 2:
                raise ZeroDivisionError

    spaces = [ek.Space(x=[float(i)]) for i in range(3)]
    with pytest.raises(ZeroDivisionError):
        ek.explore_adaptively(add, Raising(*spaces), tmp_path / "study", **HERE)
    assert ek.open(tmp_path / "study").results["sum"].values.tolist() == [0.0, 1.0]
    study = ek.explore_adaptively(add, Listed(*spaces), tmp_path / "study", **HERE)
    assert study.results["sum"].values.tolist() == [0.0, 1.0, 2.0]


def test_derived_parameters_are_computed_on_from_the_study_alone(tmp_path: Path) -> None:
    def model(x, half):
        return {"y": x + 100 * half}

    def half(x):
        return x / 2

    first = ek.Space(x=[1.0, 2.0])
    for most in (2, 3, None):
        strategy = Listed(first.derive(half=half), ek.Space(x=[3.0]), ek.Space(x=[1.0, 4.0]))
        study = ek.explore_adaptively(model, strategy, tmp_path / "study", max_points=most, **HERE)
    assert told(strategy, "y") == [[51.0, 102.0], [153.0], [51.0, 204.0]]
    strategy = Listed(first.derive(half=lambda x: x / 4), ek.Space(x=[5.0]))
    with pytest.raises(SpaceError, match=r"at x=1 it is 0.5, and also 0.25"):
        ek.explore_adaptively(model, strategy, tmp_path / "study", **HERE)
    assert len(study.space) == 4


def test_arrays_that_the_study_has_not_seen_are_points_too(tmp_path: Path) -> None:
    def total(w, x=0.0):
        return {"y": float(w.sum()) + x}

    arrays = np.arange(6.0).reshape(3, 2)
    asks = [
        ek.Space(w=arrays[:2], x=[1.0]),
        ek.Space(w=arrays[:1].astype(int), x=[1.0, 2.0]),
        ek.Space(w=arrays[2:], x=[1.0]),
    ]
    for most in (3, None):
        strategy = Listed(*asks)
        study = ek.explore_adaptively(total, strategy, tmp_path / "study", max_points=most, **HERE)
    assert told(strategy, "y") == [[2.0, 6.0], [2.0, 3.0], [10.0]]
    assert len(study.space) == 4


def test_thresholds_beside_arrays_are_told_by_their_numbers(tmp_path: Path) -> None:
    def total(w, x):
        return {"y": float(w.sum()) + x}

    space = ek.Space(w=np.array([[1.0, 2.0], [0.0, 1.0]]), x=[0.0, 4.0])
    strategy = Bisect("y", space, over="x", threshold=3.5, tolerance=0.5)
    ek.explore_adaptively(total, strategy, tmp_path / "study", **HERE)
    assert strategy.crossings[["w", "x"]].to_numpy().tolist() == [[0, 0.25], [1, 2.25]]
