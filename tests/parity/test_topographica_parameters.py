"""What parameters of run_batch and arguments of Lancet could do, here, with the values recorded there."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SimulationError, SpaceError


def simulation(x, times=(1.0,), tag="none"):
    return x * len(times) if tag else 0.0


def test_parameters_are_injected_by_keyword_whatever_their_names(tmp_path) -> None:
    # There a parameter could not be called times, tag, snapshot or name, which run_batch itself took.
    def model(times, tag, snapshot, name):
        return f"{times}{tag}{snapshot}{name}"

    study = ek.Study(model, ek.Space(times=[1, 2], tag="t", snapshot="s", name="n"), tmp_path)
    study.run(False, n_workers=1)
    assert study.results["model"].values.tolist() == ["1tsn", "2tsn"]


def test_a_declared_number_has_bounds_and_a_description() -> None:
    # There: global_params.add(x=param.Number(0.5, bounds=(0, 1), doc='…')).
    x = ek.param([0.5], bounds=(0, 1), long_name="a fraction", units="1")
    assert ek.Space(x=x).coords["x"].attrs == {
        "units": "1",
        "long_name": "a fraction",
        "valid_min": 0.0,
        "valid_max": 1.0,
    }
    with pytest.raises(SpaceError, match="expected 0 ≤ x ≤ 1"):
        ek.Space(x=ek.param([1.5], bounds=(0, 1)))


@pytest.mark.parametrize("name", ["time", "Tag", "xx", "unheard_of"])
def test_an_unused_name_is_an_error_before_anything_runs(tmp_path, name) -> None:
    # There it was a warning after the run: 'x' is unused.
    with pytest.raises(SimulationError, match=f"has no argument '{name}'"):
        ek.Study(simulation, ek.Space(x=1.0) * ek.Space({name: [1]}), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_constant_arguments_are_fixed_parameters_and_varying_ones_dimensions() -> None:
    space = ek.Space(seed=7, a=np.linspace(0, 1, 3), b=["x", "y"])
    assert [p.name for p in space.parameters.values() if p.dim is None] == ["seed"]
    assert space.dims == ("a", "b")
    assert [(p["seed"], p["a"], p["b"]) for p in space.points()] == [
        (7, 0.0, "x"),
        (7, 0.0, "y"),
        (7, 0.5, "x"),
        (7, 0.5, "y"),
        (7, 1.0, "x"),
        (7, 1.0, "y"),
    ]


@pytest.mark.parametrize(
    "values", [[0.0], [0.0, 1.0], [1.0, 10.0, 100.0, 1000.0], ["x", "y"], [True, False], [3, 1, 2]]
)
def test_a_list_has_its_values_in_its_order(values) -> None:
    assert [p["a"] for p in ek.Space(a=values).points()] == values


@pytest.mark.parametrize(
    "values",
    [[1e-6, 5.5e-6, 1e-5], [0.123456789, 1.0], [np.nextafter(0.5, 1)], np.linspace(0, 49, 50).tolist()],
)
def test_no_value_is_rounded(values) -> None:
    # There four decimals were kept: three learning rates became 0.0.
    assert [p["lr"] for p in ek.Space(lr=values).points()] == values


def test_both_sides_of_a_product_with_one_name_are_an_error() -> None:
    with pytest.raises(SpaceError, match="both sides of \\* have the parameter 'a'"):
        ek.Space(a=[0.0]) * ek.Space(a=[1.0])


def test_a_list_of_objects_is_a_dict_of_labels() -> None:
    space = ek.Space(pattern={"disk": max, "gaussian": min})
    assert [p["pattern"] for p in space.points()] == [max, min]
