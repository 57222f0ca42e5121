"""A study: a simulation, a space and a directory. The public surface of explorekit."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from explorekit.adopting import OnChange, adopt, difference, differs_in_labels, has_changed, keep_code
from explorekit.choosing import Choice, failed, few, pending
from explorekit.creating import check_same, check_seed_by, check_space, create
from explorekit.errors import SimulationError, StudyBusyError, StudyError
from explorekit.growing import GrowingStudy
from explorekit.options import OnError, Order, PartOptions, RunOptions, request_of, whole_number
from explorekit.simulation.baselines import baselines_with
from explorekit.simulation.calling import bind
from explorekit.simulation.capture import Captured, capture
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.encoding import check_available
from explorekit.simulation.objects import check_objects, with_objects
from explorekit.space import Space
from explorekit.space.rederiving import functions_of
from explorekit.space.selecting import points_where
from explorekit.starting import begin, held_for_run
from explorekit.store.directory import StudyDirectory

if TYPE_CHECKING:
    from distributed import Client

    from explorekit.adaptive import Strategy
    from explorekit.engine.run import Run
    from explorekit.explorer import ProgressPanel
    from explorekit.reproducing import Reproduction
    from explorekit.review import Review


class Study(GrowingStudy):
    """A simulation, a space and a directory.

    Makes the directory, or opens the one that is there: with the same space it goes on where it stopped.

    Parameters
    ----------
    simulation : callable
        Called with the parameters of each point by keyword. It may ask for ``rng``, a `numpy.random.Generator`, ``seed``,
        an int, or ``repetition``. It returns a scalar, dict, ndarray, DataArray, Dataset, DataFrame, Series or sparse matrix,
        or yields one a step.
    space : Space, optional
        What to explore; may be left out to open a study with the space it has.
    path : path-like
        The study directory.
    seed : int, default 0
        The root of all random streams. That of a point depends on nothing but this and the point's values.
    seed_by : sequence of str, optional
        The parameters that the streams depend on, ``repetition`` included; by default all.
        ``["repetition"]`` gives all points of a repetition the same stream.

    Raises
    ------
    SimulationError
        If the simulation cannot be called with these parameters, or cannot travel to a worker.
    SpaceError
        If the space cannot be explored.
    StudyError
        If the directory holds something else, another space or another seed, or cannot be written.

    Examples
    --------
    >>> import explorekit as ek
    >>> def area(width, height):
    ...     return width * height
    >>> space = ek.Space(width=[1.0, 2.0], height=[3.0, 4.0, 5.0])
    >>> study = ek.Study(area, space, "studies/area")  # doctest: +SKIP
    >>> study.run()  # doctest: +SKIP
    >>> study.results["area"].sel(width=2.0, height=5.0).item()  # doctest: +SKIP
    10.0
    """

    def __init__(
        self,
        simulation: Callable[..., Any],
        space: Space | None = None,
        path: str | os.PathLike[str] | None = None,
        *,
        seed: int = 0,
        seed_by: Sequence[str] | None = None,
    ) -> None:
        self.simulation = as_simulation(simulation)
        check_available(self.simulation.encoding, SimulationError)
        if path is None:
            raise StudyError(
                "got no path; expected the directory that the study is kept in: Study(simulation, space, 'studies/name')."
            )
        check_space(space)
        self.simulation = with_objects(self.simulation, space)
        seed = whole_number("seed", seed, 0)
        check_seed_by(seed_by, space)
        self._captured = capture(self.simulation)
        if StudyDirectory.exists(path):
            check_same(StudyDirectory(path), space, seed, seed_by)
        else:
            create(path, self.simulation, space, seed, seed_by)
        super().__init__(path)
        self._functions = functions_of(space)
        self._run: Run | None = None
        self._where: Space | Mapping[str, Any] | None = None  # the part that it runs
        bind(self.simulation, self.space.passed)  # or it says what does not fit

    # ---- running

    def review(
        self,
        client: "Client | Literal[False] | None" = None,
        *,
        pilot: bool | int = False,
        n_workers: int | None = None,
        code: OnChange | None = None,
        max_time: float | None = None,
        until: datetime | None = None,
    ) -> "Review":
        """Tell what a run would do: points, workers, time, memory, disk, and what is likely to go wrong.

        Parameters
        ----------
        client : distributed.Client, optional
            As for `start`.
        pilot : bool or int, default False
            Whether to run a few points first, spread over the space, and how many; True means two a worker. Their results
            are kept. Without any result at hand nothing is known about time, memory and disk.
        n_workers, code, max_time, until
            As for `start`.

        Returns
        -------
        Review
            Shown as a table.

        Raises
        ------
        StudyError
            If an option has a value that it cannot have, or a pilot cannot run.

        Examples
        --------
        >>> study.review(pilot=True)  # doctest: +SKIP
        >>> assert not study.review().problems  # doctest: +SKIP
        """
        from explorekit.review import take_review, workers_of

        options: PartOptions = {"n_workers": n_workers, "code": code, "max_time": max_time, "until": until}
        request = request_of(client, self.simulation, options)
        workers = workers_of(request.client, request.n_workers)
        n = max(4, 2 * workers.slots) if pilot is True else whole_number("pilot", pilot or 0, 0)
        if n and not self.running:
            self._start(client, few(n), **options).wait()
            request = request_of(client, self.simulation, options)  # what it takes counts from now on
        trouble = ""
        try:
            self._directory.check_writable()
        except StudyError as error:
            trouble = str(error)
        return take_review(self.name, self.path, self._snapshot(), workers, request.end, trouble)

    def start(
        self,
        client: "Client | Literal[False] | None" = None,
        *,
        where: Space | Mapping[str, Any] | None = None,
        n_workers: int | None = None,
        dashboard: bool = False,
        code: OnChange | None = None,
        errors: OnError = "record",
        retries: int = 0,
        timeout: float | None = None,
        max_time: float | None = None,
        until: datetime | None = None,
        order: Order = "given",
    ) -> "Run":
        """Run the pending points in the background; returns at once.

        Parameters
        ----------
        client : distributed.Client, optional
            The cluster to run on. By default the active client if there is one, else a private cluster of worker processes
            on this machine. False asks for the private one in any case.
        where : Space or mapping, optional
            The part to run: values of some parameters, such as ``{"a": 0.5}`` or ``{"a": slice(0, 1)}``, or a subspace. Other
            points stay pending.
        n_workers : int, optional
            Number of worker processes of the private cluster; by default what the machine's limits allow.
        dashboard : bool, default False
            Whether the private cluster serves Dask's dashboard. The run's panel links to it, and ``progress.dashboard``
            is its address. It needs bokeh.
        code : {"keep", "rerun", "fork"}, optional
            What to do with earlier results if the simulation's code has changed since: keep them beside the new ones, run
            their points again, or leave this study as it is and run in a new one beside it, which this object is from then on.
        errors : {"record", "raise"}, default "record"
            What to do about runs that fail: record them and go on, or end the run at the first and raise it from ``wait``.
        retries : int, default 0
            How often a run that fails, times out or takes its process down is tried again, with the same random stream.
        timeout : float, optional
            Seconds after which one run is ended and recorded as timed out, also where it hangs in C; by default what the
            simulation declares, else no limit. For a vectorised simulation, seconds of a call.
        max_time, until : float, datetime, optional
            Seconds, or the moment, after which the run has ended: no batch is begun that would not end in time, what is
            in flight is handed in, and the rest stays pending. By default the end of the Slurm job that this runs in.
        order : {"given", "coarse-to-fine"}, default "given"
            Whether points run in the order of the space, or those of ever finer grids one after the other, so that a map
            fills everywhere early; so they do anyway while an explorer looks on.

        Returns
        -------
        Run
            Shown in a notebook it is a live panel; ``wait()`` waits for its end.

        Raises
        ------
        CodeChangedError
            If the code has changed and `code` does not say what to do.
        StudyBusyError
            If the study is being run already: elsewhere, or here for another part. The run of the same part is returned.
        StudyError
            If the directory cannot be written.
        """
        return self._start(
            client,
            pending,
            where=where,
            n_workers=n_workers,
            dashboard=dashboard,
            code=code,
            errors=errors,
            retries=retries,
            timeout=timeout,
            max_time=max_time,
            until=until,
            order=order,
        )

    def _start(
        self, client: "Client | Literal[False] | None", choose: Choice, **options: "Unpack[PartOptions]"
    ) -> "Run":
        """Run the points that are chosen by what is recorded of them."""
        request = request_of(client, self.simulation, options)
        if self._run is not None and self.running:
            self._check_same_part(request.where)
            return self._run
        captured = capture(self.simulation)
        if request.code == "fork":
            self._move_to_fork(captured)
        with held_for_run(self._directory) as release:
            record = self._directory.read_record()
            self._follow(record)
            check_objects(self.simulation, self.space)
            study = self._directory, self._catalog, self._seeding(record)
            again: PartOptions = {**options, "code": None}
            retry = partial(self._start, client, failed, **again)
            self._run = begin(*study, self.simulation, captured, choose, request, release, retry)
            self._where = request.where
        self._captured = captured
        return self._run

    def _check_same_part(self, where: Space | Mapping[str, Any] | None) -> None:
        """Raise `StudyBusyError` if the run that goes on is of another part than is asked for."""
        asked, runs = (
            points_where(self.space, {} if part is None else part) for part in (where, self._where)
        )
        if not np.array_equal(asked, runs):
            raise StudyBusyError(
                f"the study at {self.path} is being run for where={self._where!r}; got where={where!r}. Wait for the run's end, or "
                f"cancel it, to run another part."
            )

    def run(self, client: "Client | Literal[False] | None" = None, **options: "Unpack[PartOptions]") -> "Run":
        """Run the pending points and wait for the end: ``start(...).wait()``, with the same options.

        Interrupting it cancels the run; what is finished is kept, and running again goes on from there.
        """
        return self.start(client, **options).wait()

    def retry(
        self,
        client: "Client | Literal[False] | None" = None,
        *,
        where: Space | Mapping[str, Any] | None = None,
        wait: bool = True,
        **options: "Unpack[RunOptions]",
    ) -> "Run":
        """Run the points again that failed or timed out, with the same random streams.

        Until a point has succeeded its latest failure shows. What is ok is not run again, nor is what is pending.

        Parameters
        ----------
        client, where
            As for `start`.
        wait : bool, default True
            Whether to wait for the end, as `run` does, or to return at once, as `start` does.
        **options
            As for `start`.

        Returns
        -------
        Run
            The run.

        Raises
        ------
        CodeChangedError
            If the code has changed and ``code`` does not say what to do: after a bug was mended, ``code="keep"`` keeps what is ok.
        StudyBusyError
            If the study is being run.

        Examples
        --------
        >>> study.retry(timeout=600)  # doctest: +SKIP
        """
        self._check_not_running("retry")
        if options.get("code") not in (None, "keep"):
            raise StudyError(
                f"got code={options['code']!r}; expected 'keep', which keeps what is ok. To run everything again: run(code='rerun')."
            )
        run = self._start(client, failed, where=where, **options)
        return run.wait() if wait else run

    def explore_adaptively(
        self,
        strategy: "Strategy",
        path: str | os.PathLike[str] | None = None,
        *,
        client: "Client | Literal[False] | None" = None,
        max_points: int | None = None,
        **options: "Unpack[RunOptions]",
    ) -> "Study":
        """Run the points that a strategy asks for, tell it their results, and so on until it asks for no more.

        All points of one ask run at the same time. New ones are appended along the dimension ``point``; those that the study
        has already are answered without a run. After an interrupt, or the end of this process, the same call goes on where
        it was: nothing that is finished runs again.

        A study whose points are no list, such as a grid, stays as it is: its results are taken over into a fork whose points
        are one.

        Parameters
        ----------
        strategy : adaptive.Strategy
            Decides which points come next: see `explorekit.adaptive`.
        path : path-like, optional
            Where the fork lies, if there has to be one; by default beside this study, with ``-adaptive`` behind its name.
        client : distributed.Client, optional
            As for `start`.
        max_points : int, optional
            How many points the strategy may ask for in all, those of an earlier call included.
        **options
            As for `start`; ``max_time`` and ``until`` are of the whole.

        Returns
        -------
        Study
            This study, or the fork.

        Raises
        ------
        SpaceError
            If the strategy asks for points that the study cannot have.
        StudyError
            If it is no strategy, or asks for ever for what it knows.
        CodeChangedError, StudyBusyError
            As for `start`.

        Examples
        --------
        >>> from explorekit.adaptive import Update
        >>> study.explore_adaptively(Update(next_points, first=study.space))  # doctest: +SKIP
        """
        from explorekit.adaptive import explore_study

        return explore_study(self, strategy, path, client, max_points, options)

    def prefer(self, indexers: Mapping[str, Any] | None = None, /, **indexers_kwargs: Any) -> None:
        """Have some of the points that wait run before the others, from coarse to fine; without a run, nothing happens.

        An explorer asks for what it shows, and once for everything. Of several requests the latest counts.

        Parameters
        ----------
        indexers
            By dimension, the positions along it, as in ``isel``: an integer, a slice, or a sequence of integers. A
            dimension that is left out is whole.
        """
        if self._run is not None and not self._run.done:
            self._run.prefer({**(indexers or {}), **indexers_kwargs})

    @property
    def running(self) -> bool:
        return self._run is not None and not self._run.done

    def panel(self) -> "ProgressPanel":
        """Return the live panel of the latest run, which can be shown in any cell, any number of times.

        Raises
        ------
        StudyError
            If nothing was run by this object.
        """
        if self._run is None:
            raise StudyError(
                f"the study at {self.path} has not been run by this object yet; start() or run() do."
            )
        panel: ProgressPanel = self._run.panel()
        return panel

    @property
    def code_changes(self) -> str:
        """How the simulation's code differs from that of the results at hand: a unified diff, empty if it does not."""
        record = self._directory.read_record()
        if record.code in ("", self._captured.version.id) or differs_in_labels(
            self._directory, record, self._captured
        ):
            return ""
        return difference(self._directory, record, self._captured)

    def fork(self, path: str | os.PathLike[str], space: Space | None = None) -> "Study":
        """Make a new study that has the results of this one as far as their points are in its space.

        This study is left as it is. Files that never change are shared where the file system allows. Only results that this study
        shows are taken over: those of the current code, and of versions that were kept.

        Parameters
        ----------
        path : path-like
            The new study's directory.
        space : Space, optional
            What the new study explores, whatever its structure; by default the same. A parameter that it leaves out, or
            has beyond this one's, is at the simulation's default in the results that are taken over.

        Returns
        -------
        Study
            The new study.

        Raises
        ------
        SimulationError
            If the simulation cannot be called with the space's parameters.
        StudyError
            If something lies at the path, or it cannot be written.

        Examples
        --------
        >>> wide = study.fork("studies/wide", ek.Space(width=[1.0, 9.0], height=4.0))  # doctest: +SKIP
        """
        from explorekit.forking import fork

        check_space(space)
        record = self._directory.read_record()
        self._follow(record)
        chosen = self.space if space is None else space
        known = baselines_with(record.baselines, bind(self.simulation, chosen.passed))
        new = {
            n: known[n]
            for n, p in chosen.passed.items()
            if n in known and n not in self.space.passed and p.objects is None
        }
        fork(self._directory, path, chosen, {**record.baselines, **new})
        made = Study(
            with_objects(self.simulation, space), path=path, seed=record.seed, seed_by=record.seed_by
        )
        made._functions = functions_of(chosen)
        return made

    def _take_up_code(self, code: OnChange | None) -> None:
        """Decide about results of other code as `start` does, without running anything."""
        captured, record = capture(self.simulation), self._directory.read_record()
        if captured.version.id == record.code and not (code == "rerun" and record.kept):
            return
        if code == "fork":
            self._check_not_running("fork the study")
            self._move_to_fork(captured)
        with self._held("take up the simulation's code") as record:
            if code == "rerun" or has_changed(record, self._catalog, captured):
                adopted = adopt(self._directory, self._catalog, captured, code)
                keep_code(self._directory, adopted, self.simulation, self.space, captured)
        self._captured = captured

    def _move_to_fork(self, captured: Captured) -> None:
        """Go on in a study of the new code beside this one, if the code has changed."""
        from explorekit.forking import fork_for

        self._follow(self._directory.read_record())
        space, place = self.space, fork_for(self._directory, self._catalog, captured)
        if place is not None:
            super().__init__(place)
            self.extend(space)  # by what this study got since an earlier run made the fork

    # ---- looking again

    def reproduce(self, position: int | None = None, /, **point: Any) -> "Reproduction":
        """Run one point in this process, with the same random stream, and compare with what is kept, bit for bit.

        What a vectorised simulation returns may differ by the tolerance that it declares.
        Nothing is kept of this run. It is the way to step through a point with a debugger, too.

        Parameters
        ----------
        position : int, optional
            The point's flat position, in C order over the dimensions.
        **point
            Or a value of each parameter that has more than one.

        Returns
        -------
        Reproduction
            True if it is the same; shown, it says what differs, and whether the code has changed since.

        Raises
        ------
        SpaceError
            If the values name no point, or more than one.
        StudyError
            If the point is pending.

        Examples
        --------
        >>> assert study.reproduce(width=2.0, height=5.0).same  # doctest: +SKIP
        """
        from explorekit.reproducing import reproduce
        from explorekit.space.finding import position_of

        record = self._directory.read_record()
        snapshot = self._snapshot()
        check_objects(self.simulation, self.space)
        at = position_of(self.space, point if position is None else position)
        return reproduce(self.simulation, capture(self.simulation), snapshot, at, self._seeding(record))
