"""How are points with many parameters written? As lines across an axis each, or dots over pairs of them."""

import numpy as np

from explorekit.explorer.axis import Array
from explorekit.explorer.code.colours import bar, norm, palette
from explorekit.explorer.code.drawing import Sketch, add_figure, add_title, other
from explorekit.explorer.code.literals import texts
from explorekit.explorer.code.roles import reduce
from explorekit.explorer.designing import COLUMNS, Column
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.canvas import SIZE
from explorekit.explorer.drawing.kinds.pairs import STREWN
from explorekit.explorer.drawing.kinds.parallel import STYLES, named, weight
from explorekit.explorer.drawing.palette import MARK_COLOURS, STATUS_MARKS
from explorekit.explorer.drawing.ticks import ticks_of
from explorekit.explorer.flags import IN_WORDS
from explorekit.explorer.view import STATUS


def parallel(sketch: Sketch, runs: str) -> None:
    if sketch.frame.panels:
        other(sketch)
        return
    columns: tuple[Column, ...] = sketch.frame.extra[COLUMNS]
    _start(sketch, runs)
    sketch.add("heights = np.column_stack([")
    for column in columns:
        values = _values(sketch, column)
        low, high = column.low, column.high
        above = f"({values} {'+' if low < 0 else '-'} {abs(low)!r}) / {high - low!r}"
        ratio = f"np.log({values} / {low!r}) / np.log({high / low!r})" if column.log else ""
        sketch.add(f"    {ratio or above},  # {column.name}")
    sketch.add(
        "    np.ma.filled(norm(np.ma.masked_invalid(value)), np.nan).clip(0, 1),",
        "])",
        "lines = np.stack(np.broadcast_arrays(np.arange(heights.shape[1]), heights), axis=-1)",
    )
    width, alpha = weight(len(sketch.frame.values))
    add_figure(sketch)
    look = f"norm=norm, cmap={palette(sketch)}, linewidths={width}, alpha={alpha:.3g}, clip_on=False"
    sketch.add(
        "there = np.isfinite(value)",
        f"shown_lines = LineCollection(lines[there], array=value[there], {look})",
        "axes.add_collection(shown_lines, autolim=False)",
    )
    for code in gaps_of(sketch):
        look = (
            f"colors={MARK_COLOURS[code]!r}, linestyles=[{STYLES[code]}], linewidths={width}, clip_on=False"
        )
        ended = f"np.isnan(value) & (status == {code}).values"
        sketch.add(
            f"axes.add_collection(LineCollection(lines[{ended}], {look}), autolim=False)  # {IN_WORDS[code]}"
        )
    ticks = [_ticks(column) for column in columns]
    sketch.add(
        f"ticks = [{', '.join(ticks)}]",
        "for place, (there, names) in enumerate(ticks):",
        "    axes.plot([place] * len(there), there, '_', color='#444444', clip_on=False)",
        "    for height, name in zip(there, names):",
        "        where = dict(textcoords='offset points', ha='right', va='center', fontsize=7.5)",
        "        axes.annotate(name, (place, height), (-5, 0), annotation_clip=False, **where)",
        f"axes.vlines(range({len(columns) + 1}), 0, 1, color='#444444', linewidth=0.9)",
        f"axes.set_xticks(range({len(columns) + 1}), {texts(_names(sketch, columns))})",
        f"axes.set(xlim=(0, {len(columns)}), ylim=(0, 1), yticks=[])",
        "axes.spines[:].set_visible(False)",
    )
    bar(sketch, "shown_lines", "axes")
    add_title(sketch)


def pairs(sketch: Sketch, runs: str) -> None:
    if sketch.frame.panels:
        other(sketch)
        return
    columns: tuple[Column, ...] = sketch.frame.extra[COLUMNS]
    _start(sketch, runs)
    sketch.add("parameters = {")
    for place, column in enumerate(columns):
        beside = (
            f" + np.random.default_rng({place}).uniform(-{STREWN}, {STREWN}, len(value))"
            if column.ticks
            else ""
        )
        sketch.add(f"    {column.name!r}: {_values(sketch, column)}{beside},")
    n = len(columns)
    sketch.add(
        "}",
        f"names = {texts([plain_text(label) for label in (*(c.label for c in columns), sketch.frame.label)])}",
        "points = [*map(np.asarray, parameters.values()), value]",
        f"figure, grid = plt.subplots({n}, {n}, figsize={SIZE}, layout='constrained', squeeze=False)",
        f"for row, column in np.ndindex({n}, {n}):",
        "    axes = grid[row, column]",
        "    axes.set_visible(column <= row)",
        f"    dots = axes.scatter(points[column], points[row + 1], 6, value, norm=norm, cmap={palette(sketch)})",
    )
    for code in gaps_of(sketch):
        sketch.add(
            f"    ended = (status == {code}).values & np.isnan(value)  # {IN_WORDS[code]}",
            f"    height = points[row + 1][ended] if row < {n - 1} else np.full(ended.sum(), 0.05)",
            f"    where = axes.transData if row < {n - 1} else axes.get_xaxis_transform()",
            f"    axes.scatter(points[column][ended], height, 12, {MARK_COLOURS[code]!r}, marker={STATUS_MARKS[code]!r}, transform=where)",
        )
    log = [place for place, column in enumerate(columns) if column.log] + ([n] if sketch.scale.log else [])
    if log:
        sketch.add(
            f"    axes.set_xscale('log' if column in {log} else 'linear')",
            f"    axes.set_yscale('log' if row + 1 in {log} else 'linear')",
        )
    named_ = {place: list(column.ticks) for place, column in enumerate(columns) if column.ticks}
    named_ |= {n: list(sketch.scale.categories)} if sketch.scale.categories else {}
    if named_:
        short = {p: [plain_text(shortened(name, 8)) for name in names] for p, names in named_.items()}
        sketch.add(
            f"    categories = {short}",
            "    if column in categories:",
            "        axes.set_xticks(range(len(categories[column])), categories[column])",
            "    if row + 1 in categories:",
            "        axes.set_yticks(range(len(categories[row + 1])), categories[row + 1])",
        )
    sketch.add(
        "    axes.set(xlabel=names[column], ylabel=names[row + 1])",
        "    axes.tick_params(labelsize=7)",
        "    axes.label_outer()",
    )
    bar(sketch, "dots", "grid")
    if sketch.frame.title:
        sketch.add(f"figure.suptitle({plain_text(sketch.frame.title)!r}, fontsize=10)")


def _start(sketch: Sketch, runs: str) -> None:
    """Write which points are drawn, their values and the colours of these."""
    reduce(sketch)
    gaps = gaps_of(sketch)
    if gaps:
        sketch.add(f"status = results[{STATUS!r}]{runs}.broadcast_like(shown)")
    axis = sketch.frame.x
    assert axis is not None
    size = sketch.dataset.sizes[axis.dim]
    if len(axis.order) < size:
        some = f"np.sort(np.random.default_rng(0).permutation({size})[:{len(axis.order)}])"
        sketch.add(f"some = {{{axis.dim!r}: {some}}}", "shown = shown.isel(some)")
        sketch.add(*(["status = status.isel(some)"] if gaps else []))
    if gaps:
        sketch.add("shown = shown.where(status <= 1)")
    sketch.add("value = shown.values.astype(float)")
    if sketch.scale.log:
        sketch.add("value = np.where(value > 0, value, np.nan)")
    sketch.add(f"norm = {norm(sketch)}")


def gaps_of(sketch: Sketch) -> list[int]:
    """Return how the runs ended that have no value; of a statistic over several runs there is no such thing to write."""
    return [] if sketch.view.reduce else sketch.gaps


def _values(sketch: Sketch, column: Column) -> str:
    """Return where points lie along a parameter, as floats."""
    name, dtype = column.name, sketch.dataset.coords[column.name].dtype
    values = f"shown[{name!r}]"
    given = f".where(shown[{name + '_given'!r}])" if f"{name}_given" in sketch.dataset.coords else ""
    if column.ticks and dtype.kind in "bU":
        coded = f"np.array([{list(column.ticks)}.index(str(each)) for each in {values}.values])"
        return f"np.where(shown[{name + '_given'!r}], {coded}, np.nan)" if given else coded
    if column.ticks:
        return f"np.array({_listed(column.values)})"
    if dtype.kind == "M":
        return f"(({values} - np.datetime64(0, 'D')) / np.timedelta64(1, 'D')){given}"
    return f"({values} / np.timedelta64(1, 's')){given}" if dtype.kind == "m" else f"{values}{given}"


def _listed(values: Array) -> str:
    return "[" + ", ".join("np.nan" if np.isnan(value) else f"{value:g}" for value in values) + "]"


def _ticks(column: Column) -> str:
    where, names = ticks_of(column)
    there = [round(float(height), 4) for height in column.fractions(where)]
    return f"({there}, {texts([plain_text(name) for name in names])})"


def _names(sketch: Sketch, columns: tuple[Column, ...]) -> list[str]:
    return named([*(column.label for column in columns), sketch.frame.label])
