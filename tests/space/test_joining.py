"""Where tuples lie on another dimension is found by their labels, however it is computed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import explorekit as ek
from explorekit.space.axis import Axis
from explorekit.space.joining import is_same, positions_on

VALUES = {
    "float": st.sampled_from([-0.0, 0.0, 0.1, 1.0, np.inf]),
    "int": st.integers(-2, 2),
    "str": st.sampled_from(["", "a", "ab", "b"]),
    "bool": st.booleans(),
    "complex": st.sampled_from([0j, 1j, complex(-0.0, 1)]),
    "datetime": st.sampled_from([np.datetime64("2020-01-01", "ns"), np.datetime64("2020-01-02", "ns")]),
}
DTYPES = {"int": ["i8", "i4"], "float": ["f8", "f4"]}


@st.composite
def axes(draw):
    """Two dimensions of points with the same parameters, whose values often are the same."""
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=3))
    made = []
    for _ in range(2):
        size = draw(st.integers(1, 8))
        parameters = {}
        for number, kind in enumerate(kinds):
            values = draw(st.lists(VALUES[kind], min_size=size, max_size=size))
            if kind in DTYPES:
                values = np.array(values, dtype=draw(st.sampled_from(DTYPES[kind])))
            elif draw(st.booleans()):
                lacking = draw(st.lists(st.booleans(), min_size=size, max_size=size))
                if not all(lacking):
                    values = [None if lack else value for lack, value in zip(lacking, values, strict=True)]
            parameters[f"p{number}"] = ek.param(values, dim="point")
        made.append(ek.Space(**parameters).axes["point"])
    return made


def by_labels(axis: Axis, other: Axis) -> list[int]:
    places = {label: position for position, label in enumerate(axis.labels)}
    return [places.get(label, -1) for label in other.labels]


@settings(deadline=None, max_examples=200)
@given(axes())
def test_positions_are_those_of_the_labels(pair):
    axis, other = pair
    expected = by_labels(axis, other)
    assert positions_on(axis, other).tolist() == expected
    assert axis.positions_of(other).tolist() == expected
    assert is_same(axis, other) <= (expected == list(range(axis.size)))
    assert is_same(axis, axis)


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ([1, 2], [2.0, 1.0], [-1, -1]),
        ([1, 0], [True, False], [-1, -1]),
        (np.array([2**63, 1], "u8"), np.array([1, -1]), [1, -1]),
        (np.array([2**53, 2**53 + 1]), np.array([2**53 + 1], "u8"), [1]),
        ([0.0, 1.0], [-0.0, 0.5], [0, -1]),
    ],
)
def test_kinds_stay_apart_and_numbers_exact(mine, theirs, expected):
    axis, other = (ek.Space(a=values).axes["a"] for values in (mine, theirs))
    assert axis.positions_of(other).tolist() == expected == by_labels(axis, other)


@pytest.mark.parametrize("size", [40, 4000])
def test_few_and_many_are_found_alike(size):
    values = np.random.default_rng(1).permutation(size)
    for mine in (values * 0.5, values, [f"n{i}" for i in values]):
        axis = ek.Space(a=mine).axes["a"]
        some = axis.take(np.arange(size)[::-1][: size // 20])
        assert axis.positions_of(some).tolist() == list(range(size))[::-1][: size // 20]


def test_a_point_that_lacks_the_only_parameter_is_none_of_the_others():
    some, none = ek.Space(n=[1, 2]), ek.Space()
    last, first = (some + none).axes["point"], (none + some).axes["point"]

    assert last.positions_of(first).tolist() == by_labels(last, first) == [2, 0, 1]
    assert first.positions_of(last).tolist() == [1, 2, 0]
