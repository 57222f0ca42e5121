"""The ways to look, each as its documentation has it; called in a notebook's only cell.

`show` leaves on screen a picture and a slider for ``b``, whose first position is shown.
"""

from pathlib import Path
from typing import Any

FIGURE = (5, 4)
# What `%matplotlib` is to be before; mpl-interactions looks for the long name.
BACKENDS = {"ipympl": "widget", "hyperslicer": "module://ipympl.backend_nbagg"}


def show(way: str, variable: str) -> Any:
    """Return what the cell is to display."""
    if way == "explorekit":
        import explorekit as ek

        return ek.explore(ek.open("study"), variable, a=0.5)
    if way in ("large", "long"):
        import explorekit as ek

        return ek.explore(ek.open(way), variable)
    if way == "kind":
        from benchmarks.looking.kinds import shown

        return shown(variable)
    import xarray as xr

    values = xr.load_dataset("results.nc")[variable].sel(a=0.5, method="nearest", drop=True)
    return globals()[way](values)


def interact(values: Any) -> Any:
    """Draw with xarray, anew each time."""
    import ipywidgets
    import matplotlib.pyplot as plt

    def draw(b: int) -> None:
        plt.figure(figsize=FIGURE)
        values.sel(b=b).plot()
        plt.show()

    return ipywidgets.interactive(draw, b=ipywidgets.IntSlider(0, 0, len(values.b) - 1))


def ipympl(values: Any) -> Any:
    """Move one artist, and draw nothing but it: `set_data` and blitting."""
    import ipywidgets
    import matplotlib.pyplot as plt

    with plt.ioff():
        figure, axes = plt.subplots(figsize=FIGURE)
    slices = values.values
    if values.ndim == 3:
        artist: Any = axes.imshow(
            slices[0], vmin=slices.min(), vmax=slices.max(), origin="lower", aspect="auto"
        )
        figure.colorbar(artist)
        move = artist.set_data
    else:
        (artist,) = axes.plot(values.t, slices[0])
        axes.set_ylim(slices.min(), slices.max())
        move = artist.set_ydata
    artist.set_animated(True)
    canvas: Any = figure.canvas
    background = None

    def drawn(_event: Any) -> None:
        nonlocal background
        background = canvas.copy_from_bbox(figure.bbox)
        axes.draw_artist(artist)

    def moved(change: Any) -> None:
        move(slices[change["new"]])
        if background is None:
            canvas.draw_idle()
            return
        canvas.restore_region(background)
        axes.draw_artist(artist)
        canvas.blit(figure.bbox)

    canvas.mpl_connect("draw_event", drawn)
    slider = ipywidgets.IntSlider(0, 0, len(slices) - 1)
    slider.observe(moved, "value")
    return ipywidgets.VBox([slider, canvas])


def hyperslicer(values: Any) -> Any:
    """mpl-interactions: `hyperslicer` for images, `plot` for lines."""
    import matplotlib.pyplot as plt
    from mpl_interactions import hyperslicer, ipyplot

    plt.figure(figsize=FIGURE)
    if values.ndim == 3:
        hyperslicer(values.transpose("b", "y", "x"), vmin=-1, vmax=1)
    else:
        slices = values.values
        ipyplot.plot(values.t.values, lambda _, b: slices[int(b)], b=values.b.values)
        plt.ylim(-1.1, 1.1)
    return plt.gcf().canvas


def hvplot(values: Any) -> Any:
    """hvPlot with a slider, which is Panel's."""
    import holoviews as hv
    import hvplot.xarray  # noqa: F401 - gives arrays their `hvplot`

    hv.extension("bokeh", inline=True)  # as there may be no internet
    if values.ndim == 3:
        return values.hvplot.image(x="x", y="y", groupby="b", cmap="viridis", clim=(-1, 1))
    return values.hvplot.line(x="t", groupby="b", ylim=(-1.1, 1.1))


def notebook(way: str, variable: str, root: Path) -> dict[str, Any]:
    """Return a notebook that shows the results in the folder it lies in."""
    code = [
        f"import matplotlib; matplotlib.use({BACKENDS[way]!r})\n"
        if way in BACKENDS
        else "%matplotlib inline\n",
        f"import sys; sys.path.insert(0, {str(root)!r})\n",
        "from benchmarks.looking.ways import show\n",
        f"show({way!r}, {variable!r})",
    ]
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "a",
        "metadata": {},
        "outputs": [],
        "source": code,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
