"""Where the points of an adaptive exploration go: a new study, one that is there, or a fork of a grid."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from explorekit.adaptive.asked import Asked, fitted, is_of_points, recorded_points
from explorekit.adaptive.driving import drive
from explorekit.adaptive.protocol import Strategy
from explorekit.errors import SpaceError, StudyError
from explorekit.options import RunOptions
from explorekit.simulation.declare import as_simulation
from explorekit.space import Space
from explorekit.space.parameter import REPETITION
from explorekit.space.rederiving import computed_anew
from explorekit.store.directory import StudyDirectory
from explorekit.store.status import PENDING

if TYPE_CHECKING:
    from distributed import Client

    from explorekit.study import Study


def explore_adaptively(
    simulation: Callable[..., Any],
    strategy: Strategy,
    path: str | os.PathLike[str],
    *,
    seed: int = 0,
    seed_by: Sequence[str] | None = None,
    client: "Client | Literal[False] | None" = None,
    max_points: int | None = None,
    **options: Unpack[RunOptions],
) -> "Study":
    """Make a study of the points that a strategy asks for, or go on with the one that is there.

    The strategy is asked, its points are run, it is told the results, and so on until it asks for no more. Every answered
    point stays in the study, along the dimension ``point``, in the order of asking. After an interrupt, or the end of this process,
    the same call goes on where it was.

    Parameters
    ----------
    simulation : callable
        As for `Study`.
    strategy : adaptive.Strategy
        Decides which points come next: see `explorekit.adaptive`.
    path : path-like
        The study directory.
    seed, seed_by
        As for `Study`.
    client : distributed.Client, optional
        As for `Study.start`.
    max_points : int, optional
        How many points the strategy may ask for in all, those of an earlier call included.
    **options
        As for `Study.start`; ``max_time`` and ``until`` are of the whole.

    Returns
    -------
    Study
        The study.

    Raises
    ------
    SpaceError
        If the strategy asks for points that a study cannot have, or for none.
    SimulationError, StudyError
        As for `Study` and `Study.start`.

    Examples
    --------
    >>> import explorekit as ek
    >>> strategy = ek.adaptive.Update(lambda results: None, first=ek.Space(x=[1.0, 2.0]))
    >>> study = ek.explore_adaptively(simulation, strategy, "studies/search")  # doctest: +SKIP
    """
    from explorekit.study import Study

    if StudyDirectory.exists(path):
        study = Study(simulation, path=path, seed=seed, seed_by=seed_by)
        return explore_study(study, strategy, None, client, max_points, options)

    def begin(first: Asked) -> Study:
        return Study(simulation, first.points, path, seed=seed, seed_by=seed_by)

    explored = drive(strategy, as_simulation(simulation), begin, client, max_points, options)
    if explored is None:
        raise SpaceError(
            f"the strategy asks for no points, so that there is nothing to make a study of at {path}. Has it been used before? "
            f"Give a new one."
        )
    return explored


def explore_study(
    study: "Study",
    strategy: Strategy,
    path: str | os.PathLike[str] | None,
    client: "Client | Literal[False] | None",
    max_points: int | None,
    options: RunOptions,
) -> "Study":
    """Explore a study further, or a fork of it: see `Study.explore_adaptively`."""

    def begin(first: Asked) -> "Study":
        return study if is_of_points(study.space) else _fork(study, first, path)

    return drive(strategy, study.simulation, begin, client, max_points, options) or study


def _fork(study: "Study", first: Asked, path: str | os.PathLike[str] | None) -> "Study":
    """Return the fork of a study whose points are those that have a record, and can be added to one by one."""
    from explorekit.forking import is_fork_of
    from explorekit.study import Study

    place = study.path.with_name(f"{study.path.name}-adaptive") if path is None else Path(path)
    record = StudyDirectory(study.path).read_record()
    if StudyDirectory.exists(place):
        if not is_fork_of(place, record):
            raise StudyError(
                f"{place} holds another study than a fork of {study.path}; give another path: explore_adaptively(…, path='studies/name')."
            )
        return Study(study.simulation, path=place, seed=record.seed, seed_by=record.seed_by)
    return study.fork(place, _space_for(study, first))


def _space_for(study: "Study", first: Asked) -> Space:
    """Return the points of a study that have a record, one by one; those that are asked for first if there is none.

    What is asked for varies there, even if it is fixed in the study.

    Raises
    ------
    SpaceError
        If the points that are asked for first do not fit these.
    """
    index = study._snapshot().index  # noqa: SLF001
    has_record = index.status != PENDING
    stretches = zip(index.start[has_record].tolist(), index.stop[has_record].tolist(), strict=True)
    positions = np.concatenate([np.empty(0, np.int64), *(np.arange(a, b) for a, b in stretches)])
    recorded = recorded_points(study.space, positions if positions.size else [0]).points
    asked_for = first.points.parameters
    kept = {
        n: p
        for n, p in study.space.parameters.items()
        if n == REPETITION or (p.dim is None and n not in asked_for)
    }
    space = computed_anew(Space.from_parameters([*({**recorded.parameters, **kept}).values()]), study.space)
    fitting = fitted(first, space)  # or it says what does not fit, before there is a fork
    if positions.size:
        return space
    asked_first = Space.from_parameters([*({**fitting.points.parameters, **kept}).values()])
    return computed_anew(asked_first, study.space)
