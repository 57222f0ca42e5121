"""What exploring, run indices and run order of pypet could do, here; each test is named for what it was called there."""

import pickle

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SimulationError, SpaceError

X, Y = [-1, 1, 2, 3, 4], [1, 1, 2, 2, 3]


def paired(x, y):
    return ek.Space(x=ek.param(x, dim="run"), y=ek.param(y, dim="run"))


def product(x, y, add1=0, add2=0, add3=0):
    return x * y + add1 + add2 + add3


def points(space):
    return [tuple(point.values()) for point in space.points()]


def test_f_explore_zips_lists_of_equal_length(tmp_path) -> None:
    # traj.f_explore({'x': [-1, 1, 2, 3, 4], 'y': [1, 1, 2, 2, 3]}) there; results come by label, in whatever order they were made.
    study = ek.Study(product, paired(X, Y), tmp_path)
    assert points(study.space) == list(zip(X, Y, strict=True))
    study.run(False, n_workers=1)
    assert study.results["product"].values.tolist() == [-1, 1, 4, 6, 12]


def test_f_explore_of_lists_of_different_length_is_an_error() -> None:
    with pytest.raises(SpaceError, match="differ in length: x has 5, y has 4"):
        paired(X, Y[:4])


def test_f_explore_of_an_empty_list_is_an_error() -> None:
    with pytest.raises(SpaceError, match="'x' has no values; expected at least one"):
        ek.Space(x=[])


@pytest.mark.parametrize("name", ["z", "product"], ids=["unknown", "a result"])
def test_f_explore_of_what_is_no_parameter_is_an_error(tmp_path, name) -> None:
    with pytest.raises(SimulationError, match=f"has no argument '{name}'"):
        ek.Study(product, ek.Space({"x": [1], "y": [2], name: [3]}), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_f_explore_again_adds_parameters_of_the_same_length() -> None:
    x = ek.Space(x=ek.param(X, dim="run"), y=0)
    assert (x @ ek.Space(add1=range(5))).sizes == {"run": 5}
    with pytest.raises(SpaceError, match=r"\{'run': 5\} @ \{'add1': 4\}"):
        x @ ek.Space(add1=range(4))
    assert points(x) == [(value, 0) for value in X]  # nothing has changed it


def test_f_explore_takes_names_in_full() -> None:
    """There a name was searched for in all groups, and one that was found twice was an error when it was used."""
    space = ek.Space({"neuron.tau": [1.0, 2.0], "synapse.tau": [3.0]})
    with pytest.raises(SpaceError, match=r"no parameter 'tau'; this space has 'neuron\.tau', 'synapse\.tau'"):
        space.sel(tau=1.0)


def test_the_default_is_run_only_if_it_is_listed() -> None:
    # f_add_parameter('x', 7); f_explore({'x': [1, 2]}) there; an argument of the simulation has the default here.
    assert points(ek.Space(x=[1, 2])) == [(1,), (2,)]


def test_a_trajectory_that_explores_nothing_is_one_run_with_defaults(tmp_path) -> None:
    def model(x=3, y=4):
        return x * y

    study = ek.Study(model, ek.Space(), tmp_path)
    assert len(study.space) == 1
    study.run(False, n_workers=1)
    assert study.results["model"].item() == 12
    # There it could not be explored from then on.
    assert points(study.extend(x=[1, 3], y=[4, 5]).space) == [(1, 4), (1, 5), (3, 4), (3, 5)]
    assert study.results["model"].sel(x=3, y=4).item() == 12


def test_cartesian_product_has_the_last_key_fastest() -> None:
    # cartesian_product({'x': [1, 2, 3, 4], 'y': [6, 7, 8]}) there: twelve runs, of which 2, 3, 4, 5, 8 and 11 were found.
    space = ek.Space(x=[1, 2, 3, 4], y=[6, 7, 8])
    assert points(space) == [(x, y) for x in (1, 2, 3, 4) for y in (6, 7, 8)]
    found = space.find(lambda p: p.x == 2 or p.y == 8)
    assert points(found) == [points(space)[run] for run in (2, 3, 4, 5, 8, 11)]


def test_cartesian_product_of_combined_parameters() -> None:
    # cartesian_product({...}, (('p3',), ('p1', 'p2'))) there
    pair = ek.Space(p1=[42.0, 52.5]) @ ek.Space(p2=["a", "b"])
    table = (ek.Space(p3=[1, 2, 3]) * pair).to_dataframe()
    assert table["p3"].tolist() == [1, 1, 2, 2, 3, 3]
    assert table["p1"].tolist() == [42.0, 52.5] * 3
    assert table["p2"].tolist() == ["a", "b"] * 3


def test_cartesian_product_of_any_size_is_its_lists() -> None:
    """There all combinations were made as lists, and the axes were forgotten."""
    space = ek.Space({name: range(1000) for name in "abc"})
    assert len(space) == 10**9
    assert sum(p.values.nbytes for p in space.parameters.values()) < 10**5
    assert space.dims == ("a", "b", "c")


def test_any_list_of_points_is_explored() -> None:
    # README of pypet: not only grids.
    spiral = [(0.0, 0.0), (0.5, 0.1), (0.3, 0.9), (0.0, 0.0)]
    space = paired(*zip(*spiral, strict=True))
    assert points(space) == spiral
    assert space.axes["run"].occurrence.tolist() == [0, 0, 0, 1]


def test_a_grid_and_any_points_are_explored_together_and_a_grid_is_found_again() -> None:
    """There both were a list of runs, and what had been a grid had to be reshaped by hand."""
    grid = ek.Space(x=[1, 2], y=[3, 4])
    both = grid + paired([5, 6], [7, 8])
    assert points(both) == [*points(grid), (5, 7), (6, 8)]
    assert both.isel(point=slice(0, 4)).to_grid() == grid


def test_results_of_a_grid_have_an_axis_for_each_parameter(tmp_path) -> None:
    # f_get_from_runs('z') and np.reshape there
    study = ek.Study(product, ek.Space(x=[1, 2, 3, 4], y=[6, 7, 8]), tmp_path)
    study.run(False, n_workers=1)
    np.testing.assert_array_equal(study.results["product"], np.outer([1, 2, 3, 4], [6, 7, 8]))
    assert study.results["product"].dims == ("x", "y")


def test_expand_appends_points_and_runs_only_these(tmp_path) -> None:
    # env.run(job); traj.f_expand({'x': [2, 3, 4, 1], 'y': [2, 3, 0, 4]}); env.run(job) there
    study = ek.Study(product, paired(X, Y), tmp_path)
    study.run(False, n_workers=1)
    study = ek.Study(product, path=tmp_path)  # as if in another process
    study.extend(x=[5, 6, 7, 8], y=[2, 3, 0, 4])
    assert len(study.space) == 9
    assert study.run(False, n_workers=1).progress.new == 4
    assert study.results["product"].values.tolist() == [-1, 1, 4, 6, 12, 10, 18, 0, 32]


def test_expand_keeps_no_point_twice_unless_a_run_of_its_own_is_asked_for(tmp_path) -> None:
    """There a point that was there already was run again; here a further repetition is."""
    study = ek.Study(product, paired(X, Y), tmp_path)
    assert len(study.extend(x=[1, 1], y=[1, 9]).space) == 6
    assert len(study.extend(repetition=2).space) == 12


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ({"x": [5, 6, 7, 8], "y": [1, 2, 3, 4, 5]}, "x has 4, y has 5"),
        ({"x": [5, 6]}, "got x without y"),
        ({"x": [5], "y": [1], "z": [2]}, "has no argument 'z'"),
    ],
    ids=["another length", "not all", "another parameter"],
)
def test_expand_by_what_does_not_fit_changes_nothing(tmp_path, added, message) -> None:
    study = ek.Study(product, paired(X, Y), tmp_path)
    with pytest.raises((SpaceError, SimulationError), match=message):
        study.extend(**added)
    assert points(study.space) == list(zip(X, Y, strict=True))


def test_expand_by_a_new_axis_keeps_what_has_run(tmp_path) -> None:
    """There a finished trajectory could get no further parameter."""
    study = ek.Study(product, ek.Space(x=[1, 2], y=3), tmp_path)
    study.run(False, n_workers=1)
    study.extend(add1=[0, 100])
    assert study.space.sizes == {"x": 2, "add1": 2}
    assert study.results["product"].sel(add1=0).values.tolist() == [3, 6]


def test_f_shrink_is_a_point_of_the_space() -> None:
    space = ek.Space(x=[1, 2, 3], y=[4, 5])
    assert space.isel(x=0, y=0) == ek.Space(x=1, y=4)
    assert len(space) == 6


def test_f_idx_to_run_goes_both_ways() -> None:
    space = ek.Space(x=[1, 2, 3], y=[4, 5])
    index = {dim: int(at[0]) for dim, at in space.unravel(np.array([3])).items()}
    assert index == {"x": 1, "y": 1}
    assert points(space.isel(index)) == [(2, 5)]
    assert points(space)[3] == (2, 5)
    assert np.ravel_multi_index(tuple(index.values()), space.shape) == 3


def test_f_set_crun_by_values_or_index_needs_no_reset() -> None:
    # traj.f_set_crun(3); traj.x; traj.f_set_crun(None) there
    dataset = ek.Space(x=[1, 2, 3], y=[4, 5]).to_dataset()
    dataset["z"] = dataset["x"] * dataset["y"]
    assert dataset["z"].sel(x=2, y=5).item() == dataset["z"].isel(x=1, y=1).item() == 10
    assert dataset["z"].sum().item() == 6 * 9


def test_f_iter_runs_from_to_and_by_steps() -> None:
    # traj.f_iter_runs(start=1, stop=5, step=2) there; one may begin anew at any time here.
    space = ek.Space(x=[1, 2, 3], y=[4, 5])
    columns = space.columns(np.arange(1, 5, 2))
    assert columns == {"x": [1, 2], "y": [5, 5]}
    assert points(space)[1:5:2] == list(zip(*columns.values(), strict=True))
    with pytest.raises(ValueError, match="out of bounds"):
        space.columns(np.arange(4, 8))


def test_a_custom_wildcard_is_a_coordinate_that_groups_runs() -> None:
    # wildcard_functions={('$batch', 'batch'): lambda run: f'batch_{run // 2}'} there
    dataset = paired(X, Y).to_dataset().assign(z=("run", [-1, 1, 4, 6, 12]))
    dataset = dataset.assign_coords(batch=("run", [f"batch_{run // 2}" for run in range(5)]))
    assert dataset["z"].groupby("batch").sum().values.tolist() == [0, 10, 12]


def test_a_run_receives_its_values_and_a_worker_the_whole_space_if_it_is_given() -> None:
    # v_full_copy there; without it, ranges were cut off when a trajectory was pickled.
    space = ek.Space(x=[1, 2, 3]) @ ek.Space(y=[4, 5, 6])
    assert pickle.loads(pickle.dumps(space)) == space
    assert next(space.points()) == {"x": 1, "y": 4}


def test_run_map_gives_each_run_arguments_of_its_own(tmp_path) -> None:
    # env.run_map(product, [0, 10, …], add2=[0, 100, …], add3=[0, 1, …]) there
    more = {"add1": range(0, 50, 10), "add2": range(0, 500, 100), "add3": range(5)}
    space = paired(X, Y) @ ek.Space({name: ek.param(values, dim="run") for name, values in more.items()})
    study = ek.Study(product, space, tmp_path)
    study.run(False, n_workers=1)
    assert study.results["product"].values.tolist() == [-1, 112, 226, 339, 456]


def test_run_map_of_too_few_arguments_is_an_error_before_the_first_run() -> None:
    """There the fourth run failed, in the midst of an experiment."""
    with pytest.raises(SpaceError, match=r"\{'run': 5\} @ \{'add1': 3\}"):
        paired(X, Y) @ ek.Space(add1=[0, 10, 20])


def test_loading_as_new_takes_the_parameters_alone(tmp_path) -> None:
    # load_trajectory(as_new=True) there
    ek.Study(product, paired(X, Y), tmp_path / "old").run(False, n_workers=1)
    new = ek.Study(product, ek.open(tmp_path / "old").space, tmp_path / "new")
    assert new.space == paired(X, Y)
    assert int((new.runs["status"] == 0).sum()) == 5
