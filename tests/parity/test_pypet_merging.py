"""What merging of pypet does to the parameters of two explorations, here; each test is named for what it was called there."""

import pytest

import explorekit as ek
from explorekit.errors import SpaceError


def points(space):
    return [tuple(point.values()) for point in space.points()]


def paired(x, y):
    return ek.Space(x=ek.param(x, dim="run"), y=ek.param(y, dim="run"))


def model(x, y=1, repetition=0):
    return x * y


def test_merging_explorations_of_different_parameters_repeats_the_constants() -> None:
    doubles = ek.Space(trial=[0, 1], double=[0.5, 1.5], integer=7)
    integers = ek.Space(trial=[0, 1], double=0.5, integer=[8, 9])
    assert points(doubles + integers) == [
        *[(trial, double, 7) for trial in (0, 1) for double in (0.5, 1.5)],
        *[(trial, 0.5, integer) for trial in (0, 1) for integer in (8, 9)],
    ]


def test_the_trial_parameter_is_the_repetition_and_goes_on_counting(tmp_path) -> None:
    # Trials 0 and 1 merged with trials 0 and 1, by f_merge(other, trial_parameter='trial'), were trials 0 to 3 there.
    study = ek.Study(model, ek.Space(x=[1, 2]).repeat(2), tmp_path)
    assert study.extend(repetition=4).space == ek.Space(x=[1, 2]).repeat(4)
    assert study.space.parameters["repetition"].values.tolist() == [0, 1, 2, 3]


def test_remove_duplicates_leaves_six_of_ten_runs(tmp_path) -> None:
    study = ek.Study(model, paired(range(5), [1, 1, 2, 2, 3]), tmp_path)
    study.extend(paired(range(5), [1, 1, 2, 2, 42]))
    assert points(study.space) == [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (4, 42)]
    study.extend(paired(range(5), [1, 1, 2, 2, 42]))  # an error there: nothing was left to be merged
    assert len(study.space) == 6


def test_duplicates_that_are_not_removed_are_runs_of_their_own() -> None:
    both = paired(range(5), [1, 1, 2, 2, 3]) + paired(range(5), [1, 1, 2, 2, 42])
    assert len(both) == 10
    assert both.axes["point"].occurrence.tolist() == [0] * 5 + [1, 1, 1, 1, 0]


def test_a_parameter_that_only_one_has_is_left_at_its_default_in_the_other() -> None:
    """There that was a TypeError, unless the parameter was to be ignored."""
    assert list((ek.Space(x=[1]) + ek.Space(x=[2], y=[3])).points()) == [{"x": 1}, {"x": 2, "y": 3}]


def test_a_parameter_of_two_types_is_an_error() -> None:
    with pytest.raises(SpaceError, match="'x'"):
        ek.Space(x=[1, 2]) + ek.Space(x=["a"])


def test_merging_many_at_once() -> None:
    # merge_all_in_folder of four trajectories of ten runs, and merging 41 one by one, there
    spaces = [ek.Space(x=range(10 * n, 10 * n + 10)) for n in range(41)]
    assert [point["x"] for point in sum(spaces[:4]).points()] == list(range(40))
    assert len(sum(spaces)) == 410
