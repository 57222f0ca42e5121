"""The cluster that a run uses: the user's, or a private one that explorekit starts and closes.

The private cluster listens on loopback only, under mutual TLS with temporary certificates, and serves no HTTP. Its
workers are fresh interpreters in sessions of their own: a script needs no main guard, and a Ctrl-C meant for a cell does
not reach them.
"""

import asyncio
import atexit
import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import dask
import psutil
from distributed import Client
from distributed.core import Status
from distributed.deploy.spec import ProcessInterface, SpecCluster
from distributed.security import Security

from explorekit.engine import limits
from explorekit.engine.nohttp import PrivateScheduler

logger = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
_SCRATCH = "explorekit-workers-"
_START_TIMEOUT = 60.0
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
    """

    def __init__(self, n_workers: int | None) -> None:
        self.limits = limits.choose(n_workers)
        self.users = 0
        self.timer: threading.Timer | None = None
        remove_leftovers()
        self._scratch = tempfile.TemporaryDirectory(
            prefix=f"{_SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True
        )
        security = Security.temporary()
        options: dict[str, Any] = {
            "limits": self.limits,
            "security": {name: getattr(security, name) for name in _CERTIFICATES}
            | {"require_encryption": True},
            "scratch": self._scratch.name,
        }
        # The scheduler serves HTTP on all interfaces by default, and part of it even without a dashboard.
        with dask.config.set(
            {"distributed.scheduler.http.routes": [], "distributed.admin.tick.interval": "2s"}
        ):
            self._cluster = SpecCluster(
                scheduler={
                    "cls": PrivateScheduler,
                    "options": {
                        "host": "127.0.0.1",
                        "protocol": "tls://",
                        "security": security,
                        "dashboard": False,
                        "port": 0,
                    },
                },
                workers={i: {"cls": _WorkerProcess, "options": options} for i in range(self.limits.workers)},
                security=security,
                silence_logs=logging.ERROR,
            )
        self.client = Client(self._cluster, set_as_default=False)
        self.client.wait_for_workers(self.limits.workers, timeout=_START_TIMEOUT)
        logger.info("%s", self)

    def __str__(self) -> str:
        return f"this machine, {self.limits}"

    def revive(self) -> None:
        """Start worker processes anew that have died."""
        self._cluster.sync(self._revive)

    async def _revive(self) -> None:
        for worker in list(self._cluster.workers.values()):
            await worker.restart_if_dead()

    def close(self) -> None:
        """End the workers and the scheduler."""
        if self.timer is not None:
            self.timer.cancel()
        self.client.close()
        self._cluster.close()
        self._scratch.cleanup()


def remove_leftovers() -> None:
    """Remove the folders of clusters whose process was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        owner = folder.name.removeprefix(_SCRATCH).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


# Successive runs share a cluster of the size they ask for: starting one takes a second.
_shared: dict[int, PrivateCluster] = {}
_guard = threading.Lock()


def acquire_private(n_workers: int | None) -> PrivateCluster:
    """Return the running private cluster of a size, or start it; to be given back by `release_private`."""
    size = limits.choose(n_workers).workers
    with _guard:
        cluster = _shared.get(size)
        if cluster is None or cluster.client.status != "running":
            cluster = _shared[size] = PrivateCluster(n_workers)
        cluster.users += 1
        if cluster.timer is not None:
            cluster.timer.cancel()
            cluster.timer = None
        return cluster


def release_private(cluster: PrivateCluster) -> None:
    """Give a private cluster back; it is closed unless it is asked for again soon."""
    with _guard:
        cluster.users -= 1
        if cluster.users == 0:
            cluster.timer = threading.Timer(IDLE_SECONDS, _close_if_idle, args=(cluster,))
            cluster.timer.daemon = True
            cluster.timer.start()


def _close_if_idle(cluster: PrivateCluster) -> None:
    with _guard:
        if cluster.users:
            return
        if _shared.get(cluster.limits.workers) is cluster:
            del _shared[cluster.limits.workers]
    cluster.close()


def close_private_clusters() -> None:
    """End every private cluster of this process."""
    with _guard:
        clusters = list(_shared.values())
        _shared.clear()
    for cluster in clusters:
        cluster.close()


atexit.register(close_private_clusters)


class _WorkerProcess(ProcessInterface):
    """One worker process, held by its standard input: when that closes, it ends."""

    def __init__(
        self, scheduler: str, name: Any, limits: limits.Limits, security: dict[str, Any], scratch: str
    ) -> None:
        self.scheduler = scheduler
        self.worker_name = name
        self.limits = limits
        self.security = security
        self.scratch = scratch
        self.process: asyncio.subprocess.Process | None = None
        super().__init__(scheduler, name)  # type: ignore[no-untyped-call]

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "explorekit.engine.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        spec = {
            "scheduler": self.scheduler,
            "name": self.worker_name,
            "memory_limit": self.limits.memory,
            "local_directory": str(folder),
            "security": self.security,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(spec).encode() + b"\n")
        await self.process.stdin.drain()
        await super().start()  # type: ignore[no-untyped-call]

    async def restart_if_dead(self) -> None:
        if self.status == Status.running and self.process is not None and self.process.returncode is not None:
            await self.start()

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                await asyncio.wait_for(self.process.wait(), 5)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
                await self.process.wait()
        await super().close()  # type: ignore[no-untyped-call]
