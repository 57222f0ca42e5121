"""Refinement puts points where an output changes most, and no more of them than it may."""

from pathlib import Path

import numpy as np
import pytest
from adaptive_strategies.answering import answer
from hypothesis import given, settings
from hypothesis import strategies as st

import explorekit as ek
from explorekit.adaptive import Refine
from explorekit.errors import SpaceError, StudyError


def test_points_gather_at_a_step() -> None:
    strategy = Refine("y", ek.Space(x=np.linspace(-1, 1, 9)), over="x", n=60)
    points, asks = answer(strategy, lambda x: np.tanh(50 * (x - 0.3)))
    assert len(points) == 60
    assert len(asks) < 15
    near = [point["x"] for point in points if abs(point["x"] - 0.3) < 0.1]
    assert len(near) > 40
    x = np.sort([point["x"] for point in points])
    assert np.diff(np.tanh(50 * (x - 0.3))).max() < 0.1


def test_a_jump_is_refined_to_the_resolution_and_no_further() -> None:
    strategy = Refine("y", ek.Space(x=[0.0, 1.0]), over=["x"], n=1000, resolution=2.0**-8)
    points, _ = answer(strategy, lambda x: float(x > 0.7))
    assert len(points) == 2 + 8
    x = np.sort([point["x"] for point in points])
    assert np.diff(x[(x > 0.69) & (x < 0.71)]).min() == 2.0**-8


def test_an_output_that_does_not_change_needs_no_further_point() -> None:
    points, _ = answer(Refine("y", ek.Space(x=[0.0, 1.0], a=[1, 2]), over="x", n=99), lambda x, a: a)
    assert len(points) == 4


def test_a_tolerance_ends_it() -> None:
    strategy = Refine("y", ek.Space(x=[0.0, 1.0]), over="x", n=10_000, tolerance=0.1)
    points, _ = answer(strategy, lambda x: x)
    assert len(points) == 17


def test_in_two_dimensions_points_gather_along_a_front() -> None:
    grid = ek.Space(x=np.linspace(-1, 1, 5), y=np.linspace(-1, 1, 5))
    strategy = Refine("y", grid, over=["x", "y"], n=600)
    points, _ = answer(strategy, lambda x, y: np.tanh(20 * (x * x + y * y - 0.5)))
    assert len(points) <= 600
    radius = np.array([np.hypot(point["x"], point["y"]) for point in points])
    assert (abs(radius - np.sqrt(0.5)) < 0.15).sum() > 450


def test_a_direction_in_which_nothing_changes_is_not_refined() -> None:
    strategy = Refine("y", ek.Space(x=[0.0, 1.0], y=[0.0, 1.0], z=[0.0, 1.0]), over=["x", "y", "z"], n=40)
    points, _ = answer(strategy, lambda x, y, z: x)
    assert {(point["y"], point["z"]) for point in points} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_each_combination_of_the_others_is_refined_by_itself() -> None:
    strategy = Refine("y", ek.Space(x=np.linspace(0, 1, 3), a=[0.0, 10.0]), over="x", n=40)
    points, _ = answer(strategy, lambda x, a: a * x**2)
    assert sum(point["a"] == 0.0 for point in points) == 3
    assert len(points) == 40


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(9, 80),
    centre=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    bad=st.floats(-1, 1),
    whole=st.booleans(),
)
def test_no_more_points_than_allowed_none_twice_and_all_inside(n, centre, bad, whole) -> None:
    def f(x, y):
        return np.nan if y < bad < y + 0.3 else np.exp(-10 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2))

    x = [-20, 0, 20] if whole else [-1.0, 0.0, 1.0]
    strategy = Refine("y", ek.Space(x=x, y=[-1.0, 0.0, 1.0]), over=["x", "y"], n=n)
    points, _ = answer(strategy, f)
    assert 9 <= len(points) <= n
    assert len({(point["x"], point["y"]) for point in points}) == len(points)
    assert all(min(x) <= point["x"] <= max(x) and -1 <= point["y"] <= 1 for point in points)


def test_bad_input_is_an_error() -> None:
    space = ek.Space(x=[0.0, 1.0], a=1.0)
    with pytest.raises(SpaceError, match="over="):
        Refine("y", space, over=[], n=10)
    with pytest.raises(SpaceError, match="at least two"):
        Refine("y", space, over=["x", "a"], n=10)
    with pytest.raises(StudyError, match="at least 2"):
        Refine("y", space, over=["x"], n=1)


def test_a_study_of_repetitions_is_refined_by_their_mean(tmp_path: Path) -> None:
    def noisy(x, repetition):
        return {"rate": x * x + (-1) ** repetition}

    strategy = Refine("rate", ek.Space(x=[0.0, 1.0]).repeat(2), over=["x"], n=8)
    study = ek.explore_adaptively(noisy, strategy, tmp_path / "study", client=False, n_workers=1)
    assert study.space.sizes == {"point": 8, "repetition": 2}
    assert np.sum(study.results["x"].values > 0.5) > np.sum(study.results["x"].values < 0.5)


def test_other_parameters_may_be_missing_at_some_points() -> None:
    space = (ek.Space(a=1.0) + ek.Space(a=2.0, b=3.0)) * ek.Space(x=[0.0, 4.0])
    points, _ = answer(Refine("y", space, over=["x"], n=12), lambda x, a, b=1.0: x * b / a)
    assert len(points) == 12
    assert all(("b" in point) == (point["a"] == 2.0) for point in points)


def test_whole_numbers_of_few_bits_are_refined_too() -> None:
    space = ek.Space(n=np.array([-128, 127], np.int8))
    points, _ = answer(Refine("y", space, over=["n"], n=9, resolution=0.0), lambda n: float(n) ** 2)
    assert len({int(point["n"]) for point in points}) == 9
