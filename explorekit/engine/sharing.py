"""Which workers share the study's disk: found out, not configured.

The driver leaves a token in the study directory; a worker that finds it there leaves one of its own, which the driver
has to find. A worker that sees a directory of the same name on another disk, an old copy, or one that it may not write,
does not pass, and its results travel as bytes. So do those of a worker that has not been asked yet.
"""

import logging
import secrets
from collections.abc import Iterable
from pathlib import Path

from distributed import Client

from explorekit.engine.messages import Job

logger = logging.getLogger(__name__)

# What a worker process knows, by run; reached by import only.
_folders: dict[str, Path] = {}
_shared: set[str] = set()


class Sharing:
    """Asks workers, for the driver.

    Parameters
    ----------
    job
        The run.
    runs
        The folder of shards, as the driver sees it.
    """

    def __init__(self, job: Job, runs: Path) -> None:
        self._job = job
        self._runs = runs
        self._asked: set[str] = set()
        self.apart: set[str] = set()
        _token_file(runs, job.id).write_text(job.id)

    def ask(self, client: Client, workers: Iterable[str]) -> None:
        """Find out about workers that were not asked yet."""
        new = sorted(set(workers) - self._asked)
        if not new:
            return
        answers = client.run(leave_token, self._job.id, workers=new, on_error="ignore")
        shared = [worker for worker, token in answers.items() if token and self._finds(token)]
        if shared:
            client.run(rely_on_sharing, self._job.id, workers=shared, on_error="ignore")
        self._asked.update(answers)
        self.apart.update(set(answers) - set(shared))
        if set(answers) - set(shared):
            logger.info("these workers do not share the disk of %s: %s", self._runs, sorted(self.apart))

    def _finds(self, token: str) -> bool:
        file = _token_file(self._runs, token)
        try:
            return file.read_text() == token
        except OSError:
            return False
        finally:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the driver's token."""
        _token_file(self._runs, self._job.id).unlink(missing_ok=True)


def enter(job: str, runs: Path, *, shared: bool) -> None:
    """Note, on a worker, where a run's shards belong, and whether the worker is known to share that disk."""
    _folders[job] = runs
    if shared:
        _shared.add(job)


def leave(job: str) -> None:
    _folders.pop(job, None)
    _shared.discard(job)


def leave_token(job: str) -> str:
    """Return the token that this worker left where it found the driver's, or an empty text if it did not."""
    token = secrets.token_hex(16)
    try:
        runs = _folders[job]
        if _token_file(runs, job).read_text() != job:
            return ""
        _token_file(runs, token).write_text(token)
    except (KeyError, OSError):
        return ""
    return token


def rely_on_sharing(job: str) -> None:
    _shared.add(job)


def is_shared(job: str) -> bool:
    """Return whether this worker is known to share the study's disk."""
    return job in _shared


def _token_file(runs: Path, token: str) -> Path:
    return runs / f".{token}.tmp"
