"""How does a frame become a picture? Axes drawn once, and over them what changes, here or in the browser."""

import textwrap
import warnings
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.crosshair import CrossHair
from explorekit.explorer.drawing.kind import Painter, Rescaled
from explorekit.explorer.drawing.kinds import kinds
from explorekit.explorer.drawing.packing import jpeg, png
from explorekit.explorer.drawing.panels import PanelsPainter
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

SIZE = (7.2, 4.6)
DPI = 100
# Letters that fit.
LINE_LENGTH = 88
MESSAGE_LENGTH = 56

Limits = tuple[float, float, float, float]
WHOLE: Limits = (0.0, 1.0, 0.0, 1.0)


class BlankPainter:
    """Axes without anything, for a message."""

    artists: Sequence[Artist] = ()

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.axes.set_axis_off()

    def update(self, frame: Frame, scale: Scale) -> None:
        """Nothing to set."""

    def explain(self, beside: Sequence[Axes]) -> None:
        """Nothing to explain."""


class Canvas:
    """One figure, drawn anew only when its axes change.

    Parameters
    ----------
    size
        Width and height in inches.
    dpi
        Dots an inch.

    Attributes
    ----------
    size
        As given.
    figure
        The figure.
    redraws
        How often axes were drawn.
    """

    def __init__(self, size: tuple[float, float] = SIZE, dpi: int = DPI) -> None:
        self.size = size
        self.figure = Figure(figsize=size, dpi=dpi)
        # matplotlib's own types leave the methods of this canvas out.
        self.canvas: Any = FigureCanvasAgg(self.figure)
        self.redraws = 0
        self.painter: Painter = BlankPainter(self.figure.add_subplot())
        self.limits: Limits = (0.0, 1.0, 0.0, 1.0)
        self._look: Hashable = None
        self._form: Hashable = None

    def draw(self, frame: Frame, scale: Scale, message: str = "", *, roughly: bool = False) -> bytes:
        """Return the picture of ``frame`` as PNG, or `roughly` as JPEG, with ``message`` over it."""
        title, message = self.title(frame), self.message(message)
        with quietly():
            if not self._renew(frame, scale, title, message):
                self._set(frame, scale, title, message)
            self._blit()
        return self.packed(roughly=roughly)

    def packed(self, *, roughly: bool = False) -> bytes:
        """Return what was drawn last once more, as `draw` does."""
        return (jpeg if roughly else png)(np.asarray(self.canvas.buffer_rgba()))

    def background(self, frame: Frame, scale: Scale, window: Limits = WHOLE) -> bytes | None:
        """Return the axes of ``frame`` without anything on them as PNG, or None where those drawn before fit.

        Parameters
        ----------
        frame, scale
            What is to lie on the axes.
        window
            The part of them to show: left, right, bottom and top, from 0 to 1.
        """
        with quietly():
            renewed = self._renew(frame, scale, self.title(frame), "", window)
        return self.packed() if renewed else None

    def forget(self) -> None:
        """Have the next axes drawn anew, whatever was drawn before."""
        self._look = self._form = None

    def fits(self, frame: Frame, scale: Scale, window: Limits = WHOLE) -> bool:
        """Return whether the axes that were drawn before are those of ``frame``."""
        return (*_look(frame, scale, self.title(frame)), window) == self._look

    def title(self, frame: Frame) -> str:
        """Return the title of a frame, in lines that fit."""
        return title_text(frame, self._fitting(LINE_LENGTH))

    def message(self, message: str) -> str:
        """Return a message in lines that fit."""
        return "\n".join(textwrap.wrap(message, self._fitting(MESSAGE_LENGTH))[:6])

    def _fitting(self, length: int) -> int:
        """Return how many letters fit, of so many in a figure of the usual width."""
        return max(12, round(length * self.figure.get_figwidth() / SIZE[0]))

    def _renew(self, frame: Frame, scale: Scale, title: str, message: str, window: Limits = WHOLE) -> bool:
        """Draw new axes, unless those that are there fit; return whether."""
        if self.fits(frame, scale, window):
            return False
        look = (*_look(frame, scale, title), window)
        # The same between limits that are always the same.
        form = (*_look(frame, replace(scale, low=0.0, high=1.0, typed=None), title), window)
        same = form == self._form
        self._look = self._form = None
        if not (same and self._rescale(frame, scale)):
            self._redraw(frame, scale, title, message, window)
        else:
            self._set(frame, scale, title, message)
        self._look, self._form = look, form
        return True

    def _rescale(self, frame: Frame, scale: Scale) -> bool:
        """Draw nothing but the numbers beside colours anew; return whether there are any, and room for them."""
        painter = self.painter
        if not isinstance(painter, Rescaled):
            return False
        painter.rescale(frame, scale)
        numbers = painter.numbers_beside.get_tightbbox(self.canvas.get_renderer())
        if numbers is None or numbers.x1 > self.figure.bbox.x1:
            return False
        self.canvas.restore_region(self._bare)
        self._keep(painter.numbers_beside)
        return True

    def _keep(self, *artists: Artist) -> None:
        """Draw some artists that stay, and keep what is drawn by now."""
        for artist in artists:
            self.figure.draw_artist(artist)
        self._background = self.canvas.copy_from_bbox(self.figure.bbox)

    def _redraw(self, frame: Frame, scale: Scale, title: str, message: str, window: Limits) -> None:
        self.redraws += 1
        self.figure.clear()
        self.figure.set_layout_engine("constrained", w_pad=0.08)
        self.painter = _painter(self.figure, frame, scale)
        self._title = self._title_above(frame)
        self._message = _message(self.painter.axes)
        self._cross_hair = CrossHair(self.painter.axes, frame)
        self._set(frame, scale, title, message)
        axes = self.painter.axes
        self.limits = (*axes.get_xlim(), *axes.get_ylim())
        if window != WHOLE:
            corners = axes.transAxes.transform(np.reshape(window, (2, 2)).T)
            (left, bottom), (right, top) = axes.transData.inverted().transform(corners)
            axes.set(xlim=(left, right), ylim=(bottom, top))
        changing = [self.painter.numbers_beside] if isinstance(self.painter, Rescaled) else []
        for artist in changing:
            artist.set_animated(True)
        self.canvas.draw()
        # A layout engine would run again, 50 ms, at every later draw.
        self.figure.set_layout_engine("none")
        self._bare = self.canvas.copy_from_bbox(self.figure.bbox)
        self._keep(*changing)

    def _title_above(self, frame: Frame) -> Text:
        if not frame.panels:
            return self.painter.axes.set_title("", loc="left", fontsize=10)
        left: Text = self.figure.suptitle("", x=0.02, ha="left", fontsize=10)
        return left

    def _set(self, frame: Frame, scale: Scale, title: str, message: str) -> None:
        self.painter.update(frame, scale)
        self._cross_hair.update(frame, scale)
        self._title.set_text(plain_text(title))
        self._message.set_text(plain_text(message))
        self._message.set_visible(bool(message))
        # Asked each time: where artists cannot be set to a frame, they are others now.
        self._moving = (*self.painter.artists, *self._cross_hair.artists, self._title, self._message)
        for artist in self._moving:
            artist.set_animated(True)

    def _blit(self) -> None:
        self.canvas.restore_region(self._background)
        for artist in self._moving:
            if artist.get_visible():
                self.painter.axes.draw_artist(artist)


@contextmanager
def quietly() -> Iterator[None]:
    """Draw a box for a letter that no font has, and names too long for a layout, without a warning at each frame."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "(Glyph .* missing from font|constrained_layout not applied)", UserWarning
        )
        yield


def _painter(figure: Figure, frame: Frame, scale: Scale) -> Painter:
    if frame.panels:
        return PanelsPainter(figure, frame, scale)
    axes = figure.add_subplot()
    if frame.kind == "nothing":
        return BlankPainter(axes)
    painter = kinds()[frame.kind].painter(axes, frame, scale)
    painter.explain([axes])
    return painter


def _message(axes: Axes) -> Text:
    box = {"facecolor": "white", "edgecolor": "#b0b0b0", "boxstyle": "round,pad=0.8"}
    middle = {"ha": "center", "va": "center", "transform": axes.transAxes}
    return axes.text(0.5, 0.5, "", fontsize=12, color="#333333", zorder=10, bbox=box, **middle)  # type: ignore[arg-type]


def title_text(frame: Frame, longest: int = LINE_LENGTH) -> str:
    """Return the title of a frame, in lines of so many letters at most."""
    lines = textwrap.wrap(frame.title, longest, break_long_words=False)[:3]
    return "\n".join(shortened(line, longest) for line in lines)


def _look(frame: Frame, scale: Scale, title: str) -> tuple[Hashable, ...]:
    """Return what the axes, their labels and limits depend on."""
    axes = tuple(axis.key for axis in (frame.x, frame.y, frame.hue) if axis is not None)
    limits = (
        ()
        if frame.kind == "number"
        else (scale.limits, scale.categories, scale.signed, scale.log, scale.cmap)
    )
    shape = tuple(len(row) for row in frame.panels)
    band = frame.low is not None
    return (frame.kind, frame.label, axes, limits, frame.time, frame.look, shape, band, title.count("\n"))
