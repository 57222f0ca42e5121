"""The points that a strategy asks for, one by one along the dimension ``point``, and where a study has them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space import Space
from explorekit.space.derived import Derived
from explorekit.space.distributions import check_sampled
from explorekit.space.growing import check_units, fitting_of
from explorekit.space.parameter import POINT, REPETITION, Parameter
from explorekit.space.retyping import with_arrays_of_both
from explorekit.space.values import MISSING

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """What a strategy asks for.

    Parameters
    ----------
    points
        The distinct points along ``point``, with their repetitions.
    order
        The place among them of each point that is asked for; some may be asked for twice.
    """

    points: Space
    order: Ints

    def first(self, n: int) -> "Asked":
        """Return the first `n` of what is asked for."""
        order = self.order[:n]
        return Asked(self.points.isel({POINT: np.arange(order.max() + 1)}), order)


def is_of_points(space: Space) -> bool:
    """Return whether a space has its points one by one, so that any further one can be appended."""
    return POINT in space.dims and set(space.dims) <= {POINT, REPETITION}


def asked(space: object) -> Asked:
    """Return the points of any space one by one, along ``point``.

    Raises
    ------
    SpaceError
        If it is no space, has no parameters, or distributions of which nothing is drawn.
    """
    if not isinstance(space, Space):
        raise SpaceError(
            f"a strategy asked for {type(space).__name__}; expected the next points as a Space, or None for the end."
        )
    check_sampled(space, "run what a strategy asks for")
    if not space.parameters.keys() - {REPETITION}:
        raise SpaceError(
            "a strategy asked for a space without parameters; expected points, or None for the end."
        )
    shape = tuple(size for dim, size in space.sizes.items() if dim != REPETITION)
    return in_points(space, np.arange(int(np.prod(shape))))


def in_points(space: Space, positions: Ints) -> Asked:
    """Return the points at flat positions, in which repetitions do not count, one by one."""
    sizes = {dim: size for dim, size in space.sizes.items() if dim != REPETITION}
    index = dict(zip(sizes, np.unravel_index(positions, tuple(sizes.values())), strict=True)) if sizes else {}
    columns = [
        replace(p.take(index[p.dim]), dim=POINT)
        if p.dim
        else along_point(p, np.full(positions.size, p.values))
        for name, p in space.parameters.items()
        if name != REPETITION
    ]
    derived = [one.listed(index, POINT) for one in space.derived.values()]
    return _distinct(columns, [p for name, p in space.parameters.items() if name == REPETITION], derived)


def _distinct(
    columns: Sequence[Parameter], repeated: Sequence[Parameter], derived: Sequence[Derived]
) -> Asked:
    """Return points along ``point``, each once."""
    place: dict[tuple[bytes, ...], int] = {}
    rows = zip(*(p.labels for p in columns), strict=True)
    order = np.array([place.setdefault(row, len(place)) for row in rows], dtype=np.int64)
    first = np.unique(order, return_index=True)[1]
    taken = [one.take({POINT: first}) for one in derived]
    return Asked(Space.from_parameters([*(p.take(first) for p in columns), *repeated, *taken]), order)


def points_like(space: Space, columns: Mapping[str, Sequence[Any]]) -> Space:
    """Return points with the values of some parameters, None where one is not given; types and attributes are those of a space."""
    return Space.from_parameters([_column(space.parameters[name], some) for name, some in columns.items()])


def _column(like: Parameter, some: Sequence[Any]) -> Parameter:
    given = np.array([value is not None for value in some], dtype=np.bool_)
    values = np.full(given.shape, MISSING[like.values.dtype.kind], dtype=like.values.dtype)
    values[given] = [value for value in some if value is not None]
    return along_point(like, values, None if given.all() else given)


def values_at(space: Space, index: Mapping[str, int], leave_out: Collection[str]) -> dict[str, Any]:
    """Return the values of parameters at one point, given by its position on each dimension; None where one is not given."""
    found = {}
    for name, p in space.parameters.items():
        if name not in (REPETITION, *leave_out):
            at = (index[p.dim],) if p.dim else ()
            found[name] = p.values[at] if p.given is None or p.given[at] else None
    return found


def along_point(
    parameter: Parameter, values: npt.NDArray[Any], given: npt.NDArray[np.bool_] | None = None
) -> Parameter:
    """Return a parameter with other values, which lie along ``point``."""
    values = np.array(values)
    values.flags.writeable = False
    return replace(parameter, dim=POINT, values=values, given=given)


def fitted(asked_for: Asked, space: Space) -> Asked:
    """Return points as a study that has its points one by one, or a fork that is to have them so, can take them in.

    Their values are of the types that the study has once and for all, and what is fixed there is left out.

    Raises
    ------
    SpaceError
        If they lack a parameter that varies in its space and that all points there have, or do not fit otherwise.
    """
    space, points = with_arrays_of_both(space, asked_for.points)
    for name in points.parameters:
        if name not in space.parameters:
            raise SpaceError(_no_place_for(name, space))
    varied = {name: p for name, p in space.parameters.items() if p.dim not in (None, REPETITION)}
    if lacking := [name for name, p in varied.items() if name not in points.parameters and p.given is None]:
        raise SpaceError(
            f"a strategy asked for points without {listing(lacking)}, which varies in the study; expected values of "
            f"{listing(varied, len(varied))}. Give each point one."
        )
    repeated = []
    for name, p in points.parameters.items():
        known = space.parameters[name]
        if name == REPETITION:
            _check_repetitions(p, known)
            repeated = [p]
        else:
            check_units(known, p)
            if known.dim is None:
                _check_fixed(p, known)
    if unknown := [name for name in points.derived if name not in space.derived]:
        raise SpaceError(_no_place_for(unknown[0], space))
    size = points.sizes[POINT]
    columns = [
        replace(
            fitting_of(known, points.parameters[name]), dim=POINT, objects=points.parameters[name].objects
        )
        if name in points.parameters
        else _column(known, [None] * size)
        for name, known in varied.items()
    ]
    found = _distinct(columns, repeated, list(points.derived.values()))
    return replace(found, order=found.order[asked_for.order])


def _no_place_for(name: str, space: Space) -> str:
    if name == REPETITION:
        return "a strategy asked for repetitions, but the study has none. Ask for them from the first ask on."
    known = [one for one in space.parameters if one != REPETITION]
    return (
        f"a strategy asked for values of {name!r}, which is no parameter of the study; it has {listing(known)}."
        f"{suggest(name, known)} For other parameters, start another study."
    )


def _check_repetitions(asked_for: Parameter, known: Parameter) -> None:
    if not np.array_equal(asked_for.values, known.values):
        raise SpaceError(
            f"a strategy asked for the repetitions {asked_for.summary()}; every point of the study has the repetitions "
            f"{known.summary()}. Leave them out, or add some to all points: extend(repetition=n)."
        )


def _check_fixed(asked_for: Parameter, known: Parameter) -> None:
    if other := [value for value in asked_for.values[asked_for.is_given] if value != known.values[()]]:
        raise SpaceError(
            f"a strategy asked for {asked_for.name}={asked_for.text_of(other[0])}, but the study has it fixed at {known.summary()}. "
            f"Give that value, or start another study."
        )


def places(points: Space, space: Space) -> Ints:
    """Return where points lie along ``point`` of a space, −1 where they do not."""
    return space.axes[POINT].positions_of(points.axes[POINT])


def recorded_points(space: Space, positions: Sequence[int] | Ints) -> Asked:
    """Return the points at flat positions of a space, some of which are repetitions of one."""
    return in_points(
        space, np.unique(np.asarray(positions, dtype=np.int64) // space.sizes.get(REPETITION, 1))
    )
