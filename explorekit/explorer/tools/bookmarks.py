"""Mark views, and come back to them: they are kept in the study, for everybody who opens it."""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from explorekit.errors import ExplorekitError
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.tool import Tool

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer


class Bookmarks(ipywidgets.VBox):  # type: ignore[misc]
    """The marked views of a study, and buttons to go to one, delete it, and mark what is shown.

    Parameters
    ----------
    explorer
        What is marked.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        short = {"style": {"description_width": "initial"}, "layout": {"width": "auto", "flex": "1 1 200px"}}
        self.list = ipywidgets.Dropdown(options=[], description="marked", **short)
        self.go = self._button("Go", "map-marker", "Go to the marked view", self._go)
        self.delete = self._button("Delete", "trash", "Delete the mark; results stay", self._delete)
        self.name = ipywidgets.Text(description="mark as", placeholder="a name", **short)
        self.mark = self._button(
            "Mark", "bookmark", "Keep what is shown in the study, under the name", self._mark
        )
        self.said = ipywidgets.HTML()
        flow = {"flex_flow": "row wrap"}
        self._rows = (
            ipywidgets.HBox([self.list, self.go, self.delete], layout=flow),
            ipywidgets.HBox([self.name, self.mark], layout=flow),
        )
        super().__init__([*self._rows, self.said])
        self.add_class("explorekit-bookmarks")
        self._try(self._offer)

    def close(self) -> None:
        """Remove what is in it too."""
        for widget in (self.list, self.go, self.delete, self.name, self.mark, self.said, *self._rows):
            widget.close()
        super().close()

    @property
    def _views(self) -> Any:
        return self._explorer.source.views  # type: ignore[attr-defined]

    def _offer(self, chosen: str | None = None) -> None:
        names = list(self._views)
        self.list.options = names
        if names:
            self.list.value = chosen if chosen in names else names[-1]
        for widget in (self.list, self.go, self.delete):
            widget.disabled = not names

    def _go(self) -> None:
        name = self.list.value
        self._explorer.restore(self._views[name])
        self._say("")

    def _delete(self) -> None:
        name = self.list.value
        del self._views[name]
        self._offer()
        self._say(f"{name} is deleted.")

    def _mark(self) -> None:
        name = self.name.value.strip()
        if not name:
            self._say("Give it a name first.")
            return
        replaced = name in self._views
        self._views[name] = self._explorer.state
        self._offer(name)
        self.name.value = ""
        self._say(f"{name} is {'replaced' if replaced else 'marked'}.")

    def _button(self, name: str, icon: str, tooltip: str, press: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=name, icon=icon, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(lambda _: on_kernel_thread(lambda: self._try(press)))
        return button

    def _try(self, press: Callable[[], None]) -> None:
        with self._explorer.lock:
            try:
                press()
            except KeyError as error:  # deleted elsewhere meanwhile
                self._offer()
                self._say(str(error.args[0]))
            except (ExplorekitError, OSError, RuntimeError, ValueError) as error:
                self._say(str(error))

    def _say(self, text: str) -> None:
        self.said.value = f'<div role="status">{escape(text)}</div>' if text else ""


TOOL = Tool(
    "Bookmarks",
    "bookmark",
    "Mark what is shown, and come back to it; marks are kept in the study",
    Bookmarks,
    lambda explorer: hasattr(explorer.source, "views"),
)
