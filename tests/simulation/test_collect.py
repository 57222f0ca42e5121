"""Outputs of a batch, stacked: nothing changes on the way, and an odd point is refused whole."""

import pickle

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from explorekit.errors import OutputError
from explorekit.simulation.collect import Collector, is_scalar_mapping
from explorekit.simulation.declare import as_simulation
from explorekit.simulation.outputs import outputs_of
from explorekit.simulation.schema import Field, join, promote


def model():
    return None


def outputs(result):
    return outputs_of(result, as_simulation(model), frozenset())


def collected(*results, expected=None):
    collector = Collector(expected or {})
    for row, result in enumerate(results):
        if result is not None:
            collector.add(row, outputs(result))
    return collector.stack(np.array([result is not None for result in results]))


def test_values_are_stacked_over_points():
    stacked, ragged = collected({"x": 1, "v": np.arange(3)}, {"x": 2, "v": np.arange(3) + 1})

    assert stacked["x"].values.tolist() == [1, 2]
    assert stacked["v"].values.tolist() == [[0, 1, 2], [1, 2, 3]]
    assert not ragged
    assert stacked["x"].given is None


def test_uneven_lengths_are_padded_and_kept():
    stacked, ragged = collected({"v": [1, 2, 3]}, {"v": [4]}, {"v": np.zeros(0, int)})

    assert stacked["v"].values.tolist() == [[1, 2, 3], [4, 0, 0], [0, 0, 0]]
    assert ragged["v_dim"].tolist() == [3, 1, 0]


@pytest.mark.parametrize(
    ("values", "fill"),
    [
        ([1.5], np.nan),
        ([1j], complex(np.nan, np.nan)),
        (["a"], ""),
        ([True], False),
        (np.array(["2020"], "M8[ns]"), np.datetime64("NaT")),
    ],
)
def test_padding_is_missing_where_the_type_can_say_so(values, fill):
    stacked, _ = collected({"v": values}, {"v": np.concatenate([values, values])})

    np.testing.assert_array_equal(stacked["v"].values[0, 1], fill)


def test_points_that_lack_an_output_are_marked():
    stacked, _ = collected({"x": 1, "y": 2}, {"x": 3}, {"x": 5, "y": 6})

    assert stacked["x"].given is None
    assert stacked["y"].given.tolist() == [True, False, True]


def test_points_that_failed_are_not_marked_again():
    stacked, _ = collected({"x": 1}, None, {"x": 3})

    assert stacked["x"].values.tolist() == [1, 0, 3]
    assert stacked["x"].given is None


def test_a_coordinate_that_is_the_same_everywhere_is_kept_once():
    def array(t):
        return {"v": xr.DataArray([1.0, 2.0], {"t": t}, "t")}

    same, _ = collected(array([0.0, np.nan]), None, array([0.0, np.nan]))
    varying, _ = collected(array([0.0, 1.0]), array([0.0, 2.0]))
    assert same["t"].constant
    assert same["t"].values.shape == (2,)
    assert not varying["t"].constant
    assert varying["t"].values.tolist() == [[0.0, 1.0], [0.0, 2.0]]


def test_nothing_returned_is_nothing_kept():
    assert collected({}, {}) == ({}, {})
    assert collected({}, expected={"x": Field((), "number", "<f8")}) == ({}, {})


# ---- the schema


@pytest.mark.parametrize(
    ("first", "second", "dtype"),
    [
        (True, 2, "int64"),
        (1, 2.5, "float64"),
        (1.5, 1j, "complex128"),
        (np.float32(1), 1.0, "float64"),
        (np.int8(1), np.uint8(200), "int16"),
        ("a", "bcd", "<U3"),
        (2**63, np.uint8(1), "uint64"),
    ],
)
def test_numeric_kinds_promote_in_any_order(first, second, dtype):
    for pair in ((first, second), (second, first)):
        stacked, _ = collected(*({"x": value} for value in pair))
        assert stacked["x"].values.dtype == np.dtype(dtype) == np.dtype(stacked["x"].field.dtype)
        assert stacked["x"].values.tolist() == list(pair)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"x": 1}, {"x": "a"}),
        ({"x": 1}, {"x": np.datetime64("2020", "ns")}),
        ({"x": 1}, {"x": [1]}),
        ({"x": xr.DataArray([1], dims="t")}, {"x": xr.DataArray([1], dims="u")}),
        ({"x": xr.DataArray([1], {"c": ("t", [1])}, "t")}, {"c": 1}),
        ({"x": -1}, {"x": 2**63}),
        ({"x": 2**63}, {"x": -1}),
        ({"z": 1.0, "z_real": 2.0}, {"z": 1j}),
    ],
)
def test_an_odd_point_is_refused_whole(first, second):
    collector = Collector({})
    collector.add(0, outputs({**first, "other": 1}))
    with pytest.raises(OutputError):
        collector.add(1, outputs({**second, "other": 2}))
    collector.add(2, outputs({**first, "other": 3}))
    stacked, _ = collector.stack(np.array([True, False, True]))

    assert stacked["other"].values.tolist() == [1, 0, 3]
    assert stacked["other"].given is None


def test_what_other_batches_returned_is_expected_here():
    collector = Collector({"x": Field(("t",), "number", "<f8")})

    with pytest.raises(OutputError, match=r"output 'x' is a number variable with dimensions \(\) here"):
        collector.add(0, outputs({"x": 1}))


numbers = st.sampled_from(["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u4", "<f4", "<f8", "<c8", "<c16"])


@given(st.lists(numbers, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_promotion_does_not_depend_on_order(dtypes, random):
    assert promote(dtypes) == promote(random.sample(dtypes, len(dtypes)))


def test_fields_join_to_one_that_holds_both():
    a, b = Field((), "number", "<i8"), Field((), "number", "<f8")

    assert join("x", a, b) == b
    with pytest.raises(OutputError, match="coordinate"):
        join("x", a, Field((), "number", "<i8", coordinate=True))


# ---- the quick way in


@given(
    st.lists(
        st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.floats() | st.complex_numbers(),
        min_size=1,
        max_size=6,
    )
)
def test_the_quick_way_in_gives_what_the_other_gives(values):
    def gather(quickly):
        collector, ok = Collector({}), []
        rest = values
        if quickly:
            collector.add(0, outputs({"x": values[0]}))
            if collector.add_together(np.arange(1, len(values)), values[1:], "x") is not None:
                ok, rest = [True] * len(values), []
            else:
                ok, rest = [True], values[1:]
        for row, value in enumerate(rest, start=len(ok)):
            try:
                collector.add(row, outputs({"x": value}))
                ok.append(True)
            except OutputError:
                ok.append(False)
        stacked, _ = collector.stack(np.array(ok))
        return ok, stacked["x"].values.dtype, stacked["x"].values.tobytes()

    assume(len(values) > 1)
    assert gather(True) == gather(False)


arrays = st.builds(
    lambda dtype, length, value: np.full(length, value, dtype),
    st.sampled_from(["f8", "f8", "f8", "f4", "i8"]),
    st.sampled_from([3, 3, 3, 2, 0]),
    st.integers(-9, 9),
)


@given(
    st.lists(st.none() | arrays, min_size=1, max_size=12),
    st.sets(st.integers(0, 12)),
    st.integers(0, 300),
    st.booleans(),
)
def test_arrays_that_come_together_stack_as_if_they_came_one_by_one(values, ends, room, cut):
    together, alone = Collector({}, len(values), room), Collector({})
    group: list[int] = []
    for row, value in enumerate(values):
        if value is not None:
            alone.add(row, outputs({"x": value}))
            group.append(row)
        if group and (row in ends or row == len(values) - 1):
            if together.add_together(np.array(group), [values[r] for r in group], "x") is None:
                for r in group:
                    together.add(r, outputs({"x": values[r]}))
            group = []
            if cut:
                piece, together = pickle.dumps(together.take_new()), Collector({}, len(values), room)
                together.restore(pickle.loads(piece))
                cut = False
    assume(any(value is not None for value in values))
    ok = np.array([value is not None for value in values])
    (stacked, ragged), (expected, expected_ragged) = together.stack(ok), alone.stack(ok)
    assert stacked["x"].field == expected["x"].field
    np.testing.assert_array_equal(stacked["x"].values, expected["x"].values)
    np.testing.assert_array_equal(stacked["x"].given, expected["x"].given)
    assert {d: n.tolist() for d, n in ragged.items()} == {d: n.tolist() for d, n in expected_ragged.items()}


def test_the_quick_way_in_takes_nothing_but_known_lone_numbers():
    collector = Collector(
        {"x": Field((), "number", "<f8"), "s": Field((), "text", "<U1"), "v": Field(("t",), "number", "<f8")}
    )

    assert collector.add_together(np.arange(1), [1.0], "s") is None
    assert collector.add_together(np.arange(1), [1.0], "v") is None
    assert collector.add_together(np.arange(1), [1.0], "new") is None
    assert collector.add_together(np.arange(2), [2**63, 1.0], "x") is None
    assert collector.add_together(np.arange(1), [np.zeros(1)], "x") is None
    assert collector.add_together(np.arange(1), [np.zeros((1, 1))], "v") is None
    assert collector.add_together(np.arange(1), [np.zeros(1, np.float32)], "v") is None
    assert collector.add_together(np.arange(2), [np.zeros(1), np.zeros(2)], "v") is None
    assert collector.add_together(np.arange(2), [np.zeros(1), np.zeros(1)], "v", arrays=False) is None
    assert collector.add_together(np.arange(2), [{"x": 1.0}, 1.0], "x") is None
    assert collector.add_together(np.arange(2), [{"x": 1.0}, {"x": 1.0, "new": 2.0}], "x") is None
    assert collector.add_together(np.arange(2), [{"x": 1.0}, {"new": 2.0}], "x") is None
    assert collector.add_together(np.arange(2), [1.0, 2], "x") == 0
    assert collector.add_together(np.array([3, 2]), [{"x": True}, {"x": 3.0}], "x") == 0
    assert collector.add_together(np.arange(2), [np.zeros(1), np.ones(1)], "v") == 16
    assert collector.add_together(np.arange(2, 4), [{"v": np.ones(2)}, {"v": np.zeros(2)}], "x") == 32
    stacked, ragged = collector.stack(np.ones(4, bool))
    assert stacked["x"].values.tolist() == [1.0, 2.0, 3.0, 1.0]
    assert ragged["t"].tolist() == [1, 1, 2, 2]
    assert np.nan_to_num(stacked["v"].values, nan=-1).tolist() == [[0, -1], [1, -1], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"a": 1}, True),
        ({}, True),
        ({"a": np.float64(1)}, True),
        ({"a": "x"}, False),
        ({1: 1}, False),
        (1, False),
        ({"a": [1]}, False),
    ],
)
def test_knows_plain_dicts_of_plain_numbers(result, expected):
    assert is_scalar_mapping(result) is expected


# ---- the spool


results = st.fixed_dictionaries(
    {"x": st.integers(-5, 5) | st.floats()},
    optional={
        "v": st.lists(st.floats(), max_size=3),
        "s": st.text("abcé", max_size=3),
        "w": st.integers(0, 1).map(lambda end: xr.DataArray([1.0, 2.0], {"t": [0, end]}, "t")),
    },
)


@given(st.lists(st.none() | results, min_size=1, max_size=8), st.sets(st.integers(0, 8)))
def test_spooled_and_restored_pieces_stack_as_if_never_cut(rows, cuts):
    direct, ok = Collector({}), np.zeros(len(rows), bool)
    pieces, writer = [], Collector({})
    for row, result in enumerate(rows):
        if result is not None:
            direct.add(row, outputs(result))
            if writer.add_together(np.array([row]), [result], "x") is None:
                writer.add(row, outputs(result))
            ok[row] = True
        if row in cuts:
            pieces.append(pickle.dumps(writer.take_new()))
            writer = Collector({}) if row % 2 else writer
    pieces.append(pickle.dumps(writer.take_new()))
    again = Collector({})
    for piece in pieces:
        again.restore(pickle.loads(piece))

    (stacked, ragged), (expected, expected_ragged) = again.stack(ok), direct.stack(ok)
    assert stacked.keys() == expected.keys()
    for name, one in expected.items():
        np.testing.assert_array_equal(stacked[name].values, one.values)
        assert (stacked[name].constant, stacked[name].field) == (one.constant, one.field)
        np.testing.assert_array_equal(stacked[name].given, one.given)
    assert {d: n.tolist() for d, n in ragged.items()} == {d: n.tolist() for d, n in expected_ragged.items()}
