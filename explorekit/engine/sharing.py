"""Which workers share the study's disk: found out, not configured.

The driver leaves a token in the study directory; a worker that finds it there leaves one of its own, which the driver
has to find. A worker that sees a directory of the same name on another disk, an old copy, or one that it may not write,
does not pass, and its results travel as bytes. So do those of a worker that has not been asked, or not answered, yet.
"""

import asyncio
import concurrent.futures
import logging
import secrets
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import Client

from explorekit.engine.messages import Job

logger = logging.getLogger(__name__)

_ANSWER = 3.0  # seconds to wait for workers to answer; what a frozen one says is taken in once it does

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
        self._asking: dict[str, Future[str | None]] = {}
        self._known: set[str] = set()
        self.apart: set[str] = set()
        _token_file(runs, job.id).write_text(job.id)

    def ask(self, client: Client, workers: Iterable[str]) -> None:
        """Find out about workers that are not known yet; of those that were asked before, without waiting for them."""
        new = sorted(set(workers) - self._known - self._asking.keys())
        loop: Any = client.loop  # of Tornado's
        for worker in new:
            answer = _answer(client, self._job.id, worker)
            self._asking[worker] = asyncio.run_coroutine_threadsafe(answer, loop.asyncio_loop)
        if new:
            concurrent.futures.wait([self._asking[worker] for worker in new], _ANSWER)
        answered = [worker for worker, answer in self._asking.items() if answer.done()]
        if not answered:
            return
        answers = {worker: _result(self._asking.pop(worker)) for worker in answered}
        answers = {worker: token for worker, token in answers.items() if token is not None}  # others are gone
        shared = [worker for worker, token in answers.items() if token and self._finds(token)]
        if shared:
            with suppress(TimeoutError):  # one that hears of it late sends results as bytes until then
                client.sync(
                    client.run,
                    rely_on_sharing,
                    self._job.id,
                    workers=shared,
                    on_error="ignore",
                    callback_timeout=_ANSWER,
                )
        self._known.update(answers)
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
        """Remove the driver's token, without which a worker that has not answered yet leaves none of its own."""
        for answer in self._asking.values():
            answer.cancel()
        _token_file(self._runs, self._job.id).unlink(missing_ok=True)


async def _answer(client: Client, job: str, worker: str) -> str | None:
    """Return the token that one worker left, by itself, since one that is frozen would have all others wait."""
    answers = await client.run(leave_token, job, workers=[worker], on_error="ignore")
    token: str | None = answers.get(worker)
    return token


def _result(answer: Future[str | None]) -> str | None:
    try:
        return answer.result()
    except Exception:
        logger.debug("a worker did not answer", exc_info=True)
        return None


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
