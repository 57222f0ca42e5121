"""Which numbers are shown, as a Dataset? The variable and the status of its runs, where the controls are."""

from typing import TYPE_CHECKING

import xarray as xr

from explorekit.explorer.view import STATUS, slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer


def slice_of(explorer: "Explorer", *, for_netcdf: bool = False) -> xr.Dataset:
    """Return the numbers that an explorer shows, with their coordinates; where a statistic stands for values, all of them.

    Parameters
    ----------
    explorer
        What to take them from.
    for_netcdf
        Whether complex numbers become a real and an imaginary part, as netCDF has none.

    Raises
    ------
    ValueError
        If there is nothing to show yet.
    """
    dataset, view = explorer.slicer.dataset, explorer.view
    if view.variable is None:
        raise ValueError("there are no results yet")
    dims = set(dataset.variables[view.variable].dims)
    beside = STATUS in dataset.data_vars and set(dataset.variables[STATUS].dims) <= dims
    names = [view.variable, *([STATUS] if beside and view.variable != STATUS else [])]
    where = {dim: view.index(dim) for dim in slider_dims(dataset, view) if dataset.sizes[dim]}
    # How the whole lies on disk is no measure for a part.
    chosen = dataset[names].isel(where).drop_encoding()
    return _without_complex(chosen) if for_netcdf else chosen


def _without_complex(dataset: xr.Dataset) -> xr.Dataset:
    for name in [str(name) for name, variable in dataset.variables.items() if variable.dtype.kind == "c"]:
        parts = {f"{name}_real": dataset[name].real, f"{name}_imag": dataset[name].imag}
        dataset = dataset.drop_vars(name).assign(
            {part: values.drop_vars(name, errors="ignore") for part, values in parts.items()}
        )
    return dataset
