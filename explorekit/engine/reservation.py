"""Private clusters that successive runs share: starting one takes a second."""

import atexit
import contextlib
import threading
from concurrent.futures import Future
from dataclasses import dataclass

from explorekit.engine import limits
from explorekit.engine.cluster import PrivateCluster

IDLE_SECONDS = 60.0

Kind = tuple[int, int, bool]  # workers, memory of each, dashboard


@dataclass
class _Shared:
    """A running cluster, the number of runs that use it, and what ends it when that is 0 for long."""

    cluster: PrivateCluster
    users: int = 0
    timer: threading.Timer | None = None

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.cluster.close()


_shared: dict[Kind, _Shared] = {}
_guard = threading.Lock()


class Reservation:
    """A private cluster that is being started in the background, while its run is planned.

    Parameters
    ----------
    n_workers, dashboard
        As for `PrivateCluster`.
    """

    def __init__(self, n_workers: int | None = None, *, dashboard: bool = False) -> None:
        self._started: Future[_Shared] = Future()
        self._given_back = False
        self._thread = threading.Thread(
            target=self._start, args=(n_workers, dashboard), name="explorekit-start-cluster", daemon=True
        )
        self._thread.start()

    def _start(self, n_workers: int | None, dashboard: bool) -> None:
        try:
            self._started.set_result(_acquire(n_workers, dashboard))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._started.set_exception(error)

    def cluster(self) -> PrivateCluster:
        """Return the cluster, once it runs."""
        return self._started.result().cluster

    def release(self) -> None:
        """Give the cluster back, which is closed unless it is asked for again soon."""
        self._thread.join()
        with _guard:
            given_back, self._given_back = self._given_back, True
        if not given_back and self._started.exception() is None:
            _release(self._started.result())


def _acquire(n_workers: int | None, dashboard: bool) -> _Shared:
    chosen = limits.choose(n_workers)
    kind = chosen.workers, chosen.memory, dashboard
    with _guard:
        shared = _shared.get(kind)
        if shared is not None and shared.cluster.client.status != "running":
            with contextlib.suppress(Exception):  # it is broken
                shared.close()
            shared = None
        if shared is None:
            shared = _shared[kind] = _Shared(PrivateCluster(n_workers, dashboard=dashboard))
        shared.users += 1
        if shared.timer is not None:
            shared.timer.cancel()
            shared.timer = None
        return shared


def _release(shared: _Shared) -> None:
    with _guard:
        shared.users -= 1
        if shared.users == 0:
            shared.timer = threading.Timer(IDLE_SECONDS, _close_if_idle, args=(shared,))
            shared.timer.daemon = True
            shared.timer.start()


def _close_if_idle(shared: _Shared) -> None:
    with _guard:
        if shared.users:
            return
        for kind in [kind for kind, known in _shared.items() if known is shared]:
            del _shared[kind]
    shared.close()


def close_private_clusters() -> None:
    """End every private cluster of this process."""
    with _guard:
        ended = list(_shared.values())
        _shared.clear()
    for shared in ended:
        shared.close()


atexit.register(close_private_clusters)
