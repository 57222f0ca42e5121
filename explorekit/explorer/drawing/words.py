"""What does a kind of plot say in its axes? A line of small text, of why there is nothing, or of what is left out."""

import textwrap
from typing import Any

from matplotlib.axes import Axes

from explorekit.explorer.drawing.axes import plain_text
from explorekit.explorer.slicing import WORDS, Frame

# Of these letters so many fit on an inch.
LETTERS = 13


CORNER: dict[str, Any] = {"x": 0.985, "y": 0.97, "ha": "right", "va": "top"}
MIDDLE: dict[str, Any] = {"x": 0.5, "y": 0.5, "ha": "center", "va": "center"}


class Words:
    """The words of a frame, in the middle of its axes where there is nothing else, or in their upper right corner."""

    def __init__(self, axes: Axes, *, corner: bool = False) -> None:
        self.axes, self.corner = axes, corner
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
        self.text = axes.text(
            **CORNER, s="", fontsize=9, color="#444444", transform=axes.transAxes, zorder=7, bbox=box
        )

    def update(self, frame: Frame, aside: str = "") -> None:
        """Say what a frame has to say, or else something aside."""
        words = str(frame.extra.get(WORDS, ""))
        self.text.set(**(MIDDLE if words and not self.corner else CORNER))
        figure: Any = self.axes.get_figure(root=True)
        width = self.axes.get_position().width * figure.get_figwidth()
        self.text.set_text(plain_text(textwrap.fill(words or aside, max(12, round(LETTERS * width)))))
        self.text.set_visible(bool(words or aside))
