"""The whole: making, opening, resuming and keeping a study, and what bad input gets."""

import inspect
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from batches import files_below
from held import being_run

import explorekit as ek
from explorekit.errors import (
    CodeChangedError,
    SimulationError,
    SpaceError,
    SpaceMismatchError,
    StudyBusyError,
    StudyError,
)
from explorekit.options import PartOptions, RunOptions


def doubled(a):
    return 2 * a


def area(width, height=1.0):
    return width * height


def test_from_space_to_file(tmp_path: Path) -> None:
    space = ek.Space(width=ek.param([1.0, 2.0], units="m"), height=ek.param([3.0, 4.0, 5.0], units="m"))
    study = ek.Study(ek.simulation(area, units={"area": "m2"}), space, tmp_path / "study", seed=1)
    study.run(False, n_workers=2)
    assert study.results["area"].sel(width=2.0, height=5.0).item() == 10.0
    assert study.results["area"].attrs["units"] == "m2"
    file = study.to_netcdf(tmp_path / "area.nc")
    with xr.open_dataset(file) as plain:
        xr.testing.assert_equal(plain.load(), study.results.load())
        assert plain["area"].attrs["units"] == "m2"
        assert plain["area"].attrs["ancillary_variables"] == "status"
        assert plain["width"].attrs["units"] == "m"
    kept = ek.open(file)
    xr.testing.assert_identical(kept.results.load(), study.results.load())
    xr.testing.assert_identical(kept.runs.load(), study.runs.load().drop_vars("seed_key"))
    assert kept.space == space
    assert "return width * height" in kept.provenance["source"]
    assert kept.provenance["packages"]["numpy"] == np.__version__
    assert kept.provenance["seed"] == "1"
    for one in (study, kept):
        assert repr(one).endswith(": 6 ok, 0 failed, 0 pending of 6 points>")


def test_a_file_is_written_in_the_encoding_that_is_asked_for(tmp_path: Path) -> None:
    study = ek.Study(area, ek.Space(width=np.arange(100.0), height=np.arange(9.0)), tmp_path / "study")
    study.run(False, n_workers=1)
    file = study.to_netcdf(
        tmp_path / "area.nc", encoding={"area": {"compression": "zlib", "chunksizes": (50, 9)}}
    )
    with xr.open_dataset(file) as dataset:
        assert dataset["area"].encoding["zlib"]
        assert dataset["area"].encoding["chunksizes"] == (50, 9)
    with pytest.raises(StudyError, match="area"):
        study.to_netcdf(tmp_path / "again.nc", encoding={"aera": {"compression": "zlib"}})
    assert not (tmp_path / "again.nc").exists()


@pytest.mark.parametrize("place", ["study.json", "runs/area.nc"])
def test_a_file_does_not_take_the_place_of_a_study_s_own(tmp_path: Path, place: str) -> None:
    study = ek.Study(area, ek.Space(width=[1.0]), tmp_path)
    before = files_below(tmp_path)
    with pytest.raises(StudyError, match="own files; give another path"):
        study.to_netcdf(tmp_path / place)
    assert files_below(tmp_path) == before


def test_runs_are_accounted_for(tmp_path: Path) -> None:
    study = ek.Study(area, ek.Space(width=[1.0, 2.0]), tmp_path)
    assert (study.runs["status"].values == 0).all()
    study.run(False, n_workers=1)
    runs = study.runs.load()
    assert (runs["status"].values == 1).all()
    assert (runs["duration"].values > 0).all()
    assert (runs["started"].values > np.datetime64("2026-01-01")).all()
    assert set(runs["code_version"].values) == {study.provenance["code_version"]}


def test_a_parameter_named_like_a_record_keeps_its_name(tmp_path: Path) -> None:
    study = ek.Study(
        lambda duration, error: duration * error, ek.Space(duration=[1.0, 2.0], error=3.0), tmp_path
    )
    study.run(False, n_workers=1)
    assert study.runs["duration"].dims == ("duration",)
    assert (study.runs["run_duration"].values > 0).all()
    assert len(study.failures) == 0


def test_an_unfinished_study_reads_as_missing_and_exports(tmp_path: Path) -> None:
    study = ek.Study(doubled, ek.Space(a=range(4)), tmp_path / "study")
    assert list(study.results.data_vars) == ["status"]
    file = study.to_netcdf(tmp_path / "empty.nc")
    assert (ek.open(file).results["status"].values == 0).all()


def test_opening_again_resumes_whatever_the_order(tmp_path: Path) -> None:
    ek.Study(area, ek.Space(width=[1.0, 2.0], height=[3.0, 0.3]), tmp_path).run(False, n_workers=2)
    again = ek.Study(area, ek.Space(height=[0.1 + 0.2, 3.0], width=[2.0, 1.0]), tmp_path)
    assert again.run(False, n_workers=2).progress.new == 0
    assert again.space.sizes == {"width": 2, "height": 2}
    assert ek.Study(area, path=tmp_path).results["area"].sel(width=2.0, height=0.3).item() == 2.0 * 0.3


@pytest.mark.parametrize(
    ("space", "difference"),
    [
        (ek.Space(width=[1.0, 2.0, 3.0], height=2.0), "it has no width=3"),
        (ek.Space(width=[1.0], height=2.0), "it has width=2 too"),
        (ek.Space(width=[1.0, 2.0], height=5.0), "'height' is 2, not 5"),
        (ek.Space(width=[1.0, 2.0]), "it has the parameter 'height'"),
        (ek.Space(width=[1, 2], height=2.0), "the values of 'width' are float, not int"),
        (ek.Space(width=[1.0, 2.0], height=[2.0]), "'height' lies on no dimension, not on height"),
    ],
)
def test_another_space_is_refused_and_nothing_is_touched(tmp_path: Path, space, difference) -> None:
    ek.Study(area, ek.Space(width=[1.0, 2.0], height=2.0), tmp_path)
    before = files_below(tmp_path)
    with pytest.raises(SpaceMismatchError, match="explores another space") as error:
        ek.Study(area, space, tmp_path)
    assert difference in str(error.value)
    assert files_below(tmp_path) == before


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    study = ek.Study(doubled, ek.Space(a=[1]), tmp_path, seed=np.int64(7))
    study.run(False, n_workers=np.int64(1), retries=np.int8(1), timeout=np.float32(100))
    assert study.provenance["seed"] == "7"
    assert ek.Study(doubled, path=tmp_path, seed=7).results["doubled"].values.tolist() == [2]


def test_another_seed_is_refused(tmp_path: Path) -> None:
    ek.Study(doubled, ek.Space(a=[1]), tmp_path, seed=1)
    with pytest.raises(StudyError, match="has seed=1"):
        ek.Study(doubled, ek.Space(a=[1]), tmp_path, seed=2)


def test_a_directory_that_holds_something_else_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StudyError, match=r"thesis\.txt"):
        ek.Study(doubled, ek.Space(a=[1]), tmp_path)
    assert files_below(tmp_path) == {"thesis.txt": b"years of work"}
    with pytest.raises(StudyError, match="is a file"):
        ek.Study(doubled, ek.Space(a=[1]), tmp_path / "thesis.txt")


def test_bad_calls_fail_before_anything_is_made(tmp_path: Path) -> None:
    place = tmp_path / "study"
    with pytest.raises(SimulationError, match=r"no argument 'widht'.*Did you mean 'width'"):
        ek.Study(area, ek.Space(widht=[1.0]), place)
    with pytest.raises(SimulationError, match="needs 'width'"):
        ek.Study(area, ek.Space(height=[1.0]), place)
    with pytest.raises(SimulationError, match="expected a function"):
        ek.Study(3.0, ek.Space(a=[1]), place)
    lock = threading.Lock()

    def holds_a_lock(a):
        with lock:
            return a

    with pytest.raises(SimulationError, match="lock"):
        ek.Study(holds_a_lock, ek.Space(a=[1]), place)
    with pytest.raises(StudyError, match="needs a space"):
        ek.Study(doubled, path=place)
    with pytest.raises(SpaceError, match="got dict as the space; expected a Space"):
        ek.Study(doubled, {"a": [1]}, place)
    with pytest.raises(StudyError, match="got no path"):
        ek.Study(doubled, ek.Space(a=[1]))
    with pytest.raises(StudyError, match="seed=-1"):
        ek.Study(doubled, ek.Space(a=[1]), place, seed=-1)
    for wrong in (3, "a"):
        with pytest.raises(StudyError, match=f"got seed_by={wrong!r}; expected a list of parameters"):
            ek.Study(doubled, ek.Space(a=[1]), place, seed_by=wrong)
    with pytest.raises(StudyError, match="'b' is no parameter"):
        ek.Study(doubled, ek.Space(a=[1]), place, seed_by=["b"])
    with pytest.raises(SpaceError):
        ek.Study(doubled, ek.Space(a=[1, 1]), place)
    assert not place.exists()


def test_changed_code_is_shown_and_never_adopted_silently(tmp_path: Path) -> None:
    ek.Study(doubled, ek.Space(a=range(5)), tmp_path).run(False, n_workers=1)

    def new(a):
        return 3 * a

    new.__name__ = "doubled"
    study = ek.Study(new, ek.Space(a=range(5)), tmp_path)
    assert "-    return 2 * a" in study.code_changes
    assert "+    return 3 * a" in study.code_changes
    np.testing.assert_array_equal(study.results["doubled"].values, 2 * np.arange(5))
    with pytest.raises(CodeChangedError, match="5 of version"):
        study.run(False, n_workers=1)
    assert not (tmp_path / "lock").exists()
    study.run(False, n_workers=1, code="keep")
    np.testing.assert_array_equal(study.results["doubled"].values, 2 * np.arange(5))
    assert study.code_changes == ""


def test_code_rerun_replaces_the_numbers_and_keeps_the_old_files(tmp_path: Path) -> None:
    ek.Study(doubled, ek.Space(a=range(5)), tmp_path).run(False, n_workers=1)
    old = set((tmp_path / "runs").iterdir())

    def new(a):
        return 3 * a

    new.__name__ = "doubled"
    study = ek.Study(new, ek.Space(a=range(5)), tmp_path)
    study.run(False, n_workers=1, code="rerun")
    np.testing.assert_array_equal(study.results["doubled"].values, 3 * np.arange(5))
    assert old < set((tmp_path / "runs").iterdir())
    assert len(list((tmp_path / "code").iterdir())) == 2


def test_comments_are_no_change_of_code(tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_text("def f(a):\n    return a\n")
    script = "import explorekit as ek, mine; ek.Study(mine.f, ek.Space(a=[1, 2]), 'study').run(n_workers=1)"
    for text in ("def f(a):\n    return a\n", '# new\ndef f(a):\n    """Same."""\n    return (a)  # here\n'):
        module.write_text(text)
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=240)
    assert len(list((tmp_path / "study" / "code").iterdir())) == 1


def test_two_drivers_at_once_are_refused(tmp_path: Path) -> None:
    with being_run(tmp_path) as study, pytest.raises(StudyBusyError, match="is being run by process"):
        ek.Study(study.simulation, path=study.path).start(False)


def test_a_run_that_goes_on_is_that_of_the_same_part_only(tmp_path: Path) -> None:
    with being_run(tmp_path) as study:
        run = study.start()
        assert study.start(where={"a": [1, 2]}) is run
        with pytest.raises(StudyBusyError, match=r"got where=\{'a': 2\}. Wait for the run's end"):
            study.run(where={"a": 2})
    assert run.done


def test_what_start_may_be_asked_for_so_may_run_and_retry() -> None:
    asked = inspect.signature(ek.Study.start).parameters.values()
    named = {p.name: p.annotation for p in asked if p.kind is p.KEYWORD_ONLY}
    assert named == PartOptions.__annotations__ == {**RunOptions.__annotations__, "where": named["where"]}


def test_an_option_that_there_is_not_is_a_type_error(tmp_path: Path) -> None:
    study = ek.Study(doubled, ek.Space(a=range(3)), tmp_path)
    for begin in (study.start, study.run, study.retry):
        with pytest.raises(TypeError, match="unexpected keyword argument 'n_worker'"):
            begin(False, n_worker=1)
    with pytest.raises(TypeError, match=r"expected some of .*'where'\. Did you mean 'n_workers'\?"):
        study.retry(False, n_worker=1)
    assert not (tmp_path / "lock").exists()


def study_made_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ek.Study:
    """A study at a relative path, which other working directories do not have."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return ek.Study(doubled, ek.Space(a=range(3)), "study")


def test_a_run_ends_its_hold_wherever_the_process_has_gone_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_made_here(tmp_path, monkeypatch)
    run = study.start(False, n_workers=1)
    monkeypatch.chdir(tmp_path / "elsewhere")
    run.wait()
    assert not (tmp_path / "study" / "lock").exists()


def test_a_study_is_where_it_was_wherever_the_process_has_gone_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_made_here(tmp_path, monkeypatch)
    study.run(False, n_workers=1)
    exported = ek.open(study.to_netcdf("study.nc"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert study.path == tmp_path / "study"
    assert study.review(False).counts["ok"] == 3
    assert study.at(code=study.provenance["code_version"]).results["doubled"].values.tolist() == [0, 2, 4]
    assert ek.merge([study], tmp_path / "joined").results["doubled"].values.tolist() == [0, 2, 4]
    assert exported.results["doubled"].values.tolist() == [0, 2, 4]


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


def test_opening_never_runs_code(tmp_path: Path) -> None:
    ek.Study(doubled, ek.Space(a=range(3)), tmp_path / "study").run(False, n_workers=1)
    for folder in ("", "code", "runs", "index", "spaces"):
        (tmp_path / "study" / folder / "bomb.pkl").write_bytes(pickle.dumps(Bomb()))
    for file in (tmp_path / "study" / "code").glob("*/source.py"):
        file.write_text("raise SystemExit('code was run')")
    opened = ek.open(tmp_path / "study")
    np.testing.assert_array_equal(opened.results["doubled"].values, [0, 2, 4])
    assert not hasattr(opened, "run")
    assert "code was run" in opened.provenance["source"]
    opened.to_netcdf(tmp_path / "x.nc")
    ek.open(tmp_path / "x.nc").results.load()


def test_opening_what_is_no_study_says_so(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="nothing at"):
        ek.open(tmp_path / "missing")
    with pytest.raises(StudyError, match="holds no study"):
        ek.open(tmp_path)
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(StudyError, match="cannot open"):
        ek.open(tmp_path / "a.txt")
    xr.Dataset({"x": ("a", [1])}).to_netcdf(tmp_path / "foreign.nc")
    with pytest.raises(StudyError, match=r"xarray\.open_dataset"):
        ek.open(tmp_path / "foreign.nc")


def test_a_study_can_be_moved_and_opened_by_xarray(tmp_path: Path) -> None:
    ek.Study(doubled, ek.Space(a=range(3)), tmp_path / "study").run(False, n_workers=1)
    (tmp_path / "study").rename(tmp_path / "elsewhere")
    with xr.open_dataset(tmp_path / "elsewhere", engine="explorekit") as dataset:
        assert dataset["doubled"].sel(a=2).item() == 4
    with xr.open_dataset(tmp_path / "elsewhere") as dataset:  # the engine is found by looking
        assert dataset["doubled"].sel(a=2).item() == 4


def test_importing_is_light() -> None:
    heavy = ("dask", "distributed", "ipywidgets", "matplotlib", "xarray", "pandas", "netCDF4")
    script = f"import sys, explorekit; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_exploring_a_path_opens_it(tmp_path: Path) -> None:
    study = ek.Study(doubled, ek.Space(a=range(3)), tmp_path / "study")
    study.run(False, n_workers=1)
    study.to_netcdf(tmp_path / "study.nc")
    xr.Dataset({"y": ("x", [1.0, 2.0])}, {"x": [0, 1]}).to_netcdf(tmp_path / "plain.nc")
    for path, variable in (
        (tmp_path / "study", "doubled"),
        (str(tmp_path / "study.nc"), "doubled"),
        (tmp_path / "plain.nc", "y"),
    ):
        explorer = ek.explore(path)
        assert explorer.variable_chooser.value == variable
        explorer.close()
    with pytest.raises(StudyError, match="nothing at"):
        ek.explore(tmp_path / "missing")


def test_a_run_that_left_very_many_shards_merges_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = ek.Study(doubled, ek.Space(a=[1.0, 2.0, 3.0]), tmp_path / "study")
    study.run(False, n_workers=1)
    study.extend(a=[4.0, 5.0])
    monkeypatch.setattr("explorekit.engine.driver.crowded", lambda shards, points: shards > 1)
    study.run(False, n_workers=1)

    assert len(list((tmp_path / "study" / "runs").iterdir())) == 1
    assert study.results["doubled"].values.tolist() == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert ek.open(study.path).results["doubled"].values.tolist() == [2.0, 4.0, 6.0, 8.0, 10.0]
