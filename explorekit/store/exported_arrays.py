"""Arrays of an exported file that read only what a selection needs, as the types that a study has."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.store.netcdf import fetch, open_file
from explorekit.store.reader import check_exact
from explorekit.store.snapshot import dtype_with


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


def group_of(file: Any, name: str) -> Any:
    """Return a group of an open file by name, the file itself for an empty one."""
    return file.groups[name] if name else file
