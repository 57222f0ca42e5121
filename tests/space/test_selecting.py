"""A part of a space as stretches of positions: what `Space.sel` selects, and not a point more."""

import numpy as np
import pytest
from drawn import spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.selecting import common, points_where, size, stretches


def positions(ranges):
    return [p for a, b in ranges.tolist() for p in range(a, b)]


@given(spaces(arrays=False), st.data())
def test_a_subspace_is_the_points_whose_labels_it_has(space, data):
    part = space.isel(
        {
            dim: data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True))
            for dim, n in space.sizes.items()
            if data.draw(st.booleans())
        }
    )
    tuples = {
        dim: set(zip(*(part.columns(np.arange(len(part)))[p.name] for p in axis.parameters), strict=True))
        for dim, axis in space.axes.items()
    }
    expected = [
        p
        for p in range(len(space))
        if all(
            tuple(space.columns(np.array([p]))[q.name][0] for q in axis.parameters) in tuples[dim]
            for dim, axis in space.axes.items()
        )
    ]
    ranges = points_where(space, part)
    assert positions(ranges) == expected
    assert np.all(ranges[1:, 0] > ranges[:-1, 1])
    assert size(ranges) == len(expected)


@given(st.lists(st.integers(1, 4), max_size=4), st.data())
def test_stretches_are_the_product_of_what_is_chosen(shape, data):
    masks = [np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool) for n in shape]
    ranges = stretches(tuple(shape), masks)
    whole = np.ones(tuple(shape), dtype=bool)
    for axis, mask in enumerate(masks):
        whole &= mask.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    assert positions(ranges) == np.flatnonzero(whole).tolist()
    assert np.all(ranges[1:, 0] > ranges[:-1, 1])


ranges_of = st.sets(st.integers(0, 30)).map(
    lambda points: stretches((31,), [np.isin(np.arange(31), list(points))])
)


@given(ranges_of, ranges_of)
def test_common_points(a, b):
    assert positions(common(a, b)) == sorted(set(positions(a)) & set(positions(b)))


def test_a_large_part_is_few_stretches():
    space = ek.Space(a=range(1000), b=range(1000))
    assert points_where(space, {"a": slice(10, 19)}).tolist() == [[10_000, 20_000]]
    assert points_where(space, ek.Space(a=[3, 5], b=range(1000))).tolist() == [[3000, 4000], [5000, 6000]]
    assert len(points_where(space, {"b": slice(0, 9)})) == 1000
    assert points_where(space, {}).tolist() == [[0, 1_000_000]]


SPACE = ek.Space(a=[0.1, 0.3], c=5) * ek.Space(
    u=ek.param([1, 1, 2], dim="n"), v=ek.param(["x", "y", "x"], dim="n")
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"a": 0.3}, [3, 4, 5]),
        ({"a": [0.3, 0.1], "u": 1}, [0, 1, 3, 4]),
        ({"u": 1, "v": "x"}, [0, 3]),
        ({"c": 5, "a": slice(0, 0.2)}, [0, 1, 2]),
        (ek.Space(u=1), [0, 1, 3, 4]),
        (ek.Space(u=1, v="y", a=0.1, c=5), [1]),
        (ek.Space(u=[1, 2]) @ ek.Space(v=["y", "x"]), [1, 2, 4, 5]),
    ],
)
def test_parts(where, expected):
    assert positions(points_where(SPACE, where)) == expected


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({"A": 1}, "no parameter 'A'"),
        (ek.Space(aa=1), "no parameter 'aa'.*Did you mean 'a'"),
        ({"a": 0.1 + 0.2}, r"no value 0\.30000000000000004"),
        (ek.Space(a=[0.1, 0.5]), r"no point of the space has a=0\.5"),
        (ek.Space(a=[1]), "'a' are float, not int"),
        (ek.Space(u=2, v="y"), "no point of the space has u=2, v='y'"),
        ({"u": 2, "v": "y"}, "together"),
        ({"c": 6}, "fixed at 5; no point has 6"),
        (ek.Space(c=[5, 6]), "fixed at 5; no point has 6"),
        ({"c": slice(0, 6)}, "fixed at 5"),
        (3, "got where=3"),
    ],
)
def test_what_is_no_part(where, text):
    with pytest.raises(SpaceError, match=text):
        points_where(SPACE, where)


@given(st.data())
def test_points_that_were_found_are_selected_one_by_one(data):
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=3, max_size=3))
    space = ek.Space({name: np.arange(size) for name, size in zip("abc", sizes, strict=True)}, fixed=1)
    space = data.draw(st.sampled_from([space, space.repeat(2)]))
    x, y = data.draw(st.permutations("abc"))[:2]
    limit = data.draw(st.integers(0, 5))

    part = space.find(lambda p: p[x] + p[y] <= limit, **{x: slice(0, 2)})
    flat = [
        position
        for position, point in enumerate(space.points())
        if point[x] + point[y] <= limit and point[x] <= 2
    ]
    assert [i for start, stop in points_where(space, part).tolist() for i in range(start, stop)] == flat


def test_points_that_were_found_of_pairs_are_all_that_have_the_values():
    space = ek.Space(p=ek.param([1, 1, 2], dim="n"), q=ek.param([5, 5, 6], dim="n")) * ek.Space(a=[1, 2])
    part = space.find(lambda p: p.q * p.a == 10)

    assert part.axes["point"].occurrence.tolist() == [0, 1]
    assert points_where(space, part).tolist() == [[1, 2], [3, 4]]


def test_points_that_are_not_there_are_refused():
    space = ek.Space(a=[1, 2], b=[1, 2])
    points = ek.Space(a=ek.param([1, 3], dim="point"), b=ek.param([1, 1], dim="point"))

    with pytest.raises(SpaceError, match="no point of the space has a=3"):
        points_where(space, points)
