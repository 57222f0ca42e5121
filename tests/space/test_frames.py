"""Spaces as tables of pandas, and tables as spaces."""

import numpy as np
import pandas as pd
import pytest
from drawn import bits, elements, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError


def plain(space):
    """The points, as tuples of text that tell values and types apart."""
    return [sorted((name, repr(value)) for name, value in point.items()) for point in space.points()]


@given(spaces(arrays=False))
def test_a_row_a_point_in_the_order_of_points_with_exact_dtypes(space):
    frame = space.to_dataframe()

    assert len(frame) == len(space)
    for name, column in frame.items():
        parameter = space.parameters[name]
        if parameter.values.dtype.kind != "U":
            assert column.dtype == parameter.values.dtype
        assert column.tolist() == [point[name] for point in space.points()] or column.dtype.kind == "M"


@given(spaces())
def test_a_table_and_back_has_the_same_points(space):
    again = ek.Space.from_dataframe(space.to_dataframe())

    assert set(again.dims) <= {"point", "repetition"}
    assert plain(again) == plain(space)
    for name, p in again.parameters.items():
        assert p.values.dtype.kind == "U" or p.values.dtype == space.parameters[name].values.dtype
    assert ek.Space.from_dataframe(again.to_dataframe()) == again


def test_attributes_travel_with_the_table():
    space = ek.Space(a=ek.param([1.0, 2.0], units="ms", long_name="delay"), b=[1, 2])
    frame = space.to_dataframe()

    assert frame.attrs == {"a": {"units": "ms", "long_name": "delay"}}
    assert ek.Space.from_dataframe(frame).parameters["a"].attrs == {"units": "ms", "long_name": "delay"}


def test_a_constant_column_is_fixed_only_if_asked():
    frame = ek.Space(a=[1, 2], dt=0.1).to_dataframe()

    assert ek.Space.from_dataframe(frame).parameters["dt"].dim == "point"
    assert ek.Space.from_dataframe(frame, fix_constant=True).parameters["dt"].dim is None
    assert ek.Space.from_dataframe(frame.iloc[:1], fix_constant=True).dims == ()


def test_rows_may_come_again_and_be_in_any_order():
    space = ek.Space.from_dataframe(pd.DataFrame({"a": [2, 1, 2], "b": ["x", "y", "x"]}, index=[7, 7, 1]))

    assert [tuple(p.values()) for p in space.points()] == [(2, "x"), (1, "y"), (2, "x")]
    assert space.axes["point"].occurrence.tolist() == [0, 0, 1]


def test_types_of_pandas_own_are_what_they_stand_for():
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, 2], dtype="Int32"),
            "yes": pd.array([True, False], dtype="boolean"),
            "kind": pd.Categorical(["u", "v"]),
            "text": pd.array(["u", "v"], dtype="string"),
            "time": np.array([1, 2], dtype="M8[ns]"),
        }
    )
    dtypes = {name: p.values.dtype for name, p in ek.Space.from_dataframe(frame).parameters.items()}

    assert dtypes == {"whole": "i4", "yes": "?", "kind": "U1", "text": "U1", "time": "M8[ns]"}


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        (
            pd.DataFrame({"a": [1.0, 2.0], "b": [0.5, np.nan]}, index=["u", "v"]),
            r"no value in row 'v', column 'b'; .*dropna\(\).*fillna\(\{'b'",
        ),
        (pd.DataFrame({"a": [None, None], "b": [1, 2]}), r"row 0, column 'a' \(and 1 more\)"),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), "row 1, column 'a'"),
        (pd.DataFrame({"t": pd.to_datetime(["2020-01-01", None])}), "row 1, column 't'"),
        (pd.DataFrame({"t": pd.to_datetime(["2020-01-01"]).tz_localize("UTC")}), "time zone"),
        (pd.DataFrame({"a": [1, "x"]}), "'a'.*type int, str"),
        (pd.DataFrame({"a b": [1]}), "'a b'.*identifier"),
        (pd.DataFrame([[1, 2]]), "got the parameter name 0"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "columns 'a'; expected one column a parameter"),
        (pd.DataFrame({"a": []}), "without rows"),
        ({"a": [1]}, "got dict as a table"),
        (pd.DataFrame({"a": [1, 1, 2], "repetition": [0, 1, 0]}), "'repetition' counts"),
        (pd.DataFrame({"a": [1, 2, 1, 2], "repetition": [0, 0, 1, 1]}), "'repetition' counts"),
        (pd.DataFrame({"a": [1, 2], "repetition": [0, 1]}), "'repetition' counts"),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]}).set_index("a"), r"index is 'a'.*reset_index\(\)"),
        (pd.DataFrame({"a": [1, 2], "point": [3, 4]}), "'point' is reserved"),
    ],
)
def test_refuses_tables_that_are_no_points_and_says_why(frame, named):
    with pytest.raises(SpaceError, match=named):
        ek.Space.from_dataframe(frame)


@given(st.lists(elements("f8").filter(np.isfinite), min_size=1, max_size=20))
def test_floats_of_a_csv_file_are_exact(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("csv") / "points.csv"
    pd.DataFrame({"a": np.array(values, dtype=float), "n": range(len(values))}).to_csv(path, index=False)

    read = ek.Space.from_csv(path, dtype={"a": float}).parameters["a"].values
    assert bits(read) == bits(np.array(values, dtype=float))


def test_a_csv_file_with_options_of_pandas(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a;kind;code\n1;x;007\n2;y;008\n")

    space = ek.Space.from_csv(path, sep=";", dtype={"code": str})
    assert list(space.points()) == [
        {"a": 1, "kind": "x", "code": "007"},
        {"a": 2, "kind": "y", "code": "008"},
    ]


def test_points_that_lack_a_parameter_are_repeated_in_a_table():
    space = (ek.Space(n=[1, 2**53 + 1]) + ek.Space(t=["x"])).repeat(2)

    assert ek.Space.from_dataframe(space.to_dataframe(), allow_missing=True) == space


def test_what_a_table_writes_as_a_csv_file_is_read_back(tmp_path):
    path = tmp_path / "points.csv"
    for space in (
        ek.Space(a=[0.1, -0.0, np.inf], kind=["x", "y"]).repeat(2),
        ek.Space(n=[2**63 - 1, 2**53 + 1], yes=True) + ek.Space(t=["x"]),
    ):
        space.to_dataframe().to_csv(path)
        assert plain(ek.Space.from_csv(path, allow_missing=True)) == plain(space)


def test_numbers_that_a_column_cannot_hold_are_read_as_what_is_asked_for(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a\n9007199254740993\n0.5\n")

    assert [p["a"] for p in ek.Space.from_csv(path, dtype={"a": float}).points()] == [2.0**53, 0.5]
    assert [p["a"] for p in ek.Space.from_csv(path, dtype={"a": str}).points()] == ["9007199254740993", "0.5"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a\n1\nx\n", r"column 'a' of .* has 1 and 'x', which no type.*dtype=\{'a': str\}"),
        ("a\n-1\n9223372036854775808\n", "has -1 and '9223372036854775808'"),
        (
            "a\n9007199254740993\n0.5\n",
            r"has 9007199254740993 among floats, which would be 9007199254740992.0",
        ),
        ("a\n1e400\n0.5\n", "has 1e400 among floats, which would be inf"),
        ("a\n0,2\n1,4\n", "more cells than there are names.*sep"),
        ("a,b\n1,2\n3,\n", "row 1, column 'b'"),
        ("a,b\n1,NA\n", "row 0, column 'b'.*keep_default_na=False"),
        ("", "points.csv' as a table: No columns"),
        ("a,b\n1,2\n1,2,3\n", "points.csv' as a table: .*Expected 2 fields"),
    ],
)
def test_refuses_files_that_are_no_tables_and_says_why(tmp_path, text, named):
    path = tmp_path / "points.csv"
    path.write_text(text)

    with pytest.raises(SpaceError, match=named):
        ek.Space.from_csv(path)


def test_a_million_points_are_no_python_objects():
    space = ek.Space(a=np.linspace(0, 1, 1000), b=np.arange(1000), s=["x"])

    assert len(space.to_dataframe()) == 1_000_000
