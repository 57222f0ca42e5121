"""Every kind of plot, of every type of value, along every sort of coordinate: it is drawn, and it is what xarray selects."""

import io
import logging

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorekit.explorer import explore
from explorekit.explorer.drawing.kinds import choices_of_kind, kinds
from explorekit.explorer.view import View

# How many values there are along each dimension; the last is left to a slider.
SIZES = {"row of": 3, "across": 4, "at": 2}

WAVES = np.sin(np.arange(24.0) ** 2).reshape(3, 4, 2) * [1.0, 3.0]
VALUES = {
    "float64": WAVES,
    "float32": WAVES.astype(np.float32),
    "int64": (WAVES * 9).astype(int),
    "int8": (WAVES * 9).astype(np.int8),
    "uint16": (WAVES * 9 + 27).astype(np.uint16),
    "bool": WAVES > [0.1, 0.8],
    "complex": WAVES * (1 + 2j),
    "text": np.where(WAVES > [0.1, 0.8], "tonic", "silent"),
    "datetime": np.datetime64("2024-01-01", "ns") + (WAVES * 86_400e9).astype("m8[ns]"),
    "timedelta": (WAVES * 1e9).astype("m8[ns]"),
    "object": np.where(WAVES > [0.1, 0.8], "tonic", None),
}


def _paired(dim, n):
    return {
        f"{dim} gain": (dim, np.arange(n) % 2 + 0.5),
        f"{dim} rule": (dim, [f"rule {i}" for i in range(n)]),
    }


def _levels(dim, n):
    levels = pd.MultiIndex.from_arrays([np.arange(n) % 2, list("abcd")[:n]], names=[f"{dim} i", f"{dim} j"])
    return xr.Coordinates.from_pandas_multiindex(levels, dim)


COORDINATES = {
    "none": lambda _dim, _n: {},
    "even": lambda dim, n: {dim: np.linspace(0, 1, n)},
    "uneven": lambda dim, n: {dim: np.arange(1.0, n + 1) ** 2},
    "logarithmic": lambda dim, n: {dim: np.logspace(-2, 2, n)},
    "descending": lambda dim, n: {dim: np.arange(n)[::-1]},
    "with NaN": lambda dim, n: {dim: np.r_[np.nan, np.arange(1.0, n)]},
    "repeated": lambda dim, n: {dim: np.arange(n) // 2},
    "dates": lambda dim, n: {dim: pd.date_range("2024", periods=n)},
    "times": lambda dim, n: {dim: pd.timedelta_range("1h", periods=n)},
    "texts": lambda dim, n: {dim: list("dbca")[:n]},
    "truth values": lambda dim, n: {dim: np.arange(n) % 2 == 1},
    "points": _paired,
    "levels": _levels,
    "one value": lambda dim, _n: {dim: [0.5]},
}


def results_along(coordinate, *names):
    """Results that have some of the variables, and one sort of coordinate along every dimension."""
    one = coordinate == "one value"
    data = {name: (tuple(SIZES), VALUES[name][:1, :1] if one else VALUES[name]) for name in names}
    data = xr.Dataset(data)
    for dim, n in data.sizes.items():
        if not (one and dim == "at"):
            data = data.assign_coords(COORDINATES[coordinate](dim, n))
    return data


def as_drawn(values):
    """Values as numbers: what stands for each is part of what the explorer promises."""
    match values.dtype.kind:
        case "c":
            return np.abs(values)
        case "M":
            return (values - np.datetime64(0, "D")) / np.timedelta64(1, "D")
        case "m":
            return values / np.timedelta64(1, "s")
        case "U" | "O":
            names = sorted({value for value in values.ravel() if isinstance(value, str)})
            codes = {name: float(place) for place, name in enumerate(names)}
            return np.vectorize(lambda value: codes.get(value, np.nan), otypes=[float])(values)
        case _:
            return values.astype(float)


def in_order(data, dim, by=None):
    """Data as they lie along an axis: ascending, where every value has a place of its own."""
    if by is not None:
        return data.sortby(by)
    values = data[dim].to_series() if dim in data.coords else pd.Series(range(data.sizes[dim]))
    measured = pd.api.types.is_numeric_dtype(values) or values.dtype.kind in "mM"
    measured &= not pd.api.types.is_bool_dtype(values)
    return data.sortby(dim) if measured and values.is_unique and not values.isna().any() else data


def selected(data, view):
    """What xarray selects of the variable that is shown."""
    there = data[view.variable].copy(data=as_drawn(data[view.variable].values))
    there = there.isel({dim: view.index(dim) for dim in there.dims if dim not in view.axes})
    for dim in view.axes:
        there = in_order(there, dim, view.by if dim == view.x else None)
    return there.transpose(*view.axes).values


def held(explorer):
    """The numbers in the artists of a kind whose artists have them as they are; None for the other kinds."""
    axes = explorer.figure.axes[0]
    match explorer.view.kind:
        case "line":
            return axes.lines[0].get_ydata()
        case "image":
            cells = (axes.images or axes.collections)[0].get_array()
            return np.ma.filled(np.ma.asarray(cells, dtype=float), np.nan)


def within_axes(explorer):
    """The pixels between the spines, where the title is not."""
    shown = np.asarray(Image.open(io.BytesIO(explorer.image.value)).convert("RGB")).astype(int)
    boxes = [axes.get_window_extent() for axes in explorer.screen.canvas.figure.axes]
    height = shown.shape[0]
    return [shown[height - int(b.y1) : height - int(b.y0), int(b.x0) : int(b.x1)] for b in boxes]


def move(control, index):
    setattr(control, "index" if hasattr(control, "index") else "value", index)


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def some_types(kind, coordinate):
    """A few types of values, so that every kind meets each of them, and every sort of coordinate does."""
    names = list(VALUES)
    count = -(-len(names) // len(kinds()))
    start = list(COORDINATES).index(coordinate) + count * list(kinds()).index(kind)
    return [names[(start + place) % len(names)] for place in range(count)]


@pytest.fixture
def no_faults(caplog):
    """See that nothing was logged: what goes wrong while a frame is read is said in the picture, and logged."""
    with caplog.at_level(logging.DEBUG, "explorekit"):
        yield
    assert not [record for record in caplog.records if record.name.startswith("explorekit")]


@pytest.mark.usefixtures("no_faults")
@pytest.mark.parametrize("coordinate", COORDINATES)
@pytest.mark.parametrize("kind", kinds())
def test_every_kind_draws_every_type_along_every_sort_of_coordinate(kind, coordinate):
    data = results_along(coordinate, *some_types(kind, coordinate))
    fitting = [name for name in data.data_vars if kind in choices_of_kind(data, View(name))]
    for name in {*data.data_vars} - {*fitting}:
        with pytest.raises(ValueError, match=f"'{name}' cannot be drawn as {kind}; it can as "):
            explore(data, name, kind=kind)
    if not fitting:
        return
    explorer = explore(data, fitting[0], kind=kind)
    for name in fitting:
        explorer.variable_chooser.value = name
        explorer.kind_chooser.value = kind
        seen = []
        for index in range(2 if "at" in explorer.controls else 1):
            if "at" in explorer.controls:
                move(explorer.controls["at"], index)
            assert explorer.shown_kind == kind
            seen.append(within_axes(explorer))
            assert any(np.ptp(pixels) for pixels in seen[-1]), f"{name} is blank"
            if (numbers := held(explorer)) is not None:
                np.testing.assert_allclose(numbers, selected(data, explorer.view), rtol=1e-12, err_msg=name)
        assert len(seen) < 2 or not same(*seen), f"{name} stands still"


@given(st.permutations("abcd"), st.permutations("abcd"), st.sampled_from(list(VALUES)), st.integers(0, 7))
@settings(max_examples=20, deadline=None)
def test_an_image_holds_what_xarray_selects_whatever_the_order_of_the_dimensions(order, roles, dtype, index):
    data = xr.Dataset({"z": (order, np.resize(VALUES[dtype], [2, 3, 4, 5]))})
    x, y, *others = roles
    explorer = explore(data, x=x, y=y, kind="image")
    for dim in others:
        move(explorer.controls[dim], index % data.sizes[dim])
    chosen = data.z.isel({dim: index % data.sizes[dim] for dim in others}).transpose(y, x)
    (cells,) = explorer.figure.axes[0].images[:1]
    if data.z.dtype.kind in "fiub":
        np.testing.assert_array_equal(cells.get_array(), chosen)
    np.testing.assert_allclose(cells.get_array(), selected(data, explorer.view), rtol=1e-12)
    explorer.close()
