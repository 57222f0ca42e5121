"""The widget that names what has no name, tells what is shown, and makes focus visible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget

_HERE = Path(__file__).parent


class Access(anywidget.AnyWidget):
    """Works in the browser, on the explorer or the panel that it is a part of; takes no room.

    Parameters
    ----------
    on_typed
        Called with the description of a slider and the text that was typed beside it, where only the kernel knows what it means.
    """

    _esm = (_HERE / "access.js").read_text("utf-8")
    _css = (_HERE / "access.css").read_text("utf-8")

    def __init__(self, on_typed: Callable[[str, str], None] | None = None) -> None:
        super().__init__()
        self._on_typed = on_typed
        self.on_msg(self._heard)

    def _heard(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if self._on_typed is not None and isinstance(content, dict):
            self._on_typed(content["slider"], content["typed"])
