"""Values and spaces drawn at random, for the laws that the tests state."""

from functools import reduce

import numpy as np
import xarray as xr
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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
def array_values(draw, max_size=3, dtypes=DTYPES):
    """Distinct arrays of one dtype and shape, with or without names for their dimensions."""
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=2))
    n, size = draw(st.integers(1, max_size)), int(np.prod(shape))
    cells = draw(st.lists(elements(dtype), min_size=n * size, max_size=n * size))
    values = array_of(dtype, cells).reshape(n, *shape)
    first = {bits(one): row for row, one in reversed(list(enumerate(values)))}
    values = values[sorted(first.values())]
    if draw(st.booleans()):
        return values
    dims = ("arrays", *(f"along{axis}" for axis in range(len(shape))))
    coords = {"along0": [f"{i}" for i in range(shape[0])]} if draw(st.booleans()) else {}
    coords |= {"arrays": np.arange(len(values)) * 10} if draw(st.booleans()) else {}
    return xr.DataArray(values, dims=dims, coords=coords)


@st.composite
def paired_spaces(draw, names, max_size=5, dtypes=("f8", "i8", "U", "bool")):
    """Two parameters along one dimension, tuples possibly repeated."""
    n = draw(st.integers(1, max_size))
    columns = {}
    for name in names:
        dtype = draw(st.sampled_from(dtypes))
        few = draw(st.lists(elements(dtype), min_size=1, max_size=2))
        columns[name] = array_of(dtype, draw(st.lists(st.sampled_from(few), min_size=n, max_size=n)))
    return ek.Space({name: ek.param(values, dim="pair") for name, values in columns.items()})


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
