"""In which colours? Values, categories, and runs without a value."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, ListedColormap

from explorekit.explorer import flags

# Viridis has neither red nor orange nor grey; each kind also has a mark of its own, for whoever sees no colours.
STATUS_COLOURS = {
    flags.PENDING: "#d4d4d4",
    flags.OK: "#4c78a8",
    flags.FAILED: "#b2182b",
    flags.TIMED_OUT: "#f08c00",
}
STATUS_MARKS = {flags.PENDING: "|", flags.FAILED: "x", flags.TIMED_OUT: "+"}
# On paper the grey of a cell is too light for a mark.
MARK_COLOURS = {**STATUS_COLOURS, flags.PENDING: "#8c8c8c"}
# Okabe and Ito's colours, which colour-blind people tell apart, without those that say how runs ended.
APART = ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#000000", "#b3a300")
LINE = "#1f5f99"
# What is only there to compare with.
DIM = "#a3acb5"
# Round the picture that is picked; neither a value nor the end of a run has this colour.
PICKED = "#e0218a"
# Of matplotlib's tab20, without the oranges, reds and greys, which say how runs ended.
DISTINCT = (0, 4, 8, 18, 12, 16, 10, 1, 5, 9, 19, 13, 17, 11)


def values_map(*, signed: bool = False, name: str | None = None) -> Colormap:
    """Return the colours of numbers; NaN shows the paper, from which a difference of nothing must be told apart."""
    return colormaps["vanimo" if signed else name or "viridis"]


def curve_colours(count: int, *, named: bool) -> list[Any]:
    """Return one colour a curve: distinct ones for a few names, otherwise in the order of the colours of numbers."""
    if named and count <= len(APART):
        return list(APART[:count])
    # The last of viridis is too light for a line on paper.
    return list(values_map()(np.linspace(0, 0.9, max(count, 2))))[:count]


def categories_map(categories: Sequence[str]) -> ListedColormap:
    """Return one colour a category: those of the run status for its words, otherwise distinct ones."""
    if set(categories) <= set(flags.MEANINGS):
        return ListedColormap([STATUS_COLOURS[flags.MEANINGS.index(c)] for c in categories])
    if len(categories) <= len(DISTINCT):
        return ListedColormap([colormaps["tab20"](i) for i in DISTINCT[: len(categories)]])
    return ListedColormap(colormaps["viridis"].resampled(len(categories))(range(len(categories))))


def status_map() -> ListedColormap:
    return ListedColormap(list(STATUS_COLOURS.values()))
