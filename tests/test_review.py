"""What a run would do, told before it runs; and a few points run ahead to know better."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit import review
from explorekit.engine.spread import spread_out
from explorekit.errors import StudyError


def wave(a: float, b: int) -> dict[str, object]:
    return {"total": a + b, "series": np.full(1000, a)}


SPACE = ek.Space(a=np.linspace(0.0, 1.0, 20), b=range(10))


def disk_with(free: int):
    return lambda path: SimpleNamespace(total=10**12, used=10**12 - free, free=free)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> ek.Study:
    return ek.Study(wave, SPACE, tmp_path_factory.mktemp("review") / "study")


def test_looking_runs_nothing_and_says_what_is_unknown(study, monkeypatch) -> None:
    monkeypatch.setenv("CPU_LIMIT", "1")
    looked = study.review(False)
    assert looked.sizes == {"a": 20, "b": 10}
    assert looked.pending == 200
    assert (looked.seconds, looked.disk, looked.evidence) == (None, None, None)
    assert looked.workers.slots == 1
    assert "CPU_LIMIT=1" in repr(looked)
    assert looked.problems == ()
    assert looked.most_files == 1000 + 2 * math.isqrt(200)
    assert "unknown" in repr(looked)
    assert not list((study.path / "runs").iterdir())


def test_a_pilot_runs_spread_out_points_and_keeps_them(study) -> None:
    looked = study.review(False, pilot=6, n_workers=2)
    ran = np.argwhere(study.results["status"].values == 1)
    assert len(ran) == 6
    assert np.ptp(ran, axis=0).min() >= 5  # not in a corner
    assert looked.counts["ok"] == 6
    assert looked.pending == 194
    assert looked.outputs == {"total": "float64", "series": "float64 (series_dim: 1,000)"}
    assert looked.evidence.points == 6
    assert looked.seconds > 0
    assert 194 * 4000 < looked.disk < 194 * 9000
    assert looked.evidence.memory > 2**20
    for shown in (repr(looked), looked._repr_html_()):
        assert str(study.path) in shown
        assert "194 pending, 6 ok" in shown


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n_workers": 0}, "got n_workers=0; expected a whole number of at least 1"),
        ({"n_workers": 1.5}, "got n_workers=1.5"),
        ({"code": "new"}, "got code='new'"),
        ({"pilot": -1}, "got pilot=-1; expected a whole number of at least 0"),
        ({"pilot": 2.5}, "got pilot=2.5"),
        ({"pilot": "some"}, "got pilot='some'"),
    ],
)
def test_what_a_run_refuses_a_review_does_too(study, options, text) -> None:
    with pytest.raises(StudyError, match=text):
        study.review(False, **options)


def test_a_run_that_finds_no_room_is_refused_before_it_starts(study, monkeypatch) -> None:
    study.review(False, pilot=1, n_workers=2)
    monkeypatch.setattr(review.shutil, "disk_usage", disk_with(10**6))
    looked = study.review(False)
    assert looked.hopeless == ""
    assert any("disk" in text for text in looked.problems)  # it is said, and may yet fit
    monkeypatch.setattr(review.shutil, "disk_usage", disk_with(1000))
    assert study.review(False).hopeless in study.review(False).problems
    with pytest.raises(StudyError, match=r"not started.*Free some space"):
        study.start(False)
    assert not (study.path / "lock").exists()


def test_a_review_warns_of_memory_and_of_time(study) -> None:
    study.review(False, pilot=1, n_workers=2)
    looked = study.review(False)
    small = replace(looked, workers=replace(looked.workers, slots=4, memory=looked.evidence.memory))
    assert any("n_workers=3" in text for text in small.problems)
    short = study.review(False, max_time=1e-6)
    assert any("max_time=1e-06" in text and "stays pending" in text for text in short.problems)
    assert not any("max_time" in text for text in study.review(False, max_time=1e6).problems)


def test_a_review_warns_of_a_disk_without_room_for_files(study, monkeypatch) -> None:
    monkeypatch.setattr(review.shutil, "disk_usage", disk_with(10**12))
    monkeypatch.setattr(review.os, "statvfs", lambda path: SimpleNamespace(f_files=5000, f_favail=50))
    assert any("room for 50 more" in text for text in study.review(False).problems)
    monkeypatch.setattr(review.os, "statvfs", lambda path: SimpleNamespace(f_files=0, f_favail=0))
    assert not any("files" in text for text in study.review(False).problems)


def test_a_review_of_a_finished_study_has_nothing_left_to_do(tmp_path: Path) -> None:
    study = ek.Study(wave, ek.Space(a=[1.0], b=2), tmp_path)
    looked = study.review(False, pilot=True, n_workers=2)  # there are no more points than a pilot has
    assert (looked.pending, looked.seconds, looked.disk) == (0, 0.0, 0)
    assert looked.problems == ()


def test_a_review_says_when_all_that_ran_failed(tmp_path: Path) -> None:
    study = ek.Study(lambda a: 1 / 0, ek.Space(a=range(50)), tmp_path)
    looked = study.review(False, pilot=2, n_workers=2)
    assert looked.counts["failed"] == 2
    assert any("failures" in text for text in looked.problems)


@given(st.lists(st.integers(1, 12), max_size=4), st.integers(1, 40), st.data())
def test_spread_out_points_are_different_and_among_those_given(shape, n, data) -> None:
    total = math.prod(shape)
    edges = sorted(data.draw(st.sets(st.integers(0, total), max_size=10)))
    among = np.array(list(zip(edges[::2], edges[1::2], strict=False)), dtype=np.int64).reshape(-1, 2)
    there = {p for start, stop in among.tolist() for p in range(start, stop)}
    chosen = spread_out(among, tuple(shape), n).tolist()
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= there
    assert min(1, len(there)) <= len(chosen) <= n
    if len(there) <= n:
        assert set(chosen) == there
    assert chosen == spread_out(among, tuple(shape), n).tolist()


@pytest.mark.parametrize("shape", [(100,), (10, 10), (1000, 1000), (3, 500), (7, 7, 7, 7)])
def test_spread_out_points_reach_every_third_of_every_dimension(shape) -> None:
    chosen = spread_out(np.array([[0, math.prod(shape)]]), shape, 12)
    assert len(chosen) == 12
    for index, size in zip(np.unravel_index(chosen, shape), shape, strict=True):
        assert set((3 * index // size).tolist()) == {0, 1, 2}
