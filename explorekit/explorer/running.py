"""Who runs the point that is looked at? The run that goes on, or one of this point alone, whose result the study keeps."""

import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.engine.progress import duration
from explorekit.errors import ExplorekitError
from explorekit.explorer import flags
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.view import STATUS, View, parameter_dims

if TYPE_CHECKING:
    import xarray as xr

    from explorekit.engine.run import Run
    from explorekit.explorer.explorer import Explorer

# Seconds: whoever turns a slider waits for so long, and not for longer.
SHORT = 2.0
# A run that is shorter is waited for before anything is drawn, so that each picture is that of its slider; but no longer.
QUICK = 0.2
PATIENCE = 0.5

Index = dict[str, int]


def run_index(dataset: "xr.Dataset", view: View) -> Index:
    """Return the index along each parameter dimension of the one run that a view stands at, those along its axes included."""
    return {dim: min(view.index(dim), dataset.sizes[dim] - 1) for dim in parameter_dims(dataset)}


def flat_position(dataset: "xr.Dataset", index: Index) -> int:
    """Return the flat position of a point."""
    position = 0
    for dim, at in index.items():
        position = position * dataset.sizes[dim] + at
    return position


def index_at(dataset: "xr.Dataset", position: int) -> Index:
    """Return the index of the point at a flat position."""
    index: Index = {}
    for dim in reversed(parameter_dims(dataset)):
        position, index[dim] = divmod(position, dataset.sizes[dim])
    return index


class PointRunner:
    """Runs the point that an explorer stands at: one at a time, and of those that were asked for meanwhile the latest.

    Parameters
    ----------
    explorer
        Where somebody looks.

    Attributes
    ----------
    as_moved
        Whether each point that is come to is run at once, where a run is short.
    longest
        How many seconds a run may take for that.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self.as_moved = False
        self.longest = SHORT
        self._said: tuple[Index, str] = ({}, "")
        self._run: Run | None = None
        self._running: Index = {}
        self._next: Index | None = None
        self._in_passing = False  # whether that run was started by a move, and may be given up for the next
        self._given_up = False
        self._began = 0.0
        self._seconds: float | None = None
        self._stopped = False
        explorer.on_shown(self.follow)

    @property
    def message(self) -> str:
        """What is going on with the point that is looked at, in words."""
        about, text = self._said
        return text if about == self._here() else ""

    @property
    def _source(self) -> Any:
        return self._explorer.source

    @property
    def can_run(self) -> bool:
        """Whether the source is a study that can run, and is not merely opened to look at."""
        return hasattr(self._source, "start") and hasattr(self._source, "retry")

    @property
    def busy(self) -> bool:
        """Whether a run of one point goes on."""
        return self._run is not None and not self._run.done

    @property
    def running_this(self) -> bool:
        """Whether that is the point that is looked at."""
        return self.busy and self._running == self._here()

    def status(self) -> int:
        """Return how the run that is looked at ended."""
        return self._status(self._here())

    def run_this(self) -> None:
        """Run the point that is looked at, or have it run next."""
        self._explorer.refresh()  # the study may have grown since, and positions have moved
        here = self._here()
        if self.busy:
            self._next = here
            self._said = here, "Runs next."
        elif not self._source.running:
            self._start(here)
        elif self._status(here) == flags.PENDING:
            self._source.prefer(here)
            self._said = here, "Moved to the head of the queue."
        else:
            self._next = here
            self._said = here, "Runs again when the run that goes on has ended."

    def run_quickly(self) -> bool:
        """Run the point that is come to before it is drawn, where that takes but a moment; return whether it was run."""
        if not self._is_due() or self._expected(otherwise=PATIENCE) > QUICK:
            return False
        ended = threading.Event()
        self._start(self._here(), ended.set)
        return not self.busy or ended.wait(PATIENCE)

    def go_on(self) -> None:
        """Run the point that waits, if nothing runs by now."""
        if self._next is not None and not self._stopped and not self._source.running:
            here, self._next = self._next, None
            if self._status(here) != flags.OK:
                self._start(here)

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped = True

    def _here(self) -> Index:
        return run_index(self._explorer.slicer.dataset, self._explorer.view)

    def _status(self, index: Index) -> int:
        variable = self._explorer.slicer.dataset.variables[STATUS]
        return int(flags.run_status(variable.isel(index).values[np.newaxis], variable.attrs)[0])

    def _start(
        self, index: Index, ended: Callable[[], object] | None = None, *, in_passing: bool = False
    ) -> None:
        study = self._source
        try:
            part = study.space.isel({dim: [at] for dim, at in index.items()})
            pending = self._status(index) == flags.PENDING
            run = study.start(where=part) if pending else study.retry(where=part, wait=False)
        except (ExplorekitError, OSError) as error:
            self._said = index, f"It cannot be run: {error}"
            return
        self._run, self._running, self._in_passing, self._given_up = run, index, in_passing, False
        self._began = time.monotonic()
        self._said = index, ""
        self._explorer.watch()
        if ended is not None:
            run.add_done_callback(ended)  # before what waits for the lock that is held here
        elif self.busy:
            self._explorer.redraw()  # as running
        this = weakref.WeakMethod(self._ended)
        run.add_done_callback(lambda: on_kernel_thread(lambda: (method := this()) and method()))

    def _ended(self) -> None:
        explorer, run = self._explorer, self._run
        with explorer.lock:
            if self._stopped or run is None:
                return
            progress = run.progress
            self._said = self._running, progress.message
            self._learn(self._running)
            explorer.refresh()
            if progress.state != "finished":
                self.as_moved &= self._given_up  # else it would be tried again, and again
                explorer.redraw()
            self.go_on()

    def _is_due(self) -> bool:
        """Return whether the point that is come to is to be run at once."""
        if not self.as_moved or self._stopped or not self.can_run:
            return False
        if self.busy or self._source.running or self._next is not None:
            return False
        return self.status() == flags.PENDING

    def _expected(self, otherwise: float) -> float:
        """Return how many seconds a run takes, as far as was measured, or else what is given."""
        if self._seconds is None and (evidence := self._source.review().evidence) is not None:
            self._seconds = evidence.seconds
        return otherwise if self._seconds is None else self._seconds

    def _learn(self, index: Index) -> None:
        """Note what the latest run took."""
        try:
            seconds = self._source.inspect(flat_position(self._explorer.slicer.dataset, index)).duration
        except (ExplorekitError, OSError):  # what it took is no reason to stop here
            return
        self._seconds = seconds if seconds == seconds else self._seconds

    def follow(self) -> None:
        """Run the point that is come to, if that is wanted, and it is pending, and a run is short."""
        self._give_up()
        if not self._is_due():
            return
        here, seconds = self._here(), self._expected(otherwise=0.0)
        if seconds > self.longest:
            self._said = here, f"A run takes about {duration(seconds)}, too long to run at every move."
        else:
            self._start(here, in_passing=True)
        self._explorer.tools.follow()

    def _give_up(self) -> None:
        """Cancel the run of a point that was left before it was over, where that saves some time."""
        left = self.as_moved and self._in_passing and self.busy and self._running != self._here()
        gone = time.monotonic() - self._began
        if left and self._run is not None and max(gone, self._expected(otherwise=0.0)) > PATIENCE:
            self._given_up = True
            self._run.cancel()
