"""Which tools are open? A row of buttons, and below it what was opened, each in a frame that says what it is."""

import logging
from collections.abc import Iterable
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.disclosure import Disclosure
from explorekit.explorer.tools.opened import Opened
from explorekit.explorer.tools.tool import Tool

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

logger = logging.getLogger(__name__)


class Toolbar(ipywidgets.VBox):  # type: ignore[misc]
    """The buttons of an explorer's tools, and the bodies of those that are open.

    Parameters
    ----------
    explorer
        Whose tools they are.
    tools
        What it has, in the order of the buttons.

    Attributes
    ----------
    buttons, bodies, frames
        The button of each tool by its name, and what it has opened by now: a body, in a frame.
    """

    def __init__(self, explorer: "Explorer", tools: Iterable[Tool]) -> None:
        self._explorer = explorer
        self._tools = {tool.name: tool for tool in tools if tool.offered(explorer)}
        self.buttons = {name: _button(tool) for name, tool in self._tools.items()}
        self.bodies: dict[str, ipywidgets.Widget] = {}
        self.frames: dict[str, Opened] = {}
        for button in self.buttons.values():
            button.observe(self._toggled, "value")
        self._row = ipywidgets.HBox(list(self.buttons.values()), layout={"flex_flow": "row wrap"})
        self._row.add_class("explorekit-tool-buttons")
        self._row.layout.display = None if self.buttons else "none"
        self._disclosure = Disclosure(names=list(self.buttons))
        super().__init__([self._row, self._disclosure])
        self.add_class("explorekit-tools")

    def follow(self) -> None:
        """Bring what is open up to date with what is shown."""
        for name in self._open():
            if name in self.bodies:
                self._follow(name)

    def close(self) -> None:
        """Remove the buttons and every body."""
        for widget in (
            *self.frames.values(),
            *self.bodies.values(),
            *self.buttons.values(),
            self._row,
            self._disclosure,
        ):
            widget.close()
        super().close()

    def _open(self) -> list[str]:
        return [name for name, button in self.buttons.items() if button.value]

    def _toggled(self, _change: Any) -> None:
        on_kernel_thread(self._arrange)

    def _arrange(self) -> None:
        with self._explorer.lock:
            opened = self._open()
            for name in opened:
                if name not in self.bodies:
                    self.bodies[name] = self._made(self._tools[name])
                    self.frames[name] = Opened(name, self.bodies[name], partial(self._shut, name))
                self._follow(name)
            self._disclosure.opened = opened
            self.children = [self._row, self._disclosure, *(self.frames[name] for name in opened)]

    def _shut(self, name: str) -> None:
        self.buttons[name].value = False

    def _made(self, tool: Tool) -> ipywidgets.Widget:
        try:
            return tool.body(self._explorer)
        except Exception as error:
            logger.debug("could not open %s", tool.name, exc_info=True)
            return ipywidgets.HTML(f"{escape(tool.name)} cannot be opened: {escape(str(error))}")

    def _follow(self, name: str) -> None:
        follow = getattr(self.bodies[name], "follow", None)
        if follow is None:
            return
        try:
            follow()
        except Exception:
            # A tool that fails is no reason for the picture to stand still.
            logger.warning("%s could not follow what is shown", name, exc_info=True)


def _button(tool: Tool) -> ipywidgets.ToggleButton:
    return ipywidgets.ToggleButton(
        False,
        description=tool.name,
        icon=tool.icon,
        tooltip=tool.tooltip,
        layout={"width": "auto"},
    )
