"""What is drawn at many positions? One picture after the other, all on the same scale."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from explorekit.explorer.camera import Shot
from explorekit.explorer.labels import unknown
from explorekit.explorer.view import View, slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

Positions = Mapping[str, Sequence[int]]


def shots(explorer: "Explorer", positions: Positions) -> Iterator[Shot]:
    """Return what is drawn at all combinations of some positions, the last dimension fastest.

    Parameters
    ----------
    explorer
        Whose view it is; it stays where it is.
    positions
        The indices along dimensions that are not on an axis.
    """
    places = views(explorer.view, positions)
    # Limits are those of a sample: without a look at all frames, the last might have others.
    for view in places:
        explorer.shot(view)
    return map(explorer.shot, places)


def views(view: View, positions: Positions) -> list[View]:
    """Return a view at all combinations of some positions."""
    return [
        replace(view, selection={**view.selection, **dict(zip(positions, indices, strict=True))})
        for indices in product(*positions.values())
    ]


def controlled(explorer: "Explorer", dims: Sequence[str]) -> None:
    """Raise ValueError unless all of some dimensions have a control.

    Raises
    ------
    ValueError
        If one has not; the text says which have.
    """
    known = slider_dims(explorer.slicer.dataset, explorer.view)
    for dim in dims:
        if dim not in known:
            raise ValueError(unknown("dimension with a control", dim, list(known)))
