"""A parameter that is computed from others: by what, and the values that it has because of theirs."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.space.constraints import check_declared, declared
from explorekit.space.identity import canonical
from explorekit.space.parameter import Parameter
from explorekit.space.values import Values, exact_text, format_value, python_values

DERIVED_FROM = "derived_from"  # the attribute that tells the names of the parameters, as CF lists names

Index = Mapping[str, npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Formula:
    """What a parameter is computed by.

    Parameters
    ----------
    name
        The parameter's name.
    of
        The names of the parameters that it is computed from, sorted.
    function
        Takes these, and gives the value; None where nobody gave it, as in a study that was opened by its path.
    attrs
        Units, long name and the like, of the values.
    dtype
        What values are cast to; None for what the function gives.
    source
        The text of the function, as far as it can be had.
    bounds, allowed
        What the values may be, until attributes declare it.
    """

    name: str
    of: tuple[str, ...]
    function: Callable[..., Any] | None
    attrs: Mapping[str, Any]
    dtype: Any = None
    source: str = ""
    bounds: Any = None
    allowed: Any = None

    def __getstate__(self) -> dict[str, Any]:
        # A space that travels has the values. Nobody who opens it runs code.
        return {**self.__dict__, "function": None}

    def computes_the_same(self, other: "Formula") -> bool:
        """Return whether both are computed from the same parameters by one function."""
        return self.of == other.of and same_function(self.function, other.function)


def same_function(one: Any, other: Any) -> bool:
    """Return whether two functions are one, or were made by one line of code with the same values around it."""
    if one is other or not (isinstance(one, FunctionType) and isinstance(other, FunctionType)):
        return one is other
    around = [
        [cell.cell_contents for cell in function.__closure__ or ()]
        + [function.__defaults__, function.__kwdefaults__]
        for function in (one, other)
    ]
    try:
        same = around[0] == around[1] and [*map(type, around[0])] == [*map(type, around[1])]
    except Exception:  # noqa: BLE001 - arrays, say, whose equality is no truth value
        return False
    return one.__code__ == other.__code__ and one.__globals__ is other.__globals__ and same is True


def source_of(function: Any) -> str:
    """Return the text of a function, or nothing where there is none to be had."""
    try:
        text = textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError, SyntaxError):
        return ""
    return _lambda_in(text, function) if getattr(function, "__name__", "") == "<lambda>" else text


def _lambda_in(text: str, function: Any) -> str:
    """Return the one lambda with a function's arguments in the lines around it, or these lines if there is none or more."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # lines from the middle of a call
        return text
    names = list(inspect.signature(function).parameters)
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and [a.arg for a in (*node.args.args, *node.args.kwonlyargs)] == names
    ]
    return ast.get_source_segment(text, found[0]) or text if len(found) == 1 else text


def dims_of(p: "Parameter | Derived") -> tuple[str, ...]:
    """Return the dimensions along which a parameter has its values."""
    if isinstance(p, Derived):
        return p.dims
    return () if p.dim is None else (p.dim,)


@dataclass(frozen=True, eq=False)
class Derived:
    """A parameter of a space that is computed from others, with its values.

    Parameters
    ----------
    formula
        What it is computed by.
    dims
        The dimensions of the parameters that it is computed from; none if these are fixed.
    values
        A read-only array over these.
    given
        Where it has a value; None for everywhere.
    """

    formula: Formula
    dims: tuple[str, ...]
    values: Values
    given: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        self.values.flags.writeable = False
        if self.attrs:
            given = None if self.given is None else self.given.ravel()
            check_declared(self.name, self.values.ravel(), self.attrs, given)

    @property
    def name(self) -> str:
        """The name; dots make groups."""
        return self.formula.name

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Units, long name and the like."""
        return self.formula.attrs

    @property
    def told_attrs(self) -> dict[str, Any]:
        """The attributes, and which parameters it is computed from."""
        return {**self.attrs, DERIVED_FROM: " ".join(self.formula.of)}

    @property
    def source(self) -> str:
        """The text of the function that computes it, as far as it could be had."""
        return self.formula.source

    @property
    def label(self) -> str:
        """The name with its units: ``dt (ms)``."""
        return f"{self.name} ({self.attrs['units']})" if self.attrs.get("units") else self.name

    @property
    def objects(self) -> None:
        """None: what is computed are values, not labels of objects."""
        return

    @property
    def arrays(self) -> None:
        """None: what is computed are values, not arrays."""
        return

    def python_values(self) -> list[Any]:
        """Return the values in C order as the simulation receives them."""
        return python_values(self.values.ravel())

    def text_of(self, value: Any) -> str:
        """Return one of the values as text that tells it from others."""
        return exact_text(value)

    def check(self, attrs: Mapping[str, Any]) -> None:
        """Raise `SpaceError` if a value is not as attributes declare."""
        given = None if self.given is None else self.given.ravel()
        check_declared(self.name, self.values.ravel(), attrs, given)

    @property
    def is_given(self) -> npt.NDArray[np.bool_]:
        """Where it has a value, where it has one everywhere too."""
        return np.ones(self.values.shape, dtype=np.bool_) if self.given is None else self.given

    @property
    def labels(self) -> list[bytes]:
        """The canonical form of each value in C order; empty where none is given, which no value's is."""
        given = self.is_given.ravel().tolist()
        return [label if there else b"" for label, there in zip(canonical(self.values), given, strict=True)]

    def declared(self) -> "Derived":
        """Return the parameter with attributes that declare what its values may be, if that was asked for."""
        formula = self.formula
        attrs = declared(self.name, self.values[self.is_given], formula.bounds, formula.allowed)
        return replace(
            self, formula=replace(formula, attrs={**formula.attrs, **attrs}, bounds=None, allowed=None)
        )

    def equals(self, other: "Derived") -> bool:
        """Return whether name, inputs, dimensions, kind and every value are the same; functions do not count."""
        return (
            (self.name, self.formula.of, self.dims) == (other.name, other.formula.of, other.dims)
            and self.values.dtype.kind == other.values.dtype.kind
            and self.values.shape == other.values.shape
            and np.array_equal(self.is_given, other.is_given)
            and bool(np.all((self.values == other.values) | ~self.is_given))
        )

    def summary(self, limit: int = 4) -> str:
        """Return the values as short text: ``0, 0.25, … 1``."""
        if not self.dims:
            return format_value(self.values[()])
        return Parameter(
            self.name, None, self.values.ravel(), {}, None if self.given is None else self.given.ravel()
        ).summary(limit)

    def at(self, index: Index) -> Values:
        """Return the values at points, from the points' index along each dimension."""
        return np.asarray(self.values[tuple(index[dim] for dim in self.dims)])

    def column(self, index: Index, size: int, missing: Any) -> list[Any]:
        """Return the values at points as the simulation receives them, and what stands for a value where there is none."""
        if not self.dims:
            return python_values(self.values[np.newaxis]) * size
        values = python_values(self.at(index))
        if self.given is not None:
            for row in np.flatnonzero(~self.given[tuple(index[dim] for dim in self.dims)]).tolist():
                values[row] = missing
        return values

    def take(self, indexers: Mapping[str, Any]) -> "Derived":
        """Return the parameter at some positions along each of some dimensions; an integer drops the dimension."""
        if not any(dim in indexers for dim in self.dims):
            return self
        dims, values, given = list(self.dims), self.values, self.is_given
        for dim in self.dims:
            if dim in indexers:
                key = (slice(None),) * dims.index(dim) + (indexers[dim],)
                values, given = values[key], given[key]
                if isinstance(indexers[dim], int):
                    dims.remove(dim)
        return self._with(tuple(dims), np.array(values), np.array(given))

    def listed(self, index: Index, dim: str) -> "Derived":
        """Return the parameter where some dimensions have become one, along which their positions are told by `index`."""
        mine = [one for one in self.dims if one in index]
        if not mine:
            return self
        others = tuple(one for one in self.dims if one not in index)
        order = [self.dims.index(one) for one in (*mine, *others)]
        key = tuple(index[one] for one in mine)
        values, given = (np.array(array.transpose(order)[key]) for array in (self.values, self.is_given))
        return self._with((dim, *others), values, given)

    def renamed(self, dims: Mapping[str, str]) -> "Derived":
        """Return the parameter on dimensions of other names."""
        return replace(self, dims=tuple(dims.get(dim, dim) for dim in self.dims))

    def ordered(self, dims: Sequence[str]) -> "Derived":
        """Return the parameter with its dimensions in the order in which some others have them."""
        wanted = tuple(dim for dim in dims if dim in self.dims)
        if wanted == self.dims:
            return self
        order = [self.dims.index(dim) for dim in wanted]
        return self._with(wanted, np.array(self.values.transpose(order)), self.is_given.transpose(order))

    def over(self, dims: Sequence[str], array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an array over its dimensions with one of length 1 for each other one of `dims`."""
        sizes = dict(zip(self.dims, array.shape, strict=True))
        return array.reshape([sizes.get(dim, 1) for dim in dims])

    def _with(self, dims: tuple[str, ...], values: Values, given: npt.NDArray[np.bool_]) -> "Derived":
        return replace(self, dims=dims, values=values, given=None if given.all() else given)
