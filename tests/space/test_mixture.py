"""Mixtures: spaces of which each has a share in the draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError


def small():
    return ek.Space(n=stats.randint(1, 5), kind="small")


def large():
    return ek.Space(n=stats.randint(100, 500), tol=ek.param(stats.uniform(0, 1), units="m"), kind="large")


def test_components_are_drawn_as_often_as_their_weights_say():
    space = (0.25 * small() + 0.75 * large()).sample(64, "sobol", seed=1)
    assert space.sizes == {"sample": 64}
    points = list(space.points())
    assert [point["kind"] for point in points].count("small") == 16
    assert all(point["n"] < 5 and "tol" not in point for point in points if point["kind"] == "small")
    assert all(point["n"] >= 100 and 0 <= point["tol"] <= 1 for point in points if point["kind"] == "large")
    assert space.parameters["n"].values.dtype == np.int64
    assert space.parameters["tol"].attrs == {"units": "m"}


@pytest.mark.parametrize("method", ["random", "sobol", "halton"])
@given(n=st.integers(1, 30), more=st.integers(0, 30), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=10)
def test_a_longer_sample_of_a_mixture_begins_with_the_shorter_one(method, n, more, seed):
    mixture = 1 * small() + 3 * large()
    short, long = mixture.sample(n, method, seed=seed), mixture.sample(n + more, method, seed=seed)
    assert list(long.points())[:n] == list(short.points())


def test_weights_need_not_sum_to_one():
    assert (1 * small() + 3 * large()).sample(20) == (0.25 * small() + 0.75 * large()).sample(20)
    assert (np.float64(1) * small() + np.int64(3) * large()).sample(20) == (1 * small() + 3 * large()).sample(
        20
    )
    assert (2 * (1 * small() + 3 * large())) == 2 * small() + 6 * large()
    assert sum([1 * small(), 3 * large()]) == 1 * small() + 3 * large()


def test_components_of_one_kind_draw_independently():
    mixture = 0.5 * ek.Space(x=stats.uniform(0, 1)) + 0.5 * ek.Space(x=stats.uniform(0, 1))
    assert np.unique(mixture.sample(100).parameters["x"].values).size == 100


def test_one_component_is_a_mixture_too():
    assert len((2.0 * small()).sample(5, "lhs")) == 5


def test_the_repr_of_a_mixture_evaluates_to_the_same_one():
    mixture = 0.3 * small() + 0.7 * large()
    assert eval(repr(mixture), {"ek": ek, "stats": stats}) == mixture


def test_a_sampled_mixture_multiplies_with_a_grid():
    assert ((1 * small() + 1 * large()).sample(4) * ek.Space(k=[1, 2])).sizes == {"sample": 4, "k": 2}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: -1.0 * small(), r"weight -1\.0"),
        (lambda: 0 * small(), "weight 0"),
        (lambda: float("nan") * small(), "weight nan"),
        (lambda: float("inf") * small(), "weight inf"),
        (lambda: True * small(), "weight True"),
        (lambda: 0.5 * ek.Space(a=[1, 2]), "without distributions .*'a'"),
        (lambda: 0.5 * ek.Space(a=[1, 2], x=stats.norm()), "dimension 'a'"),
        (lambda: 0.5 * small() + large(), "no weight"),
        (lambda: large() + 0.5 * small(), "no weight"),
        (lambda: (0.5 * small() + 0.5 * large()).sample(), "no n"),
        (lambda: (0.5 * small() + 0.5 * large()).sample(3, "saltelli"), "no shares"),
        (
            lambda: (0.5 * small() + 0.5 * ek.Space(n=ek.categorical(["a", "b"]), kind="k")).sample(3),
            "'n', as int .* as str",
        ),
        (
            lambda: (1 * large() + 1 * ek.Space(tol=ek.param(stats.norm(), units="km"))).sample(3),
            "'tol', in m .* and in km",
        ),
    ],
)
def test_what_is_no_mixture_is_an_error_that_says_so(made, words):
    with pytest.raises(SpaceError, match=words):
        made()
