"""The widget that shows frames in the browser."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets
from matplotlib.axes import Axes

from explorekit.explorer.captions import in_words
from explorekit.explorer.controls import index_trait
from explorekit.explorer.drawing.canvas import DPI, SIZE, WHOLE, Canvas
from explorekit.explorer.drawing.kind import Clickable
from explorekit.explorer.drawing.kinds.image import ImagePainter
from explorekit.explorer.picture.layers import axes_layer, drawn_there, frame_layer
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame
from explorekit.explorer.threads import on_kernel_thread

# Sharp on screens with two dots a pixel; beyond that nobody sees the difference in an axis.
DENSITY = 2
# Pictures of what the browser cannot draw are made anew for each frame, which takes as long as they have dots.
WHOLE_DENSITY = 1.4
# Bytes of such a picture that take longer to travel, and to be unpacked, than a slider's move may.
MOST_BYTES = 400_000


class Picture(anywidget.AnyWidget):
    """Axes drawn here, data drawn in the browser.

    A move of a slider sends the data alone, a byte a cell. Views that are opened later, and browsers that come back, get
    the latest frame, since it is part of the widget's state.

    Parameters
    ----------
    on_ready
        Method to call when a browser can show pictures, each time that one says so. Its object may be freed.
    on_window
        The same for when a browser has zoomed or moved.
    on_pick
        The same for when a value was picked there.
    words_for
        Method that says what lies at a row and a column of an image, or at a place along a line.
    on_rough
        Method to call with the number of the axes when a browser has a rough picture of them.

    Attributes
    ----------
    rough
        Whether what is shown is a rough picture of what the browser cannot draw, which `refine` makes exact.
    """

    # As text: while it follows a file, anywidget keeps every widget for good, here with its figures.
    _esm = Path(__file__).with_name("picture.js").read_text("utf-8")
    _css = Path(__file__).with_name("picture.css").read_text("utf-8")

    axes = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    serial = traitlets.Int().tag(sync=True)
    ahead = traitlets.Dict().tag(sync=True)
    window = traitlets.List(traitlets.Float(), list(WHOLE), minlen=4, maxlen=4).tag(sync=True)
    pick = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        on_ready: Callable[[], None],
        on_window: Callable[[], None],
        on_pick: Callable[[], None],
        words_for: Callable[[Sequence[int]], str],
        on_rough: Callable[[int], None],
    ) -> None:
        self.resize(*SIZE)
        self._number = self._frames = 0
        self._subject: tuple[str, ...] = ()
        self._heavy = self.rough = False
        self._agreed: list[int] = []  # what was picked, as browsers and the frames that they got have it
        self._on_ready = weakref.WeakMethod(on_ready)
        self._on_window = weakref.WeakMethod(on_window)
        self._on_pick = weakref.WeakMethod(on_pick)
        self._words_for = weakref.WeakMethod(words_for)
        self._on_rough = weakref.WeakMethod(on_rough)
        super().__init__()
        self.on_msg(self._heard)
        self.observe(lambda _: _call(self._on_window), "window")
        self.observe(lambda _: _call(self._on_pick), "pick")

    def show(self, frame: Frame, scale: Scale, message: str = "", *, moving: bool = False) -> None:
        """Show a frame, with a message over it; roughly if that is much quicker and the next one is about to follow."""
        subject = (frame.kind, frame.label, *(axis.label for axis in (frame.x, frame.y) if axis is not None))
        if subject != self._subject:
            self._subject = subject
            self.window = list(WHOLE)
        self.rough = False  # from now on, until there is another: what is drawn may be interrupted halfway
        if drawn_there(frame):
            self._show_data(frame, scale, message)
        else:
            self._show_whole(frame, scale, message, roughly=moving and self._heavy)

    def refine(self) -> None:
        """Show exactly what is shown roughly, which need not be drawn again."""
        if self.rough:
            self.rough = False
            background = self._whole.packed()
            self._heavy = len(background) > MOST_BYTES
            with self.hold_sync():
                self._number += 1
                self.axes = {**self.axes, "number": self._number, "rough": False, "background": background}
                self._send_frame({**self.frame, "axes": self._number})

    def sketch(self, frame: Frame, scale: Scale) -> bool:
        """Show some of the data of an image on the axes that are there, if they fit; return whether."""
        fits = self._fits(frame, scale)
        if fits:
            self._set_frame(frame, scale, "")
        return fits

    def _show_data(self, frame: Frame, scale: Scale, message: str) -> None:
        left, right, bottom, top = self.window
        background = self._paper.background(frame, scale, (left, right, bottom, top))
        if isinstance(self._paper.painter, ImagePainter):
            self._paper.painter.forget()
        with self.hold_sync():
            if background is not None:
                self._set_axes(frame, background, axes_layer(self._paper))
            self._set_frame(frame, scale, message)
            self._tell_pick(list(frame.pick or ()))

    def draws(self, shot: tuple[Frame, Scale, str]) -> bool:
        """Return whether the browser draws a shot itself, on the axes that it has."""
        frame, scale, _ = shot
        return drawn_there(frame) and bool(self.frame) and self._fits(frame, scale)

    def foresee(
        self,
        control: ipywidgets.Widget,
        index: int,
        known: Mapping[int, int],
        shots: Mapping[int, tuple[Frame, Scale, str] | None],
    ) -> dict[int, int]:
        """Have browsers show frames as soon as a control turns there, until the latest comes as always.

        Parameters
        ----------
        control, index
            What turns, and its position now.
        known
            The numbers of frames that were sent before, by position.
        shots
            By position, what to send; left out where the axes would be others.

        Returns
        -------
        dict
            The numbers of frames that were sent now.
        """
        fitting = {i: shot for i, shot in shots.items() if shot is not None and self.draws(shot)}
        sent = {i: self._next_serial() for i in fitting}
        self.ahead = {
            "after": self.serial,
            "control": control.model_id,
            "trait": index_trait(control),
            "index": index,
            "serials": {str(i): serial for i, serial in {**known, **sent}.items()},
            "frames": {str(sent[i]): self._state(*shot) for i, shot in fitting.items()},
        }
        return sent

    def take_pick(self) -> list[int]:
        """Return what was picked in a browser, which need not be told of it."""
        self._agreed = list(self.pick)
        return self._agreed

    def _tell_pick(self, places: list[int]) -> None:
        # Only where it is news: meanwhile a browser may have picked something else, which is heard on another thread.
        if places != self._agreed:
            self._agreed = self.pick = places

    def _fits(self, frame: Frame, scale: Scale) -> bool:
        left, right, bottom, top = self.window
        return self._paper.fits(frame, scale, (left, right, bottom, top))

    def _set_frame(self, frame: Frame, scale: Scale, message: str) -> None:
        self._send_frame(self._state(frame, scale, message))

    def _send_frame(self, state: dict[str, Any]) -> None:
        """Send what is drawn over the axes, unless it is there."""
        if state != self.frame:
            with self.hold_sync():
                self.serial, self.frame = self._next_serial(), state

    def _next_serial(self) -> int:
        self._frames += 1
        return self._frames

    def _state(self, frame: Frame, scale: Scale, message: str) -> dict[str, Any]:
        return {
            "axes": self._number,
            "title": self._paper.title(frame),
            "message": self._paper.message(message),
            "description": in_words(frame, message),
            **frame_layer(self._paper, frame, scale),
        }

    def _show_whole(self, frame: Frame, scale: Scale, message: str, *, roughly: bool) -> None:
        """Show a frame of a kind that the browser cannot draw, with nothing left to draw over it."""
        drawn = self._whole.draw(frame, scale, message, roughly=roughly)
        self._heavy = roughly or len(drawn) > MOST_BYTES
        self._paper.forget()  # the browser has these axes no longer
        # How many places there are to be picked, with a click or keys.
        places = list(frame.values.shape) if isinstance(self._whole.painter, Clickable) else []
        with self.hold_sync():
            layer = {
                "kind": "picture",
                "rough": roughly,
                "regions": self._regions(frame),
                "places": places,
            }
            self._set_axes(frame, drawn, layer)
            self.rough = roughly
            description = in_words(frame, message)
            words = {"title": "", "message": "", "description": description}
            self._send_frame({"axes": self._number, **words})
            self._tell_pick(list(frame.pick or ()) if frame.panels or places else [])

    def _set_axes(self, frame: Frame, background: bytes, layer: dict[str, Any]) -> None:
        self._number += 1
        self.axes = {
            "number": self._number,
            "kind": frame.kind,
            "size": [round(inches * DPI) for inches in self._size],
            "box": self._box(),
            "window": list(self.window),
            "background": background,
            **layer,
        }

    def resize(self, width: float, height: float) -> None:
        """Draw the axes at another size, in inches, from the next frame on."""
        self._paper = Canvas((width, height), DENSITY * DPI)
        self._whole = Canvas((width, height), round(WHOLE_DENSITY * DPI))
        self._size = (width, height)

    def _box(self) -> list[float]:
        """Return left, top, width and height of the axes, in pixels from the upper left corner."""
        return self._box_of(self._paper, self._paper.painter.axes)

    def _regions(self, frame: Frame) -> list[list[float]]:
        """Return the box of each of several pictures, in their order."""
        painters = getattr(self._whole.painter, "painters", ())
        return [self._box_of(self._whole, painter.axes) for painter in painters] if frame.panels else []

    def _box_of(self, canvas: Canvas, axes: Axes) -> list[float]:
        density = canvas.figure.dpi / DPI
        box = axes.get_window_extent()
        height = self._size[1] * DPI
        corner = (box.x0 / density, height - box.y1 / density)
        return [float(length) for length in (*corner, box.width / density, box.height / density)]

    def _heard(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if content == "ready":
            _call(self._on_ready)
        elif isinstance(content, dict) and "rough" in content:
            if (on_rough := self._on_rough()) is not None:
                on_rough(content["rough"])
        elif isinstance(content, dict) and "clicked" in content:
            on_kernel_thread(lambda: self._clicked(*content["clicked"]))
        elif isinstance(content, dict) and (words_for := self._words_for()) is not None:
            self.send({**content, "words": words_for(content["where"])})

    def _clicked(self, across: float, down: float) -> None:
        """Pick what lies at a part of the width and of the height of the picture."""
        painter, box = self._whole.painter, self._whole.figure.bbox
        if self.axes.get("places") and isinstance(painter, Clickable):
            place = painter.place_at(across * box.width, (1 - down) * box.height)
            if place is not None:
                self.pick = list(place)


def _call(method: "weakref.WeakMethod[Callable[[], None]]") -> None:
    if (there := method()) is not None:
        there()
