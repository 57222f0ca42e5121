"""How is a single value drawn? As large text."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

# Letters of so many points fill a picture; of longer texts they are smaller, and the longest are cut.
LARGEST, FILLING, LONGEST = 26, 24, 72


class NumberPainter:
    """The text of one value in the middle of an empty figure."""

    def __init__(self, axes: Axes, frame: Frame, _scale: Scale) -> None:
        self.axes = axes
        self.axes.set_axis_off()
        middle = {"ha": "center", "va": "center", "transform": self.axes.transAxes}
        self.number = self.axes.text(0.5, 0.5, "", fontsize=LARGEST, **middle)  # type: ignore[arg-type]
        label = plain_text(shortened(frame.label, LONGEST))
        name = self.axes.text(0.5, 0.68, label, fontsize=12, color="#666666", **middle)  # type: ignore[arg-type]
        for text in (self.number, name):
            text.set_in_layout(False)  # no text is a reason to have no axes

    @property
    def artists(self) -> Sequence[Artist]:
        return (self.number,)

    def update(self, frame: Frame, _scale: Scale) -> None:
        text = self.words(frame)
        self.number.set(text=plain_text(text), fontsize=LARGEST * min(1, FILLING / max(len(text), 1)))

    @staticmethod
    def words(frame: Frame) -> str:
        """Return what is written, on one line that is not too long."""
        return shortened(" ".join(frame.text.split()), LONGEST)

    def explain(self, beside: Sequence[Axes]) -> None:
        """No colour means anything."""


KIND = Kind("number", NumberPainter)
