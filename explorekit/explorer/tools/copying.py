"""How does a text get to the clipboard? By a button of the browser's."""

from pathlib import Path

import anywidget
import traitlets


class CopyButton(anywidget.AnyWidget):
    """Copies ``text`` when it is pressed."""

    _esm = Path(__file__).with_name("copying.js")

    text = traitlets.Unicode("").tag(sync=True)
