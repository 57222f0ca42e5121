"""Values of every type that netCDF can hold come back bit for bit; others are refused with a reason."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from drawn import DTYPES, array_of, bits, elements, grid_values, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.store.spaces import read_space, space_hash, write_space


@given(grid_values())
def test_values_of_every_type_come_back_bit_for_bit_as_coordinates(values):
    coordinate = ek.Space(a=values).coords["a"]

    assert bits(coordinate.values) == bits(values)


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: elements(dtype).map(lambda item: array_of(dtype, item))))
def test_a_fixed_value_of_every_type_comes_back_bit_for_bit(value):
    assert bits(ek.Space(a=value).coords["a"].values) == bits(value)


@given(grid_values())
def test_points_have_the_values_bit_for_bit(values):
    received = [point["a"] for point in ek.Space(a=values).points()]

    assert bits(np.array(received, dtype=values.dtype)) == bits(values)


@given(grid_values())
def test_points_have_python_values_where_python_has_the_type(values):
    kinds = {"bool": bool, "int64": int, "float64": float, "complex128": complex}
    expected = str if values.dtype.kind == "U" else kinds.get(values.dtype.name, values.dtype.type)

    assert {type(point["a"]) for point in ek.Space(a=values).points()} == {expected}


@given(space=spaces())
def test_a_space_comes_back_from_a_file_as_it_was(tmp_path_factory, space):
    path = tmp_path_factory.mktemp("space") / "space.nc"

    write_space(path, space)
    again = read_space(path)

    assert again == space
    assert again.dims == space.dims
    assert list(again.parameters) == list(space.parameters)
    assert space_hash(again) == space_hash(space)
    for name, parameter in space.parameters.items():
        assert bits(again.parameters[name].values) == bits(parameter.values)
        assert not again.parameters[name].values.flags.writeable


def test_attributes_come_back_from_a_file(tmp_path):
    space = ek.Space(
        a=ek.param([1.0, 2.0], units="ms", long_name="τ", level=3, weight=0.5, flags=[1, 2]),
        when=ek.param(np.array(["2020-01-01"], "M8[ns]"), long_name="start"),
        z=ek.param([1j], units="V"),
        on=ek.param([True], long_name="switch"),
    )
    write_space(tmp_path / "space.nc", space)
    again = read_space(tmp_path / "space.nc")

    for name, parameter in space.parameters.items():
        assert again.parameters[name].attrs.keys() == parameter.attrs.keys()
        for key, value in parameter.attrs.items():
            np.testing.assert_array_equal(again.parameters[name].attrs[key], value)
    assert space_hash(again) == space_hash(space)


def test_values_cannot_be_changed_from_outside():
    values = np.array([1.0, 2.0])
    space = ek.Space(a=values)
    values[0] = 5.0

    assert space.coords["a"].values.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        space.parameters["a"].values[0] = 7.0


def test_big_endian_values_are_the_same_values():
    assert ek.Space(a=np.array([1.5, 2.5], ">f8")) == ek.Space(a=[1.5, 2.5])
    assert ek.Space(a=np.array(["é", "b"], ">U3")) == ek.Space(a=["é", "b"])


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (range(3), "int64"),
        ((1.0, 2.0), "float64"),
        ([1, 2.5], "float64"),
        ([np.float32(0.1), 0.1], "float64"),
        ([0, 2**63], "uint64"),
        (pd.Series(["x", "y"]), "<U1"),
        (pd.Index([1, 2]), "int64"),
        (np.array(["x", "yy"], dtype=object), "<U2"),
        (np.array(["x", "yy"], dtype=np.dtypes.StringDType()), "<U2"),
        (xr.DataArray([1, 2], dims="n"), "int64"),
        ([dt.date(2020, 1, 1)], "datetime64[ns]"),
        ([dt.datetime(2020, 1, 1, 12)], "datetime64[ns]"),  # noqa: DTZ001 - a naive time is what netCDF has
        ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 2)], "datetime64[ns]"),  # noqa: DTZ001
        (np.array(["2020-01"], "M8[M]"), "datetime64[ns]"),
    ],
)
def test_accepts_what_users_write(given, dtype):
    assert ek.Space(a=given).parameters["a"].values.dtype == np.dtype(dtype)


@pytest.mark.parametrize("many", [False, True])
def test_times_of_pandas_keep_their_nanoseconds(many):
    time = pd.Timestamp("2020-01-01T00:00:00.123456789")
    values = np.atleast_1d(ek.Space(a=[time] if many else time).parameters["a"].values)

    assert values[0] == np.datetime64("2020-01-01T00:00:00.123456789")


UTC = dt.UTC


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], "no values"),
        (np.zeros((0,)), "no values"),
        ([[1], [2, 3]], "ragged"),
        ([1, "a"], "mixed types"),
        ([True, 2], "mixed types"),
        ([1.0, None], r"got 1.0, None; None means that a point has no value"),
        ([1.0, "nan"], "mixed types"),
        ([0.5, 2**53 + 1], "integer 9007199254740993 at position 1"),
        ([-1, 2**63], "integer -1 at position 0"),
        ([2**64], "do not fit 64 bits"),
        ([1.0, np.nan], "missing value \\(nan\\) at position 1"),
        (np.nan, "missing value"),
        ([complex(0, np.nan)], "missing value"),
        ([np.datetime64("NaT")], "missing value \\(NaT\\)"),
        (pd.NaT, "missing value"),
        ([pd.Timestamp("2020"), pd.NaT], "missing value"),
        (None, "got None; None means"),
        (object(), "type object"),
        ([object(), object()], "type object"),
        ([len], "builtin_function"),
        ([decimal.Decimal(1)], "Decimal"),
        ({1, 2}, "a set"),
        (frozenset({1}), "a frozenset"),
        ((i for i in range(3)), "generator"),
        ([b"bytes"], "dtype \\|S5"),
        (np.float16(1), "float16"),
        (np.timedelta64(1, "s"), "timedelta64"),
        (["a\0b"], "NUL"),
        (["b", "a\0"], "NUL"),
        ("a\0", "NUL"),
        (np.array(["a\0b"]), "NUL"),
        (["\ud800"], "Unicode"),
        ([np.datetime64("9999-01-01")], "1678 to 2262: '9999-01-01'"),
        ([np.datetime64("1500-01-01"), np.datetime64("2000-01-01")], "1678 to 2262: '1500-01-01'"),
        ([np.datetime64(1, "ps")], "nanoseconds"),
        ([dt.date(9999, 1, 1)], "1678 to 2262"),
        ([dt.datetime(2020, 1, 1, tzinfo=UTC)], "time zone"),
        ([pd.Timestamp("2020", tz="UTC")], "time zone"),
        (pd.array([1, None], dtype="Int64"), "missing value|NAType"),
    ],
)
def test_refuses_what_no_file_can_hold_and_names_the_parameter(given, named):
    with pytest.raises(SpaceError, match=named) as caught:
        ek.Space(alpha=given)

    assert "'alpha'" in str(caught.value)


@pytest.mark.skipif(np.longdouble(1).itemsize == 8, reason="long double is double here")
def test_refuses_extended_precision():
    with pytest.raises(SpaceError, match="cannot be held by netCDF"):
        ek.Space(a=np.longdouble(1))


@pytest.mark.parametrize(
    "values", [[1, 2, 1], [0.0, -0.0], ["a", "a"], [True, True], [1j, 1j], [0.1, 0.3, 0.1]]
)
def test_refuses_a_value_twice_on_a_grid_dimension_and_names_both_positions(values):
    with pytest.raises(SpaceError, match=r"at positions 0 and [12].*Remove one, use \.repeat"):
        ek.Space(a=values)


@pytest.mark.parametrize(
    "attrs",
    [
        {"on": True},
        {"none": None},
        {"nested": {"a": 1}},
        {"mixed": [1, "a"]},
        {"nulls": [1, None]},
        {"huge": 2**70},
        {"_FillValue": 5.0},
        {"missing_value": 5.0},
        {"a/b": 1},
        {"": 1},
    ],
)
def test_refuses_attributes_that_netcdf_cannot_hold(attrs):
    with pytest.raises(SpaceError, match="attribute"):
        ek.Space(a=ek.param([1], **attrs))


@pytest.mark.parametrize("values", [[1, 2], [[1, 2], [3, 4]], [0.5, 1.5]])
def test_refuses_values_below_a_mask(values):
    """NumPy takes them for values."""
    mask = np.zeros(np.shape(values), dtype=bool)
    assert ek.Space(a=np.ma.masked_array(values, mask)) == ek.Space(a=values)
    mask[..., 1] = True
    with pytest.raises(SpaceError, match=r"'a' has a missing value \(masked\) at position 1"):
        ek.Space(a=np.ma.masked_array(values, mask))
