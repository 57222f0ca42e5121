"""Labelled objects: labels are coordinates and identities, objects reach the simulation."""

from pathlib import Path

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.store.spaces import read_space, write_space


class SGD:
    rate = 0.1


class Adam:
    rate = 0.2


def relu(x):
    return max(x, 0)


OPTIMIZERS = {"sgd": SGD, "adam": Adam}


def test_the_label_is_the_coordinate_and_the_object_reaches_the_simulation() -> None:
    space = ek.Space(optimizer=OPTIMIZERS, rate=[0.1, 0.2])
    assert space.coords["optimizer"].values.tolist() == ["sgd", "adam"]
    assert [(p["optimizer"], p["rate"]) for p in space.points()] == [
        (SGD, 0.1),
        (SGD, 0.2),
        (Adam, 0.1),
        (Adam, 0.2),
    ]
    assert space.describe(0) == "optimizer='sgd', rate=0.1"


def test_the_identity_of_a_point_is_its_label() -> None:
    space, text = ek.Space(f=OPTIMIZERS), ek.Space(f=["sgd", "adam"])
    assert [space.labels(i) for i in range(2)] == [text.labels(i) for i in range(2)]
    assert space != text


@pytest.mark.parametrize(
    ("space", "objects"),
    [
        (
            ek.Space(f=OPTIMIZERS) * ek.Space(g={"relu": relu, "abs": abs}),
            [(SGD, relu), (SGD, abs), (Adam, relu), (Adam, abs)],
        ),
        (ek.Space(f=OPTIMIZERS) @ ek.Space(g={"relu": relu, "abs": abs}), [(SGD, relu), (Adam, abs)]),
        (ek.Space(g=[1, 2]) @ ek.Space(f=OPTIMIZERS), [(SGD, 1), (Adam, 2)]),
        (ek.Space(f=OPTIMIZERS, g=0).sel(f="adam"), [(Adam, 0)]),
        (ek.Space(f=OPTIMIZERS, g=0).sel(f=["adam", "sgd"]), [(Adam, 0), (SGD, 0)]),
        (ek.Space(f=OPTIMIZERS, g=0).isel(f=[1]), [(Adam, 0)]),
        (ek.Space(f=OPTIMIZERS, g=0).isel(f=0), [(SGD, 0)]),
        (ek.Space(f=OPTIMIZERS, g=0).repeat(2), [(SGD, 0), (SGD, 0), (Adam, 0), (Adam, 0)]),
        (
            ek.Space(
                f=ek.param(["sgd", "adam", "sgd"], objects=OPTIMIZERS, dim="pair"),
                g=ek.param([1, 2, 3], dim="pair"),
            ),
            [(SGD, 1), (Adam, 2), (SGD, 3)],
        ),
        (ek.Space({"f": ek.param(OPTIMIZERS, long_name="optimizer"), "g": 0}), [(SGD, 0), (Adam, 0)]),
        (
            ek.Space(f={"small": {"layers": 2}, "large": {"layers": 9}}, g=0),
            [({"layers": 2}, 0), ({"layers": 9}, 0)],
        ),
        (ek.Space(f={"none": None, "few": [1, 2]}, g=0), [(None, 0), ([1, 2], 0)]),
    ],
)
def test_objects_go_where_their_labels_go(space, objects) -> None:
    assert [(p["f"], p["g"]) for p in space.points()] == objects


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([SGD, Adam], r"f=\{'SGD': SGD, 'Adam': Adam\}"),
        (SGD, r"Give objects with a label each.*f=\{'SGD': SGD\}"),
        ([object(), object()], r"f=\{'first': …, 'second': …\}"),
        ({1: SGD}, r"label 1 \(int\); expected text.*Write '1'"),
        ({}, "empty dict"),
        ({"a\0": SGD}, "NUL"),
        (
            ek.param(["sgd", "lion"], objects=OPTIMIZERS),
            "'lion' has no object; there are objects for 'sgd', 'adam'",
        ),
        (ek.param([1, 2], objects=OPTIMIZERS), "its values are int64; expected labels"),
        (ek.param(["sgd"], objects=[SGD]), "expected objects by label"),
        (ek.param(["sgd", "sgd"], objects=OPTIMIZERS), "has the value 'sgd' at positions 0 and 1"),
        (ek.param(OPTIMIZERS, bounds=(0, 1)), "bounds"),
    ],
)
def test_objects_without_labels_and_labels_that_are_none_are_refused(given, message) -> None:
    with pytest.raises(SpaceError, match=message):
        ek.Space(f=given)


def test_a_file_has_the_labels_and_no_object(tmp_path: Path) -> None:
    write_space(tmp_path / "space.nc", ek.Space(f=OPTIMIZERS, a=[1, 2]))
    again = read_space(tmp_path / "space.nc")
    assert b"SGD" not in (tmp_path / "space.nc").read_bytes()
    assert again == ek.Space(f=OPTIMIZERS, a=[1, 2])
    assert [p["f"] for p in again.sel(a=1).points()] == ["sgd", "adam"]


@pytest.mark.parametrize(
    "space",
    [
        ek.Space(f=OPTIMIZERS),
        ek.Space(f=OPTIMIZERS).isel(f=0),
        ek.Space(f=OPTIMIZERS).sel(f=["adam"]),
        ek.Space(f=ek.param(["sgd", "sgd"], objects=OPTIMIZERS, dim="pair"), g=ek.param([1, 2], dim="pair")),
        ek.Space(f=ek.param(["sgd"], objects={})),
        ek.Space(f={"relu": relu, "abs": abs, "config": {"layers": 2}}),
    ],
)
def test_the_expression_of_a_space_names_its_objects(space) -> None:
    again = eval(repr(space), {"ek": ek, "np": np, "SGD": SGD, "Adam": Adam, "relu": relu})
    assert again == space
    assert list(again.points()) == list(space.points())


def test_a_star_and_lacking_points_keep_their_objects() -> None:
    star = ek.Space(f=OPTIMIZERS, x=[1, 2]).star(f="sgd", x=1)
    assert [(p["f"], p["x"]) for p in star.points()] == [(SGD, 1), (Adam, 1), (SGD, 2)]
    lacking = ek.Space(
        f=ek.param(["sgd", None], objects=OPTIMIZERS, dim="point"), x=ek.param([1, 2], dim="point")
    )
    assert list(lacking.points()) == [{"f": SGD, "x": 1}, {"x": 2}]


@pytest.mark.parametrize("wanted", [SGD, [SGD, Adam], 1, [1], slice(SGD, None)])
def test_points_are_selected_by_label(wanted) -> None:
    space = ek.Space(f=OPTIMIZERS)
    with pytest.raises(SpaceError, match=r"a list of labels\. Select by 'sgd', 'adam'"):
        space.sel(f=wanted)
    assert space.sel(f=np.array(["adam"])) == space.sel(f=("adam",)) == space.isel(f=[1])
