"""Which role has each dimension? A menu a dimension: on an axis, a colour, beside each other, on a slider, or reduced."""

from typing import TYPE_CHECKING, Any

import ipywidgets

from explorekit.explorer.controls import LONGEST
from explorekit.explorer.labels import dim_name
from explorekit.explorer.roles import CHOICES, role_of, with_role
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.tool import Tool
from explorekit.explorer.view import dims_of

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

WORDS = {
    "x": "along x",
    "y": "along y",
    "hue": "colours of lines",
    "row": "rows of pictures",
    "column": "columns of pictures",
    "slider": "one value, on a slider",
    "animate": "one value, played",
}


class Roles(ipywidgets.VBox):  # type: ignore[misc]
    """A menu for every dimension of what is shown.

    Parameters
    ----------
    explorer
        Whose dimensions they are.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self._syncing = False
        self.menus: dict[str, ipywidgets.Dropdown] = {}
        super().__init__()

    def follow(self) -> None:
        """Show the roles of the dimensions that there are now."""
        dataset, view = self._explorer.slicer.dataset, self._explorer.view
        dims = dims_of(dataset, view) if view.variable is not None else ()
        self._syncing = True
        try:
            for dim in [dim for dim in self.menus if dim not in dims]:
                self.menus.pop(dim).close()
            for dim in dims:
                if dim not in self.menus:
                    self.menus[dim] = self._menu(dim, dim_name(dataset, dim))
                role = role_of(view, dim)
                choices = CHOICES if role in CHOICES else (*CHOICES, role)
                options = [(WORDS.get(choice, f"{choice} of all"), choice) for choice in choices]
                if list(self.menus[dim].options) != options:
                    self.menus[dim].options = options
                self.menus[dim].value = role
            self.children = [self.menus[dim] for dim in dims]
        finally:
            self._syncing = False

    def close(self) -> None:
        """Remove the menus too."""
        for menu in self.menus.values():
            menu.close()
        super().close()

    def _menu(self, dim: str, name: str) -> ipywidgets.Dropdown:
        options = [(WORDS.get(choice, f"{choice} of all"), choice) for choice in CHOICES]
        menu = ipywidgets.Dropdown(
            options=options,
            value="slider",
            description=name,
            tooltip=f"What {name} is there for",
            style={"description_width": self._names_width()},
            layout={"width": "auto", "max_width": "480px"},
        )
        menu.observe(lambda change: on_kernel_thread(lambda: self._chosen(dim, change)), "value")
        return menu

    def _names_width(self) -> str:
        """Return a width for every name, so that menus begin below each other, and are not left out of a narrow pane."""
        dataset = self._explorer.slicer.dataset
        longest = max((len(dim_name(dataset, str(dim))) for dim in dataset.sizes), default=0)
        return f"min({min(longest, LONGEST)}ch, 40%)"

    def _chosen(self, dim: str, change: Any) -> None:
        with self._explorer.lock:
            if self._syncing or change["owner"] is not self.menus.get(dim):
                return
            role = self.menus[dim].value
            view = self._explorer.view
            if role and role != role_of(view, dim):
                self._explorer.show(with_role(self._explorer.slicer.dataset, view, dim, role))
                self.follow()


TOOL = Tool("Roles", "sliders", "Which dimension is an axis, a colour, a row, a slider, or reduced", Roles)
