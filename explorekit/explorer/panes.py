"""How do several explorers stand beside each other? In a row that wraps, below the controls that they share."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import ipywidgets

from explorekit.explorer.controls import WIDTH
from explorekit.explorer.drawing.canvas import DPI
from explorekit.explorer.explorer import Explorer
from explorekit.explorer.linking import Link, share_lock
from explorekit.explorer.still import with_stills
from explorekit.explorer.view import dims_of

# In inches, so that two fit into a notebook; below a part of that they wrap, since letters would become too small.
SIZE = (5.2, 4.2)
NARROWEST = 0.75


class Panes(ipywidgets.VBox):  # type: ignore[misc]
    """Explorers that move together; the control of a dimension that several of them have is shown once.

    Parameters
    ----------
    explorers
        From left to right. They are closed with the panes.
    size
        Width and height of each picture in inches, before it is made as wide as there is room.
    linked
        Whether they are to be linked.

    Attributes
    ----------
    link
        What has them move together, if it is not the panes themselves.
    titles
        What stands above each where there is no kernel.
    """

    def __init__(
        self, explorers: Sequence[Explorer], size: tuple[float, float] = SIZE, *, linked: bool = True
    ) -> None:
        self.explorers = tuple(explorers)
        share_lock(explorers)
        self.link = Link(explorers) if linked else None
        self.titles: Sequence[str] = ()
        self._controls = ipywidgets.VBox(layout={"max_width": WIDTH})
        self._row = ipywidgets.HBox(self.explorers, layout={"flex_flow": "row wrap", "width": "100%"})
        for explorer in self.explorers:
            explorer.resize(*size)
            explorer.layout.flex = f"1 1 {round(NARROWEST * DPI * size[0])}px"
            explorer.layout.margin = "0 12px 0 0"
        super().__init__(children=[self._controls, self._row])
        self.add_class("explorekit-panes")
        self._stops = [explorer.on_shown(self._share) for explorer in self.explorers]
        self._share()

    @property
    def controls(self) -> dict[str, ipywidgets.Widget]:
        """The controls that are shared, by dimension."""
        count = Counter(dim for each in self.explorers for dim in dims_of(each.slicer.dataset, each.view))
        controls = sorted((each.controls for each in self.explorers), key=len, reverse=True)
        found: dict[str, ipywidgets.Widget] = {}
        for those in controls:
            found |= {dim: those[dim] for dim in those if count[dim] > 1 and dim not in found}
        return found

    def _share(self) -> None:
        controls = self.controls
        for explorer in self.explorers:
            explorer.lend(controls)
        if self._controls.children != tuple(controls.values()):
            self._controls.children = tuple(controls.values())

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return with_stills(super()._repr_mimebundle_(**kwargs), self.explorers, self.titles)

    def close(self) -> None:
        """Remove the widget and its explorers, here and in every browser."""
        if "_stops" in self.__dict__:  # or it could not be built
            for stop in self._stops:
                stop()
            if self.link is not None:
                self.link.unlink()
            for widget in (*self.explorers, self._controls, self._row):
                widget.close()
        super().close()
