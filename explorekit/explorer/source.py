"""Where do the numbers on screen come from? A study that may still be running, or a plain Dataset."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

import xarray as xr


@runtime_checkable
class Source(Protocol):
    """What an explorer needs of a study."""

    @property
    def results(self) -> xr.Dataset:
        """The newest snapshot."""

    @property
    def generation(self) -> int:
        """A number that changes whenever new results landed; cheap to ask."""

    @property
    def running(self) -> bool:
        """Whether more results may come."""


@dataclass(frozen=True, eq=False)
class Still:
    """A Dataset that does not change."""

    results: xr.Dataset
    generation: int = 0
    running: bool = False


def as_source(data: Any) -> Source:
    """Return ``data`` as a source: a Dataset, a DataArray, or anything that has ``results``.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If it is a Dataset without data variables.
    """
    if isinstance(data, xr.DataArray):
        # `to_dataset` refuses a name that is also a coordinate's.
        name = str(data.name) if data.name is not None and data.name not in data.coords else "values"
        data = data.to_dataset(name=name)
    if isinstance(data, xr.Dataset):
        if not data.data_vars:
            raise ValueError("there is nothing to explore: the Dataset has no data variables")
        # pandas names columns by any value; what is shown is named by text.
        names = (*data.variables, *data.dims)
        named = data.rename({name: str(name) for name in names if not isinstance(name, str)})
        return Still(named.drop_vars([name for name in named.dims if _is_in_several(named, name)]))
    if hasattr(data, "results"):
        live = hasattr(data, "generation") and hasattr(data, "running")
        return cast("Source", data) if live else Still(data.results)
    raise TypeError(
        f"cannot explore a {type(data).__name__}: give a study, a Dataset, a DataArray, or a path"
    )


def _is_in_several(dataset: xr.Dataset, dim: Hashable) -> bool:
    """Return whether a coordinate has the name of a dimension, yet several values at each position along it."""
    return dim in dataset.coords and dataset.coords[dim].ndim > 1


def look_at(source: Source, where: Mapping[str, int] | None = None) -> None:
    """Have a source that is running work first on what is looked at, and once, without `where`, on a coarse whole."""
    prefer = getattr(source, "prefer", None)
    if prefer is not None and source.running:
        prefer(where or {})


def error_text(source: Source, where: Mapping[str, int], position: int) -> str:
    """Return the last line of the error of the run at an index, which has a flat position too; empty if the source keeps none."""
    inspect = getattr(source, "inspect", None)
    if inspect is not None:  # reads one run, where `runs` reads the errors of all
        record = inspect(position)
        text = f"{record.error}: {record.message}" if record.error else ""
    else:
        runs = getattr(source, "runs", None)
        if not isinstance(runs, xr.Dataset) or "error" not in runs.variables:
            return ""
        error = runs.variables["error"]
        text = str(error.isel({d: i for d, i in where.items() if d in error.dims}).values)
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
