"""What was asked for? The arguments of ``explore``, and the view that they make of a Dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import xarray as xr

from explorekit.explorer.drawing.kinds import settled, with_kind
from explorekit.explorer.reducing import BAND, statistic
from explorekit.explorer.selecting import positions
from explorekit.explorer.state import SELECTION, is_state, view_of
from explorekit.explorer.view import STATUS, View, check_looks, check_roles, dims_of, first_view, variables

_NOTHING = View()


@dataclass(frozen=True)
class Asked:
    """What `explore` was asked to show; `asked_for` makes one.

    Parameters
    ----------
    view
        What was named, as far as it was.
    labels
        The value to start with along each dimension, or the parts of a view that was kept.
    lines
        Whether a band was asked for, which is drawn round lines.
    """

    view: View
    labels: Mapping[str, Any] = field(default_factory=dict)
    lines: bool = False

    @property
    def positions(self) -> Mapping[str, Any]:
        """The value to start with along each dimension."""
        return self.labels[SELECTION] if is_state(self.labels) else self.labels

    @property
    def free(self) -> bool:
        """Whether nobody asked for anything on the axes."""
        view = self.view
        placed = (view.x, view.y, view.kind, view.hue, view.row, view.column)
        return placed == (None,) * len(placed) and not is_state(self.labels)

    def on_axes(self, x: str | None, y: str | None) -> "Asked":
        """Return what was asked for, with other dimensions along the axes."""
        return replace(self, view=replace(self.view, x=x, y=y))

    def start(
        self, dataset: xr.Dataset, now: View = _NOTHING, *, running: bool = False
    ) -> tuple[View, list[str]]:
        """Return the first view of what was asked for, as far as there is something to show, and notes as of `first_view`.

        Parameters
        ----------
        dataset
            What there is by now.
        now
            The view of before there was something to show: its positions stay.
        running
            Whether more may come.
        """
        if set(variables(dataset)) <= {STATUS} and running and self.view.variable != STATUS:
            labels = {dim: label for dim, label in self.positions.items() if dim in dataset.sizes}
            indices, notes = positions(dataset, labels)
            return View(selection={**indices, **now.selection}), notes
        view, notes = self.first_view(dataset)
        return replace(view, selection={**view.selection, **now.selection}), notes

    def first_view(self, dataset: xr.Dataset) -> tuple[View, list[str]]:
        """Return the view that was asked for, and a note for each value that is not on the grid.

        What was not asked for gets a sensible default.

        Raises
        ------
        ValueError
            If a name is unknown, or what was asked for does not go together.
        """
        asked = self.view
        if is_state(self.labels):
            named = {part.name: getattr(asked, part.name) for part in fields(View)}
            given = {name: part for name, part in named.items() if part != getattr(_NOTHING, name)}
            view, notes = view_of(dataset, {**given, **self.labels})
            return settled(dataset, view), notes
        if asked.hue is not None and asked.y is not None:
            raise ValueError(f"hue={asked.hue!r} colours lines, which have no y: leave y={asked.y!r} out")
        selection, notes = positions(dataset, self.labels)
        beside = (asked.hue, asked.row, asked.column, asked.animate)
        keep = {*self.labels, *(dim for dim in beside if dim is not None), *asked.reduce}
        view = first_view(dataset, asked.variable, asked.x, asked.y, selection, keep=keep)
        if asked.y is None and (asked.hue is not None or self.lines):
            view = replace(view, y=None)
        if view.variable is not None:
            found = {"variable": view.variable, "x": view.x, "y": view.y, "by": view.by}
            view = replace(asked, **found, selection=selection, kind=None)  # type: ignore[arg-type]
            check_roles(str(view.variable), list(dims_of(dataset, view)), view)
            check_looks(dataset, view)
        view = view if asked.kind is None else self._of_kind(dataset, view)
        return settled(dataset, view), notes

    def _of_kind(self, dataset: xr.Dataset, view: View) -> View:
        asked = self.view
        chosen = with_kind(dataset, view, asked.kind)
        for axis in ("x", "y", "hue"):
            if (dim := getattr(asked, axis)) is not None and getattr(chosen, axis) is None:
                raise ValueError(f"kind={asked.kind!r} has no {axis}: leave {axis}={dim!r} out")
            if dim is not None and getattr(view, axis) not in (None, getattr(chosen, axis)):
                raise ValueError(f"{dim!r} cannot lie along {axis} in kind={asked.kind!r}: leave it out")
        return chosen


def asked_for(
    labels: Mapping[str, Any],
    band: str | None = None,
    reduce: Mapping[str, Any] | None = None,
    limits: str | tuple[float, float] | None = None,
    **named: Any,
) -> Asked:
    """Return what the arguments of `explore` ask for.

    Parameters
    ----------
    labels
        The value to start with along each dimension, or the parts of a view that was kept.
    band, reduce, limits, **named
        As in `explore`.

    Raises
    ------
    ValueError
        If there is no such statistic.
    """
    statistics = {dim: statistic(given) for dim, given in (reduce or {}).items()}
    statistics |= {} if band is None else {band: BAND}
    if limits is not None and not isinstance(limits, str):
        limits = tuple(map(float, limits))  # type: ignore[assignment]  # how many there are is checked with the view
    return Asked(View(reduce=statistics, limits=limits, **named), dict(labels), lines=band is not None)
