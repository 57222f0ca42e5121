"""The widget that names what has no name, tells what is shown, and makes focus visible."""

from pathlib import Path

import anywidget

_HERE = Path(__file__).parent


class Access(anywidget.AnyWidget):
    """Works in the browser alone, on the explorer or the panel that it is a part of; takes no room."""

    _esm = _HERE / "access.js"
    _css = _HERE / "access.css"
