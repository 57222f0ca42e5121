"""Parameters that only the points have at which others have certain values."""

from collections import Counter

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.identity import point_key

SOLVERS = ek.Space(x=[0.0, 1.0], kind=["fixed", "adaptive", "exact"])
NAMES = {"ek": ek, "np": np, "xr": xr}


def plain(space):
    return [tuple(sorted((n, repr(value)) for n, value in point.items())) for point in space.points()]


@st.composite
def cases(draw):
    """A space, a condition that some of its points meet, and what is added there."""
    kinds = draw(st.lists(st.sampled_from("fgh"), min_size=1, max_size=3, unique=True))
    space = ek.Space(kind=kinds) * ek.Space(
        b=draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    )
    if draw(st.booleans()):
        space = ek.Space(c=[1, 2]) * space
    if draw(st.booleans()):
        space = space + ek.Space(kind="f", b=draw(st.integers(0, 3)), extra=[0.5, 1.5])
    if draw(st.booleans()):
        space = space.repeat(2)
    first = next(space.points())
    condition = {name: first[name] for name in draw(st.sets(st.sampled_from(["kind", "b"]), min_size=1))}
    if draw(st.booleans()):
        condition = {name: [value] for name, value in condition.items()}
    added = {"tol": draw(st.lists(st.floats(0, 1), min_size=1, max_size=3, unique=True))}
    if draw(st.booleans()):
        added["flag"] = draw(st.sampled_from([True, [False, True]]))
    return space, condition, added


@given(cases())
def test_points_are_those_that_meet_the_condition_times_what_is_added_and_the_rest_as_they_are(case) -> None:
    space, condition, added = case
    met = space.find(**condition)
    rest = Counter(plain(space)) - Counter(plain(met))

    assert Counter(plain(space.when(condition, **added))) == Counter(plain(met * ek.Space(added))) + rest


@given(cases())
def test_points_keep_their_order_and_what_is_added_varies_fastest_along_them(case) -> None:
    space, condition, added = case
    first = space.isel(repetition=0) if "repetition" in space.dims else space
    first = first.isel(dict.fromkeys(set(first.dims) & {"c"}, 0))
    wanted = {name: np.atleast_1d(value) for name, value in condition.items()}
    further = plain(ek.Space(added))

    expected = [
        tuple(sorted((*told, *more)))
        for told, point in zip(plain(first), first.points(), strict=True)
        for more in (further if all(point[n] in values for n, values in wanted.items()) else [()])
    ]
    if len(first.dims) > len(condition) and "point" not in first.dims:
        expected.sort()  # a dimension that nobody asks of lies before or behind
        assert sorted(plain(first.when(condition, **added))) == expected
    else:
        assert plain(first.when(condition, **added)) == expected


@given(cases())
def test_what_is_made_evaluates_and_goes_through_coordinates(case) -> None:
    space, condition, added = case
    made = space.when(condition, **added)

    assert eval(repr(made), dict(NAMES)) == made
    assert made.isel({dim: slice(None) for dim in made.dims}) == made


def test_it_is_the_sum_of_what_meets_the_condition_and_the_rest() -> None:
    space = ek.Space(kind=["fixed", "adaptive"])

    assert space.when(kind="adaptive", tol=[1e-3, 1e-4]) == (
        ek.Space(kind="fixed") + ek.Space(kind="adaptive", tol=[1e-3, 1e-4])
    )
    assert space.when(kind="fixed", tol=[1e-3, 1e-4]) == (
        ek.Space(kind="fixed", tol=[1e-3, 1e-4]) + ek.Space(kind="adaptive")
    )


def test_dimensions_that_the_condition_does_not_ask_of_stay_a_grid_of_any_size() -> None:
    huge = ek.Space(kind=["fixed", "adaptive"], a=np.arange(100_000), b=np.arange(100_000))

    assert huge.when(kind="adaptive", tol=[1e-3, 1e-4]).sizes == {"point": 3, "a": 100_000, "b": 100_000}


def test_where_every_point_meets_the_condition_it_is_the_product() -> None:
    fixed = ek.Space(kind="adaptive", x=[1, 2])

    assert fixed.when(kind="adaptive", tol=[1e-3, 1e-4]) == fixed * ek.Space(tol=[1e-3, 1e-4])
    assert SOLVERS.when(x=slice(0, 1), n=[1, 2]) == SOLVERS * ek.Space(n=[1, 2])


def test_conditions_are_values_lists_ranges_labels_and_what_is_not_given() -> None:
    def given_at(space):
        return [tuple(point.values())[:-1] for point in space.points() if "n" in point]

    assert given_at(SOLVERS.when(kind=["fixed", "exact"], x=1.0, n=7)) == [(1.0, "fixed"), (1.0, "exact")]
    assert given_at(SOLVERS.when(x=slice(0.5, None), n=7)) == [
        (1.0, kind) for kind in ("fixed", "adaptive", "exact")
    ]
    models = ek.Space(model={"small": int, "large": float}).when(model="large", n=7)
    assert list(models.points()) == [{"model": int}, {"model": float, "n": 7}]
    some = ek.Space(a=1) + ek.Space(b=[1, 2])
    assert list(some.when(a=None, b=2, n=7).points()) == [{"a": 1}, {"b": 1}, {"b": 2, "n": 7}]


def test_one_condition_follows_another() -> None:
    space = (
        SOLVERS.when(kind="adaptive", tol=[1e-3, 1e-4])
        .when(tol=1e-4, order=[4, 5])
        .when(kind="fixed", dt=0.1)
    )

    assert [tuple(point.values()) for point in space.isel(x=0).points()] == [
        (0.0, "fixed", 0.1),
        (0.0, "adaptive", 1e-3),
        (0.0, "adaptive", 1e-4, 4),
        (0.0, "adaptive", 1e-4, 5),
        (0.0, "exact"),
    ]
    assert space.to_dataset()["order_given"].values.tolist() == [False, False, True, True, False]


def test_what_is_added_has_units_objects_pairs_and_groups() -> None:
    space = SOLVERS.when(
        {"kind": "adaptive", "solver.tol": ek.param([1e-3, 1e-4], dim="pair", units="1")},
        order=ek.param([4, 5], dim="pair"),
        norm={"max": max, "sum": sum},
    )

    assert space.parameters["solver.tol"].attrs == {"units": "1"}
    assert [tuple(point.values())[1:] for point in space.isel(x=0).points()] == [
        ("fixed",),
        ("adaptive", 1e-3, 4, max),
        ("adaptive", 1e-3, 4, sum),
        ("adaptive", 1e-4, 5, max),
        ("adaptive", 1e-4, 5, sum),
        ("exact",),
    ]


def test_parameters_that_are_drawn_later_may_stand_beside() -> None:
    space = ek.Space(kind=["fixed", "adaptive"], y=stats.uniform(0, 1)).when(
        kind="adaptive", tol=[1e-3, 1e-4]
    )

    assert space.sample(4).sizes == {"point": 3, "sample": 4}


def test_occurrences_belong_to_the_point_whatever_was_selected() -> None:
    twice = ek.Space(kind=["f", "g"]) + ek.Space(kind=["f", "g"])
    later = twice.isel(point=[2, 3])

    assert later.when(kind="g", n=[1, 2]).axes["point"].occurrence.tolist() == [1, 1, 1]
    assert twice.when(kind="g", n=[1, 2]).axes["point"].occurrence.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "adaptiv", "tol": 1}, "no value 'adaptiv'; it has 'fixed', 'adaptive', 'exact'"),
        ({"x": 0.9, "tol": 1}, "and 1 is the nearest"),
        ({"knd": "adaptive", "tol": 1}, "no condition, but 'knd', 'tol' to add.*Did you mean 'kind'"),
        ({"kind": "adaptive"}, "no parameter to add"),
        ({}, "no condition, but nothing to add"),
        ({"kind": "fixed", "tol": stats.uniform(0, 1)}, "'tol'"),
        ({"kind": "fixed", "point": 1}, "reserved"),
        ({"kind": "fixed", "tol": [1, 1]}, "distinct"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_an_error_that_says_what_to_do(given, message) -> None:
    with pytest.raises(SpaceError, match=message):
        SOLVERS.when(**given)


def test_values_that_never_lie_together_are_no_condition() -> None:
    paired = ek.Space(a=ek.param([1, 2], dim="pair"), b=ek.param(["x", "y"], dim="pair"))

    with pytest.raises(SpaceError, match=r"no point has a=1, b='y' together"):
        paired.when(a=1, b="y", tol=1.0)
    with pytest.raises(SpaceError, match="'kind' twice"):
        SOLVERS.when({"kind": "fixed"}, kind=["fixed"], tol=1.0)
    with pytest.raises(SpaceError, match="repetition=0, so that points would differ"):
        SOLVERS.repeat(2).when(repetition=0, tol=1.0)
    with pytest.raises(SpaceError, match="fixed at 'a'"):
        ek.Space(kind="a", x=[1, 2]).when(kind="b", tol=1.0)


def test_points_that_occur_again_are_told_apart_beside_pairs_that_do():
    twice = ek.Space(k=["x", "y"]) + ek.Space(k=["x", "y"])
    pairs = {"a": ek.param([1, 1, 2], dim="n"), "b": ek.param([1, 1, 2], dim="n")}
    space = twice.when({"k": "y", **pairs})

    keys = {point_key(space.labels(position), {}) for position in range(len(space))}
    assert len(keys) == len(space) == 8
