"""Looking without a browser: what the process that shows results holds, and what it takes of a core.

Run as ``python -m benchmarks.looking.alone MEASUREMENT FOLDER NUMBER``; prints a line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.work import WORKERS, peak_memory

# Each run of the map that fills in takes so long.
SECONDS = 0.03
MAP = (40, 30)


def resident() -> float:
    """Return the memory that this process holds, in megabytes; where the system does not tell, the most that it held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return peak_memory()
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def warm() -> None:
    """Import, and draw, what any explorer needs."""
    import xarray as xr

    import explorekit as ek

    small = xr.Dataset({"v": (("a", "y", "x"), np.zeros((2, 10, 10)))})
    ek.explore(small).close()
    ek.explore(small, x="x", y=None).close()


def move(explorer: Any, dim: str, count: int) -> float:
    """Move back and forth along a dimension, and return the most megabytes that were held after a move."""
    from explorekit.explorer.controls import index_trait

    control = explorer.controls[dim]
    last = explorer.slicer.dataset.sizes[dim] - 1
    most = 0.0
    for step in range(1, count + 1):
        setattr(control, index_trait(control), last - abs(last - step % (2 * last)))
        most = max(most, resident())
    return most


def opening(variable: str, folder: Path, count: int) -> dict[str, float]:
    """Open a large study, and move through it."""
    import explorekit as ek

    warm()
    found = {"before": resident()}
    began = time.perf_counter()
    explorer = ek.explore(ek.open(folder / "large"), variable)
    found[f"{variable} seconds"] = time.perf_counter() - began
    found[f"{variable} opened"] = resident()
    found[f"{variable} most"] = move(explorer, "a", count)
    found[f"{variable} moved"] = resident()
    explorer.close()
    return found


def moving(folder: Path, count: int) -> dict[str, float]:
    """Move through images of 256 × 256 and lines again and again."""
    import explorekit as ek

    warm()
    found = {}
    for variable in ("field", "trace"):
        explorer = ek.explore(ek.open(folder / "study"), variable)
        held = []
        for part in (count // 5, count - count // 5):
            move(explorer, "b", part - part // 2)
            move(explorer, "a", part // 2)
            held.append(resident())
        found[f"{variable} grown"] = held[1] - held[0]
        explorer.close()
    return found


def busy(a: float, b: int) -> float:
    """Take a while, and return a number."""
    end = time.thread_time() + SECONDS
    while time.thread_time() < end:
        pass
    return a * b


def following(folder: Path, explorers: int) -> dict[str, float]:
    """Run a study, with or without explorers of the map that fills in."""
    import explorekit as ek

    warm()
    space = ek.Space(a=np.linspace(0, 1, MAP[0]), b=np.arange(MAP[1]))
    study = ek.Study(busy, space, folder / f"map-{explorers}")
    run = study.start(n_workers=WORKERS)
    shown = [study.explore() for _ in range(explorers)]
    began, used = time.perf_counter(), time.process_time()
    run.wait()
    share = (time.process_time() - used) / (time.perf_counter() - began)
    for explorer in shown:
        explorer.close()
    return {"share": share}


MEASUREMENTS: Mapping[str, Callable[[Path, int], dict[str, float]]] = {
    "image": partial(opening, "field"),
    "line": partial(opening, "trace"),
    "moving": moving,
    "following": following,
}


if __name__ == "__main__":
    name, folder, number = sys.argv[1:]
    print(json.dumps(MEASUREMENTS[name](Path(folder), int(number))))
