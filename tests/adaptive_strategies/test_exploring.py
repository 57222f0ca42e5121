"""A strategy and a study by turns: nothing runs twice, and the study is all that is needed to go on."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from adaptive_strategies.listed import Listed

import explorekit as ek
from explorekit.adaptive import Strategy, Update
from explorekit.adaptive.driving import Turns
from explorekit.errors import CodeChangedError, SpaceError, StudyError

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")

HERE = {"client": False, "n_workers": 1}


@pytest.fixture
def counting(tmp_path: Path):
    """A simulation that notes each of its calls, and the notes."""
    calls = tmp_path / "calls.txt"

    def simulation(x, y=0.0):
        descriptor = os.open(str(calls), os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, f"{x} {y}\n".encode())
        os.close(descriptor)
        if x == 13.0:
            raise ValueError("unlucky")
        return {"sum": x + y}

    def called():
        return [tuple(map(float, line.split())) for line in calls.read_text().splitlines()]

    return simulation, called


def test_a_strategy_is_told_what_it_asked_for_in_its_order(tmp_path: Path, counting) -> None:
    simulation, called = counting
    pairs = ek.Space(x=ek.param([9.0, 1.0], dim="i"), y=ek.param([3.0, 0.25], dim="i"))
    strategy = Listed(ek.Space(x=[2.0, 1.0], y=[0.5, 0.25]), pairs)
    assert isinstance(strategy, Strategy)
    study = ek.explore_adaptively(simulation, strategy, tmp_path / "study", seed=3, **HERE)
    first, second = strategy.told
    assert first["sum"].values.tolist() == [2.5, 2.25, 1.5, 1.25]
    assert (second["x"].values.tolist(), second["y"].values.tolist()) == ([9.0, 1.0], [3.0, 0.25])
    assert second["sum"].values.tolist() == [12.0, 1.25]
    assert second["status"].values.tolist() == [1, 1]
    assert second["generation"].values.tolist() == [1, 1]
    assert study.space.sizes == {"point": 5}
    assert len(called()) == len(set(called())) == 5


def test_failed_points_are_told_too_and_not_run_again(tmp_path: Path, counting) -> None:
    simulation, called = counting
    for _ in range(2):
        strategy = Listed(ek.Space(x=[1.0, 13.0]), ek.Space(x=13.0))
        ek.explore_adaptively(simulation, strategy, tmp_path / "study", **HERE)
        assert strategy.told[0]["status"].values.tolist() == [1, 2]
        assert np.isnan(strategy.told[1]["sum"].values).all()
    assert len(called()) == 2


def test_points_asked_for_twice_are_told_twice_and_run_once(tmp_path: Path, counting) -> None:
    simulation, called = counting
    twice = ek.Space(x=ek.param([1.0, 2.0, 1.0], dim="i"), y=ek.param([0.0, 0.0, -0.0], dim="i"))
    strategy = Listed(twice)
    study = ek.explore_adaptively(simulation, strategy, tmp_path / "study", **HERE)
    assert strategy.told[0]["sum"].values.tolist() == [1.0, 2.0, 1.0]
    assert study.space.sizes == {"point": 2}
    assert len(called()) == 2


def test_max_points_cuts_the_last_ask_and_more_go_on_from_there(tmp_path: Path, counting) -> None:
    simulation, called = counting
    for budget, points, told in ((3, 3, 1), (3, 3, 1), (4, 4, 2), (None, 5, 3)):
        strategy = Listed(ek.Space(x=[1.0, 2.0]), ek.Space(x=[3.0, 4.0]), ek.Space(x=[5.0]))
        study = ek.explore_adaptively(simulation, strategy, tmp_path / "study", max_points=budget, **HERE)
        assert len(study.space) == len(called()) == points
        assert len(strategy.told) == told
    assert study.results["x"].values.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_the_time_of_the_whole_is_limited(tmp_path: Path) -> None:
    def slow(x):
        import time

        time.sleep(0.2)
        return x

    strategy = Listed(*(ek.Space(x=[float(i)]) for i in range(1000)))
    study = ek.explore_adaptively(slow, strategy, tmp_path / "study", max_time=4.0, **HERE)
    assert len(strategy.told) < 30
    assert len(study.space) <= len(strategy.told) + 1


def test_time_that_is_over_as_a_run_is_about_to_start_is_no_error(tmp_path: Path, monkeypatch) -> None:
    out_of_time = Turns._out_of_time

    def asked_a_moment_before(turns: Turns) -> bool:
        over = out_of_time(turns)
        while not out_of_time(turns):
            time.sleep(0.01)
        return over

    monkeypatch.setattr(Turns, "_out_of_time", asked_a_moment_before)
    strategy = Listed(ek.Space(x=[1.0]))
    study = ek.explore_adaptively(lambda x: x, strategy, tmp_path / "study", max_time=2.0, **HERE)
    assert strategy.told == []
    assert study.results["status"].values.tolist() == [0]


def test_a_grid_stays_as_it_is_and_its_results_go_over_into_a_fork(tmp_path: Path, counting) -> None:
    simulation, called = counting
    study = ek.Study(simulation, ek.Space(x=[1.0, 2.0], y=[0.0, 1.0]), tmp_path / "grid")
    study.run(where={"x": 1.0}, **HERE)
    for _ in range(2):
        strategy = Listed(ek.Space(x=[1.0, 1.5], y=[1.0]))
        forked = study.explore_adaptively(strategy, **HERE)
        assert forked.path == tmp_path / "grid-adaptive"
        assert strategy.told[0]["sum"].values.tolist() == [2.0, 2.5]
        assert len(called()) == 3
        assert study.space.sizes == {"x": 2, "y": 2}
    assert forked.space.sizes == {"point": 3}
    other = study.explore_adaptively(Listed(ek.Space(x=[7.0], y=1.0)), tmp_path / "other", **HERE)
    assert other.results["sum"].values.tolist() == [1.0, 2.0, 8.0]


def test_a_fork_does_not_take_the_place_of_another_study(tmp_path: Path, counting) -> None:
    simulation, _ = counting
    study = ek.Study(simulation, ek.Space(x=[1.0, 2.0]), tmp_path / "grid")
    ek.Study(simulation, ek.Space(x=[1.0]), tmp_path / "other")
    with pytest.raises(StudyError, match="another study than a fork"):
        study.explore_adaptively(Listed(ek.Space(x=[1.0])), tmp_path / "other", **HERE)


def test_a_grid_that_has_not_run_is_forked_to_what_is_asked_for(tmp_path: Path, counting) -> None:
    simulation, _ = counting
    study = ek.Study(simulation, ek.Space(x=[1.0, 2.0], y=4.0).repeat(2), tmp_path / "grid")
    strategy = Listed(ek.Space(x=3.0), ek.Space(x=[5], y=4.0))
    forked = study.explore_adaptively(strategy, **HERE)
    assert forked.space.sizes == {"point": 2, "repetition": 2}
    assert strategy.told[0]["sum"].values.tolist() == [[7.0, 7.0]]
    with pytest.raises(SpaceError, match="fixed at 4"):
        forked.explore_adaptively(Listed(ek.Space(x=[5.0], y=5.0)), **HERE)


def test_repetitions_are_told_along_a_dimension_of_their_own(tmp_path: Path) -> None:
    def noisy(x, rng):
        return {"y": x + rng.normal()}

    strategy = Listed(ek.Space(x=[1.0, 2.0]).repeat(3), ek.Space(x=[4.0]))
    study = ek.explore_adaptively(noisy, strategy, tmp_path / "study", seed=1, **HERE)
    assert strategy.told[0]["y"].dims == ("point", "repetition")
    assert strategy.told[1]["y"].shape == (1, 3)
    whole = ek.Study(noisy, ek.Space(x=[1.0, 2.0, 4.0]).repeat(3), tmp_path / "whole", seed=1)
    whole.run(**HERE)
    np.testing.assert_array_equal(study.results["y"].values, whole.results["y"].values)
    with pytest.raises(SpaceError, match="repetitions 0, 1"):
        study.explore_adaptively(Listed(ek.Space(x=[1.0]).repeat(2)), **HERE)


@pytest.mark.parametrize(
    ("space", "text"),
    [
        (ek.Space(), "None for the end"),
        (ek.Space(x=scipy.stats.uniform(), y=1.0), "Draw n of them first"),
        ({"x": 1.0}, "asked for dict"),
        (ek.Space(y=[1.0]), "points without 'x'"),
        (ek.Space(x=[1.0], y=1.0, xx=2.0), "Did you mean 'x'"),
        (ek.Space(x=["a"], y=1.0), "are float, not str"),
        (ek.Space(x=[1.0], y=1.0).repeat(2), "the study has none"),
    ],
)
def test_points_that_do_not_fit_are_an_error_that_loses_nothing(
    tmp_path: Path, counting, space, text
) -> None:
    simulation, _ = counting
    strategy = Listed(ek.Space(x=[1.0], y=[1.0]), space)
    with pytest.raises(SpaceError, match=text):
        ek.explore_adaptively(simulation, strategy, tmp_path / "study", **HERE)
    assert ek.open(tmp_path / "study").results["sum"].values.tolist() == [2.0]


def test_bad_arguments_are_errors_before_anything_is_made(tmp_path: Path, counting) -> None:
    simulation, _ = counting
    path = tmp_path / "study"
    with pytest.raises(StudyError, match="Update"):
        ek.explore_adaptively(simulation, lambda results: None, path)
    with pytest.raises(StudyError, match="ask"):
        ek.explore_adaptively(simulation, Listed, path)
    with pytest.raises(StudyError, match="max_points=0"):
        ek.explore_adaptively(simulation, Listed(ek.Space(x=[1.0])), path, max_points=0)
    with pytest.raises(TypeError, match="n_worker"):
        ek.explore_adaptively(simulation, Listed(ek.Space(x=[1.0])), path, n_worker=1)
    with pytest.raises(SpaceError, match="asks for no points"):
        ek.explore_adaptively(simulation, Listed(), path)
    assert not path.exists()


def test_a_strategy_that_goes_round_in_a_circle_is_an_error(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("explorekit.adaptive.driving._MOST_REPEATS", 3)
    strategy = Update(lambda results: ek.Space(x=[1.0]), first=ek.Space(x=[1.0]))
    with pytest.raises(StudyError, match="in a row"):
        ek.explore_adaptively(lambda x: x, strategy, tmp_path / "study", **HERE)


def test_changed_code_is_asked_about(tmp_path: Path) -> None:
    def spaces():
        return Listed(ek.Space(x=[1.0]), ek.Space(x=[2.0]))

    def model(x):
        return x

    first = model
    ek.explore_adaptively(first, spaces(), tmp_path / "study", **HERE)

    def model(x):
        return -x

    with pytest.raises(CodeChangedError):
        ek.explore_adaptively(model, spaces(), tmp_path / "study", **HERE)
    study = ek.explore_adaptively(model, spaces(), tmp_path / "study", code="rerun", **HERE)
    assert study.results["model"].values.tolist() == [-1.0, -2.0]


def test_labelled_objects_are_given_again_by_the_asks(tmp_path: Path) -> None:
    def apply(x, kind):
        return {"y": kind(x)}

    first = ek.Space(x=[2.0], kind={"square": np.square})
    second = ek.Space(x=[3.0], kind={"square": np.square, "negative": np.negative})
    for budget, known in ((2, 2), (None, 3)):  # the second time nobody else knows the objects
        strategy = Listed(first, second)
        study = ek.explore_adaptively(apply, strategy, tmp_path / "study", max_points=budget, **HERE)
        assert len(study.space) == known
    assert strategy.told[1]["y"].values.tolist() == [9.0, -3.0]
    assert study.results["kind"].values.tolist() == ["square", "square", "negative"]
