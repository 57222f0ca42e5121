"""A file that does not fit on the disk is an error that says so, wherever in the file the disk is full."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from batches import make_study, write_batch

import explorekit as ek
from explorekit.store.full_disk import reason_found
from explorekit.store.hdf5 import create_file, open_file

_PAGE = 4096
_SIZE = 2**20


def fill(disk: Path, pages: int) -> None:
    """Leave room for some pages."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    filler.write_bytes(bytes(os.statvfs(disk).f_bavail * _PAGE))
    os.truncate(filler, filler.stat().st_size - pages * _PAGE)


def outcome(directory) -> int:
    """Write a batch in a process of its own; returns its errno, or 0."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    code = 255
    try:
        values = np.random.default_rng(0).random((20, 5000))
        write_batch(directory, ek.Space(a=range(20)), dict(enumerate(values)))
        code = 0
    except OSError as error:
        code = error.errno or 255
    finally:
        os._exit(code)


def write_numbers(path: Path, *lengths: int) -> None:
    with create_file(path) as file:
        for length in lengths:
            file.createDimension("x", length)
            file.createVariable("x", "f8", "x")[:] = 1.0


def test_a_shard_is_whole_or_refused_by_a_full_disk_wherever_it_ends(mounted):
    disk = mounted(f"size={2 * _SIZE}")
    directory = make_study(disk / "s", ek.Space(a=range(20)))
    outcomes = []
    for pages in (*range(90), 200, 300):
        fill(disk, pages)
        outcomes.append(outcome(directory))
        for shard in directory.runs.iterdir():
            shard.unlink()
    fitted = outcomes.index(0)
    assert outcomes == [errno.ENOSPC] * fitted + [0] * (len(outcomes) - fitted)


def test_room_that_a_file_had_is_free_again_in_the_process_that_could_not_finish_it(mounted):
    disk = mounted(f"size={_SIZE}")
    with pytest.raises(OSError, match="No space left"):
        write_numbers(disk / "large.nc", _SIZE // 8)
    (disk / "large.nc").unlink()
    (disk / "small").write_bytes(bytes(_SIZE // 2))


def test_an_error_that_the_disk_has_no_part_in_stays_as_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="name in use"):
        write_numbers(tmp_path / "x.nc", 3, 3)
    with open_file(tmp_path / "x.nc") as file:
        np.testing.assert_array_equal(file["x"][:], [1, 1, 1])


def test_where_others_make_room_meanwhile_the_reason_has_passed(tmp_path):
    with pytest.raises(RuntimeError, match="HDF error"), reason_found(tmp_path / "x.nc"):
        raise RuntimeError("NetCDF: HDF error")
