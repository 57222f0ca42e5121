"""Where are the ticks of an axis that matplotlib does not draw, and what do they say?"""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from explorekit.explorer.axis import Array
from explorekit.explorer.designing import Column
from explorekit.explorer.drawing.axes import dates, drawn, shortened
from explorekit.explorer.labels import value_texts

MOST = 6
LONGEST = 12


def ticks_of(column: Column) -> tuple[Array, Sequence[str]]:
    """Return the values at which a parameter has ticks, and their labels."""
    if column.ticks:
        step = -(-len(column.ticks) // (2 * MOST))
        places = np.arange(0, len(column.ticks), step)
        return places.astype(float), [shortened(column.ticks[place], LONGEST) for place in places]
    if column.kind == "time":
        return _dates(column)
    locator = LogLocator(numticks=MOST) if column.log else MaxNLocator(MOST - 1, steps=[1, 2, 2.5, 5, 10])
    places = _within(column, np.array(locator.tick_values(column.low, column.high)))
    if len(places) < 2:
        places = np.array([column.low, column.high])
    return places, value_texts(places)


def _dates(column: Column) -> tuple[Array, Sequence[str]]:
    ends = drawn(np.array([column.low, column.high]), "time")
    locator = dates.AutoDateLocator(minticks=2, maxticks=MOST)
    first, last = dates.num2date(ends)
    places = np.array(locator.tick_values(first, last))
    epoch = drawn(np.zeros(1), "time")
    places = _within(column, places - epoch)
    form = dates.ConciseDateFormatter(locator)
    return places, form.format_ticks(places + epoch)


def _within(column: Column, places: Array) -> Array:
    room = 1e-9 * (column.high - column.low)
    places = np.asarray(places, dtype=float)
    return places[(places >= column.low - room) & (places <= column.high + room)]
