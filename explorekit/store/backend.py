"""``xarray.open_dataset(path, engine="explorekit")``: a study directory or an exported file as a Dataset."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from explorekit.errors import StudyError
from explorekit.space import Space
from explorekit.store.catalog import Catalog
from explorekit.store.dataset import results_dataset, runs_dataset
from explorekit.store.directory import MARKER, StudyDirectory, StudyRecord
from explorekit.store.exported import open_exported

DEFAULTS = "defaults"


class StudyBackend(BackendEntrypoint):
    """Opens the results of a study; reads only what a selection needs, and never runs code."""

    description = "Open a study of explorekit: a directory, or the file that one was exported to"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "group", "fill")

    def open_dataset(  # type: ignore[override]
        self,
        filename_or_obj: str | os.PathLike[str],
        *,
        drop_variables: str | Iterable[str] | None = None,
        group: str | None = None,
        fill: Mapping[str, Any] | None = None,
    ) -> xr.Dataset:
        """Open a study.

        Parameters
        ----------
        filename_or_obj
            The study directory, or an exported file.
        drop_variables
            Names of variables to leave out.
        group
            ``"runs"`` for the record of each run instead of the results.
        fill
            By variable, the value that stands for missing ones, so that integers can stay integers.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        StudyError
            If there is no study at the path, no such group, or `fill` does not fit.
        """
        path = Path(filename_or_obj)
        if group not in (None, "/", "runs"):
            raise StudyError(f"got group={group!r}; expected 'runs', or none for the results.")
        group = None if group == "/" else group
        dataset = _open_directory(path, group, fill) if path.is_dir() else open_exported(path, group, fill)
        return dataset.drop_vars(drop_variables, errors="ignore") if drop_variables else dataset

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Return whether a path is that of a study directory."""
        return isinstance(filename_or_obj, (str, os.PathLike)) and (Path(filename_or_obj) / MARKER).is_file()


def versions_that_count(record: StudyRecord) -> frozenset[str]:
    """Return the code versions whose results a study shows: the current one, and those kept with it."""
    return frozenset({record.code, *record.kept})


def dataset_attrs(directory: StudyDirectory, record: StudyRecord, space: Space) -> dict[str, Any]:
    """Return the attributes that a study's datasets carry; the values of arguments that the space does not give among them."""
    attrs = {"title": record.name, "seed": str(record.seed), "code_version": record.code}
    defaults = defaults_beside(space, directory.read_further(record.code, "arguments"))
    return {**attrs, DEFAULTS: json.dumps(defaults)} if defaults else attrs


def defaults_beside(space: Space, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults of those arguments that some points of a space leave to the simulation."""
    given = {name for name, p in space.passed.items() if p.given is None}
    reached = given | {name.replace(".", "_") for name in given} | {name.partition(".")[0] for name in given}
    return {name: value for name, value in arguments.items() if name not in reached}


def derived_by(space: Space) -> dict[str, dict[str, str]]:
    """Return the functions that derived parameters of a space were computed by, as text, if there are any."""
    sources = {name: one.source for name, one in space.derived.items()}
    return {"derived": sources} if sources else {}


def _open_directory(path: Path, group: str | None, fill: Mapping[str, Any] | None) -> xr.Dataset:
    directory = StudyDirectory(path)
    record = directory.read_record()
    catalog = Catalog(directory, directory.read_space(record.space), record.space)
    catalog.refresh()
    snapshot = catalog.snapshot(versions_that_count(record), fill)
    dataset = (
        runs_dataset(snapshot)
        if group == "runs"
        else results_dataset(snapshot, dataset_attrs(directory, record, snapshot.space))
    )
    dataset.set_close(catalog.close)
    return dataset
