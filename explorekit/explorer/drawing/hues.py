"""Which colour is which curve? Told by a legend, or by a colour bar where there are many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.lines import Line2D

from explorekit.explorer.axis import Axis
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, plain_text, shortened
from explorekit.explorer.drawing.palette import LINE, curve_colours, values_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More curves have a colour bar in place of a legend.
MOST_NAMED = 10
LONGEST_NAME = 18


def hue_colours(hue: Axis | None, count: int) -> list[Any]:
    """Return one colour a curve; a lone one has that of lines."""
    return [LINE] if hue is None else curve_colours(count, named=hue.kind == "category")


def explain_hue(hue: Axis, names: Sequence[str], colours: Sequence[Any], beside: Sequence[Axes]) -> None:
    """Add a legend or a colour bar, beside all axes that share it."""
    figure = cast("Figure", beside[0].get_figure(root=True))
    title = plain_text(shortened(hue.label, LONGEST_NAME + 8))
    if len(names) <= MOST_NAMED:
        figure.legend(
            [Line2D([], [], color=colour, lw=2) for colour in colours],
            [plain_text(shortened(name, LONGEST_NAME)) for name in names],
            loc="outside right upper",
            title=title,
            fontsize=8,
            title_fontsize=8,
            frameon=False,
        )
        return
    positions = drawn(hue.positions, hue.kind)
    norm = (LogNorm if hue.spacing == "log" else Normalize)(positions[0], positions[-1])
    palette = ListedColormap(list(colours)) if hue.kind == "category" else values_map()
    bar = figure.colorbar(ScalarMappable(norm, palette), ax=list(beside), pad=0.02)
    bar.set_label(title)
    if hue.kind == "category":
        category_ticks(bar.ax.yaxis, hue.ticks)
    elif hue.kind == "time":
        date_ticks(bar.ax.yaxis)
