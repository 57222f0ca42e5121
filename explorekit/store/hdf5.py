"""How is a netCDF file made, opened and closed, whatever other threads and processes do?

HDF5 is not thread-safe, locks what it writes, and gives no reason where it cannot write.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import netCDF4

from explorekit.store.full_disk import discard, reason_found, write_error

# Of each variable. Many files are open to be read, and what was read is seldom read again; of the one that is written,
# chunks are filled part by part.
_READ_CACHE_BYTES = 2**19
_WRITE_CACHE_BYTES = 4 * 2**20
_PATIENCE = 10.0  # seconds for a process to start


@contextmanager
def create_file(path: Path) -> Iterator[Any]:
    """Write a new netCDF-4 file, which must not exist yet, and hold `hdf5_lock` until it is closed.

    Raises
    ------
    OSError
        If the file cannot be written, with the operating system's reason.
    """
    with hdf5_lock():
        file = _new_file(path)
        try:
            with reason_found(path):
                yield file
        finally:
            _close(file, path)


@contextmanager
def create_file_beside_others(path: Path) -> Iterator[Any]:
    """Write a new netCDF-4 file, and leave it to the block to hold `hdf5_lock` whenever it writes."""
    with hdf5_lock():
        file = _new_file(path)
    try:
        with reason_found(path):
            yield file
    finally:
        with hdf5_lock():
            _close(file, path)


def _new_file(path: Path) -> Any:
    try:
        with _small_caches(_WRITE_CACHE_BYTES):
            return netCDF4.Dataset(path, "w", format="NETCDF4", clobber=False)
    except PermissionError as error:  # what netCDF calls whatever kept HDF5 from creating a file
        raise write_error(path) from error


def open_to_read(path: Path) -> Any:
    """Return an open file; to be called under `hdf5_lock`."""
    with _small_caches(_READ_CACHE_BYTES):
        return netCDF4.Dataset(path)


@contextmanager
def _small_caches(size: int) -> Iterator[None]:
    """Give variables of files that are opened so many bytes of cache each, not the 64 MB that netCDF has by default."""
    before = netCDF4.get_chunk_cache()
    netCDF4.set_chunk_cache(size, *before[1:])
    try:
        yield
    finally:
        netCDF4.set_chunk_cache(*before)


def _close(file: Any, path: Path) -> None:
    try:
        file.sync()
    except RuntimeError as error:  # the disk is full, as a rule
        reason = write_error(path)
        discard(path)
        with suppress(RuntimeError):  # what was refused may be so once more
            file.sync()
        file.close()
        raise reason from error
    file.close()
    _wait_until_unlocked(path)


def _wait_until_unlocked(path: Path) -> None:
    """Wait until the lock that HDF5 had on a file while it was written is gone, without which it is refused to readers.

    A process that another thread is just starting has a copy of every open file, and with it the lock, until its own
    program runs.
    """
    if sys.platform == "win32":
        return
    import fcntl

    with path.open("rb") as file:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:  # a file system without locks
                return
            else:
                return


@contextmanager
def open_file(path: Any) -> Iterator[Any]:
    """Open a netCDF file to read, and hold `hdf5_lock` until it is closed."""
    with hdf5_lock(), open_to_read(path) as file:
        yield file


def hdf5_lock() -> AbstractContextManager[Any]:
    """Return xarray's lock, which every use of HDF5 in a process must hold: the library is not thread-safe.

    Where xarray is not loaded, as in most children, there is one thread to use HDF5, and nothing to wait for.
    """
    locks = sys.modules.get("xarray.backends.locks")
    return nullcontext() if locks is None else locks.HDF5_LOCK
