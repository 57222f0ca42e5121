"""Why has a run no result? Errors and tracebacks, in a group of a file of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorekit.store.netcdf import Draft, fetch
from explorekit.store.status import FAILED


@dataclass(frozen=True)
class Failure:
    """Why one row of a batch has no result."""

    row: int
    error: str
    message: str
    traceback: str
    status: int = FAILED


def put_failures(file: Any, failures: Sequence[Failure], draft: Draft) -> None:
    """Add failures to the draft of an open file, in a group of their own, equal tracebacks once."""
    group = file.createGroup("failures")
    traces = list(dict.fromkeys(failure.traceback for failure in failures))
    numbers = {trace: number for number, trace in enumerate(traces)}
    group.createDimension("failure", len(failures))
    group.createDimension("trace", len(traces))
    draft.add(group, "row", ("failure",), np.array([f.row for f in failures], dtype=np.int64), {})
    which = np.array([numbers[f.traceback] for f in failures], dtype=np.int64)
    draft.add(group, "which_traceback", ("failure",), which, {})
    texts = {
        "error": [f.error for f in failures],
        "message": [f.message for f in failures],
        "traceback": traces,
    }
    for name, lines in texts.items():
        # A message may quote bytes that are no text; that must not cost the batch.
        values = np.array([line.encode("utf-8", "backslashreplace").decode() for line in lines])
        draft.add(group, name, ("trace" if name == "traceback" else "failure",), values, {})


def read_failures(file: Any) -> list[Failure]:
    """Return the failures that an open shard holds."""
    if "failures" not in file.groups:
        return []
    group = file["failures"]
    texts = {name: fetch(group, name, "U").tolist() for name in ("error", "message", "traceback")}
    rows = fetch(group, "row", np.int64).tolist()
    which = fetch(group, "which_traceback", np.int64).tolist()
    return [
        Failure(row, error, message, texts["traceback"][trace])
        for row, error, message, trace in zip(rows, texts["error"], texts["message"], which, strict=True)
    ]


def read_failure(file: Any, row: int) -> Failure | None:
    """Return the failure of one row of an open shard, without reading the texts of others; None if there is none."""
    if "failures" not in file.groups:
        return None
    group = file["failures"]
    found = np.flatnonzero(fetch(group, "row", np.int64) == row)
    if not found.size:
        return None
    at = slice(int(found[0]), int(found[0]) + 1)
    trace = int(fetch(group, "which_traceback", np.int64, at)[0])
    error, message = (str(fetch(group, name, "U", at)[0]) for name in ("error", "message"))
    return Failure(row, error, message, str(fetch(group, "traceback", "U", slice(trace, trace + 1))[0]))
