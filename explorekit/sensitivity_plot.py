"""What do the indices of an output look like? Bars where it is one number, curves along a dimension."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.errors import StudyError, listing
from explorekit.space.plotting import shown_figure

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PARAMETER = "parameter"
# Which indices of a design are drawn, and what they are in few words.
_DRAWN = {
    "saltelli": {"S1": "alone (S1)", "ST": "with interactions (ST)"},
    "morris": {"mu_star": "mean size (mu_star)", "sigma": "spread (sigma)"},
}
_QUANTITY = {"saltelli": "share of the variance", "morris": "elementary effects"}
_SIZE = (6.4, 3.2)  # inches
_BAR = 0.38  # of the room of a parameter
_MOST_NAMES = 60  # letters beside each other, beyond which they are slanted


def plot_indices(indices: "xr.Dataset") -> "Figure":
    """Return a figure of the indices that `SavedStudy.sensitivity` gives."""
    along = [str(dim) for dim, size in indices.sizes.items() if dim != _PARAMETER and size > 1]
    if len(along) > 1 or any(dim in indices and indices[dim].dtype.kind not in "iufM" for dim in along):
        name = indices.attrs["output"]
        raise StudyError(
            f"the indices of {name!r} lie along {listing(along)}; expected at most one dimension, of numbers or times. Give a "
            f"function that chooses: plot_sensitivity(lambda results: results[{name!r}].isel({along[0]}=0))."
        )
    figure = shown_figure()(figsize=_SIZE, layout="constrained")
    single = indices.squeeze([dim for dim in indices.sizes if dim not in (_PARAMETER, *along)], drop=True)
    if along:
        _curves(figure, single, along[0])
    else:
        _bars(figure.subplots(), single)
    return figure


def _bars(ax: "Axes", indices: "xr.Dataset") -> None:
    names = indices[_PARAMETER].values.tolist()
    places = np.arange(len(names))
    for number, (index, label) in enumerate(_DRAWN[indices.attrs["design"]].items()):
        half_width = indices.get(f"{index}_conf")
        at = places + (number - 0.5) * _BAR
        ax.bar(at, indices[index], _BAR, yerr=half_width, capsize=3, ecolor="0.3", label=label)
    ax.set_xticks(places, names)
    if sum(map(len, names)) > _MOST_NAMES:
        ax.tick_params("x", rotation=30)
    ax.set_ylabel(_quantity(indices))
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)


def _curves(figure: "Figure", indices: "xr.Dataset", dim: str) -> None:
    drawn = _DRAWN[indices.attrs["design"]]
    panels = figure.subplots(1, len(drawn), sharex=True, sharey=True)
    over = indices[dim]
    for ax, (index, label) in zip(panels, drawn.items(), strict=True):
        half_width = indices.get(f"{index}_conf")
        for name in indices[_PARAMETER].values.tolist():
            curve = indices[index].sel({_PARAMETER: name})
            (line,) = ax.plot(over, curve, label=name)
            if half_width is not None:
                conf = half_width.sel({_PARAMETER: name})
                ax.fill_between(
                    over, curve - conf, curve + conf, color=line.get_color(), alpha=0.2, linewidth=0
                )
        ax.set(title=label, xlabel=over.attrs.get("long_name", dim) + _in_units(over.attrs))
        ax.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(_quantity(indices))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", frameon=False)


def _quantity(indices: "xr.Dataset") -> str:
    first = next(iter(indices.data_vars.values()))
    return f"{_QUANTITY[indices.attrs['design']]} of {indices.attrs['output']}" + _in_units(first.attrs)


def _in_units(attrs: Mapping[Any, Any]) -> str:
    return f" ({attrs['units']})" if attrs.get("units") else ""
