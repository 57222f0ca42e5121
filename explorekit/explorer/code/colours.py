"""How are the colours of values written that are no image? As the norm and the map that matplotlib draws them by."""

from explorekit.explorer import flags
from explorekit.explorer.code.drawing import MOST_TICKS, Sketch
from explorekit.explorer.code.literals import limits, texts
from explorekit.explorer.drawing.axes import plain_text, shortened
from explorekit.explorer.drawing.palette import STATUS_COLOURS


def norm(sketch: Sketch) -> str:
    """Return what maps values to colours, between the limits of the scale."""
    low, high = sketch.scale.limits
    if sketch.scale.log:
        return f"LogNorm({low!r}, {high!r})"
    return "Normalize({}, {})".format(*limits(low, high))


def palette(sketch: Sketch) -> str:
    """Return the colours, as matplotlib takes them."""
    scale = sketch.scale
    if not scale.categories:
        return repr("vanimo" if scale.signed else scale.cmap or "viridis")
    if set(scale.categories) <= set(flags.MEANINGS):
        own = [STATUS_COLOURS[flags.MEANINGS.index(name)] for name in scale.categories]
        return f"ListedColormap({own})"
    return f"plt.get_cmap('viridis', {len(scale.categories)})"


def bar(sketch: Sketch, drawn: str, beside: str) -> None:
    """Write the bar that tells the colours of what is drawn."""
    scale, label = sketch.scale, plain_text(sketch.frame.label)
    if not scale.categories:
        sketch.add(f"figure.colorbar({drawn}, ax={beside}, label={label!r})")
        return
    names = texts([plain_text(shortened(name)) for name in scale.categories[:MOST_TICKS]])
    sketch.add(
        f"bar = figure.colorbar({drawn}, ax={beside}, label={label!r}, ticks=range({min(len(scale.categories), MOST_TICKS)}))",
        f"bar.ax.set_yticklabels({names})",
    )
