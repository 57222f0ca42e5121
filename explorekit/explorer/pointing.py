"""What lies under the pointer? One value of a frame, and where it lies, in words."""

from collections.abc import Sequence

import numpy as np

from explorekit.explorer import flags
from explorekit.explorer.labels import value_text
from explorekit.explorer.slicing import Frame, Slicer


def value_in_words(slicer: Slicer, frame: Frame, where: Sequence[int]) -> str:
    """Return a value of a frame and where it lies, a line each; with more digits than the picture can show.

    Parameters
    ----------
    slicer
        What the frame is of.
    frame
        An image or a line.
    where
        The row and the column, or the curve of several and the place along it.

    Raises
    ------
    IndexError
        If the frame has no such place.
    """
    at = tuple(where)
    lines = [f"{frame.label} = {_value(frame, at)}"]
    axes = [axis for axis in (frame.hue, frame.y, frame.x) if axis is not None]
    for axis, place in zip(axes, at, strict=True):
        label = slicer.label(axis.dim, int(axis.order[place]))
        lines.append(label if "=" in label else f"{axis.dim} = {label}")
    return "\n".join(lines)


def picked_in_words(slicer: Slicer, frame: Frame) -> str:
    """Return what is picked of a frame, in one line; nothing where nothing is."""
    if frame.pick is None:
        return ""
    return "picked: " + ", ".join(value_in_words(slicer, frame, frame.pick).splitlines())


def _value(frame: Frame, at: tuple[int, ...]) -> str:
    if bool(frame.missing[at]):
        status = flags.OK if frame.status is None else int(frame.status[at])
        return "no value" if status == flags.OK else flags.IN_WORDS[status]
    value = frame.values[at]
    if frame.time:
        return value_text(np.datetime64(0, "ns") + np.timedelta64(round(value * 86_400e9), "ns"))
    return value_text(value)
