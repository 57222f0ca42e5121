"""A check finds what is not as it was written, moves it away, and lets its points run again; nothing else changes."""

import json
import os
import signal

import netCDF4
import numpy as np
import pytest
from batches import files_below, results_of, study_with, write_batch

import explorekit as ek
from explorekit.errors import ShardError, StudyBusyError, StudyError
from explorekit.store import check as check_module
from explorekit.store import suspect
from explorekit.store.lock import StudyLock
from explorekit.store.status import OK, PENDING

SPACE = ek.Space(a=range(6))
BATCHES = [{0: {"x": 0.0}, 1: {"x": 1.0}}, {2: {"x": 2.0}, 3: {"x": 3.0}}, {4: {"x": 4.0}, 5: {"x": 5.0}}]


@pytest.fixture
def directory(tmp_path):
    return study_with(tmp_path / "study", SPACE, *BATCHES)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def statuses(directory):
    return results_of(directory)["status"].values.tolist()


def test_a_sound_study_is_left_alone(directory):
    before = files_below(directory.path)
    report = ek.open(directory.path).check()

    assert report.ok
    assert report.files == 4
    assert "all are what was written" in str(report)
    assert {n: c for n, c in files_below(directory.path).items() if not n.startswith("index")} == before


@pytest.mark.parametrize("indexed", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("damage", [flip, cut, empty])
def test_a_damaged_shard_is_moved_away_and_its_points_are_pending(directory, damage, indexed):
    if indexed:
        ek.open(directory.path).check()
    victim = directory.shard_files()[1]
    damage(victim)
    content = victim.read_bytes()
    report = ek.open(directory.path).check()

    (finding,) = report.findings
    assert finding.file == f"runs/{victim.name}"
    assert (finding.points, report.pending) == ((2, 2) if indexed else (0, 0))
    assert (directory.path / finding.moved).read_bytes() == content
    assert json.loads((directory.path / finding.moved).with_suffix(".json").read_text())["problem"]
    assert statuses(directory) == [OK, OK, PENDING, PENDING, OK, OK]
    assert ek.open(directory.path).check().ok


def test_a_good_copy_put_back_counts_again(directory):
    victim = directory.shard_files()[1]
    copy = victim.read_bytes()
    flip(victim)
    ek.open(directory.path).check()
    victim.write_bytes(copy)

    assert statuses(directory) == [OK] * 6


def test_a_dry_run_tells_and_changes_nothing(directory):
    cut(directory.shard_files()[0])
    before = files_below(directory.path)
    report = ek.open(directory.path).check(dry_run=True)

    assert len(report.findings) == 1
    assert files_below(directory.path) == before


def test_shards_that_are_merged_meanwhile_are_no_finding(directory, monkeypatch):
    work = check_module.check_content

    def after_compaction(path):
        monkeypatch.undo()
        ek.open(directory.path).compact()
        work(path)

    monkeypatch.setattr(check_module, "check_content", after_compaction)
    assert ek.open(directory.path).check(dry_run=True).ok
    assert len(directory.shard_files()) == 1


def test_reading_a_flipped_byte_is_an_error_that_names_the_check(directory):
    study = ek.open(directory.path)
    results = study.results
    victim = directory.shard_files()[2]
    content = victim.read_bytes().replace(np.array([4.0, 5.0]).tobytes(), np.array([4.0, 5.5]).tobytes())
    assert content != victim.read_bytes()
    victim.write_bytes(content)

    with pytest.raises(ShardError, match=r"explorekit check .*study"):
        results["x"].load()


def test_files_that_are_no_shards_are_moved_away_whole(directory, caplog):
    (directory.runs / "garbage.nc").write_bytes(b"garbage" * 1000)
    with netCDF4.Dataset(directory.runs / "other.nc", "w") as file:
        file.createDimension("x", 3)
    (directory.runs / "notes.txt").write_text("mine")
    assert statuses(directory) == [OK] * 6
    assert "garbage.nc" in caplog.text
    report = ek.open(directory.path).check()

    assert {finding.file for finding in report.findings} == {"runs/garbage.nc", "runs/other.nc"}
    assert (directory.path / "quarantine" / "garbage.nc").read_bytes() == b"garbage" * 1000
    assert (directory.runs / "notes.txt").exists()


def test_a_shard_of_a_newer_format_is_told_of_and_stays(directory, tmp_path):
    path = write_batch(directory, SPACE, {0: {"x": 9.0}}, sequence=9)
    with netCDF4.Dataset(path, "a") as file:
        header = json.loads(file.getncattr("explorekit"))
        file.setncattr("explorekit", json.dumps({**header, "format": 99}))
    from explorekit.store import durable

    renamed = path.rename(path.with_name(f"000001-00000009-{durable.content_hash(path)}.nc"))
    report = ek.open(directory.path).check()

    assert "format 99 is newer" in report.findings[0].problem
    assert renamed.exists()
    assert not report.findings[0].moved


def test_a_damaged_space_and_a_damaged_decision_are_told_of(directory):
    study = ek.open(directory.path)
    study._catalog.refresh()
    study._catalog.supersede_points(np.array([0]), "discard")
    (decision,) = directory.superseded_files()
    decision.write_bytes(b"{}")
    other = directory.path / "spaces" / f"{directory.add_space(ek.Space(a=[1]))}.nc"
    cut(other)
    report = ek.open(directory.path).check()

    assert {finding.file for finding in report.findings} == {
        f"spaces/{other.name}",
        f"superseded/{decision.name}",
    }


def test_a_file_that_crashes_its_reader_costs_only_that_reader(directory, monkeypatch, tmp_path):
    crashing = tmp_path / "sitecustomize.py"
    crashing.write_text(
        "import sys\nif sys.argv[-1:] and 'explorekit' in str(sys.orig_argv):\n"
        "    import os, signal, explorekit.store.shard as shard\n    read = shard.read_header\n"
        "    def crash(path):\n"
        "        if 'crash' in path.name:\n            os.kill(os.getpid(), signal.SIGSEGV)\n        return read(path)\n"
        "    shard.read_header = crash\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    good = directory.shard_files()[0]
    bad = tmp_path / "crash.nc"
    bad.write_bytes(good.read_bytes())

    first, second, third = suspect.inspect([good, bad, good])
    assert first is None
    assert f"exit code -{int(signal.SIGSEGV)}" in second
    assert third is None


def test_a_study_that_is_being_run_is_not_checked(directory):
    lock = StudyLock(directory.path)
    lock.acquire()
    try:
        with pytest.raises(StudyBusyError):
            ek.open(directory.path).check()
        assert ek.open(directory.path).check(dry_run=True).ok
    finally:
        lock.release()


def test_a_read_only_study_may_be_looked_over_only(directory, mounted, tmp_path):
    import shutil
    import subprocess

    disk = mounted("size=10m")
    shutil.copytree(directory.path, disk / "study")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    with pytest.raises(StudyError, match="read-only"):
        ek.open(disk / "study").check()
    assert ek.open(disk / "study").check(dry_run=True).ok
