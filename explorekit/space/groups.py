"""Dotted names as what they stand for: a parameter in a group."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from explorekit.space.space import Space


def mappings(
    members: Sequence[str], columns: Iterable[Iterable[Any]], missing: Any
) -> Iterator[Mapping[str, Any]]:
    """Yield a group at each of some points as a nested, frozen mapping.

    Parameters
    ----------
    members
        Names of parameters that begin with that of the group: ``neuron.tau_V``.
    columns
        The values of each.
    missing
        What stands for a parameter that a point lacks, and for a group of which it lacks all.
    """
    paths = [member.split(".")[1:] for member in members]
    for values in zip(*columns, strict=True):
        group: dict[str, Any] = {}
        for path, value in zip(paths, values, strict=True):
            if value is missing:
                continue
            inner = group
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
            inner[path[-1]] = value
        yield _frozen(group) if group else missing


def tree(space: "Space") -> "xr.DataTree":
    """Return the parameters of a space by their groups; see `Space.to_datatree`."""
    import pandas as pd
    import xarray as xr

    nodes: dict[str, dict[str, xr.Variable]] = {"": {}}
    indexes: dict[str, dict[str, xr.Index]] = {"": {}}
    for full, coordinate in space.to_dataset().variables.items():
        group, _, name = str(full).rpartition(".")
        variable = coordinate.to_base_variable()
        path = group.replace(".", "/")
        nodes.setdefault(path, {})[name] = variable
        if variable.dims == (full,):  # which is no dimension by the name that it has in its group
            index = xr.indexes.PandasIndex(pd.Index(variable.values, name=name), full, variable.dtype)
            indexes.setdefault(path, {})[name] = index
            nodes[path] |= index.create_variables({name: variable})
    return xr.DataTree.from_dict(
        {
            f"/{path}": xr.Dataset(coords=xr.Coordinates(variables, indexes.get(path, {})))
            for path, variables in nodes.items()
        }
    )


def _frozen(group: dict[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({k: _frozen(v) if isinstance(v, dict) else v for k, v in group.items()})
