"""On which scale is it drawn? Linear or logarithmic, in which colours, between which limits, and beside what."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets

from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.tool import Tool
from explorekit.explorer.view import COLOURS, STATUS, View, dims_of, variables

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

ALL, FRAME, TYPED = "of all values", "of each picture", "as typed"
NOTHING, MINUS, OVER = "alone", "minus", "divided by"
_AXES = [("as the values suggest", ""), ("linear", "linear"), ("logarithmic", "log")]


class ScaleTool(ipywidgets.VBox):  # type: ignore[misc]
    """Menus for the scale of what is shown.

    Parameters
    ----------
    explorer
        Whose view they change.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self._syncing = False
        self.norm = _menu("values", [("linear", ""), ("logarithmic", "log")])
        self.xscale, self.yscale = _menu("along x", _AXES), _menu("along y", _AXES)
        self.cmap = _menu("colours", [(name.replace("_r", ", reversed"), name) for name in COLOURS])
        self.limits = _menu("limits", [(name, name) for name in (ALL, FRAME, TYPED)])
        self.low, self.high = (_number(name) for name in ("from", "to"))
        self.compared = _menu("shown", [(name, name) for name in (NOTHING, MINUS, OVER)])
        self.other = _menu("variable", [])
        self.swap = ipywidgets.Button(
            description="Swap x and y", icon="exchange", tooltip="Turn the picture on its side"
        )
        menus = (self.norm, self.xscale, self.yscale, self.cmap, self.limits, self.low, self.high)
        for menu in (*menus, self.compared, self.other):
            menu.observe(lambda _: on_kernel_thread(self._chosen), "value")
        self.swap.on_click(lambda _: on_kernel_thread(self._swap))
        rows = (
            (self.norm, self.xscale, self.yscale, self.swap),
            (self.limits, self.low, self.high, self.cmap),
        )
        boxes = [
            ipywidgets.HBox(row, layout={"flex_flow": "row wrap"})
            for row in (*rows, (self.compared, self.other))
        ]
        super().__init__(boxes)

    def follow(self) -> None:
        """Show how it is drawn now."""
        view = self._explorer.view
        whole = self._explorer.scales.whole(view)
        self._syncing = True
        try:
            self.norm.value = "log" if view.norm == "log" else ""
            self.xscale.value, self.yscale.value = view.xscale or "", view.yscale or ""
            self.cmap.value = view.cmap or COLOURS[0]
            self.limits.value = ALL if view.limits is None else FRAME if view.limits == "frame" else TYPED
            self.low.value, self.high.value = view.limits if isinstance(view.limits, tuple) else whole.limits
            for box in (self.low, self.high):
                box.disabled = self.limits.value != TYPED
            self.yscale.disabled = self.swap.disabled = view.y is None
            self.xscale.disabled = view.x is None
            self.compared.value = MINUS if view.minus else OVER if view.over else NOTHING
            names = self._others(view)
            if [name for name, _ in self.other.options] != names:
                self.other.options = [(name, name) for name in names]
            if (view.minus or view.over) in names:
                self.other.value = view.minus or view.over
            self.other.disabled = self.compared.value == NOTHING
            self.compared.disabled = not names
        finally:
            self._syncing = False

    def close(self) -> None:
        """Remove what is in it too."""
        for row in self.children:
            for widget in (*row.children, row):
                widget.close()
        super().close()

    def _others(self, view: View) -> list[str]:
        """Return the variables that the one that is shown can be compared with."""
        dataset = self._explorer.slicer.dataset
        dims = set(dims_of(dataset, view))
        names = [name for name in variables(dataset) if name not in (view.variable, STATUS)]
        return [
            name
            for name in names
            if set(dataset.variables[name].dims) <= dims and dataset.variables[name].dtype.kind in "iufb"
        ]

    def _chosen(self) -> None:
        with self._explorer.lock:
            if self._syncing:
                return
            limits: Any = {ALL: None, FRAME: "frame", TYPED: (self.low.value, self.high.value)}[
                self.limits.value
            ]
            if isinstance(limits, tuple) and not limits[0] < limits[1]:
                return  # the other end is about to be typed
            other = self.other.value or next(iter(self._others(self._explorer.view)), None)
            self._go(
                replace(
                    self._explorer.view,
                    norm=self.norm.value or None,
                    xscale=self.xscale.value or None,
                    yscale=self.yscale.value or None,
                    cmap=self.cmap.value if self.cmap.value != COLOURS[0] else None,
                    limits=limits,
                    minus=other if self.compared.value == MINUS else None,
                    over=other if self.compared.value == OVER else None,
                )
            )

    def _swap(self) -> None:
        with self._explorer.lock:
            view = self._explorer.view
            if view.y is not None:
                self._go(replace(view, x=view.y, y=view.x, xscale=view.yscale, yscale=view.xscale))

    def _go(self, view: View) -> None:
        if view != self._explorer.view:
            self._explorer.show(view)


def _menu(name: str, options: list[tuple[str, str]]) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options, description=name, style={"description_width": "8ch"}, layout={"width": "230px"}
    )


def _number(name: str) -> ipywidgets.FloatText:
    return ipywidgets.FloatText(
        0.0,
        description=name,
        continuous_update=False,
        style={"description_width": "5ch"},
        layout={"width": "150px"},
    )


TOOL = Tool(
    "Scale", "arrows-v", "Logarithmic axes, colours, limits, and the difference to another output", ScaleTool
)
