"""The cluster that a run uses: the user's, or a private one that explorekit starts and closes.

The private cluster listens on loopback only, under mutual TLS with temporary certificates, and serves no HTTP, unless
its dashboard is asked for. Its
workers are fresh interpreters in sessions of their own: a script needs no main guard, and a Ctrl-C meant for a cell does
not reach them.
"""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import dask
from distributed import Client
from distributed.core import Status
from distributed.deploy.spec import ProcessInterface, SpecCluster
from distributed.security import Security
from tornado.platform.asyncio import BaseAsyncIOLoop

from explorekit.engine import limits
from explorekit.engine.replies import Announcements
from explorekit.engine.serving import DashboardScheduler, PrivateScheduler
from explorekit.errors import RunError
from explorekit.processes import lives

logger = logging.getLogger(__name__)

_SCRATCH = "explorekit-workers-"
_START_TIMEOUT = 180.0  # workers that die are noticed at once; others may be slow on a busy machine
_ERRAND_TIMEOUT = 5.0  # a worker may be frozen
_MOMENT = 0.1
_LAST_WORDS = 2000
_CERTIFICATES = ("tls_ca_file", "tls_worker_key", "tls_worker_cert")


def active_client() -> Client | None:
    """Return the Dask client that is active in this process, if there is one."""
    try:
        client: Client = Client.current()
    except ValueError:
        return None
    return client


class PrivateCluster:
    """Worker processes on this machine, and a client of theirs.

    Parameters
    ----------
    n_workers
        Number of worker processes; by default, what this machine's limits allow.
    dashboard
        Whether to serve Dask's dashboard.
    """

    def __init__(self, n_workers: int | None = None, *, dashboard: bool = False) -> None:
        self.limits = limits.choose(n_workers)
        self._last_errand: Future[Any] | None = None
        remove_leftovers()
        self._scratch = _Scratch()
        security = Security.temporary()
        options: dict[str, Any] = {
            "limits": self.limits,
            "security": {name: getattr(security, name) for name in _CERTIFICATES}
            | {"require_encryption": True},
            "scratch": self._scratch,
        }
        settings: dict[str, Any] = {
            "distributed.admin.tick.interval": "2s",
            "distributed.admin.system-monitor.interval": "2s",
        }
        if not dashboard:
            settings["distributed.scheduler.http.routes"] = []  # what is not served need not be imported
        with dask.config.set(settings):
            self._cluster = SpecCluster(
                scheduler={
                    "cls": DashboardScheduler if dashboard else PrivateScheduler,
                    "options": {"security": security},
                },
                workers={i: {"cls": _WorkerProcess, "options": options} for i in range(self.limits.workers)},
                security=security,
                silence_logs=logging.ERROR,
            )
        scheduler, loop = self._cluster.scheduler, self._cluster.loop
        assert scheduler is not None
        assert isinstance(loop, BaseAsyncIOLoop)
        self._scheduler, self._loop = scheduler, loop
        self.announcements = Announcements()
        self._scheduler.add_plugin(self.announcements)
        self.client = Client(self._cluster, set_as_default=False)
        try:
            self._wait_for_workers()
        except BaseException:
            self.close()
            raise
        logger.info("%s", self)

    def _wait_for_workers(self) -> None:
        """Wait until every worker process is there, and raise `RunError` if one cannot start."""
        deadline = time.monotonic() + _START_TIMEOUT
        while len(self._scheduler.workers) < self.limits.workers:
            for worker in self._cluster.workers.values():
                if not worker.alive:
                    raise RunError(f"a worker process could not start. Its last words: {worker.last_words()}")
            if time.monotonic() > deadline:
                raise RunError(
                    f"{self.limits.workers} worker processes were not ready in {_START_TIMEOUT:g} s; "
                    f"is the machine very busy? n_workers=… asks for fewer."
                )
            time.sleep(0.01)

    def __str__(self) -> str:
        return f"this machine, {self.limits}"

    @property
    def dashboard_link(self) -> str:
        """The address of Dask's dashboard, or an empty text."""
        return str(getattr(self._scheduler, "dashboard_link", ""))

    def revive(self) -> None:
        """Start worker processes anew that have died."""
        if not all(worker.alive for worker in list(self._cluster.workers.values())):
            self._cluster.sync(self._revive)

    def nthreads(self) -> dict[str, int]:
        """Return the number of threads of each worker, by address; sooner than the client does, which asks the scheduler."""
        return {address: worker.nthreads for address, worker in list(self._scheduler.workers.items())}

    async def _revive(self) -> None:
        for worker in list(self._cluster.workers.values()):
            await worker.restart_if_dead()

    def soon(self, errand: Callable[[], Awaitable[Any]]) -> Future[Any]:
        """Have something done in the cluster's loop, after what was given before, and in any case before the cluster closes."""
        loop = self._loop.asyncio_loop
        self._last_errand = asyncio.run_coroutine_threadsafe(_after(self._last_errand, errand), loop)
        return self._last_errand

    def at_rest(self, errand: Callable[[], Awaitable[Any]]) -> None:
        """Have something done in a moment, when no run that ends or begins waits; never, if the cluster closes before."""

        def now() -> None:
            self.soon(errand)  # not returned: tornado would watch it, and complain of one that is cancelled

        self._loop.add_callback(self._loop.call_later, _MOMENT, now)

    def close(self) -> None:
        """End the workers and the scheduler."""
        if self._last_errand is not None:
            wait([self._last_errand], _ERRAND_TIMEOUT)
        self.client.close()
        self._cluster.close()
        self._scratch.cleanup()


async def _after(before: Future[Any] | None, errand: Callable[[], Awaitable[Any]]) -> Any:
    if before is not None:
        await asyncio.wait([asyncio.wrap_future(before)])
    return await errand()


class _Scratch:
    """The folder of a cluster's workers: made with the first of them, as it goes with them if this process is killed."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def subfolder(self) -> Path:
        """Make one for a worker."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix=f"{_SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True
            )
        return Path(tempfile.mkdtemp(dir=self._folder.name))

    def cleanup(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def remove_leftovers() -> None:
    """Remove the folders of clusters whose process was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        owner = folder.name.removeprefix(_SCRATCH).partition("-")[0]
        if owner.isdigit() and not lives(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


class _WorkerProcess(ProcessInterface):
    """One worker process, held by its standard input: when that closes, it ends."""

    def __init__(
        self, scheduler: str, name: Any, limits: limits.Limits, security: dict[str, Any], scratch: _Scratch
    ) -> None:
        self.scheduler = scheduler
        self.worker_name = name
        self.limits = limits
        self.security = security
        self.scratch = scratch
        self.folder = Path()
        self.process: asyncio.subprocess.Process | None = None
        super().__init__(scheduler, name)  # type: ignore[no-untyped-call]

    async def start(self) -> None:
        self.folder = self.scratch.subfolder()
        with self._words.open("wb") as words:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "explorekit.engine.worker",
                str(self.folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=words,
                start_new_session=True,
            )
        spec = {
            "scheduler": self.scheduler,
            "name": self.worker_name,
            "memory_limit": self.limits.memory,
            "security": self.security,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(spec).encode() + b"\n")
        with contextlib.suppress(ConnectionError):  # it is dead already, which is noticed later
            await self.process.stdin.drain()
        await super().start()  # type: ignore[no-untyped-call]

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def _words(self) -> Path:
        return self.folder / "stderr.txt"

    def last_words(self) -> str:
        """Return the end of what the process wrote to its standard error."""
        with contextlib.suppress(OSError):
            return self._words.read_text(errors="replace")[-_LAST_WORDS:].strip()
        return ""

    async def restart_if_dead(self) -> None:
        if self.status == Status.running and not self.alive:
            shutil.rmtree(self.folder, ignore_errors=True)  # else its successor's end would leave it
            await self.start()

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            assert self.process.stdin is not None
            self.process.stdin.write(b"goodbye\n")
            self.process.stdin.close()
            try:
                await asyncio.wait_for(self.process.wait(), 5)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
                await self.process.wait()
        await super().close()  # type: ignore[no-untyped-call]
