"""Whether a study's space is the one given with it: order is free, near floats snap, differences are named."""

import logging

import numpy as np
import pytest
from drawn import spaces
from hypothesis import assume, given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import SpaceError, SpaceMismatchError
from explorekit.space.axis import Axis
from explorekit.space.matching import same_space, snapped


def far(value, ulps):
    """A float some units in the last place above another."""
    for _ in range(ulps):
        value = np.nextafter(value, np.inf, dtype=np.asarray(value).dtype)
    return value


@given(spaces(), st.randoms(use_true_random=False))
def test_the_order_of_values_dimensions_and_parameters_is_free(space, random):
    names = list(space.parameters)
    shuffled = ek.Space.from_parameters(
        [space.parameters[name] for name in random.sample(names, len(names))], space.axes
    )
    orders = {
        dim: random.sample(range(size), size) for dim, size in space.sizes.items() if dim != "repetition"
    }

    same_space(space, shuffled.isel(orders), "here")


@given(spaces(), st.data())
def test_a_subspace_is_another_space(space, data):
    dims = [dim for dim, size in space.sizes.items() if size > 1]
    assume(dims)
    dim = data.draw(st.sampled_from(dims))
    part = space.isel({dim: range(space.sizes[dim] - 1)})

    with pytest.raises(SpaceMismatchError, match="too"):
        same_space(space, part, "here")
    with pytest.raises(SpaceMismatchError, match="it has no"):
        same_space(part, space, "here")


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        *(("f8", value) for value in (0.3, -0.3, 1e300, 5e-324, 1.0, 0.0)),
        *(("f4", value) for value in (0.3, -0.3, 1.0, 0.0)),
    ],
)
def test_floats_within_four_units_in_the_last_place_snap(dtype, value, caplog):
    value = np.dtype(dtype).type(value)
    existing = ek.Space(a=np.array([value, 2.0], dtype))
    near, away = (ek.Space(a=np.array([far(value, ulps), 2.0], dtype)) for ulps in (4, 9))

    with caplog.at_level(logging.INFO, "explorekit"):
        same_space(existing, near, "here")
    assert "taken as the existing" in caplog.text
    with pytest.raises(SpaceMismatchError):
        same_space(existing, away, "here")


def test_snapping_takes_the_nearest_and_leaves_the_rest_alone():
    existing = ek.Space(a=[1.0, far(1.0, 3), 2.0])
    snap = snapped(existing.axes["a"], ek.Space(a=[far(1.0, 4), 5.0, np.inf, -np.inf, 1.7e308]).axes["a"])

    assert snap.parameters[0].values.tolist() == [far(1.0, 3), 5.0, np.inf, -np.inf, 1.7e308]


def test_extremes_snap_without_a_warning():
    space = ek.Space(a=[-1.7e308, -np.inf, 0.0, 5e-324, np.inf, 1.7e308])

    same_space(space, ek.Space(a=space.parameters["a"].values[::-1]), "here")


def test_two_values_never_snap_to_one():
    with pytest.raises(SpaceMismatchError, match=r"it has no a=0\.30000000000000004"):
        same_space(ek.Space(a=[0.3]), ek.Space(a=[0.3, 0.1 + 0.2]), "here")


def test_nothing_but_gridded_floats_snaps():
    pair = ek.Space(a=ek.param([0.3, 0.5], dim="n"), b=ek.param([1, 2], dim="n"))
    near = ek.Space(a=ek.param([0.1 + 0.2, 0.5], dim="n"), b=ek.param([1, 2], dim="n"))

    with pytest.raises(SpaceMismatchError, match=r"a, b=\(0.30000000000000004, 1\)"):
        same_space(pair, near, "here")
    with pytest.raises(SpaceMismatchError, match=r"'a' is 0\.3, not 0\.30000000000000004"):
        same_space(ek.Space(a=0.3), ek.Space(a=0.1 + 0.2), "here")


BASE = ek.Space(a=[1.0, 2.0], b=["x", "y"], c=3)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (ek.Space(a=[1.0, 2.0], b=["x", "y"]), "it has the parameter 'c', which is not given"),
        (BASE * ek.Space(d=1), "it has no parameter 'd'"),
        (ek.Space(a=[1.0, 2.0], b=["x", "y"], c=4), "'c' is 3, not 4"),
        (ek.Space(a=[1, 2], b=["x", "y"], c=3), "values of 'a' are float, not int"),
        (ek.Space(a=[1.0, 2.0], b=["x", "y"], c=[3]), "'c' lies on no dimension, not on c"),
        (ek.Space(a=1.0, b=["x", "y"], c=3), "'a' lies on a, not on no dimension"),
        (ek.Space(a=[1.0, 3.0], b=["x", "y"], c=3), "it has no a=3; it has a=2 too"),
        (ek.Space(a=[1.0, 2.0], b=["x"], c=3), "it has b='y' too"),
        (ek.Space(a=[1.0, 2.0], b=["x", "y", *"stuvwz"], c=3), r"b='s', 't', 'u', 'v', 'w', … \(1 more\)"),
        (BASE.repeat(2), "no parameter 'repetition'"),
        (
            (ek.Space(a=[1.0, 2.0]) @ ek.Space(b=["x", "y"])) * ek.Space(c=3),
            "'b' lies on b, not on a",
        ),
    ],
)
def test_names_the_difference_and_what_to_do(other, named):
    with pytest.raises(SpaceMismatchError, match=named) as caught:
        same_space(BASE, other, "studies/x")

    assert "studies/x" in str(caught.value)
    assert "Nothing was changed" in str(caught.value)


def test_the_same_tuples_in_another_pairing_are_another_space():
    pair = ek.Space(a=ek.param([1, 2], dim="n"), b=ek.param([1, 2], dim="n"))
    crossed = ek.Space(a=ek.param([1, 2], dim="n"), b=ek.param([2, 1], dim="n"))

    with pytest.raises(
        SpaceMismatchError, match=r"no a, b=\(1, 2\), \(2, 1\); it has a, b=\(1, 1\), \(2, 2\) too"
    ):
        same_space(pair, crossed, "here")


@given(spaces(), st.randoms(use_true_random=False))
def test_positions_on_another_axis_are_found_by_value(space, random):
    for dim, axis in space.axes.items():
        order = random.sample(range(axis.size), axis.size)
        if dim != "repetition":
            assert axis.positions_of(axis.take(np.array(order))).tolist() == order


def test_positions_are_found_between_widths_of_a_type_and_not_between_kinds():
    wide, narrow = ek.Space(a=[1.0, 0.1]), ek.Space(a=np.array([0.1, 1.0], "f4"))

    assert wide.axes["a"].positions_of(narrow.axes["a"]).tolist() == [-1, 0]
    assert wide.axes["a"].positions_of(ek.Space(a=[1, 2]).axes["a"]).tolist() == [-1, -1]


def test_an_axis_that_repeats_a_value_is_refused():
    with pytest.raises(SpaceError):
        Axis("a", ek.Space(a=ek.param([1, 1], dim="n"), b=ek.param([1, 2], dim="n")).axes["n"].parameters[:1])
