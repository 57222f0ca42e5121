"""What is a tool? A button's text, and what opens below it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import ipywidgets

    from explorekit.explorer.explorer import Explorer


@dataclass(frozen=True)
class Tool:
    """What can be done with what an explorer shows.

    Parameters
    ----------
    name
        What the button says.
    icon
        A name of Font Awesome 4, without ``fa-``.
    tooltip
        What it is good for, in one sentence.
    body
        Makes the widget that opens below the buttons, in a frame, the first time the tool is opened. If the widget has a method
        ``follow``, it is called without arguments when the tool opens and after each frame while it is open, on the
        kernel's thread.
    offered
        Whether an explorer has this tool at all; asked once, as the explorer is made.
    """

    name: str
    icon: str
    tooltip: str
    body: "Callable[[Explorer], ipywidgets.Widget]"
    offered: "Callable[[Explorer], bool]" = lambda _: True
