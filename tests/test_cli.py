"""From a shell: every verb does what the method does, says what it did, and tells by its exit code."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest
from batches import study_with
from click.testing import CliRunner
from served import served

import explorekit as ek
from explorekit.cli import main

SPACE = ek.Space(a=range(6))


@pytest.fixture
def directory(tmp_path):
    batches = [{p: {"x": float(p)}, p + 1: {"x": 0.5}} for p in (0, 2, 4)]
    return study_with(tmp_path / "study", SPACE, *batches)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def test_the_exit_code_tells_whether_something_was_found(directory):
    run = CliRunner().invoke
    assert run(main, ["check", str(directory.path)]).exit_code == 0
    cut(directory.shard_files()[0])
    dry = run(main, ["check", "--dry-run", str(directory.path)])
    real = run(main, ["check", str(directory.path)])

    assert (dry.exit_code, real.exit_code) == (1, 1)
    assert "moved to" not in dry.output
    assert "moved to quarantine/" in real.output
    assert "pending" not in dry.output
    assert "points pending again: 2" in real.output
    assert run(main, ["check", str(directory.path)]).exit_code == 0


def test_errors_are_messages_and_not_tracebacks(tmp_path):
    run = CliRunner().invoke
    (tmp_path / "empty").mkdir()
    missing = run(main, ["check", str(tmp_path / "nothing")])
    nothing = run(main, ["check", str(tmp_path / "empty")])

    assert missing.exit_code == 2
    assert nothing.exit_code == 1
    assert "Error: " in nothing.output
    assert "holds no study" in nothing.output


def test_shards_are_merged_with_chunks_as_asked_for(directory):
    run = CliRunner().invoke
    done = run(main, ["compact", "--chunks", "a=2", str(directory.path)])
    wrong = run(main, ["compact", "--chunks", "a", str(directory.path)])
    unknown = run(main, ["compact", "--chunks", "aa=2", str(directory.path)])

    assert (done.exit_code, done.output) == (0, "shards: 3 before, 1 after, 1 written\n")
    assert wrong.exit_code == 2
    assert unknown.exit_code == 1
    assert "Did you mean 'a'?" in unknown.output


def test_an_exported_file_is_no_study_directory(directory, tmp_path):
    file = ek.open(directory.path).to_netcdf(tmp_path / "x.nc")

    assert "expected a study directory" in CliRunner().invoke(main, ["check", str(file)]).output


def test_python_finds_it_too():
    done = subprocess.run(
        [sys.executable, "-m", "explorekit", "--help"], capture_output=True, text=True, check=True
    )
    assert "Look after studies" in done.stdout


def test_a_study_is_deleted_with_its_name(directory):
    run = CliRunner().invoke
    assert run(main, ["delete", str(directory.path)]).exit_code == 2
    assert run(main, ["delete", "--confirm", "study", str(directory.path)]).exit_code == 1
    assert directory.path.exists()
    assert run(main, ["delete", "--confirm", "model", str(directory.path)]).exit_code == 0
    assert not directory.path.exists()


def test_a_study_is_served_with_a_token_and_leaves_nothing_when_it_is_interrupted(directory, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with served(str(directory.path), scratch=scratch, folder=tmp_path) as server:
        address = server.stdout.readline().split()[-1]
        page, token = address.split("?token=")
        assert page.startswith("http://127.0.0.1:")
        assert len(token) > 20
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert "/login" in answer.url
        assert next(path.name for path in scratch.iterdir()).startswith("explorekit-serve-")
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    assert list(scratch.iterdir()) == []


def test_what_cannot_be_served_is_said(directory, tmp_path, monkeypatch):
    run = CliRunner().invoke
    file = ek.open(directory.path).to_netcdf(tmp_path / "x.nc")
    ek.open(directory.path).views["onset"] = {}

    assert "Did you mean 'onset'?" in run(main, ["serve", "--view", "onsett", str(directory.path)]).output
    assert "has no marked views" in run(main, ["serve", "--view", "onset", str(file)]).output
    monkeypatch.setitem(sys.modules, "voila.app", None)
    assert "pip install 'explorekit[app]'" in run(main, ["serve", str(file)]).output
