"""How is the value that is picked marked? By a cross-hair that is seen on light and on dark colours."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patheffects import Normal, Stroke

from explorekit.explorer.drawing.axes import drawn
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import ACROSS, Frame

DARK, LIGHT = "#333333", "white"
# The kinds of plot whose values lie where their coordinates say; those over two axes are filled with colours.
COLOURED = ("image", "contour")
KINDS = (*COLOURED, "line", "band", "scatter", "bar")


class CrossHair:
    """Two thin lines that cross in a ring: over a line, the one along it is left out."""

    def __init__(self, axes: Axes, frame: Frame) -> None:
        over_colours = frame.kind in COLOURED
        colour = LIGHT if over_colours else DARK
        halo = [Stroke(linewidth=2.6, foreground=DARK, alpha=0.5), Normal()] if over_colours else []
        look: dict[str, Any] = {
            "colors": colour,
            "linewidths": 0.9,
            "alpha": 0.9,
            "path_effects": halo,
            "zorder": 8,
        }
        self.upright = LineCollection([], transform=axes.get_xaxis_transform(), **look)
        self.level = LineCollection([], transform=axes.get_yaxis_transform(), **look)
        self.ring: PathCollection = axes.scatter(
            [], [], s=60, facecolors="none", edgecolors=colour, linewidths=1.2, path_effects=halo, zorder=8
        )
        for lines in (self.upright, self.level):
            axes.add_collection(lines, autolim=False)

    @property
    def artists(self) -> tuple[Artist, ...]:
        return (self.upright, self.level, self.ring)

    def update(self, frame: Frame, scale: Scale) -> None:
        """Mark what is picked of a frame."""
        if frame.pick is None or frame.panels or frame.x is None or frame.kind not in KINDS:
            self.upright.set_segments([])
            self.level.set_segments([])
            self.ring.set_offsets(np.empty((0, 2)))
            return
        x = float(drawn(frame.x.positions, frame.x.kind)[frame.pick[-1]])
        if ACROSS in frame.extra:
            x = float(frame.extra[ACROSS][frame.pick])
        if frame.y is None:
            heights = drawn(scale.codes(frame.values), "time" if frame.time else "number")
            y = float(heights[frame.pick])
        else:
            y = float(drawn(frame.y.positions, frame.y.kind)[frame.pick[0]])
        self.upright.set_segments([[(x, 0), (x, 1)]])
        self.level.set_segments([] if frame.y is None else [[(0, y), (1, y)]])
        self.ring.set_offsets([(x, y)])
