"""What is shown compared with? A place that was pinned: its curve stays, or what is shown is the difference from it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from explorekit.explorer import flags
from explorekit.explorer.drawing.kinds import frame_of
from explorekit.explorer.labels import value_text
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import PINNED, Frame, Slicer
from explorekit.explorer.view import View, carried

# How what is shown is compared with what is pinned, in the words of the menu.
BESIDE, DIFFERENCE, RELATIVE = "both", "difference", "relative difference"
# The ways of each kind of plot, the first of which is the usual one.
WAYS: Mapping[str, tuple[str, ...]] = {
    "line": (BESIDE, DIFFERENCE, RELATIVE),
    "image": (DIFFERENCE, RELATIVE),
    "number": (DIFFERENCE, RELATIVE),
    "bar": (BESIDE, DIFFERENCE, RELATIVE),
    "contour": (DIFFERENCE, RELATIVE),
}


class Pin:
    """A place that is pinned, so that it can be seen in every view that has the dimensions.

    Attributes
    ----------
    view
        The view that was pinned; None without one.
    """

    def __init__(self) -> None:
        self.view: View | None = None
        self._slicer: Slicer | None = None
        self._way: str | None = None
        self._reference: tuple[Slicer, View, Frame] | None = None

    def put(self, slicer: Slicer, view: View) -> None:
        """Pin the place at which a view stands."""
        self.view, self._slicer = view, slicer

    def remove(self) -> None:
        """Let go of what is pinned."""
        self.view = self._slicer = self._reference = None

    def compare_by(self, way: str | None) -> None:
        """Compare with what is pinned in another way, None for the usual one.

        Raises
        ------
        ValueError
            If there is no such way.
        """
        known = (BESIDE, DIFFERENCE, RELATIVE)
        if way is not None and way not in known:
            raise ValueError(f"got way={way!r}; expected one of {', '.join(map(repr, known))}")
        self._way = way

    def way_of(self, kind: str) -> str | None:
        """Return how a kind of plot is compared with what is pinned; None where it is not."""
        ways = WAYS.get(kind, ())
        if self.view is None or not ways:
            return None
        return self._way if self._way in ways else ways[0]

    def compared(self, slicer: Slicer, view: View, frame: Frame, scale: Scale) -> tuple[Frame, Scale]:
        """Return the frame of a view and its scale as they are beside what is pinned."""
        way = self.way_of(frame.kind) if frame.plain else None
        if way is None or frame.values.dtype == object or frame.time:
            return frame, scale
        reference = self._reference_of(slicer, view)
        if reference.values.shape != frame.values.shape:
            return frame, scale
        note = f"pinned: {reference.title}" if reference.title else "pinned"
        frame = replace(frame, note="; ".join(filter(None, (note, frame.note))))
        if way == BESIDE:
            extra = {**frame.extra, PINNED: reference.values}
            frame = replace(frame, extra=extra, look=(frame.look, PINNED))
            return frame, scale.including(reference.values)
        frame = _difference(frame, reference, relative=way == RELATIVE)
        return frame, _scale(frame, scale, relative=way == RELATIVE)

    def _reference_of(self, slicer: Slicer, view: View) -> Frame:
        """Return what a view shows at the place that is pinned."""
        assert self.view is not None
        assert self._slicer is not None
        if self._slicer is not slicer:
            self.view = carried(self.view, self._slicer.dataset, slicer.dataset)
            self._slicer = slicer
        there = replace(view, selection=self.view.selection, picked=False)
        known = self._reference
        if known is None or known[0] is not slicer or known[1] != there:
            self._reference = known = (slicer, there, frame_of(slicer, there))
        return known[2]


def _difference(frame: Frame, reference: Frame, *, relative: bool) -> Frame:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = frame.values - reference.values
        if relative:
            values = 100 * values / np.abs(reference.values)
    units = "%" if relative else frame.units
    name = frame.label.removesuffix(f" ({frame.units})") if frame.units else frame.label
    status, there = frame.shown_status, reference.shown_status
    if status is not None and there is not None:
        status = np.where(status == flags.OK, there, status)
    label = f"{'relative difference' if relative else 'difference'} of {name}"
    return replace(
        frame,
        label=f"{label} ({units})" if units else label,
        units=units,
        values=values,
        status=status,
        text=f"{value_text(float(values))} {units}".rstrip() if frame.kind == "number" else "",
    )


def _scale(frame: Frame, of_values: Scale, *, relative: bool) -> Scale:
    """Return a scale round zero: as wide as all values, so that it stays, or as these per cents are."""
    if relative:
        return Scale(signed=True).including(frame.values)
    low, high = of_values.limits
    return Scale(low - high, high - low, signed=True)
