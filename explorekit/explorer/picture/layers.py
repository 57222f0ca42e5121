"""What does the browser draw over the axes? Cells and lines as bytes, in fractions of the axes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgba_array

from explorekit.explorer import flags
from explorekit.explorer.drawing.canvas import Canvas
from explorekit.explorer.drawing.cells import MOST_MARKED
from explorekit.explorer.drawing.curves import CurvesPainter
from explorekit.explorer.drawing.kinds.image import ImagePainter
from explorekit.explorer.drawing.kinds.line import LinePainter
from explorekit.explorer.drawing.kinds.number import NumberPainter
from explorekit.explorer.drawing.palette import DIM, LINE, MARK_COLOURS, STATUS_COLOURS
from explorekit.explorer.scale import Scale
from explorekit.explorer.sketching import EVERY
from explorekit.explorer.slicing import Frame

Array = np.ndarray[Any, Any]
State = dict[str, Any]

# A cell travels as a byte: 0 for no value, then one of so many colours.
COLOURS = 254
# Values that are coded at once.
PIECE = 2**15

_MARKS = {str(code): colour for code, colour in MARK_COLOURS.items()}

# Of all other kinds it gets pictures.
DRAWN_THERE = ("nothing", "number", "line", "image")


def drawn_there(frame: Frame) -> bool:
    """Return whether the browser draws a frame itself."""
    return frame.kind in DRAWN_THERE and (frame.plain or (frame.kind == "line" and not frame.panels))


def axes_layer(canvas: Canvas) -> State:
    """Return where data lie on axes that show all of them, and how they are drawn: what frames have in common."""
    painter, limits = canvas.painter, canvas.limits
    match painter:
        case ImagePainter():
            sampled = painter.cells.get_cmap()((np.arange(COLOURS) + 0.5) / COLOURS)
            return {
                "x": _fractions(painter.axes.xaxis, painter.x_edges, limits[:2]),
                "y": _fractions(painter.axes.yaxis, painter.y_edges, limits[2:]),
                "palette": _rgba([(0, 0, 0, 0), *sampled]),
                "statuses": _rgba(STATUS_COLOURS.values()),
                "marked": max(len(painter.x), len(painter.y)) <= MOST_MARKED,
            }
        case LinePainter():
            return {
                "x": _fractions(painter.axes.xaxis, painter.x, limits[:2]),
                "colour": LINE,
                "dim": DIM,
                "joined": painter.joined,
                "dotted": painter.dotted,
                "dot": painter.dot_size,
                "marks": _MARKS,
            }
        case CurvesPainter():
            return {
                "kind": "curves",
                "x": _fractions(painter.axes.xaxis, painter.x, limits[:2]),
                "colours": [to_hex(colour) for colour in painter.colours],
                "joined": painter.joined,
                "dotted": painter.dotted,
                "dot": painter.dot_size,
                "width": painter.line_width,
                "lone": painter.hue is None,
                "marks": _MARKS,
            }
        case _:
            return {}


def frame_layer(canvas: Canvas, frame: Frame, scale: Scale) -> State:
    """Return the data of one frame."""
    status = frame.shown_status
    runs = b"" if status is None else status.astype(np.uint8).tobytes()
    painter = canvas.painter
    match painter:
        case ImagePainter():
            values = painter.numbers(frame, scale)
            limits = np.array(painter.cells.get_clim())
            if scale.log:
                with np.errstate(divide="ignore", invalid="ignore"):
                    values, limits = np.where(values > 0, np.log(values), np.nan), np.log(limits)
            state = {"cells": coded(values, *limits).tobytes(), "status": runs}
            return {**state, "every": frame.extra[EVERY]} if EVERY in frame.extra else state
        case LinePainter():
            index, values = painter.points(frame, scale)
            heights = _fractions(painter.axes.yaxis, values, canvas.limits[2:])
            state = {"index": _places(index, len(painter.x)), "heights": heights, "status": runs}
            if painter.pinned is not None:
                index, values = painter.pinned_points(frame)
                state["pinned_index"] = _places(index, len(painter.x))
                state["pinned"] = _fractions(painter.axes.yaxis, values, canvas.limits[2:])
            return state
        case CurvesPainter():
            return _curves(canvas, painter, frame, scale)
        case NumberPainter():
            return {"number": painter.words(frame), "label": frame.label}
        case _:
            return {}


def _curves(canvas: Canvas, painter: CurvesPainter, frame: Frame, scale: Scale) -> State:
    """Return several curves one after the other, in few pieces, as each piece takes its time to travel."""
    points = painter.points(frame, scale)
    counts = [len(index) for index, *_ in points]
    index = np.concatenate([index for index, *_ in points])
    state = {"counts": counts, "index": _places(index, len(painter.x) * len(counts)), "status": b""}
    for name, values in zip(("heights", "low", "high"), [*zip(*points, strict=True)][1:], strict=False):
        state[name] = _fractions(painter.axes.yaxis, np.concatenate(values), canvas.limits[2:])
    if (status := frame.shown_status) is not None:
        # Where curves differ in what became of their runs, there is one mark.
        worst = np.where(status == flags.OK, -1, status.astype(np.int8)).reshape(-1, len(painter.x)).max(0)
        state["status"] = np.where(worst < 0, flags.OK, worst).astype(np.uint8).tobytes()
    return state


def _places(index: Array, all_places: int) -> bytes:
    """Return the places that curves go through; nothing where that is all of them, as each piece takes its time to travel."""
    return b"" if len(index) == all_places else index.astype(np.int32).tobytes()


def coded(values: Array, low: float, high: float) -> Array:
    """Return a byte a value: 0 where there is none, else 1 to 254 from one limit to the other."""
    codes = np.empty(values.shape, np.uint8)
    # In pieces that stay in the processor's cache: of a large image, memory would take longer than arithmetic.
    step = max(1, PIECE // max(values[:1].size, 1))
    for start in range(0, len(values), step):
        piece = values[start : start + step]
        place = piece - low
        place *= COLOURS / (high - low)
        np.clip(place, 0, COLOURS - 1, out=place)
        place += 1
        place[~np.isfinite(piece)] = 0
        codes[start : start + step] = place
    return codes


def _fractions(axis: Axis, values: Array, limits: Sequence[float]) -> bytes:
    """Return where values lie along an axis that goes from 0 to 1, as float32; NaN stays."""
    transform = axis.get_transform()
    # Halved, since a difference of two numbers may be too large for one.
    low, high = transform.transform(np.array(limits)) / 2
    places = (transform.transform(np.asarray(values, dtype=float)) / 2 - low) / (high - low)
    # A logarithmic axis has no place for zero.
    return np.where(np.isfinite(places), places, np.nan).astype(np.float32).tobytes()


def _rgba(colours: Iterable[Any]) -> bytes:
    return (to_rgba_array(list(colours)) * 255).round().astype(np.uint8).tobytes()
