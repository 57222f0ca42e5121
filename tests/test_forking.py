"""Versions of the code, forks and discarded results: nothing that was made is lost, and nothing is mixed."""

from pathlib import Path

import numpy as np
import pytest
from batches import by_label, files_below, run_here
from held import being_run

import explorekit as ek
from explorekit.errors import CodeChangedError, SimulationError, SpaceError, StudyBusyError, StudyError

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")


def model(a, rng, b=1.0):
    return {"sum": a + b, "draw": rng.normal()}


def _newer():
    def model(a, rng, b=1.0):
        return {"sum": 10 * a + b, "draw": rng.normal()}

    return model


newer = _newer()


def made(path: Path, space: ek.Space, simulation=model, code=None) -> ek.Study:
    study = ek.Study(simulation, space, path, seed=4)
    run_here(study, code=code)
    return study


# ---- versions of the code


def test_the_message_about_changed_code_offers_three_ways(tmp_path: Path) -> None:
    made(tmp_path, ek.Space(a=[1.0, 2.0]))
    with pytest.raises(CodeChangedError) as error:
        ek.Study(newer, path=tmp_path, seed=4).start(False)
    for way in (
        "2 of version",
        "code='keep'",
        "code='rerun'",
        "code='fork'",
        '+    return {"sum": 10 * a + b',
    ):
        assert way in str(error.value)
    with pytest.raises(StudyError, match="got code='replace'; expected 'keep', 'rerun' or 'fork'"):
        ek.Study(newer, path=tmp_path, seed=4).run(False, code="replace")


def test_each_number_says_which_code_made_it_and_each_version_can_be_looked_at(tmp_path: Path) -> None:
    old = made(tmp_path, ek.Space(a=[1.0, 2.0])).provenance["code_version"]
    study = ek.Study(newer, path=tmp_path, seed=4).extend(a=[3.0])
    run_here(study, code="keep")
    new = study.provenance["code_version"]
    assert study.runs["code_version"].values.tolist() == [old, old, new]
    assert study.results["sum"].values.tolist() == [2.0, 3.0, 31.0]
    table = study.code_versions
    assert table["role"].to_dict() == {new: "current", old: "kept"}
    assert table["ok"].to_dict() == {new: 1, old: 2}
    assert table.loc[old, "first_started"] == np.datetime64("2020-09-13T12:26:40")

    run_here(study, code="rerun")
    assert study.results["sum"].values.tolist() == [11.0, 21.0, 31.0]
    assert study.code_versions["role"].to_dict() == {new: "current", old: "earlier"}
    then = ek.open(tmp_path).at(code=old[:6])
    np.testing.assert_array_equal(then.results["sum"].values, [2.0, 3.0, np.nan])
    assert set(then.runs["code_version"].values.tolist()) == {old, ""}
    assert "10 *" not in then.provenance["source"]
    assert not hasattr(then, "run")
    then.to_netcdf(tmp_path.parent / "then.nc")
    for wrong in ("", "zzz"):
        with pytest.raises(StudyError, match="expected one of the versions"):
            study.at(code=wrong)


def test_a_study_without_runs_has_no_versions(tmp_path: Path) -> None:
    study = ek.Study(model, ek.Space(a=[1.0]), tmp_path)
    assert len(study.code_versions) == 0
    with pytest.raises(StudyError, match="expected one of the versions"):
        study.at(code="1")


# ---- forks


def test_a_fork_has_what_fits_and_leaves_the_original(tmp_path: Path) -> None:
    study = made(tmp_path / "study", ek.Space(a=[1.0, 2.0], b=[1.0, 5.0]))
    before = files_below(study.path)
    space = ek.Space(a=[2.0, 3.0])
    fork = study.fork(tmp_path / "fork", space)
    assert files_below(study.path) == before
    assert fork.results["status"].values.tolist() == [1, 0]
    run_here(fork)
    assert by_label(fork.results.load()) == by_label(made(tmp_path / "whole", space).results.load())
    assert fork.provenance["sources"][0]["name"] == "study"
    assert files_below(study.path) == before

    pair = ek.Space(a=ek.param([1.0, 2.0, 1.0], dim="n"), b=ek.param([5.0, 5.0, 6.0], dim="n"))
    assert study.fork(tmp_path / "pair", pair).results["status"].values.tolist() == [1, 1, 0]
    same = study.fork(tmp_path / "same")
    assert by_label(same.results.load()) == by_label(study.results.load())
    assert same.fork(tmp_path / "far", ek.Space(a=[9.0])).results["status"].values.tolist() == [0]
    assert list((tmp_path / "far" / "runs").iterdir()) == []
    with pytest.raises(StudyError, match="there is a study at"):
        study.fork(tmp_path / "fork")
    with pytest.raises(SpaceError, match="got str as the space"):
        study.fork(ek.Space(a=[9.0]), "fork")
    with pytest.raises(SimulationError, match="no argument 'z'"):
        study.fork(tmp_path / "z", ek.Space(z=[1]))
    assert not (tmp_path / "z").exists()


def test_later_runs_of_a_fork_come_after_those_it_took_over(tmp_path: Path) -> None:
    study = made(tmp_path / "study", ek.Space(a=[1.0]))
    for value in (2.0, 3.0):
        run_here(study.extend(a=[value]))
    fork = study.fork(tmp_path / "fork")
    run_here(fork.extend(a=[4.0]))
    epochs = [int(p.name[:6]) for p in (tmp_path / "fork" / "runs").iterdir()]
    assert sorted(epochs) == [1, 2, 3, 4]


def test_changed_code_may_run_in_a_fork(tmp_path: Path, caplog) -> None:
    made(tmp_path / "study", ek.Space(a=[1.0, 2.0]))
    before = files_below(tmp_path / "study")
    study = ek.Study(newer, path=tmp_path / "study", seed=4)
    study.run(False, n_workers=1, code="fork", where={"a": 1.0})
    assert study.path.name.startswith("study-")
    assert f"the study goes on in {study.path}" in caplog.text
    np.testing.assert_array_equal(study.results["sum"].values, [11.0, np.nan])
    assert files_below(tmp_path / "study") == before

    again = ek.Study(newer, path=tmp_path / "study", seed=4)
    run = again.run(False, n_workers=1, code="fork")
    assert (again.path, run.progress.new) == (study.path, 1)
    assert again.run(False, n_workers=1, code="fork").progress.new == 0
    assert len(list(tmp_path.iterdir())) == 2

    longer = ek.Study(newer, path=tmp_path / "study", seed=4).extend(a=[3.0])
    assert longer.run(False, n_workers=1, code="fork", where={"a": 3.0}).progress.new == 1
    assert longer.path == study.path
    assert longer.results["sum"].values.tolist() == [11.0, 21.0, 31.0]


@pytest.mark.parametrize("path", ["study", "study/.", "study/runs/..", ".", "runs/.."])
def test_a_fork_lies_beside_the_study_however_that_is_called(tmp_path: Path, monkeypatch, path) -> None:
    made(tmp_path / "study", ek.Space(a=[1.0]))
    monkeypatch.chdir(tmp_path if path.startswith("study") else tmp_path / "study")
    study = ek.Study(newer, path=path, seed=4)
    monkeypatch.chdir("/")
    study.start(False, n_workers=1, code="fork").cancel()
    assert (study.path.parent, study.path.name[:6]) == (tmp_path, "study-")


def test_a_fork_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    study = made(tmp_path / "study", ek.Space(a=[1.0]))

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorekit.store.assembling.os.link", full)
    monkeypatch.setattr("explorekit.store.assembling.shutil.copyfile", full)
    with pytest.raises(StudyError, match="the disk is full"):
        study.fork(tmp_path / "fork")
    assert [p.name for p in tmp_path.iterdir()] == ["study"]


def test_where_files_cannot_be_linked_they_are_copied(tmp_path: Path, monkeypatch) -> None:
    study = made(tmp_path / "study", ek.Space(a=[1.0]))

    def no_links(*args):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("explorekit.store.assembling.os.link", no_links)
    fork = study.fork(tmp_path / "fork")
    assert by_label(fork.results.load()) == by_label(study.results.load())


# ---- discarding


def test_discarded_points_are_pending_and_run_again(tmp_path: Path) -> None:
    study = made(tmp_path, ek.Space(a=[1.0, 2.0, 3.0]))
    run_here(study.extend(a=[4.0]))
    before = study.results.load()
    for wrong in ("", "study"):
        with pytest.raises(StudyError, match=r"takes out 2 results of 2 points.*confirm='model'"):
            study.discard({"a": slice(3, 4)}, confirm=wrong)
    assert study.results.identical(before)
    shards = {p.name for p in (tmp_path / "runs").iterdir()}
    assert study.discard({"a": slice(3, 4)}, confirm="model") is study
    assert study.results["status"].values.tolist() == [1, 1, 0, 0]
    assert ek.open(tmp_path).results["status"].values.tolist() == [1, 1, 0, 0]
    trash = {p.name for p in (tmp_path / "trash").iterdir()}
    assert len(trash) == 1
    assert {p.name for p in (tmp_path / "runs").iterdir()} | trash == shards
    assert run_here(ek.Study(model, path=tmp_path, seed=4)) == [2, 3]
    assert study.results.load().identical(before)


def test_everything_may_be_discarded_and_code_has_not_changed_then(tmp_path: Path) -> None:
    study = made(tmp_path, ek.Space(a=[1.0, 2.0]))
    study.discard({}, confirm="model")
    assert list((tmp_path / "runs").iterdir()) == []
    changed = ek.Study(newer, path=tmp_path, seed=4)
    assert len(run_here(changed)) == 2
    assert changed.results["sum"].values.tolist() == [11.0, 21.0]


def test_discarding_spares_results_that_are_not_shown(tmp_path: Path) -> None:
    study = made(tmp_path, ek.Space(a=[1.0, 2.0]))
    old = study.provenance["code_version"]
    study = ek.Study(newer, path=tmp_path, seed=4)
    run_here(study, code="rerun")
    study.discard({"a": 1.0}, confirm="model")
    assert study.results["status"].values.tolist() == [0, 1]
    assert study.at(code=old).results["sum"].values.tolist() == [2.0, 3.0]


def test_what_is_no_part_is_not_discarded(tmp_path: Path) -> None:
    study = made(tmp_path, ek.Space(a=[1.0, 2.0]))
    with pytest.raises(SpaceError, match="no value 3"):
        study.discard({"a": 3.0}, confirm="model")
    with pytest.raises(SpaceError, match="expected a Space"):
        study.discard(None, confirm="model")


def test_a_running_study_is_not_discarded(tmp_path: Path) -> None:
    with being_run(tmp_path) as study, pytest.raises(StudyBusyError, match="to discard results of the study"):
        study.discard({}, confirm="slow")
