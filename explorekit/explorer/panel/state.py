"""What does the browser show of a run? As plain values that travel."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from explorekit.engine.load import WorkerLoad
from explorekit.engine.progress import FailureGroup, Progress
from explorekit.engine.tally import Side, Tally
from explorekit.explorer import flags
from explorekit.explorer.captions import SIGNS
from explorekit.explorer.drawing.palette import STATUS_COLOURS
from explorekit.explorer.panel.words import STATES, bytes_text, numbers

State = dict[str, Any]

LONGEST_TRACEBACK = 20_000
# On white this is the grey that the explorer has for what has not run yet; on a dark page it is a dark one.
COLOURS = {**STATUS_COLOURS, flags.PENDING: "rgba(128, 128, 128, 0.34)"}


def head_state(name: str, progress: Progress) -> State:
    """Return the state, the bar and the counts."""
    total = max(progress.total, 1)
    return {
        "name": name,
        "state": STATES[progress.state],
        "where": "" if progress.done else progress.where,
        "dashboard": "" if progress.done else progress.dashboard,
        "done": progress.ok + progress.failed,
        "total": progress.total,
        "parts": [
            [COLOURS[flags.OK], progress.ok / total],
            [COLOURS[flags.FAILED], (progress.failed - progress.timed_out) / total],
            [COLOURS[flags.TIMED_OUT], progress.timed_out / total],
        ],
        "numbers": [list(entry) for entry in numbers(progress)],
        "message": progress.message,
    }


def map_state(tally: Tally) -> State:
    """Return which part of each cell of the map is ok, failed and timed out, as bytes; a single run shows."""
    cells = tally.cells
    sizes = np.maximum(cells.sum(axis=0), 1)
    shares = np.ceil(255 * (cells[[flags.OK, flags.FAILED, flags.TIMED_OUT]] / sizes)).astype(np.uint8)
    across, up = tally.across, tally.up
    return {
        "rows": cells.shape[1],
        "columns": cells.shape[2],
        "shares": shares.tobytes(),
        "across": [across.name, across.first, across.last],
        "up": None if up is None else [up.name, up.first, up.last],
        "words": _map_in_words(tally),
        "colours": [COLOURS[code] for code in range(len(flags.MEANINGS))],
        "legend": _legend(tally),
    }


def _legend(tally: Tally) -> list[list[Any]]:
    counts = {**tally.counts, flags.PENDING: tally.total - sum(tally.counts.values())}
    order = (flags.OK, flags.FAILED, flags.TIMED_OUT, flags.PENDING)
    return [
        [COLOURS[code], SIGNS.get(code, ""), f"{counts[code]:,} {flags.IN_WORDS[code]}"]
        for code in order
        if counts[code]
    ]


def _map_in_words(tally: Tally) -> str:
    sides = [f"{_side(tally.across)} across"]
    if tally.up is not None:
        sides.append(f"{_side(tally.up)} upwards")
    return f"Map of the runs, {', '.join(sides)}: {', '.join(entry[2] for entry in _legend(tally))}"


def _side(side: Side) -> str:
    return f"{side.name} from {side.first} to {side.last}" if side.first else side.name


def worker_states(loads: Iterable[WorkerLoad]) -> list[State]:
    """Return a row a worker."""
    return [
        {
            "name": load.name,
            "state": "idle" if not load.busy else "busy" if load.slots == 1 else f"{load.busy} busy",
            "cpu": min((load.cpu or 0.0) / load.slots, 1.0),
            "percent": "" if load.cpu is None else f"{100 * load.cpu:.0f} %",
            "memory": bytes_text(load.memory) + (f" of {bytes_text(load.limit)}" if load.limit else ""),
        }
        for load in loads
    ]


def failure_states(groups: Iterable[FailureGroup]) -> list[State]:
    """Return a row a kind of failure."""
    return [
        {
            "key": group.kind,
            "error": group.error,
            "count": f"{group.count:,} ×",
            "points": list(group.points[::-1]),
            "more": f"and {group.count - len(group.points):,} more: see study.failures"
            if group.count > len(group.points)
            else "",
            "traceback": _end_of(group.traceback),
        }
        for group in groups
    ]


def _end_of(traceback: str) -> str:
    return traceback if len(traceback) <= LONGEST_TRACEBACK else f"…\n{traceback[-LONGEST_TRACEBACK:]}"
