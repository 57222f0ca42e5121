"""Which button has opened what? Told to the browser, so that screen readers say it, and keys lead there and back."""

from pathlib import Path

import anywidget
import traitlets

_HERE = Path(__file__).parent


class Disclosure(anywidget.AnyWidget):
    """Works in the browser alone, on the buttons and the frames beside it; takes no room.

    Buttons open and close frames: the first those whose name is the first of ``names``, and so on. Escape in a frame, and its
    own button, lead back to the button that opened it.
    """

    _esm = (_HERE / "disclosure.js").read_text("utf-8")
    _css = (_HERE / "disclosure.css").read_text("utf-8")

    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    opened = traitlets.List(traitlets.Unicode()).tag(sync=True)
