"""Labelled objects: a parameter whose values are labels, each of which stands for a class, a function or any other object.

The label is the coordinate, and the point's identity. The object reaches the simulation, and is never kept in a file.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing
from explorekit.space.values import Values

Objects = Mapping[str, Any]


def labels_of(name: str, objects: Mapping[Any, Any]) -> list[str]:
    """Return the labels of objects, in their order.

    Raises
    ------
    SpaceError
        If there are none, or one is no text.
    """
    if not objects:
        raise SpaceError(
            f"parameter {name!r}: got an empty dict; expected objects by label: {{'small': …, 'large': …}}."
        )
    for label in objects:
        if not isinstance(label, str):
            raise SpaceError(
                f"parameter {name!r}: got the label {label!r} ({type(label).__name__}); expected text, since labels name objects. "
                f"Write {str(label)!r}, or give numbers as a list."
            )
    return list(objects)


def check_labels(name: str, values: Values, objects: Any) -> Objects:
    """Return objects by label, once it is known that labels are all that the values of a parameter are.

    Raises
    ------
    SpaceError
        If a value is no text, or a label has no object, although others have.
    """
    if not isinstance(objects, Mapping):
        raise SpaceError(
            f"parameter {name!r}: got objects={objects!r}; expected objects by label: {{'small': …, 'large': …}}."
        )
    if values.dtype.kind != "U":
        raise SpaceError(
            f"parameter {name!r} has objects, but its values are {values.dtype}; expected labels. Give text."
        )
    if objects:
        labels_of(name, objects)
    if objects and (lacking := [one for one in dict.fromkeys(values.ravel().tolist()) if one not in objects]):
        raise SpaceError(
            f"parameter {name!r}: {listing(lacking)} has no object; there are objects for {listing(objects)}. Give it one, or leave it out."
        )
    return dict(objects)


def objects_in(labels: Values, objects: Objects) -> dict[str, Any]:
    """Return the objects that some labels stand for, as far as they are there."""
    return {label: objects[label] for label in dict.fromkeys(labels.ravel().tolist()) if label in objects}


def check_is_label(name: str, wanted: Any, labels: str) -> None:
    """Raise `SpaceError` if points are to be selected by something that is no label, such as the object that one stands for."""
    several = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(wanted, slice):
        several = [end for end in (wanted.start, wanted.stop) if end is not None]
    if not isinstance(several, (list, tuple, np.ndarray)) or not all(isinstance(one, str) for one in several):
        raise SpaceError(
            f"parameter {name!r} has labelled objects; got {wanted!r}; expected a label, or a list of labels. Select by {labels}."
        )


def check_same_kind(name: str, known: Any, given: Any, new: bool) -> None:
    """Check that a parameter grows by labelled objects if it has such, and only then.

    Parameters
    ----------
    name
        The parameter.
    known, given
        The objects by label of what is there, and of what is added; None for plain values.
    new
        Whether there are labels among the latter that are not there yet.

    Raises
    ------
    SpaceError
        If one is labelled, and the other is not.
    """
    if known is not None and given is None and new:
        raise SpaceError(
            f"{name!r} has labelled objects, and the labels to add have none. Give each an object: {name}={{'label': …}}."
        )
    if known is None and given is not None:
        raise SpaceError(
            f"the values of {name!r} are values, not labels of objects; got objects for {listing(given)}. Give values, or make "
            f"another study: study.fork(path, space)."
        )
