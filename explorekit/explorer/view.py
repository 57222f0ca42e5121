"""What is being looked at? One variable, the dimensions on the axes, and a position along every other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from explorekit.explorer.labels import unknown
from explorekit.explorer.scattering import measured_dim, measures, widest_measure

STATUS = "status"
# Below this many values along both, two curves tell more than a picture of a few cells.
FEW = 8
# The roles that one dimension at most has.
ROLES = ("x", "y", "hue", "row", "column")
# Perceptually uniform, told apart by colour-blind people, and without the red and orange of runs that failed.
COLOURS = ("viridis", "cividis", "viridis_r", "cividis_r")
LOOKS = {
    "norm": ("linear", "log"),
    "xscale": ("linear", "log"),
    "yscale": ("linear", "log"),
    "cmap": COLOURS,
    "limits": ("frame",),
}


@dataclass(frozen=True)
class View:
    """What the explorer shows.

    Parameters
    ----------
    variable
        The data variable, or None before there is one.
    x, y
        The dimensions on the axes: both give an image, ``x`` alone a line, neither a number.
    selection
        The index along every dimension. Those of dimensions on an axis are kept for later, and say what is picked.
    by
        The coordinate along ``x`` by whose values its points are scattered; None where they lie in their order.
    kind
        The kind of plot; None for the one that suits the axes.
    picked
        Whether the value at the index along the dimensions on the axes is marked, of several pictures the one that lies there.
    hue
        The dimension whose values are curves of different colours.
    row, column
        The dimensions along which pictures are set beside each other.
    reduce
        The statistic that stands for all values along a dimension, for each that is reduced.
    animate
        The dimension whose control plays by itself.
    minus, over
        The variable that is taken from the first, or by which it is divided.
    norm
        ``log`` where the values, as colours or heights, are on a logarithmic scale.
    xscale, yscale
        ``log`` or ``linear`` for a dimension on an axis; None for what its values suggest.
    cmap
        The colours of numbers; None for viridis.
    limits
        The values between which pictures are drawn, ``frame`` for those of each picture; None for those of the whole variable.
    """

    variable: str | None = None
    x: str | None = None
    y: str | None = None
    selection: Mapping[str, int] = field(default_factory=dict)
    by: str | None = None
    kind: str | None = None
    picked: bool = False
    hue: str | None = None
    row: str | None = None
    column: str | None = None
    reduce: Mapping[str, str] = field(default_factory=dict)
    animate: str | None = None
    minus: str | None = None
    over: str | None = None
    norm: str | None = None
    xscale: str | None = None
    yscale: str | None = None
    cmap: str | None = None
    limits: str | tuple[float, float] | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(dim for dim in (self.y, self.x) if dim is not None)

    @property
    def placed(self) -> tuple[str, ...]:
        """The dimensions of which more than one value is in the picture."""
        named = tuple(dim for role in ROLES if (dim := getattr(self, role)) is not None)
        return (*named, *self.reduce)

    @property
    def pickable(self) -> tuple[str, ...]:
        """The dimensions along which something can be picked: one of several pictures, or a value in the only one."""
        beside = tuple(dim for dim in (self.row, self.column) if dim is not None)
        curves = () if self.hue is None else (self.hue,)
        return beside or (*curves, *self.axes)

    def index(self, dim: str) -> int:
        return self.selection.get(dim, 0)


def parameter_dims(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the dimensions along which runs differ; none for a Dataset without run status."""
    return tuple(map(str, dataset.variables[STATUS].dims)) if STATUS in dataset.data_vars else ()


def variables(dataset: xr.Dataset) -> list[str]:
    """Return the variables that can be shown, the status last."""
    names = [str(name) for name in dataset.data_vars]
    return sorted(names, key=lambda name: name == STATUS)


def dims_of(dataset: xr.Dataset, view: View) -> tuple[str, ...]:
    """Return the dimensions to control: the variable's, or the parameters' while there is no variable."""
    if view.variable is None:
        return parameter_dims(dataset)
    return tuple(map(str, dataset.variables[view.variable].dims))


def slider_dims(dataset: xr.Dataset, view: View) -> tuple[str, ...]:
    """Return the dimensions that the picture is at one value of."""
    return tuple(dim for dim in dims_of(dataset, view) if dim not in view.placed)


def default_axes(dataset: xr.Dataset, variable: str, keep: Collection[str]) -> tuple[str | None, str | None]:
    """Return the dimensions for x and y that show ``variable`` best, leaving those in ``keep`` alone."""
    sizes = dict(
        zip(map(str, dataset.variables[variable].dims), dataset.variables[variable].shape, strict=True)
    )
    parameters = parameter_dims(dataset)
    outputs = [dim for dim in sizes if dim not in parameters and dim not in keep and sizes[dim] > 1]
    if parameters and len(outputs) >= 2:
        return outputs[-1], outputs[-2]
    if parameters and outputs:
        return outputs[0], None
    free = [dim for dim in sizes if dim not in keep and sizes[dim] > 1]
    free = [dim for dim in free if dim != "repetition"] or free
    pair = free[:2] if parameters else free[:-3:-1]
    if len(pair) == 2 and min(sizes[dim] for dim in pair) >= FEW:
        return pair[0], pair[1]
    return (max(free, key=sizes.__getitem__), None) if free else (None, None)


def first_view(
    dataset: xr.Dataset,
    variable: str | None = None,
    x: str | None = None,
    y: str | None = None,
    selection: Mapping[str, int] | None = None,
    keep: Collection[str] = (),
) -> View:
    """Return the view to start with; what is not asked for gets a sensible default.

    Raises
    ------
    ValueError
        If a name is unknown, or one dimension is asked for on both axes.
    """
    selection = dict(selection or {})
    known = variables(dataset)
    if variable is None:
        variable = next((name for name in known if name != STATUS), None)
    elif variable not in known:
        raise ValueError(unknown("variable", variable, known))
    if variable is None:
        return View(None, None, None, selection)
    dims = [str(dim) for dim in dataset.variables[variable].dims]
    if x is not None and x not in dims and (scattered := measured_dim(dataset, variable, x)):
        if y is not None:
            raise ValueError(
                f"{x!r} scatters the points of {scattered!r}, which leaves no room for y={y!r}: leave it out"
            )
        return View(variable, scattered, None, selection, by=x)
    _check_axes(variable, dims, x, y)
    if x is None and y is None:
        x, y = default_axes(dataset, variable, keep)
        return View(variable, x, y, selection, _default_measure(dataset, x, y))
    if x is None:
        other = partner(dataset, variable, y)
        x, y = (y, None) if other is None else (other, y)
    return View(variable, x, y, selection)


def _check_axes(variable: str, dims: list[str], x: str | None, y: str | None) -> None:
    for axis in (x, y):
        if axis is not None and axis not in dims:
            raise ValueError(unknown(f"dimension of {variable!r}:", axis, dims))
    if x is not None and x == y:
        raise ValueError(f"x and y are both {x!r}: give two different dimensions")


def check_roles(variable: str, dims: list[str], view: View) -> None:
    """Raise a ValueError if a role is given to what is no dimension, or one dimension has two."""
    for dim in (*view.placed, *([view.animate] if view.animate else [])):
        if dim not in dims:
            raise ValueError(unknown(f"dimension of {variable!r}:", dim, dims))
        if (*view.placed, view.animate).count(dim) > 1:
            raise ValueError(f"{dim!r} was given several roles: give it one of them")


def check_looks(dataset: xr.Dataset, view: View) -> None:
    """Raise a ValueError if a view is drawn in a way that there is not, or compared with what does not fit."""
    for name, known in LOOKS.items():
        given = getattr(view, name)
        if given is not None and given not in known and not (name == "limits" and _are_limits(given)):
            raise ValueError(unknown(name, given, known))
    for other in (view.minus, view.over):
        if other is None:
            continue
        if other not in dataset.data_vars:
            raise ValueError(unknown("variable", other, variables(dataset)))
        more = [dim for dim in dataset.variables[other].dims if dim not in dims_of(dataset, view)]
        if more:
            raise ValueError(
                f"{other!r} has the dimension {more[0]!r}, which {view.variable!r} lacks: reduce it first"
            )
    if view.minus and view.over:
        raise ValueError("give minus or over, not both")


def _are_limits(given: object) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and bool(given[0] < given[1])


def _default_measure(dataset: xr.Dataset, x: str | None, y: str | None) -> str | None:
    return widest_measure(dataset, x) if x is not None and y is None else None


def partner(dataset: xr.Dataset, variable: str, dim: str | None = None) -> str | None:
    """Return the longest dimension that is not ``dim``, to go along another axis."""
    others = [str(d) for d in dataset.variables[variable].dims if d != dim]
    return max(others, key=lambda d: dataset.sizes[d], default=None)


def with_variable(dataset: xr.Dataset, view: View, variable: str) -> View:
    """Return the view of another variable, on the same axes where it has them."""
    dims = dataset.variables[variable].dims
    if view.axes and all(axis in dims for axis in view.axes):
        return replace(view, variable=variable)
    x, y = default_axes(dataset, variable, ())
    return replace(view, variable=variable, x=x, y=y, by=_default_measure(dataset, x, y))


def choices_of_x(dataset: xr.Dataset, view: View) -> list[str]:
    """Return what can be along x: the dimensions, and the measures by which the points of one can be scattered."""
    dims = dims_of(dataset, view) if view.variable is not None else ()
    return [*dims, *(name for dim in dims for name in measures(dataset, dim))]


def with_choice_of_x(dataset: xr.Dataset, view: View, name: str | None) -> View:
    """Return the view with one of the `choices_of_x` along x, None for nothing."""
    if name is None or name in dims_of(dataset, view):
        return with_x(view, name)
    return replace(view, x=measured_dim(dataset, str(view.variable), name), y=None, by=name)


def with_x(view: View, dim: str | None) -> View:
    """Return the view with ``dim`` along x; without one there is no y either."""
    if dim is None:
        return replace(view, x=None, y=None, by=None)
    return replace(view, x=dim, y=view.x if dim == view.y else view.y, by=None)


def with_y(view: View, dim: str | None) -> View:
    """Return the view with ``dim`` along y; a lone dimension goes along x."""
    if dim is None:
        return replace(view, y=None)
    if view.x is None:
        return replace(view, x=dim)
    if dim == view.x:
        return replace(view, x=view.y, y=dim) if view.y is not None else view
    return replace(view, y=dim, by=None)


def with_index(dataset: xr.Dataset, view: View, dim: str, index: int) -> View:
    """Return the view at another position along ``dim``, the nearest there is."""
    last = max(dataset.sizes.get(dim, 1) - 1, 0)
    return replace(view, selection={**view.selection, dim: min(max(int(index), 0), last)})


def moved_dims(dataset: xr.Dataset, before: View, after: View) -> list[str]:
    """Return the dimensions along which another slice is looked at than before."""
    return [dim for dim in slider_dims(dataset, after) if before.index(dim) != after.index(dim)]


def checked(dataset: xr.Dataset, view: View) -> View:
    """Return the view with positions that the dataset has.

    Raises
    ------
    ValueError
        If it names a variable or a dimension that is not there.
    """
    if view.variable is not None:
        if view.variable not in dataset.data_vars:
            raise ValueError(unknown("variable", view.variable, variables(dataset)))
        _check_axes(view.variable, list(dims_of(dataset, view)), view.x, view.y)
        check_roles(view.variable, list(dims_of(dataset, view)), view)
        check_looks(dataset, view)
    for dim, index in view.selection.items():
        if dim not in dataset.sizes:
            raise ValueError(unknown("dimension", dim, [str(known) for known in dataset.sizes]))
        view = with_index(dataset, view, dim, index)
    return view


def carried(view: View, old: xr.Dataset, new: xr.Dataset) -> View:
    """Return the view on a newer snapshot: the same labels, wherever they are now, on the same axes where it has them."""
    if view.variable is not None and view.variable not in new.data_vars:
        view = first_view(new, selection=view.selection)
    elif view.variable is not None and not set(view.axes) <= set(dims_of(new, view)):
        view = with_variable(new, view, view.variable)
    if view.by is not None and view.by not in measures(new, str(view.x)):
        view = replace(view, by=_default_measure(new, view.x, view.y))
    selection = {dim: _moved(old, new, dim, i) for dim, i in view.selection.items() if dim in new.sizes}
    return replace(view, selection=selection)


def _moved(old: xr.Dataset, new: xr.Dataset, dim: str, index: int) -> int:
    if dim in old.coords and dim in new.coords and index < old.sizes.get(dim, 0):
        label, labels = old.coords[dim].values[index], new.coords[dim].values
        if index < len(labels) and labels[index] == label:
            return index
        hits = np.flatnonzero(labels == label)
        if len(hits):
            return int(hits[0])
    return max(min(index, new.sizes[dim] - 1), 0)
