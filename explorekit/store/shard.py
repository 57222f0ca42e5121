"""A shard: the immutable netCDF file that one finished batch leaves.

It holds the labels of its own points, so it means the same in any space: the coordinate values that it touches, and
which points of their product its rows are. Outputs lie at the root over ``point``, or ``point.0`` where that is a dimension
of the space, the record of each run in the group ``runs``, tracebacks in ``failures``.

It is opened here, and made by `explorekit.store.writing`; `header`, `timings` and `failures` beside it know its parts.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from explorekit.errors import ShardError
from explorekit.simulation.names import POINT
from explorekit.space import Space
from explorekit.space.positions import Positions
from explorekit.store import durable
from explorekit.store.hdf5 import open_file
from explorekit.store.header import HEADER, Header, read_origins
from explorekit.store.netcdf import fetch
from explorekit.store.spaces import get_space
from explorekit.store.status import status_runs


def check_content(path: Path) -> None:
    """Read a whole file, and raise `ShardError` if it is not what was written under its name."""
    try:
        found = durable.content_hash(path)
    except OSError as error:
        raise ShardError(
            f"{path.name} in {path.parent} cannot be read ({error.strerror or error})."
        ) from error
    if not path.stem.endswith(f"-{found}"):
        raise ShardError(
            f"{path.name} in {path.parent} is damaged or is not a shard (its content does not match the hash in its "
            f"name); `explorekit check {path.parent.parent}` moves it away."
        )


def read_header(path: Path) -> tuple[Header, Space, Positions]:
    """Return a shard's header, the labels that it touches, and the flat positions of its rows among these.

    Raises
    ------
    ShardError
        If the file cannot be read, or is no shard.
    """
    try:
        durable.check_small(path)
        with open_file(path) as file:
            header = Header.from_json(file.getncattr(HEADER))
            touched = get_space(file)
            rows = np.arange(*header.span) if header.span else fetch(file["runs"], "position", np.int64)
            if not header.status_runs:
                header = replace(header, status_runs=status_runs(fetch(file["runs"], "status", np.int8)))
            if "origins" in file.groups:
                header = replace(header, origins=read_origins(file["origins"]))
            _check_consistent(header, touched, rows)
    except (
        OSError,
        RuntimeError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        OverflowError,
    ) as error:
        raise ShardError(
            f"{path.name} in {path.parent} is damaged or is not a shard ({type(error).__name__}: {error})."
        ) from error
    return header, touched, rows


def _check_consistent(header: Header, touched: Space, rows: Positions) -> None:
    """Raise ValueError if the parts of a shard do not tell of the same points."""
    if rows.size != header.size or header.status_runs[-1][1] != header.size:
        raise ValueError(
            f"{rows.size} positions and {header.status_runs[-1][1]} statuses for {header.size} rows"
        )
    if rows.min() < 0 or rows.max() >= len(touched):
        raise ValueError(f"positions up to {rows.max()} among {len(touched)} points")


def row_dimension(dims: Iterable[str]) -> str:
    """Return the dimension along which rows lie in a file that has labels along some dimensions; no user's has that name."""
    return f"{POINT}.0" if POINT in dims else POINT


def sample_dimension(dim: str) -> str:
    """Return the dimension along which the values of all rows lie, one behind the other; no user's has that name."""
    return f"{dim}.0"
