"""The objects that labels stand for: they travel with the simulation, by value, and are part of its code version."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SimulationError, listing
from explorekit.simulation.declare import Simulation
from explorekit.space import Space
from explorekit.space.objects import Objects, objects_in


def with_objects(simulation: Simulation, space: Space | None) -> Simulation:
    """Return a simulation with the objects that the labels of a space stand for, beside those that it has."""
    if space is None:
        return simulation
    given = {
        p.name: {**simulation.objects.get(p.name, {}), **objects_in(p.values, p.objects)}
        for p in space.parameters.values()
        if p.objects
    }
    return replace(simulation, objects={**simulation.objects, **given}) if given else simulation


def check_objects(simulation: Simulation, space: Space) -> None:
    """Check that there is an object for every label of a space.

    Raises
    ------
    SimulationError
        If not, as in a study that was opened without its space.
    """
    for p in space.parameters.values():
        if p.objects is None:
            continue
        known = simulation.objects.get(p.name, {})
        labels = dict.fromkeys((p.values if p.given is None else p.values[p.given]).ravel().tolist())
        if lacking := [label for label in labels if label not in known]:
            raise SimulationError(
                f"{p.name!r} has labelled objects, which no study keeps, and nobody gave those of {listing(lacking)}. Give the space "
                f"with its objects again: Study(simulation, Space({p.name}={{{lacking[0]!r}: …}}, …), path)."
            )


def in_place_of_labels(
    columns: Mapping[str, list[Any]], objects: Mapping[str, Objects]
) -> dict[str, list[Any]]:
    """Return columns of values by parameter with objects in the place of labels.

    Each point has copies of its own: what one changes about an object is nothing to the next, or points would depend on their
    order. Classes and functions are never copied.
    """
    return {
        name: [_copy(value, objects[name]) for value in values] if name in objects else values
        for name, values in columns.items()
    }


def array_of(labels: npt.NDArray[Any], objects: Objects) -> npt.NDArray[Any]:
    """Return an array of objects in the place of one of labels."""
    array = np.empty(labels.shape, dtype=object)
    for index, label in np.ndenumerate(labels):
        array[index] = _copy(str(label), objects)
    return array


def _copy(value: Any, objects: Objects) -> Any:
    return copy.deepcopy(objects[value]) if isinstance(value, str) else value
