"""Values and spaces drawn at random, for the laws that the tests state."""

from functools import reduce

import numpy as np
import xarray as xr
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

import explorekit as ek

settings.register_profile(
    "explorekit",
    deadline=None,
    max_examples=40,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to explain a failure takes minutes
)
settings.load_profile("explorekit")

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=0, max_size=6
)  # netCDF holds no surrogates and no NUL
_finite = {"allow_nan": False}

DTYPES = ("f4", "f8", "c8", "c16", "bool", "U", "M8[ns]", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")


def elements(dtype):
    """Scalars of a dtype; for floats infinities and both zeros, for integers both ends of their range."""
    if dtype == "U":
        return texts
    if dtype == "M8[ns]":
        return st.integers(-(2**63) + 1, 2**63 - 1).map(lambda n: np.datetime64(n, "ns"))
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        return st.sampled_from([int(ends.min), int(ends.max), 0]) | st.integers(int(ends.min), int(ends.max))
    if dtype.kind == "c":
        return st.complex_numbers(allow_nan=False, width=dtype.itemsize * 8)
    if dtype.kind == "f":
        return st.floats(allow_nan=False, width=dtype.itemsize * 8) | st.sampled_from([np.inf, -np.inf, -0.0])
    return hnp.from_dtype(dtype)


def array_of(dtype, items):
    return np.array(items, dtype=str if dtype == "U" else dtype)


@st.composite
def grid_values(draw, max_size=5, dtypes=DTYPES):
    """Distinct values of one dtype, as they may lie on a dimension of their own."""
    dtype = draw(st.sampled_from(dtypes))
    # −0.0 equals 0.0, and so does every component of a complex number.
    items = draw(
        st.lists(
            elements(dtype),
            min_size=1,
            max_size=max_size,
            unique_by=lambda v: v + 0 if dtype != "U" and dtype != "M8[ns]" else v,
        )
    )
    return array_of(dtype, items)


@st.composite
def array_values(draw, max_size=3, dtypes=DTYPES, prefix=""):
    """Distinct arrays of one dtype and shape, with or without names for their dimensions, which begin with a prefix."""
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=2))
    n, size = draw(st.integers(1, max_size)), int(np.prod(shape))
    cells = draw(st.lists(elements(dtype), min_size=n * size, max_size=n * size))
    values = array_of(dtype, cells).reshape(n, *shape)
    first = {bits(one): row for row, one in reversed(list(enumerate(values)))}
    values = values[sorted(first.values())]
    if draw(st.booleans()):
        return values
    dims = ("arrays", *(f"{prefix}along{axis}" for axis in range(len(shape))))
    coords = {f"{prefix}along0": [f"{i}" for i in range(shape[0])]} if draw(st.booleans()) else {}
    coords |= {"arrays": np.arange(len(values)) * 10} if draw(st.booleans()) else {}
    return xr.DataArray(values, dims=dims, coords=coords)


@st.composite
def paired_spaces(draw, names, max_size=5, dtypes=("f8", "i8", "U", "bool"), dim="pair"):
    """Two parameters along one dimension, tuples possibly repeated."""
    n = draw(st.integers(1, max_size))
    columns = {}
    for name in names:
        dtype = draw(st.sampled_from(dtypes))
        few = draw(st.lists(elements(dtype), min_size=1, max_size=2))
        columns[name] = array_of(dtype, draw(st.lists(st.sampled_from(few), min_size=n, max_size=n)))
    return ek.Space({name: ek.param(values, dim=dim) for name, values in columns.items()})


@st.composite
def spaces(draw, max_dims=3, max_size=4, arrays=True):
    """Grids, fixed values, arrays, a pair and repetitions, in any combination."""
    factors = [
        ek.Space({name: draw(grid_values(max_size=max_size))})
        for name in draw(st.lists(st.sampled_from(["a", "b", "group.c"]), max_size=max_dims, unique=True))
    ]
    if draw(st.booleans()):
        dtype = draw(st.sampled_from(DTYPES))
        factors.append(ek.Space(fixed=array_of(dtype, draw(elements(dtype)))))
    if arrays and draw(st.booleans()):
        factors.append(ek.Space(arrays=draw(array_values(max_size=max_size))))
    if draw(st.booleans()):
        factors.append(draw(paired_spaces(["p", "q"], max_size=max_size)))
    space = reduce(lambda left, right: left * right, draw(st.permutations(factors)), ek.Space())
    return space.repeat(draw(st.integers(1, 3))) if draw(st.booleans()) else space


def bits(values):
    """The exact content of an array: dtype, shape and bytes."""
    values = np.asarray(values)
    return values.dtype.newbyteorder("=").str, values.shape, np.ascontiguousarray(values).tobytes()


# ---- spaces of every kind


class Euler:
    """A class that a label stands for."""


def heun():
    """A function that a label stands for."""


OBJECTS = {"euler": Euler, "heun": heun, "min": min}
NAMES = {"Euler": Euler, "heun": heun}  # under which the text of a space knows them


@st.composite
def described(draw, values):
    """Values with units, a long name, bounds and allowed values, or without."""
    attrs = {}
    if values.dtype.kind != "M" and draw(st.booleans()):
        attrs["units"] = draw(st.sampled_from(["ms", "m/s**2", "1"]))
    if draw(st.booleans()):
        attrs["long_name"] = draw(texts)
    if values.dtype.kind in "iuf" and draw(st.booleans()):
        attrs["bounds"] = draw(st.sampled_from([(None, values.max()), (values.min(), values.max())]))
    if values.dtype.kind in "iufUM" and draw(st.booleans()):
        attrs["allowed"] = np.atleast_1d(values)
    return ek.param(values, **attrs)


def _twice(name):
    made = {}
    exec(f"def twice({name}): return 2 * {name}", made)
    return made["twice"]


@st.composite
def _sums(draw, prefix):
    dtypes = {f"{prefix}u": draw(st.sampled_from(DTYPES)), f"{prefix}v": draw(st.sampled_from(DTYPES))}
    parts = []
    for _ in range(draw(st.integers(2, 3))):
        values = {}
        names = [*dtypes, f"{prefix}o"]
        for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True)):
            labels = st.lists(st.sampled_from(list(OBJECTS)), min_size=1, max_size=2, unique=True)
            values[name] = (
                draw(grid_values(max_size=2, dtypes=(dtypes[name],)))
                if name in dtypes
                else {label: OBJECTS[label] for label in draw(labels)}
            )
        parts.append(ek.Space(values))
    return sum(parts)


@st.composite
def _designs(draw, prefix):
    drawn = {
        f"{prefix}x": stats.norm(),
        f"{prefix}k": ek.categorical(["a", "b"], p=[0.1, 0.9]),
        f"{prefix}o": ek.categorical(OBJECTS),
        f"{prefix}i": stats.randint(0, 3),
    }
    method = draw(st.sampled_from(["random", "lhs", "sobol", "halton"]))
    n, seed = draw(st.integers(1, 5)), draw(st.integers(0, 5))
    if draw(st.booleans()):
        return ek.Space(drawn).sample(n, method, seed=seed)
    other = ek.Space({f"{prefix}x": stats.uniform(), f"{prefix}f": 3})
    return (1 * ek.Space(drawn) + 2 * other).sample(n, method, seed=seed)


@st.composite
def _fixed(draw, prefix):
    dtype = draw(st.sampled_from(DTYPES))
    return ek.Space({f"{prefix}fixed": draw(described(array_of(dtype, draw(elements(dtype)))))})


@st.composite
def _grids(draw, prefix):
    names = draw(st.sampled_from([[f"{prefix}a"], [f"{prefix}g.x", f"{prefix}g.y.z"]]))
    return ek.Space({name: draw(described(draw(grid_values(max_size=3)))) for name in names})


@st.composite
def _arrays(draw, prefix):
    several = draw(array_values(prefix=prefix))  # two parameters may not differ in one dimension
    if draw(st.booleans()):
        return ek.Space({f"{prefix}m": ek.param(np.asarray(several)[0], fixed=True)})
    space = ek.Space({f"{prefix}m": ek.param(several, dim=f"{prefix}m")})
    return space if draw(st.booleans()) else space + ek.Space({f"{prefix}n": 1})


@st.composite
def _labelled(draw, prefix):
    labels = draw(st.lists(st.sampled_from(list(OBJECTS)), min_size=1, unique=True))
    return ek.Space({f"{prefix}o": {label: OBJECTS[label] for label in labels}})


@st.composite
def _parts(draw, prefix):
    space = draw(_sums(prefix))
    positions = st.lists(st.integers(0, space.sizes["point"] - 1), min_size=1, unique=True)
    return space.isel(point=draw(positions))


@st.composite
def _conditional(draw, prefix):
    space = ek.Space({f"{prefix}k": ["x", "y"], f"{prefix}m": draw(st.sampled_from([[1], [1, 2]]))})
    space += ek.Space({f"{prefix}k": ["y", "z"]})
    return space.when({f"{prefix}k": "y", f"{prefix}tol": draw(grid_values(max_size=2))})


@st.composite
def _derived(draw, prefix):
    space = ek.Space({f"{prefix}a": [1, 2, 3], f"{prefix}b": [0.5, 1.5]})
    space = space if draw(st.booleans()) else space + ek.Space({f"{prefix}a": [7, 1]})
    return space.derive({f"{prefix}d": _twice(f"{prefix}a"), f"{prefix}e": _twice(f"{prefix}d")})


def _pairs(prefix):
    return paired_spaces([f"{prefix}p", f"{prefix}q"], dim=f"{prefix}pair")


def _found(prefix):
    grid = ek.Space({f"{prefix}a": [1, 2, 3], f"{prefix}b": ["x", "y"], f"{prefix}c": [0.1, 0.2]})
    return st.just(grid.find(lambda p: p[f"{prefix}a"] != 2 or p[f"{prefix}b"] == "x"))


_KINDS = (_fixed, _grids, _arrays, _labelled, _pairs, _sums, _parts, _found, _conditional, _derived)


def factors(prefix="", with_designs=True):
    """Spaces of one kind, the names of whose parameters and own dimensions begin with a prefix."""
    kinds = (*_KINDS, _designs) if with_designs else _KINDS
    return st.sampled_from(kinds).flatmap(lambda kind: kind(prefix))


@st.composite
def any_spaces(draw, unsampled=False):
    """Products of spaces of every kind, repeated or not, and parts of these; with distributions if that is wanted."""
    made = []
    for prefix in draw(st.lists(st.sampled_from(["", "s_", "t_"]), max_size=2, unique=True)):
        made.append(draw(factors(prefix, with_designs=not any("sample" in one.dims for one in made))))
    space = reduce(lambda left, right: left * right, made, ek.Space())
    space = space.repeat(draw(st.integers(1, 3))) if draw(st.booleans()) else space
    if draw(st.booleans()):
        for dim, size in space.sizes.items():
            some = st.lists(st.integers(0, size - 1), min_size=1, unique=True)
            space = space.isel({dim: draw(some | st.just(slice(None)) | st.integers(0, size - 1))})
    if unsampled and draw(st.booleans()):
        space *= ek.Space(
            drawn=ek.param(stats.norm(), units="m", bounds=(-9, 9)),
            chosen=ek.categorical([1, 2], p=[0.1, 0.9]),
        )
    return space


def content(space):
    """Everything that a space is: order, dimensions, bits, attributes, occurrences, objects."""
    return (
        [
            (p.name, p.dim, _exactly(p), {k: _plain(v) for k, v in p.attrs.items()}, p.objects is None)
            for p in space.parameters.values()
            if p.name != "repetition"
        ],
        [(d.name, d.dims, _exactly(d), d.formula.of) for d in space.derived.values()],
        [(v.name, str(v.distribution), v.dtype) for v in space.distributions.values()],
        {dim: axis.occurrence.tolist() for dim, axis in space.axes.items()},
        space.dims,
    )


def _exactly(p):
    """Values without the room for longer text that a part of an array keeps, and where they are."""
    arrays = getattr(p, "arrays", None)
    values = p.values if arrays is None else arrays.stacked(p.values)
    exact = values.tolist() if values.dtype.kind == "U" else bits(values)
    return exact, p.is_given.tolist(), None if arrays is None else (arrays.dims, arrays.shape)


def _plain(attribute):
    """An attribute as files hold it, to which a list of one is a value."""
    values = np.ravel(attribute)
    return bits(values[0] if values.size == 1 else values)[1:]
