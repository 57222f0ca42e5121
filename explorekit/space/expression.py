"""A space as the Python expression that makes it again: ``eval(repr(space)) == space``."""

import keyword
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.space import html
from explorekit.space.array_expression import arrays_expression
from explorekit.space.constraints import ALLOWED
from explorekit.space.objects import objects_in
from explorekit.space.parameter import REPETITION, keyword_meant
from explorekit.space.values import NATIVE, python_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorekit.space.arrays import Arrays
    from explorekit.space.axis import Axis
    from explorekit.space.derived import Derived, Formula
    from explorekit.space.distributions import RandomVariable
    from explorekit.space.objects import Objects
    from explorekit.space.parameter import Parameter
    from explorekit.space.space import Space
    from explorekit.space.values import Values

_WIDTH = 100
_FEW = 5  # as many values are written out, although a range of them would be exact
_OWN = frozenset({"values"})  # arguments of `param`, which an attribute of that name cannot be given by
_MEANT_SO = frozenset({"units", "long_name"})


def expression(space: "Space") -> str:
    """Return the expression that makes a space, in which ``ek`` is explorekit, ``np`` is NumPy, and ``stats`` is `scipy.stats`.

    Values are exact. Those that `range` or `numpy.linspace` gives bit for bit are written so; that of `numpy.geomspace`
    would depend on the mathematical library of the machine that evaluates it. A parameter that has more values than NumPy
    prints of an array (``numpy.printoptions(threshold=…)``) is abbreviated; such a text does not evaluate.
    """
    extended, selected = _with_first_occurrences(space)
    repeated = space.parameters.get(REPETITION)
    texts = [(p.name, _parameter(p)) for p in extended if p is not repeated]
    arguments = _arguments([*texts, *((v.name, _distribution(v)) for v in space.distributions.values())])
    suffix = "" if repeated is None else _repeat(repeated)
    suffix += f".isel({selected})" if selected else ""
    if space.derived or space.waiting:
        texts = [(one.name, _derived(one)) for one in space.derived.values()]
        texts += [(one.name, _waiting(one)) for one in space.waiting.values()]
        suffix += f".derive({', '.join(_arguments(texts))})"
    line = f"ek.Space({', '.join(arguments)}){suffix}"
    if len(line) < _WIDTH * 4 // 5 and "\n" not in line:
        return line
    body = "".join(f"    {argument},\n" for argument in arguments)
    return f"ek.Space(  # {html.headline(space)}\n{body}){suffix}"


def _arguments(texts: list[tuple[str, str]]) -> list[str]:
    """Return the arguments of `Space`; up to the last name that cannot be a keyword as items of a mapping, to keep the order."""
    awkward = [i for i, (name, _) in enumerate(texts) if not name.isidentifier() or keyword.iskeyword(name)]
    behind = awkward[-1] + 1 if awkward else 0
    items = ", ".join(f"{name!r}: {text}" for name, text in texts[:behind])
    return [f"{{{items}}}"] * bool(items) + [f"{name}={text}" for name, text in texts[behind:]]


def _parameter(p: "Parameter") -> str:
    if p.arrays is not None:
        return _of_arrays(p, p.arrays)
    text = values_expression(p.values) if p.given is None else _with_none(p)
    keywords, attrs = {}, p.attrs
    if p.objects is not None:
        if p.dim and p.given is None and p.objects and list(p.objects) == p.values.tolist():
            text = _objects(p.values, p.objects)
        else:
            keywords["objects"] = _objects(p.values, p.objects)
    if any(map(_is_awkward, attrs, attrs.values())):
        listed = ", ".join(f"{key!r}: {attribute_expression(value)}" for key, value in attrs.items())
        text, attrs = f"xr.Variable({repr(p.dim) if p.dim else '()'}, {text}, {{{listed}}})", {}
    elif p.dim != p.name and p.dim:
        keywords["dim"] = repr(p.dim)
    if p.given is not None and not (p.given.any() and _is_native(p.values)):
        keywords["dtype"] = repr(_dtype_name(p.values))
    if not attrs and not keywords:
        return text
    return _param([text, *(f"{key}={value}" for key, value in keywords.items())], attrs)


def _of_arrays(p: "Parameter", arrays: "Arrays") -> str:
    text, further = arrays_expression(p, arrays)
    return _param([text, *further], p.attrs) if further or p.attrs else text


def _derived(one: "Derived") -> str:
    """Return the values of a derived parameter, which are all of a function that can be written."""
    values, given = one.values.ravel(), one.is_given.ravel()
    native = given.any() and _is_native(values)
    dtype = [] if native or one.given is None else [f"dtype={_dtype_name(values)!r}"]
    if one.given is not None:
        text = f"np.array({_nones(values, given.tolist())}, dtype=object)"
    elif one.dims:
        text = values_expression(values)
    else:
        text = scalar_expression(one.values[()])
    if len(one.dims) > 1:
        text = f"np.reshape({text}, {one.values.shape})"
    attrs = ", ".join(f"{key!r}: {attribute_expression(value)}" for key, value in one.told_attrs.items())
    dims = repr(one.dims[0] if len(one.dims) == 1 else one.dims)
    variable = f"xr.Variable({dims}, {text}, {{{attrs}}})"
    return f"ek.param({', '.join([variable, *dtype])})" if dtype else variable


def _waiting(formula: "Formula") -> str:
    """Return the function of what waits for values, by its name."""
    text = getattr(formula.function, "__qualname__", None) or repr(formula.function)
    return _param([text], formula.attrs) if formula.attrs else text


def _nones(values: "Values", given: list[bool]) -> str:
    """Return values as a list with None where there is none."""
    if values.size > np.get_printoptions()["threshold"]:
        return f"<{values.size:,} values, given at {sum(given):,}>"
    plain = list(values) if values.dtype.kind in "MU" else values.tolist()
    return _list([scalar_expression(v) if there else "None" for v, there in zip(plain, given, strict=True)])


def _with_none(p: "Parameter") -> str:
    """Return the values of a parameter with None where it is not given."""
    values, given = p.values, p.is_given.tolist()
    return _nones(values, given)


def _is_native(values: "Values") -> bool:
    """Return whether NumPy makes of Python's own what the values are."""
    return values.dtype.kind in "MU" or values.dtype in NATIVE


def _dtype_name(values: "Values") -> str:
    return values.dtype.str[1:] if values.dtype.kind in "MU" else values.dtype.name


def _distribution(variable: "RandomVariable") -> str:
    text = variable.distribution.expression()
    given = [f"dtype={variable.dtype!r}"] if variable.dtype else []
    if variable.objects is not None:
        given += [f"objects={_objects(np.array(list(variable.objects)), variable.objects)}"]
    return _param([text, *given], variable.attrs) if given or variable.attrs else text


def _param(arguments: list[str], attrs: "Mapping[str, Any]") -> str:
    """Return the call of `param` with some arguments, and attributes behind."""
    plain = {k: v for k, v in attrs.items() if k.isidentifier() and not keyword.iskeyword(k)}
    arguments += [f"{key}={attribute_expression(value)}" for key, value in plain.items()]
    if awkward := [f"{k!r}: {attribute_expression(v)}" for k, v in attrs.items() if k not in plain]:
        arguments.append(f"**{{{', '.join(awkward)}}}")
    return f"ek.param({', '.join(arguments)})"


def _objects(values: "Values", objects: "Objects") -> str:
    """Return the objects of labels by the names that they were defined under; what has none cannot be written so as to evaluate."""
    known = objects_in(values, objects)
    texts = {label: getattr(one, "__qualname__", None) or repr(one) for label, one in known.items()}
    return "{" + ", ".join(f"{label!r}: {text}" for label, text in texts.items()) + "}"


def _is_awkward(name: str, value: Any) -> bool:
    """Return whether `param` would take an attribute for something else."""
    if name == ALLOWED:
        return not isinstance(value, (list, tuple, np.ndarray))  # a file holds a single one as such
    return name in _OWN or (name not in _MEANT_SO and keyword_meant(name) != "")


def values_expression(values: "Values") -> str:
    """Return the expression of values, or of one."""
    if values.ndim == 0:
        return scalar_expression(values[()])
    if values.size > _FEW and (short := _as_range(values)):
        return short
    if values.size > np.get_printoptions()["threshold"]:
        first, second, last = (scalar_expression(values[i]) for i in (0, 1, -1))
        return f"<{values.size:,} values: {first}, {second}, … {last}>"
    if values.dtype.kind == "M":
        times: list[str] = np.datetime_as_string(values, unit="auto").tolist()
        return f"np.array({_list([repr(text) for text in times])}, dtype='datetime64[ns]')"
    if values.dtype.kind == "U" or values.dtype in NATIVE:
        return _list([scalar_expression(value) for value in values])
    texts = (
        _short_floats(values) if values.dtype.kind == "f" else [scalar_expression(v) for v in values.tolist()]
    )
    return f"np.array({_list(texts)}, dtype={values.dtype.name!r})"


def _as_range(values: "Values") -> str | None:
    """Return the call of `range` or `numpy.linspace` that gives just these bits, if there is one."""
    first, last = values[0], values[-1]
    if values.dtype == np.int64:
        step = int(values[1]) - int(first)
        if step and int(last) - int(first) == step * (values.size - 1) and np.all(np.diff(values) == step):
            ends = (int(first), int(last) + (1 if step > 0 else -1))
            return (
                f"range({ends[1]})"
                if (ends[0], step) == (0, 1)
                else f"range{(*ends, step)[: 2 + (step != 1)]}"
            )
    if values.dtype == np.float64:
        with np.errstate(all="ignore"):
            even = np.linspace(first, last, values.size)
        if even.tobytes() == values.tobytes():
            return f"np.linspace({scalar_expression(first)}, {scalar_expression(last)}, {values.size})"
    return None


def _short_floats(values: "Values") -> list[str]:
    """Return short floats by as few digits as tell them apart, where these are read back exactly."""
    short = [str(value) for value in values]
    if np.isfinite(values).all() and np.array([float(s) for s in short], values.dtype).tobytes() == (
        values.tobytes()
    ):
        return short
    return [scalar_expression(value) for value in values.tolist()]


def _list(texts: list[str]) -> str:
    return np.array2string(
        np.array(texts, dtype=object),
        max_line_width=_WIDTH,
        separator=", ",
        prefix=" " * 8,
        threshold=sys.maxsize,
        formatter={"all": str},
    )


def scalar_expression(value: Any) -> str:
    """Return one value as an expression; what is of no type of Python's own as NumPy writes it."""
    if isinstance(value, np.datetime64):
        return f"np.datetime64({str(np.datetime_as_string(value, unit='auto'))!r})"
    if isinstance(value, np.generic):
        value = python_values(np.array([value]))[0]
    if isinstance(value, np.floating):
        return f"np.{value.dtype.name}({_short_floats(np.array([value]))[0]})"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({scalar_expression(value.item())})"
    if isinstance(value, float) and not np.isfinite(value):
        return f"np.{value}" if value > 0 or value != value else "-np.inf"
    if isinstance(value, complex) and not _reads_back(value):
        return f"complex({scalar_expression(value.real)}, {scalar_expression(value.imag)})"
    return repr(value)


def _reads_back(value: complex) -> bool:
    """Return whether ``1+2j`` gives these bits, which signed zeros and infinities do not survive."""
    parts = np.array([value.real, value.imag])
    zeros = np.signbit(parts) & (parts == 0)
    return bool(np.isfinite(parts).all() and not zeros.any() and not (parts[0] == 0 and parts[1] < 0))


def list_expression(values: "Values") -> str:
    """Return the expression of values as a list."""
    return _list([scalar_expression(value) for value in values])


def attribute_expression(value: Any) -> str:
    """Return the expression of an attribute."""
    if isinstance(value, np.ndarray):
        return f"np.array({_list([scalar_expression(one) for one in value.tolist()])}, dtype={value.dtype.name!r})"
    if isinstance(value, (list, tuple)):
        return repr(value) if all(isinstance(one, (str, int)) for one in value) else _sequence(value)
    return scalar_expression(value)


def _sequence(values: "list[Any] | tuple[Any, ...]") -> str:
    inside = ", ".join(map(scalar_expression, values))
    return f"[{inside}]" if isinstance(values, list) else f"({inside},)"


def _repeat(repeated: "Parameter") -> str:
    numbers = np.atleast_1d(repeated.values)
    repeat = f".repeat({int(numbers.max()) + 1})"
    if repeated.dim is None:
        return f"{repeat}.isel({REPETITION}={int(numbers[0])})"
    if np.array_equal(numbers, np.arange(numbers.size)):
        return repeat
    return f"{repeat}.isel({REPETITION}={_list([str(n) for n in numbers.tolist()])})"


def _with_first_occurrences(space: "Space") -> "tuple[list[Parameter], str]":
    """Return the parameters, and what to select of them along dimensions of which a selection left a later occurrence only.

    A tuple is the second of its kind by what stands before it, so that is written too.
    """
    taken: dict[str, Any] = {}
    selected = []
    for dim, axis in space.axes.items():
        if "occurrence" not in axis.__dict__ or not axis.occurrence.any():
            continue  # counted on its own, if at all; and without a later one there is nothing to write before it
        counted = axis.with_occurrence(np.zeros(0, dtype=np.int64))
        del counted.__dict__["occurrence"]
        if not np.array_equal(counted.occurrence, axis.occurrence):
            rows, positions = _every_occurrence(axis)
            taken[dim] = rows
            selected.append(f"{dim!r}: {positions}")
    parameters = [p.take(taken[p.dim]) if p.dim in taken else p for p in space.parameters.values()]
    return parameters, f"{{{', '.join(selected)}}}" if selected else ""


def _every_occurrence(axis: "Axis") -> tuple[list[int], list[int]]:
    """Return rows of an axis with each tuple as often as its last occurrence says, and where each position lies in these."""
    last: dict[tuple[bytes, ...], int] = {}
    row_of: dict[tuple[bytes, ...], int] = {}
    for row, label in enumerate(axis.labels):
        last[label[:-1]] = max(last.get(label[:-1], 0), int(axis.occurrence[row]))
        row_of.setdefault(label[:-1], row)
    start: dict[tuple[bytes, ...], int] = {}
    rows: list[int] = []
    for label, count in last.items():
        start[label] = len(rows)
        rows += [row_of[label]] * (count + 1)
    positions = [start[label[:-1]] + int(axis.occurrence[row]) for row, label in enumerate(axis.labels)]
    return rows, positions
