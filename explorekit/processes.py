"""Processes of this machine: whether others live, and the end of this one."""

import atexit
import threading
from collections.abc import Callable

import psutil


def at_exit(function: Callable[[], object]) -> None:
    """Have a function called as this process ends, the last one that was given first.

    That is before `concurrent.futures` ends its threads, without which Dask can finish no task; `atexit` comes after it.
    """
    getattr(threading, "_register_atexit", atexit.register)(function)


def lives(pid: int, created: float | None = None) -> bool:
    """Return whether a process lives, which is not so for one whose parent has yet to notice its death.

    Parameters
    ----------
    pid
        Its number.
    created
        When it was created, in seconds since 1970-01-01, by which it is told from a later one of the same number.
    """
    try:
        process = psutil.Process(pid)
        same = created is None or abs(process.create_time() - created) < 1.0
        return same and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
