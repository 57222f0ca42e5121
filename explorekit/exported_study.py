"""A file that a study was exported to, to look at."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.saved import SavedStudy
from explorekit.space import Space
from explorekit.store.status import FAILED, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import xarray as xr

    from explorekit.inspecting import RunRecord
    from explorekit.space.selecting import Ranges


class ExportedStudy(SavedStudy):
    """A study that was exported to one netCDF file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from explorekit.store.exported import exported_space

        self.path = Path(path).absolute()  # whatever becomes of the working directory
        self._space = exported_space(self.path)

    @property
    def name(self) -> str:
        return str(self.results.attrs.get("title", self.path.stem))

    @property
    def space(self) -> Space:
        return self._space

    @property
    def results(self) -> "xr.Dataset":
        from explorekit.store.exported import open_exported

        return open_exported(self.path)

    def _results_of(self, names: list[str]) -> "tuple[xr.Dataset, xr.Dataset]":
        from explorekit.store.exported import masked_integers, open_exported
        from explorekit.store.ragged import fills

        one, other = fills(masked_integers(self.path, names))
        return open_exported(self.path, fill=one), open_exported(self.path, fill=other)

    @property
    def runs(self) -> "xr.Dataset":
        from explorekit.store.exported import open_exported

        return open_exported(self.path, group="runs")

    @property
    def failures(self) -> "pd.DataFrame":
        from explorekit.store.exported import exported_failures

        return exported_failures(self.path)

    @property
    def provenance(self) -> dict[str, Any]:
        from explorekit.store.export import read_provenance

        return read_provenance(self.path)

    def _inspect(self, position: int) -> "RunRecord":
        from explorekit.inspecting import record_of
        from explorekit.store.one_run import exported_run

        return record_of(self.space, position, exported_run(self.path, position), self.provenance)

    def _failed_points(self) -> "Ranges":
        failed = np.flatnonzero(np.isin(self.results["status"].values, (FAILED, TIMED_OUT)))
        return np.stack([failed, failed + 1], axis=1)

    def _recorded(self) -> "Mapping[int, int]":
        status, counts = np.unique(self.results["status"].values, return_counts=True)
        return dict(zip(status.tolist(), counts.tolist(), strict=True))
