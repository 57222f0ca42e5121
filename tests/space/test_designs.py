"""Designs of experiments: stars, radial steps, trajectories."""

import numpy as np
import pytest
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError


def rows(space):
    return [tuple(point.values()) for point in space.points()]


def test_a_star_moves_one_parameter_at_a_time():
    star = ek.Space(a=[1.0, 2.0, 3.0], b=["u", "v"], c=5).star(a=2.0, b="u")
    assert star.dims == ("point",)
    assert rows(star) == [(2.0, "u", 5), (1.0, "u", 5), (3.0, "u", 5), (2.0, "v", 5)]


def test_a_base_point_need_not_be_on_the_grid():
    star = ek.Space(a=ek.param([1.0, 3.0], units="m"), b=["u", "v"]).star(a=2, b="word")
    assert rows(star) == [(2.0, "word"), (1.0, "word"), (3.0, "word"), (2.0, "u"), (2.0, "v")]
    assert star.parameters["a"].attrs == {"units": "m"}
    assert star.parameters["a"].values.dtype == np.float64


def test_paired_parameters_of_a_star_move_together_and_repetitions_stay():
    space = (ek.Space(a=[1, 2]) @ ek.Space(b=[3, 4])) * ek.Space(c=[0.0, 1.0])
    star = space.repeat(2).star({"a": 1, "b": 3}, c=0.0)
    assert star.sizes == {"point": 3, "repetition": 2}
    assert rows(star.isel(repetition=0)) == [(1, 3, 0.0, 0), (2, 4, 0.0, 0), (1, 3, 1.0, 0)]


def test_a_star_of_one_parameter_is_its_values_from_the_base_on():
    assert rows(ek.Space(a=[1, 2, 3]).star(a=2)) == [(2,), (1,), (3,)]


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ({"a": 1.0}, r"no base value of 'b'.*star\(b="),
        ({"a": 1.0, "b": "u", "bb": 1}, "'bb'.*mean 'b'"),
        ({"a": 1.0, "b": 3}, "3 as the base value of 'b', whose values are str"),
        ({"a": [1.0, 2.0], "b": "u"}, "expected one of that type"),
        ({"a": float("nan"), "b": "u"}, "missing value"),
    ],
)
def test_a_base_that_does_not_fit_is_an_error_that_says_so(base, words):
    with pytest.raises(SpaceError, match=words):
        ek.Space(a=[1.0, 2.0], b=["u", "v"]).star(base)


def test_a_star_needs_values():
    with pytest.raises(SpaceError, match="'x' has a distribution"):
        ek.Space(x=stats.norm(), a=[1, 2]).star(a=1)


def test_radial_steps_take_one_coordinate_after_the_other_from_a_second_point():
    space = ek.Space(x=stats.uniform(), y=stats.uniform(), z=stats.uniform()).sample(8, "saltelli", seed=1)
    design = np.stack([space.parameters[name].values for name in "xyz"], axis=1).reshape(8, 5, 3)
    for block in design:
        assert [np.flatnonzero(row != block[0]).tolist() for row in block[:4]] == [[], [0], [1], [2]]
        np.testing.assert_array_equal(np.diag(block[1:4]), block[4])


def test_trajectories_move_each_parameter_once():
    space = ek.Space(x=stats.uniform(), y=stats.uniform(), z=stats.uniform()).sample(6, "morris", seed=1)
    design = np.stack([space.parameters[name].values for name in "xyz"], axis=1).reshape(6, 4, 3)
    moved = np.diff(design, axis=1) != 0
    assert (moved.sum(axis=1) == 1).all()
    assert (moved.sum(axis=2) == 1).all()


def test_trajectories_go_up_and_down_by_two_thirds_in_every_order():
    space = ek.Space(x=stats.uniform(), y=stats.uniform(), z=stats.uniform()).sample(500, "morris", seed=1)
    design = np.stack([space.parameters[name].values for name in "xyz"], axis=1).reshape(500, 4, 3)
    assert np.unique(design).tolist() == [0.0, 1 / 3, 2 / 3, 1.0]
    moved = np.diff(design, axis=1)
    steps, counts = np.unique(moved[moved != 0].round(12), return_counts=True)
    np.testing.assert_allclose(steps, [-2 / 3, 2 / 3])
    assert (abs(counts / 1500 - 0.5) < 0.05).all()
    first = np.abs(moved[:, 0]).argmax(axis=1)
    assert (abs(np.bincount(first) / 500 - 1 / 3) < 0.1).all()
    assert (abs(np.unique(design[:, 0], return_counts=True)[1] / 1500 - 0.25) < 0.05).all()
