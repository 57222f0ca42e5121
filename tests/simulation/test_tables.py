"""Tables of pandas become labelled arrays: an index a dimension, a column a variable."""

import numpy as np
import pandas as pd
import pytest

from explorekit.errors import OutputError
from explorekit.simulation.declare import as_simulation, simulation
from explorekit.simulation.outputs import outputs_of


def run(result, **declared):
    def model():
        return None

    return outputs_of(result, as_simulation(simulation(**declared)(model)), frozenset())


def held(outputs):
    return {n: (one.dims, one.values.dtype.kind, one.values.tolist()) for n, one in outputs.items()}


def test_columns_lie_along_the_named_index():
    index = pd.Index([0.1, 0.2], name="time")
    outputs = run(pd.DataFrame({"V": [1, 2], "spikes": ["no", "yes"]}, index), units={"V": "mV"})

    assert held(outputs.variables) == {
        "V": (("time",), "i", [1, 2]),
        "spikes": (("time",), "U", ["no", "yes"]),
    }
    assert held(outputs.coords) == {"time": (("time",), "f", [0.1, 0.2])}
    assert outputs.variables["V"].attrs == {"units": "mV"}


def test_an_index_that_only_counts_gives_no_labels():
    outputs = run(pd.DataFrame({"V": [1.0, 2.0]}))

    assert held(outputs.variables) == {"V": (("model_dim",), "f", [1.0, 2.0])}
    assert outputs.coords == {}
    assert run(pd.DataFrame({"V": [1.0]}), dims={"model": "time"}).variables["V"].dims == ("time",)
    assert held(run(pd.DataFrame({"V": [1.0, 2.0]}).iloc[::-1]).coords) == {
        "model_dim": (("model_dim",), "i", [1, 0])
    }


def test_tables_beside_other_outputs_name_their_columns_after_themselves():
    outputs = run({"trace": pd.DataFrame({"V": [1.0]}), "rate": pd.Series([1, 2]), "n": 3})

    assert held(outputs.variables) == {
        "trace_V": (("trace_dim",), "f", [1.0]),
        "rate": (("rate_dim",), "i", [1, 2]),
        "n": ((), "i", 3),
    }


def test_a_lone_series_has_its_own_name():
    assert list(run(pd.Series([1], name="V")).variables) == ["V"]
    assert list(run(pd.Series([1])).variables) == ["model"]


def test_levels_of_an_index_are_dimensions_whatever_the_order_of_rows():
    index = pd.MultiIndex.from_product([[2, 1], ["p", "q"]], names=["i", "j"])
    frame = pd.DataFrame({"x": range(4)}, index).iloc[[2, 0, 3, 1]]
    expected = frame.to_xarray()

    outputs = run(frame)
    found = outputs.variables["x"]
    assert (found.dims, found.values.dtype.kind) == (("i", "j"), "i")
    for row, i in enumerate(outputs.coords["i"].values):
        for column, j in enumerate(outputs.coords["j"].values):
            assert found.values[row, column] == expected["x"].sel(i=i, j=j)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.array([1, 2], dtype="Int64"), np.array([1, 2])),
        (pd.array([1, None], dtype="Int64"), np.array([1.0, np.nan])),
        (pd.array([True, False], dtype="boolean"), np.array([True, False])),
        (pd.array(["a", "b"], dtype="string"), np.array(["a", "b"])),
        (pd.Categorical(["a", "b"]), np.array(["a", "b"])),
        (pd.date_range("2020", periods=2), np.array(["2020-01-01", "2020-01-02"], "M8[ns]")),
        (pd.to_timedelta([1, 2], unit="s"), np.array([10**9, 2 * 10**9], "m8[ns]")),
    ],
)
def test_columns_keep_their_kind(column, expected):
    values = run(pd.DataFrame({"x": column})).variables["x"].values

    assert values.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("result", "named"),
    [
        (pd.DataFrame([[1, 2]]), "column 0; expected names as text"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns 'a'"),
        (pd.DataFrame({"a": [1]}, pd.MultiIndex.from_tuples([(1, 2)])), "expected a name for each"),
        (
            pd.DataFrame({"a": [1, 2]}, pd.MultiIndex.from_tuples([(1, 2), (3, 4)], names=["i", "j"])),
            "each of the 4 combinations once. Return table.to_xarray",
        ),
        (pd.DataFrame({"x": pd.array([2**60, None], dtype="Int64")}), "above 2..53"),
        (pd.DataFrame({"x": [object()]}), "'x' holding object"),
        (pd.DataFrame({"x": pd.array([True, None], dtype="boolean")}), "'x' holding NAType, bool"),
        (pd.DataFrame({"x": pd.date_range("2020", periods=1, tz="UTC")}), "holding Timestamp"),
        ({"t": pd.DataFrame({"a": [1]}), "t_a": 1}, "the name 't_a' too"),
    ],
)
def test_refuses_what_has_no_place_and_says_why(result, named):
    with pytest.raises(OutputError, match=named):
        run(result)


def test_a_table_along_declared_dimensions_has_as_many():
    with pytest.raises(OutputError, match="whose index is one dimension"):
        run(pd.Series([1]), dims={"model": ("a", "b")})
