"""Bisection finds every crossing that the first grid shows, to the tolerance and with a known number of points."""

from pathlib import Path

import numpy as np
import pytest
from adaptive_strategies.answering import answer
from hypothesis import given, settings
from hypothesis import strategies as st

import explorekit as ek
from explorekit.adaptive import Bisect
from explorekit.errors import SpaceError, StudyError


@settings(deadline=None, max_examples=50)
@given(
    places=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5, unique=True),
    exponent=st.integers(1, 30),
    rising=st.booleans(),
)
def test_each_combination_is_bracketed_to_the_tolerance(places, exponent, rising) -> None:
    tolerance = 2.0**-exponent

    def f(x, which):
        return (x - places[which]) * (1 if rising else -1)

    space = ek.Space(x=[1.0, 0.0], which=range(len(places)))
    strategy = Bisect("y", space, over="x", tolerance=tolerance)
    points, asks = answer(strategy, f)
    assert len(points) <= len(places) * (2 + exponent)
    assert len(asks) <= 1 + exponent  # all at the same time
    found = strategy.crossings
    assert found["which"].tolist() == list(range(len(places)))
    assert (found["rising"] == rising).all()
    assert (2 * found["half_width"] <= tolerance).all()
    assert (abs(found["x"] - places) <= found["half_width"]).all()


def test_all_crossings_between_the_first_values_are_found() -> None:
    strategy = Bisect("y", ek.Space(x=np.linspace(0, 6, 7), a=0.5), over="x", tolerance=1e-9)
    answer(strategy, lambda x, a: np.cos(x) * a)
    np.testing.assert_allclose(strategy.crossings["x"], [np.pi / 2, 1.5 * np.pi], atol=1e-9)
    assert strategy.crossings["rising"].tolist() == [False, True]


def test_combinations_without_a_crossing_cost_the_first_points_only() -> None:
    strategy = Bisect("y", ek.Space(x=[0.0, 1.0], a=[0.0, 2.0]), over="x", threshold=0.5, tolerance=0.1)
    points, _ = answer(strategy, lambda x, a: x + a)
    assert [point["x"] for point in points if point["a"] == 2.0] == [0.0, 1.0]
    assert strategy.crossings["a"].tolist() == [0.0]


def test_a_failed_point_leaves_its_interval_as_it_is_and_no_other() -> None:
    strategy = Bisect("y", ek.Space(x=[0.0, 1.0], a=[0, 1]), over="x", threshold=0.3, tolerance=1e-3)
    answer(strategy, lambda x, a: np.nan if a == 1 and x == 0.5 else x)
    assert strategy.crossings["half_width"].tolist() == [2**-11, 0.5]


def test_whole_numbers_are_bisected_to_neighbours() -> None:
    strategy = Bisect("y", ek.Space(n=[0, 1000]), over="n", threshold=617, tolerance=1e-9)
    points, _ = answer(strategy, lambda n: n)
    assert len(points) <= 12
    assert strategy.crossings["n"].tolist() == [616.5]


def test_the_surface_is_an_array_over_the_other_parameters_that_knows_its_units() -> None:
    x = ek.param([0.0, 1.0], units="nA", long_name="current")
    space = ek.Space(x=x, a=ek.param([1.0, 2.0], units="ms"), b=[0.25, 0.5, 4.0], c=3)
    strategy = Bisect("y", space, over="x", tolerance=1e-3)
    before = Bisect("y", space.repeat(2), over="x", tolerance=1e-3).surface
    assert before.dims == ("a", "b")
    assert np.isnan(before).all()
    answer(strategy, lambda x, a, b, c: x - a * b / 2)
    surface = strategy.surface
    assert (surface.name, surface.dims, surface.attrs["units"]) == ("x", ("a", "b"), "nA")
    assert (surface["a"].attrs["units"], surface["c"].item()) == ("ms", 3)
    np.testing.assert_allclose(surface, [[0.125, 0.25, np.nan], [0.25, 0.5, np.nan]], atol=1e-3)


def test_a_surface_of_a_space_without_other_parameters_is_one_number() -> None:
    strategy = Bisect("y", ek.Space(x=[0.0, 1.0]), over="x", tolerance=1e-3)
    answer(strategy, lambda x: x - 0.3)
    assert strategy.surface.item() == pytest.approx(0.3, abs=1e-3)


def test_several_crossings_are_no_surface() -> None:
    strategy = Bisect("y", ek.Space(x=np.linspace(0, 6, 7), a=0.5), over="x", tolerance=0.1)
    answer(strategy, lambda x, a: np.cos(x) * a)
    with pytest.raises(StudyError, match=r"more than once at a=0\.5, .*see crossings"):
        strategy.surface  # noqa: B018


@pytest.mark.parametrize(
    ("over", "options", "error", "text"),
    [
        ("z", {"tolerance": 1.0}, SpaceError, "no parameter 'z'"),
        ("a", {"tolerance": 1.0}, SpaceError, "at least two"),
        ("s", {"tolerance": 1.0}, SpaceError, "expected numbers"),
        ("x", {"tolerance": 0.0}, SpaceError, "above 0"),
    ],
)
def test_bad_input_is_an_error(over, options, error, text) -> None:
    with pytest.raises(error, match=text):
        Bisect("y", ek.Space(x=[0.0, 1.0], a=1.0, s=["u", "v"]), over=over, **options)


def test_an_output_that_is_not_there_or_no_number_is_an_error() -> None:
    space = ek.Space(x=[0.0, 1.0])
    with pytest.raises(StudyError, match="Did you mean 'y'"):
        answer(Bisect("yy", space, over="x", tolerance=0.1), lambda x: x)
    with pytest.raises(StudyError, match="one number"):
        answer(
            Bisect(lambda results: results["y"].expand_dims(time=3), space, over="x", tolerance=0.1),
            lambda x: x,
        )


def test_a_threshold_surface_of_a_study(tmp_path: Path) -> None:
    def voltage(current, tau, repetition):
        return {"V": np.full(3, current * tau - 1.0) + (-1) ** repetition}

    def first(results):
        return results["V"].isel(dict.fromkeys(results["V"].dims[2:], 0))

    space = ek.Space(current=[0.0, 1.0], tau=[2.0, 4.0, 8.0]).repeat(2)
    strategy = Bisect(first, space, over="current", tolerance=1e-3)
    study = ek.explore_adaptively(voltage, strategy, tmp_path / "study", client=False, n_workers=1)
    surface = strategy.crossings.set_index("tau")["current"].to_xarray()
    np.testing.assert_allclose(surface, [0.5, 0.25, 0.125], atol=1e-3)
    assert study.space.sizes == {"point": 6 + 3 * 10, "repetition": 2}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_whole_numbers_of_few_bits_are_halved_too(dtype) -> None:
    ends = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
    strategy = Bisect("y", ek.Space(n=ends), over="n", threshold=50, tolerance=1)
    points, _ = answer(strategy, lambda n: float(n))
    assert len(points) <= 2 + 8 * dtype(0).itemsize
    found = strategy.crossings.iloc[0]
    assert (found["n"], found["half_width"]) == (49.5, 0.5)


def test_other_parameters_may_be_missing_at_some_points() -> None:
    space = (ek.Space(a=1.0) + ek.Space(a=2.0, b=3.0) + ek.Space(a=4.0)) * ek.Space(x=[0.0, 4.0])
    strategy = Bisect("y", space, over="x", threshold=1.5, tolerance=0.5)
    points, _ = answer(strategy, lambda x, a, b=1.0: x * b / a)
    assert all(("b" in point) == (point["a"] == 2.0) for point in points)
    assert strategy.crossings["x"].tolist() == [1.25, 0.75]
