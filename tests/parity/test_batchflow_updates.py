"""Domain updates of batchflow's research, and pypet's expanding in post-processing."""

from pathlib import Path

import numpy as np
import pytest

import explorekit as ek
from explorekit.adaptive import Update
from explorekit.errors import SpaceError

HERE = {"client": False, "n_workers": 1}


def product(x, y=1.0):
    return {"z": x * y}


def pairs(*tuples):
    x, y = zip(*tuples, strict=True)
    return ek.Space(x=ek.param(x, dim="pair"), y=ek.param(y, dim="pair"))


def test_30_a_function_of_the_results_gives_the_next_space(tmp_path: Path) -> None:
    def square(x):
        return {"square": x**2}

    def update(results):
        if int(results["generation"].max()) == 2:
            return None
        best = float(results["x"][results["square"].argmin("point")])
        return ek.Space(x=[best - 0.25, best + 0.25])

    study = ek.explore_adaptively(
        square, Update(update, first=ek.Space(x=[1.0, 2.0])), tmp_path / "study", **HERE
    )
    assert study.results["x"].values.tolist() == [1.0, 2.0, 0.75, 1.25, 0.5]  # 1.0 is there already


def test_31_an_update_comes_when_all_points_have_ended_and_drops_none(tmp_path: Path) -> None:
    seen = []

    def update(results):
        seen.append(results["status"].values.tolist())
        return ek.Space(x=[4, 5, 6]).repeat(2) if len(seen) == 1 else None

    def repeated(x, repetition):
        return {"z": x + repetition}

    first = ek.Space(x=[1, 2, 3]).repeat(2)
    study = ek.explore_adaptively(repeated, Update(update, first=first), tmp_path / "study", client=False)
    assert seen == [[[1, 1]] * 3, [[1, 1]] * 6]
    np.testing.assert_array_equal(study.results["z"], np.add.outer(np.arange(1, 7), [0, 1]))


def test_32_none_ends_and_an_empty_space_is_an_error(tmp_path: Path) -> None:
    strategy = Update(lambda results: None, first=ek.Space(x=[1.0]))
    assert len(ek.explore_adaptively(product, strategy, tmp_path / "ends", **HERE).space) == 1
    strategy = Update(lambda results: ek.Space(), first=ek.Space(x=[1.0]))
    with pytest.raises(SpaceError, match="None for the end"):
        ek.explore_adaptively(product, strategy, tmp_path / "error", **HERE)


def test_32_the_number_of_the_update_is_a_coordinate(tmp_path: Path) -> None:
    generations = []

    def update(results):
        generations.append(results["generation"].values.tolist())
        return ek.Space(x=[3.0, 4.0]) if len(generations) == 1 else None

    ek.explore_adaptively(product, Update(update, first=ek.Space(x=[1.0, 2.0])), tmp_path / "study", **HERE)
    assert generations == [[0, 0], [0, 0, 1, 1]]


def test_32_a_domain_that_is_replaced_by_one_of_another_parameter_has_both(tmp_path: Path) -> None:
    """There a=[1, 2] was replaced by x=[3, 4]; here the points of a search have the same parameters, some of them at their defaults."""
    generations = []

    def model(a=0, x=0):
        return {"z": 10 * a + x}

    def update(results):
        generations.append(results["generation"].values.tolist())
        return ek.Space(a=0, x=[3, 4]) if len(generations) == 1 else None

    strategy = Update(update, first=ek.Space(a=[1, 2], x=0))
    study = ek.explore_adaptively(model, strategy, tmp_path / "study", **HERE)
    assert generations == [[0, 0], [0, 0, 1, 1]]
    assert study.results["z"].values.tolist() == [10, 20, 3, 4]
    with pytest.raises(SpaceError, match="no parameter of the study"):
        study.explore_adaptively(Update(update, first=ek.Space(a=1, y=[3])), **HERE)


def test_32_an_update_that_raises_ends_the_search_and_loses_nothing(tmp_path: Path) -> None:
    def update(results):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ek.explore_adaptively(product, Update(update, first=ek.Space(x=[7.0])), tmp_path / "study", **HERE)
    assert ek.open(tmp_path / "study").results["z"].values.tolist() == [7.0]


def test_33_an_update_receives_the_results_as_a_dataset_of_that_moment(tmp_path: Path) -> None:
    kept = []

    def update(results):
        kept.append(results)
        return ek.Space(x=[3.0]) if len(kept) == 1 else None

    ek.explore_adaptively(product, Update(update, first=ek.Space(x=[1.0, 2.0])), tmp_path / "study", **HERE)
    assert [results["z"].values.tolist() for results in kept] == [[1.0, 2.0], [1.0, 2.0, 3.0]]


def test_34_a_study_without_parameters_runs_one_point(tmp_path: Path) -> None:
    def five():
        return 5

    study = ek.Study(five, ek.Space(), tmp_path / "study")
    study.run(**HERE)
    assert study.results["five"].item() == 5


def test_pypet_22_expanding_after_4_and_6_results_equals_the_8_points_at_once(tmp_path: Path) -> None:
    first = [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0)]
    added = {4: [(1.0, 1.0), (2.0, 2.0)], 6: [(2.0, 0.0), (3.0, 1.0)]}
    numbers = []

    def post_processing(results):
        numbers.append(results.sizes["point"])
        if numbers[-1] == 8:
            points = zip(results["x"].values.tolist(), results["y"].values.tolist(), strict=True)
            assert list(points) == [*first, *added[4], *added[6]]
            assert results["z"].values.tolist() == [1.0, 4.0, 9.0, 16.0, 1.0, 4.0, 0.0, 3.0]
        return pairs(*added[numbers[-1]]) if numbers[-1] in added else None

    study = ek.explore_adaptively(
        product, Update(post_processing, first=pairs(*first)), tmp_path / "study", **HERE
    )
    assert numbers == [4, 6, 8]
    at_once = ek.Study(product, pairs(*first, *added[6]), tmp_path / "whole")
    at_once.run(**HERE)
    np.testing.assert_array_equal(study.results["z"], at_once.results["z"])  # none is computed twice


def test_pypet_95_a_grid_is_expanded_by_what_post_processing_returns(tmp_path: Path) -> None:
    study = ek.Study(product, ek.Space(x=[1.0, 2.0], y=[1.0, 3.0]), tmp_path / "grid")
    study.run(**HERE)

    def post_processing(results):
        largest = results.isel(point=int(results["z"].argmax("point")))
        larger = ek.Space(x=float(largest["x"]) + 1, y=float(largest["y"]))
        return None if float(largest["z"]) > 10 else larger

    expanded = study.explore_adaptively(Update(post_processing, first=study.space), **HERE)
    assert expanded.results["z"].values.tolist() == [1.0, 3.0, 2.0, 6.0, 9.0, 12.0]
