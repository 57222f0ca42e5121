"""What does one run look like, of all those in a summary? A map, and beside it the outputs of the run that is picked."""

from collections.abc import Sequence
from dataclasses import replace

from explorekit.explorer.explorer import Explorer
from explorekit.explorer.labels import unknown
from explorekit.explorer.panes import Panes
from explorekit.explorer.view import default_axes, dims_of, variables


class Beside(Panes):
    """A summary of runs and outputs of the one that is picked; `Explorer.beside` makes one.

    Parameters
    ----------
    summary
        The explorer on the left. Where nobody asked for its axes, they become those of a map over dimensions that the
        outputs have too.
    names
        The outputs, a picture each.

    Attributes
    ----------
    details
        The explorers of the outputs.

    Raises
    ------
    ValueError
        If a variable is unknown, or has no dimension in common with the summary.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import explorekit as ek
    >>> trace = xr.DataArray(np.ones((3, 4, 5)), dims=("I", "tau", "time"), name="V")
    >>> both = ek.explore(xr.merge([trace, trace.mean("time").rename("rate")]), "rate").beside("V")
    >>> both.summary.picked, both.details[0].view.x  # a click on the summary takes the other picture there
    ({'I': 1, 'tau': 2}, 'time')
    """

    def __init__(self, summary: Explorer, names: Sequence[str]) -> None:
        shared = _shared_dims(summary, names)
        self.summary = summary
        summary.prefer_axes([dim for dim in shared if dim != "repetition"] or shared)
        dataset, view = summary.slicer.dataset, summary.view
        middle = {dim: dataset.sizes[dim] // 2 for dim in view.pickable}
        summary.show(replace(view, selection={**middle, **view.selection}, picked=bool(view.pickable)))
        self.details = tuple(_detail(summary, name, shared) for name in names)
        super().__init__((summary, *self.details))


def _shared_dims(summary: Explorer, names: Sequence[str]) -> list[str]:
    """Return the dimensions that tell one run from another: those that the summary and all outputs have.

    Raises
    ------
    ValueError
        If there is none, or a name is unknown.
    """
    dataset, known = summary.slicer.dataset, variables(summary.slicer.dataset)
    if not names:
        raise ValueError(f"name the variables to show beside the summary: {', '.join(map(repr, known))}")
    for name in names:
        if name not in known and not summary.source.running:
            raise ValueError(unknown("variable", name, known))
    of_all = [set(dataset[name].dims) for name in names if name in known]
    view = summary.view
    inside = set(view.placed) - set(view.pickable)
    shared = [
        dim for dim in dims_of(dataset, view) if dim not in inside and all(dim in dims for dims in of_all)
    ]
    if not shared:
        raise ValueError(
            f"{summary.view.variable} and {' and '.join(names)} have no dimension in common: nothing would follow a click"
        )
    return shared


def _detail(summary: Explorer, name: str, shared: Sequence[str]) -> Explorer:
    explorer = Explorer(summary.source, name)
    dataset = explorer.slicer.dataset
    if explorer.view.variable is not None:
        x, y = default_axes(dataset, name, keep=shared)
        explorer.show(replace(explorer.view, x=x, y=y, by=None))
    return explorer
