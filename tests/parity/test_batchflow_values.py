"""What values of batchflow's domains could do, here, with the values recorded there; tests are named for what it was called."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import explorekit as ek
from explorekit.errors import SpaceError


class VGG7:
    depth = 7


class VGG16:
    depth = 16


def test_a_domain_is_the_product_of_its_lists_with_the_last_key_fastest() -> None:
    # It was written as Domain({'a': [1, 2], 'b': [3, 4]}) there.
    space = ek.Space(a=[1, 2], b=[3, 4])
    assert [tuple(p.values()) for p in space.points()] == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert ek.Space({"a": [1, 2]}, b=[3, 4]) == space  # Domain({'a': [1]}, b=[2]) ignored b


@pytest.mark.parametrize(
    "values",
    [[1, 2], (1, 2), np.array([1, 2]), range(1, 3), pd.Index([1, 2]), xr.DataArray([1, 2], dims="a")],
)
def test_every_sequence_is_values_a_range_too(values) -> None:
    assert [p["a"] for p in ek.Space(a=values).points()] == [1, 2]


@pytest.mark.parametrize("values", [{1, 2}, (i for i in range(2))], ids=["set", "generator"])
def test_what_has_no_order_or_length_is_refused(values) -> None:
    with pytest.raises(SpaceError, match="'a'"):
        ek.Space(a=values)


def test_names_are_text_when_they_are_declared() -> None:
    with pytest.raises(SpaceError, match="got the parameter name '1'"):
        ek.Space({1: [1, 2]})


def test_an_option_is_a_space_of_one_parameter() -> None:
    assert ek.Space(a=[1, 2]) * ek.Space(b=[3, 4]) == ek.Space(a=[1, 2], b=[3, 4])


def test_an_alias_is_a_label() -> None:
    # It was written as Option('model', [KV(VGG7, 'small'), KV(VGG16, 'large')]) there.
    space = ek.Space(model={"small": VGG7, "large": VGG16})
    assert [p["model"].depth for p in space.points()] == [7, 16]
    assert space.coords["model"].values.tolist() == ["small", "large"]


def test_two_values_cannot_have_one_alias() -> None:
    with pytest.raises(SpaceError, match="has the value 'net' at positions 0 and 1"):
        ek.Space(model=ek.param(["net", "net"], objects={"net": VGG7}))


def test_an_alias_of_a_name_is_a_long_name() -> None:
    # It was written as Domain({Alias('learning_rate', 'lr'): [0.1]}) there.
    assert ek.Space(lr=ek.param([0.1], long_name="learning rate")).coords["lr"].attrs == {
        "long_name": "learning rate"
    }


def test_what_a_point_was_given_is_not_changed_by_whom_it_reaches() -> None:
    # A config was shared by all units of an experiment: popping from one took it away from the others.
    space = ek.Space(a=[1, 2])
    next(space.points()).pop("a")
    assert [p["a"] for p in space.points()] == [1, 2]


def test_names_with_dots_are_nested_configs(tmp_path) -> None:
    # It was written as Domain({'head/layout': ['a', 'b']}) and EC('head') there.
    def built(head):
        return head["layout"] + head["inner"]["units"]

    space = ek.Space({"head.layout": ["a", "b"], "head.inner.units": "c"})
    study = ek.Study(built, space, tmp_path)
    study.run(False, n_workers=1)
    assert study.results["built"].values.tolist() == ["ac", "bc"]


def test_arbitrary_objects_are_values_lists_and_arrays_too(tmp_path) -> None:
    # Domain of lists worked, of arrays failed: 'truth value of an array is ambiguous'.
    def total(weights):
        return float(np.sum(weights))

    space = ek.Space(weights={"list": [1, 2], "array": np.array([3.0, 4.0])})
    study = ek.Study(total, space, tmp_path)
    study.run(False, n_workers=1)
    assert study.results["total"].sel(weights=["list", "array"]).values.tolist() == [3.0, 7.0]


@pytest.mark.parametrize("name", ["repetition", "point", "sample", "step"])
def test_names_that_explorekit_itself_gives_are_refused_when_they_are_declared(name) -> None:
    # id, repetition, updates and device were swallowed without a word.
    with pytest.raises(SpaceError, match="reserved"):
        ek.Space({name: [1, 2]})


@pytest.mark.parametrize("name", ["id", "updates", "device", "_prefix"])
def test_names_that_batchflow_took_for_itself_are_free(name) -> None:
    assert next(ek.Space({name: [1]}).points()) == {name: 1}


def test_a_config_as_text_names_values_and_labels_in_the_order_of_the_space() -> None:
    # ConfigAlias.alias(as_string=True) gave 'a_1-model_small', sorted by key; equal texts for values that differ.
    space = ek.Space(model={"small": VGG7, "large": VGG16}, a=[1, 2])
    assert space.describe(0) == "model='small', a=1"
    assert space.describe(model="large", a=2) == "model='large', a=2"


def test_a_label_of_one_s_own_is_the_same_in_every_process() -> None:
    """There the text of an object with its address could be its alias, and a part of the id of an experiment."""
    with pytest.raises(SpaceError, match=r"Give objects with a label each"):
        ek.Space(model=[VGG7()])
    one, another = (ek.Space(model={"small": VGG7(), "large": VGG16()}) for _ in range(2))
    assert one == another
    assert one.labels(0) == another.labels(0)


def test_filtering_by_a_value_that_is_an_array_goes_by_its_label() -> None:
    """There it failed: 'truth value of an array is ambiguous'."""
    space = ek.Space(weights={"ones": np.ones(3), "zeros": np.zeros(3)}, a=[1, 2])
    assert len(space.sel(weights="ones")) == 2
    assert next(space.sel(weights="ones").points())["weights"].tolist() == [1.0, 1.0, 1.0]
