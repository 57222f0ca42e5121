"""The directory of a study: made, or the one that is there, if it is of the same study."""

import os
from collections.abc import Sequence

from explorekit.errors import SpaceError, StudyError
from explorekit.simulation.baselines import baselines_with
from explorekit.simulation.calling import bind
from explorekit.simulation.declare import Simulation
from explorekit.space import Space
from explorekit.space.distributions import check_sampled
from explorekit.space.matching import same_space
from explorekit.store.directory import StudyDirectory, StudyRecord


def create(
    path: str | os.PathLike[str],
    simulation: Simulation,
    space: Space | None,
    seed: int,
    seed_by: Sequence[str] | None,
) -> None:
    """Make the directory of a study.

    Raises
    ------
    SimulationError
        If the simulation cannot be called with the space's parameters.
    StudyError
        If there is no space, or the directory cannot be made.
    """
    if space is None:
        raise StudyError(
            f"there is no study at {path} yet, so it needs a space: Study(simulation, space, path)."
        )
    call = bind(simulation, space.passed)
    record = StudyRecord(
        simulation.name, seed, "", None if seed_by is None else tuple(seed_by), baselines_with({}, call)
    )
    StudyDirectory.create(path, record, space)


def check_same(
    directory: StudyDirectory, space: Space | None, seed: int, seed_by: Sequence[str] | None
) -> None:
    """Raise `StudyError` if a study has another space than the one that is given, or another seed."""
    record = directory.read_record()
    if space is not None:
        same_space(directory.read_space(record.space), space, str(directory.path))
    given = None if seed_by is None else tuple(seed_by)
    if (record.seed, record.seed_by) != (seed, given):
        kept, got = f"seed={record.seed}", f"seed={seed}"
        if record.seed_by != given:
            kept, got = f"{kept}, seed_by={record.seed_by}", f"{got}, seed_by={given}"
        raise StudyError(
            f"the study at {directory.path} has {kept}; got {got}. "
            f"Give the same, or another path: the results at hand came from those streams."
        )


def check_space(space: object) -> None:
    """Raise `SpaceError` if what is given as a space, if anything, is none."""
    if space is not None and not isinstance(space, Space):
        raise SpaceError(
            f"got {type(space).__name__} as the space; expected a Space: explorekit.Space(a=[1, 2])."
        )
    if space is not None:
        check_sampled(space, "run the space")


def check_seed_by(seed_by: object, space: Space | None) -> None:
    """Raise `StudyError` if these cannot be the parameters that random streams depend on."""
    if seed_by is not None and (isinstance(seed_by, str) or not isinstance(seed_by, Sequence)):
        raise StudyError(f"got seed_by={seed_by!r}; expected a list of parameters, such as ['repetition'].")
    if seed_by is not None and space is not None:
        for name in seed_by:
            if name in space.derived:
                raise StudyError(
                    f"got seed_by={list(seed_by)}; {name!r} is derived from {', '.join(space.derived[name].formula.of)}. Name these."
                )
            if name not in space.parameters:
                raise StudyError(
                    f"got seed_by={list(seed_by)}; {name!r} is no parameter of the space ({', '.join(space.parameters)})."
                )
