"""Every benchmark runs and checks its numbers; how long anything takes is not looked at."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks import peer, reading, rounds, table
from benchmarks.peers import OURS, REQUIREMENTS, RESUMES, SWEEPS, Way, explorekit, loop, one_file
from benchmarks.rounds import Measured
from benchmarks.work import FUNCTIONS, Task, shape

NO_LIMIT = 0.0
LOOP = Way("loop", "sweep", "loop")


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Task:
    monkeypatch.chdir(tmp_path)
    return Task(request.param, 20, tmp_path, NO_LIMIT)


@pytest.mark.parametrize("task", ["scalar", "array"], indirect=True)
@pytest.mark.parametrize("way", [explorekit.sweep, loop.sweep])
def test_a_sweep_gives_the_expected_numbers(way, task) -> None:
    np.testing.assert_array_equal(way(task), task.expected())
    assert task.seconds > 0
    assert task.peak > 0


@pytest.mark.parametrize("task", ["resume"], indirect=True)
def test_the_second_half_is_done_when_the_first_is_there(task) -> None:
    explorekit.sweep_half(task)
    assert not list(task.folder.glob("first-*"))
    np.testing.assert_array_equal(explorekit.sweep_rest(task), task.expected())
    assert 0 < task.notes["first"] < task.seconds


READERS = [explorekit, one_file]


def test_studies_of_many_shards_are_opened(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    reading.many_shards(tmp_path, 3)
    for reader in READERS:
        reader.opening(Task("opening", 3, tmp_path, NO_LIMIT))


def test_images_are_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading, "IMAGES", (3, 2))
    reading.images(tmp_path)
    for reader in READERS:
        task = Task("image", 1, tmp_path, NO_LIMIT)
        reader.image(task)
        assert task.notes.keys() == {"later", "bytes"}


def test_planes_are_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading, "VOLUME", 6)
    reading.volumes(tmp_path)
    for reader in READERS:
        for name in reading.PLANES:
            reader.plane(Task(name, 1, tmp_path, NO_LIMIT))
        explorekit.declared_plane(Task(name, 1, tmp_path, NO_LIMIT))


def test_spaces_are_declared_drawn_and_searched(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for way, points in ((explorekit.grid, 10**9), (explorekit.points, 200)):
        task = Task("spaces", points, tmp_path, NO_LIMIT)
        way(task)
        assert all(one["seconds"] > 0 and one["kilobytes"] > 0 for one in task.notes["took"].values())
    columns = {
        "200 points": {
            Way("explorekit", "points", "draw"): Measured([{"seconds": 0.0125, "kilobytes": 1234.5}])
        }
    }
    assert "| draw | 12.5 ms | 1,234 kB |" in program.sections({"spaces": columns})


@pytest.mark.parametrize("points", [20, 400, 1000, 10**4, 10**5, 10**6])
def test_grids_can_be_halved(points: int) -> None:
    first, second = shape(points)
    assert first * second == points
    assert first % 2 == 0


def test_the_command_compares_and_keeps_what_it_measured(tmp_path: Path, monkeypatch, capsys) -> None:
    results = tmp_path / "results.json"
    few = [
        "--sizes",
        "4",
        "--peers",
        "loop",
        "--pairs",
        "1",
        "--headline-pairs",
        "1",
        "--results",
        str(results),
    ]
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "sweep", *few])
    program.main()
    printed = capsys.readouterr().out
    assert "| plain loop, `to_netcdf` | no | no |" in printed
    assert "Medians over 1 pairs of runs." in printed
    measured = json.loads(results.read_text())["measured"]
    (column,) = measured["sweep"].values()
    assert [entry["way"]["title"] for entry in column] == [OURS.title, "plain loop, `to_netcdf`"]
    assert all(len(entry["runs"]) == 1 and entry["runs"][0]["seconds"] > 0 for entry in column)

    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "busy", *few, "--add"])
    program.main()
    both = json.loads(results.read_text())["measured"]
    assert both["sweep"] == measured["sweep"]
    assert set(both) == {"sweep", "busy"}


def test_what_takes_too_long_is_cut_off_and_shown() -> None:
    with pytest.raises(rounds.TookTooLongError):
        rounds.measure(LOOP, "busy", 400, limit=0.05)
    ours = Measured([{"seconds": 0.6}] * 3)
    columns = {"4 points": {OURS: ours, LOOP: Measured(trouble="> 60 s")}}
    assert "| loop | no | no | < 0.01 (> 60 s) |" in table.comparison(columns)


def test_a_failure_and_wrong_numbers_are_no_measurements(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(RuntimeError, match="no attribute 'missing'"):
        rounds.measure(Way("loop", "missing", ""), "scalar", 4, limit=60)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Task, "expected", lambda task: np.zeros(shape(task.points)))
    monkeypatch.setattr("sys.argv", ["peer", "loop", "sweep", "scalar", "4", "0", str(tmp_path)])
    with pytest.raises(SystemExit, match="gave wrong numbers"):
        peer.main()


def test_every_way_belongs_to_a_peer_with_an_environment() -> None:
    assert {way.peer for way in (*SWEEPS, *RESUMES)} == set(REQUIREMENTS) - {"explorekit", "one_file"}
    assert set(FUNCTIONS) == {"scalar", "busy", "array", "resume"}


def test_a_ratio_is_the_median_over_pairs() -> None:
    measured = Measured(
        runs=[{"seconds": 1.0}, {"seconds": 2.0}, {"seconds": 4.0}],
        ours=[{"seconds": 1.0}, {"seconds": 1.0}, {"seconds": 1.0}],
    )
    assert measured.ratio() == 0.5
