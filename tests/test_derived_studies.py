"""Studies with parameters that are computed from others: run, gone on with, extended, forked, merged, exported, reproduced."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.adaptive import Update
from explorekit.errors import SpaceError, SpaceMismatchError, StudyError


def model(duration, n, dt, network, rng):
    return {"steps": duration / dt, "weight": network["W"] * n, "drawn": rng.random()}


def space(duration=(100.0, 200.0), n=(1, 2), parts=1000.0):
    return ek.Space(duration=list(duration), n=list(n)).derive(
        {"network.W": lambda dt, n: dt * n},
        dt=ek.param(lambda duration: duration / parts, units="ms"),
    )


def run(study, **options):
    return study.run(False, n_workers=1, **options)


def test_a_study_is_run_gone_on_with_extended_exported_and_reproduced(tmp_path: Path) -> None:
    study = ek.Study(model, space(), tmp_path / "study", seed=1)
    run(study, where={"n": 1})
    study = ek.Study(model, space(), tmp_path / "study", seed=1)  # as after the kernel died
    run(study)
    before = study.results.load()
    assert before["dt"].values.tolist() == [0.1, 0.2]
    assert before["dt"].attrs == {"units": "ms", "derived_from": "duration"}
    assert before["network.W"].dims == ("duration", "n")
    assert np.array_equal(before["weight"], before["network.W"] * before["n"])
    assert study.reproduce(duration=200.0, n=2).same
    assert study.reproduce(dt=0.2, n=2).same

    study.extend(duration=[150.0], n=[3])
    run(study)
    after = study.results.load()
    assert after["dt"].values.tolist() == [0.1, 0.15, 0.2]
    assert after["steps"].values.ravel().tolist() == [1000.0] * 9
    assert np.array_equal(after["drawn"].sel(duration=[100, 200], n=[1, 2]), before["drawn"])

    study.compact()
    assert study.results.load().identical(after)
    study.to_netcdf(tmp_path / "exported.nc")
    exported = ek.open(tmp_path / "exported.nc")
    assert exported.space == study.space
    assert exported.space.derived["dt"].source == "lambda duration: duration / parts"
    assert exported.provenance["derived"] == study.provenance["derived"]
    with xr.open_dataset(tmp_path / "exported.nc") as plain:
        assert plain["network.W"].values.tolist() == after["network.W"].values.tolist()
        assert "network.W" in plain["weight"].encoding["coordinates"] or "network.W" in plain["weight"].coords


class Network:
    def __init__(self, size):
        self.size = size


def test_labelled_objects_are_derived_from_at_points_that_come_later_too(tmp_path: Path) -> None:
    networks = {"small": Network(1), "large": Network(3)}
    study = ek.Study(
        lambda network, n, size: size - n * network.size,
        ek.Space(network=networks, n=[1, 2]).derive(size=lambda network, n: network.size * n),
        tmp_path / "study",
    )
    study.extend(n=[3]).extend(network={"medium": Network(2)})
    run(study)
    assert study.results["size"].values.tolist() == [[1, 2, 3], [3, 6, 9], [2, 4, 6]]
    assert not study.results["result"].values.any()


def test_arrays_are_derived_from(tmp_path: Path) -> None:
    weights = np.arange(12.0).reshape(3, 2, 2)
    study = ek.Study(
        lambda W, n, total: W.sum() * n - total * n,
        ek.Space(W=weights, n=[1, 2]).derive(total=lambda W: float(W.sum())),
        tmp_path / "study",
    )
    study.extend(n=[3]).extend(W=weights[:1] + 100)
    run(study)
    assert study.results["total"].values.tolist() == [6.0, 22.0, 38.0, 406.0]
    assert not study.results["result"].values.any()


def test_values_are_enough_to_go_on_and_the_function_is_needed_to_grow(tmp_path: Path) -> None:
    ek.Study(model, space(), tmp_path / "study", seed=1)
    study = ek.Study(model, path=tmp_path / "study", seed=1)
    run(study)
    assert study.results["steps"].values.ravel().tolist() == [1000.0] * 4
    with pytest.raises(
        SpaceError,
        match=r"nobody knows what it is at .*Study\(simulation, space, path\)",
    ):
        study.extend(n=[3])
    assert study.space == space()
    study.extend(space(n=(1, 3)))  # which has the functions
    assert study.extend(n=[4]).space.coords["network.W"].values.tolist()[0] == pytest.approx(
        [0.1, 0.2, 0.3, 0.4]
    )


def test_another_function_is_another_space_and_a_fork_takes_over_what_still_fits(tmp_path: Path) -> None:
    def some(duration):
        return duration / 1000 if duration < 150 else 0.5

    study = ek.Study(model, space(), tmp_path / "study", seed=1)
    run(study)
    changed = ek.Space(duration=[100.0, 200.0], n=[1, 2]).derive({"network.W": lambda dt, n: dt * n}, dt=some)
    with pytest.raises(
        SpaceMismatchError,
        match=r"at duration=200 the derived 'dt' is 0.2, and 0.5 .*fork\(new_path, space\)",
    ):
        ek.Study(model, changed, tmp_path / "study", seed=1)
    refactored = ek.Space(duration=[100.0, 200.0], n=[1, 2]).derive(
        {"network.W": lambda n, dt: n * dt}, dt=lambda duration: duration / 10 / 100
    )
    assert ek.Study(model, refactored, tmp_path / "study", seed=1).results.identical(study.results)

    fork = study.fork(tmp_path / "fork", changed)
    assert fork.results["status"].values.tolist() == [[1, 1], [0, 0]]
    run(fork)
    assert fork.results["steps"].values.tolist() == [[1000.0] * 2, [400.0] * 2]
    assert np.array_equal(
        fork.results["drawn"], study.results["drawn"]
    )  # streams follow from what it comes from
    assert fork.extend(n=[5]).space.coords["network.W"].values.tolist()[1] == [0.5, 1.0, 2.5]


def test_a_parameter_that_was_given_may_become_a_derived_one_and_the_other_way_round(tmp_path: Path) -> None:
    given = ek.Space(
        duration=ek.param([100.0, 200.0], dim="run"), dt=ek.param([0.1, 0.2], dim="run"), n=1
    ).derive({"network.W": lambda dt: dt})
    study = ek.Study(model, given, tmp_path / "study", seed=1)
    run(study)
    derived = (
        ek.Space(duration=[100.0, 200.0], n=1)
        .derive(dt=lambda duration: duration / 1000)
        .derive({"network.W": lambda dt: dt})
    )
    fork = study.fork(tmp_path / "fork", derived)
    assert fork.results["status"].values.tolist() == [1, 1]
    assert fork.fork(tmp_path / "again", given).results["status"].values.tolist() == [1, 1]


def test_studies_are_merged_if_the_functions_of_new_points_are_at_hand(tmp_path: Path) -> None:
    parts = [
        ek.Study(model, space((duration,), (n,)), tmp_path / f"part{n}", seed=1)
        for duration, n in [(100.0, 1), (200.0, 2)]
    ]
    for part in parts:
        run(part)

    merged = ek.merge(parts, tmp_path / "merged")
    assert merged.results["steps"].notnull().values.tolist() == [[True, False], [False, True]]
    assert merged.space == space()
    with pytest.raises(
        SpaceError, match=r"'network\.W' is derived from 'dt', 'n', and nobody knows what it is at"
    ):
        ek.merge([part.path for part in parts], tmp_path / "other")
    other = ek.Study(model, space((100.0,), (1,), parts=500.0), tmp_path / "differs", seed=1)
    with pytest.raises(
        SpaceError, match=r"'dt' is derived differently: at duration=100 it is 0\.1, and also 0\.2"
    ):
        ek.merge([parts[0], other], tmp_path / "other")


def test_points_that_a_strategy_asks_for_are_derived_too(tmp_path: Path) -> None:
    def quadratic(x, y):
        return {"f": (x - 3) ** 2 + y}

    def next_points(results):
        x = float(results["x"].max())
        return None if x >= 2 else ek.Space(x=[x + 0.5]).derive(y=lambda x: 2 * x)

    first = ek.Space(x=[0.0, 1.0]).derive(y=lambda x: 2 * x)
    path = tmp_path / "search"
    ek.explore_adaptively(
        quadratic, Update(next_points, first=first), path, client=False, n_workers=1, max_points=3
    )
    study = ek.explore_adaptively(
        quadratic, Update(next_points, first=first), path, client=False, n_workers=1
    )
    assert study.results["y"].values.tolist() == [0.0, 2.0, 3.0, 4.0]
    assert study.results["f"].values.tolist() == [9.0, 6.0, 5.25, 5.0]


def test_vectorised_simulations_and_points_without_it_receive_what_there_is(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def vectorised(a, d=-1.0):
        return {"y": a + d}

    some = (ek.Space(a=[1.0, 2.0]) + ek.Space(a=[3.0], b=[1.0])).derive(d=lambda b: b * 10)

    @ek.simulation(vectorized=True)
    def with_b(a, b=0.0, d=-1.0):
        return {"y": a + b + d}

    study = ek.Study(with_b, some, tmp_path / "some")
    run(study)
    assert study.results["y"].values.tolist() == [0.0, 1.0, 14.0]
    grid = ek.Study(
        vectorised,
        ek.Space(
            a=[1.0, 2.0],
        ).derive(d=lambda a: a * 10),
        tmp_path / "grid",
    )
    run(grid)
    assert grid.results["y"].values.tolist() == [11.0, 22.0]


def test_streams_follow_from_what_it_is_computed_from(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"'dt' is derived from duration\. Name these"):
        ek.Study(model, space(), tmp_path / "study", seed_by=["dt"])
