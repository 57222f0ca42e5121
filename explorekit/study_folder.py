"""A study directory to look at, and to look after. This never runs code."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.errors import StudyError, listing
from explorekit.saved import SavedStudy
from explorekit.space import Space
from explorekit.store.directory import ENTRIES, StudyDirectory, storage_error
from explorekit.store.status import FAILED, TIMED_OUT

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from explorekit.inspecting import RunRecord
    from explorekit.simulation.points import Seeding
    from explorekit.space.selecting import Ranges
    from explorekit.store.check import CheckReport
    from explorekit.store.compact import CompactReport
    from explorekit.store.directory import StudyRecord
    from explorekit.store.snapshot import Snapshot
    from explorekit.store.views import Views


class StudyFolder(SavedStudy):
    """A study directory, read only."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from explorekit.store.catalog import Catalog

        self._directory = StudyDirectory(path)
        self.path = self._directory.path
        record = self._directory.read_record()
        self._name = record.name
        self._space_hash = record.space
        self._catalog = Catalog(self._directory, self._directory.read_space(record.space), record.space)

    @property
    def name(self) -> str:
        return self._name

    @property
    def space(self) -> Space:
        return self._catalog.space

    @property
    def results(self) -> "xr.Dataset":
        from explorekit.store.backend import dataset_attrs
        from explorekit.store.dataset import results_dataset

        snapshot = self._snapshot()
        return results_dataset(snapshot, dataset_attrs(self._directory, self._record(), snapshot.space))

    def _results_of(self, names: list[str]) -> "tuple[xr.Dataset, xr.Dataset]":
        from explorekit.store.dataset import results_dataset
        from explorekit.store.ragged import fills

        snapshot = self._snapshot()
        dtypes = {name: np.dtype(snapshot.fields[name].dtype) for name in names}
        one, other = fills({name: dtype for name, dtype in dtypes.items() if dtype.kind in "biu"})
        return results_dataset(snapshot.filled(one)), results_dataset(snapshot.filled(other))

    @property
    def runs(self) -> "xr.Dataset":
        from explorekit.store.dataset import runs_dataset

        return runs_dataset(self._snapshot(), self._seeding(self._directory.read_record()))

    def _seeding(self, record: "StudyRecord") -> "Seeding":
        """Return what the points' random streams follow from."""
        from explorekit.simulation.points import Seeding
        from explorekit.space.identity import baselines_of

        kinds = {name: p.values for name, p in self.space.parameters.items()}
        recorded = {name: bytes.fromhex(value) for name, value in record.baselines.items()}
        return Seeding(record.seed, record.seed_by, baselines_of(kinds, recorded))

    @property
    def failures(self) -> "pd.DataFrame":
        from explorekit.store.dataset import failures_frame

        return failures_frame(self._snapshot())

    def _inspect(self, position: int) -> "RunRecord":
        from explorekit.inspecting import log_of, made_by, record_of
        from explorekit.store.one_run import run_at

        record, stored = self._directory.read_record(), run_at(self._snapshot(), position)
        made = made_by(self._directory, stored.code_version or record.code)
        log = log_of(self.path, record, stored)
        return record_of(self.space, position, stored, made, self._seeding(record), log)

    def _failed_points(self) -> "Ranges":
        return self._snapshot().index.stretches_of(FAILED, TIMED_OUT)

    @property
    def provenance(self) -> dict[str, Any]:
        from explorekit.store.backend import defaults_beside, derived_by
        from explorekit.store.dataset import first_and_last_start

        record = self._record()
        environment = self._directory.read_environment(record.code)
        git = environment.get("git") or {}
        first, last = first_and_last_start(self._snapshot())
        return {
            "simulation": record.name,
            "code_version": record.code,
            "kept_code_versions": list(record.kept),
            "source": self._directory.read_source(record.code),
            "git_commit": git.get("commit", ""),
            "git_dirty": git.get("dirty"),
            "defaults": defaults_beside(self.space, self._directory.read_further(record.code, "arguments")),
            **derived_by(self.space),
            "seed": str(record.seed),
            "created": record.created,
            "sources": [dict(source) for source in record.sources],
            "first_started": "" if np.isnat(first) else str(first),
            "last_started": "" if np.isnat(last) else str(last),
            "python": environment.get("python", ""),
            "platform": environment.get("platform", ""),
            "explorekit": environment.get("explorekit", ""),
            "packages": environment.get("packages", {}),
            "environment": environment,
        }

    @property
    def views(self) -> "Views":
        """Views that somebody marked, by name: a dict in use, kept in the study.

        Each is what `Explorer.state` gives.

        Examples
        --------
        >>> study.views["onset"] = explorer.state  # doctest: +SKIP
        >>> study.explore(**study.views["onset"])  # doctest: +SKIP
        """
        from explorekit.store.views import Views

        return Views(self.path)

    def to_netcdf(
        self, path: str | os.PathLike[str], encoding: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Path:
        """Write results, the record of each run, and provenance to one netCDF file.

        Groups: ``/`` the results with ``status``, ``/runs``, ``/failures`` and ``/provenance``. Any reader of netCDF-4
        reads it. A file that is there is replaced, once the new one is whole.

        Parameters
        ----------
        path : path-like
            The file to write.
        encoding : mapping of str to mapping, optional
            By output, how it lies in the file, in the words of `xarray.Dataset.to_netcdf`: ``compression``, ``complevel``,
            ``chunksizes`` (along all its dimensions) and so on. By default nothing is compressed.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        StudyError
            If the file cannot be written, or `encoding` does not fit.
        """
        from explorekit.store.backend import dataset_attrs
        from explorekit.store.export import export

        target = Path(path)
        if target.is_dir():
            raise StudyError(
                f"{target} is a directory; expected the path of a file, such as {target / (self.name + '.nc')}."
            )
        if not target.parent.is_dir():
            raise StudyError(f"there is no directory {target.parent}; create it, or give another path.")
        if any(target.absolute().is_relative_to(self.path / entry) for entry in ENTRIES):
            raise StudyError(f"{target} is a place of the study's own files; give another path.")
        snapshot = self._snapshot()
        attrs = dataset_attrs(self._directory, self._record(), snapshot.space)
        export(snapshot, target, attrs, self.provenance, encoding)
        return target

    def to_zarr(self, path: str | os.PathLike[str]) -> Path:
        """Write results, the record of each run (group ``runs``) and provenance to a new Zarr store.

        Integers of which some are missing become floats there. Needs zarr: ``pip install 'explorekit[zarr]'``.

        Parameters
        ----------
        path : path-like
            The store to make: a directory.

        Returns
        -------
        pathlib.Path
            The store; `xarray.open_zarr` opens it.

        Raises
        ------
        ImportError
            If zarr is not installed.
        StudyError
            If there is something at the path already, or it cannot be written.
        """
        from explorekit.zarr_export import to_zarr

        to_zarr({"runs": self.runs, "": self.results}, Path(path), self.provenance)
        return Path(path)

    def check(self, *, dry_run: bool = False) -> "CheckReport":
        """Read every file of the study, and move damaged ones to ``quarantine/``; their points are pending again.

        Parameters
        ----------
        dry_run : bool, default False
            Only tell what is wrong; move nothing.

        Returns
        -------
        CheckReport
            ``ok``, and ``findings`` with the ``file``, the ``problem`` and the number of ``points`` of each. Printed, it
            is a table.

        Raises
        ------
        StudyBusyError
            If the study is being run.
        StudyError
            If the directory cannot be written.

        Examples
        --------
        >>> import explorekit as ek
        >>> print(ek.open("studies/area").check())  # doctest: +SKIP
        files read: 3 (0.1 MB); all are what was written
        """
        from explorekit.store.check import check

        if dry_run:
            self._catalog.refresh()
            return check(self._directory, self._catalog, dry_run=True)
        with self._locked():
            self._catalog.refresh()
            return check(self._directory, self._catalog, dry_run=False)

    def compact(self, chunks: "Mapping[str, int] | None" = None) -> "CompactReport":
        """Merge small shards into larger ones, laid out for reading along any dimension; what is read stays the same.

        A run does so by itself where it left very many. Shards of which some results were
        discarded go to ``trash/``.

        Parameters
        ----------
        chunks : mapping, optional
            By dimension of the space or of an output, the length of chunks along it, −1 for all of it: for how the
            results are read. By default all planes are read about as fast; an output of three dimensions and up to
            256 MB is kept in three copies for that.

        Returns
        -------
        CompactReport
            The number of shards ``before`` and ``after``, and how many were ``written``.

        Raises
        ------
        StudyBusyError
            If the study is being run.
        StudyError
            If `chunks` names no dimension, or the directory cannot be written.
        ShardError
            If a shard is damaged; `check` moves it away.

        Examples
        --------
        >>> import explorekit as ek
        >>> print(ek.open("studies/area").compact(chunks={"width": -1}))  # doctest: +SKIP
        shards: 12 before, 1 after, 1 written
        """
        from explorekit.store.compact import compact

        with self._locked():
            self._catalog.refresh()
            try:
                return compact(self._catalog, chunks)
            finally:
                self._catalog.keep()

    def delete(self, *, confirm: str) -> None:
        """Delete the study directory with all that is in it; there is no way back.

        Parameters
        ----------
        confirm : str
            The name of the study, as a confirmation.

        Raises
        ------
        StudyBusyError
            If the study is being run.
        StudyError
            If the name is not the study's, if something other than a study lies in the directory, or if it cannot be
            deleted.

        Examples
        --------
        >>> import explorekit as ek
        >>> ek.open("studies/area").delete(confirm="area")  # doctest: +SKIP
        """
        if confirm != self.name:
            raise StudyError(
                f"got confirm={confirm!r}; expected the name of the study at {self.path}, {self.name!r}. "
                f"Nothing was deleted."
            )
        with self._locked():
            self._catalog.close()
            self._directory.remove()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the study, so that nobody runs it meanwhile."""
        from explorekit.store.lock import StudyLock

        lock = StudyLock(self._directory.path)
        try:
            lock.acquire()
            yield
        except OSError as error:
            raise storage_error(error, self.path) from error
        finally:
            lock.release()

    @property
    def generation(self) -> int:
        return self._catalog.generation

    def _snapshot(self) -> "Snapshot":
        """Return what is there now."""
        from explorekit.store.backend import versions_that_count

        record = self._record()
        if not self.running:
            self._follow(record)
            self._catalog.refresh()
        return self._catalog.snapshot(versions_that_count(record))

    @property
    def code_versions(self) -> "pd.DataFrame":
        """One row a version of the simulation's code: ``points`` that it has a record of, ``ok``, ``role`` and dates.

        The role is ``"current"``, ``"kept"`` or ``"earlier"``; results of earlier versions are looked at with `at`. A record
        that was discarded is not counted.
        """
        from explorekit.store.versions import versions_table

        self._snapshot()
        return versions_table(self._catalog, self._directory.read_record())

    def at(self, *, code: str) -> "StudyFolder":
        """Return the study as it is with the results of one version of the simulation's code, to look at.

        Parameters
        ----------
        code : str
            The version, or its first digits: see `code_versions`.

        Returns
        -------
        StudyFolder
            The results of that version alone.

        Raises
        ------
        StudyError
            If there is no such version, or there are several.
        """
        known = self.code_versions.index.tolist()
        found = [version for version in known if code and version.startswith(code)]
        if len(found) != 1:
            raise StudyError(
                f"got code={code!r}; expected one of the versions {listing(known)}, or the first digits of one."
            )
        return StudyOfVersion(self.path, found[0])

    def _record(self) -> "StudyRecord":
        """Return what counts here."""
        return self._directory.read_record()

    def _follow(self, record: "StudyRecord") -> None:
        """Count points in the study's current space, which this or another process may have extended."""
        if record.space != self._space_hash:
            self._catalog.move_to(self._directory.read_space(record.space), record.space)
            self._space_hash = record.space

    def _recorded(self) -> Mapping[int, int]:
        return self._snapshot().index.counts()


class StudyOfVersion(StudyFolder):
    """A study directory, read only, with the results of one code version."""

    def __init__(self, path: str | os.PathLike[str], version: str) -> None:
        super().__init__(path)
        self._version = version

    def _record(self) -> "StudyRecord":
        return replace(self._directory.read_record(), code=self._version, kept=())
