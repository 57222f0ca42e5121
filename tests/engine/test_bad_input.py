"""Simulations that misbehave: what they do costs the point that did it, or nobody."""

import random
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from engine.studies import study_of

import explorekit as ek


def messages(study: ek.Study) -> dict[object, str]:
    return {row.a: row.message for row in study.failures.itertuples()}


# ---- what they return


@pytest.mark.parametrize("odd", [0, 11])
def test_names_that_no_file_takes_fail_their_points_and_say_so(tmp_path: Path, odd: int) -> None:
    names = {odd: "a/b", 3: " space", 4: "n" * 300, 5: "tab\t", 6: "e\u0301"}

    def model(a):
        return {names.get(a, "Größe in µm (x, y)"): a}

    study = study_of(model, ek.Space(a=range(12)), tmp_path)
    assert sorted(messages(study)) == sorted(names)
    assert all("netCDF does not take" in message for message in messages(study).values())
    found = study.results["Größe in µm (x, y)"].values
    assert np.isnan(found).nonzero()[0].tolist() == sorted(names)
    file = study.to_netcdf(tmp_path / "out.nc")
    np.testing.assert_array_equal(ek.open(file).results["Größe in µm (x, y)"].values, found)


@pytest.mark.parametrize(
    "last",
    ["text", b"bytes", np.array(["2020"], "M8[ns]"), np.zeros((2, 2)), object(), {"b": {"c": 1}}, 2**70],
)
def test_something_else_at_the_last_point_costs_that_point(tmp_path: Path, last: object) -> None:
    def model(a):
        return {"x": np.arange(3.0) + a} if a < 19 else {"x": last}

    study = study_of(model, ek.Space(a=range(20)), tmp_path)
    assert list(messages(study)) == [19]
    np.testing.assert_array_equal(study.results["x"].values[:19], np.arange(19)[:, None] + np.arange(3))


# ---- what they change


def drawn(a):
    if a == 5:
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
    return {"python": random.random(), "numpy": np.random.normal()}  # noqa: NPY002


def test_draws_from_global_states_depend_on_the_point_alone(tmp_path: Path) -> None:
    space = ek.Space(a=range(40))
    whole = study_of(drawn, space, tmp_path / "whole")
    parts = ek.Study(drawn, ek.Space(a=range(40)), tmp_path / "parts")
    for some in (range(20, 40), range(5, 8), range(40)):
        parts.run(False, n_workers=1, where={"a": list(some)})

    for name in ("python", "numpy"):
        values = whole.results[name].values
        assert len(set(values.tolist())) == 40
        np.testing.assert_array_equal(parts.results[name].values, values)
    before = random.getstate()
    assert whole.reproduce(a=30)
    assert random.getstate() == before


@pytest.mark.parametrize("seconds", [0.0, 0.03])
def test_draws_that_nobody_expected_depend_on_the_point_alone_too(tmp_path: Path, seconds: float) -> None:
    def model(a):
        time.sleep(seconds)
        return random.random() if a % 20 == 10 else 0.0

    whole = ek.Study(model, ek.Space(a=range(60)), tmp_path / "whole")
    whole.run(False, n_workers=1)
    parts = ek.Study(model, ek.Space(a=range(60)), tmp_path / "parts")
    for some in (slice(45, 59), slice(25, 40), slice(0, 59)):
        parts.run(False, n_workers=1, where={"a": some})
    np.testing.assert_array_equal(parts.results["model"].values, whole.results["model"].values)
    assert len(set(whole.results["model"].values.tolist())) == 4
    assert whole.reproduce(a=10)
    assert whole.reproduce(a=50)


# ---- what else they do


def test_output_by_the_megabyte_threads_and_forks_harm_nobody(tmp_path: Path) -> None:
    def model(a):
        import os

        if a == 1:
            for _ in range(40):
                sys.stdout.write("x" * 2**17)
                os.write(2, b"y" * 2**17)
        if a == 2:
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        if a == 3:
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        if a == 4:
            sys.stdout.close()
        return a

    study = study_of(model, ek.Space(a=range(8)), tmp_path)
    assert study.results["model"].values.tolist() == list(range(8))
    logs = list((tmp_path / "logs").iterdir())
    assert sum(log.stat().st_size for log in logs) < 4 * 2**20
    assert any(b"bytes left out" in log.read_bytes() for log in logs)
