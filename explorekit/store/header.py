"""What does a shard say of itself? All but its arrays and labels, as one attribute of its file."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorekit.simulation.schema import Field
from explorekit.store.netcdf import Draft, fetch

FORMAT = 1
HEADER = "explorekit"

_LONGEST_RUN_LIST = 1000


@dataclass(frozen=True)
class Origin:
    """Where a shard comes from: what orders it among others, and what made it."""

    epoch: int
    sequence: int
    code_version: str
    worker: str
    host: str


@dataclass(frozen=True)
class StoredField:
    """One output as a shard holds it.

    Parameters
    ----------
    field
        What it is.
    constant
        Whether all rows share one array.
    given
        Whether some rows lack it.
    digest
        Of the array that all share, else empty.
    encoding
        How it was asked to lie in the file, in xarray's words.
    flat
        Whether the rows' values lie one behind the other, `{dim}_start` and `{dim}_size` in the group ``runs`` telling
        which belong to which row: a contiguous ragged array.
    """

    field: Field
    constant: bool
    given: bool
    digest: str
    encoding: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    flat: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return it as data that JSON can hold."""
        return {**vars(self), "field": {**vars(self.field), "attrs": dict(self.field.attrs)}}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> "StoredField":
        """Return what `to_plain` gave."""
        one = content["field"]
        return cls(**{**content, "field": Field(**{**one, "dims": tuple(one["dims"])})})


@dataclass(frozen=True)
class Header:
    """All of a shard but its arrays and labels; small enough to travel with a task's reply.

    Parameters
    ----------
    origin
        Where it comes from; of several the first.
    size
        The number of rows; one that is pending stands for a point without a record.
    outputs
        What the runs returned.
    sizes, ragged
        The lengths of output dimensions, and which of them differ between rows.
    status_runs
        The (start, stop, status) of stretches of rows.
    span
        The rows' positions among the labels, if these are consecutive.
    grid
        Whether outputs lie over the dimensions of the labels, of which every point has a row, rather than over rows.
    origins
        Where a shard that was made of others has its records from: first rows and origins.
    """

    origin: Origin
    size: int
    outputs: Mapping[str, StoredField]
    sizes: Mapping[str, int]
    ragged: tuple[str, ...]
    status_runs: tuple[tuple[int, int, int], ...]
    span: tuple[int, int] | None
    grid: bool = False
    origins: tuple[tuple[int, Origin], ...] = ()

    @property
    def origins_by_row(self) -> tuple[tuple[int, Origin], ...]:
        """First rows, and where these and the rows behind them come from."""
        return self.origins or ((0, self.origin),)

    def to_json(self) -> str:
        """Return the header as the text of one netCDF attribute."""
        content = {
            "format": FORMAT,
            "key": {"stage": "", "segment": [0, 1], "final": True},
            "origin": vars(self.origin),
            "size": self.size,
            "outputs": {name: stored.to_plain() for name, stored in self.outputs.items()},
            "sizes": dict(self.sizes),
            "ragged": self.ragged,
            "status_runs": self.status_runs if len(self.status_runs) <= _LONGEST_RUN_LIST else None,
            "span": self.span,
            "grid": self.grid,
        }
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str) -> "Header":
        """Return what `to_json` wrote; raises KeyError, TypeError or ValueError on anything else."""
        content = json.loads(text)
        if content["format"] > FORMAT:
            raise ValueError(
                f"format {content['format']} is newer than {FORMAT}, the newest that this version reads"
            )
        return cls(
            Origin(**content["origin"]),
            content["size"],
            {name: StoredField.from_plain(stored) for name, stored in content["outputs"].items()},
            content["sizes"],
            tuple(content["ragged"]),
            tuple((a, b, c) for a, b, c in content["status_runs"] or ()),
            None if content["span"] is None else (content["span"][0], content["span"][1]),
            content.get("grid", False),
        )


def put_origins(file: Any, origins: Sequence[tuple[int, Origin]], draft: Draft) -> None:
    """Add first rows and origins to the draft of a shard, in a group of their own, what made them once."""
    group = file.createGroup("origins")
    group.createDimension("origin", len(origins))
    makers = list(dict.fromkeys((o.code_version, o.worker, o.host) for _, o in origins))
    numbers = {maker: number for number, maker in enumerate(makers)}
    columns = {
        "row": [row for row, _ in origins],
        "epoch": [origin.epoch for _, origin in origins],
        "sequence": [origin.sequence for _, origin in origins],
        "which_maker": [numbers[o.code_version, o.worker, o.host] for _, o in origins],
    }
    for name, column in columns.items():
        draft.add(group, name, ("origin",), np.array(column, dtype=np.int64), {})
    group.createDimension("maker", len(makers))
    for name, texts in zip(("code_version", "worker", "host"), zip(*makers, strict=True), strict=True):
        draft.add(group, name, ("maker",), np.array(texts), {})


def read_origins(group: Any) -> tuple[tuple[int, Origin], ...]:
    """Return what `put_origins` wrote, from its group."""
    rows, epochs, sequences, which = (
        fetch(group, name, np.int64).tolist() for name in ("row", "epoch", "sequence", "which_maker")
    )
    texts = (fetch(group, name, "U").tolist() for name in ("code_version", "worker", "host"))
    makers = list(zip(*texts, strict=True))
    return tuple(
        (row, Origin(epoch, sequence, *makers[maker]))
        for row, epoch, sequence, maker in zip(rows, epochs, sequences, which, strict=True)
    )
