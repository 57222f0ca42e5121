"""Open shards: a bounded set of read handles, shared by all datasets of a study."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xarray.backends.locks import HDF5_LOCK

from explorekit.errors import ShardError
from explorekit.store import durable
from explorekit.store.hdf5 import open_to_read

MAX_OPEN = 32

# Handles of garbage-collected owners. They are closed by whoever next holds the lock: the collector may run in a
# thread that holds it already, or beside one that is inside HDF5, which is not thread-safe.
_abandoned: list[Any] = []


class ShardGoneError(ShardError):
    """A shard is not there any more."""


class ShardFiles:
    """Read handles by path, the least recently used closed first.

    Every access holds xarray's HDF5 lock, and so excludes all other netCDF input and output that goes through xarray
    in this process. Pickles without its handles.

    Attributes
    ----------
    successor
        The snapshot that tells where records are whose file is gone, once it was needed.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[Path, Any] = OrderedDict()
        self.successor: Any = None

    @contextmanager
    def reading(self, path: Path) -> Iterator[Any]:
        """Hold the lock and yield the open file.

        Raises
        ------
        ShardError
            If the file cannot be opened, or what is read from it is damaged.
        """
        with HDF5_LOCK:
            _close_abandoned()
            file = self._open.pop(path, None)
            try:
                if file is None:
                    durable.check_small(path)
                    file = open_to_read(path)
                self._open[path] = file
                while len(self._open) > MAX_OPEN:
                    self._open.popitem(last=False)[1].close()
                yield file
            except (OSError, RuntimeError) as error:  # netCDF4 reports a wrong checksum as RuntimeError
                if path in self._open:  # a good copy that is put back there is another file
                    self._open.pop(path).close()
                if not path.exists():  # netCDF, which opens it twice, need not say so
                    raise ShardGoneError(
                        f"{path.name} in {path.parent} is missing. Restore it from a copy, or run the study again to "
                        f"replace its points."
                    ) from error
                raise ShardError(
                    f"{path.name} in {path.parent} is damaged ({type(error).__name__}: {error}); "
                    f"`explorekit check {path.parent.parent}` moves it away. "
                    f"Running the study replaces their points."
                ) from error

    def close(self) -> None:
        """Close all handles; they are opened again when needed."""
        with HDF5_LOCK:
            _close_abandoned()
            while self._open:
                self._open.popitem()[1].close()

    def __reduce__(self) -> tuple[Any, ...]:
        return ShardFiles, ()

    def __del__(self) -> None:
        if sys is None or sys.is_finalizing():  # the operating system closes what is open
            return
        _abandoned.extend(self._open.values())
        on_main = threading.current_thread() is threading.main_thread()
        if on_main and HDF5_LOCK.acquire(False):
            try:
                _close_abandoned()
            finally:
                HDF5_LOCK.release()


def _close_abandoned() -> None:
    while _abandoned:
        _abandoned.pop().close()
