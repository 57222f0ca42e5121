"""A study that changes: it gets more points, or lets results count no longer. Nobody runs it meanwhile."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, Self

from explorekit.errors import StudyBusyError, StudyError
from explorekit.simulation.baselines import baselines_with
from explorekit.simulation.calling import bind
from explorekit.simulation.declare import Simulation
from explorekit.simulation.objects import with_objects
from explorekit.space import Space, rederiving
from explorekit.space.growing import additions, grown, refinement
from explorekit.space.selecting import points_where
from explorekit.store.directory import StudyRecord
from explorekit.study_folder import StudyFolder

_KEPT_SPACES = 64  # more than there are turns between two writings of the index


class GrowingStudy(StudyFolder):
    """A study directory and the simulation that runs at its points; see `explorekit.Study`."""

    simulation: Simulation
    _functions: Mapping[str, Callable[..., Any]] = MappingProxyType(
        {}
    )  # of derived parameters; no study keeps them

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._outgrown: list[str] = []

    @property
    def space(self) -> Space:
        return rederiving.with_functions(super().space, self._functions)

    def extend(self, space: Space | None = None, /, **parameters: Any) -> Self:
        """Add points: longer dimensions, values in between, further parameters, more repetitions.

        Nothing runs, and no result changes; the next `run` runs the new points only. What is there already is no
        error, so that running the same cell twice is safe.

        New values go in sorted where the dimension is monotonic, else at its end, text always there. A float that differs from an
        existing one by rounding only (0.1 + 0.2 from 0.3) is taken as that one, which the log says.

        Parameters
        ----------
        space : Space, optional
            What to add: values along dimensions of the study, or further parameters. What it leaves out stays as it is.
        **parameters
            The same by name. Parameters that are paired grow together, by tuples. A further parameter becomes a
            dimension; the points that are there lie at the simulation's default, which must be among its values.
            ``repetition`` is the number of repetitions in all.

        Returns
        -------
        Study
            This study.

        Raises
        ------
        SpaceError
            If the values do not fit the study's space.
        SimulationError
            If the simulation has no argument for a further parameter.
        StudyBusyError
            If the study is being run.

        Examples
        --------
        >>> study.extend(width=[1.5, 3.0], depth=[1.0, 2.0], repetition=5)  # doctest: +SKIP
        >>> study.run()  # doctest: +SKIP
        """
        with self._held("extend the study") as record:
            if self._grow(record, additions(self.space, space, parameters)):
                self._catalog.keep()
        return self

    def _append(self, points: Space) -> None:
        """Do as `extend`, for many times one after the other, of which `_tidy_up` comes behind the last.

        Until then no index is written, and spaces are kept that the study has grown beyond, since the index may be of one of them.
        """
        with self._held("extend the study") as record:
            if self._grow(record, additions(self.space, points, {})):
                self._outgrown.append(record.space)
                self._directory.remove_spaces(self._outgrown[:-_KEPT_SPACES])
                del self._outgrown[:-_KEPT_SPACES]

    def _tidy_up(self) -> None:
        """Leave a study that opens at once; where somebody else holds it, that is left to them."""
        with suppress(StudyError), self._locked():
            self._follow(self._directory.read_record())
            self._catalog.refresh()
            self._catalog.keep()
            self._directory.remove_spaces(self._outgrown[:-1])  # someone may be about to read the last
            self._outgrown.clear()

    def _grow(self, record: StudyRecord, added: Space) -> bool:
        """Let the study have more points; returns whether these are any."""
        call = bind(self.simulation, {**self.space.passed, **added.passed})
        baselines = baselines_with(record.baselines, call)
        existing = rederiving.with_objects(self.space, self.simulation.objects)
        bigger = grown(existing, added, {n: bytes.fromhex(value) for n, value in baselines.items()})
        self.simulation = with_objects(self.simulation, added)
        self._functions = {**rederiving.functions_of(bigger), **self._functions}
        bind(self.simulation, bigger.passed)  # or it says what some points lack
        if bigger == self.space:
            return False
        further = bigger.parameters.keys() - self.space.parameters.keys()
        new = {n: baselines[n] for n in further if n in baselines}
        self._directory.update_record(
            space=self._directory.add_space(bigger), baselines={**record.baselines, **new}
        )
        self._follow(self._directory.read_record())
        self._catalog.refresh()
        return True

    def refine(self, parameter: str, *, around: float, n: int) -> Self:
        """Add values of one parameter near one that is of interest: `extend` with values between its neighbours.

        They are evenly spaced and symmetric about `around`, and reach almost as far as the nearer of its two neighbours, at
        an end of the dimension only inwards. None of them is there yet: if `around` is, half of them lie on each side of it, and an
        odd `n` is rounded up.

        Parameters
        ----------
        parameter : str
            A parameter of floats on a dimension of its own.
        around : float
            The value in the middle.
        n : int
            How many values to add.

        Returns
        -------
        Study
            This study.

        Raises
        ------
        SpaceError
            If the parameter cannot be refined, or not there.
        StudyBusyError
            If the study is being run.

        Examples
        --------
        >>> study.refine("beta", around=0.44, n=9).run()  # doctest: +SKIP
        """
        self._follow(self._directory.read_record())
        return self.extend(**{parameter: refinement(self.space, parameter, around, n)})

    def discard(self, where: Space | Mapping[str, Any], *, confirm: str = "") -> Self:
        """Let results count no longer; their points are pending again.

        Files in which nothing counts any more are moved to ``trash/`` in the study's directory; nothing is deleted.

        Parameters
        ----------
        where : Space or mapping
            Whose results: values of some parameters, such as ``{"a": 0.5}``, or a subspace. ``{}`` means all.
        confirm : str
            The study's name, to say that this is meant.

        Returns
        -------
        Study
            This study.

        Raises
        ------
        SpaceError
            If there are no such points.
        StudyError
            If the name is not given.
        StudyBusyError
            If the study is being run.

        Examples
        --------
        >>> study.discard({"width": 2.0}, confirm="area").run()  # doctest: +SKIP
        """
        from explorekit.discarding import discard

        with self._held("discard results of the study") as record:
            discard(self._catalog, record, points_where(self.space, where), confirm)
        return self

    @contextmanager
    def _held(self, purpose: str) -> Iterator[StudyRecord]:
        """Hold the study, which nobody runs then, to change it; gives its record."""
        self._check_not_running(purpose)
        self._directory.check_writable()
        with self._locked():
            record = self._directory.read_record()
            self._follow(record)
            self._catalog.refresh()
            yield record

    def _check_not_running(self, purpose: str) -> None:
        if self.running:
            raise StudyBusyError(
                f"the study at {self.path} is being run; wait for the run's end, or cancel it, to {purpose}."
            )
