"""Files that HDF5 could not write: finding out why, which it does not tell, and letting go of them."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_PROBE_BYTES = 2**20


def write_error(path: Path) -> OSError:
    """Return why no more can be written to a file: what writing beside it raises, or EIO if the reason has passed."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return OSError(error.errno, error.strerror, str(path))
    return OSError(errno.EIO, "HDF5 could not write it, for a reason that has passed", str(path))


@contextmanager
def reason_found(path: Path) -> Iterator[None]:
    """Raise the operating system's reason, if there is one, where the block cannot write to a file."""
    try:
        yield
    except RuntimeError as error:
        reason = write_error(path)
        if reason.errno == errno.EIO:
            raise
        raise reason from error


def discard(path: Path) -> None:
    """Give HDF5 a place in memory for a file that is open to be written, and free its room on disk.

    HDF5 cannot let go of a file before it has written everything, keeps the file's room until then even if it is deleted,
    and may end the process if it fails to close a file more than once.
    """
    own = path.stat()
    with _place_in_memory() as place:
        for descriptor in Path("/dev/fd").iterdir():
            with suppress(OSError):  # that of the listing itself is gone
                if os.path.samestat(os.fstat(int(descriptor.name)), own):
                    os.dup2(place.fileno(), int(descriptor.name), inheritable=False)
    os.truncate(path, 0)


def _place_in_memory() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("discarded"), "r+b")
    return tempfile.TemporaryFile()
