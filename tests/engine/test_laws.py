"""The law of a run: the numbers do not depend on workers, batches, order or interruption."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import xarray as xr
from distributed import Client
from engine.apart import needs_namespaces
from engine.scripts import wait_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import explorekit as ek
from explorekit.engine import plan
from explorekit.space.seeds import generator

LENGTH = 5


def noisy(a, b, scale, rng, seed, repetition):
    if a == 3 and b == "no":
        raise ValueError(f"no result at {repetition}")
    return {
        "draw": rng.normal(scale=scale),
        "seed_used": seed,
        "series": xr.DataArray(a + rng.random(5), dims="time", coords={"time": np.arange(5) * 0.5}),
        "text": b * a,
    }


SPACE = ek.Space(a=range(6), b=["yes", "no"], scale=2.0).repeat(3)


def run(
    folder: Path, workers: int | None, seed: int = 7, client: Client | bool = False, **options: Any
) -> xr.Dataset:
    study = ek.Study(noisy, SPACE, folder, seed=seed)
    study.run(client, n_workers=workers, **options)
    return study.results.load()


def batches_of(target: float, worthwhile: float = 1e-6) -> Any:
    """Have batches take about so many seconds."""
    return patch.multiple(plan, TARGET=target, FIRST_TARGET=target, WORTHWHILE=worthwhile, SMALLEST=1e-9)


def expected() -> xr.Dataset:
    """What one worker, undisturbed, gives; computed once."""
    global _expected
    if _expected is None:
        with TemporaryDirectory() as folder:
            _expected = run(Path(folder), 1)
    return _expected


_expected: xr.Dataset | None = None


def assert_same(got: xr.Dataset, wanted: xr.Dataset) -> None:
    xr.testing.assert_identical(got, wanted)
    for name in wanted.variables:
        assert got[name].dtype == wanted[name].dtype
        assert got[name].values.tobytes() == wanted[name].values.tobytes()


slow_clusters = settings(
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@slow_clusters
@given(
    workers=st.sampled_from([1, 2, 4]),
    target=st.floats(1e-6, 0.5),
    worthwhile=st.floats(1e-6, 0.05),
    order=st.sampled_from(["given", "coarse-to-fine"]),
)
def test_results_are_identical_for_any_number_of_workers_any_batch_size_and_any_order(
    workers, target, worthwhile, order
):
    with TemporaryDirectory() as folder, batches_of(target, worthwhile):
        assert_same(run(Path(folder), workers, order=order), expected())


def interrupted(folder: Path, stops: list[int], client: Client | bool) -> xr.Dataset:
    """Results of a run that is cancelled after some points, several times, and goes on."""
    for stop in stops:
        study = ek.Study(noisy, SPACE, folder, seed=7)
        started = study.start(client, n_workers=2)
        wait_until(lambda run=started, n=stop: run.done or run.progress.new >= n)
        started.cancel()
        started.wait()
    return run(folder, 2, client=client)


@slow_clusters
@given(stops=st.lists(st.integers(0, 30), max_size=3), target=st.floats(1e-6, 0.05))
def test_results_are_identical_for_an_interrupted_and_continued_run(stops, target):
    with TemporaryDirectory() as folder, batches_of(target):
        assert_same(interrupted(Path(folder), stops, False), expected())


@needs_namespaces
@settings(slow_clusters, max_examples=3)
@given(stops=st.lists(st.integers(0, 30), max_size=2), target=st.floats(1e-6, 0.05))
def test_results_are_identical_where_workers_do_not_share_the_disk(apart, stops, target):
    client, hidden = apart
    with TemporaryDirectory(dir=hidden) as folder, batches_of(target):
        assert_same(interrupted(Path(folder), stops, client), expected())


def test_streams_depend_on_values_not_on_what_else_is_explored(tmp_path: Path) -> None:
    small = ek.Study(noisy, ek.Space(b=["yes"], a=[4, 2], scale=2.0).repeat(2), tmp_path / "small", seed=7)
    small.run(False, n_workers=2)
    part = expected().sel(a=[4, 2], b=["yes"], repetition=[0, 1]).transpose(*small.results["series"].dims)
    np.testing.assert_array_equal(small.results["draw"].values, part["draw"].values)
    np.testing.assert_array_equal(small.results["series"].values, part["series"].values)
    np.testing.assert_array_equal(small.results["seed_used"].values, part["seed_used"].values)


def test_another_root_seed_gives_other_streams(tmp_path: Path) -> None:
    other = run(tmp_path, 2, seed=8)
    ok = other["status"].values == 1
    assert (other["draw"].values[ok] != expected()["draw"].values[ok]).all()


def test_seed_by_repetition_gives_common_random_numbers(tmp_path: Path) -> None:
    study = ek.Study(noisy, SPACE, tmp_path, seed=7, seed_by=["repetition"])
    study.run(False, n_workers=2)
    draws = study.results["draw"].sel(b="yes")
    assert (draws == draws.isel(a=0)).all()
    assert len(np.unique(draws.isel(a=0))) == 3


def test_a_failing_point_costs_that_point_only(tmp_path: Path) -> None:
    study = ek.Study(noisy, SPACE, tmp_path, seed=7)
    study.run(False, n_workers=2)
    failures = study.failures
    assert len(failures) == 3
    assert set(failures["error"]) == {"ValueError"}
    assert "no result at 2" in failures.set_index("repetition").loc[2, "traceback"]
    assert (study.results["status"].sel(a=3, b="no") == 2).all()
    assert int((study.results["status"] == 1).sum()) == len(SPACE) - 3
    assert np.isnan(study.results["draw"].sel(a=3, b="no")).all()


def test_running_a_finished_study_again_runs_nothing(tmp_path: Path) -> None:
    run(tmp_path, 2)
    shards = sorted((tmp_path / "runs").iterdir())
    again = ek.Study(noisy, SPACE, tmp_path, seed=7).run(False, n_workers=2)
    assert again.progress.new == 0
    assert again.progress.state == "finished"
    assert sorted((tmp_path / "runs").iterdir()) == shards


def test_the_record_tells_what_each_stream_follows_from(tmp_path: Path) -> None:
    space = ek.Space(a=[1, 2]).repeat(2)
    study = ek.Study(lambda a, rng: rng.random(), space, tmp_path / "s", seed=5, seed_by=["a"])
    study.run(False, n_workers=1)
    keys = study.runs["seed_key"].values
    assert keys[0, 0] == keys[0, 1] != keys[1, 0]
    drawn = generator(5, bytes.fromhex(keys[0, 0])).random()
    assert (study.results["result"].sel(a=1).values == drawn).all()
