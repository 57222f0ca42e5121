"""What is known of one run, and of no other."""

from pathlib import Path

import numpy as np
import pytest
from batches import run_here

import explorekit as ek
from explorekit.errors import SpaceError


def response(duration, tau, seed):
    if duration > 1.5:
        raise ValueError(f"too long: {duration}")
    return seed * tau


SPACE = ek.Space(duration=ek.param([0.0, 1.0, 2.0], units="s"), tau=[1, 2])


@pytest.fixture
def study(tmp_path: Path) -> ek.Study:
    study = ek.Study(response, SPACE, tmp_path / "study", seed=3)
    run_here(study, [0, 1, 4, 5])
    return study


def test_a_run_that_is_ok(study, tmp_path):
    record = study.inspect(duration=0.0, tau=2)
    assert (record.position, record.status, record.attempts) == (1, "ok", 1)
    assert record.parameters == {"duration": 0.0, "tau": 2}
    assert record.point == "duration=0 s, tau=2"
    assert record.seed * 2 == study.results["response"].values[0, 1]
    runs = study.runs.isel(duration=0, tau=1)
    kept = {name: runs[name].values[()] for name in ("started", "cpu_time", "worker", "host", "code_version")}
    assert {name: getattr(record, name) for name in kept} == kept
    assert record.duration == runs["run_duration"]
    assert "def response" in record.provenance["source"]
    assert "seed: " in repr(record)

    exported = ek.open(study.to_netcdf(tmp_path / "response.nc")).inspect(1)
    assert exported.rows() == {name: text for name, text in record.rows().items() if name != "seed"}
    assert exported.provenance["packages"] == record.provenance["packages"]


def test_a_run_that_failed(study, tmp_path):
    study.to_netcdf(tmp_path / "response.nc")
    for opened in (study, ek.open(tmp_path / "response.nc")):
        assert opened.next_failure() == 4
        assert opened.next_failure(4) == 5
        assert opened.next_failure(5) == 4
        record = opened.inspect(5)
        assert (record.status, record.error, record.message) == ("failed", "Failed", "too long: 2.0")
        assert record.traceback == "Traceback"
        assert "too long" in repr(record)


def test_a_run_that_is_pending(study):
    record = study.inspect(duration=1.0, tau=1)
    assert record.status == "pending"
    assert np.isnan(record.duration)
    assert list(record.rows()) == ["status", "seed"]


def test_a_point_that_is_not_there(study):
    with pytest.raises(SpaceError, match="no parameter 'tua'"):
        study.inspect(duration=1.0, tua=1)


def test_what_a_batch_printed_is_told_unless_it_is_another_studys(study, tmp_path):
    record = study.inspect(0)
    assert record.log == ""
    log = next((tmp_path / "study" / "runs").glob("*.nc")).name[:15]
    fork = study.fork(tmp_path / "fork")
    for folder in ("study", "fork"):
        (tmp_path / folder / "logs" / f"{log}.log").write_text("x" * 30_000 + "the end")
    assert study.inspect(0).log.startswith("…")
    assert study.inspect(0).log.endswith("the end")
    assert fork.inspect(0).started == record.started
    assert fork.inspect(0).log == ""
