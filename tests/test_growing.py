"""Studies that grow: only new points run, and no number that is there changes."""

import threading
from pathlib import Path

import numpy as np
import pytest
from batches import by_label, files_below, run_here
from held import being_run

import explorekit as ek
from explorekit.errors import SimulationError, SpaceError, SpaceMismatchError, StudyBusyError

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")


def noisy(a, rng, b=1, mode="plain"):
    return {"sum": a + b, "draw": rng.normal(), "text": mode * 2}


def counted(study: ek.Study) -> dict[int, int]:
    values, counts = np.unique(study.results["status"].values, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_a_longer_dimension_runs_its_new_points_only(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0, 1.0]), tmp_path, seed=3)
    study.run(False, n_workers=1)
    before = study.results.load()
    assert study.extend(a=[0.5, 1.0]) is study
    assert study.space.parameters["a"].values.tolist() == [0.0, 0.5, 1.0]
    assert counted(study) == {0: 1, 1: 2}
    assert study.run(False, n_workers=1).progress.new == 1
    assert by_label(before).items() <= by_label(study.results.load()).items()
    assert study.results["sum"].values.tolist() == [1.0, 1.5, 2.0]


def test_grown_in_steps_equals_the_whole_at_once(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.1, 0.3]), tmp_path / "steps", seed=3)
    for added in ({}, {"a": [0.1 + 0.2, 0.2]}, {"b": [2, 1]}, {"repetition": 2}, {"mode": ["fast", "plain"]}):
        study.extend(**added)
        run_here(study)
    assert study.space.dims == ("a", "b", "mode", "repetition")

    space = ek.Space(a=[0.1, 0.2, 0.3], b=[1, 2], mode=["plain", "fast"]).repeat(2)
    whole = ek.Study(noisy, space, tmp_path / "whole", seed=3)
    run_here(whole)
    assert by_label(study.results.load()) == by_label(whole.results.load())


def test_extending_twice_or_by_nothing_changes_nothing(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0, 1.0]), tmp_path)
    study.extend(a=[2.0])
    record = (tmp_path / "study.json").read_bytes()
    study.extend(a=[2.0]).extend()
    assert (tmp_path / "study.json").read_bytes() == record
    assert len(list((tmp_path / "spaces").iterdir())) == 2


def test_others_see_the_extension(tmp_path: Path) -> None:
    space = ek.Space(a=[0.0, 1.0])
    study, other, reader = (
        ek.Study(noisy, space, tmp_path),
        ek.Study(noisy, space, tmp_path),
        ek.open(tmp_path),
    )
    generation = study.generation
    study.extend(a=[2.0])
    assert study.generation > generation
    assert reader.results.sizes == {"a": 3}
    assert other.run(False, n_workers=1).progress.total == 3
    assert ek.Study(noisy, path=tmp_path).space == study.space


def test_a_default_written_as_an_integer_is_the_value_of_a_dimension_of_floats(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0]), tmp_path / "steps")
    run_here(study)
    study.extend(b=[0.5, 1.0])
    assert counted(study) == {0: 1, 1: 1}
    run_here(study)
    whole = ek.Study(noisy, ek.Space(a=[0.0], b=[0.5, 1.0]), tmp_path / "whole")
    run_here(whole)
    assert by_label(study.results.load()) == by_label(whole.results.load())


def test_results_of_another_default_do_not_move_to_the_old_one(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0]), tmp_path)
    run_here(study)

    def noisy2(a, rng, b=5, mode="plain"):
        return {"sum": a + b, "draw": rng.normal(), "text": mode * 2}

    noisy2.__name__ = "noisy"
    newer = ek.Study(noisy2, ek.Space(a=[0.0]), tmp_path)
    newer.run(False, n_workers=1, code="keep")
    newer.extend(a=[1.0]).run(False, n_workers=1)
    assert newer.results["sum"].values.tolist() == [1.0, 6.0]

    newer.extend(b=[1, 5])
    assert newer.results["status"].values.tolist() == [[1, 0], [0, 0]]
    newer.run(False, n_workers=1)
    assert newer.results["sum"].values.tolist() == [[1.0, 5.0], [2.0, 6.0]]


def test_a_parameter_that_newer_code_has_leaves_older_results_at_its_default(tmp_path: Path) -> None:
    def first(a):
        return a

    study = ek.Study(first, ek.Space(a=[1, 2]), tmp_path)
    run_here(study)

    def second(a, c=0):
        return a + c

    second.__name__ = "first"
    newer = ek.Study(second, path=tmp_path)
    newer.extend(c=[0, 10])
    newer.run(False, n_workers=1, code="keep")
    assert newer.results["first"].values.tolist() == [[1, 11], [2, 12]]
    assert len(set(newer.runs["code_version"].values[:, 0])) == 1


def test_refining_adds_values_near_one_that_is_of_interest(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0, 0.4, 1.0]), tmp_path)
    study.refine("a", around=0.44, n=3)
    np.testing.assert_allclose(study.space.parameters["a"].values, [0.0, 0.4, 0.42, 0.44, 0.46, 1.0])


def test_a_study_that_is_being_run_does_not_grow(tmp_path: Path) -> None:
    with being_run(tmp_path) as study:
        with pytest.raises(
            StudyBusyError, match="is being run; wait for the run's end, or cancel it, to extend"
        ):
            study.extend(a=[3])
        with pytest.raises(StudyBusyError, match="is being run by process"):
            ek.Study(study.simulation, path=study.path).extend(a=[3])
    study.extend(a=[3])
    assert len(study.space) == 3


def test_two_who_extend_at_once_lose_nothing(tmp_path: Path) -> None:
    ek.Study(noisy, ek.Space(a=[0.0]), tmp_path)

    def add(value: float) -> None:
        while True:
            try:
                ek.Study(noisy, path=tmp_path).extend(a=[value])
            except StudyBusyError:
                continue
            return

    threads = [threading.Thread(target=add, args=(float(n),)) for n in range(1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ek.open(tmp_path).space.parameters["a"].values.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_what_does_not_fit_changes_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0, 1.0]), tmp_path / "study")
    before = files_below(study.path)
    for added, error, text in (
        ({"b": [2, 3]}, SpaceError, "the points that are there have b=1"),
        ({"c": [2]}, SimulationError, "no argument 'c'"),
        ({"a": ["x"]}, SpaceError, "float, not str"),
        ({"repetition": 0}, SpaceError, "repetition=0"),
        ({"rng": [1]}, SpaceError, "nobody knows what 'rng' was"),
    ):
        with pytest.raises(error, match=text):
            study.extend(**added)
    with pytest.raises(SpaceError, match="cannot refine 'mode'"):
        ek.Study(noisy, ek.Space(a=[0.0], mode=["x"]), tmp_path / "m").refine("mode", around=1, n=2)
    with pytest.raises(SpaceMismatchError, match=r"study\.extend"):
        ek.Study(noisy, ek.Space(a=[0.0, 1.0, 2.0]), study.path)
    assert not (study.path / "lock").exists()
    assert files_below(study.path) == before


def test_a_study_that_cannot_be_written_does_not_grow(tmp_path: Path) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0, 1.0]), tmp_path)
    (tmp_path / "spaces").rename(tmp_path / "elsewhere")
    (tmp_path / "spaces").write_text("in the way")
    with pytest.raises(ek.errors.StudyError, match="cannot write the study"):
        study.extend(a=[2.0])
    assert len(study.space) == 2


def test_where_the_disk_is_full_the_study_stays_as_it_was(tmp_path: Path, monkeypatch) -> None:
    study = ek.Study(noisy, ek.Space(a=[0.0, 1.0]), tmp_path)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("explorekit.store.durable.write_bytes", full)
        with pytest.raises(ek.errors.StudyError, match="the disk is full"):
            study.extend(a=[2.0])
    assert len(study.space) == len(ek.open(tmp_path).space) == 2
    assert len(study.extend(a=[2.0]).space) == 3
