"""Values of derived parameters: each distinct combination of what they are computed from is computed once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.arguments import arguments_of
from explorekit.space.constraints import cast
from explorekit.space.derived import Derived, Formula, dims_of
from explorekit.space.groups import mappings
from explorekit.space.parameter import Parameter
from explorekit.space.values import MISSING, Values, as_values, exact_text

MOST = 10_000_000  # combinations of which each has a value of its own in memory and in the file

Source = Parameter | Derived
Ints = npt.NDArray[np.int64]
_ABSENT: Any = object()
_PLAIN = frozenset({bool, int, float, str})  # which need no further look, unless NaN


def in_place(
    given: Sequence[Derived | Formula],
    sources: Mapping[str, Parameter],
    pending: Iterable[str],
    sizes: Mapping[str, int],
) -> tuple[dict[str, Derived], dict[str, Formula]]:
    """Return the derived parameters of a space, and the formulas of those that wait for values to be drawn.

    Parameters
    ----------
    given
        Both, each behind those that it is computed from.
    sources
        The parameters that have values.
    pending
        The names of those that have none yet.
    sizes
        The length of each dimension, slowest first.
    """
    derived: dict[str, Derived] = {}
    waiting: dict[str, Formula] = {}
    undrawn = set(pending)
    for one in given:
        if isinstance(one, Derived):
            derived[one.name] = one.ordered(tuple(sizes))
        elif undrawn.intersection(one.of):
            waiting[one.name] = one
            undrawn.add(one.name)
        else:
            derived[one.name] = evaluated(one, {**sources, **derived}, sizes)
    return derived, waiting


Known = tuple[Derived, Mapping[str, Source], Mapping[str, int]]


def evaluated(
    formula: Formula, sources: Mapping[str, Source], sizes: Mapping[str, int], known: Sequence[Known] = ()
) -> Derived:
    """Return a derived parameter over the dimensions of what it is computed from.

    Parameters
    ----------
    formula
        What it is computed by.
    sources
        The parameters of the space.
    sizes
        The length of each dimension, slowest first.
    known
        Values that it has elsewhere, with the parameters and sizes there; at the same inputs they are not computed again.

    Raises
    ------
    SpaceError
        If the function fails, or gives no values that a parameter can have.
    """
    here = _Combinations(formula, sources, sizes)
    there = [_Combinations(formula, around, around_sizes) for _, around, around_sizes in known]
    ids = _numbered([*there, here])
    count = int(max(one.max() for one in ids)) + 1
    before = [derived for derived, _, _ in known]
    result = _Results(formula.name, count)
    for derived, combinations, numbers in zip(before, there, ids, strict=False):
        result.take_over(derived, combinations, numbers)
    distinct, first = np.unique(ids[-1], return_index=True)
    new = np.argsort(first)  # points are computed in their order
    new = new[~result.known[distinct[new]]]
    if new.size:
        result.add(distinct[new], *_computed(formula, here, first[new]), formula)
    return result.over(here, ids[-1], formula)


class _Combinations:
    """The combinations of values of what a parameter is computed from."""

    def __init__(self, formula: Formula, sources: Mapping[str, Source], sizes: Mapping[str, int]) -> None:
        self.sources = {name: sources[name] for name in formula.of}
        lies_on = {name: dims_of(one) for name, one in self.sources.items()}
        self.dims = tuple(dim for dim in sizes if any(dim in dims for dims in lies_on.values()))
        self.shape = tuple(sizes[dim] for dim in self.dims)
        self.size = int(np.prod(self.shape, dtype=object)) if self.shape else 1
        if self.size > MOST:
            counts = " × ".join(f"{dim} ({sizes[dim]:,})" for dim in self.dims)
            raise SpaceError(
                f"{formula.name!r} is derived from {listing(formula.of)}, which have {self.size:,} combinations, {counts}; expected at most "
                f"{MOST:,}, since each has a value in memory and in the file. Compute it in the simulation."
            )
        self._over = {
            name: [sizes[dim] if dim in dims else 1 for dim in self.dims] for name, dims in lies_on.items()
        }

    def spread(self, name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what one source has at its own positions, in C order, at all combinations."""
        return np.broadcast_to(array.reshape(self._over[name]), self.shape).ravel()

    def own(self, name: str, positions: Ints) -> Ints:
        """Return the positions of one source at some combinations."""
        return self.spread(name, np.arange(int(np.prod(self._over[name]))))[positions]


def _numbered(several: Sequence[_Combinations]) -> list[Ints]:
    """Return a number for each combination, which is the same for the same values wherever they are."""
    together = np.zeros(sum(one.size for one in several), dtype=np.int64)
    for name in several[0].sources:
        codes: dict[bytes, int] = {}
        parts = []
        for one in several:
            labels = one.sources[name].labels
            parts.append(
                one.spread(name, np.array([codes.setdefault(label, len(codes)) for label in labels]))
            )
        together = np.unique(together * len(codes) + np.concatenate(parts), return_inverse=True)[1].ravel()
    return np.split(together, np.cumsum([one.size for one in several])[:-1])


def _computed(formula: Formula, here: _Combinations, positions: Ints) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Return the values at some combinations, and where there is one."""
    columns = {
        name: _column(formula, source, here.own(name, positions)) for name, source in here.sources.items()
    }
    if formula.function is None:
        raise SpaceError(
            f"{formula.name!r} is derived from {listing(formula.of)}, and nobody knows what it is at {_told(columns, 0)}: no study keeps the "
            f"function. Give it with the space: Study(simulation, space, path)."
        )
    arguments = arguments_of(formula.name, formula.function, formula.of)
    received: dict[str, list[Any]] = {}
    given = np.ones(len(positions), dtype=np.bool_)
    for one in arguments:
        members = [columns[name] for name in one.members]
        received[one.name] = list(mappings(one.members, members, _ABSENT)) if one.grouped else members[0]
        if one.required:
            given &= np.array([value is not _ABSENT for value in received[one.name]], dtype=np.bool_)
    values = []
    for row in np.flatnonzero(given).tolist():
        point = {name: value for name in received if (value := received[name][row]) is not _ABSENT}
        try:
            value = formula.function(**point)
        except Exception as error:
            raise SpaceError(
                f"the function that derives {formula.name!r} raised {type(error).__name__} at {_told(columns, row)}: {error}"
            ) from error
        if type(value) not in _PLAIN or value != value:
            value = _checked(formula, value, columns, row)
        values.append(value)
    return _as_values(formula, values), given


def _column(formula: Formula, source: Source, positions: Ints) -> list[Any]:
    """Return the values of a source as the function receives them, objects in the place of labels."""
    values = source.python_values()
    there = source.is_given.ravel().tolist()
    if isinstance(source, Parameter) and source.objects is not None:
        if lacking := [
            label for label, given in zip(values, there, strict=True) if given and label not in source.objects
        ]:
            raise SpaceError(
                f"{formula.name!r} is derived from {source.name!r}, which has labelled objects, and nobody gave those of {listing(lacking)}. "
                f"Give the space with its objects."
            )
        values = [source.objects.get(label) for label in values]
    return [values[at] if there[at] else _ABSENT for at in positions.tolist()]


def _told(columns: Mapping[str, list[Any]], row: int) -> str:
    texts = {name: column[row] for name, column in columns.items() if column[row] is not _ABSENT}
    return (
        ", ".join(f"{name}={exact_text(value)}" for name, value in texts.items())
        or "the point without any of these"
    )


def _checked(formula: Formula, value: Any, columns: Mapping[str, list[Any]], row: int) -> Any:
    """Return one value that a function gave, or raise `SpaceError` if it is none."""
    what = ""
    if value is None:
        what = "None"
    elif np.ndim(value) or isinstance(value, (Mapping, set, frozenset)):
        shape = f" of shape {np.shape(value)}" if np.ndim(value) else ""
        what = f"a {type(value).__name__}{shape}"
    elif hasattr(value, "ndim") and not isinstance(value, np.generic):
        value = np.asarray(value)[()]  # an array of one value
    if (
        not what
        and isinstance(value, (float, complex, np.floating, np.complexfloating, np.datetime64))
        and value != value
    ):
        what = str(value)
    if what:
        raise SpaceError(
            f"the function that derives {formula.name!r} returned {what} at {_told(columns, row)}; expected one value, as a parameter has it."
        )
    return value


def _as_values(formula: Formula, values: list[Any]) -> Values:
    if not values:
        return np.zeros(0)
    try:
        array = as_values(formula.name, values)
    except SpaceError as error:
        raise SpaceError(f"the values that the function derives do not go together: {error}") from error
    return array if formula.dtype is None else cast(formula.name, array, formula.dtype)


class _Results:
    """The values of numbered combinations, known from elsewhere or computed now."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self.known = np.zeros(count, dtype=np.bool_)
        self._given = np.zeros(count, dtype=np.bool_)
        self._values: Values | None = None

    def take_over(self, derived: Derived, there: _Combinations, ids: Ints) -> None:
        """Take over values that a parameter has at some combinations."""
        distinct, first = np.unique(ids, return_index=True)
        values, given = derived.values.ravel(), derived.is_given.ravel()
        again = self.known[ids]
        if self._values is not None and again.any():
            same = (self._given[ids] == given) & ((self._values[ids] == values) | ~given)
            if (differs := np.flatnonzero(again & ~same)).size:
                at = differs[:1]
                columns = {
                    name: [_shown(one, i)] for name, one in there.sources.items() for i in there.own(name, at)
                }
                raise SpaceError(
                    f"{self._name!r} is derived differently: at {_told(columns, 0)} it is {exact_text(self._values[ids[at]][0])}, and also "
                    f"{exact_text(values[at][0])}. Expected one value for the same inputs."
                )
        self._set(distinct, values[first], given[first])

    def add(self, ids: Ints, values: Values, given: npt.NDArray[np.bool_], formula: Formula) -> None:
        """Add computed values, one for each combination at which there is one, in the type of those that are known."""
        from explorekit.space.growing import as_type_of

        if self._values is not None and values.size:
            like = Parameter(formula.name, None, self._values[:1], formula.attrs)
            values = as_type_of(like, values)
        kind = values.dtype.kind
        full = np.full(ids.size, MISSING[kind], dtype=values.dtype)
        full[given] = values
        self._set(ids, full, given)

    def _set(self, ids: Ints, values: Values, given: npt.NDArray[np.bool_]) -> None:
        self._given[ids] = given
        self.known[ids] = True
        if not given.any():
            return
        if self._values is None:
            self._values = np.full(self.known.size, MISSING[values.dtype.kind], dtype=values.dtype)
        else:
            self._values = self._values.astype(np.result_type(self._values.dtype, values.dtype))
        self._values[ids[given]] = values[given]

    def over(self, here: _Combinations, ids: Ints, formula: Formula) -> Derived:
        """Return the derived parameter that has these values."""
        given = self._given[ids]
        if self._values is None or not given.any():
            raise SpaceError(
                f"no point has all that {formula.name!r} is derived from, {listing(formula.of)}. Derive it from what some points have."
            )
        values = self._values[ids].reshape(here.shape)
        return Derived(
            formula, here.dims, values, None if given.all() else given.reshape(here.shape)
        ).declared()


def _shown(source: Source, at: int) -> Any:
    return source.values.ravel()[at] if source.is_given.ravel()[at] else _ABSENT


def is_function_of(derived: Derived, sources: Mapping[str, Source]) -> bool:
    """Return whether a parameter that lies along one dimension, as its inputs do, has one value for the same inputs."""
    sizes = dict(zip(derived.dims, derived.values.shape, strict=True))
    (ids,) = _numbered([_Combinations(derived.formula, sources, sizes)])
    first = np.unique(ids, return_index=True)[1]
    values, given = derived.values, derived.is_given
    same = (given == given[first][ids]) & ((values == values[first][ids]) | ~given)
    return bool(np.all(same))
