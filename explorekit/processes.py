"""Other processes of this machine."""

import psutil


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
