"""Which points fulfil a predicate? It is asked of each combination of the values that it looks at, and of no others."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.derived import Derived, dims_of
from explorekit.space.distributions import check_sampled
from explorekit.space.parameter import POINT, REPETITION, Parameter
from explorekit.space.positions import described

if TYPE_CHECKING:
    from explorekit.space.space import Space

Mask = npt.NDArray[np.bool_]
Predicate = Callable[[Any], bool]

_BLOCK = 4096
_MOST = 10**9  # combinations, which take some ten minutes
_LOOK = " look"  # no name of a parameter


class _AnotherParameter(Exception):  # noqa: N818 - a signal, and no error
    """The predicate looks at a parameter whose values are not at hand."""


class _Point:
    """What a predicate sees of a point: values as attributes, groups by dots.

    The values lie among the attributes of the instance, where Python finds them fastest; what is not there is looked up.
    """

    def __init__(self, look: Callable[[str], Any]) -> None:
        self.__dict__[_LOOK] = look

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Any:
        values = self.__dict__
        if name in values:
            return values[name]
        found = values[_LOOK](name)
        return _Group(self, name) if found is None else found


class _Group:
    def __init__(self, point: _Point, name: str) -> None:
        self._point, self._name = point, name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._point[f"{self._name}.{name}"]


def fulfilling(space: "Space", predicate: Predicate) -> "Space":
    """Return the part of a space whose points fulfil a predicate; see `Space.find`."""
    dims, fulfilled = _Asked(space, predicate).everywhere()
    positions = np.flatnonzero(fulfilled)
    if not positions.size:
        raise SpaceError(
            f"no point fulfils the predicate, of {fulfilled.size:,} combinations of values along {listing(dims)} that it was asked of. "
            f"Ask for something else."
            if dims
            else "no point fulfils the predicate, which looks at no parameter that varies. Ask for something else."
        )
    if positions.size == fulfilled.size:
        return space
    index = dict(zip(dims, np.unravel_index(positions, [space.sizes[dim] for dim in dims]), strict=True))
    return space.isel(index) if len(dims) == 1 else _listed(space, index)


class _Asked:
    """A predicate, and the parameters that it has looked at so far."""

    def __init__(self, space: "Space", predicate: Predicate) -> None:
        self._space, self._predicate = space, predicate
        self._looked_at: dict[str, None] = {}
        self._fixed = {p.name: p.python_values()[0] for p in space.passed.values() if not dims_of(p)}

    def everywhere(self) -> tuple[list[str], Mask]:
        """Return the dimensions that the predicate looks at, and at which combinations of positions along these it is fulfilled."""
        while True:
            dims = self._dims()
            _check_listable(dims)
            total = math.prod(self._space.sizes[dim] for dim in dims)
            if total > _MOST:
                names = [p.name for p in self._space.parameters.values() if p.dim in dims]
                raise SpaceError(
                    f"the predicate looks at {listing(names)}, so that it would be asked of {total:,} combinations; expected {_MOST:,} at "
                    f"most. Choose values or ranges of some as well: find(predicate, {names[0]}=slice(…, …))."
                )
            fulfilled = np.zeros(total, dtype=np.bool_)
            row = 0
            while row < total and self._dims() == dims:
                row += self._ask(dims, row, fulfilled[row : row + _BLOCK])
            if self._dims() == dims:
                return dims, fulfilled

    def _dims(self) -> list[str]:
        seen = {dim for name in self._looked_at for dim in dims_of(self._space.passed[name])}
        if len(seen) > 1 and POINT in self._space.dims:
            seen.add(POINT)  # what is found lies along it too
        return [dim for dim in self._space.dims if dim in seen]

    def _ask(self, dims: Sequence[str], start: int, fulfilled: Mask) -> int:
        """Ask of the combinations from one on; return of how many until the predicate looked at something new."""
        known = list(self._looked_at)
        columns = _columns(self._space, known, dims, np.arange(start, start + fulfilled.size))
        point = _Point(self._look)
        values, row = point.__dict__, 0
        try:
            for row, given in enumerate(zip(*columns, strict=True) if known else [()] * fulfilled.size):
                values.update(zip(known, given, strict=True))
                answer = self._predicate(point)
                if answer is True:
                    fulfilled[row] = True
                elif answer is not False:
                    fulfilled[row] = self._checked(answer, dims, start + row)
                if len(self._looked_at) > len(known):  # and kept the signal to itself
                    return row
        except _AnotherParameter:
            return row
        except Exception as error:
            if dims and not isinstance(error, SpaceError):
                error.add_note(f"The predicate was asked of the point {self._text(dims, start + row)}.")
            raise
        return row + 1

    def _look(self, name: str) -> Any:
        """Return the value of a fixed parameter, None for a group, and note any other parameter."""
        if name in self._fixed:
            return self._fixed[name]
        parameters = self._space.passed
        if name in parameters:
            self._looked_at[name] = None
            raise _AnotherParameter
        if name in self._space.distributions:
            check_sampled(self._space, f"ask a predicate that looks at {name!r}")
        if any(known.startswith(f"{name}.") for known in (*parameters, *self._space.distributions)):
            return None
        raise SpaceError(
            f"the predicate looks at {name!r}; this space has {listing(parameters)}.{suggest(name, parameters)}"
        )

    def _checked(self, answer: Any, dims: Sequence[str], row: int) -> bool:
        if not isinstance(answer, np.bool_):
            raise SpaceError(
                f"the predicate returned {answer!r} at {self._text(dims, row)}; expected True or False. Compare with something: "
                f"find(lambda p: p.a > 0)."
            )
        return bool(answer)

    def _text(self, dims: Sequence[str], row: int) -> str:
        names = [p.name for p in self._space.passed.values() if dims_of(p) and set(dims_of(p)) <= set(dims)]
        columns = _columns(self._space, names, dims, np.array([row]))
        return described({name: column[0] for name, column in zip(names, columns, strict=True)})


def _columns(
    space: "Space", names: Sequence[str], dims: Sequence[str], rows: npt.NDArray[np.int64]
) -> list[list[Any]]:
    """Return the values of some parameters at combinations of positions along some dimensions, the last of which varies fastest."""
    if not dims:
        return []
    index = dict(zip(dims, np.unravel_index(rows, [space.sizes[dim] for dim in dims]), strict=True))
    parameters = [space.passed[name] for name in names]
    return [
        _with_none(p.listed(index, POINT) if isinstance(p, Derived) else p.take(index[str(p.dim)]))
        for p in parameters
    ]


def _with_none(p: Parameter | Derived) -> list[Any]:
    """Return the values as the simulation receives them, None where there is none."""
    values = p.python_values()
    return (
        values
        if p.given is None
        else [v if given else None for v, given in zip(values, p.given.tolist(), strict=True)]
    )


def _check_listable(dims: Sequence[str]) -> None:
    if REPETITION in dims and len(dims) > 1:
        raise SpaceError(
            "the predicate looks at the repetition together with other parameters, so that points would differ in how often they are repeated. "
            "Find points by their values, or choose repetitions by find(repetition=…)."
        )


def _listed(space: "Space", index: Mapping[str, npt.NDArray[np.int64]]) -> "Space":
    """Return the space with combinations of positions along some dimensions, one after the other along ``point``."""
    from explorekit.space.space import Space

    parameters = [
        replace(p.take(index[p.dim]), dim=POINT) if p.dim is not None and p.dim in index else p
        for p in space.parameters.values()
    ]
    derived = [one.listed(index, POINT) for one in space.derived.values()]
    return Space.from_parameters(
        [*parameters, *derived], {dim: axis for dim, axis in space.axes.items() if dim not in index}
    )
