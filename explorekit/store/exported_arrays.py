"""Arrays of an exported file that read only what a selection needs, as the types that a study has."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.simulation.schema import FILL
from explorekit.store.hdf5 import open_file
from explorekit.store.netcdf import fetch
from explorekit.store.reader import check_exact
from explorekit.store.snapshot import dtype_with

Shape = tuple[int, ...]


class FileArray(BackendArray, ABC):
    """A variable of a file, which is open only while it is read; picklable.

    Parameters
    ----------
    path
        The file.
    group
        Where the variable lies in it; an empty text for the root.
    name
        Its name.
    shape, dtype
        What it is read as.
    """

    def __init__(self, path: Path, group: str, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self.path = path
        self.group = group
        self.name = name
        self.shape = shape
        self.dtype = np.dtype(dtype)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.read)

    def read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        """Return the values at an outer index."""
        with open_file(self.path) as file:
            return self.read_from(group_of(file, self.group), key)

    @abstractmethod
    def read_from(self, group: Any, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        """Return the values at an outer index, from an open group."""


class PlainArray(FileArray):
    """Complex numbers, which lie in two variables, or texts, which have one width."""

    def read_from(self, group: Any, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        return fetch(group, self.name, self.dtype, key or ...).astype(self.dtype, copy=False)


class MaskedIntegers(FileArray):
    """Integers or bools of which some are missing: as float64, or with a fill value as they are."""

    def __init__(
        self, path: Path, group: str, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], fill: Any
    ) -> None:
        self.fill = fill
        super().__init__(path, group, name, shape, np.float64 if fill is None else dtype_with(dtype, fill))

    def read_from(self, group: Any, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        variable = group.variables[self.name]
        variable.set_auto_maskandscale(False)
        stored = np.asarray(variable[key])
        missing = stored == variable.getncattr("_FillValue")
        if self.dtype.kind == "f":
            check_exact(self.name, stored[~missing])
        values = np.asarray(stored.astype(self.dtype))
        values[missing] = np.nan if self.fill is None else self.fill
        return values


class PaddedArray(FileArray):
    """An uneven output whose values lie one behind the other, seen padded.

    Parameters
    ----------
    path, name
        The file, and the variable in its root.
    dtype
        What is stored.
    outer, inner
        The lengths of the dimensions of the space, and of the output, the uneven one first.
    dim
        The uneven dimension.
    fill
        What stands for missing integers and bools, which else become floats.
    """

    def __init__(
        self, path: Path, name: str, dtype: Any, outer: Shape, inner: Shape, dim: str, fill: Any
    ) -> None:
        self.stored = np.dtype(dtype)
        self.outer = outer
        self.dim = dim
        self._lengths: npt.NDArray[np.int64] | None = None
        self.fill = fill if self.stored.kind in "biu" else FILL[self.stored.kind]
        read_as = self.stored
        if read_as.kind in "biu":
            read_as = np.dtype(np.float64) if fill is None else dtype_with(read_as, fill)
        super().__init__(path, "", name, (*outer, *inner), read_as)

    def read_from(self, group: Any, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        wanted = [np.atleast_1d(np.arange(size)[part]) for size, part in zip(self.shape, key, strict=True)]
        outer, (along, *rest) = wanted[: len(self.outer)], wanted[len(self.outer) :]
        if self._lengths is None:
            self._lengths = fetch(group, f"{self.dim}_size", np.int64).ravel()
        lengths = self._lengths
        starts = np.cumsum(lengths) - lengths
        rows = np.arange(lengths.size).reshape(self.outer)[np.ix_(*outer)].ravel()
        fill = np.nan if self.fill is None else self.fill
        values = np.full((rows.size, along.size, *(i.size for i in rest)), fill, dtype=self.dtype)
        for number, row in enumerate(rows.tolist()):
            inside = along < lengths[row]
            if inside.any():
                low, high = int(along[inside].min()), int(along[inside].max()) + 1
                part = slice(int(starts[row]) + low, int(starts[row]) + high)
                found = fetch(group, self.name, self.stored, (part, *(slice(None) for _ in rest)))
                if self.dtype.kind == "f" and self.stored.kind in "iu":
                    check_exact(self.name, found)
                values[number, inside] = found[np.ix_(along[inside] - low, *rest)]
        sizes = [np.shape(np.arange(size)[part]) for size, part in zip(self.shape, key, strict=True)]
        return values.reshape([n for shape in sizes for n in shape])


def group_of(file: Any, name: str) -> Any:
    """Return a group of an open file by name, the file itself for an empty one."""
    return file.groups[name] if name else file
