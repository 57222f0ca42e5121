"""Where is it seen? In a picture that the browser draws, in an image until it says that it can, and in a figure."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ipywidgets

from explorekit.explorer.camera import NOTHING, Shot
from explorekit.explorer.controls import WIDTH
from explorekit.explorer.drawing import Canvas
from explorekit.explorer.picture import Picture
from explorekit.explorer.pointing import value_in_words
from explorekit.explorer.resting import Rest
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame
from explorekit.explorer.threads import on_kernel_thread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from explorekit.explorer.explorer import Explorer


logger = logging.getLogger(__name__)

# Seconds until a rough picture is made exact. Once a browser has it: longer than from one step of a player to the next.
SEEN = 0.2
# Where none has said so by then.
UNSEEN = 5.0


class Screen:
    """The widgets in which an explorer's shots are seen, one of them at a time, and what is heard from there.

    Parameters
    ----------
    explorer
        Whose shots they are.

    Attributes
    ----------
    image, picture
        The widgets.
    canvas
        Draws images and figures.
    widget
        The one that is shown.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self.image = ipywidgets.Image(format="png", layout={"width": "100%", "max_width": WIDTH})
        self.picture = Picture(
            self._on_ready, self._on_window, self._on_pick, self._words_for, self._on_rough
        )
        self.canvas = Canvas()
        self.widget: ipywidgets.Widget = self.image
        self._seen = NOTHING
        self._refining = Rest(self._refine)

    def show(self, shot: Shot, *, moving: bool = False) -> Shot:
        """Show what was shot, or why it cannot be drawn; return what is seen. While sliders move, it may be rough."""
        try:
            self._draw(shot, moving=moving)
        except Exception as error:
            # As where it cannot be read, the picture of before would be a wrong one.
            logger.debug("could not draw %s", shot.frame.kind, exc_info=True)
            shot = Shot(Frame("nothing", title=shot.frame.title), Scale(), f"this cannot be drawn: {error}")
            self._draw(shot)
        return shot

    @property
    def drawn_there(self) -> bool:
        """Whether the browser draws."""
        return self.widget is self.picture

    def sketch(self, shot: Shot) -> bool:
        """Show a sketch until the whole is shown, if the browser has its axes; return whether."""
        return self.picture.sketch(shot.frame, shot.scale)

    def _draw(self, shot: Shot, *, moving: bool = False) -> None:
        self._seen = shot
        if self.drawn_there:
            self.picture.show(*shot, moving=moving)
            if self.picture.rough:
                self._refining.moved(UNSEEN)
        else:
            self.image.value = self.canvas.draw(*shot)

    def figure(self, shot: Shot) -> "Figure":
        """Return what was shot as a figure."""
        self.canvas.draw(*shot)
        return self.canvas.figure

    def still(self, shot: Shot) -> bytes:
        """Return what was shot as PNG."""
        return self.canvas.draw(*shot) if self.drawn_there else bytes(self.image.value)

    def resize(self, width: float, height: float) -> None:
        """Draw in another size, in inches, from the next shot on."""
        self.canvas = Canvas((width, height))
        self.picture.resize(width, height)

    def close(self) -> None:
        """Remove the widgets."""
        self._refining.stop()
        self.picture.rough = False  # a browser's answer may still wait to be heard
        self.image.close()
        self.picture.close()

    def _on_ready(self) -> None:
        on_kernel_thread(self._show_picture)

    def _show_picture(self) -> None:
        explorer = self._explorer
        with explorer.lock:
            if not self.drawn_there:
                self.widget = self.picture
                self.canvas = Canvas(self.canvas.size)  # that of before would keep what it has drawn
                self.show(explorer.shown)
                explorer.children = tuple(
                    self.picture if child is self.image else child for child in explorer.children
                )

    def _on_window(self) -> None:
        on_kernel_thread(self._show_again)

    def _show_again(self) -> None:
        with self._explorer.lock:
            self._explorer.settle()
            self.show(self._seen)

    def _on_pick(self) -> None:
        on_kernel_thread(self._take_pick)

    def _take_pick(self) -> None:
        places = self.picture.take_pick()
        if places != list(self._seen.frame.pick or ()):
            self._explorer.pick(places)

    def _on_rough(self, number: int) -> None:
        """Count from when a browser has a rough picture: over a slow line, that is long after it was drawn."""
        on_kernel_thread(lambda: self._begin_to_refine(number))

    def _begin_to_refine(self, number: int) -> None:
        with self._explorer.lock:
            if self.picture.rough and number == self.picture.axes["number"]:
                self._refining.moved(SEEN)

    def _refine(self) -> None:
        with self._explorer.lock:
            self.picture.refine()

    def _words_for(self, where: Sequence[int]) -> str:
        """Return what lies under the pointer; nothing where the picture has changed since."""
        explorer = self._explorer
        with explorer.lock:
            try:
                return value_in_words(explorer.slicer, explorer.shown.frame, where)
            except (IndexError, ValueError):
                return ""
