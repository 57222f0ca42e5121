"""How is each kind of plot drawn in a few lines? As the explorer does it, without what only a moving picture needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from explorekit.explorer import flags
from explorekit.explorer.axis import Axis
from explorekit.explorer.code.literals import limits, texts
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.canvas import SIZE, title_text
from explorekit.explorer.drawing.palette import LINE, MARK_COLOURS, STATUS_COLOURS, STATUS_MARKS
from explorekit.explorer.drawing.xy import FEW_POINTS, MARGIN
from explorekit.explorer.labels import with_units
from explorekit.explorer.scale import Scale
from explorekit.explorer.slicing import Frame
from explorekit.explorer.view import View, slider_dims

# As many labels as an axis has room for.
MOST_TICKS = 20


@dataclass
class Sketch:
    """Lines of code, as far as they are written, and what they draw.

    Parameters
    ----------
    dataset, view
        What is shown.
    frame, scale
        What the explorer draws.
    lines
        The code so far, without imports.
    """

    dataset: xr.Dataset
    view: View
    frame: Frame
    scale: Scale
    lines: list[str] = field(default_factory=list)

    @property
    def variable(self) -> xr.Variable:
        return self.dataset.variables[str(self.view.variable)]

    @property
    def axes(self) -> list[Axis]:
        return [axis for axis in (self.frame.y, self.frame.x) if axis is not None]

    @property
    def plain(self) -> bool:
        """Whether every dimension has a control or an axis, and the kind of plot is one that is written out here."""
        shown = {*slider_dims(self.dataset, self.view), *self.view.axes}
        return self.frame.kind in KINDS and set(self.variable.dims) <= shown

    def coordinate(self, axis: Axis) -> str | None:
        """Return the coordinate that gives the positions along an axis, None where they are counted."""
        name = self.view.by if axis.scattered else axis.dim
        return name if name in self.dataset.coords else None

    def add(self, *lines: str) -> None:
        self.lines += lines

    def text(self) -> str:
        """Return the whole code, with the imports that it needs."""
        body = "\n".join(self.lines)
        imports = {
            "np": "import numpy as np",
            "plt": "import matplotlib.pyplot as plt",
            "xr": "import xarray as xr",
            "LineCollection": "from matplotlib.collections import LineCollection",
            "ListedColormap": "from matplotlib.colors import ListedColormap",
            "LogNorm": "from matplotlib.colors import LogNorm",
            "Normalize": "from matplotlib.colors import Normalize",
        }
        needed = [line for name, line in imports.items() if f"{name}." in body or f"{name}(" in body]
        return "\n".join([*sorted(needed, key=lambda line: line.split()[1]), "", body, ""])

    @property
    def gaps(self) -> list[int]:
        """How the runs ended that have no value."""
        parts = [panel for row in self.frame.panels for panel in row] or [self.frame]
        known = [status for part in parts if (status := part.shown_status) is not None]
        return [code for code in STATUS_MARKS if any(bool(np.any(status == code)) for status in known)]


def convert(sketch: Sketch) -> None:
    """Make numbers of what is none, as the explorer does."""
    variable, categories = sketch.variable, sketch.scale.categories
    kind = variable.dtype.kind
    meanings = flags.meanings_of(variable.attrs)
    if meanings:
        values = [int(value) for value in np.atleast_1d(variable.attrs["flag_values"])]
        if values != list(range(len(values))):
            codes = {value: categories.index(name) for value, name in zip(values, meanings, strict=True)}
            sketch.add(*_coded(codes, "value"))
    elif categories:
        sketch.add(*_coded({name: place for place, name in enumerate(categories)}, "str(value)"))
    elif kind == "c":
        sketch.add("shown = abs(shown)")
    elif kind == "b":
        sketch.add("shown = shown.astype(float)")
    elif kind == "m":
        sketch.add("shown = shown / np.timedelta64(1, 's')")
    elif kind == "M" and sketch.frame.kind not in ("line", "number", "bar"):
        sketch.add("shown = (shown - np.datetime64(0, 'D')) / np.timedelta64(1, 'D')  # days since 1970")


def _coded(codes: Mapping[str, int] | Mapping[int, int], key: str) -> list[str]:
    return [
        f"codes = {codes}",
        f"shown = xr.apply_ufunc(lambda value: codes.get({key}, np.nan), shown, vectorize=True, output_dtypes=[float])",
    ]


def number(sketch: Sketch) -> None:
    variable, frame = sketch.variable, sketch.frame
    if variable.dtype.kind == "f" and not flags.meanings_of(variable.attrs):
        text = f'f"{with_units("{shown.item():.6g}", variable.attrs)}"'
    else:
        text = repr(plain_text(frame.text))
    add_figure(sketch)
    sketch.add(
        "axes.axis('off')",
        f"axes.text(0.5, 0.5, {text}, ha='center', va='center', fontsize=26)",
    )
    add_title(sketch)


def line(sketch: Sketch) -> None:
    x, scale = sketch.frame.x, sketch.scale
    assert x is not None
    joined = not (x.kind == "category" or x.scattered or scale.categories)
    dotted = len(x.positions) <= FEW_POINTS or not joined
    style = repr(("-" if joined else "") + ("o" if dotted else ""))
    sketch.add(f"x = {positions_of(sketch, x)}")
    add_figure(sketch)
    values = "shown.where(status <= 1)" if sketch.gaps else "shown"
    sketch.add(f"axes.plot(x, {values}, {style}, color={LINE!r}, markersize=4, linewidth=1.4)")
    for code in sketch.gaps:
        also = " & shown.isnull()" if code == flags.PENDING else ""
        look = f"marker={STATUS_MARKS[code]!r}, color={MARK_COLOURS[code]!r}, transform=axes.get_xaxis_transform()"
        sketch.add(
            f"there = ((status == {code}){also}).values  # {flags.IN_WORDS[code]}",
            f"axes.scatter(x[there], np.full(there.sum(), 0.025), {look})",
        )
    if scale.categories:
        add_ticks(sketch, "y", scale.categories)
    elif not sketch.frame.time:
        low, high = scale.limits
        room = MARGIN * (high - low)
        sketch.add("axes.set_ylim({}, {})".format(*limits(low - room, high + room)))
    add_axis(sketch, "x", x)
    sketch.add(f"axes.set_ylabel({plain_text(sketch.frame.label)!r})")
    add_title(sketch)


def image(sketch: Sketch) -> None:
    frame, scale = sketch.frame, sketch.scale
    x, y = frame.x, frame.y
    assert x is not None
    assert y is not None
    across, up = sides_of(sketch, x, y)
    turned = f".transpose({y.dim!r}, {x.dim!r})"
    low, high = scale.limits
    colours = "cmap='viridis', vmin={}, vmax={}".format(*limits(low, high))
    if scale.categories:
        names = set(scale.categories) <= set(flags.MEANINGS)
        own = [STATUS_COLOURS[flags.MEANINGS.index(name)] for name in scale.categories] if names else []
        palette = f"ListedColormap({own})" if names else f"plt.get_cmap('viridis', {len(scale.categories)})"
        colours = f"cmap={palette}, vmin={low}, vmax={high}"
    sketch.add(f"x = {across}", f"y = {up}")
    add_figure(sketch)
    sketch.add(f"cells = axes.pcolormesh(x, y, shown{turned}, {colours})")
    if scale.categories:
        names_ = texts([plain_text(shortened(name)) for name in scale.categories[:MOST_TICKS]])
        ticks = f", ticks=range({min(len(scale.categories), MOST_TICKS)})"
        sketch.add(
            f"bar = figure.colorbar(cells, label={plain_text(frame.label)!r}{ticks})",
            f"bar.ax.set_yticklabels({names_})",
        )
    else:
        sketch.add(f"figure.colorbar(cells, label={plain_text(frame.label)!r})")
    if sketch.gaps:
        ended = "status.where((status > 1) | ((status == 0) & shown.isnull()))"
        look = f"cmap=ListedColormap({list(STATUS_COLOURS.values())}), vmin=-0.5, vmax=3.5"
        words = ", ".join(flags.IN_WORDS[code] for code in sketch.gaps)
        sketch.add(f"axes.pcolormesh(x, y, {ended}{turned}, {look})  # {words}")
    add_axis(sketch, "x", x)
    add_axis(sketch, "y", y)
    add_title(sketch)


def other(sketch: Sketch) -> None:
    add_figure(sketch)
    sketch.add(f"shown.plot(ax=axes)  # the explorer draws this as: {sketch.frame.kind}")
    add_title(sketch)


KINDS: Mapping[str, Callable[[Sketch], None]] = {"number": number, "line": line, "image": image}


def add_figure(sketch: Sketch) -> None:
    sketch.add(f"figure, axes = plt.subplots(figsize={SIZE}, layout='constrained')")


def add_title(sketch: Sketch) -> None:
    if sketch.frame.title:
        sketch.add(f"axes.set_title({plain_text(title_text(sketch.frame))!r}, loc='left', fontsize=10)")


def positions_of(sketch: Sketch, axis: Axis) -> str:
    """Return where values lie along an axis, as an array."""
    name = sketch.coordinate(axis)
    if axis.kind == "category" or name is None:
        counted = f"np.arange({len(axis.positions)})"
        return f"{counted} * {axis.step}" if axis.step > 1 and axis.kind != "category" else counted
    seconds = " / np.timedelta64(1, 's')" if sketch.dataset.coords[name].dtype.kind == "m" else ""
    return f"shown[{name!r}]{seconds}"


def sides_of(sketch: Sketch, x: Axis, y: Axis) -> tuple[str, str]:
    """Return what `pcolormesh` takes along both: centres if halfway between them is the edge, otherwise edges."""
    if all(axis.spacing != "log" and len(axis.positions) > 1 for axis in (x, y)):
        return positions_of(sketch, x), positions_of(sketch, y)
    return edges_of(x), edges_of(y)


def edges_of(axis: Axis) -> str:
    if axis.kind == "time":
        moments = np.datetime64(0, "ms") + (axis.edges * 86_400e3).round().astype("timedelta64[ms]")
        return f"np.array({texts([str(moment) for moment in moments])}, 'M8[ms]')"
    if axis.spacing == "uneven":
        return f"np.array({[float(edge) for edge in axis.edges]})"
    make = "geomspace" if axis.spacing == "log" else "linspace"
    first, last = float(axis.edges[0]), float(axis.edges[-1])
    return f"np.{make}({first!r}, {last!r}, {len(axis.edges)})"


def add_axis(sketch: Sketch, which: str, axis: Axis) -> None:
    if axis.kind == "category":
        add_ticks(sketch, which, axis.ticks)
    if axis.spacing == "log":
        sketch.add(f"axes.set_{which}scale('log')")
    sketch.add(f"axes.set_{which}label({plain_text(axis.label)!r})")


def add_ticks(sketch: Sketch, which: str, names: Sequence[str]) -> None:
    step = -(-len(names) // MOST_TICKS) or 1
    shown = texts([plain_text(shortened(name)) for name in names[::step]])
    sketch.add(f"axes.set_{which}ticks(range(0, {len(names)}, {step}), {shown})")
