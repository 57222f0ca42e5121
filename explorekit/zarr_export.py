"""A study as one Zarr store, for whoever reads Zarr."""

import json
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.errors import StudyError
from explorekit.store import durable
from explorekit.store.directory import storage_error

if TYPE_CHECKING:
    import xarray as xr

_CHUNK = "8MiB"


def to_zarr(groups: Mapping[str, "xr.Dataset"], path: Path, provenance: Mapping[str, Any]) -> None:
    """Write datasets to a new Zarr store, a few chunks at a time; it is whole or absent whatever happens.

    Parameters
    ----------
    groups
        By the name of their group; that of an empty name is the root.
    path
        The store, where nothing may be yet.
    provenance
        Kept as an attribute of the root, as JSON.

    Raises
    ------
    ImportError
        If zarr is not installed.
    StudyError
        If there is something at the path, or it cannot be written.
    """
    if find_spec("zarr") is None:
        raise ImportError("to_zarr needs zarr; install it with: pip install 'explorekit[zarr]'")
    import dask

    if path.exists():
        raise StudyError(f"there is something at {path} already; give another path, or remove it first.")
    if not path.parent.is_dir():
        raise StudyError(f"there is no directory {path.parent}; create it, or give another path.")
    temporary = durable.temporary_name(path.parent)
    try:
        # One chunk after the other, in this process: results are read under one lock anyway.
        with dask.config.set({"array.chunk-size": _CHUNK, "scheduler": "synchronous"}):
            for name, dataset in groups.items():
                attrs = {} if name else {"provenance": json.dumps(dict(provenance))}
                # Format 2 has texts and complex numbers, for which format 3 has no final specification.
                dataset.assign_attrs(attrs).chunk("auto").to_zarr(
                    temporary, group=name or None, mode="a", zarr_format=2, consolidated=not name
                )
        for written in (*temporary.rglob("*"), temporary):
            durable.sync(written)
        durable.rename(temporary, path)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
