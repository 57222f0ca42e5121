"""What a run needs before it starts: a client or a cluster, and what all its batches have in common."""

import importlib
import pickle
import secrets
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from explorekit.errors import StudyError
from explorekit.simulation.calling import bind
from explorekit.simulation.capture import Captured
from explorekit.simulation.declare import Simulation, check_timeout
from explorekit.simulation.points import Seeding
from explorekit.space import Space
from explorekit.store.directory import StudyDirectory

if TYPE_CHECKING:
    from distributed import Client

    from explorekit.engine.messages import Job, Policy
    from explorekit.engine.reservation import Reservation
    from explorekit.engine.run import Run


def client_of(given: "Client | Literal[False] | None") -> "Client | None":
    """Return the user's client, or None for a private cluster."""
    if given is False:
        return None
    if given is None:
        if "distributed" not in sys.modules:
            return None
        cluster = importlib.import_module("explorekit.engine.cluster")
        return cluster.active_client()  # type: ignore[no-any-return]
    if not hasattr(given, "submit") or not hasattr(given, "register_plugin"):
        raise StudyError(
            f"got {given!r} as client; expected a distributed.Client, None, or False for a private cluster."
        )
    return given


def reserve(n_workers: int | None, *, dashboard: bool) -> "Reservation":
    """Ask for a private cluster, which starts meanwhile."""
    from explorekit.engine.reservation import Reservation
    from explorekit.engine.serving import check_dashboard

    if dashboard:
        check_dashboard()
    return Reservation(n_workers, dashboard=dashboard)


def policy_of(errors: Any, retries: Any, timeout: float | None) -> "Policy":
    """Return what to do about runs that fail, as the user asked."""
    from explorekit.engine.messages import Policy

    if errors not in ("record", "raise"):
        raise StudyError(f"got errors={errors!r}; expected 'record' or 'raise'.")
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise StudyError(f"got retries={retries!r}; expected a whole number of at least 0.")
    check_timeout(timeout)
    return Policy(retries, timeout, errors == "raise")


def job_of(
    directory: StudyDirectory,
    simulation: Simulation,
    captured: Captured,
    space: Space,
    seeding: Seeding,
    policy: "Policy",
) -> "Job":
    """Return what all batches of a run have in common, under the next epoch; for whoever holds the study's lock."""
    from explorekit.engine.messages import Job

    call = bind(simulation, space.parameters)
    return Job(
        id=secrets.token_hex(8),
        payload=pickle.dumps((_Loads(captured.payload), call.without_defaults(), captured.version.id)),
        space=space,
        seeding=seeding,
        folder=str(directory.path.resolve()),
        epoch=directory.next_epoch(),
        sys_path=tuple(entry or str(Path.cwd()) for entry in sys.path),
        working_directory=str(Path.cwd()),
        policy=policy,
    )


@dataclass(frozen=True)
class _Loads:
    """Unpickles to what its payload holds."""

    payload: bytes

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (self.payload,)


def panel_of(run: "Run") -> Any:
    """Return the live panel of a run."""
    from explorekit.explorer import ProgressPanel

    return ProgressPanel(run)


def draw_while_waiting() -> None:
    """Let explorers draw in the cell that waits, which keeps their thread busy."""
    threads = sys.modules.get("explorekit.explorer.threads")
    if threads is not None and threading.current_thread() is threading.main_thread():
        threads.run_waiting()
