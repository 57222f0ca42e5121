"""Which values go with which: one panel a pair of parameters."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.distributions import check_sampled
from explorekit.space.finding import as_along_one
from explorekit.space.parameter import REPETITION, Parameter
from explorekit.space.pictures import is_logarithmic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from explorekit.space.space import Space

_MOST = 8  # parameters, of which panels can still be read
_DRAWN = 2500  # points, beyond which a panel is a blot
_DISTINCT = 30  # values, which have a line each
_BINS = 20
_PANEL = 1.9  # inches


def pair_plot(space: "Space", names: Sequence[str]) -> "Figure":
    """Return a figure with a panel for each pair of parameters; see `Space.plot`."""
    check_sampled(space, "plot the points of the space")
    parameters = _chosen(space, names)
    n = len(parameters)
    figure = shown_figure()(figsize=(_PANEL * max(n, 2), _PANEL * max(n, 1.5)), layout="constrained")
    panels = figure.subplots(n, n, squeeze=False)
    for row, y in enumerate(parameters):
        for column, x in enumerate(parameters):
            ax = panels[row, column]
            if column > row:
                ax.set_axis_off()
                continue
            if row == column:
                _spread(ax, x)
            else:
                _together(ax, x, y)
            _scale(ax, x, "x")
            _label(ax, x, "x", shown=row == n - 1)
            if row > column:
                _scale(ax, y, "y")
                _label(ax, y, "y", shown=column == 0)
            ax.spines[["top", "right"]].set_visible(False)
    return figure


@cache
def shown_figure() -> "type[Figure]":
    """Return figures that notebooks show without pyplot, which would keep each of them."""
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            file = BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return ShownFigure


def _chosen(space: "Space", names: Sequence[str]) -> list[Parameter]:
    if unknown := [name for name in names if name not in space.passed]:
        raise SpaceError(
            f"no parameter {listing(unknown)}; this space has {listing(space.passed)}.{suggest(str(unknown[0]), space.passed)}"
        )
    varying = [p for p in space.parameters.values() if p.values.ndim and p.name != REPETITION]
    chosen = [as_along_one(space.passed[name]) for name in names]
    chosen = chosen or [p for p in varying if p.values.dtype.kind != "c"]
    if not 1 <= len(chosen) <= _MOST:
        raise SpaceError(
            f"got {len(chosen)} parameters to plot; expected 1 to {_MOST}. Name those to show: plot('a', 'b')."
        )
    if awkward := [p.name for p in chosen if p.values.dtype.kind == "c"]:
        raise SpaceError(
            f"{listing(awkward)} is complex, which has no place on an axis. Name others: plot('a', 'b')."
        )
    return [_named(p) for p in chosen]


def _named(p: Parameter) -> Parameter:
    """Return a parameter with the labels or numbers of its arrays in their place."""
    if p.arrays is None:
        return p
    return replace(p, values=p.arrays.names(p.values).astype(str), attrs={}, arrays=None)


def _coordinates(p: Parameter) -> npt.NDArray[Any]:
    """Return values as what can be drawn: text and bool as the number of the category."""
    values = np.atleast_1d(p.values)
    return np.unique(values, return_inverse=True)[1] if values.dtype.kind in "Ub" else values


def _spread(ax: "Axes", p: Parameter) -> None:
    values = _coordinates(p)[np.atleast_1d(p.is_given)]
    values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    distinct, counts = np.unique(values, return_counts=True)
    if p.values.dtype.kind in "Ub":
        ax.bar(distinct, counts, width=0.6, color="C0", alpha=0.5)
    elif distinct.size <= _DISTINCT:
        ax.vlines(distinct, 0, counts, color="C0", alpha=0.6, linewidth=3)
        ax.set_ylim(0, None)
    else:
        logarithmic = values.dtype.kind in "iuf" and is_logarithmic(values.astype(np.float64))
        ends = values.min(), values.max()
        bins = np.geomspace(*ends, _BINS + 1).tolist() if logarithmic else _BINS
        ax.hist(values, bins=bins, color="C0", alpha=0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _together(ax: "Axes", x: Parameter, y: Parameter) -> None:
    """Draw which values go together: those at the same position of a dimension, or each with each."""
    across, up = _coordinates(x), _coordinates(y)
    if x.dim is not None and x.dim == y.dim:
        both = x.is_given & y.is_given
        across, up = across[both], up[both]
        some = _some(across.size, _DRAWN)
        across, up = across[some], up[some]
    else:
        few = int(_DRAWN**0.5)
        across, up = (values[_some(values.size, few)] for values in (across, up))
        across, up = np.repeat(across, up.size), np.tile(up, across.size)
    ax.plot(across, up, "o", color="C0", markersize=3, alpha=0.6, markeredgewidth=0)


def _some(size: int, most: int) -> npt.NDArray[np.int64]:
    """Return positions spread evenly, both ends among them."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).astype(np.int64))


def _label(ax: "Axes", p: Parameter, which: str, *, shown: bool) -> None:
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_tick_params(labelleft=shown, labelbottom=shown)
    if shown:
        axis.set_label_text(p.label)


def _scale(ax: "Axes", p: Parameter, which: str) -> None:
    """Give an axis the ticks that suit a parameter: names for text, few dates for times, powers where values are so spaced."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    values = np.unique(np.atleast_1d(p.values)[np.atleast_1d(p.is_given)])
    if p.values.dtype.kind in "Ub":
        axis.set_ticks(range(values.size), labels=[str(value) for value in values])
        ax.margins(x=0.3) if which == "x" else ax.margins(y=0.3)
    elif p.values.dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=2, maxticks=4)  # type: ignore[no-untyped-call]
        axis.set_major_locator(locator)
        axis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    elif values.size > 1 and is_logarithmic(values.astype(np.float64)):
        ax.set(**{f"{which}scale": "log"})
