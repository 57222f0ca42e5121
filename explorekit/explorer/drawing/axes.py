"""How do axes look? Numbers, dates and categories along x, y and the colour bar."""

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib.dates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis as MatplotlibAxis
from matplotlib.ticker import FuncFormatter, MaxNLocator

from explorekit.explorer.axis import Array, Axis, AxisKind

# Untyped in matplotlib.
dates: Any = matplotlib.dates
# Longer names would leave no room for the picture.
LONGEST = 24
# And longer labels are wider than it.
LONGEST_LABEL = 72


def plain_text(text: str) -> str:
    """Return ``text`` so that matplotlib takes no part of it for mathematics."""
    return text.replace("$", r"\$")


def label_text(text: str) -> str:
    """Return the label of an axis as matplotlib takes it, no longer than a picture has room for."""
    return plain_text(shortened(" ".join(text.split()), LONGEST_LABEL))


def shortened(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def drawn(positions: Array, kind: AxisKind) -> Array:
    """Return positions in matplotlib's numbers: its days are counted from an epoch that a user may set."""
    return positions + float(dates.date2num(np.datetime64(0, "D"))) if kind == "time" else positions


def dress(axes: Axes, which: Literal["x", "y"], axis: Axis) -> None:
    """Label one axis and give it the ticks that fit its kind."""
    side = axes.xaxis if which == "x" else axes.yaxis
    side.set_label_text(label_text(axis.label))
    if axis.kind == "time":
        date_ticks(side)
    elif axis.kind == "category":
        category_ticks(side, axis.ticks)
        if which == "x" and sum(map(len, axis.ticks[:20])) > 60:
            axes.tick_params(axis="x", labelrotation=30)
            for label in axes.get_xticklabels():
                label.set_horizontalalignment("right")


def date_ticks(side: MatplotlibAxis) -> None:
    locator = dates.AutoDateLocator()
    side.set_major_locator(locator)
    side.set_major_formatter(dates.ConciseDateFormatter(locator))


def category_ticks(side: MatplotlibAxis, categories: Sequence[str]) -> None:
    """Put a tick at each category, or at some where there are many."""

    def name(value: float, _place: int | None = None) -> str:
        code = round(value)
        known = 0 <= code < len(categories) and abs(value - code) < 1e-6
        return plain_text(shortened(categories[code])) if known else ""

    if len(categories) <= 20:
        side.set_ticks(range(len(categories)))
    else:
        side.set_major_locator(MaxNLocator(10, integer=True))
    side.set_major_formatter(FuncFormatter(name))
