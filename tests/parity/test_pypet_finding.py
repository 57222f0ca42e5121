"""What finding, unique points and presets of pypet could do, here; each test is named for what it was called there."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SpaceError


def test_find_idx_by_one_parameter() -> None:
    # traj.f_find_idx(['x', 'y'], lambda x, y: x == 2 or y == 8) there
    space = ek.Space(x=[1, 2, 3], y=[6, 7, 8])
    found = space.find(lambda p: p.x == 2 or p.y == 8)

    assert [tuple(p.values()) for p in found.points()] == [(1, 8), (2, 6), (2, 7), (2, 8), (3, 8)]


def test_find_idx_with_parameters_that_are_not_explored() -> None:
    space = ek.Space(
        x=ek.param([1, 2, 3, 4], dim="run"), z=ek.param([5.0, 6.0, 5.0, 6.0], dim="run"), scalar=42
    )

    assert space.find(lambda p: p.z == 6.0 and p.scalar == 42).parameters["x"].values.tolist() == [2, 4]


def test_find_idx_that_finds_nothing_says_so() -> None:
    # An empty generator there; a space here has at least one point.
    with pytest.raises(SpaceError, match="no point fulfils the predicate"):
        ek.Space(x=[1, 2]).find(lambda p: p.x > 2)


def test_find_idx_of_what_is_no_parameter_is_an_error() -> None:
    with pytest.raises(SpaceError, match=r"looks at 'results'; this space has 'x'"):
        ek.Space(x=[1, 2]).find(lambda p: p.results > 2)


def test_find_unique_points() -> None:
    space = ek.Space(A=ek.param([1, 2, 1, 2, 1, 2], dim="run"), B=ek.param(list("aaaabb"), dim="run"))

    assert space.unique("A", "B").to_dict() == {(1, "a"): 2, (2, "a"): 2, (1, "b"): 1, (2, "b"): 1}
    assert space.unique("B").to_dict() == {"a": 4, "b": 2}


def test_iter_runs_and_set_crun_by_index_leave_no_state() -> None:
    space = ek.Space(x=[1, 2], y=[3, 4])

    assert space.describe(2) == "x=2, y=3"
    assert list(space.points()) == list(space.points())
    with pytest.raises(SpaceError, match="got the point 4; expected a position from 0 to 3"):
        space.describe(4)


def test_preset_parameter_wins_over_the_value_that_is_declared() -> None:
    assert ek.Space(testparam=0).override(testparam=1).parameters["testparam"].values == 1


def test_preset_that_is_never_consumed_is_an_error_before_the_first_run() -> None:
    with pytest.raises(SpaceError, match=r"nothing consumes the preset 'testpram'.*Did you mean 'testparam'"):
        ek.Space(testparam=0).override(testpram=1)


def test_explored_table_has_a_row_a_run() -> None:
    frame = ek.Space(x=[1, 2], y=np.float32([0.1, 0.2]), name=["u"]).to_dataframe()

    assert frame[["x", "name"]].values.tolist() == [[1, "u"], [1, "u"], [2, "u"], [2, "u"]]
    assert frame["y"].dtype == np.float32
