"""What was asked for? The arguments of ``explore``, and the view that they make of a Dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import xarray as xr

from explorekit.explorer.drawing.kinds import settled, with_kind
from explorekit.explorer.reducing import BAND, statistic
from explorekit.explorer.selecting import positions
from explorekit.explorer.state import SELECTION, is_state, view_of
from explorekit.explorer.view import LOOKS, View, check_looks, check_roles, dims_of, first_view


@dataclass(frozen=True)
class Asked:
    """What `explore` was asked to show.

    Parameters
    ----------
    variable, x, y, kind, hue, row, column, reduce, band, animate, minus, over, norm, xscale, yscale, cmap, limits
        As in `explore`.
    labels
        The value to start with along each dimension, or the parts of a view that was kept.
    """

    variable: str | None = None
    x: str | None = None
    y: str | None = None
    labels: Mapping[str, Any] = field(default_factory=dict)
    kind: str | None = None
    hue: str | None = None
    row: str | None = None
    column: str | None = None
    reduce: Mapping[str, Any] | None = None
    band: str | None = None
    animate: str | None = None
    minus: str | None = None
    over: str | None = None
    norm: str | None = None
    xscale: str | None = None
    yscale: str | None = None
    cmap: str | None = None
    limits: str | tuple[float, float] | None = None

    @property
    def positions(self) -> Mapping[str, Any]:
        """The value to start with along each dimension."""
        return self.labels[SELECTION] if is_state(self.labels) else self.labels

    @property
    def free(self) -> bool:
        """Whether nobody asked for anything on the axes."""
        placed = (self.x, self.y, self.kind, self.hue, self.row, self.column)
        return placed == (None,) * len(placed) and not is_state(self.labels)

    def view(self, dataset: xr.Dataset) -> tuple[View, list[str]]:
        """Return the view that was asked for, and a note for each value that is not on the grid.

        What was not asked for gets a sensible default.

        Raises
        ------
        ValueError
            If a name is unknown, or what was asked for does not go together.
        """
        if is_state(self.labels):
            named = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "labels"}
            given = {name: value for name, value in named.items() if value is not None and name != "band"}
            view, notes = view_of(dataset, {**given, **self.labels})
            return settled(dataset, view), notes
        selection, notes = positions(dataset, self.labels)
        roles = self._roles()
        x, y = self.x, self.y
        if self.hue is not None and y is not None:
            raise ValueError(f"hue={self.hue!r} colours lines, which have no y: leave y={y!r} out")
        beside = (self.hue, self.row, self.column, self.animate)
        keep = {*self.labels, *(dim for dim in beside if dim is not None), *roles["reduce"]}
        view = first_view(dataset, self.variable, x, y, selection, keep=keep)
        if y is None and view.y is not None and (self.hue is not None or self.band is not None):
            view = replace(view, y=None)
        if view.variable is not None:
            view = replace(view, **roles)
            check_roles(str(view.variable), list(dims_of(dataset, view)), view)
            check_looks(dataset, view)
        view = view if self.kind is None else self._of_kind(dataset, view)
        return settled(dataset, view), notes

    def _roles(self) -> dict[str, Any]:
        reduce = {dim: statistic(given) for dim, given in (self.reduce or {}).items()}
        if self.band is not None:
            reduce[self.band] = BAND
        named = {role: getattr(self, role) for role in ("hue", "row", "column", "animate")}
        looks = {name: getattr(self, name) for name in (*LOOKS, "minus", "over")}
        if self.limits is not None and not isinstance(self.limits, str):
            looks["limits"] = tuple(map(float, self.limits))
        return {**named, **looks, "reduce": reduce}

    def _of_kind(self, dataset: xr.Dataset, view: View) -> View:
        chosen = with_kind(dataset, view, self.kind)
        for axis, asked in (("x", self.x), ("y", self.y), ("hue", self.hue)):
            if asked is not None and getattr(chosen, axis) is None:
                raise ValueError(f"kind={self.kind!r} has no {axis}: leave {axis}={asked!r} out")
        return chosen
