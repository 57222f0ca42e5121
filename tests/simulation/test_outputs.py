"""What a simulation may return, in the one form that results are kept in; the rest is refused with a reason."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from drawn import DTYPES, array_of, bits, elements
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import explorekit as ek
from explorekit.errors import OutputError
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.outputs import outputs_of


def run(result=None, taken=(), **declared):
    return outputs_of(result, as_simulation(ek.simulation(**declared)(model)), frozenset(taken))


def model():
    return None


def generated(*steps, last=None):
    def steps_of():
        yield from steps
        return last

    return run(steps_of())


def shapes(outputs):
    return {
        name: dict(zip(one.dims, one.values.shape, strict=True)) for name, one in outputs.variables.items()
    }


# ---- values


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: elements(dtype).map(lambda item: array_of(dtype, item))))
def test_scalars_of_every_type_are_kept_bit_for_bit(value):
    output = run(value[()]).variables["model"]

    assert output.dims == ()
    assert bits(output.values) == bits(value)


@given(
    st.sampled_from([*(d for d in DTYPES if d != "U"), "m8[ns]"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    )
)
def test_arrays_of_every_type_are_kept_bit_for_bit_as_copies(array):
    output = run({"x": array}).variables["x"]

    assert bits(output.values) == bits(array)
    assert not np.shares_memory(output.values, array)


@pytest.mark.parametrize(
    ("result", "dtype", "family"),
    [
        (1, "int64", "number"),
        (True, "bool", "number"),
        (1.5, "float64", "number"),
        (2**63, "uint64", "number"),
        (1j, "complex128", "number"),
        ("é", "<U1", "text"),
        ("", "<U1", "text"),
        (np.float16(0.5), "float32", "number"),
        (np.datetime64("2020-01-01"), "datetime64[ns]", "time"),
        (np.datetime64("NaT"), "datetime64[ns]", "time"),
        (dt.datetime(2020, 1, 1), "datetime64[ns]", "time"),  # noqa: DTZ001
        (dt.date(2020, 1, 1), "datetime64[ns]", "time"),
        (pd.Timestamp("2020-01-01"), "datetime64[ns]", "time"),
        (np.timedelta64(1, "s"), "timedelta64[ns]", "duration"),
        (np.timedelta64("NaT", "ns"), "timedelta64[ns]", "duration"),
        (dt.timedelta(days=1), "timedelta64[ns]", "duration"),
        ([pd.Timedelta("1ns")], "timedelta64[ns]", "duration"),
        ([1, 2.5], "float64", "number"),
        (["a", "bcd"], "<U3", "text"),
        (np.array(["a", "b"], dtype=object), "<U1", "text"),
        (np.array(["a", "b"], dtype=np.dtypes.StringDType()), "<U1", "text"),
        (np.array([1.0], ">f8"), "float64", "number"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "float64", "number"),
    ],
)
def test_accepts_what_simulations_return(result, dtype, family):
    output = run({"x": result}).variables["x"]

    assert output.values.dtype == np.dtype(dtype)
    assert output.family == family


def test_times_of_pandas_keep_their_nanoseconds():
    time = pd.Timestamp("2020-01-01T00:00:00.123456789")

    assert run({"x": time}).variables["x"].values == time.to_datetime64()
    assert run({"x": [time]}).variables["x"].values[0] == time.to_datetime64()


def test_masked_floats_are_missing():
    values = run({"x": np.ma.masked_array([1.0, 2.0], [True, False])}).variables["x"].values

    np.testing.assert_array_equal(values, [np.nan, 2.0])


@pytest.mark.parametrize(
    ("result", "named"),
    [
        (object(), "holding object"),
        ({"x": object()}, "'x' holding object"),
        ({1, 2}, "holding set"),
        ({"x": {"y": 1}}, "'x' holding dict"),
        ([1, [2, 3]], "ragged"),
        ([1, None], "NoneType, int|int, NoneType|holding"),
        (np.array([], dtype=object), "holding nothing"),
        (b"bytes", "dtype \\|S5"),
        (np.timedelta64(10**9, "W"), "292 years"),
        (2**64, "holding int"),
        (map(int, "12"), "holding map"),
        ({1: 2}, "key 1"),
        ({"": 2}, "key ''"),
        ("a\0", "NUL"),
        (["b", "a\0c"], "NUL"),
        ("\ud800", "Unicode"),
        (np.datetime64("3000-01-01"), "1678 to 2262"),
        (dt.date(3000, 1, 1), "1678 to 2262"),
        (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "holding datetime"),
        (np.ma.masked_array([1, 2], [True, False]), "masked"),
        (xr.DataArray([1], name="status"), "'status', a name that is taken"),
        ({"runs": 1}, "taken"),
        ({"failures": 1}, "taken"),
        ({"x": xr.DataArray([1], dims="point")}, "dimension 'point'"),
        ({"a/b": 1}, "'a/b', which netCDF does not take"),
        ({" a": 1}, "does not take"),
        ({"a ": 1}, "does not take"),
        ({"a\n": 1}, "does not take"),
        ({"n" * 241: 1}, "does not take"),
        ({"x": xr.DataArray([1], dims="a/b")}, "dimension 'a/b'"),
        ({"x": xr.DataArray([1, 2], dims="t"), "y": xr.DataArray([1], dims="t")}, "one length"),
        ({"z": 1j, "z_real": 1.0}, "'z_real'"),
        ({"x": 1, "x_given": True}, "'x_given'"),
        ({"x": xr.DataArray([1], dims="t"), "t_size": 1}, "'t_size'"),
    ],
)
def test_refuses_what_has_no_place_and_says_why(result, named):
    with pytest.raises(OutputError, match=named):
        run(result)


@pytest.mark.skipif(np.longdouble(1).itemsize == 8, reason="long double is double here")
@pytest.mark.parametrize("value", [np.longdouble(1), np.clongdouble(1)])
def test_refuses_extended_precision(value):
    with pytest.raises(OutputError, match="netCDF cannot hold"):
        run(value)


@pytest.mark.parametrize(
    ("result", "taken"),
    [
        ({"a": 1}, "a"),
        ({"x": xr.DataArray([1], dims="a")}, "a"),
        ({"x": xr.DataArray([1], dims="n", coords={"a": ("n", [1])})}, "a"),
        ({"z": 1j}, "z_imag"),
        ({"x": xr.DataArray([1], dims="n")}, "n_size"),
        (1.0, "model"),
    ],
)
def test_refuses_names_that_the_space_has(result, taken):
    with pytest.raises(OutputError, match="taken"):
        run(result, taken=[taken])


@pytest.mark.parametrize("name", ["checksums", "origins", "layouts"])
def test_refuses_names_that_the_files_have(name):
    for result in ({name: 1}, {"x": xr.DataArray([1], dims=name)}):
        with pytest.raises(OutputError, match="taken"):
            run(result)


# ---- names, dimensions, coordinates


def test_a_lone_value_has_the_name_of_the_simulation():
    assert shapes(run(3.0)) == {"model": {}}
    assert shapes(run(np.zeros((2, 3)))) == {"model": {"model_dim_0": 2, "model_dim_1": 3}}
    assert shapes(run(np.zeros(2))) == {"model": {"model_dim": 2}}


def test_nothing_is_no_output():
    assert run(None).variables == {}
    assert shapes(run({"x": None, "y": 1})) == {"y": {}}


def test_declared_dimensions_and_attributes_are_used():
    outputs = run({"x": np.zeros(2)}, dims={"x": "time"}, units={"x": "m"}, long_names={"x": "height"})

    assert shapes(outputs) == {"x": {"time": 2}}
    assert outputs.variables["x"].attrs == {"units": "m", "long_name": "height"}
    with pytest.raises(OutputError, match="declares the dimensions"):
        run({"x": np.zeros((2, 2))}, dims={"x": "time"})


def test_arrays_of_xarray_keep_dimensions_coordinates_and_attributes():
    array = xr.DataArray(
        np.zeros((2, 3)),
        {
            "t": ("t", [1, 2], {"units": "s"}),
            "label": ("c", ["x", "y", "z"]),
            "grid": (("t", "c"), np.ones((2, 3))),
            "temperature": 300.0,
        },
        ("t", "c"),
        attrs={
            "units": "V",
            "nested": {"a": 1},
            "flag": True,
            "none": None,
            "_FillValue": 1.0,
            "a/b": 1,
            "big": 2**70,
        },
    )
    outputs = run({"V": array}, units={"V": "mV"})

    assert shapes(outputs) == {"V": {"t": 2, "c": 3}}
    assert outputs.variables["V"].attrs == {"units": "mV"}
    assert {name: one.dims for name, one in outputs.coords.items()} == {
        "t": ("t",),
        "label": ("c",),
        "grid": ("t", "c"),
    }
    assert outputs.coords["t"].attrs == {"units": "s"}


def test_lone_arrays_of_xarray_keep_their_name():
    assert shapes(run(xr.DataArray(1.0, name="V"))) == {"V": {}}
    assert shapes(run(xr.DataArray([1.0], dims="t"))) == {"model": {"t": 1}}


def test_datasets_give_all_their_variables():
    dataset = xr.Dataset(
        {"a": ("t", [1, 2]), "b": 3.0}, {"t": [0.1, 0.2], "when": np.datetime64("2020-01-01")}
    )
    outputs = run(dataset)

    assert shapes(outputs) == {"a": {"t": 2}, "b": {}}
    assert list(outputs.coords) == ["t"]


def test_arrays_that_share_a_dimension_must_share_its_coordinate():
    a, b = (xr.DataArray([1, 2], {"t": [0, end]}, "t") for end in (1, 2))

    assert list(run({"a": a, "b": a}).coords) == ["t"]
    with pytest.raises(OutputError, match="different coordinates 't'"):
        run({"a": a, "b": b})


# ---- generators


def test_steps_are_stacked_along_step():
    outputs = generated({"x": 1, "v": np.zeros(3)}, {"x": 2.5, "v": np.ones(3)})

    assert shapes(outputs) == {"x": {"step": 2}, "v": {"step": 2, "v_dim": 3}}
    assert outputs.variables["x"].values.tolist() == [1.0, 2.5]


def test_what_a_generator_returns_has_no_step():
    outputs = generated({"x": 1}, {"x": 2}, last={"total": 3})

    assert shapes(outputs) == {"x": {"step": 2}, "total": {}}
    assert shapes(generated(last=5)) == {"model": {}}
    assert generated().variables == {}


def test_coordinates_that_change_from_step_to_step_lie_along_step_too():
    def array(t):
        return xr.DataArray([1.0, 2.0], {"t": t, "c": ("t", [5, 6])}, "t")

    outputs = generated({"x": array([0, 1])}, {"x": array([1, 2])})
    assert outputs.coords["t"].dims == ("step", "t")
    assert outputs.coords["c"].dims == ("t",)


@pytest.mark.parametrize(
    ("steps", "last", "named"),
    [
        ([{"x": 1}, {}], None, "'x' as nothing at step 1"),
        ([{"x": 1}, {"x": 1, "y": 2}], None, "'y' at a later step only"),
        (
            [{"x": np.zeros(2)}, {"x": np.zeros(3)}],
            None,
            "at step 1; expected number with dimensions {'x_dim': 2}",
        ),
        ([{"x": 1}, {"x": "a"}], None, "as text"),
        ([{"x": 1}], {"x": 2}, "yielded and returned 'x'"),
        (
            [{"x": xr.DataArray([1], dims="t")}, {"x": xr.DataArray([1], {"t": [0]}, "t")}],
            None,
            "coordinate 't' at a later",
        ),
        ([{"x": xr.DataArray([1], {"t": [0]}, "t")}], {"t": 2}, "'t' both as an output and as a coordinate"),
        ([{"x": xr.DataArray([1], dims="step")}], None, "expected distinct ones"),
    ],
)
def test_uneven_steps_are_refused(steps, last, named):
    with pytest.raises(OutputError, match=named):
        generated(*steps, last=last)


def test_what_a_generator_raises_is_its_own():
    def steps():
        yield 1
        raise ZeroDivisionError("at step 1")

    with pytest.raises(ZeroDivisionError, match="at step 1"):
        run(steps())


@pytest.mark.parametrize("item", [1, 2.5, True, 3j, np.float32(0.1), np.uint64(2**63)])
def test_numbers_of_one_kind_in_an_array_of_objects_are_kept_as_that_kind(item):
    objects = np.array([[item, item]], dtype=object)

    output = run({"x": objects}).variables["x"]

    assert output.values.dtype == np.array(item).dtype
    np.testing.assert_array_equal(output.values, [[item, item]])


@pytest.mark.parametrize("items", [[1, 2.5], [1, None], [2**70], []])
def test_other_arrays_of_objects_are_refused(items):
    with pytest.raises(OutputError, match="'x'"):
        run({"x": np.array(items, dtype=object)})
