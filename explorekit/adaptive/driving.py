"""A strategy and a study by turns: ask, append, run, tell."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from explorekit.adaptive.asked import Asked, Ints, asked, fitted, places
from explorekit.adaptive.protocol import Strategy
from explorekit.errors import StudyError
from explorekit.options import PartOptions, RunOptions, request_of, whole_number
from explorekit.simulation.declare import Simulation
from explorekit.space.parameter import POINT, REPETITION
from explorekit.store.status import PENDING

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

    from explorekit.engine.progress import Progress
    from explorekit.study import Study

_MOST_REPEATS = 1000  # asks in a row for nothing but what was asked before


def drive(
    strategy: Strategy,
    simulation: Simulation,
    begin: Callable[[Asked], "Study"],
    client: "Client | Literal[False] | None",
    max_points: int | None,
    options: RunOptions,
) -> "Study | None":
    """Ask, run and tell by turns until the strategy, the points or the time ends.

    Parameters
    ----------
    strategy
        Decides.
    simulation
        The study's.
    begin
        Gives the study, whose points lie along ``point``, when the first points are known.
    client, options
        As for `Study.start`.
    max_points
        How many answers the strategy gets at most.

    Returns
    -------
    Study or None
        The study; None if the strategy asks for nothing.
    """
    _check(strategy)
    left = np.inf if max_points is None else whole_number("max_points", max_points, 1)
    end = request_of(client, simulation, cast("PartOptions", options)).end
    until = None if end is None else datetime.fromtimestamp(end.at, UTC)
    timed: RunOptions = {**options, "max_time": None, "until": until}
    turns: Turns | None = None
    try:
        while left and (space := strategy.ask()) is not None:
            points = asked(space)
            cut = points.order.size > left
            points = points.first(int(left)) if cut else points
            if turns is None:
                turns = Turns(begin(points), client, timed)
            results = turns.answer(points)
            if results is None or cut:  # out of time, or of points
                break
            strategy.tell(turns.all() if getattr(strategy, "cumulative", False) else results)
            left -= points.order.size
    finally:
        if turns is not None:
            turns.end()
    return None if turns is None else turns.study


class Turns:
    """The turns of one exploration: keeps what was asked for.

    Parameters
    ----------
    study
        A study whose points lie along ``point``.
    client, options
        As for `Study.start`; without ``max_time``.
    """

    def __init__(self, study: "Study", client: "Client | Literal[False] | None", options: RunOptions) -> None:
        self.study = study
        self._client = client
        self._options = options
        self._asks: list[Ints] = []  # the positions of each
        self._known: set[int] = set()
        self._repeats = 0
        self._appended = False
        self._showing = ExitStack()
        self._shown: list[Callable[[Progress], None]] = []
        self._latest: Progress | None = None
        self._panels: Any = None

    def answer(self, points: Asked) -> "xr.Dataset | None":
        """Return the results of some points, which are run if there are none; None if the time is over before all have one."""
        fitting = fitted(points, self.study.space)
        wanted = fitting.points
        objects = any(p.objects for p in wanted.parameters.values())
        if not self._asks:
            self.study._take_up_code(self._options.get("code"))  # noqa: SLF001 - before it gets points
        # No study keeps objects, and functions of what is derived: it gets them again, whether there are new points or not.
        if objects or wanted.derived or (places(wanted, self.study.space) < 0).any():
            self.study._append(wanted)  # noqa: SLF001
            self._appended = True
        if objects:  # another one may stand for a label now
            self.study._take_up_code(self._options.get("code"))  # noqa: SLF001
        at = places(wanted, self.study.space)
        pending = self._pending(at)
        if pending.any():
            if self._out_of_time():
                return None
            try:
                run = self.study.start(self._client, where=wanted.isel({POINT: pending}), **self._options)
            except StudyError:
                if self._out_of_time():  # by now, so that there is no starting any more
                    return None
                raise
            self._show(run)
            run.wait_showing(self._shown_with_others)
            if self._pending(at).any():
                return None
        self._count(at)
        self._asks.append(at[fitting.order])
        return self._results([self._asks[-1]], len(self._asks) - 1)

    def end(self) -> None:
        """Say what has become of all, and leave a study that opens at once."""
        if self._latest is not None:
            self._shown[0](self._latest)
        self._showing.close()
        if self._appended:
            self.study._tidy_up()  # noqa: SLF001

    def all(self) -> "xr.Dataset":
        """Return the results of all that was asked for, in that order."""
        return self._results(self._asks, 0)

    def _results(self, asks: list[Ints], first: int) -> "xr.Dataset":
        generation = np.repeat(np.arange(first, first + len(asks)), [at.size for at in asks])
        results = self.study.results.isel({POINT: np.concatenate(asks)})
        taken = "generation" in results.variables
        return results if taken else results.assign_coords(generation=(POINT, generation))

    def _pending(self, at: Ints) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        repetitions = self.study.space.sizes.get(REPETITION, 1)
        positions = at[:, np.newaxis] * repetitions + np.arange(repetitions)
        status = self.study._snapshot().index.locate(positions.ravel())[2]  # noqa: SLF001
        return np.asarray((status.reshape(positions.shape) == PENDING).any(axis=1))

    @contextmanager
    def _shown_with_others(self, progress: "Progress") -> "Iterator[Callable[[Progress], None]]":
        """Show the progress of one turn after the other in one place."""
        if not self._shown:
            from explorekit.engine.run import shown

            self._shown.append(self._showing.enter_context(shown(progress)))

        def update(progress: "Progress") -> None:
            self._latest = progress
            self._shown[0](replace(progress, state="running") if progress.done else progress)

        yield update

    def _out_of_time(self) -> bool:
        until = self._options.get("until")
        return until is not None and until <= datetime.now(UTC)

    def _count(self, at: Ints) -> None:
        """Raise `StudyError` if the strategy goes round in a circle."""
        new = set(at.tolist()) - self._known
        self._known |= new
        self._repeats = 0 if new else self._repeats + 1
        if self._repeats > _MOST_REPEATS:
            raise StudyError(
                f"the strategy asked {_MOST_REPEATS:,} times in a row for points that it has the results of; expected new points, or "
                f"None for the end. Give max_points= to end such a search."
            )

    def _show(self, run: Any) -> None:
        """Show the panel of each run in the place of the one before, in a notebook."""
        from explorekit.engine.run import in_notebook

        if not in_notebook():
            return
        import ipywidgets
        from IPython.display import display

        if self._panels is None:
            self._panels = ipywidgets.VBox()
            display(self._panels)  # type: ignore[no-untyped-call]
        self._panels.children = (run.panel(),)


def _check(strategy: object) -> None:
    if isinstance(strategy, type) or not isinstance(strategy, Strategy):
        raise StudyError(
            f"got {strategy!r} as strategy; expected an object with ask() and tell(results): see explorekit.adaptive. A function of "
            f"the results so far is one as adaptive.Update(function, first=space)."
        )
