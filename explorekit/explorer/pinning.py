"""What is shown compared with? A place that was pinned: its curve stays, or what is shown is the difference from it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explorekit.explorer import flags
from explorekit.explorer.drawing.kinds import frame_of
from explorekit.explorer.labels import value_text
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import PINNED, Frame, Slicer
from explorekit.explorer.view import View, carried

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

# How what is shown is compared with what is pinned, in the words of the menu.
BESIDE, DIFFERENCE, RELATIVE = "both", "difference", "relative difference"
# The ways of each kind of plot, the first of which is the usual one.
WAYS: Mapping[str, tuple[str, ...]] = {
    "line": (BESIDE, DIFFERENCE, RELATIVE),
    "image": (DIFFERENCE, RELATIVE),
    "number": (DIFFERENCE, RELATIVE),
}


class Pinning:
    """What of an explorer is pinned: a place, so that it can be seen in every view that has the dimensions."""

    if TYPE_CHECKING:
        lock: threading.RLock
        slicer: Slicer

        @property
        def view(self) -> View: ...

        def show(self, view: View, notes: Sequence[str] = ()) -> None: ...

    _pinned: View | None = None
    _pin_slicer: Slicer | None = None
    _way: str | None = None
    _reference: tuple[Slicer, View, Frame] | None = None

    @property
    def pinned(self) -> View | None:
        """The view that was pinned; None without one."""
        return self._pinned

    def pin(self, way: str | None = None) -> None:
        """Pin the place that is shown: what is shown from now on is compared with what lies there.

        Parameters
        ----------
        way : str, optional
            ``both`` leaves a curve where it is, ``difference`` shows that of what is shown, and ``relative difference``
            that in per cent. By default curves stay, and of images and numbers the difference is shown.

        Raises
        ------
        ValueError
            If there is no such way.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> import explorekit as ek
        >>> rate = xr.DataArray(np.eye(3), dims=("I", "tau"), name="rate")
        >>> explorer = ek.explore(rate, x="I", tau=1)
        >>> explorer.pin()
        >>> explorer.controls["tau"].value = 2  # the curve of tau = 1 is still there
        """
        with self.lock:
            self._pinned, self._pin_slicer = self.view, self.slicer
            self.compare_by(way)

    def compare_by(self, way: str | None) -> None:
        """Compare with what is pinned in another way, as in `pin`."""
        known = (BESIDE, DIFFERENCE, RELATIVE)
        if way is not None and way not in known:
            raise ValueError(f"got way={way!r}; expected one of {', '.join(map(repr, known))}")
        with self.lock:
            self._way = way
            self.show(self.view)

    def unpin(self) -> None:
        """Let go of what is pinned."""
        with self.lock:
            self._pinned = self._pin_slicer = self._reference = None
            self.show(self.view)

    def way_of(self, kind: str) -> str | None:
        """Return how what is shown is compared with what is pinned; None where it is not."""
        ways = WAYS.get(kind, ())
        if self._pinned is None or not ways:
            return None
        return self._way if self._way in ways else ways[0]

    def compared(self, frame: Frame, scale: Scale, view: View) -> tuple[Frame, Scale]:
        """Return a frame and its scale as they are beside what is pinned."""
        way = self.way_of(frame.kind) if frame.plain else None
        if way is None or frame.values.dtype == object or frame.time:
            return frame, scale
        reference = self._reference_of(view)
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

    def _reference_of(self, view: View) -> Frame:
        """Return what a view shows at the place that is pinned."""
        assert self._pinned is not None
        assert self._pin_slicer is not None
        if self._pin_slicer is not self.slicer:
            self._pinned = carried(self._pinned, self._pin_slicer.dataset, self.slicer.dataset)
            self._pin_slicer = self.slicer
        there = replace(view, selection=self._pinned.selection, picked=False)
        known = self._reference
        if known is None or known[0] is not self.slicer or known[1] != there:
            self._reference = known = (self.slicer, there, frame_of(self.slicer, there))
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
