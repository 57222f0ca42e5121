"""Along what are points laid out that have no order of their own? Coordinates of their dimension that are numbers or times."""

import numpy as np
import xarray as xr

from explorekit.explorer.labels import paired


def measures(dataset: xr.Dataset, dim: str) -> list[str]:
    """Return the coordinates along whose values the points of a dimension can be scattered; none if it has values itself."""
    if dim in dataset.coords:
        return []
    return [name for name in paired(dataset, dim) if dataset.coords[name].dtype.kind in "iufmM"]


def widest_measure(dataset: xr.Dataset, dim: str) -> str | None:
    """Return the measure that has the most different values, if any has two."""
    counts = {name: len(np.unique(dataset.coords[name].values)) for name in measures(dataset, dim)}
    best = max(counts, key=counts.__getitem__, default=None)
    return best if best is not None and counts[best] > 1 else None


def measured_dim(dataset: xr.Dataset, variable: str, name: str) -> str | None:
    """Return the dimension of a variable that has a measure of this name."""
    dims = map(str, dataset.variables[variable].dims)
    return next((dim for dim in dims if name in measures(dataset, dim)), None)
