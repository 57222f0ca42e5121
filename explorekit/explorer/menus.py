"""What is shown, and how? Four menus: the variable, what is along x and y, and the kind of plot."""

from collections.abc import Callable
from typing import Any

import ipywidgets
import xarray as xr

from explorekit.explorer.access import Access
from explorekit.explorer.controls import chooser, offer
from explorekit.explorer.drawing.kinds import choices_of_kind, kind_name, with_kind
from explorekit.explorer.syncing import Syncing
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.view import (
    View,
    choices_of_x,
    dims_of,
    variables,
    with_choice_of_x,
    with_variable,
    with_y,
)

# From what is shown to what was chosen; None where nothing was.
Step = Callable[[xr.Dataset, View], View | None]


class Menus(ipywidgets.HBox):  # type: ignore[misc]
    """The menus of an explorer.

    Parameters
    ----------
    take
        Called with the step to what was chosen, on the kernel's thread.
    typed
        Called with the description of a slider and what was typed beside it.

    Attributes
    ----------
    variable, x, y, kind
        The menus.
    """

    def __init__(self, take: Callable[[Step], None], typed: Callable[[str, str], None]) -> None:
        self._take = take
        self._syncing = Syncing()
        self.variable, self.x, self.y, self.kind = map(chooser, ("variable", "x", "y", "kind"))
        choosers = (self.variable, self.x, self.y, self.kind)
        super().__init__([*choosers, Access(typed)], layout={"flex_flow": "row wrap"})
        for menu in choosers:
            menu.observe(self._changed, "value")

    def arrange(self, dataset: xr.Dataset, view: View) -> None:
        """Offer what there is to choose from, and show what is chosen."""
        dims = list(dims_of(dataset, view)) if view.variable is not None else []
        with self._syncing:
            offer(self.variable, variables(dataset), view.variable)
            offer(self.x, choices_of_x(dataset, view), view.by or view.x, none=True)
            offer(self.y, dims, view.y, none=True)
            offer(self.kind, choices_of_kind(dataset, view), kind_name(dataset, view))

    def close(self) -> None:
        """Remove the menus too."""
        for widget in self.children:
            widget.close()
        super().close()

    def _changed(self, change: Any) -> None:
        menu = change["owner"]
        on_kernel_thread(lambda: self._take(lambda dataset, view: self._chosen(menu, dataset, view)))

    def _chosen(self, menu: ipywidgets.Dropdown, dataset: xr.Dataset, view: View) -> View | None:
        if self._syncing:
            return None
        if menu is self.x:
            return with_choice_of_x(dataset, view, menu.value or None)
        if menu is self.y:
            return with_y(view, menu.value or None)
        if menu is self.kind:
            return with_kind(dataset, view, menu.value)
        return None if menu.value is None else with_variable(dataset, view, menu.value)
