"""What parameters of pypet could do, here; each test is named for what it was called there."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SimulationError, SpaceError

# Values with which pypet gave back the very type that it was given.
SUPPORTED = [
    True,
    42,
    3.14,
    1 + 2j,
    "text",
    *(np.dtype(t).type(1) for t in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16")),
    np.bool_(True),
    np.str_("text"),
]


@pytest.mark.parametrize("value", SUPPORTED, ids=lambda v: f"{type(v).__name__}-{v}")
def test_supported_data_come_back_with_their_value_and_dtype(value) -> None:
    parameter = ek.Space(x=value).parameters["x"]
    assert parameter.values[()] == value
    assert parameter.values.dtype.kind == np.asarray(value).dtype.kind
    assert parameter.values.dtype.itemsize == np.asarray(value).dtype.itemsize


@pytest.mark.parametrize("value", [{1, 2}, [1, "a"], [[1], [2, 3]], [], None, b"bytes"], ids=repr)
def test_unsupported_data_are_refused_before_anything_runs(value) -> None:
    with pytest.raises(SpaceError, match="'x'"):
        ek.Space(x=value)


def test_type_conservation_takes_numpy_s_numbers_for_numbers() -> None:
    # pypet refused numpy.float64 for float, and told its users to call tolist().
    assert ek.Space(x=np.linspace(0, 1, 3)) == ek.Space(x=[0.0, 0.5, 1.0])
    assert ek.Space(x=ek.param([0, 1], dtype=float)) == ek.Space(x=[0.0, 1.0])
    with pytest.raises(SpaceError, match=r"0\.5 at position 1"):
        ek.Space(x=ek.param([0, 0.5], dtype=int))


def test_locking_is_that_values_cannot_be_written() -> None:
    space = ek.Space(x=[1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        space.parameters["x"].values[0] = 3.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        space.parameters["x"] = space.parameters["x"]  # type: ignore[index]
    with pytest.raises(AttributeError, match="cannot assign"):
        space.parameters["x"].values = np.array([3.0])  # type: ignore[misc]


def test_an_explored_range_is_a_coordinate() -> None:
    space = ek.Space(x=[1.0, 2.0, 4.0], y=7)
    assert space.coords["x"].values.tolist() == [1.0, 2.0, 4.0]
    assert len(space) == 3
    assert [p.name for p in space.parameters.values() if p.dim] == ["x"]


def test_exploring_is_zipping_where_parameters_share_a_dimension() -> None:
    # cartesian_product({'a': [1, 2], 'b': ['x', 'y']}) and trajectory.f_explore of equal lists.
    assert list(ek.Space(a=[1, 2], b=["x", "y"]).points()) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert list((ek.Space(a=[1, 2]) @ ek.Space(b=["x", "y"])).points()) == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    with pytest.raises(SpaceError, match="same length"):
        ek.Space(a=[1, 2]) @ ek.Space(b=["x", "y", "z"])


def test_a_preset_of_a_name_that_nothing_takes_is_an_error_before_the_first_run(tmp_path) -> None:
    def model(n_cars):
        return n_cars

    with pytest.raises(SimulationError, match="Did you mean 'n_cars'"):
        ek.Study(model, ek.Space(n_car=[42]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_dotted_names_are_groups() -> None:
    space = ek.Space({"neuron.tau_V": [10.0, 20.0], "neuron.tau_ref": 5.0})
    assert space.coords["neuron.tau_V"].values.tolist() == [10.0, 20.0]


def test_units_belong_to_the_parameter_and_are_compared_when_it_grows(tmp_path) -> None:
    study = ek.Study(lambda tau: tau, ek.Space(tau=ek.param([5.0], units="ms")), tmp_path)
    with pytest.raises(SpaceError, match="are in ms, those to add in s"):
        study.extend(tau=ek.param([0.01], units="s"))
    assert study.extend(tau=ek.param([10.0], units="ms")).space.coords["tau"].attrs == {"units": "ms"}


def test_conditional_parameter_sets_are_a_condition_rather_than_an_if_around_additions() -> None:
    # `if traj.add_cars: traj.f_add_parameter('n_cars', 42)`, decided once for the whole trajectory.
    fixed = ek.Space(add_cars=True, road=["A1", "A2"]).when(add_cars=True, n_cars=42)
    assert [point["n_cars"] for point in fixed.points()] == [42, 42]

    explored = ek.Space(add_cars=[False, True]).when(add_cars=True, n_cars=[42, 50])
    assert list(explored.points()) == [
        {"add_cars": False},
        {"add_cars": True, "n_cars": 42},
        {"add_cars": True, "n_cars": 50},
    ]
    # A preset is there before the condition is looked at, as with f_preset_parameter.
    preset = ek.Space(add_cars=False).override(add_cars=True).when(add_cars=True, n_cars=42)
    assert list(preset.points()) == [{"add_cars": True, "n_cars": 42}]


def test_derived_parameters_are_functions_of_those_that_they_depend_on() -> None:
    # traj.f_add_derived_parameter('W', network(traj.seed, traj.n)) ran at every point, or in a loop before the runs.
    calls = []

    def weight(seed, n):
        calls.append((seed, n))
        return 1000 * seed + n

    space = ek.Space(seed=[1, 2], n=[10, 20], current=np.linspace(0, 1, 50)).derive(W=weight)
    assert calls == [(1, 10), (1, 20), (2, 10), (2, 20)]
    assert space.coords["W"].dims == ("seed", "n")
    assert next(space.isel(seed=1).points()) == {"seed": 2, "n": 10, "current": 0.0, "W": 2010}
