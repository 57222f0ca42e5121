"""Dotted names make groups: nested in the run, and a tree of xarray."""

from drawn import bits, spaces
from hypothesis import given

import explorekit as ek


@given(spaces())
def test_every_coordinate_lies_in_the_group_that_its_name_tells(space) -> None:
    dataset, tree = space.to_dataset(), space.to_datatree()

    for name, coordinate in dataset.variables.items():
        node = tree[str(name).replace(".", "/")]
        assert bits(node.values) == bits(coordinate.values)
        assert (node.dims, node.attrs) == (coordinate.dims, coordinate.attrs)
    assert sum(len(node.to_dataset(inherit=False).variables) for node in tree.subtree) == len(
        dataset.variables
    )


def test_groups_lie_in_groups_and_are_selected_from_by_the_names_that_they_have_there() -> None:
    space = ek.Space(
        {
            "neuron.tau": ek.param([5.0, 10.0], units="ms"),
            "neuron.synapse.g": ek.param([1, 2, 3], dim="pair"),
            "gain": ek.param([0.1, 0.2, 0.3], dim="pair"),
            "dt": 0.1,
        }
    ).derive({"neuron.steps": lambda neuron_tau, dt: neuron_tau / dt})

    tree = space.to_datatree()
    assert tree.groups == ("/", "/neuron", "/neuron/synapse")
    assert tree["neuron/steps"].values.tolist() == [50.0, 100.0]
    assert tree["neuron/synapse/g"].dims == tree["gain"].dims == ("pair",)
    assert tree["neuron"].to_dataset().sel(tau=10.0)["steps"].item() == 100.0


def test_a_group_tells_which_points_have_its_parameters(tmp_path) -> None:
    some = ek.Space({"a.x": [1, 2]}) + ek.Space({"a.y": 0.5})

    assert some.to_datatree()["a/y_given"].values.tolist() == [False, False, True]
    some.to_datatree().to_netcdf(tmp_path / "tree.nc")
    assert ek.Space().to_datatree().groups == ("/",)
