"""Streams: points without an end, which begin as samples do."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError

DRAWN = ek.Space(x=stats.norm(), k=stats.randint(0, 9), s=ek.categorical(["a", "b"]))
MIXED = 0.3 * ek.Space(x=stats.norm()) + 0.7 * ek.Space(n=stats.randint(1, 5), x=1.5)


def first(stream, n):
    return list(islice(stream, n))


@given(st.integers(1, 300), st.integers(0, 5), st.sampled_from(["random", "sobol", "halton"]))
def test_the_first_points_are_the_sample_of_as_many(n, seed, method) -> None:
    for space in (DRAWN, MIXED):
        assert first(space.stream(method, seed=seed), n) == list(space.sample(n, method, seed=seed).points())


def test_the_same_seed_gives_the_same_points_however_far_one_goes() -> None:
    long = first(DRAWN.stream(seed=3), 1000)
    assert first(DRAWN.stream(seed=3), 10) == long[:10]
    assert first(DRAWN.stream(seed=4), 10) != long[:10]
    assert len({point["x"] for point in long}) == 1000


@pytest.mark.parametrize("fresh", [False, True])
def test_each_draw_has_all_points_of_the_grid(fresh) -> None:
    space = ek.Space(a=[1, 2, 3]) * DRAWN
    drawn = first(space.stream(seed=1, fresh=fresh), 12)
    assert [point["a"] for point in drawn] == [1, 2, 3] * 4
    assert len({point["x"] for point in drawn}) == (12 if fresh else 4)
    sampled = list(space.sample(4, seed=1, fresh=fresh).points())
    assert sorted(map(repr, drawn)) == sorted(map(repr, sampled))


def test_repetitions_come_in_the_order_asked() -> None:
    space = ek.Space(x=stats.norm()).repeat(2)
    x = [point["x"] for point in ek.Space(x=stats.norm()).sample(4).points()]
    told = [(point["x"], point["repetition"]) for point in first(space.stream(), 8)]
    assert told == [(one, r) for one in x for r in (0, 1)]
    told = [(point["x"], point["repetition"]) for point in first(space.stream(each=2), 8)]
    assert told == [(one, r) for pair in (x[:2], x[2:]) for r in (0, 1) for one in pair]
    told = [(point["x"], point["repetition"]) for point in first(space.stream(each=100), 101)]
    assert [r for _, r in told] == [0] * 100 + [1]


def test_a_grid_is_gone_through_again_as_its_next_repetition() -> None:
    points = first((ek.Space(a=[1, 2]) * ek.Space(f={"sin": np.sin})).stream(), 5)
    assert [(point["a"], point["repetition"]) for point in points] == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]
    assert points[0]["f"] is np.sin


def test_what_waits_for_draws_is_derived_of_each() -> None:
    space = ek.Space(x=stats.norm()).derive(y=lambda x: 2 * x)
    assert all(point["y"] == 2 * point["x"] for point in first(space.stream(), 100))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: DRAWN.stream("lhs"), "of one piece"),
        (lambda: MIXED.stream("lhs"), "of one piece"),
        (lambda: DRAWN.stream("sobl"), "Did you mean 'sobol'"),
        (lambda: DRAWN.stream(seed=-1), "seed=-1"),
        (lambda: DRAWN.stream(each=0), "each=0"),
        (lambda: ek.Space(a=[1, 2]).repeat(2).stream(), "each pass over a grid is a repetition"),
        (lambda: ek.Space(x=ek.param([1.0], dim="sample"), y=stats.norm()).stream(), "lies already"),
    ],
)
def test_what_has_no_stream_is_refused_before_the_first_point(asked, message) -> None:
    with pytest.raises(SpaceError, match=message):
        asked()
