"""Which colour has each value of what is no image? Those of images, and a bar that tells them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize

from explorekit.explorer.axis import Array
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, plain_text
from explorekit.explorer.drawing.palette import categories_map, values_map
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame


def numbers(frame: Frame, scale: Scale) -> Array:
    """Return the numbers that have a colour, as matplotlib counts them; NaN where there is none."""
    values = drawn(scale.codes(frame.values), "time" if frame.time else "number")
    return np.where(values > 0, values, np.nan) if scale.log else values


def colours_of(frame: Frame, scale: Scale) -> ScalarMappable:
    """Return the colours between the limits of a scale."""
    low, high = drawn(np.array(scale.limits), "time" if frame.time else "number")
    colours = (
        categories_map(scale.categories)
        if scale.categories
        else values_map(signed=scale.signed, name=scale.cmap)
    )
    return ScalarMappable((LogNorm if scale.log else Normalize)(low, high), colours)


def explain_colours(
    colours: ScalarMappable, frame: Frame, scale: Scale, beside: Sequence[Axes], *, label: str | None = None
) -> None:
    """Draw the bar that tells which colour has which value; close to the axes where these name it."""
    pad = 0.02 if label is None else 0.01
    bar = beside[0].figure.colorbar(colours, ax=list(beside), pad=pad)
    bar.set_label(plain_text(frame.label if label is None else label))
    if scale.categories:
        category_ticks(bar.ax.yaxis, scale.categories)
        bar.ax.minorticks_off()
    elif frame.time:
        date_ticks(bar.ax.yaxis)
