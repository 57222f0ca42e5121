"""What would a browser get of each picture? The states of a picture widget that no browser shows."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from explorekit.explorer.page.packing import packed, smaller
from explorekit.explorer.picture import Picture
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame

_LOADING = ("_esm", "_css", "_anywidget_id", "layout", "tabbable", "tooltip")


class Recorder:
    """Keeps what a browser would get of each frame; axes that several frames share are kept once."""

    def __init__(self) -> None:
        self._picture = Picture(self._nothing, self._nothing, self._nothing, self._no_words, self._nothing)
        # The state before the first frame, without what the front end needs to load a widget, and a page has by itself.
        self.initial = {
            name: value
            for name, value in self._picture.get_state(drop_defaults=False).items()
            if name not in _LOADING and not name.startswith(("_model", "_view", "_dom"))
        }
        for widget in (self._picture.layout, self._picture):
            widget.close()  # nobody is told of what follows
        self.axes: list[str] = []
        self._known: dict[bytes, int] = {}
        self._number: tuple[int, int] = (-1, -1)

    def frame(self, frame: Frame, scale: Scale, message: str) -> str:
        """Return what a browser would get of a frame."""
        self._picture.show(frame, scale, message)
        number = self._axes(self._picture.axes)
        return packed({**self._picture.frame, "axes": number})

    def _axes(self, axes: Mapping[str, Any]) -> int:
        if axes["number"] != self._number[0]:
            key = _digest({**axes, "number": 0})
            if key not in self._known:
                self._known[key] = len(self.axes)
                background = smaller(axes["background"])
                self.axes.append(packed({**axes, "number": self._known[key], "background": background}))
            self._number = axes["number"], self._known[key]
        return self._number[1]

    def _nothing(self, *_: object) -> None:
        """Nobody zooms, picks or waits for more."""

    def _no_words(self, _where: Sequence[int]) -> str:
        return ""


def _digest(axes: Mapping[str, Any]) -> bytes:
    digest = hashlib.sha256()
    for name, value in axes.items():
        digest.update(name.encode())
        digest.update(value if isinstance(value, bytes) else repr(value).encode())
    return digest.digest()
