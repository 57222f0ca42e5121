"""Results that are no rectangular array over the points: one array of its own length, or one sparse matrix, a point."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.sparse import SPARSE, part_names
from explorekit.store.status import OK, STATUS_MEANINGS

OTHERWISE = "explorekit.otherwise"  # the output again, another number in the place of what is missing


class PointResults(ABC):
    """One object a point, read when it is asked for.

    Parameters
    ----------
    dataset : Dataset
        The parts of the object, their lengths, and the status of each point.
    name : str
        The output.
    """

    def __init__(self, dataset: xr.Dataset, name: str) -> None:
        self.name = name
        self._dataset = dataset

    @property
    def dims(self) -> tuple[Hashable, ...]:
        """The dimensions of the space that are left."""
        return self._dataset["status"].dims

    @property
    def sizes(self) -> Mapping[Hashable, int]:
        """The lengths of these dimensions."""
        return self._dataset["status"].sizes

    @property
    def coords(self) -> xr.Coordinates:
        """The labels of the points."""
        return self._dataset["status"].coords

    def sel(self, indexers: Mapping[Any, Any] | None = None, method: str | None = None, **labels: Any) -> Any:
        """Return the object of a point by its labels, or those of several points; see `xarray.Dataset.sel`.

        Raises
        ------
        StudyError
            If the point has no result.
        """
        return self._narrowed(self._dataset.sel(self._checked({**(indexers or {}), **labels}), method=method))

    def isel(self, indexers: Mapping[Any, Any] | None = None, **positions: Any) -> Any:
        """Return the object of a point by its positions, or those of several points; see `xarray.Dataset.isel`.

        Raises
        ------
        StudyError
            If the point has no result.
        """
        return self._narrowed(self._dataset.isel(self._checked({**(indexers or {}), **positions})))

    def to_list(self) -> list[Any]:
        """Return the objects of all points in C order over `dims`; None where there is no result."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        for place in np.ndindex(*self.sizes.values()):
            point = self._dataset.isel(dict(zip(self.dims, place, strict=True)))
            yield self._read(point) if int(point["status"]) == OK else None

    def __len__(self) -> int:
        return int(np.prod(list(self.sizes.values()), dtype=np.int64))

    def __repr__(self) -> str:
        return f"<explorekit.{type(self).__name__} {self.name!r} over {dict(self.sizes)}>"

    def _checked(self, indexers: Mapping[Any, Any]) -> Mapping[Any, Any]:
        known = {*self.dims, *(n for n, c in self.coords.items() if c.ndim)}
        for name in indexers:
            if name not in known:
                raise StudyError(
                    f"got {name!r} to select points of {self.name!r} by; expected one of "
                    f"{listing(map(str, self.dims))}.{suggest(str(name), map(str, known))}"
                )
        return indexers

    def _narrowed(self, dataset: xr.Dataset) -> Any:
        if dataset["status"].ndim:
            return type(self)(dataset, self.name)
        status = int(dataset["status"])
        if status != OK:
            where = ", ".join(f"{n}={c.values}" for n, c in dataset["status"].coords.items())
            raise StudyError(
                f"the run at {where} is {STATUS_MEANINGS[status]}, so there is no {self.name!r}. Run the study, or look at "
                f"status first."
            )
        return self._read(dataset)

    @abstractmethod
    def _read(self, point: xr.Dataset) -> Any:
        """Return the object of one point, which is ok."""


class Ragged(PointResults):
    """Arrays whose lengths differ between points; see `explorekit.Study.ragged`."""

    def _read(self, point: xr.Dataset) -> npt.NDArray[Any] | None:
        values = _trimmed(point, self.name)
        unsure = OTHERWISE in point.data_vars and (values == absent(values.dtype)).any()
        if unsure and not np.array_equal(values, _trimmed(point, OTHERWISE)):  # what differs is not there
            return None
        return values


class Sparse(PointResults):
    """Sparse matrices, None where the simulation returned none; see `explorekit.Study.sparse`."""

    def _read(self, point: xr.Dataset) -> Any:
        try:
            from scipy.sparse import csr_array
        except ImportError as error:
            raise ImportError("sparse matrices need scipy; install it with: pip install scipy") from error
        data, indices, indptr, shape = (_trimmed(point, part) for part in part_names(self.name))
        if shape.min() < 0:
            return None
        return csr_array((data, indices, indptr), shape=tuple(shape.tolist()))


def absent(dtype: np.dtype[Any]) -> Any:
    """Return what may stand for a missing integer or bool in the parts of an object; no length is negative."""
    return dtype.type(-1 if dtype.kind == "i" else 0)


def fills(dtypes: Mapping[str, np.dtype[Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return by variable what may stand for missing integers or bools: `absent`, and something else."""
    one = {name: absent(dtype) for name, dtype in dtypes.items()}
    return one, {name: np.invert(value) for name, value in one.items()}


def ragged_parts(results: xr.Dataset, name: str) -> list[str]:
    """Return the variables that an output is made of, or raise `StudyError` if it is none."""
    outputs = [str(n) for n in results.data_vars if not _is_own(results, str(n))]
    if name not in outputs:
        raise StudyError(f"got {name!r}; the outputs are {listing(outputs)}.{suggest(name, outputs)}")
    return [name]


def sparse_parts(results: xr.Dataset, name: str) -> list[str]:
    """Return the variables that a sparse output is made of, or raise `StudyError` if it is none."""
    known = dict.fromkeys(v.attrs[SPARSE] for v in results.data_vars.values() if SPARSE in v.attrs)
    if name not in known:
        raise StudyError(
            f"got {name!r}; the sparse outputs are {listing(known) or 'none'}.{suggest(name, known)}"
        )
    return list(part_names(name))


def with_lengths(results: xr.Dataset, parts: list[str]) -> xr.Dataset:
    """Return some outputs with what tells of each point how long they are and whether they are there."""
    dims = dict.fromkeys(dim for part in parts for dim in results[part].dims)
    lengths = [f"{dim}_size" for dim in dims if f"{dim}_size" in results.data_vars]
    return results[[*parts, *lengths, "status"]]


def _is_own(results: xr.Dataset, name: str) -> bool:
    return name == "status" or (name.endswith("_size") and name.removesuffix("_size") in results.dims)


def _trimmed(point: xr.Dataset, name: str) -> npt.NDArray[Any]:
    lengths = {
        dim: slice(int(point[f"{dim}_size"])) for dim in point[name].dims if f"{dim}_size" in point.data_vars
    }
    return np.asarray(point[name].isel(lengths).values)
