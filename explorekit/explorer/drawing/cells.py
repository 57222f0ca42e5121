"""How are cells drawn? Each in the colour of its value; those of runs without a value in colours of their own."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from explorekit.explorer import flags
from explorekit.explorer.axis import Array, Axis
from explorekit.explorer.drawing.axes import drawn
from explorekit.explorer.drawing.palette import status_map

# In smaller cells a mark would cover its neighbours.
MOST_MARKED = 50


def cells(axes: Axes, x: Axis, y: Axis, colours: Colormap, norm: Normalize) -> AxesImage | QuadMesh:
    """Return empty cells: an image where both axes are even, cells of their own size otherwise."""
    shape = (len(y.positions), len(x.positions))
    xs, ys = drawn(x.edges, x.kind), drawn(y.edges, y.kind)
    if x.spacing == y.spacing == "even" or 0 in shape:
        return axes.imshow(
            [[np.nan]],  # a large image of nothing would take as much memory as its values
            cmap=colours,
            norm=norm,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(float(xs[0]), float(xs[-1]), float(ys[0]), float(ys[-1])),
        )
    return axes.pcolormesh(
        xs, ys, np.ma.masked_invalid(np.full(shape, np.nan)), cmap=colours, norm=norm, shading="flat"
    )


class RunCells:
    """The cells of runs without a value, and over them their marks."""

    def __init__(self, axes: Axes, x: Axis, y: Axis) -> None:
        self.x: Array = drawn(x.positions, x.kind)
        self.y: Array = drawn(y.positions, y.kind)
        self.runs = cells(axes, x, y, status_map(), Normalize(-0.5, len(flags.MEANINGS) - 0.5))
        (self.failed,) = axes.plot([], [], "x", color="white", ms=5, mew=1.2)
        (self.timed_out,) = axes.plot([], [], "+", color="black", ms=6, mew=1.2)

    @property
    def artists(self) -> Sequence[Artist]:
        return (self.runs, self.failed, self.timed_out)

    def update(self, status: Array | None) -> None:
        """Show the status of each run; None where runs have no part in it."""
        hidden = status is None or bool(np.all(status == flags.OK))
        self.runs.set_visible(not hidden)
        if status is not None and not hidden:
            self.runs.set_array(np.ma.masked_equal(status, flags.OK))
        self._mark(self.failed, status, flags.FAILED)
        self._mark(self.timed_out, status, flags.TIMED_OUT)

    def _mark(self, marks: Line2D, status: Array | None, code: int) -> None:
        if status is None or max(status.shape) > MOST_MARKED:
            marks.set_data([], [])
            return
        rows, columns = np.nonzero(status == code)
        marks.set_data(self.x[columns], self.y[rows])
