"""Pin what is shown, to compare with it what is shown next."""

from typing import TYPE_CHECKING

import ipywidgets

from explorekit.explorer.pinning import WAYS
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.tool import Tool

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer


class Pin(ipywidgets.VBox):  # type: ignore[misc]
    """What is pinned, how it is compared, and a button to pin something else or nothing.

    Parameters
    ----------
    explorer
        Of which something is pinned, as soon as this opens.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self._syncing = False
        self.way = ipywidgets.ToggleButtons(options=[], tooltips=[])
        self.way.style.button_width = "auto"
        wide = {"layout": {"width": "auto"}}
        self.again = ipywidgets.Button(
            description="Pin this", icon="thumb-tack", tooltip="Compare with what is shown now", **wide
        )
        self.letting_go = ipywidgets.Button(
            description="Let go", icon="times", tooltip="Compare with nothing", **wide
        )
        row = ipywidgets.HBox([self.again, self.letting_go, self.way], layout={"flex_flow": "row wrap"})
        self._row = row
        super().__init__([row])
        self.add_class("explorekit-pin")
        self.again.on_click(lambda _: on_kernel_thread(explorer.pin))
        self.letting_go.on_click(lambda _: on_kernel_thread(explorer.unpin))
        self.way.observe(lambda _: on_kernel_thread(self._way_changed), "value")
        explorer.pin()

    def follow(self) -> None:
        """Offer the ways of what is shown."""
        kind = self._explorer.shown_kind
        way, ways = self._explorer.way_of(kind), WAYS.get(kind, ())
        self._syncing = True
        try:
            if tuple(self.way.options) != ways:
                self.way.options = ways
            self.way.value = way
        finally:
            self._syncing = False
        self.way.disabled = way is None
        self.letting_go.disabled = self._explorer.pinned is None

    def _way_changed(self) -> None:
        if not self._syncing and self.way.value is not None:
            self._explorer.compare_by(self.way.value)

    def close(self) -> None:
        """Remove the buttons too."""
        for widget in (self.way, self.again, self.letting_go, self._row):
            widget.close()
        super().close()


TOOL = Tool("Pin", "thumb-tack", "Pin what is shown, and compare what comes next with it", Pin)
