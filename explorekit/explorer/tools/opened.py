"""What stands round an open tool? A frame, with its name and a button that closes it."""

from collections.abc import Callable
from html import escape

import ipywidgets

from explorekit.explorer.threads import on_kernel_thread


class Opened(ipywidgets.VBox):  # type: ignore[misc]
    """A body in its frame.

    Parameters
    ----------
    name
        What the tool is called.
    body
        Its widget, which is not closed with the frame.
    shut
        Called on the kernel's thread when somebody closes the tool.
    """

    def __init__(self, name: str, body: ipywidgets.Widget, shut: Callable[[], None]) -> None:
        self.shut = ipywidgets.Button(icon="times", tooltip=f"Close {name} (Esc)")
        self.shut.add_class("explorekit-shut")
        self.shut.on_click(lambda _: on_kernel_thread(shut))
        self._name = ipywidgets.HTML(escape(name))
        self._head = ipywidgets.HBox([self._name, self.shut])
        self._head.add_class("explorekit-opened-head")
        super().__init__([self._head, body])
        self.add_class("explorekit-opened")

    def close(self) -> None:
        """Remove the name and the button too."""
        for widget in (self._name, self.shut, self._head):
            widget.close()
        super().close()
