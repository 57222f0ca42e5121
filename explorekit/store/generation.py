"""Generations of the index: what is known of all shards, in one file in ``index/``, so that a study opens at once.

A cache and never the truth: one that is missing, damaged, or of another explorekit is made again from the shards, and
one that is behind is completed from them. Its arrays are read without ever unpickling an object.
"""

import io
import json
import logging
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from explorekit.store import durable
from explorekit.store.table import Ints, Kind, Maker, ShardTable

logger = logging.getLogger(__name__)

FORMAT = 1
_SUFFIX = ".npz"
_KEPT = 2  # a reader may be about to open the one before

_COLUMNS = ("kind", "origin_shard", "epoch", "sequence", "maker")
_STRETCHES = ("start", "stop", "row", "status", "origin")


@dataclass(frozen=True, eq=False)
class Generation:
    """The index at one moment.

    Parameters
    ----------
    table
        The shards, as seen from a space.
    space
        That space's hash.
    listed
        What the directory of shards looked like when it held these shards and no others; None if that is not known.
    damaged
        By name, why a file that lies there is no shard.
    decisions
        The files of superseded records that are taken into account.
    """

    table: ShardTable
    space: str
    listed: tuple[int, int] | None = None
    damaged: Mapping[str, str] = field(default_factory=dict)
    decisions: frozenset[str] = frozenset()


def write_generation(folder: Path, generation: Generation) -> None:
    """Write the next generation durably, and remove all but the last ones."""
    numbers = [number for number, _ in _generations(folder)]
    durable.write_bytes(folder / f"{max(numbers, default=0) + 1:08d}{_SUFFIX}", _to_bytes(generation))
    for _, path in sorted(_generations(folder))[:-_KEPT]:
        path.unlink(missing_ok=True)


def read_generation(folder: Path) -> Generation | None:
    """Return the newest generation that is whole, or None."""
    for _, path in sorted(_generations(folder), reverse=True):
        try:
            return _from_bytes(path.read_bytes())
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            logger.debug("%s is of no use (%s); the shards tell the same", path, error)
    return None


def _generations(folder: Path) -> Iterator[tuple[int, Path]]:
    with suppress(OSError):
        for path in folder.iterdir():
            if path.suffix == _SUFFIX and path.stem.isdigit():
                yield int(path.stem), path


def _to_bytes(generation: Generation) -> bytes:
    table = generation.table
    described = {
        "format": FORMAT,
        "space": generation.space,
        "listed": generation.listed,
        "damaged": dict(generation.damaged),
        "decisions": sorted(generation.decisions),
        "kinds": [kind.to_json() for kind in table.kinds],
        "makers": [vars(maker) for maker in table.makers],
        "sizes": list(table.sizes),
        "digests": list(table.digests),
    }
    arrays = {
        "described": np.frombuffer(json.dumps(described).encode(), dtype=np.uint8),
        "names": table.names,
        "outside": table.outside,
        **{name: _small(getattr(table, name)) for name in _COLUMNS},
        **{name: _small(table.stretches[:, number]) for number, name in enumerate(_STRETCHES)},
        # Numbered, as a dimension may have any name.
        **{f"size{number}": _small(sizes) for number, sizes in enumerate(table.sizes.values())},
        **{f"digest{number}": digests for number, digests in enumerate(table.digests.values())},
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _from_bytes(content: bytes) -> Generation:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        described: dict[str, Any] = json.loads(arrays["described"].tobytes())
        if described["format"] != FORMAT:
            raise ValueError(f"format {described['format']}")
        columns = {name: arrays[name].astype(np.int64) for name in _COLUMNS}
        stretches = np.empty((arrays["start"].size, len(_STRETCHES)), dtype=np.int64)
        for number, name in enumerate(_STRETCHES):
            stretches[:, number] = arrays[name]
        table = ShardTable(
            kinds=tuple(Kind.from_json(text) for text in described["kinds"]),
            makers=tuple(Maker(**maker) for maker in described["makers"]),
            names=arrays["names"],
            outside=arrays["outside"],
            sizes={d: arrays[f"size{n}"].astype(np.int64) for n, d in enumerate(described["sizes"])},
            digests={name: arrays[f"digest{n}"] for n, name in enumerate(described["digests"])},
            stretches=stretches,
            **columns,
        )
    listed = described["listed"]
    return Generation(
        table,
        described["space"],
        None if listed is None else (listed[0], listed[1]),
        described["damaged"],
        frozenset(described["decisions"]),
    )


def _small(column: Ints) -> Any:
    """Return integers as the smallest dtype that holds them."""
    for dtype in (np.int8, np.int16, np.int32):
        bounds = np.iinfo(dtype)
        if not column.size or (column.min() >= bounds.min and column.max() <= bounds.max):
            return column.astype(dtype)
    return column
