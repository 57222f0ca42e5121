"""How are statistics, colours, rows and columns written? In xarray's own words."""

from explorekit.explorer.code.drawing import Sketch
from explorekit.explorer.code.literals import keywords
from explorekit.explorer.drawing.axes import plain_text
from explorekit.explorer.drawing.canvas import SIZE, title_text
from explorekit.explorer.reducing import BANDS, QUANTILE, middle
from explorekit.explorer.slicing import Frame
from explorekit.explorer.view import View


def has_roles(view: View) -> bool:
    """Return whether there is more to a view than its axes and sliders."""
    roles = view.reduce or view.hue or view.row or view.column
    looks = view.norm == "log" or view.cmap or view.limits or view.xscale or view.yscale
    return bool(roles or looks or view.minus or view.over)


def with_roles(sketch: Sketch) -> None:
    """Write what reduces and draws a view whose dimensions have roles besides the axes."""
    view, scale = sketch.view, sketch.scale
    _lay_out(sketch)
    band = reduce(sketch)
    x = view.by or view.x
    named = {"x": x, "y": view.y, "hue": view.hue, "row": view.row, "col": view.column}
    given = {name: repr(dim) for name, dim in named.items() if dim is not None} | _scales(sketch)
    low, high = scale.limits
    if view.y is None:
        given |= {"yscale": "'log'"} if scale.log else {}
        given |= {"ylim": repr((low, high))} if view.limits else {}
    elif scale.log:
        given["norm"] = f"LogNorm({low!r}, {high!r})"
    elif not scale.categories:
        given |= {"vmin": repr(low), "vmax": repr(high)}
    given |= {"cmap": repr(scale.cmap)} if scale.cmap and view.y is not None else {}
    draw = "pcolormesh" if view.y is not None else "line"
    if view.x is None:
        sketch.add("print(shown.values)")
        return
    if view.row or view.column:
        wrapped = {} if view.row and view.column else {"col_wrap": str(len(sketch.frame.panels[0]))}
        if view.row and not view.column:
            given["col"] = given.pop("row")
        sketch.add(f"grid = shown.plot.{draw}({keywords({**given, **wrapped})})", "figure = grid.fig")
        return
    sketch.add(f"figure, axes = plt.subplots(figsize={SIZE}, layout='constrained')")
    sketch.add(f"shown.plot.{draw}({keywords({'ax': 'axes', **given})})")
    if band and not view.hue:
        sketch.add(f"axes.fill_between(shown[{x!r}], low, high, alpha=0.2)")
    elif band:
        sketch.add(
            f"for value, line in zip(shown[{view.hue!r}], axes.lines):",
            f"    ends = [end.sel({{{view.hue!r}: value}}) for end in (low, high)]",
            f"    axes.fill_between(shown[{x!r}], *ends, color=line.get_color(), alpha=0.2)",
        )
    sketch.add(f"axes.set_title({plain_text(title_text(sketch.frame))!r}, loc='left', fontsize=10)")


def _first(sketch: Sketch) -> Frame:
    return sketch.frame.panels[0][0] if sketch.frame.panels else sketch.frame


def _scales(sketch: Sketch) -> dict[str, str]:
    """Return the scales that were asked for, but none on which some values have no place."""
    frame = _first(sketch)
    asked = {"xscale": (sketch.view.xscale, frame.x), "yscale": (sketch.view.yscale, frame.y)}
    return {
        name: repr("log" if axis.spacing == "log" else "linear")
        for name, (scale, axis) in asked.items()
        if scale and axis is not None
    }


def _lay_out(sketch: Sketch) -> None:
    """Write what gives values along the axes the places that they have in the explorer."""
    frame = _first(sketch)
    for axis in (frame.x, frame.y, frame.hue):
        if axis is None or axis.dim not in sketch.dataset.coords:
            continue
        if axis.kind == "category" and sketch.dataset[axis.dim].dtype.kind != "U":
            sketch.add(f"shown = shown.drop_vars({axis.dim!r})  # they are not measured: in their order")
        elif axis.kind != "category" and not axis.in_order:
            sketch.add(f"shown = shown.sortby({axis.dim!r})")


def reduce(sketch: Sketch, *, bands: bool = True) -> bool:
    """Write the statistics, one after another, a band last if there may be any; return whether there is one."""
    how = sketch.view.reduce
    for name in sorted(dict.fromkeys(how.values()), key=lambda name: name in BANDS):
        dims = [dim for dim, other in how.items() if other == name]
        if name in BANDS and sketch.view.y is None and bands:
            parts = BANDS[name]
            sketch.add(
                *(
                    f"{part} = {_statistic(of, dims)}"
                    for part, of in zip(("low", "high"), parts[1:], strict=False)
                )
            )
            if len(parts) == 2:
                sketch.add("spread = low")
            sketch.add(f"shown = {_statistic(parts[0], dims)}")
            if len(parts) == 2:
                sketch.add("low, high = shown - spread, shown + spread")
            return True
        sketch.add(f"shown = {_statistic(middle(name), dims)}")
    return False


def _statistic(name: str, dims: list[str]) -> str:
    if name.startswith(QUANTILE):
        quantile = name.removeprefix(QUANTILE)
        return f"shown.quantile({quantile}, {dims}, keep_attrs=True).drop_vars('quantile')"
    return f"shown.{name}({dims}, keep_attrs=True)"
