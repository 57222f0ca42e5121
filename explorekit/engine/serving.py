"""What the private cluster serves over HTTP: nothing, or a dashboard at an address that nobody can guess.

Dask serves task keys, call stacks and metrics to anybody who can reach a port, part of it even without a dashboard, and
the scheduler's listens on all interfaces.
"""

import os
import secrets
from importlib.util import find_spec
from typing import Any

import dask
from distributed import Scheduler, Worker
from distributed.utils import format_dashboard_link
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application

from explorekit.errors import StudyError

_HEARTBEAT = 2.0
_IN_MEMORY_AND_ON_LOOPBACK: dict[str, Any] = {
    "protocol": ["inproc", "tls"],
    "host": [None, "127.0.0.1"],
    "port": [None, 0],
}
_DASKS_LINK = "{scheme}://{host}:{port}/status"
_LINK_BEHIND_A_HUB = "{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status"


class PrivateWorker(Worker):
    """A worker that listens for Dask's own protocol only."""

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        """Serve nothing."""

    async def heartbeat(self) -> None:
        """Tell the scheduler how this process does: seldom, as only a dashboard shows it, and each time costs 3 ms."""
        await super().heartbeat()
        self.periodic_callbacks["heartbeat"].callback_time = _HEARTBEAT * 1000


class _LocalScheduler(Scheduler):
    """A scheduler on loopback for workers, and within its process for a client there.

    The client needs neither sockets nor encryption to reach it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**_IN_MEMORY_AND_ON_LOOPBACK, **options)

    async def start_unsafe(self) -> Any:
        """Listen, and have workers told of the address that other processes reach."""
        await super().start_unsafe()
        self.contact_address = str(self.listeners[-1].contact_address)
        return self


class PrivateScheduler(_LocalScheduler):
    """A scheduler that listens for Dask's own protocol only."""

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        """Serve nothing."""


class DashboardScheduler(_LocalScheduler):
    """A scheduler with a dashboard on loopback, below a path that is a secret.

    Every user of a machine reaches its loopback. The secret keeps out who does not know it.
    """

    def __init__(self, **options: Any) -> None:
        self._secret = secrets.token_urlsafe(24)
        super().__init__(dashboard=True, dashboard_address="127.0.0.1:0", **options)

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        """Answer below the secret path only."""
        super().start_http_server(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.http_server.request_callback = _Below(f"/{self._secret}", self.http_application)

    @property
    def dashboard_link(self) -> str:
        """The dashboard's address: as Dask's setting ``distributed.dashboard.link`` wants it, or behind a hub's proxy."""
        link = dask.config.get("distributed.dashboard.link")
        if link == _DASKS_LINK and "JUPYTERHUB_SERVICE_PREFIX" in os.environ:
            link = _LINK_BEHIND_A_HUB
        link = f"{link.removesuffix('status').rstrip('/')}/{self._secret}/status"
        with dask.config.set({"distributed.dashboard.link": link}):
            return str(format_dashboard_link("127.0.0.1", self.services["dashboard"].port))


class _Below(Router):
    """Hands what is asked for below a path to an application, which does not see the path, and the rest to nobody.

    Dask's own ``http_prefix`` would do neither: it serves a list of all paths outside the prefix, and its pages name
    their scripts by absolute paths, which a hub's proxy does not find.
    """

    def __init__(self, path: str, application: Application) -> None:
        self._path = path
        self._application = application

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        if not request.path.startswith(f"{self._path}/"):
            return None
        request.path = request.path.removeprefix(self._path)
        return self._application.find_handler(request, **kwargs)


def check_dashboard() -> None:
    """Raise `StudyError` if there is nothing to draw a dashboard with."""
    if find_spec("bokeh") is None:
        raise StudyError(
            "got dashboard=True, and bokeh, which draws Dask's dashboard, is not installed; "
            "install it: python -m pip install 'explorekit[dashboard]'."
        )
