"""What have all drawings of values along one axis in common? Limits, labels and a grid; of many points, those that are seen."""

import numpy as np
from matplotlib.axes import Axes

from explorekit.explorer.axis import Array, Axis
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, dress, label_text
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

# So few points are told apart as points.
FEW_POINTS = 60
# More dots than this are drawn smaller.
MANY_DOTS = 500
MARGIN = 0.05
# Above this many points a line is drawn through the extremes of each pixel column, which looks the same.
MANY_POINTS = 8_000
COLUMNS = 2_000


def dress_line(axes: Axes, frame: Frame, scale: Scale, positions: Array) -> None:
    """Label axes whose height is a value, and limit them to what the scale covers."""
    assert frame.x is not None
    low, high = scale.limits
    room = 0.0 if scale.categories else MARGIN * (high - low)
    if scale.log:
        axes.set_yscale("log", nonpositive="mask")
        axes.set_ylim(low * (low / high) ** MARGIN, high * (high / low) ** MARGIN)
    else:
        axes.set_ylim(*drawn(np.array([low - room, high + room]), "time" if frame.time else "number"))
    if frame.x.spacing == "log":
        axes.set_xscale("log")
    axes.set_xlim(_ends(positions, frame.x))
    dress(axes, "x", frame.x)
    axes.set_ylabel(label_text(frame.label))
    axes.grid(visible=True, color="#e4e4e4", lw=0.6)
    axes.set_axisbelow(True)
    if scale.categories:
        category_ticks(axes.yaxis, scale.categories)
    elif frame.time:
        date_ticks(axes.yaxis)


def _ends(positions: Array, axis: Axis) -> tuple[float, float]:
    if len(positions) < 2:
        left, right = drawn(axis.edges, axis.kind)
        return float(left), float(right)
    first, last = float(positions[0]), float(positions[-1])
    if first == last:
        return first - 0.5, last + 0.5
    if axis.spacing == "log":
        return first * (first / last) ** 0.03, last * (last / first) ** 0.03
    room = 0.5 if axis.kind == "category" else 0.02 * (last - first)
    return first - room, last + room


def extremes(values: Array) -> Array:
    """Return the places of the lowest and the highest point of each column, in order; all if there are few."""
    if len(values) <= MANY_POINTS:
        return np.arange(len(values))
    width = -(-len(values) // COLUMNS)
    whole = len(values) // width * width
    columns = values[:whole].reshape(-1, width)
    lowest, highest = columns.argmin(1), columns.argmax(1)
    if np.isnan(columns[np.arange(len(columns)), lowest]).any():  # a column's first NaN, if it has one
        gaps = np.isnan(columns)
        lowest, highest = (
            np.where(gaps, np.inf, columns).argmin(1),
            np.where(gaps, -np.inf, columns).argmax(1),
        )
    pick = np.sort(np.stack([lowest, highest], axis=1), axis=1)
    return np.concatenate(
        [(pick + width * np.arange(len(pick))[:, None]).ravel(), np.arange(whole, len(values))]
    )
