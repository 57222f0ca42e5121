"""How does a text get to the clipboard? By a button of the browser's."""

from pathlib import Path

import anywidget
import traitlets


class CopyButton(anywidget.AnyWidget):
    """Copies ``text`` when it is pressed; it says ``label``, beside an icon of Font Awesome if one is named."""

    _esm = Path(__file__).with_name("copying.js").read_text("utf-8")

    text = traitlets.Unicode("").tag(sync=True)
    label = traitlets.Unicode("Copy").tag(sync=True)
    icon = traitlets.Unicode("").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
