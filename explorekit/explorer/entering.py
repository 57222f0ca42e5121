"""Which position does a text mean that was typed beside a slider? The one with that label, or the nearest value."""

from dataclasses import replace
from typing import TYPE_CHECKING

from explorekit.explorer.selecting import positions

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer


def enter(explorer: "Explorer", slider: str, text: str) -> None:
    """Go to what was typed, and say below the picture where it is not on the grid, or means nothing.

    Parameters
    ----------
    explorer
        What is to move.
    slider
        The description of the slider.
    text
        What was typed.
    """
    with explorer.lock:
        dims = [dim for dim, control in explorer.controls.items() if control.description == slider]
        view = explorer.view
        notes: list[str] = []
        for dim in dims[:1]:
            labels = explorer.slicer.labels(dim)
            try:
                if text in labels:
                    index = {dim: labels.index(text)}
                else:
                    index, notes = positions(explorer.slicer.dataset, {dim: text})
            except ValueError as error:
                index, notes = {}, [str(error)]
            explorer.show(replace(view, selection={**view.selection, **index}), notes)
