"""How are labels drawn that stay as they are, but lie over what changes? Once, and from then on as small pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Text

# Dots around a label that its frame may cover.
_EDGE = 2


class Stamps(Artist):
    """Labels of some axes that are set once: to lay out a text takes longer than to draw what lies below it.

    Parameters
    ----------
    texts
        The labels. They count in the layout, and are drawn by themselves where a figure is saved.
    """

    def __init__(self, texts: Sequence[Text]) -> None:
        super().__init__()
        self.texts = texts
        for text in texts:
            text.set_animated(True)
        self.set_in_layout(False)
        self._pieces: list[tuple[int, int, Any]] = []
        self._drawn_for: tuple[float, ...] = ()

    def draw(self, renderer: Any) -> None:
        """Draw the labels, but where they are drawn anyway."""
        figure = self.get_figure(root=True)
        if figure is None or figure.canvas.is_saving() or not isinstance(renderer, RendererAgg):
            return
        drawn_for = (renderer.width, renderer.height, renderer.dpi)
        if drawn_for != self._drawn_for:
            self._pieces, self._drawn_for = self._cut(*drawn_for), drawn_for
        gc = renderer.new_gc()
        for left, bottom, piece in self._pieces:
            renderer.draw_image(gc, left, bottom, piece)
        gc.restore()

    def _cut(self, width: float, height: float, dpi: float) -> list[tuple[int, int, Any]]:
        """Return where each label lies, from the lower left corner, and what it looks like on nothing."""
        renderer: Any = RendererAgg(width, height, dpi)  # type: ignore[no-untyped-call]
        for text in self.texts:
            text.draw(renderer)
        whole = np.array(renderer.buffer_rgba())
        rows, columns, _ = whole.shape
        pieces = []
        for text in self.texts:
            frame = text.get_bbox_patch()
            box = (text if frame is None else frame).get_window_extent(renderer)
            left, bottom = (max(0, int(edge) - _EDGE) for edge in (box.x0, box.y0))
            right, top = min(columns, int(box.x1) + _EDGE), min(rows, int(box.y1) + _EDGE)
            if left < right and bottom < top:
                # From below, as matplotlib counts and draws.
                dots = whole[rows - top : rows - bottom, left:right]
                pieces.append((left, bottom, dots[::-1].copy()))
                dots[:] = 0  # or they would be drawn twice where another label lies over this one
        return pieces
