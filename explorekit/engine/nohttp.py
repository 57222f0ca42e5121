"""Scheduler and worker without an HTTP server.

Dask's serve task keys, call stacks and metrics to anybody who can reach a port, part of it even without a dashboard, and
the scheduler's listens on all interfaces.
"""

from typing import Any

from distributed import Scheduler, Worker


class _NoHTTP:
    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        """Serve nothing."""


class PrivateScheduler(_NoHTTP, Scheduler):
    """A scheduler that listens for Dask's own protocol only."""


class PrivateWorker(_NoHTTP, Worker):
    """A worker that listens for Dask's own protocol only."""
