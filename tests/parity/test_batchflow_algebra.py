"""What the domain algebra of batchflow gives, value for value, with ``+``, ``*`` and ``@``."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SpaceError

A = ek.Space(a=[1, 2])
B = ek.Space(b=[3, 4])


def points(space):
    return list(space.points())


def test_a_product_has_every_combination():
    expected = [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]
    assert points(A * B) == points(ek.Space(a=[1, 2], b=[3, 4])) == expected


def test_a_sum_has_points_with_different_parameters():
    assert points(A + B) == [{"a": 1}, {"a": 2}, {"b": 3}, {"b": 4}]


def test_pairs_go_one_with_one():
    assert points(A @ B) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]
    assert points(A @ B @ ek.Space(c=[5, 6])) == [{"a": 1, "b": 3, "c": 5}, {"a": 2, "b": 4, "c": 6}]


def test_pairs_of_different_lengths_are_an_error_that_shows_them():
    with pytest.raises(SpaceError, match=r"\{'a': 3\} @ \{'b': 2\}"):
        ek.Space(a=[1, 2, 3]) @ B


def test_a_pair_and_an_option_are_added_and_multiplied():
    assert points((A @ B + ek.Space(c=[0, 1])) * ek.Space(d=[8, 9])) == [
        {"a": 1, "b": 3, "d": 8},
        {"a": 1, "b": 3, "d": 9},
        {"a": 2, "b": 4, "d": 8},
        {"a": 2, "b": 4, "d": 9},
        {"c": 0, "d": 8},
        {"c": 0, "d": 9},
        {"c": 1, "d": 8},
        {"c": 1, "d": 9},
    ]


def test_the_same_parameter_in_two_factors_is_an_error_not_the_second_one():
    with pytest.raises(SpaceError, match=r"both sides of [*] have the parameter 'a'"):
        A * ek.Space(a=[3, 4])
    with pytest.raises(SpaceError, match=r"both sides of @ have the parameter 'a'"):
        A @ ek.Space(a=[3, 4])


def test_a_product_is_paired_with_nothing():
    with pytest.raises(SpaceError, match="one dimension each"):
        (A * B) @ ek.Space(c=[5, 6, 7, 8])


def test_sums_are_paired():
    both = (ek.Space(a=[1]) + ek.Space(a=[2])) @ (ek.Space(b=[3]) + ek.Space(b=[4]))
    assert points(both) == [{"a": 1, "b": 3}, {"a": 2, "b": 4}]


@pytest.mark.parametrize("n", [17, 18, 65, 76, 257, 302])
def test_pairs_and_sums_keep_their_order_whatever_their_number(n):
    pair = ek.Space(a=range(n)) @ ek.Space(b=range(n))
    assert [p["a"] for p in pair.points()] == list(range(n))
    assert [p["a"] for p in sum(ek.Space(a=i) for i in range(n)).points()] == list(range(n))


def test_the_laws_hold_and_sum_adds():
    c = ek.Space(c=[5, 6])
    assert A * (B * c) == (A * B) * c
    assert A @ (B @ c) == (A @ B) @ c
    assert points((A + B) * c) == points(A * c + B * c)
    key = repr
    assert sorted(points(A * (B + c)), key=key) == sorted(points(A * B + A * c), key=key)
    assert points(A * B) != points(B * A)
    assert sum([A, B]) == A + B


def test_a_space_without_parameters_is_one_point_of_defaults():
    """There an empty domain has no point: neutral for ``+``, and no factor at all."""
    assert points(ek.Space()) == [{}]
    assert ek.Space() * A == A
    assert points(ek.Space() + A) == [{}, {"a": 1}, {"a": 2}]
    assert sum([A]) == A


def test_an_endless_summand_is_cut_before_it_is_added():
    stats = pytest.importorskip("scipy.stats")
    endless = ek.Space(s=stats.norm())
    for one, other in ((A, endless), (endless, A)):
        with pytest.raises(SpaceError, match=r"norm.*sample\(n\)"):
            one + other
    drawn = points(A + endless.sample(3, seed=42))
    assert drawn[:2] == [{"a": 1}, {"a": 2}]
    assert [p.keys() for p in drawn[2:]] == [{"s"}] * 3


def test_there_is_one_number_of_points():
    assert len(A + B) == 4
    assert (A + B).sizes == {"point": 4}
    assert (A * B).sizes == {"a": 2, "b": 2}


def test_a_part_of_a_sum_is_selected_by_position_or_value():
    assert points((A + B).isel(point=slice(2, 4))) == points(B)
    assert points((A + B).sel(b=4)) == [{"b": 4}]
    assert points((A + B).sel(a=None)) == points(B)


def test_sums_are_equal_by_value():
    assert ek.Space(a=np.array([1, 2])) + ek.Space(b=[3, 4]) == A + B
    assert A + B != B + A
