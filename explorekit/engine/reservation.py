"""Private clusters that successive runs share: starting one takes a second."""

import contextlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from dask.system import cpu_count

from explorekit.engine import limits
from explorekit.engine.cluster import PrivateCluster
from explorekit.processes import at_exit
from explorekit.simulation.ownership import users_modules

IDLE_SECONDS = 60.0

Kind = tuple[int, int, bool]  # workers, memory of each, dashboard


@dataclass(frozen=True)
class _Wanted:
    """What a run asks for, and where it does so: the variables and processors that limits depend on."""

    n_workers: int | None
    dashboard: bool
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    processors: int = field(default_factory=cpu_count)


@dataclass
class _Shared:
    """A running cluster, what it was last given for, the number of its runs, and what ends it when that is 0 for long."""

    cluster: PrivateCluster
    given_for: _Wanted
    users: int = 0
    timer: threading.Timer | None = None

    @property
    def runs(self) -> bool:
        return bool(self.cluster.client.status == "running")

    def take(self) -> "_Shared":
        """Count one more run; for whoever holds the guard."""
        self.users += 1
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        return self

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.cluster.close()


_shared: dict[Kind, _Shared] = {}
_guard = threading.Lock()


class Reservation:
    """A private cluster that is being started in the background, while its run is planned, unless there is one.

    Parameters
    ----------
    n_workers, dashboard
        As for `PrivateCluster`.
    """

    def __init__(self, n_workers: int | None = None, *, dashboard: bool = False) -> None:
        self._started: Future[_Shared] = Future()
        self._given_back = False
        self._thread: threading.Thread | None = None
        wanted = _Wanted(n_workers, dashboard)
        if (shared := _acquire_at_once(wanted)) is not None:
            self._started.set_result(shared)
            return
        self._thread = threading.Thread(
            target=self._start, args=(wanted,), name="explorekit-start-cluster", daemon=True
        )
        self._thread.start()

    def _start(self, wanted: _Wanted) -> None:
        try:
            self._started.set_result(_acquire(wanted))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._started.set_exception(error)

    def cluster(self) -> PrivateCluster:
        """Return the cluster, once it runs."""
        return self._started.result().cluster

    def release(self) -> None:
        """Give the cluster back, which is closed unless it is asked for again soon."""
        if self._thread is not None:
            self._thread.join()
        with _guard:
            given_back, self._given_back = self._given_back, True
        if not given_back and self._started.exception() is None:
            _release(self._started.result())


def _acquire_at_once(wanted: _Wanted) -> _Shared | None:
    """Return a cluster that runs and was given for the same before; the limits of the machine are not looked up again."""
    if not _guard.acquire(blocking=False):  # one is being started
        return None
    try:
        for shared in _shared.values():
            if wanted == shared.given_for and shared.runs:
                return shared.take()
        return None
    finally:
        _guard.release()


def _acquire(wanted: _Wanted) -> _Shared:
    chosen = limits.choose(wanted.n_workers)
    kind = chosen.workers, chosen.memory, wanted.dashboard
    with _guard:
        shared = _shared.get(kind)
        if shared is not None and not shared.runs:
            with contextlib.suppress(Exception):  # it is broken
                shared.close()
            shared = None
        if shared is None:
            cluster = PrivateCluster(wanted.n_workers, dashboard=wanted.dashboard)
            shared = _shared[kind] = _Shared(cluster, wanted)
            users_modules()  # with a cluster come hundreds of others, which is better found out now than in later runs
        shared.given_for = wanted
        return shared.take()


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


at_exit(close_private_clusters)
