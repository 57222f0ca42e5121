"""How are values over two axes drawn? As coloured cells, those of runs without a value in colours of their own."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize
from matplotlib.image import AxesImage

from explorekit.explorer.axis import Array, Axis
from explorekit.explorer.drawing.axes import category_ticks, date_ticks, drawn, dress, label_text
from explorekit.explorer.drawing.cells import RunCells, cells
from explorekit.explorer.drawing.kind import Kind
from explorekit.explorer.drawing.palette import categories_map, values_map
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame


class ImagePainter:
    """Cells coloured by value, over them the cells of runs without a value, over those their marks."""

    def __init__(self, axes: Axes, frame: Frame, scale: Scale) -> None:
        assert frame.x is not None
        assert frame.y is not None
        self.axes = axes
        self.label, self.time, self.categories = frame.label, frame.time, scale.categories
        colours = (
            categories_map(scale.categories)
            if scale.categories
            else values_map(signed=scale.signed, name=scale.cmap)
        )
        limits = self._limits(frame, scale)
        x, y = frame.x, frame.y
        self.x: Array = drawn(x.positions, x.kind)
        self.y: Array = drawn(y.positions, y.kind)
        self.x_edges: Array = drawn(x.edges, x.kind)
        self.y_edges: Array = drawn(y.edges, y.kind)
        self.cells = cells(axes, x, y, colours, (LogNorm if scale.log else Normalize)(*limits))
        self.runs = RunCells(axes, x, y)
        for which, axis in (("x", x), ("y", y)):
            dress(self.axes, which, axis)  # type: ignore[arg-type]
        self._limit(x, y)

    def _limit(self, x: Axis, y: Axis) -> None:
        for axis, set_scale, set_limits in (
            (x, self.axes.set_xscale, self.axes.set_xlim),
            (y, self.axes.set_yscale, self.axes.set_ylim),
        ):
            if axis.spacing == "log":
                set_scale("log")
            set_limits(*drawn(axis.edges[[0, -1]], axis.kind))

    @staticmethod
    def _limits(frame: Frame, scale: Scale) -> Array:
        return drawn(np.array(scale.limits), "time" if frame.time else "number")

    def rescale(self, frame: Frame, scale: Scale) -> None:
        self.cells.set_clim(*self._limits(frame, scale))

    def explain(self, beside: Sequence[Axes]) -> None:
        bar = self.axes.figure.colorbar(self.cells, ax=list(beside), pad=0.02)
        self.numbers_beside = bar.ax.yaxis
        bar.set_label(label_text(self.label))
        if self.categories:
            category_ticks(bar.ax.yaxis, self.categories)
            bar.ax.minorticks_off()
        elif self.time:
            date_ticks(bar.ax.yaxis)

    @property
    def artists(self) -> Sequence[Artist]:
        return (self.cells, *self.runs.artists, *self.axes.spines.values())

    def update(self, frame: Frame, scale: Scale) -> None:
        values = self.numbers(frame, scale)
        self.cells.set_array(np.ma.masked_invalid(values) if isinstance(self.cells, QuadMesh) else values)
        self.runs.update(frame.shown_status)

    def forget(self) -> None:
        """Let go of the values; where others draw them, they would take as much memory again."""
        if isinstance(self.cells, AxesImage):
            self.cells.set_data([[np.nan]])

    @staticmethod
    def numbers(frame: Frame, scale: Scale) -> Array:
        """Return the numbers that have a colour; NaN where there is none."""
        return drawn(scale.codes(frame.values), "time" if frame.time else "number")


KIND = Kind("image", ImagePainter, needs=("x", "y"))
