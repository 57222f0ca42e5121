"""Records that no longer count: small immutable files that name them, in ``superseded/``.

Shards are never changed, and precedence between them is fixed; so what takes a record out (it was discarded, is to be
run again, lay in a damaged file) is written beside them. A record is named by its shard and row, which nothing
changes: neither a longer axis nor a moved directory.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import StudyError
from explorekit.store import durable

FORMAT = 1
FOLDER = "superseded"

Ranges = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Superseded:
    """Records that one decision took out.

    Parameters
    ----------
    rows
        By shard name, the (start, stop) of rows as an array of shape (n, 2), sorted and apart; None for all rows.
    reason
        One word, such as ``"discard"``.
    created
        When, ISO 8601; tells people, decides nothing.
    """

    rows: Mapping[str, Ranges | None]
    reason: str
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def write_superseded(folder: Path, superseded: Superseded) -> Path:
    """Write a decision durably; it holds from then on."""
    content = {
        "format": FORMAT,
        "reason": superseded.reason,
        "created": superseded.created,
        "rows": {
            name: None if ranges is None else ranges.tolist() for name, ranges in superseded.rows.items()
        },
    }
    text = json.dumps(content).encode()
    final = folder / f"{superseded.reason}-{_hash(text)}.json"
    durable.write_bytes(final, text)
    return final


def read_superseded(path: Path) -> Superseded:
    """Read a decision.

    Raises
    ------
    StudyError
        If the file is damaged, or of a newer format.
    """
    try:
        content = _checked(path.read_bytes(), path.stem)
        rows = {
            str(name): None if ranges is None else np.array(ranges, dtype=np.int64).reshape(-1, 2)
            for name, ranges in content["rows"].items()
        }
        return Superseded(rows, content["reason"], content["created"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{path} is damaged ({error}); the records that it took out count again. Restore it from a copy, or delete it."
        ) from error


def _checked(text: bytes, name: str) -> Any:
    if not name.endswith(_hash(text)):
        raise ValueError("its content does not match the hash in its name")
    content = json.loads(text)
    if content["format"] > FORMAT:
        raise ValueError(
            f"format {content['format']} is newer than {FORMAT}, the newest that this version reads"
        )
    return content


def without_rows(stretches: Ranges, rows: Ranges | None) -> Ranges:
    """Return a shard's stretches, of (start, stop, row, …) in the order of their rows, without some of its rows."""
    if rows is None or not stretches.size:
        return stretches[:0]
    first, last = stretches[:, 2], stretches[:, 2] + stretches[:, 1] - stretches[:, 0]
    edges = np.unique(np.concatenate([first, last, rows.ravel()]))
    low, high = edges[:-1], edges[1:]
    owner = np.searchsorted(first, low, side="right") - 1
    taken = np.searchsorted(rows.ravel(), low, side="right") % 2 == 1
    kept = (owner >= 0) & (low < last[owner]) & ~taken
    low, high, owner = low[kept], high[kept], owner[kept]
    cut: Ranges = stretches[owner]
    cut[:, 0] += low - first[owner]
    cut[:, 1] = cut[:, 0] + high - low
    cut[:, 2] = low
    return cut


def rows_of(stretches: Ranges, positions: Ranges) -> tuple[Ranges, Ranges]:
    """Return which stretches hold some points, and in which rows, as (start, stop); a stretch once for each run of them.

    The points are given as (start, stop), sorted and apart.
    """
    first = np.searchsorted(positions[:, 1], stretches[:, 0], side="right")
    count = np.maximum(0, np.searchsorted(positions[:, 0], stretches[:, 1], side="left") - first)
    owner = np.repeat(np.arange(len(stretches)), count)
    which = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    start, stop, row = stretches[owner, 0], stretches[owner, 1], stretches[owner, 2]
    low, high = np.maximum(start, positions[which, 0]), np.minimum(stop, positions[which, 1])
    return owner, np.stack([row + low - start, row + high - start], axis=1)


def ranges_of(positions: npt.NDArray[np.int64]) -> Ranges:
    """Return distinct integers as (start, stop), sorted and apart."""
    ordered = np.unique(positions)
    return merged(np.stack([ordered, ordered + 1], axis=1))


def merged(ranges: Ranges) -> Ranges:
    """Return ranges sorted, those that touch or overlap joined."""
    if not len(ranges):
        return ranges.reshape(0, 2)
    ordered = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    apart = np.flatnonzero(ordered[1:, 0] > reach[:-1]) + 1
    starts = np.concatenate([[0], apart])
    return np.stack([ordered[starts, 0], reach[np.concatenate([apart - 1, [len(ordered) - 1]])]], axis=1)


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[: durable.HASH_LENGTH]
