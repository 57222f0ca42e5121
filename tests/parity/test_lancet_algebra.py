"""What the argument specifiers of Lancet give, value for value, with ``+`` and ``*``; nothing is rounded."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SpaceError

a = ek.Space(a=np.linspace(0.0, 1.0, 3))
b = ek.Space(b=["x", "y"])
k = ek.Space(seed=7)


def points(space):
    return list(space.points())


def test_products_have_the_left_factor_slowest():
    assert points(a * b) == [{"a": v, "b": t} for v in (0.0, 0.5, 1.0) for t in "xy"]
    assert points(b * a) == [{"b": t, "a": v} for t in "xy" for v in (0.0, 0.5, 1.0)]


def test_concatenated_specifiers_are_ragged_points():
    assert points(a + b) == [{"a": 0.0}, {"a": 0.5}, {"a": 1.0}, {"b": "x"}, {"b": "y"}]


def test_a_constant_multiplies():
    assert points(k * a) == [{"seed": 7, "a": 0.0}, {"seed": 7, "a": 0.5}, {"seed": 7, "a": 1.0}]
    assert points(k * (a + b)) == [{"seed": 7, **p} for p in points(a + b)]
    assert (k * (a + b)).parameters["seed"].dim is None


def test_the_same_key_in_two_factors_is_an_error():
    with pytest.raises(SpaceError, match=r"both sides of [*] have the parameter 'a'"):
        a * a


def test_duplicates_and_overlaps_are_kept():
    assert points(a + a) == points(a) * 2
    overlapping = a + ek.Space(a=np.linspace(1.0, 2.0, 2))
    assert [p["a"] for p in overlapping.points()] == [0.0, 0.5, 1.0, 1.0, 2.0]
    assert overlapping.axes["point"].occurrence.tolist() == [0, 0, 0, 1, 0]


def test_the_identity_is_neutral_for_products_and_sum_begins_with_nothing():
    """There it is neutral for ``+`` too; here a space without parameters is the point at which all is left at its default."""
    assert ek.Space() * a == a
    assert points(sum([a, b])) == points(a + b)
    assert points(ek.Space() + a) == [{}, *points(a)]


def test_a_key_that_some_points_lack_is_not_constant():
    both = a + ek.Space(b=["x"])
    assert both.parameters["b"].dim == "point"
    assert both.to_dataset()["b_given"].values.tolist() == [False, False, False, True]
    assert (k * a * b).parameters["seed"].dim is None


def test_small_values_are_not_rounded():
    rates = ek.Space(lr=np.linspace(1e-6, 1e-5, 3)) + ek.Space(lr=0.1 + 0.2)
    assert [p["lr"] for p in rates.points()] == [*np.linspace(1e-6, 1e-5, 3).tolist(), 0.1 + 0.2]


def test_lengths_add_and_multiply():
    assert len(a * b) == 6
    assert len(a + b) == 5
    assert "a" in (a + b).parameters


def test_what_is_written_evaluates_to_the_same_points():
    """There the parentheses of a product with a sum are lost."""
    assert eval(repr(k * (a + b)), {"ek": ek, "np": np}) == k * (a + b)
