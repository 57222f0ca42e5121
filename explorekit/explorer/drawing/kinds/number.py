"""How is a single value drawn? As large text."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame


class NumberPainter:
    """The text of one value in the middle of an empty figure."""

    def __init__(self, axes: Axes, frame: Frame, _scale: Scale) -> None:
        self.axes = axes
        self.axes.set_axis_off()
        middle = {"ha": "center", "va": "center", "transform": self.axes.transAxes}
        self.number = self.axes.text(0.5, 0.5, "", fontsize=26, **middle)  # type: ignore[arg-type]
        self.axes.text(0.5, 0.68, plain_text(frame.label), fontsize=12, color="#666666", **middle)  # type: ignore[arg-type]

    @property
    def artists(self) -> Sequence[Artist]:
        return (self.number,)

    def update(self, frame: Frame, _scale: Scale) -> None:
        self.number.set_text(plain_text(shortened(frame.text, 40)))

    def explain(self, beside: Sequence[Axes]) -> None:
        """No colour means anything."""


KIND = Kind("number", NumberPainter)
