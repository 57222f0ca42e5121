"""Running a part of a study, and running again what failed."""

import time
from pathlib import Path

import pytest
from engine.scripts import run_script

import explorekit as ek
from explorekit.errors import CodeChangedError, SpaceError, StudyBusyError, StudyError


def product(a, b, rng):
    return {"product": a * b, "draw": rng.normal()}


def fragile(a, b, rng):
    """Fails while the file that `b` names is missing, and takes as long as another one is there."""
    while a == 2 and Path(f"{b}.held").exists():
        time.sleep(0.01)
    if a == 2 and not Path(b).exists():
        raise ValueError(f"no {a}")
    return rng.normal()


def test_a_part_is_run_and_the_rest_stays_pending(tmp_path: Path) -> None:
    space = ek.Space(a=[1.0, 2.0, 3.0], b=[1.0, 10.0])
    study = ek.Study(product, space, tmp_path / "parts")
    assert study.run(False, n_workers=1, where={"a": slice(2, 3), "b": 10.0}).progress.new == 2
    assert study.results["status"].values.tolist() == [[0, 0], [0, 1], [0, 1]]
    with pytest.raises(SpaceError, match=r"a=4"):
        study.run(False, where=ek.Space(a=[3.0, 4.0]))
    with pytest.raises(SpaceError, match="no parameter 'c'"):
        study.start(False, where={"c": 1})
    assert not (tmp_path / "parts" / "lock").exists()
    assert study.start(False, n_workers=1, where=space.isel(a=2)).wait().progress.new == 1
    study.run(False, n_workers=1)

    whole = ek.Study(product, space, tmp_path / "whole")
    whole.run(False, n_workers=1)
    assert study.results.load().identical(whole.results.load())


def test_what_failed_is_run_again_when_asked(tmp_path: Path) -> None:
    key = tmp_path / "key"
    space = ek.Space(a=[1, 2], b=[str(key), str(key) + "2"])
    study = ek.Study(fragile, space, tmp_path / "study")
    study.run(False, n_workers=1)
    before = study.results.load()
    assert len(study.failures) == 2
    assert study.run(False, n_workers=1).progress.new == 0

    key.touch()
    progress = study.retry(False, n_workers=1, where={"b": str(key)}).progress
    assert (progress.new, progress.ok, progress.failed) == (1, 3, 1)
    held = tmp_path / "key2.held"
    held.touch()
    run = study.retry(False, n_workers=1, wait=False)
    with pytest.raises(StudyBusyError, match="to retry"):
        study.retry(False)
    held.unlink()
    assert (run.wait().progress.new, run.progress.failed) == (1, 1)
    assert study.failures["message"].tolist() == ["no 2"]
    assert study.results["status"].values.tolist() == [[1, 1], [1, 2]]
    assert (study.results["fragile"].values[0] == before["fragile"].values[0]).all()
    (tmp_path / "key2").touch()
    study.retry(False, n_workers=1)
    assert len(study.failures) == 0

    whole = ek.Study(fragile, space, tmp_path / "whole")
    whole.run(False, n_workers=1)
    assert study.results.load().identical(whole.results.load())
    assert study.retry(False, n_workers=1).progress.new == 0


def test_no_cluster_starts_where_nothing_is_to_be_run(tmp_path: Path) -> None:
    script = """
    import psutil
    import explorekit as ek

    def half(x):
        return x / 2

    study = ek.Study(half, ek.Space(x=[1, 2]), "study")
    study.retry(False)
    assert not psutil.Process().children()
    study.run(False, n_workers=1, where={"x": 1})
    """
    run_script(tmp_path, script)
    again = script.replace("retry(False)", 'run(False, where={"x": 1})')
    run_script(tmp_path, again)


def test_after_a_bug_is_mended_what_failed_is_run_with_the_new_code(tmp_path: Path) -> None:
    def f(a):
        return 1 // a

    study = ek.Study(f, ek.Space(a=[0, 1]), tmp_path)
    study.run(False, n_workers=1)

    def mended(a):
        return 1 // a if a else 0

    mended.__name__ = "f"
    study = ek.Study(mended, path=tmp_path)
    with pytest.raises(CodeChangedError):
        study.retry(False, n_workers=1)
    with pytest.raises(StudyError, match="expected 'keep'"):
        study.retry(False, n_workers=1, code="rerun")
    study.retry(False, n_workers=1, code="keep")
    assert study.results["f"].values.tolist() == [0, 1]
    assert len(set(study.runs["code_version"].values.tolist())) == 2
