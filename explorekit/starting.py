"""How a run starts, and what it needs before: the study's lock, its points, a cluster, what its batches have in common."""

import pickle
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.adopting import OnChange, adopt, environment_of, has_changed, keep_code
from explorekit.choosing import Choice, within
from explorekit.options import Request
from explorekit.simulation.calling import bind
from explorekit.simulation.capture import Captured
from explorekit.simulation.declare import Simulation
from explorekit.simulation.points import Seeding
from explorekit.space import Space
from explorekit.space.selecting import points_where, size
from explorekit.store.backend import versions_that_count
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory
from explorekit.store.lock import StudyLock

if TYPE_CHECKING:
    from explorekit.engine.messages import Job, Policy
    from explorekit.engine.reservation import Reservation
    from explorekit.engine.run import Run


@contextmanager
def held_for_run(directory: StudyDirectory) -> Iterator[Callable[[], None]]:
    """Hold a study until what is given is called, at the end of its run, or until the run fails to start.

    Raises
    ------
    StudyBusyError
        If the study is being run already.
    StudyError
        If the directory cannot be written.
    """
    directory.check_writable()
    lock = StudyLock(directory.path)
    try:
        lock.acquire()
        directory.remove_leftovers()
        yield lock.release
    except BaseException:
        lock.release()
        raise


def begin(
    directory: StudyDirectory,
    catalog: Catalog,
    seeding: Seeding,
    simulation: Simulation,
    captured: Captured,
    choose: Choice,
    request: Request,
    release: Callable[[], None],
    retry: Callable[[], "Run"],
) -> "Run":
    """Start a run of a study that is held.

    Parameters
    ----------
    directory, catalog, seeding
        The study's, in its current space.
    simulation, captured
        What is run, and its code.
    choose
        Which points, of the part that is asked for.
    request
        What the run is asked for.
    release
        Called at the run's end.
    retry
        Runs what failed again, in the same way.

    Raises
    ------
    CodeChangedError
        If the code has changed, and the user has not decided.
    SpaceError
        If the part is no part of the space.
    StudyError
        If the results cannot find room.
    """
    from explorekit.engine.account import Account
    from explorekit.engine.driver import Driver
    from explorekit.engine.run import Run
    from explorekit.review import check_room

    space = catalog.space
    driver = reservation = None
    background = ThreadPoolExecutor(1, thread_name_prefix="explorekit-environment")
    try:
        asked = None
        if not directory.has_environment(captured.version.id):
            asked = background.submit(environment_of, simulation).result
        background.shutdown(wait=False)
        catalog.refresh()
        if request.where is not None:
            choose = within(points_where(space, request.where), choose)
        if request.client is None and _seems_to_run(directory, catalog, captured, choose, request.code):
            reservation = _reserve(request)  # it starts while the rest is planned
        record = adopt(directory, catalog, captured, request.code)
        keep = partial(keep_code, directory, record, simulation, space, captured, asked)
        job = _job_of(directory, simulation, captured, space, seeding, request.policy)
        catalog.refresh()  # workers whose driver is gone may have handed in more
        versions = versions_that_count(record)
        snapshot = catalog.snapshot(versions)
        index = snapshot.index
        points = choose(index, space)
        check_room(snapshot, size(points), directory.path)
        if request.client is None and reservation is None and len(points):
            reservation = _reserve(request)
        account = Account(space, index, points)
        client = request.client or reservation
        driver = Driver(job, catalog, versions, points, account, client, keep, request.end)
        if request.order == "coarse-to-fine":
            driver.prefer({})
        return Run(record.name, driver, release, _panel_of, _draw_while_waiting, retry)
    except BaseException:
        if driver is not None:  # an interrupt, when its thread runs already
            driver.cancel()
        if reservation is not None:
            reservation.release()
        raise


def _seems_to_run(
    directory: StudyDirectory, catalog: Catalog, captured: Captured, choose: Choice, code: OnChange | None
) -> bool:
    """Return whether there are points to run, as far as is known before they are planned."""
    record = directory.read_record()
    if has_changed(record, catalog, captured):
        return code is not None
    index = catalog.snapshot(versions_that_count(record)).index
    return len(choose(index, catalog.space)) > 0


def _reserve(request: Request) -> "Reservation":
    """Ask for a private cluster, which starts meanwhile."""
    from explorekit.engine.reservation import Reservation
    from explorekit.engine.serving import check_dashboard

    if request.dashboard:
        check_dashboard()
    return Reservation(request.n_workers, dashboard=request.dashboard)


def _job_of(
    directory: StudyDirectory,
    simulation: Simulation,
    captured: Captured,
    space: Space,
    seeding: Seeding,
    policy: "Policy",
) -> "Job":
    """Return what all batches of a run have in common, under the next epoch; for whoever holds the study's lock."""
    from explorekit.engine.messages import Job

    call = bind(simulation, space.passed)
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


def _panel_of(run: "Run") -> Any:
    """Return the live panel of a run."""
    from explorekit.explorer import ProgressPanel

    return ProgressPanel(run)


def _draw_while_waiting() -> None:
    """Let explorers draw in the cell that waits, which keeps their thread busy."""
    threads = sys.modules.get("explorekit.explorer.threads")
    if threads is not None and threading.current_thread() is threading.main_thread():
        threads.run_waiting()
