"""What the tree of parameters of pypet could do, here: names, groups, comments, copies, comparisons; named for what it was called there."""

import copy
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SpaceError, StudyError


class LorenzDerivative:
    """As in the example of a parameter class that keeps the source of a function."""

    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, x, y):
        return self.sigma * (y - x)


def test_f_add_parameter_with_data_and_a_comment() -> None:
    # traj.f_add_parameter('traffic.mobiles.ncars', 42, comment='Number of cars') there
    space = ek.Space({"traffic.mobiles.ncars": ek.param(42, long_name="number of cars", units="1")})
    assert next(space.points()) == {"traffic.mobiles.ncars": 42}
    assert space.coords["traffic.mobiles.ncars"].attrs == {"long_name": "number of cars", "units": "1"}


def test_a_parameter_without_data_is_refused() -> None:
    """There it could be added, and was an error once it was read."""
    with pytest.raises(SpaceError, match="got None"):
        ek.Space(x=None)


def test_a_comment_of_any_length_is_kept_once_for_all_points() -> None:
    # 7777 characters in a test there, and 512 in the tables; the comment of most runs was purged as a duplicate.
    space = ek.Space(x=ek.param(range(1000), comment="no " * 2592))
    assert len(space.coords["x"].attrs["comment"]) == 7776


def test_annotations_are_attributes_of_a_coordinate() -> None:
    # param.v_annotations.f_set(order=3, source='Dayan and Abbott') there
    annotated = ek.param([5.0, 7.5], order=3, source="Dayan and Abbott")
    assert ek.Space(tau=annotated).coords["tau"].attrs == {"order": 3, "source": "Dayan and Abbott"}


@pytest.mark.parametrize("name", ["", "a..b", ".a", "a b", "a::b", "$illegal", "a-b", "1a"])
def test_illegal_namings_are_errors(name) -> None:
    """There 'a-b' and '1a' could be added, and not be reached by a dot."""
    with pytest.raises(SpaceError, match="expected an identifier"):
        ek.Space({name: [1]})


@pytest.mark.parametrize(
    "name", ["x" * 129, "_x", "overview", "f_get", "v_name", "points", "parameters", "τ"]
)
def test_names_that_were_taken_or_too_long_are_free(name) -> None:
    assert next(ek.Space({name: [1]}).points()) == {name: 1}


def test_adding_a_name_again_is_an_error() -> None:
    with pytest.raises(SpaceError, match="'x' is given twice"):
        ek.Space({"x": 1}, x=2)
    with pytest.raises(SpaceError, match=r"both sides of \* have the parameter 'x'"):
        ek.Space(x=1) * ek.Space(x=2)


def test_no_clobber_is_that_a_cell_may_run_again(tmp_path) -> None:
    def model(x):
        return x

    for values in ([1, 2], [1, 2, 3]):
        for _ in range(2):
            study = ek.Study(model, ek.Space(x=values), tmp_path / str(len(values)))
    for _ in range(2):
        study.extend(x=[3, 4])
    assert study.space == ek.Space(x=[1, 2, 3, 4])


def test_changing_a_stored_parameter_is_an_error_that_names_the_difference(tmp_path) -> None:
    """There only a debug message said that the change might be lost."""

    def model(x, y):
        return x * y

    ek.Study(model, ek.Space(x=[1, 2], y=3), tmp_path)
    with pytest.raises(StudyError, match=r"y"):
        ek.Study(model, ek.Space(x=[1, 2], y=4), tmp_path)
    assert ek.open(tmp_path).space == ek.Space(x=[1, 2], y=3)


def test_natural_naming_never_matches_a_part_of_a_name() -> None:
    """There par.a.x gave par.ab.x."""
    space = ek.Space({"ab.x": [1, 2]})
    with pytest.raises(SpaceError, match=r"no parameter 'a\.x'; this space has 'ab\.x'"):
        space.sel({"a.x": 1})


def test_groups_are_reached_by_name_in_a_run(tmp_path) -> None:
    # traj.parameters.neuron.tau, and by the same names in groups of groups
    def model(neuron):
        return neuron["tau"] * 2 + neuron["synapse"]["w"]

    space = ek.Space({"neuron.tau": [2.0, 3.0], "neuron.synapse.w": 1.0})
    study = ek.Study(model, space, tmp_path)
    study.run(False, n_workers=1)
    assert study.results["model"].values.tolist() == [5.0, 7.0]


def test_groups_are_a_tree_to_look_at() -> None:
    # f_get_children, f_iter_leaves and f_to_dict(nested=True) there
    tree = ek.Space({"neuron.synapse.w": 1.0, "neuron.tau": [2.0, 3.0], "dt": 0.1}).to_datatree()
    assert [node.path for node in tree.subtree] == ["/", "/neuron", "/neuron/synapse"]
    assert tree["neuron/synapse/w"].item() == 1.0
    assert tree["neuron"]["tau"].values.tolist() == [2.0, 3.0]


def test_f_contains_f_get_default_and_iteration_are_those_of_a_mapping() -> None:
    parameters = ek.Space({"neuron.tau": [1.0], "dt": 0.1}).parameters
    assert "dt" in parameters
    assert "tau" not in parameters
    assert parameters.get("sigma") is None
    assert list(parameters) == ["neuron.tau", "dt"]


def test_f_get_explored_parameters_and_f_to_dict() -> None:
    space = ek.Space(x=[1, 2], y=[3.0], dt=0.1)
    assert {n: p.values.tolist() for n, p in space.parameters.items()} == {"x": [1, 2], "y": [3.0], "dt": 0.1}
    assert [n for n, p in space.parameters.items() if p.dim is not None] == ["x", "y"]


def test_f_get_gives_the_range_of_a_parameter_and_its_length() -> None:
    # f_has_range, f_get_range, len(param) there
    space = ek.Space(x=[1, 2, 4], dt=0.1)
    assert space.parameters["x"].values.tolist() == [1, 2, 4]
    assert space.sizes["x"] == 3
    assert space.parameters["dt"].dim is None


def test_setting_an_explored_parameter_makes_another_space() -> None:
    space = ek.Space(x=[1, 2])
    with pytest.raises((AttributeError, FrozenInstanceError)):
        space.parameters["x"].values = np.array([3])  # type: ignore[misc]
    assert space.override(x=3) == ek.Space(x=3)
    assert space == ek.Space(x=[1, 2])


def test_f_copy_is_an_equal_space_that_nobody_can_change() -> None:
    space = ek.Space(x=[1, 2]) @ ek.Space(y=["a", "b"])
    for another in (copy.copy(space), copy.deepcopy(space)):
        assert another == space
        assert not another.parameters["x"].values.flags.writeable


def test_nothing_is_added_in_a_run(tmp_path) -> None:
    """There adding a parameter in a run was an error; here a run has values alone, and arguments of its own."""

    def model(neuron, x):
        try:
            neuron["tau"] = 3.0
        except TypeError:
            return x * neuron["tau"]
        return -1.0

    study = ek.Study(model, ek.Space({"neuron.tau": 2.0, "x": [1.0, 2.0]}), tmp_path)
    study.run(False, n_workers=1)
    assert study.results["model"].values.tolist() == [2.0, 4.0]


def test_a_picklable_or_a_class_of_one_s_own_is_a_labelled_object(tmp_path) -> None:
    # PickleParameter, or a subclass of BaseParameter that was imported by its name when a file was loaded
    def model(derivative):
        return derivative(1.0, 3.0)

    space = ek.Space(derivative={"slow": LorenzDerivative(1.0), "fast": LorenzDerivative(10.0)})
    study = ek.Study(model, space, tmp_path)
    study.run(False, n_workers=1)
    assert study.results["model"].sel(derivative="fast").item() == 20.0
    assert ek.open(tmp_path).space.coords["derivative"].values.tolist() == ["slow", "fast"]


def test_parameters_equal_if_all_of_their_values_are() -> None:
    """There a sequence was equal to a longer one that began with it."""
    assert ek.Space(x=[1, 2]) != ek.Space(x=[1, 2, 3])
    assert ek.Space(x=[1, 2]) != ek.Space(x=[1.5, 2])
    assert ek.Space(x=[1, 2]) == ek.Space(x=np.array([1, 2]))
    assert ek.Space(x=ek.param([1], comment="one")) == ek.Space(x=[1])  # comments do not count


@pytest.mark.parametrize(
    "lines",
    ["[traffic]\nncars = {values = [42, 43], long_name = 'cars'}\nmap = 'ring'\n", None],
    ids=["toml", "yaml"],
)
def test_a_config_file_declares_parameters(tmp_path, lines) -> None:
    # [parameters] traffic.ncars = 42, 'comment' in an ini file there
    if lines is None:
        path = tmp_path / "traffic.yaml"
        path.write_text("traffic:\n  ncars: {values: [42, 43], long_name: cars}\n  map: ring\n")
        space = ek.Space.from_yaml(path)
    else:
        path = tmp_path / "traffic.toml"
        path.write_text(lines)
        space = ek.Space.from_toml(path)
    assert space == ek.Space({"traffic.ncars": [42, 43], "traffic.map": "ring"})
    assert space.coords["traffic.ncars"].attrs == {"long_name": "cars"}
    assert (
        space.override({"traffic.map": "grid"}).parameters["traffic.map"].values == "grid"
    )  # what is given wins


def test_a_config_file_that_is_missing_is_an_error(tmp_path) -> None:
    with pytest.raises((SpaceError, FileNotFoundError), match=r"none\.toml"):
        ek.Space.from_toml(tmp_path / "none.toml")
