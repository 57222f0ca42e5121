"""How do two results differ? A Dataset of differences, each computed when it is looked at."""

from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.explorer import flags
from explorekit.explorer.labels import units_of
from explorekit.explorer.scale import DIFFERENCE
from explorekit.explorer.slicing import missing, plain
from explorekit.explorer.view import STATUS

Array = np.ndarray[Any, Any]

SAME, OTHER = "same", "other"


def relative_name(name: str) -> str:
    """Return what the relative difference of a variable is called."""
    return f"{name} (relative)"


def difference(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """Return the second less the first, under the names of both, and beside it each relative difference.

    Nothing is read before it is needed. Texts are told to be the same or other ones. The status of a point is that of the
    run that did not end well, if there is one.

    Parameters
    ----------
    one, other
        Of the same dimensions and positions, in whatever order.
    """
    variables: dict[str, xr.Variable] = {}
    runs = [data.variables[STATUS] for data in (one, other) if STATUS in data.data_vars]
    if runs:
        variables[STATUS] = _worse(runs[0], runs[-1])
    for name in map(str, one.data_vars):
        if name == STATUS:
            continue
        here, there = one.variables[name], other.variables[name].transpose(*one.variables[name].dims)
        variables[name] = _variable(name, here, there, relative=False)
        if variables[name].dtype.kind == "f":
            variables[relative_name(name)] = _variable(name, here, there, relative=True)
    return xr.Dataset(variables, {name: c.variable for name, c in one.coords.items()})


def _worse(here: xr.Variable, there: xr.Variable) -> xr.Variable:
    if set(there.dims) != set(here.dims):
        there = here
    both = (here, there.transpose(*here.dims))
    codes = [flags.run_status(np.asarray(each.values), each.attrs) for each in both]
    attrs = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": " ".join(flags.MEANINGS)}
    return xr.Variable(here.dims, np.where(codes[0] == flags.OK, codes[1], codes[0]).astype(np.int8), attrs)


def _variable(name: str, here: xr.Variable, there: xr.Variable, *, relative: bool) -> xr.Variable:
    lazy = indexing.LazilyIndexedArray(_Difference(here, there, relative=relative))
    long_name = str(here.attrs.get("long_name", "") or name)
    units = "%" if relative else {"M": "days", "m": "s"}.get(here.dtype.kind, units_of(here.attrs))
    what = "relative difference" if relative else "difference"
    attrs = {"long_name": f"{what} of {long_name}", "units": units, DIFFERENCE: 1}
    return xr.Variable(here.dims, lazy, attrs)


class _Difference(BackendArray):
    """The difference of two variables, of what is read of it."""

    def __init__(self, here: xr.Variable, there: xr.Variable, *, relative: bool) -> None:
        self.here, self.there, self.relative = here, there, relative
        self.shape = here.shape
        measured = all(
            each.dtype.kind in "iufbcmM" and not flags.meanings_of(each.attrs) for each in (here, there)
        )
        self.dtype = np.dtype(float if measured else object)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        support = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def _read(self, key: tuple[Any, ...]) -> Array:
        where = dict(zip(self.here.dims, key, strict=True))
        here, there = (
            plain(np.asarray(each.isel(where).values), each.attrs) for each in (self.here, self.there)
        )
        if self.dtype == object:
            return _told_apart(here, there)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            change = there - here
            return 100 * change / np.abs(here) if self.relative else change


def _told_apart(here: Array, there: Array) -> Array:
    absent = missing(here) | missing(there)
    same = here.astype(str) == there.astype(str)
    return np.where(absent, "", np.where(same, SAME, OTHER)).astype(object)
