"""Finding points by values, ranges and predicates, what occurs how often, and what lies beside a point."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from drawn import bits, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.selecting import points_where


def as_sets(points):
    return sorted(sorted((name, repr(value)) for name, value in point.items()) for point in points)


def peak(function):
    """The most memory that a call held at once, in bytes."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


HUGE = ek.Space(a=np.linspace(0, 1, 1000), b=np.arange(1000), c=np.arange(1000.0))

# ---- values and ranges


@given(st.data())
def test_values_and_ranges_choose_the_points_that_have_them(data):
    space = data.draw(spaces())
    names = [n for n, p in space.parameters.items() if p.values.dtype.kind in "biufMU" and n != "repetition"]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    values = np.atleast_1d(space.parameters[name].values)
    low, high = sorted([values[data.draw(st.integers(0, values.size - 1))] for _ in range(2)])
    chosen = [p for p in space.points() if low <= p[name] <= high]
    exactly = [p for p in space.points() if p[name] == low]

    assert as_sets(space.find(**{name: slice(low, high)}).points()) == as_sets(chosen)
    assert as_sets(space.find(**{name: low}).points()) == as_sets(exactly)
    assert space.find(**{name: low}).dims == space.dims


@given(spaces())
def test_asking_for_nothing_finds_everything(space):
    assert space.find() == space
    assert space.find(lambda p: True) == space


def test_ranges_go_by_value_whatever_the_order():
    space = ek.Space(a=[3, 1, 2, 5], t=np.array(["2020-01-01", "2021-01-01"], dtype="M8[ns]"), s=["b", "a"])

    assert space.find(a=slice(1, 3)).parameters["a"].values.tolist() == [3, 1, 2]
    assert space.find(a=slice(2.5, None)).parameters["a"].values.tolist() == [3, 5]
    assert space.find(t=slice(np.datetime64("2020-06-01"), None)).sizes["t"] == 1
    assert space.find(s=slice(None, "a"), a=5).sizes == {"a": 1, "t": 2, "s": 1}


def test_found_points_keep_their_identity():
    space = ek.Space(a=ek.param([1, 1, 2], dim="n"), b=ek.param([5, 5, 6], dim="n"))

    assert space.find(a=1).axes["n"].occurrence.tolist() == [0, 1]
    assert space.find(a=[2, 1]).parameters["a"].values.tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"tao": 1}, "no parameter 'tao'.*Did you mean 'tau'"),
        ({"tau": 0.3}, "no value 0.3; .* 0.30000000000000004 is the nearest"),
        ({"tau": slice(0.6, 0.9)}, "no point has tau=0.6 to 0.9: nothing is left along 'tau'"),
        ({"tau": slice(0.1, 0.5, 2)}, "tau=0.1 to 0.5 by 2 with a step"),
        ({"tau": slice("x", None)}, "values of 'tau' are float"),
        ({"z": slice(0, 1)}, "values of 'z' are complex"),
        ({"flag": slice(0, 1)}, "values of 'flag' are bool"),
        ({"fixed": 6}, "fixed at 5; no point has 6"),
        ({"fixed": slice(6, None)}, "fixed at 5; no point has 6 to …"),
        ({"p": 1, "q": 4}, "no point has p=1, q=4: nothing is left along 'p'"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_so(wanted, named):
    space = ek.Space(tau=[0.1 + 0.2, 0.1, 0.5], fixed=5, z=[1j], flag=[True, False])
    space *= ek.Space(p=[1, 2]) @ ek.Space(q=[3, 4])

    with pytest.raises(SpaceError, match=named):
        space.find(**wanted)


# ---- predicates


@given(st.data())
def test_a_predicate_chooses_the_points_that_fulfil_it(data):
    a = data.draw(st.lists(st.integers(-5, 5), min_size=1, max_size=5, unique=True))
    b = data.draw(st.lists(st.floats(-5, 5), min_size=1, max_size=5, unique=True))
    space = ek.Space({"g.b": b}, a=a, c=[0, 1])
    chosen = [p for p in space.points() if p["a"] * p["g.b"] < 3]

    if not chosen:
        with pytest.raises(SpaceError, match="no point fulfils the predicate"):
            space.find(lambda p: p.a * p.g.b < 3)
        return
    found = space.find(lambda p: p.a * p.g.b < 3)
    assert as_sets(found.points()) == as_sets(chosen)
    assert all(bits(p.values)[0] == bits(space.parameters[n].values)[0] for n, p in found.parameters.items())


def test_dimensions_that_a_predicate_does_not_look_at_stay_as_they_are():
    asked = []
    found = HUGE.find(lambda p: asked.append(1) or p.b in (3, 5))

    assert found.sizes == {"a": 1000, "b": 2, "c": 1000}
    assert len(asked) == 1001  # once to learn what it looks at


def test_a_predicate_on_two_of_three_dimensions_makes_them_points():
    space = ek.Space(a=[1, 2, 3], b=[1, 2], c=[0.5, 1.5]).repeat(2)
    found = space.find(lambda p: p.a > 1 and p["c"] > 1)

    assert found.sizes == {"point": 2, "b": 2, "repetition": 2}
    assert eval(repr(found), {"ek": ek, "np": np}) == found


def test_values_narrow_what_a_predicate_is_asked_of():
    asked = []
    found = HUGE.find(lambda p: asked.append(1) or p.a * p.c > 1.9, a=slice(0.999, None), c=[1.0, 2.0, 3.0])

    assert found.sizes == {"point": 2, "b": 1000}
    assert len(asked) < 10


def test_points_and_pairs_can_be_found_too():
    space = ek.Space(x=ek.param([1, 2, 2], dim="point"), y=ek.param([5, 6, 6], dim="point")) * ek.Space(
        a=[1, 2], b=[1, 2]
    )

    assert space.find(lambda p: p.x == 2).axes["point"].occurrence.tolist() == [0, 1]
    assert space.find(lambda p: p.a + p.b == 4).sizes == {"point": 3}
    assert space.find(lambda p: p.x + p.a == 4).sizes == {"point": 2, "b": 2}


def test_a_predicate_may_look_at_the_repetition_alone():
    assert ek.Space(a=[1, 2]).repeat(4).find(lambda p: p.repetition < 2).sizes == {"a": 2, "repetition": 2}


@pytest.mark.parametrize(
    ("predicate", "named"),
    [
        (lambda p: p.aa > 1, "looks at 'aa'.*Did you mean 'a'"),
        (lambda p: p.g.c > 1, "looks at 'g.c'.*Did you mean 'g.b'"),
        (lambda p: p.a > 5, "no point fulfils the predicate, of 2 combinations of values along 'a'"),
        (lambda p: p.fixed > 5, "looks at no parameter that varies"),
        (lambda p: p.a, "returned 1 at a=1; expected True or False"),
        (lambda p: p.a + p.repetition > 5, "looks at the repetition together with other"),
    ],
)
def test_a_predicate_that_cannot_be_used_is_an_error_that_says_why(predicate, named):
    space = ek.Space({"g.b": [1, 2]}, a=[1, 2], fixed=3).repeat(2)

    with pytest.raises(SpaceError, match=named):
        space.find(predicate)


def test_an_error_inside_a_predicate_names_the_point():
    with pytest.raises(ZeroDivisionError) as caught:
        ek.Space(a=[1, 0]).find(lambda p: 1 / p.a > 0)

    assert caught.value.__notes__ == ["The predicate was asked of the point a=0."]


def test_a_parameter_that_a_point_lacks_is_none():
    space = ek.Space(a=ek.param([1, 2, 3], dim="point"), b=ek.param([5, 5, 6], dim="point"))
    p = space.parameters["b"]
    lacking = type(p)(p.name, p.dim, p.values, {}, np.array([True, False, True]))
    space = ek.Space.from_parameters([space.parameters["a"], lacking])

    assert space.find(lambda p: p.b is None).parameters["a"].values.tolist() == [2]
    assert space.find(b=slice(None, 9)).parameters["a"].values.tolist() == [1, 3]
    assert space.unique("b").to_dict() == {5.0: 1, None: 1, 6.0: 1} or space.unique("b").tolist() == [1, 1, 1]


def test_finding_in_a_thousand_million_points_lists_none_of_them():
    def look():
        found = HUGE.find(a=slice(0.2, 0.4), b=[7, 8])
        assert len(found) == 200 * 2 * 1000
        assert HUGE.find(lambda p: p.b % 500 == 0).sizes["b"] == 2
        assert HUGE.unique("b").size == 1000
        assert len(HUGE.neighbours(a=0.0, b=5, c=3.0)) == 5
        assert HUGE.describe(len(HUGE) - 1) == "a=1, b=999, c=999"
        repr(HUGE)

    look()  # what it imports is not counted
    assert peak(look) < 2_000_000


# ---- one point


@given(st.data())
def test_a_point_is_found_again_by_its_values(data):
    space = data.draw(spaces(arrays=False))
    position = data.draw(st.integers(0, len(space) - 1))
    point = {name: values[0] for name, values in space.columns(np.array([position])).items()}
    same = [i for i, other in enumerate(space.points()) if other == point]

    if len(same) == 1:
        assert space.describe(**point) == space.describe(position)
    else:
        with pytest.raises(SpaceError, match="points have"):
            space.describe(**point)


def test_a_point_as_text_has_units():
    space = ek.Space(I=ek.param([0.0, 0.5], units="nA"), tau=ek.param(5.0, units="ms"), kind=["x", "y"])

    assert space.describe(3) == "I=0.5 nA, tau=5 ms, kind='y'"
    assert space.describe(I=0.5, kind="y") == space.describe(-1) == space.describe(3)


def test_too_few_values_of_a_point_are_an_error_that_says_which_are_missing():
    space = ek.Space(a=[1, 2], b=[1, 2])

    with pytest.raises(SpaceError, match=r"2 points have a=1; .* Give 'b' too"):
        space.describe(a=1)
    with pytest.raises(SpaceError, match="got the point 4; expected a position from 0 to 3"):
        space.describe(4)


def test_neighbours_differ_by_one_step_along_one_dimension():
    space = ek.Space(a=[5.0, 1.0, 3.0], s=["x", "z", "y"], only=[1]) * (
        ek.Space(p=[1, 2]) @ ek.Space(q=[3, 4])
    )
    beside = space.repeat(2).neighbours(a=3.0, s="x", p=2, repetition=1)

    assert [(n["a"], n["s"]) for n in beside] == [(1.0, "x"), (5.0, "x"), (3.0, "z")]
    assert all((n["only"], n["p"], n["q"], n["repetition"]) == (1, 2, 4, 1) for n in beside)
    assert ek.Space(a=1).neighbours(0) == []


# ---- what occurs


@given(st.data())
def test_unique_counts_the_points_of_each_combination(data):
    space = data.draw(spaces(arrays=False))
    names = [name for name in space.parameters if name != "repetition"]
    if not names:
        return
    names = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    counted = Counter(tuple(p[n] for n in names) for p in space.points())
    series = space.unique(*names)

    columns = [series.index.get_level_values(name).to_numpy() for name in names]
    assert set(zip(*columns, strict=True)) == set(counted)
    assert series.size == len(counted)
    assert series.sum() == len(space)
    assert sorted(series) == sorted(counted.values())


def test_unique_needs_parameters_that_are_there():
    with pytest.raises(SpaceError, match=r"no parameter 'aa'.*Did you mean 'a'"):
        ek.Space(a=[1]).unique("aa")
    with pytest.raises(SpaceError, match="has no parameters"):
        ek.Space().unique()


def test_integers_and_floats_are_compared_without_rounding():
    """NumPy has 2⁵³ + 1 equal to 2.0⁵³."""
    whole, floats = ek.Space(n=[2**53 + 1, 2**53 + 4]), ek.Space(x=[2.0**53, 2.0**54])

    for select in (whole.sel, whole.find, lambda **values: points_where(whole, values)):
        with pytest.raises(SpaceError, match=r"no value 9007199254740992|has 9007199254740992"):
            select(n=2.0**53)
    with pytest.raises(SpaceError, match="no value 9007199254740993"):
        floats.sel(x=2**53 + 1)
    assert [p["n"] for p in whole.find(n=slice(2.0**53 + 2, None)).points()] == [2**53 + 4]
    assert floats.sel(x=2**53) == ek.Space(x=2.0**53)
    assert whole.sel(n=2.0**53 + 4) == ek.Space(n=2**53 + 4)
    with pytest.raises(SpaceError, match=r"fixed at .*; no point has"):
        points_where(ek.Space(n=2**53 + 1), {"n": 2.0**53})


def test_truth_is_no_number():
    with pytest.raises(SpaceError, match="no value 1"):
        ek.Space(flag=[True, False]).sel(flag=1)
    with pytest.raises(SpaceError, match="no value True"):
        ek.Space(n=[0, 1]).sel(n=True)


def test_points_are_selected_by_ranges_of_their_own_kind():
    points = ek.Space(a=[3.0, 1.0]) + ek.Space(b=1)

    with pytest.raises(SpaceError, match="'x' to …, but the values of 'a' are float"):
        points.sel(a=slice("x", None))


def test_the_nearest_short_float_is_written_so_that_it_differs():
    with pytest.raises(SpaceError, match=r"no value 0.1; .* 0.10000000149011612 is the nearest"):
        ek.Space(a=np.float32([0.1, 0.2])).sel(a=0.1)


def test_one_of_equal_points_is_named_by_its_position():
    points = ek.Space(a=[1, 2]) * ek.Space(b=["x"]) + ek.Space(a=1, b="x")

    with pytest.raises(SpaceError, match=r"2 points have a=1, b='x'.*position of one of them: 0, 2"):
        points.describe(a=1, b="x")
    assert points.describe(2) == points.describe(0) == "a=1, b='x'"


def test_more_points_than_can_be_numbered_are_declared_and_looked_at():
    many = [ek.Space({name: np.arange(10**7)}) for name in "abc"]
    space = many[0] * many[1] * many[2]

    assert space.describe(10**20) == space.describe(a=10**6, b=0, c=0) == "a=1000000, b=0, c=0"
    assert len(space.neighbours(a=1, b=1, c=1)) == 6
    assert "1,000,000,000,000,000,000,000 points" in space._repr_html_()
    assert space.find(a=3, b=[1, 2], c=slice(0, 4)).sizes == {"a": 1, "b": 2, "c": 5}
    with pytest.raises(SpaceError, match="1,000,000,000,000,000,000,000 points, more than can be numbered"):
        len(space)
    with pytest.raises(SpaceError, match=r"looks at 'a', 'b', .* 100,000,000,000,000 combinations.*a=slice"):
        space.find(lambda p: p.a + p.b < 3)
