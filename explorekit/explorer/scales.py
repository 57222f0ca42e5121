"""On which scale is each variable drawn? One that is measured once for every snapshot, and never shrinks."""

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from explorekit.explorer.measuring import looked_at, measure_view, numbers, subject
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame, Slicer
from explorekit.explorer.view import View

if TYPE_CHECKING:
    from collections.abc import Hashable


class Scales:
    """The scale of each variable, and of what is worked out from it.

    Attributes
    ----------
    known
        The scales by what is drawn on them, as of `subject`.
    """

    def __init__(self) -> None:
        self.known: dict[Hashable, Scale] = {}
        self._measured: tuple[Slicer | None, set[Hashable]] = (None, set())

    def whole(self, view: View) -> Scale:
        """Return the scale of all values that a view can come to, as far as it is known."""
        return self.known.get(subject(view), Scale())

    def scale(self, slicer: Slicer, view: View, frame: Frame) -> Scale:
        """Return the scale on which a frame of a view is drawn."""
        if view.variable is None:
            return Scale()
        key, scale = subject(view), self.whole(view)
        if self._measured[0] is not slicer:
            self._measured = slicer, set()
        if key not in self._measured[1]:
            scale = _joined(scale, measure_view(slicer, view))
            self._measured[1].add(key)
        self.known[key] = scale = reduce(Scale.including, numbers(frame), scale)
        return looked_at(scale, frame, view)

    def foreseen(self, view: View, frame: Frame) -> Scale:
        """Return the scale on which a frame of a view would be drawn, and change nothing."""
        return looked_at(reduce(Scale.including, numbers(frame), self.whole(view)), frame, view)

    def outgrown(self, view: View, frame: Frame, scale: Scale) -> bool:
        """Return whether a frame was drawn on a scale that has been widened since."""
        return subject(view) in self.known and looked_at(self.whole(view), frame, view) != scale

    def share(self, other: "Scales") -> None:
        """Have the same scales as another explorer's, over the values of both."""
        for name, scale in self.known.items():
            other.known[name] = _joined(other.known.get(name, Scale()), scale)
        self.known = other.known


def _joined(old: Scale, new: Scale) -> Scale:
    """Return the scale over both: the colours of what has been seen stay."""
    added = tuple(c for c in new.categories if c not in old.categories)
    wider = old.or_wider(new.low, new.high)
    return replace(wider, categories=(*old.categories, *added), signed=new.signed)
