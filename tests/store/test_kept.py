"""What people do with a study: copy, move, rename, pack, lend, and at last delete it."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from batches import study_with, write_batch

import explorekit as ek
from explorekit.errors import StudyBusyError, StudyError
from explorekit.store.lock import StudyLock

SPACE = ek.Space(a=range(4), b=[0.5, 1.5])
BATCHES = [{p: {"x": float(p), "v": np.arange(5.0) * p}} for p in range(8)]


@pytest.fixture(params=["shards", "compacted"])
def study(tmp_path, request):
    directory = study_with(tmp_path / "study", SPACE, *BATCHES)
    study = ek.open(directory.path)
    if request.param == "compacted":
        study.compact()
    else:
        study.check()  # which keeps an index
    return study


def whole(path):
    study = ek.open(path)
    results = study.results.load()
    assert results["status"].values.tolist() == [[1, 1]] * 4
    xr.testing.assert_equal(results["x"], xr.DataArray(np.arange(8.0).reshape(4, 2), coords=SPACE.coords))
    return study


def test_it_may_be_renamed_and_moved(study, tmp_path):
    study.path.rename(tmp_path / "another name")
    (tmp_path / "deep").mkdir()
    shutil.move(tmp_path / "another name", tmp_path / "deep" / "ünï")

    whole(tmp_path / "deep" / "ünï")


def test_it_may_be_copied_with_or_without_its_times(study, tmp_path):
    shutil.copytree(study.path, tmp_path / "copy")
    shutil.copytree(study.path, tmp_path / "plain", copy_function=shutil.copyfile)

    for path in (tmp_path / "copy", tmp_path / "plain"):
        whole(path)
        assert ek.open(path).check().ok


def test_it_may_be_packed_and_unpacked_elsewhere(study, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", study.path)
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path / "unpacked")

    whole(tmp_path / "unpacked")


def test_a_copy_that_is_not_complete_yet_shows_what_has_come(study, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(study.path, copy, ignore=shutil.ignore_patterns("0*.n*"))
    opened = ek.open(copy)
    assert int((opened.results["status"] == 1).sum()) == 0
    for shard in sorted((study.path / "runs").iterdir()):
        (copy / "runs" / shard.name).write_bytes(shard.read_bytes()[:-1000])
        assert int((ek.open(copy).results["status"] == 1).sum()) < 8
        shutil.copy2(shard, copy / "runs")
    whole(copy)


def test_an_open_study_may_be_moved_under_its_reader(study, tmp_path):
    results = study.results
    results["x"].isel(a=0).load()
    study._catalog.close()  # as when other files are read
    study.path.rename(tmp_path / "moved")

    with pytest.raises(StudyError, match=r"missing|no study"):
        results["v"].load()
    whole(tmp_path / "moved")


def test_it_reads_from_a_read_only_disk_and_is_exported_from_there(study, mounted, tmp_path):
    disk = mounted("size=20m")
    shutil.copytree(study.path, disk / "study")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    lent = whole(disk / "study")

    file = lent.to_netcdf(tmp_path / "out.nc")
    xr.testing.assert_equal(ek.open(file).results["x"].load(), lent.results["x"].load())
    for change in (lent.compact, lent.check, lambda: lent.delete(confirm="model")):
        with pytest.raises(StudyError, match="read-only"):
            change()


@pytest.fixture
def public():
    """A folder that others may read; those of pytest are closed to them by whoever starts it next."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="becoming another user needs root")
def test_another_user_who_may_only_read_it_sees_all_of_it(study, public):
    place = Path(shutil.copytree(study.path, public / "study"))
    for entry in (place, *place.rglob("*")):
        entry.chmod(0o755 if entry.is_dir() else 0o644)
    # Python itself may lie where others may not read.
    code = f"""
import os, explorekit as ek
import explorekit.store.compact, explorekit.store.lock
def look():
    study = ek.open({str(place)!r})
    return study, int((study.results["status"] == 1).sum()), float(study.results["v"].sum())
look()
os.setgid(65534)
os.setuid(65534)
study, *seen = look()
print(*seen)
try:
    study.compact()
except ek.errors.StudyError as error:
    print("may not" in str(error))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["8", "280.0", "True"], done.stderr


def test_it_is_read_while_shards_come_and_compaction_takes_them(tmp_path):
    space = ek.Space(a=range(60))
    directory = study_with(tmp_path / "study", space, {0: {"x": 0.0}})
    wrong, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                found = ek.open(directory.path).results
                values, status = found["x"].values, found["status"].values
                good = np.arange(60)[status == 1]
                if not np.array_equal(values[good], good) or not np.isnan(values[status == 0]).all():
                    wrong.append(values)
            except Exception as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    study = ek.open(directory.path)
    try:
        for position in range(1, 60):
            write_batch(directory, space, {position: {"x": float(position)}}, sequence=position)
            if position % 12 == 0:
                study.compact()
        study.compact()
    finally:
        stop.set()
        reader.join()

    assert not wrong
    assert ek.open(directory.path).results["x"].values.tolist() == list(range(60))


# ---- deleted


def test_it_is_deleted_once_its_name_confirms_it(study):
    with pytest.raises(StudyError, match="'model'"):
        study.delete(confirm="yes")
    whole(study.path)
    study.delete(confirm="model")

    assert not study.path.exists()
    assert [entry.name for entry in study.path.parent.iterdir() if "study" in entry.name] == []


def test_it_is_deleted_through_a_link_with_the_link(study, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(study.path)
    ek.open(link).delete(confirm="model")

    assert not link.is_symlink()
    assert not study.path.exists()
    assert not list(study.path.parent.glob(".*"))


def test_it_is_not_deleted_while_it_is_run(study):
    lock = StudyLock(study.path)
    lock.acquire()
    try:
        with pytest.raises(StudyBusyError):
            study.delete(confirm="model")
    finally:
        lock.release()
    whole(study.path)


def test_a_directory_that_holds_more_than_a_study_is_not_deleted(study):
    (study.path / "thesis.tex").write_text("dear")
    with pytest.raises(StudyError, match=r"thesis\.tex"):
        study.delete(confirm="model")

    whole(study.path)
