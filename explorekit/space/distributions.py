"""A parameter that is a distribution, until values are drawn from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space.constraints import cast, declared, dtype_text
from explorekit.space.frozen import expression, family
from explorekit.space.objects import Objects, check_labels, labels_of
from explorekit.space.parameter import Param, Parameter, check_attrs, check_name, named
from explorekit.space.values import Values, as_values, exact_text, format_value, python_values

if TYPE_CHECKING:
    from explorekit.space.space import Space

Quantiles = npt.NDArray[np.float64]

SAMPLE = "sample"
PROBES = np.arange(1, 256) / 256
_TAILS = 2.0 ** -np.arange(9, 50)
_TOLD_APART = np.concatenate([PROBES, _TAILS, 1 - _TAILS])  # where distributions of one family are compared
_EXACT_INTEGERS = 2.0**53


class Distribution(Protocol):
    """What values are drawn from."""

    def values(self, name: str, quantiles: Quantiles) -> Values:
        """Return the values at some quantiles, for parameter `name`; `SpaceError` if there are none."""

    def equals(self, other: "Distribution") -> bool:
        """Return whether both give the same values."""

    def expression(self) -> str:
        """Return the expression that makes it, in which ``ek`` is explorekit and ``stats`` is `scipy.stats`."""


@dataclass(frozen=True, eq=False)
class RandomVariable:
    """A parameter of a space of which no values have been drawn yet.

    Parameters
    ----------
    name
        The name; dots make groups.
    distribution
        What values are drawn from; as text, what it was declared as.
    attrs
        Units, long name and the like.
    dtype
        What values are cast to; None for what the distribution gives.
    objects
        By label, what categories stand for that are labels of objects; None for other values.
    """

    name: str
    distribution: Distribution
    attrs: Mapping[str, Any]
    dtype: Any = None
    objects: Objects | None = None

    @property
    def label(self) -> str:
        """The name with its units: ``tau (ms)``."""
        return f"{self.name} ({self.attrs['units']})" if self.attrs.get("units") else self.name

    def equals(self, other: "RandomVariable") -> bool:
        """Return whether name, distribution and dtype are the same."""
        return (
            self.name == other.name
            and self.dtype == other.dtype
            and (self.objects is None) == (other.objects is None)
            and self.distribution.equals(other.distribution)
        )

    def at(self, quantiles: Quantiles) -> Parameter:
        """Return the parameter with the values at some quantiles, along ``sample``.

        Raises
        ------
        SpaceError
            If a value is infinite, or not as the attributes declare.
        """
        values = self.values_at(quantiles)
        values.flags.writeable = False
        return Parameter(self.name, SAMPLE, values, self.attrs, objects=self.objects)

    def within(self, bounds: Any, allowed: Any) -> "RandomVariable":
        """Return the parameter with attributes that declare what its values may be."""
        attrs = declared(self.name, self.values_at(np.array([0.5])), bounds, allowed)
        return replace(self, attrs={**self.attrs, **attrs})

    def values_at(self, quantiles: Quantiles) -> Values:
        """Return the values at some quantiles."""
        values = self.distribution.values(self.name, quantiles)
        return values if self.dtype is None else cast(self.name, values, self.dtype).copy()


@dataclass(frozen=True, eq=False)
class Categorical:
    """Values of which each has a probability; see `categorical`."""

    categories: Any
    p: Any = None

    def checked(self, name: str) -> "Categorical":
        """Return it with its categories and their probabilities as arrays, if these are sound."""
        categories = np.atleast_1d(as_values(name, self.categories))
        if np.unique(categories).size < categories.size:
            raise SpaceError(
                f"parameter {name!r}: got the categories {_texts(categories)}, of which some are the same; expected each once."
            )
        if self.p is None:
            return Categorical(categories, np.full(categories.size, 1 / categories.size))
        try:
            p = np.array(self.p, dtype=np.float64)
        except (TypeError, ValueError):
            raise SpaceError(
                f"parameter {name!r}: got p={self.p!r}; expected one number for each category."
            ) from None
        if p.shape != categories.shape:
            raise SpaceError(
                f"parameter {name!r}: got {p.size} probabilities for {categories.size} categories; expected one for each."
            )
        if not np.all(p >= 0):
            raise SpaceError(
                f"parameter {name!r}: category {exact_text(categories[~(p >= 0)][0])} has the probability "
                f"{exact_text(p[~(p >= 0)][0])}; expected numbers from 0 to 1."
            )
        if not np.isclose(p.sum(), 1, rtol=0, atol=1e-8):
            raise SpaceError(
                f"parameter {name!r}: the probabilities {_texts(p)} sum to {exact_text(p.sum())}, not to 1. "
                f"Divide each by their sum."
            )
        return Categorical(categories, p)

    def values(self, name: str, quantiles: Quantiles) -> Values:
        cumulated = np.cumsum(self.p)
        position = np.searchsorted(cumulated / cumulated[-1], quantiles, side="right")
        # The quantile 1 belongs to the last category that there is.
        drawn: Values = self.categories[np.minimum(position, np.flatnonzero(self.p)[-1])]
        return drawn

    def equals(self, other: Distribution) -> bool:
        return (
            isinstance(other, Categorical)
            and self.categories.dtype.kind == other.categories.dtype.kind
            and np.array_equal(self.categories, other.categories)
            and np.array_equal(self.p, other.p)
        )

    def __str__(self) -> str:
        uniform = np.all(np.asarray(self.p) == np.asarray(self.p).flat[0])
        p = "" if self.p is None or uniform else f", p=[{_texts(np.asarray(self.p))}]"
        return f"categorical([{_texts(np.atleast_1d(self.categories))}]{p})"

    __repr__ = __str__

    def expression(self) -> str:
        from explorekit.space.expression import values_expression

        uniform = np.all(self.p == self.p[0])
        p = "" if uniform else f", p={values_expression(self.p)}"
        return f"ek.categorical({values_expression(self.categories)}{p})"


def categorical(
    values: Sequence[Any] | Values | Mapping[str, Any], p: Sequence[float] | None = None
) -> Categorical:
    """Return a distribution over some values, to be given to `Space` or `param`.

    Parameters
    ----------
    values : sequence or dict
        The categories: values as in `Space`, each once, or objects by label.
    p : sequence of float, optional
        The probability of each, which sum to one; by default all have the same.

    Returns
    -------
    Categorical
        To be given to `Space`, which checks it.

    Examples
    --------
    >>> import explorekit as ek
    >>> space = ek.Space(solver=ek.categorical(["euler", "rk4"], p=[0.25, 0.75]))
    >>> [point["solver"] for point in space.sample(4, "lhs").points()].count("rk4")
    3
    """
    return Categorical(values, p)


@dataclass(frozen=True, eq=False)
class Univariate:
    """A distribution of one variable, of either of SciPy's two kinds.

    Parameters
    ----------
    frozen
        Has ``ppf``, or ``icdf`` as the newer kind.
    integral
        Whether its values are integers.
    """

    frozen: Any
    integral: bool

    def quantiles(self, quantiles: Quantiles) -> Quantiles:
        """Return the inverse of the cumulative distribution function."""
        return _inverse(self.frozen)(quantiles)  # type: ignore[no-any-return]

    def values(self, name: str, quantiles: Quantiles) -> Values:
        values = np.asarray(self.quantiles(quantiles), dtype=np.float64)
        finite = np.isfinite(values)
        if not finite.all():
            where = int(np.argmin(finite))
            raise SpaceError(
                f"parameter {name!r} ({self}) is {values[where]} at the quantile {exact_text(quantiles[where])}, which this "
                f"design has at position {where}; expected finite values. Give a distribution with bounds, such as "
                f"scipy.stats.truncnorm, or another method or seed."
            )
        if not self.integral:
            return values
        whole = (values == np.round(values)) & (np.abs(values) <= _EXACT_INTEGERS)
        if not whole.all():
            raise SpaceError(
                f"parameter {name!r} ({self}) has the value {exact_text(values[~whole][0])} among its integers; expected whole "
                f"numbers below 2⁵³. Give categorical(values, p) instead."
            )
        return values.astype(np.int64)

    def equals(self, other: Distribution) -> bool:
        return (
            isinstance(other, Univariate)
            and family(self.frozen) == family(other.frozen)
            and np.array_equal(self.quantiles(_TOLD_APART), other.quantiles(_TOLD_APART))
        )

    def __str__(self) -> str:
        if not hasattr(self.frozen, "dist"):
            return " ".join(str(self.frozen).split())
        given = [_text(value) for value in self.frozen.args]
        given += [f"{key}={_text(value)}" for key, value in self.frozen.kwds.items()]
        return f"{family(self.frozen)}({', '.join(given)})"

    __repr__ = __str__

    def expression(self) -> str:
        return expression(self.frozen)


def as_parameter(name: str, given: Any) -> Parameter | RandomVariable:
    """Return the parameter that a user wrote beside its name, be it values or a distribution.

    Raises
    ------
    SpaceError
        If it is neither, or the name is reserved.
    """
    what = given if isinstance(given, Param) else Param(given)
    if not is_distribution(what):
        return named(name, given)
    check_name(name)
    check_attrs(name, what.attrs)
    if what.dim is not None:
        raise SpaceError(
            f"parameter {name!r} is a distribution on the dimension {what.dim!r}; its values will lie on {SAMPLE!r}. Leave out dim."
        )
    distribution, values, objects = _distribution(name, what)
    objects = None if objects is None else check_labels(name, values, objects)
    dtype = None if what.dtype is None else dtype_text(name, what.dtype)
    variable = RandomVariable(name, distribution, dict(what.attrs), dtype, objects)
    return variable.within(what.bounds, what.allowed)


def _distribution(name: str, what: Param) -> tuple[Distribution, Values, Objects | None]:
    """Return what was declared as a distribution, some of its values, and the objects that these stand for."""
    if not isinstance(what.values, Categorical):
        univariate = _univariate(name, what.values)
        return univariate, univariate.values(name, PROBES), what.objects
    categories, objects = what.values.categories, what.objects
    if isinstance(categories, Mapping):
        categories, objects = labels_of(name, categories), categories
    checked = Categorical(categories, what.values.p).checked(name)
    return checked, checked.categories, objects


def check_sampled(space: "Space", purpose: str) -> None:
    """Raise `SpaceError` if a space has distributions of which no values have been drawn."""
    for variable in space.distributions.values():
        raise SpaceError(
            f"cannot {purpose}: {variable.name!r} is the distribution {variable.distribution}, from which no values have been "
            f"drawn. Draw n of them first: space.sample(n)."
        )


def is_distribution(given: Any) -> bool:
    """Return whether a user wrote a distribution in the place of values."""
    values = given.values if isinstance(given, Param) else given
    # By what it has, so that SciPy is not imported for a space that does not use it.
    return isinstance(values, Categorical) or any(hasattr(values, name) for name in ("ppf", "icdf", "rvs"))


def _univariate(name: str, given: Any) -> Univariate:
    if isinstance(given, type):
        raise SpaceError(
            f"parameter {name!r}: got the class {given.__name__}; expected a distribution. Call it: {given.__name__}(…)."
        )
    if hasattr(given, "freeze") and hasattr(given, "numargs"):
        if given.numargs:
            raise SpaceError(
                f"parameter {name!r}: got the distribution {given.name} without its arguments; expected a frozen one. "
                f"Give them: {given.name}({given.shapes}, loc=…, scale=…)."
            )
        given = given.freeze()
    if not hasattr(given, "ppf") and not hasattr(given, "icdf"):
        raise SpaceError(
            f"parameter {name!r}: got {type(given).__name__}, which is multivariate or has no inverse of its cumulative "
            f"distribution; expected a distribution of one variable. Draw from it yourself, and pair the columns: "
            f"param(draws[:, 0], dim='draw')."
        )
    median = np.asarray(_inverse(given)(0.5))
    if median.ndim:
        raise SpaceError(
            f"parameter {name!r}: got distributions with arguments of shape {median.shape}; expected one distribution. "
            f"Give one to each parameter."
        )
    if np.isnan(median):
        raise SpaceError(
            f"parameter {name!r}: {Univariate(given, False)} has no quantiles; expected arguments that its distribution allows."
        )
    probes = np.asarray(_inverse(given)(PROBES))
    whole = bool(np.all(probes == np.round(probes)))
    # SciPy's newer continuous distributions have a probability mass too: of zero, or, transformed by a function, one that calls itself.
    return Univariate(given, whole and hasattr(given, "pmf") and bool(given.pmf(median) > 0))


def _inverse(frozen: Any) -> Any:
    return getattr(frozen, "ppf", None) or frozen.icdf


def _text(value: Any) -> str:
    return repr(
        value.item() if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0 else value
    )


def _texts(values: Values) -> str:
    return ", ".join(
        exact_text(v) if values.dtype.kind == "f" else format_value(v) for v in python_values(values)
    )
