"""An exported file is whole or absent, wherever it is written and whatever happens."""

import subprocess

import netCDF4
import numpy as np
import pytest
from batches import flip_bytes_of, snapshot_of, study_with
from store.samples import ATTRS, PROVENANCE, exported

import explorekit as ek
from explorekit.errors import ShardError, StudyError
from explorekit.store.export import export


def test_a_file_that_is_there_is_replaced_once_the_new_one_is_whole(tmp_path):
    directory = study_with(
        tmp_path / "study", ek.Space(a=range(2)), {0: {"x": 1.5, "y": 1.5}, 1: {"x": 2.5, "y": 2.5}}
    )
    (tmp_path / "out.nc").write_text("old")
    (shard,) = directory.shard_files()
    with netCDF4.Dataset(shard) as file:
        pattern = file["y"][:].data.tobytes()
        same = file["x"][:].data.tobytes() == pattern
    assert same
    snapshot = snapshot_of(directory)  # of a file that is damaged later
    content = bytearray(shard.read_bytes())
    content[content.rindex(pattern)] ^= 1
    shard.write_bytes(content)

    with pytest.raises(StudyError):
        export(snapshot, tmp_path / "out.nc", ATTRS, PROVENANCE)
    assert (tmp_path / "out.nc").read_text() == "old"
    assert {entry.name for entry in tmp_path.iterdir()} == {"study", "out.nc"}


def test_a_damaged_shard_is_named_by_an_export(tmp_path):
    values = np.random.default_rng(1).random(4)
    directory = study_with(tmp_path / "study", ek.Space(a=range(4)), {p: {"x": values[p]} for p in range(4)})
    snapshot = snapshot_of(directory)
    (shard,) = directory.shard_files()
    flip_bytes_of(shard, values.tobytes())

    with pytest.raises(ShardError, match=shard.name):
        export(snapshot, tmp_path / "out.nc", ATTRS, {})
    assert {entry.name for entry in tmp_path.iterdir()} == {"study"}


def test_places_that_cannot_be_written_say_so(tmp_path):
    directory = study_with(tmp_path / "study", ek.Space(a=range(2)), {0: {"x": 1}})
    (tmp_path / "folder").mkdir()

    for target in (tmp_path / "folder", tmp_path / "nowhere" / "out.nc"):
        with pytest.raises(StudyError, match="cannot write"):
            exported(directory, target)
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.fixture
def disk(mounted):
    return mounted("size=1m")


def test_a_full_disk_says_so_and_keeps_the_old_file(tmp_path, disk):
    space = ek.Space(a=range(20))
    noise = np.random.default_rng(0).random((20, 20_000))
    directory = study_with(tmp_path / "study", space, {p: {"v": noise[p]} for p in range(20)})
    (disk / "out.nc").write_text("old")

    with pytest.raises(StudyError, match=r"disk is full|disk full"):
        exported(directory, disk / "out.nc")
    assert (disk / "out.nc").read_text() == "old"
    assert [entry.name for entry in disk.iterdir()] == ["out.nc"]


def test_a_read_only_place_says_so(tmp_path, disk):
    directory = study_with(tmp_path / "study", ek.Space(a=range(2)), {0: {"x": 1}})
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    with pytest.raises(StudyError, match="cannot write"):
        exported(directory, disk / "out.nc")
