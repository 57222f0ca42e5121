"""The points of several spaces, one after the other along dimension ``point``."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.arrays import DIGEST, Arrays, united
from explorekit.space.axis import Axis
from explorekit.space.clashes import reject_clashes
from explorekit.space.derived import Derived
from explorekit.space.distributions import check_sampled
from explorekit.space.objects import Objects
from explorekit.space.parameter import POINT, REPETITION, Parameter
from explorekit.space.retyping import with_arrays_of
from explorekit.space.space import Space
from explorekit.space.values import KIND, MISSING, Values, exact_text

Positions = npt.NDArray[np.int64]

_NOWHERE = np.zeros(1, dtype=np.bool_)  # marks a parameter that some points lack
_EXACT_IN_FLOAT64 = 2**53


class Union(Space):
    """The points of one space, then those of another; what it is told by `a + b`.

    Its points are laid together once someone looks at them, so that a sum of many spaces copies each once.

    Parameters
    ----------
    left, right
        The spaces.

    Raises
    ------
    SpaceError
        If a parameter is of different kinds or units on both sides, or the repetitions differ.
    """

    def __init__(self, left: Space, right: Space) -> None:
        for side in (left, right):
            check_sampled(side, "add the points of the space")
        _check_repetitions(left, right)
        ours, theirs = _outline(left), _outline(right)
        if not ours and not theirs:
            raise SpaceError(
                "both sides of + have no parameter, so that nothing would tell their points apart. Use .repeat(2) for repetitions."
            )
        joined = {name: _joined(p, theirs[name], left, right) for name, p in ours.items() if name in theirs}
        outline = {**ours, **theirs, **joined}
        lacking = ours.keys() ^ theirs.keys()
        self._outline = {n: _lacking(p) if n in lacking else p for n, p in outline.items()}
        if lacking:
            reject_clashes(self._outline)
        self._distributions = {}
        self._waiting = {}
        self._repetitions = _repetitions(left)
        self._summands: tuple[Space, ...] = (left, right)  # none once they are laid together

    def __getattr__(self, name: str) -> Any:
        if name not in ("_parameters", "_axes", "_derived") or "_summands" not in self.__dict__:
            raise AttributeError(name)
        self._assemble(_laid_together(self._outline, list(_parts(self))))
        self._summands = ()
        return self.__dict__[name]

    def __reduce__(self) -> Any:
        return Space.from_parameters, ([*self.parameters.values(), *self.derived.values()], dict(self.axes))


def along_point(space: Space) -> Space:
    """Return a space with its points, in their order, along dimension ``point``; repetitions stay what they are."""
    if set(space.dims) <= {POINT, REPETITION}:
        axis = space.axes.get(POINT)
        if axis is not None and all(p.dim for p in space.parameters.values()):
            return space
    return Space.from_parameters(_laid_together(_outline(space), [space]))


def product_of_points(left: Axis, right: Axis) -> tuple[Axis, tuple[Positions, Positions]]:
    """Return every combination of the points along two dimensions as one, the left ones slowest, and which points of each these are."""
    slow = np.repeat(np.arange(left.size), right.size)
    fast = np.tile(np.arange(right.size), left.size)
    columns = [p.take(slow) for p in left.parameters] + [p.take(fast) for p in right.parameters]
    return Axis(POINT, tuple(columns)), (slow, fast)


def _outline(space: Space) -> Mapping[str, Parameter]:
    """Return one parameter for each name, with dtype and attributes, without laying points together."""
    if isinstance(space, Union):
        return space._outline  # noqa: SLF001
    return {name: p for name, p in _flat(space).items() if name != REPETITION}


def _flat(space: Space) -> Mapping[str, Parameter]:
    """Return the parameters, those that are derived with their values one after the other."""
    derived = {
        name: Parameter(
            name, POINT, one.values.ravel(), one.attrs, None if one.given is None else one.given.ravel()
        )
        for name, one in space.derived.items()
    }
    return {**space.parameters, **derived}


def _parts(space: Space) -> Iterator[Space]:
    """Yield the spaces that a sum is made of, in their order; not by recursion, as a sum may have thousands."""
    open_ = [space]
    while open_:
        one = open_.pop()
        summands = one._summands if isinstance(one, Union) else ()  # noqa: SLF001
        if summands:
            open_ += reversed(summands)
        else:
            yield one


def _laid_together(outline: Mapping[str, Parameter], parts: list[Space]) -> list[Parameter | Derived]:
    """Return the parameters of all parts along ``point``; what is derived in the same way wherever it can be stays derived."""
    shapes = [tuple(axis.size for dim, axis in part.axes.items() if dim != REPETITION) for part in parts]
    stops = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
    columns: dict[str, Values] = {
        name: np.full(stops[-1], MISSING[p.values.dtype.kind], dtype=p.values.dtype)
        for name, p in outline.items()
    }
    given = {name: np.zeros(stops[-1], dtype=np.bool_) for name in outline}
    if any(p.arrays is not None for p in outline.values()):
        parts = [with_arrays_of(part, outline) for part in parts]
    for part, shape, stop in zip(parts, shapes, stops, strict=True):
        dims = [dim for dim in part.dims if dim != REPETITION]
        rows = slice(stop - math.prod(shape), stop)
        for p in part.parameters.values():
            if p.name != REPETITION:
                over = [size if dim == p.dim else 1 for dim, size in zip(dims, shape, strict=True)]
                columns[p.name][rows].reshape(shape)[...] = p.values.reshape(over)
                given[p.name][rows].reshape(shape)[...] = True if p.given is None else p.given.reshape(over)
        for one in part.derived.values():
            columns[one.name][rows].reshape(shape)[...] = one.over(dims, one.values)
            given[one.name][rows].reshape(shape)[...] = one.over(dims, one.is_given)
    for values in columns.values():
        values.flags.writeable = False
    laid = [
        replace(
            p,
            dim=POINT,
            values=columns[name],
            given=None if given[name].all() else given[name],
            arrays=_arrays_of(name, parts),
        )
        for name, p in outline.items()
    ]
    repeated = [p for p in parts[0].parameters.values() if p.name == REPETITION]
    if not any(part.derived for part in parts):
        return [*laid, *repeated]
    return [*repeated, *_derived_again(laid, parts)]


def _derived_again(laid: list[Parameter], parts: list[Space]) -> list[Parameter | Derived]:
    """Return parameters along ``point``, those as derived ones that deriving them anew would give."""
    from explorekit.space.deriving import is_function_of
    from explorekit.space.rederiving import formula_of_all

    columns: dict[str, Parameter | Derived] = {p.name: p for p in laid}
    for name in dict.fromkeys(name for part in parts for name in part.derived):
        formula, p = formula_of_all(name, parts), columns[name]
        if formula is None or not isinstance(p, Parameter):
            continue
        one = Derived(replace(formula, attrs=p.attrs), (POINT,), p.values, p.given)
        if formula.function is not None or is_function_of(one, columns):
            columns[name] = one
    return sorted(columns.values(), key=lambda p: isinstance(p, Derived))


def _arrays_of(name: str, parts: list[Space]) -> Arrays | None:
    parameters = [part.parameters[name] for part in parts if name in part.parameters]
    several = [p.arrays for p in parameters if p.arrays is not None]
    return united(name, several) if several else None


def _check_repetitions(left: Space, right: Space) -> None:
    counted = [_repetitions(left), _repetitions(right)]
    if counted[0] != counted[1]:
        texts = [listing(one, 5) or "none" for one in counted]
        raise SpaceError(
            f"+ got a left side with the repetitions {texts[0]}, and a right side with {texts[1]}; expected the same on both. "
            f"Add the spaces first, then call .repeat(n)."
        )


def _repetitions(space: Space) -> list[int]:
    if isinstance(space, Union):
        return space._repetitions  # noqa: SLF001
    counted = space.parameters.get(REPETITION)
    return [] if counted is None else np.atleast_1d(counted.values).tolist()


def _joined(ours: Parameter, theirs: Parameter, left: Space, right: Space) -> Parameter:
    """Return a parameter of a type that holds the values of both sides exactly, with the attributes of both."""
    name = ours.name
    units = [p.attrs.get("units") for p in (ours, theirs)]
    if None not in units and units[0] != units[1]:
        raise SpaceError(
            f"both sides of + have the parameter {name!r}, in {units[0]} ({_values_on(left, name)}) and in {units[1]} ({_values_on(right, name)}). "
            f"Convert one."
        )
    if ours.arrays is not None and theirs.arrays is not None:
        return _joined_arrays(ours, theirs, left, right)
    kinds = [KIND[p.values.dtype.kind] for p in (ours, theirs)]
    if kinds[0] != kinds[1] and set(kinds) != {"int", "float"}:
        raise SpaceError(
            f"both sides of + have the parameter {name!r}, as {kinds[0]} ({_values_on(left, name)}) and as {kinds[1]} ({_values_on(right, name)}); "
            f"expected values of one kind. Convert one side, or rename it."
        )
    dtype = np.result_type(ours.values.dtype, theirs.values.dtype)
    if "int" in kinds and dtype.kind == "f":
        for kind, side in zip(kinds, (left, right), strict=True):
            if kind == "int":
                _check_exact(name, side, floats="float" in kinds)
    attrs = {**theirs.attrs, **ours.attrs}
    for side, p in ((left, ours), (right, theirs)):
        if attrs.keys() != p.attrs.keys() or side is right:
            _check_declared(name, side, attrs)
    first = ours.values[ours.is_given][:1].astype(dtype)
    given = None if first.size and ours.given is None and theirs.given is None else _NOWHERE
    values = first if first.size else np.full(1, MISSING[dtype.kind], dtype=dtype)
    return replace(ours, values=values, attrs=attrs, given=given, objects=_joined_objects(ours, theirs))


def _joined_arrays(ours: Parameter, theirs: Parameter, left: Space, right: Space) -> Parameter:
    """Return an array-valued parameter with the arrays of both sides, in one dtype."""
    name, mine, other = ours.name, ours.arrays, theirs.arrays
    if mine is None or other is None:
        return ours
    dtype = np.result_type(mine.values.dtype, other.values.dtype)
    if {KIND[one.values.dtype.kind] for one in (mine, other)} == {"int"} and dtype.kind == "f":
        dtype = mine.values.dtype  # signed and unsigned integers of 64 bits have no common type that is exact
    # Those that all have in common: a sum of many spaces copies its arrays once, when they are laid together.
    arrays = united(name, [one.as_dtype(name, dtype).emptied() for one in (mine, other)])
    attrs = {**theirs.attrs, **ours.attrs}
    for side in (left, right) if attrs else ():
        _check_declared(name, side, attrs)
    given = None if ours.given is None and theirs.given is None else _NOWHERE
    return replace(ours, values=np.zeros(1, dtype=DIGEST), attrs=attrs, given=given, arrays=arrays)


def _joined_objects(ours: Parameter, theirs: Parameter) -> Objects | None:
    if ours.objects is None and theirs.objects is None:
        return None
    if ours.objects is None or theirs.objects is None:
        raise SpaceError(
            f"both sides of + have the parameter {ours.name!r}, but its values are labels of objects on one side only. Give objects on both."
        )
    for label in ours.objects.keys() & theirs.objects.keys():
        if ours.objects[label] is not theirs.objects[label]:
            raise SpaceError(
                f"both sides of + have the label {label!r} of {ours.name!r}, for different objects: {ours.objects[label]!r} and "
                f"{theirs.objects[label]!r}. Rename one."
            )
    return {**ours.objects, **theirs.objects}


def _values_on(side: Space, name: str) -> str:
    return next(passed[name].summary() for part in _parts(side) if name in (passed := _flat(part)))


def _check_declared(name: str, side: Space, attrs: Mapping[str, Any]) -> None:
    """Check one side's values against what the other one declares about them."""
    for part in _parts(side) if attrs else ():
        if name in (passed := _flat(part)):
            passed[name].check(attrs)


def _lacking(p: Parameter) -> Parameter:
    """Return a parameter marked as one that some points lack."""
    return replace(p, values=np.atleast_1d(p.values)[:1], given=_NOWHERE)


def _check_exact(name: str, side: Space, *, floats: bool) -> None:
    """Raise `SpaceError` if float64 rounds some integers, or would stand for some that have no float beside them."""
    for part in _parts(side):
        if name in (passed := _flat(part)):
            p = passed[name]
            whole = p.values[p.is_given]
            beyond = whole[(whole > _EXACT_IN_FLOAT64) | (whole < -_EXACT_IN_FLOAT64)]
            if beyond.size or not floats:
                raise SpaceError(
                    f"+ got {name}={exact_text((beyond if beyond.size else whole)[0])} as {p.values.dtype} on one side, and values of "
                    f"another type on the other; no type holds both exactly. Give both as one type."
                )
