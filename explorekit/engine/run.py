"""A run: what `Study.start` returns, to wait for, to look at, and to cancel."""

import contextlib
import logging
import math
import os
import shutil
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from explorekit.engine.driver import Driver
from explorekit.engine.progress import Progress
from explorekit.processes import at_exit

if TYPE_CHECKING:
    from explorekit.engine.load import WorkerLoad
    from explorekit.engine.tally import Tally

logger = logging.getLogger(__name__)

_LINE_INTERVAL = 10.0

Show = Callable[[Progress], contextlib.AbstractContextManager[Callable[[Progress], None]]]

_active: "weakref.WeakSet[Run]" = weakref.WeakSet()


class Run:
    """One run of a study, in the background.

    Shown in a notebook it is a live panel. Made by `explorekit.Study.start`.
    """

    def __init__(
        self,
        name: str,
        driver: Driver,
        on_end: Callable[[], None],
        make_panel: Callable[["Run"], Any],
        while_waiting: Callable[[], None],
        retry: Callable[[], "Run"],
    ) -> None:
        self.name = name
        self._driver = driver
        self._on_end = on_end
        self._done = threading.Event()
        self._callbacks: list[Callable[[], object]] = []
        self._guard = threading.Lock()
        self._make_panel = make_panel
        self._while_waiting = while_waiting
        self._retry = retry
        self._panel: Any = None
        self._shown_as: Any = None
        self._waited_in: int | None = None
        self._thread = threading.Thread(target=self._work, name=f"explorekit-run-{name}", daemon=True)
        _active.add(self)
        _wait_at_exit()
        self._thread.start()

    def _work(self) -> None:
        try:
            self._driver.drive()
        finally:
            self._on_end()
            with self._guard:
                self._done.set()
                callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                _called(callback)

    @property
    def progress(self) -> Progress:
        """What the run has done so far."""
        return self._driver.progress

    @property
    def tally(self) -> "Tally":
        """How many points of which part of the space are ok, failed, timed out and pending; cheap to ask."""
        return self._driver.tally

    def loads(self) -> "tuple[WorkerLoad, ...]":
        """Ask the workers how busy they are, of very many the first few; takes some milliseconds.

        Returns
        -------
        tuple of WorkerLoad
            What each does now; nothing before there are workers, and after the end.
        """
        return self._driver.loads()

    @property
    def done(self) -> bool:
        """Whether the run has ended, however it ended."""
        return self._done.is_set()

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        """Have a function called, without arguments, when the run has ended; at once where it has.

        Parameters
        ----------
        callback : callable
            It is called in a thread of the run's; what it raises is logged.
        """
        with self._guard:
            if not self.done:
                self._callbacks.append(callback)
                return
        _called(callback)

    def wait(self, timeout: float | None = None) -> "Run":
        """Wait until the run ends; interrupting the wait cancels the run and keeps what is finished.

        Shows a progress bar in a terminal.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. The run goes on after that.

        Returns
        -------
        Run
            This run.

        Raises
        ------
        StudyError, RunError
            If the run ended early for a reason other than the simulation, such as a full disk.
        TimeoutError
            If the run has not ended in time.
        """
        return self.wait_showing(shown, timeout)

    def wait_showing(self, show: Show, timeout: float | None = None) -> "Run":
        """Do as `wait`, and show the progress in another way than as a bar of its own."""
        with _terminated_as_interrupt():
            try:
                self._show_while_waiting()
                self._wait(show, timeout)
            except (KeyboardInterrupt, SystemExit):
                self.cancel()
                self._done.wait()
                raise
            finally:
                if self.done:
                    self._keep_as_text()
        if self._driver.exception is not None:
            raise self._driver.exception
        return self

    def _wait(self, show: Show, timeout: float | None) -> None:
        with show(self.progress) as update:
            waited = 0.0
            while not self._done.wait(0.1):
                update(self.progress)
                self._while_waiting()
                waited += 0.1
                if timeout is not None and waited >= timeout:
                    raise TimeoutError(
                        f"the run of {self.name!r} has not ended after {timeout} s; it goes on."
                    )
            update(self.progress)

    def retry(self) -> "Run":
        """Run the points again that failed or timed out, as this run was asked to; returns at once.

        Returns
        -------
        Run
            The new run: see `explorekit.Study.retry`.
        """
        return self._retry()

    def cancel(self) -> None:
        """End the run soon; returns at once. Finished points are kept, the others stay pending."""
        self._driver.cancel()

    def prefer(self, indexers: Mapping[str, Any]) -> None:
        """Have some of the points that wait run before the others: see `explorekit.Study.prefer`."""
        self._driver.prefer(indexers)

    def panel(self) -> Any:
        """Return the live panel, which can be shown in any cell, any number of times."""
        if self._panel is None:
            self._panel = self._make_panel(self)
        return self._panel

    def show_in(self, panel: Any) -> None:
        """Be shown in the panel of an earlier run, which is this run's from now on."""
        self._panel = panel

    def __repr__(self) -> str:
        return f"<explorekit.Run {self.name!r}: {self.progress}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        cell = _cell()
        if cell is None or cell == self._waited_in:
            return {"text/plain": repr(self)}
        return self.panel()._repr_mimebundle_(**kwargs)

    def _show_while_waiting(self) -> None:
        """Show the panel in the cell that waits, unless an earlier cell shows it."""
        self._waited_in = _cell()
        if self._waited_in is not None and self._panel is None:
            from IPython.display import display

            self._shown_as = display(self.panel(), display_id=True)  # type: ignore[no-untyped-call]

    def _keep_as_text(self) -> None:
        """Have a notebook that is kept say how the run ended, and not how it began, where widgets are not shown."""
        if self._shown_as is not None:
            self._shown_as.update(self.panel())
            self._shown_as = None


def _called(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        logger.warning("what was to be done at the end of a run failed", exc_info=True)


@contextlib.contextmanager
def shown(start: Progress) -> Iterator[Callable[[Progress], None]]:
    """Show a progress bar on a terminal, a line now and then in a log and under papermill, and where a panel does, nothing."""
    notebook = _cell() is not None
    if notebook and not _under_papermill():
        yield lambda _: None
        return
    if notebook or not sys.stderr.isatty():
        yield _lines()
        return
    from tqdm import tqdm

    columns = None if shutil.get_terminal_size().columns else 80
    latest = start
    with tqdm(
        total=start.total,
        initial=start.ok + start.failed,
        unit="run",
        ncols=columns,
        dynamic_ncols=not columns,
    ) as bar:

        def update(progress: Progress) -> None:
            nonlocal latest
            latest = progress
            bar.n, bar.total = progress.ok + progress.failed, progress.total
            bar.set_postfix_str(f"{progress.failed} failed" if progress.failed else "", refresh=False)
            bar.refresh()

        yield update
    if why := _why(latest):
        sys.stderr.write(f"explorekit: {why}\n")


def _under_papermill() -> bool:
    """Return whether papermill runs the notebook that this process is the kernel of: its log shows text, and no widgets."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process().parent()
        return parent is not None and any("papermill" in Path(word).name for word in parent.cmdline()[:4])
    return False


def _lines() -> Callable[[Progress], None]:
    """Return what writes a line to the standard error now and then, and one at the end."""
    due = time.monotonic() + _LINE_INTERVAL

    def update(progress: Progress) -> None:
        nonlocal due
        if (progress.done and due < math.inf) or time.monotonic() > due:
            due = math.inf if progress.done else time.monotonic() + _LINE_INTERVAL
            why = _why(progress)
            sys.stderr.write(f"explorekit: {progress}{f'; {why}' if why else ''}\n")

    return update


def _why(progress: Progress) -> str:
    """Return, at the end of a run, the latest failure in a line, unless an error is raised that tells it."""
    if not progress.done or not progress.failed or progress.message:
        return ""
    if not progress.errors:
        return "see study.failures"
    last = progress.errors[-1]
    error = last.error.partition("\n")[0]
    return f"see study.failures; the latest, at {last.point}: {error}"


@contextlib.contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """Turn SIGTERM into SystemExit while waiting, as batch schedulers and hubs end a process with it."""
    plain = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if not plain:
        yield
        return

    def leave(signum: int, _: Any) -> None:
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _cell() -> int | None:
    """Return the number of the running cell, or None where this process is not the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell.execution_count if shell is not None and hasattr(shell, "kernel") else None


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook that runs a cell."""
    return _cell() is not None


def _end_all() -> None:
    """A script waits for what it started; a session that a person leaves does not."""
    interactive = _cell() is not None or hasattr(sys, "ps1")
    for run in [run for run in _active if not run.done]:
        if interactive:
            run.cancel()
        with contextlib.suppress(Exception):
            run.wait()


_registered: list[int] = []


def _wait_at_exit() -> None:
    if os.getpid() not in _registered:
        _registered.append(os.getpid())
        at_exit(_end_all)
