"""What many turns leave behind, and what they cost: not more with each turn."""

import os
import shutil
from pathlib import Path

import pytest
from adaptive_strategies.listed import Listed

import explorekit as ek
from explorekit.store.generation import read_generation

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")

HERE = {"client": False, "n_workers": 1}


def square(x):
    return {"y": x * x}


def turns(n: int) -> Listed:
    return Listed(*(ek.Space(x=[float(i)]) for i in range(n)))


def test_spaces_that_the_study_has_grown_beyond_do_not_pile_up(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("explorekit.growing._KEPT_SPACES", 3)
    seen = []

    class Looking(Listed):
        def tell(self, results):
            super().tell(results)
            seen.append((len(list((tmp_path / "study" / "spaces").iterdir())), len(ek.open(study).space)))

    study = tmp_path / "study"
    ek.explore_adaptively(square, Looking(*turns(8).spaces), study, **HERE)
    assert [points for _, points in seen] == list(range(1, 9))
    assert max(files for files, _ in seen) == 4
    assert len(list((study / "spaces").iterdir())) == 2
    opened = ek.open(study)
    assert opened.check().ok
    assert opened.results["y"].values.tolist() == [float(i * i) for i in range(8)]
    generation = read_generation(study / "index")
    assert generation is not None
    assert (study / "spaces" / f"{generation.space}.nc").exists()
    assert len(generation.table) == 8


def test_a_turn_writes_no_index(tmp_path: Path, monkeypatch) -> None:
    written = []

    class Looking(Listed):
        def tell(self, results):
            super().tell(results)
            written.append(len(list((tmp_path / "study" / "index").iterdir())))

    ek.explore_adaptively(square, Looking(*turns(6).spaces), tmp_path / "study", **HERE)
    assert written == [0] * 6
    assert len(list((tmp_path / "study" / "index").iterdir())) == 1


def test_results_beyond_the_space_are_found_again_when_it_grows(tmp_path: Path) -> None:
    calls = tmp_path / "calls.txt"

    def counting(x):
        descriptor = os.open(str(calls), os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, b"called\n")
        os.close(descriptor)
        return {"y": x * x}

    study, early = tmp_path / "study", tmp_path / "early"
    ek.explore_adaptively(counting, turns(2), study, **HERE)
    shutil.copytree(study, early)
    ek.explore_adaptively(counting, turns(5), study, **HERE)
    shutil.copy(early / "study.json", study / "study.json")
    shutil.copytree(early / "spaces", study / "spaces", dirs_exist_ok=True)
    assert ek.open(study).results["y"].values.tolist() == [0.0, 1.0]
    strategy = turns(5)
    found = ek.explore_adaptively(counting, strategy, study, **HERE)
    assert found.results["y"].values.tolist() == [0.0, 1.0, 4.0, 9.0, 16.0]
    assert [float(told["y"][0]) for told in strategy.told] == [0.0, 1.0, 4.0, 9.0, 16.0]
    assert len(calls.read_text().splitlines()) == 5


def test_all_turns_together_tell_how_they_ended_in_one_line(tmp_path: Path, capsys) -> None:
    ek.explore_adaptively(square, turns(3), tmp_path / "study", **HERE)
    assert capsys.readouterr().err == "explorekit: finished, 3 ok, 0 failed, 0 pending of 3\n"

    def failing(x):
        raise ValueError("unlucky")

    ek.explore_adaptively(failing, turns(2), tmp_path / "other", **HERE)
    (line,) = capsys.readouterr().err.splitlines()
    assert "0 ok, 2 failed" in line
    assert "unlucky" in line
