"""How are pictures set beside each other? On axes of the same limits, labelled once at the edges."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from explorekit.explorer import flags
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.kind import Levelled
from explorekit.explorer.drawing.kinds import kinds
from explorekit.explorer.drawing.palette import PICKED, STATUS_COLOURS
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

if TYPE_CHECKING:
    from explorekit.explorer.drawing.kind import Painter

# Letters of a name that fit above all pictures of a row together.
ROW_LENGTH = 110
# And beside all of a column.
TALLEST = 72


class Cover:
    """What is seen over a picture: that it is picked, and why its one run has no value, by a colour and in words."""

    def __init__(self, axes: Axes) -> None:
        self.sheet = Rectangle((0, 0), 1, 1, transform=axes.transAxes, zorder=5)
        axes.add_artist(self.sheet)
        middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes, "zorder": 6}
        self.words = axes.text(0.5, 0.5, "", fontsize=8, **middle)
        frame: dict[str, Any] = {"fill": False, "edgecolor": PICKED, "lw": 3, "clip_on": False, "zorder": 9}
        self.frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, visible=False, **frame)
        axes.add_artist(self.frame)

    @property
    def artists(self) -> Sequence[Artist]:
        return (self.sheet, self.words, self.frame)

    def update(self, frame: Frame, *, picked: bool) -> None:
        self.frame.set_visible(picked)
        status = flags.OK if frame.outcome is None or not frame.missing.all() else frame.outcome
        for artist in (self.sheet, self.words):
            artist.set_visible(status != flags.OK)
        self.sheet.set_facecolor(STATUS_COLOURS[status])
        self.words.set_text("" if status == flags.PENDING else flags.IN_WORDS[status])
        self.words.set_color("white" if status == flags.FAILED else "black")


class PanelsPainter:
    """One painter of the frame's kind a picture."""

    def __init__(self, figure: Figure, frame: Frame, scale: Scale) -> None:
        width = len(frame.panels[0])
        grid = figure.subplots(len(frame.panels), width, squeeze=False)
        self.painters: list[Painter] = []
        self.covers: list[Cover] = []
        for row, frames in zip(grid, frame.panels, strict=True):
            for place, axes in enumerate(row):
                if place >= len(frames):
                    axes.set_axis_off()
                    continue
                painter = kinds()[frame.kind].painter(axes, frames[place], scale)
                self.painters.append(painter)
                self.covers.append(Cover(axes))
        self.axes: Axes = grid[0, 0]
        self._name(frame, grid)
        self._label(figure, grid, len(self.painters))
        self.painters[0].explain([axes for row in grid for axes in row])

    def _name(self, frame: Frame, grid: Any) -> None:
        """Write the names above the pictures; of rows and columns, once at their ends."""
        width = grid.shape[1]
        columns = frame.extra.get("columns")
        titles = columns or [panel.title for row in frame.panels for panel in row]
        for painter, title in zip(self.painters, titles, strict=False):
            painter.axes.set_title(plain_text(shortened(title, ROW_LENGTH // width)), fontsize=7)
        for axes, name in zip(grid[:, -1], frame.extra.get("rows", ()), strict=False):
            text = plain_text(shortened(name, TALLEST // len(grid)))
            label = axes.text(
                1.04, 0.5, text, fontsize=7, rotation=270, va="center", transform=axes.transAxes
            )
            axes.text(1.04, 0.5, "M", fontsize=7, alpha=0, transform=axes.transAxes)  # keeps the room free
            # Rows would be moved apart to make room for what is longer than they are high.
            label.set_in_layout(False)

    def _label(self, figure: Figure, grid: Any, count: int) -> None:
        """Move labels to the edges of the whole, and keep those ticks that have room."""
        height, width = grid.shape
        figure.supxlabel(self.axes.get_xlabel(), fontsize=10)
        figure.supylabel(self.axes.get_ylabel(), fontsize=10)
        for place in range(count):
            row, column = divmod(place, width)
            axes = grid[row, column]
            axes.set(xlabel="", ylabel="")
            # The last picture of a column that has one below it shows no numbers.
            lowest = row == height - 1 or place + width >= count
            axes.tick_params(labelsize=8, labelbottom=lowest, labelleft=column == 0)
            axes.tick_params(which="minor", labelbottom=False, labelleft=False)

    @property
    def artists(self) -> Sequence[Artist]:
        drawn = [artist for painter in self.painters for artist in painter.artists]
        return [*drawn, *(artist for cover in self.covers for artist in cover.artists)]

    def update(self, frame: Frame, scale: Scale) -> None:
        frames = (panel for row in frame.panels for panel in row)
        for number, (painter, cover, panel) in enumerate(
            zip(self.painters, self.covers, frames, strict=True)
        ):
            painter.update(panel, scale)
            cover.update(panel, picked=frame.pick == (number,))
        levelled = [painter for painter in self.painters if isinstance(painter, Levelled)]
        for painter in levelled:
            painter.level(max(each.need for each in levelled))

    def explain(self, beside: Sequence[Axes]) -> None:
        """Done once for all pictures."""
