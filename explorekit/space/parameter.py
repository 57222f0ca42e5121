"""A parameter: a name, its values, the dimension they lie on, and attributes such as units."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.array_valued import arrays_of, is_array_valued
from explorekit.space.arrays import INNER, VALUES, Arrays
from explorekit.space.constraints import cast, check_declared, declared, declares
from explorekit.space.identity import canonical
from explorekit.space.objects import Objects, check_labels, labels_of
from explorekit.space.quantities import without_units
from explorekit.space.values import MISSING, Values, as_values, exact_text, format_value, python_values

REPETITION = "repetition"
POINT = "point"
UNGRIDDED = frozenset(
    {POINT, "sample"}
)  # dimensions along which values are in no order, and as near as chance has it

_RESERVED = {
    POINT: "point_index",
    "sample": "sample_index",
    "occurrence": "occurrence_index",
    "step": "step_size",
    "status": "state",
    "runs": "n_runs",
    "failures": "n_failures",
    "provenance": "origin",
    "checksums": "sums",
    "origins": "origin",
    "layouts": "layout",
    REPETITION: "trial",
}

GIVEN = "_given"  # ends the name of the coordinate that tells where a parameter is
_OCCURRENCE = "occurrence"
_OWN_ATTRS = frozenset(
    {
        "_FillValue",
        "_Encoding",
        "dtype",
        "missing_value",
        "scale_factor",
        "add_offset",
        "explorekit_complex",
        INNER,
    }
)
_KEYWORDS = ("units", "long_name", "dim", "bounds", "allowed", "dtype", "objects", "fixed")
_MEANT = 0.75  # "unit", "longname", "dims" are as near, "name" and "standard_name" are not
_ATTRIBUTE_TYPES = frozenset({"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"})


@dataclass(frozen=True)
class Param:
    """Values of a parameter that has no name yet; see `param`."""

    values: Any
    attrs: Mapping[str, Any] = field(default_factory=dict)
    dim: str | None = None
    bounds: Any = None
    allowed: Any = None
    dtype: Any = None
    objects: Any = None
    fixed: bool = False


def param(
    values: Any,
    *,
    units: str | None = None,
    long_name: str | None = None,
    dim: str | None = None,
    bounds: tuple[Any, Any] | None = None,
    allowed: Iterable[Any] | None = None,
    dtype: Any = None,
    objects: Mapping[str, Any] | None = None,
    fixed: bool = False,
    **attrs: Any,
) -> Param:
    """Give a parameter's values units, a long name and further attributes.

    Parameters
    ----------
    values : scalar, sequence, array or dict
        The values, as in `Space`.
    units : str, optional
        Units in the notation of UDUNITS, for example ``"ms"``. Kept as the CF attribute ``units``.
    long_name : str, optional
        What to write on axes and sliders. Kept as the CF attribute ``long_name``.
    dim : str, optional
        The dimension that the values lie on; by default one of the parameter's own name. Parameters
        that name the same dimension are paired. Along ``"point"`` and ``"sample"`` values are in no order, and None in a list means
        that the parameter is not given at that point.
    bounds : (number or None, number or None), optional
        The smallest and the largest value that the parameter may have, both included; None for no bound on that side. Checked now, and
        whenever a study is extended or refined. Kept as the CF attributes ``valid_min`` and ``valid_max``.
    allowed : sequence, optional
        The values that the parameter may have, checked likewise.
    dtype : dtype, optional
        The type of the values, such as ``"float32"``; what it cannot hold is an error, but for the rounding of floats to
        shorter ones.
    objects : mapping of str to object, optional
        What labels stand for, where a dict of them would not do as `values`: labels may occur several times along a shared dimension.
    fixed : bool, optional
        Whether the values are one: an array that is the same at every point.
    **attrs
        Further attributes, kept in every file.

    Returns
    -------
    Param
        To be given to `Space`, which checks the values.

    Raises
    ------
    SpaceError
        If an attribute is so near to a keyword that it must be meant, or values that are fixed are to vary.

    Examples
    --------
    >>> import explorekit as ek
    >>> ek.Space(tau=ek.param([5.0, 10.0], units="ms", long_name="time constant")).sizes
    {'tau': 2}
    >>> ek.Space(p=ek.param([0.5, 1.5], bounds=(0, 1)))
    Traceback (most recent call last):
        ...
    explorekit.errors.SpaceError: parameter 'p' has the value 1.5 at position 1; expected 0 ≤ p ≤ 1, as its bounds declare. \
Leave it out, or declare other bounds.
    """
    for name in attrs:
        if meant := keyword_meant(name):
            raise SpaceError(
                f"param() got {name!r}, which is none of its keywords. Did you mean {meant!r}? An attribute that is really "
                f"called so can be given with a DataArray: xarray.DataArray(values, dims=…, attrs={{{name!r}: …}})."
            )
    if fixed and (dim is not None or isinstance(values, dict)):
        what = "a dict of objects" if isinstance(values, dict) else f"dim={dim!r}"
        raise SpaceError(
            f"param() got fixed=True and {what}, which varies; expected one of them. Leave the other out."
        )
    known = {"units": units, "long_name": long_name}
    attrs = {key: value for key, value in known.items() if value is not None} | attrs
    return Param(values, attrs, dim, bounds, allowed, dtype, objects, fixed)


def keyword_meant(name: str) -> str:
    """Return the keyword of `param` that the name of an attribute is too near to, or an empty text."""
    return next(iter(get_close_matches(name.lower(), _KEYWORDS, n=1, cutoff=_MEANT)), "")


@dataclass(frozen=True, eq=False)
class Parameter:
    """A named parameter of a space.

    Parameters
    ----------
    name
        The name; dots make groups.
    dim
        The dimension of its values, or None for one fixed value.
    values
        A read-only array of one dimension, or of none for a fixed value.
    attrs
        Units, long name and the like.
    given
        At which positions the parameter has a value; None for all. Elsewhere it is not passed, so that the simulation's
        default holds, and the values have what `MISSING` says. A fixed value is always given.
    objects
        By label, what values stand for that are labels of objects; empty where nobody gave them, None for other values.
    arrays
        By digest, what values stand for that are digests of arrays; None for other values, and where the arrays are not at hand.
    """

    name: str
    dim: str | None
    values: Values
    attrs: Mapping[str, Any]
    given: npt.NDArray[np.bool_] | None = None
    objects: Objects | None = None
    arrays: Arrays | None = None

    def __post_init__(self) -> None:
        if declares(self.attrs):
            self.check(self.attrs)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self.values.flags.writeable = False  # which NumPy forgets in copies and pickles

    def __getstate__(self) -> dict[str, Any]:
        if self.arrays is None:
            return vars(self)
        return {**vars(self), "arrays": self.arrays.only(self.values)}  # what was selected travels alone

    def check(self, attrs: Mapping[str, Any]) -> None:
        """Raise `SpaceError` if a value is not as attributes declare, those of arrays included."""
        if self.arrays is not None and len(self.arrays):
            check_declared(self.name, self.arrays.only(self.values).values, attrs)
        elif self.values.dtype.kind != "S":  # the digests of arrays
            check_declared(self.name, self.values, attrs, self.given)

    @property
    def label(self) -> str:
        """The name with its units: ``tau (ms)``."""
        return f"{self.name} ({self.attrs['units']})" if self.attrs.get("units") else self.name

    def equals(self, other: "Parameter") -> bool:
        """Return whether name, dimension, dtype and every value are the same."""
        return (
            (self.name, self.dim, self.values.dtype.kind) == (other.name, other.dim, other.values.dtype.kind)
            and self.values.shape == other.values.shape
            and (self.objects is None) == (other.objects is None)
            and np.array_equal(self.is_given, other.is_given)
            and bool(np.all((self.values == other.values) | ~self.is_given))
        )

    @property
    def is_given(self) -> npt.NDArray[np.bool_]:
        """At which positions the parameter has a value, where it has one everywhere too."""
        return np.ones(self.values.shape, dtype=np.bool_) if self.given is None else self.given

    @property
    def labels(self) -> list[bytes]:
        """The canonical form of each value; empty where none is given, which no value's is."""
        labels = canonical(self.values)
        if self.given is None:
            return labels
        return [label if given else b"" for label, given in zip(labels, self.given.tolist(), strict=True)]

    def python_values(self, positions: Any = ...) -> list[Any]:
        """Return the values at some positions, by default at all, as the simulation receives them."""
        values = np.atleast_1d(self.values[positions])
        return python_values(values) if self.arrays is None else self.arrays.each(values)

    def text_of(self, value: Any) -> str:
        """Return one of the values as text that tells it from others."""
        if isinstance(value, bytes) and self.arrays is not None and value in self.arrays:
            return self._array_text(value)
        return exact_text(value)

    def _array_text(self, digest: bytes) -> str:
        if self.arrays is None:
            return format_value(digest)
        if self.arrays.labels is not None:
            return format_value(self.arrays.names(np.array(digest))[()])
        return format_value(self.arrays.each(np.array([digest]))[0])

    def take(self, positions: Any) -> "Parameter":
        """Return the parameter with the values at some positions of its dimension."""
        values = np.asarray(self.values[positions])
        values.flags.writeable = False
        given = None if self.given is None else np.asarray(self.given[positions])
        if given is not None and given.all():
            given = None
        return replace(self, dim=self.dim if values.ndim else None, values=values, given=given)

    def summary(self, limit: int = 4) -> str:
        """Return the values as short text: ``0, 0.25, … 1``."""
        if self.values.ndim == 0:
            return (
                format_value(self.values[()]) if self.arrays is None else self._array_text(self.values.item())
            )
        values = self.values if self.given is None else self.values[self.given]
        shown = format_value if self.arrays is None else self._array_text
        texts = [shown(value) for value in (values if values.size <= limit else values[:2])]
        if values.size > limit:
            texts.append(f"… {shown(values[-1])}")
        if self.given is not None:
            texts.append(f"given at {values.size} of {self.values.size}")
        return ", ".join(texts)


def named(name: str, given: Any) -> Parameter:
    """Return a `Parameter` from what a user wrote beside its name.

    Raises
    ------
    SpaceError
        If the name is reserved or no identifier, or the values cannot be explored.
    """
    check_name(name)
    attrs: Mapping[str, Any] = {}
    dim: str | None = name
    chosen: str | None = None
    what = given if isinstance(given, Param) else Param(given)
    if is_array_valued(what):
        return _array_valued(name, what)
    if isinstance(given, Param):
        given, attrs, chosen = given.values, given.attrs, given.dim
        dim = chosen or name
    if hasattr(given, "dims") and hasattr(given, "attrs"):  # an xarray DataArray or Variable, unloaded here
        if given.ndim == 1 and chosen is None:
            dim = str(given.dims[0])
        given, attrs = given.values, {**given.attrs, **attrs}
    objects = what.objects
    if isinstance(given, dict):
        given, objects = labels_of(name, given), given
    given, units = without_units(name, given)
    _check_same_units(name, units, attrs)
    given, at = _where_given(given) if dim in UNGRIDDED else (given, None)
    nowhere = at is not None and not at.any() and what.dtype is not None
    values = np.zeros(0, np.dtype(what.dtype)) if nowhere else as_values(name, given)
    if what.dtype is not None and not nowhere:
        values = cast(name, values, what.dtype)
    if at is not None:
        values = _spread(values, at)
    _check_may_have_units(name, values, attrs)
    attrs = {
        **attrs,
        **units,
        **declared(name, values if at is None else values[at], what.bounds, what.allowed),
    }
    check_attrs(name, attrs)
    if values.ndim and dim != name:
        _check_dim(name, dim)
    if values.ndim:
        _check_free(name, dim)
    labelled = None if objects is None else check_labels(name, values if at is None else values[at], objects)
    return Parameter(name, dim if values.ndim else None, values, dict(attrs), at, labelled)


def _array_valued(name: str, what: Param) -> Parameter:
    if what.objects is not None:
        raise SpaceError(
            f"parameter {name!r} has arrays as values, and objects={listing(what.objects)}; expected one of them. Leave objects out."
        )
    digests, dim, arrays, given, attrs, units = arrays_of(name, what)
    _check_same_units(name, units, attrs)
    attrs = {**attrs, **units}
    check_attrs(name, attrs)
    for one in (*([dim] if dim and dim != name else []), *arrays.dims):
        _check_dim(name, one)
    _check_free(name, dim)
    for one in (*arrays.dims, *arrays.coords):
        if one in _RESERVED or one in (name, f"{name}{VALUES}", dim):
            raise SpaceError(
                f"parameter {name!r}: the arrays have {one!r} as a dimension or a coordinate, a name that is taken; use another, such as "
                f"{_RESERVED.get(one, 'component')!r}."
            )
    return Parameter(name, dim, digests, attrs, given, None, arrays)


def _where_given(given: Any) -> tuple[Any, npt.NDArray[np.bool_] | None]:
    """Return the values of a list without None, which means that a point has none, and where they stand if there is one."""
    if isinstance(given, np.ndarray) and given.dtype == object and None in given.tolist():
        given = given.tolist()
    if not isinstance(given, (list, tuple)):
        return given, None
    at = np.array([value is not None for value in given], dtype=np.bool_)
    return (given, None) if at.all() else ([value for value in given if value is not None], at)


def _spread(values: Values, at: npt.NDArray[np.bool_]) -> Values:
    full = np.full(at.size, MISSING[values.dtype.kind], dtype=values.dtype)
    full[at] = values
    full.flags.writeable = False
    return full


def repetitions(n: int) -> Parameter:
    """Return the parameter that counts repetitions 0, 1, …, n − 1."""
    values = np.arange(n, dtype=np.int64)
    values.flags.writeable = False
    return Parameter(REPETITION, REPETITION, values, {"long_name": "repetition"})


def check_name(name: str) -> None:
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
        raise SpaceError(
            f"got the parameter name {name!r}; expected an identifier, or identifiers joined by dots, "
            f"since the simulation receives it by keyword."
        )
    if (plain := unicodedata.normalize("NFKC", name)) != name:
        raise SpaceError(
            f"got the parameter name {name!r}, which Python and netCDF take for {plain!r}, another sequence of characters; "
            f"write it as {plain!r}."
        )
    if "." in name and name.endswith(f".{_OCCURRENCE}"):
        raise SpaceError(
            f"the parameter name {name!r} is reserved; use another than {_OCCURRENCE!r} behind the dot."
        )
    if name in _RESERVED:
        raise SpaceError(
            f"the parameter name {name!r} is reserved; use another, such as {_RESERVED[name]!r}"
            + (", or Space.repeat(n) for repetitions." if name == REPETITION else ".")
        )


def _check_same_units(name: str, units: Mapping[str, str], attrs: Mapping[str, Any]) -> None:
    if units and attrs.get("units", units["units"]) != units["units"]:
        raise SpaceError(
            f"parameter {name!r} has values in {units['units']}, and units={attrs['units']!r}; expected one unit. Convert the values: "
            f"quantity.to({attrs['units']!r})."
        )


def _check_free(name: str, dim: str | None) -> None:
    if dim in _RESERVED and dim not in UNGRIDDED:
        raise SpaceError(
            f"parameter {name!r}: the dimension name {dim!r} is reserved; use another, such as {_RESERVED[str(dim)]!r}."
        )


def _check_may_have_units(name: str, values: Values, attrs: Mapping[str, Any]) -> None:
    if values.dtype.kind == "M" and (said := [key for key in ("units", "calendar") if attrs.get(key)]):
        raise SpaceError(
            f"parameter {name!r}: got {said[0]}={attrs[said[0]]!r} for times, of which files say themselves how they count them. Leave it out."
        )


def _check_dim(name: str, dim: Any) -> None:
    if not isinstance(dim, str) or not all(part.isidentifier() for part in dim.split(".")):
        raise SpaceError(
            f"parameter {name!r}: got the dimension name {dim!r}; expected an identifier, or identifiers joined by dots. "
            f"Rename the dimension."
        )


def check_attrs(name: str, attrs: Mapping[str, Any]) -> None:
    for key, value in attrs.items():
        if (
            not isinstance(key, str)
            or not re.fullmatch(r"\w[^\x00-\x1f\x7f/]*(?<! )", key)
            or key in _OWN_ATTRS
        ):
            raise SpaceError(
                f"parameter {name!r}: got the attribute name {key!r}; expected an identifier other than "
                f"{listing(sorted(_OWN_ATTRS), 9)}, which say how a file holds the values. Rename it, or leave it out."
            )
        if not _is_attribute(value):
            raise SpaceError(
                f"parameter {name!r}: attribute {key!r} is {value!r}, which netCDF cannot hold; expected text or numbers."
            )


def _is_attribute(value: Any) -> bool:
    """Return whether netCDF can hold a value as an attribute: a text, a number, or a list of one of these."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, (bool, np.bool_)):
        return False
    if isinstance(value, (list, tuple, np.ndarray)):
        return (
            np.ndim(value) == 1
            and len(value) > 0
            and all(map(_is_attribute, value))
            and len({isinstance(one, str) for one in value}) == 1
        )
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) or (
        isinstance(value, np.number) and value.dtype.str[1:] in _ATTRIBUTE_TYPES
    )
