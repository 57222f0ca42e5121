"""The study directory: made, opened, and refused with a reason."""

import errno
import json
import os
import stat
import subprocess
import threading
import zipfile

import pytest
from batches import make_study, results_of, study_with, write_batch

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store import durable
from explorekit.store.directory import FOLDERS, MARKER, StudyDirectory, StudyRecord, storage_error

SPACE = ek.Space(a=[1, 2])


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


# ---- made and opened


def test_what_was_recorded_is_read_again(tmp_path):
    record = StudyRecord("model", 2**100, "", ("a",), {"a": "ff"}, "c0de", ("01d",))
    made = StudyDirectory.create(tmp_path / "deep" / "study", record, SPACE)
    again = StudyDirectory(tmp_path / "deep" / "study").read_record()

    assert (again.name, again.seed, again.seed_by, again.baselines, again.code, again.kept) == (
        "model",
        2**100,
        ("a",),
        {"a": "ff"},
        "c0de",
        ("01d",),
    )
    assert made.read_space(again.space) == SPACE
    assert StudyDirectory.exists(made.path)


def test_it_is_private_to_the_user(tmp_path):
    made = make_study(tmp_path / "study", SPACE)

    for folder in (made.path, *(made.path / name for name in FOLDERS)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_in_it_is_a_pickle_or_an_absolute_path(tmp_path):
    made = study_with(tmp_path / "study", SPACE, {0: {"x": 1}})
    made.add_code("v", "source", lambda: {"python": "3"})

    for file in made.path.rglob("*"):
        if file.is_file():
            assert file.suffix in (".nc", ".json", ".py")
            assert str(tmp_path).encode() not in file.read_bytes()


def test_it_may_be_moved_and_packed_without_its_empty_folders(tmp_path):
    made = study_with(tmp_path / "study", SPACE, {0: {"x": 1}})
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for file in made.path.rglob("*"):
            if file.is_file():
                archive.write(file, file.relative_to(made.path))
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")

    moved = StudyDirectory(tmp_path / "elsewhere")
    assert results_of(moved)["status"].values.tolist() == [1, 0]
    moved.check_writable()
    assert moved.next_epoch() == 1
    write_batch(moved, SPACE, {1: {"x": 2}}, sequence=1)
    assert results_of(moved)["x"].values.tolist() == [1, 2]


def test_a_study_with_no_runs_folder_has_no_results(tmp_path):
    made = make_study(tmp_path / "study", SPACE)
    made.runs.rmdir()

    assert made.shard_files() == []


def test_equal_spaces_are_kept_once(tmp_path):
    made = make_study(tmp_path, SPACE)

    assert made.add_space(ek.Space(a=[1, 2])) == made.read_record().space
    assert made.add_space(ek.Space(a=[2, 1])) != made.read_record().space
    assert len(list((tmp_path / "spaces").glob("*.nc"))) == 2
    assert not list((tmp_path / "spaces").glob(".*"))


def test_a_record_is_replaced_whole(tmp_path):
    made = make_study(tmp_path, SPACE)
    made.update_record(code="new", kept=("old",))

    assert made.read_record().code == "new"
    assert made.read_record().kept == ("old",)
    assert made.read_record().name == "model"


def test_sources_and_environments_of_code_versions_are_kept(tmp_path):
    made = make_study(tmp_path, SPACE)
    made.add_code("abc", "def f(): 'é'", lambda: {"python": "3"})
    made.add_code("abc", "something else", dict)

    assert made.read_source("abc") == "def f(): 'é'"
    assert made.read_environment("abc") == {"python": "3"}
    assert list(made.code_versions()) == ["abc"]
    assert made.read_source("unknown") == ""
    assert made.read_environment("unknown") == {}


# ---- refused


def test_nothing_and_an_empty_folder_are_no_study_but_may_become_one(tmp_path):
    assert not StudyDirectory.exists(tmp_path / "nothing")
    assert not StudyDirectory.exists(tmp_path)


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")

    with pytest.raises(StudyError, match=r"something other than a study \(thesis.tex.*Nothing was changed"):
        StudyDirectory.exists(tmp_path)


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(StudyError, match="is a file; expected a study directory"):
        StudyDirectory.exists(tmp_path / "file")
    with pytest.raises(StudyError, match="cannot write the study"):
        make_study(tmp_path / "file" / "study", SPACE)


def test_results_without_a_record_are_not_taken_for_an_empty_folder(tmp_path):
    made = study_with(tmp_path, SPACE, {0: {"x": 1}})
    (made.path / MARKER).unlink()

    with pytest.raises(StudyError, match="runs"):
        StudyDirectory.exists(tmp_path)


@pytest.mark.parametrize("survivors", [(), ("spaces",), FOLDERS])
def test_what_an_interrupted_creation_leaves_is_taken_over(tmp_path, survivors):
    for name in survivors:
        (tmp_path / name).mkdir()
    (tmp_path / ".1234.tmp").write_text("half")

    assert not StudyDirectory.exists(tmp_path)
    assert make_study(tmp_path, SPACE).read_record().name == "model"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("null", "is damaged"),
        ("{}", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": "one"}', "is damaged"),
        ('{"format": 2}', "format 2; this explorekit reads up to 1. Install a newer"),
        (b"\xff\xfe", "is damaged"),
    ],
)
def test_a_damaged_or_newer_record_says_so_and_that_results_are_safe(tmp_path, content, named):
    made = make_study(tmp_path, SPACE)
    (tmp_path / MARKER).write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(StudyError, match=named) as caught:
        made.read_record()
    assert "Results in" in str(caught.value) or "newer" in str(caught.value)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(StudyError, match=f"there is no {MARKER}"):
        StudyDirectory(tmp_path).read_record()


def test_a_record_that_is_a_folder_is_an_error_of_the_study(tmp_path):
    (tmp_path / MARKER).mkdir()

    with pytest.raises(StudyError, match="cannot read"):
        StudyDirectory(tmp_path).read_record()


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: f.unlink(),
        lambda f: f.write_bytes(b"x" * 500),
        lambda f: f.write_bytes(f.read_bytes()[:900]),
    ],
)
def test_a_missing_or_damaged_space_is_named(tmp_path, damage):
    made = make_study(tmp_path, SPACE)
    name = made.read_record().space
    damage(tmp_path / "spaces" / f"{name}.nc")

    with pytest.raises(StudyError, match=rf"{name}.nc is missing or damaged.*restore it from a copy"):
        made.read_space(name)


# ---- full and read-only places


def test_a_read_only_place_says_so_and_is_still_read(mounted):
    disk = mounted("size=8m")
    made = study_with(disk / "study", SPACE, {0: {"x": 1}})
    remount(disk, "ro")

    with pytest.raises(
        StudyError, match=r"the file system is read-only. Give a path that you can write, or open"
    ):
        made.check_writable()
    with pytest.raises(StudyError, match="read-only"):
        make_study(disk / "another", SPACE)
    assert StudyDirectory.exists(disk / "study")
    assert results_of(made)["status"].values.tolist() == [1, 0]


def test_a_full_disk_says_so_and_leaves_nothing_half_written(mounted):
    disk = mounted("size=512k")
    made = make_study(disk / "study", SPACE)
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(b"\0" * 2**20)

    with pytest.raises(StudyError, match=r"the disk is full. Free some space; what is finished is kept"):
        made.check_writable()
    with pytest.raises(OSError, match="No space left"):
        made.update_record(code="x" * 100_000)
    assert made.read_record().code != "x" * 100_000
    assert not list(made.path.rglob("*.tmp"))
    filler.unlink()
    made.check_writable()


@pytest.mark.parametrize(
    ("number", "named"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "your quota is used up"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "you may not write there"),
        (errno.EIO, os.strerror(errno.EIO)),
        (0, "odd"),
    ],
)
def test_what_the_system_says_becomes_what_to_do(tmp_path, number, named):
    error = OSError(number, os.strerror(number)) if number else OSError("odd")

    assert named in str(storage_error(error, tmp_path))


# ---- leftovers, epochs, durability


def test_what_dead_writers_left_is_removed_and_nothing_else(tmp_path):
    made = study_with(tmp_path, SPACE, {0: {"x": 1}})
    kept = {file for file in tmp_path.rglob("*") if file.is_file()}
    (tmp_path / ".abc.tmp").write_text("half")
    (tmp_path / "runs" / ".abc.tmp").write_text("half")
    made.code_folder("v").mkdir()
    (made.code_folder("v") / ".abc.tmp").write_text("half")
    (tmp_path / ".abc.lock.tmp").mkdir()
    made.remove_leftovers()

    assert {file for file in tmp_path.rglob("*") if file.is_file()} == kept
    assert (tmp_path / ".abc.lock.tmp").is_dir()


def test_files_that_are_being_written_are_no_shards(tmp_path):
    made = study_with(tmp_path, SPACE, {0: {"x": 1}})
    (made.runs / ".half.nc").write_text("half")
    (made.runs / ".half.tmp").write_text("half")

    assert len(made.shard_files()) == 1


def test_epochs_are_taken_once_by_threads(tmp_path):
    made, taken = make_study(tmp_path, SPACE), []
    threads = [
        threading.Thread(target=lambda: taken.extend(made.next_epoch() for _ in range(10))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(1, 81))
    assert made.last_epoch() == 80


def test_epochs_are_taken_once_by_processes(tmp_path):
    import sys

    made = make_study(tmp_path, SPACE)
    script = (
        "import sys; from explorekit.store.directory import StudyDirectory\n"
        "print(*[StudyDirectory(sys.argv[1]).next_epoch() for _ in range(20)])"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    taken = [int(number) for racer in racers for number in racer.communicate(timeout=240)[0].split()]

    assert sorted(taken) == list(range(1, 41))
    assert made.next_epoch() == 41


def test_bytes_are_synced_before_they_get_their_name(tmp_path, monkeypatch):
    events = []
    monkeypatch.setattr(os, "fsync", lambda fd: events.append(os.readlink(f"/proc/self/fd/{fd}")))
    durable.write_bytes(tmp_path / "file", b"data")

    assert (tmp_path / "file").read_bytes() == b"data"
    assert events[0].endswith(".tmp")
    assert events[1] == str(tmp_path)


def test_a_write_that_fails_leaves_the_old_content(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        durable.write_bytes(tmp_path / "file", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_names_of_shards_end_in_the_hash_of_their_content(tmp_path):
    import hashlib

    made = study_with(tmp_path, SPACE, {0: {"x": 1}})
    (shard,) = made.shard_files()

    assert shard.stem.endswith(hashlib.sha256(shard.read_bytes()).hexdigest()[:12])


def test_the_record_is_plain_json(tmp_path):
    made = make_study(tmp_path, SPACE)

    content = json.loads((made.path / MARKER).read_text())
    assert content["format"] == 1
    assert content["name"] == "model"
