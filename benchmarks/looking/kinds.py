"""Kinds of plot that matplotlib draws whole for every step: how soon each follows a key."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import environments, table
from benchmarks.looking.browser import chromium, jupyterlab, look
from benchmarks.peers import Way
from benchmarks.rounds import Measured

TITLE = "Kinds that matplotlib draws whole, from a key to a changed picture"
STEPS = 50  # positions of the slider
# What each is called, and what is asked of `explorekit.explore`.
KINDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "contour": ("contours of 256 × 256", {"variable": "field", "x": "x", "y": "y"}),
    "histogram": ("a histogram of 65,536 values", {"variable": "field", "x": "x", "y": "y"}),
    "bar": ("12 bars, mean and deviation of 20", {"variable": "score", "x": "name", "band": "repetition"}),
    "raster": ("4,000 spikes in 40 rows", {"variable": "spikes", "x": "spike", "y": "repetition"}),
    "image": (
        "12 small images of 64 × 64",
        {"variable": "atlas", "x": "x", "y": "y", "row": "feed", "column": "kill"},
    ),
    "parallel": ("200 points of 4 parameters, parallel", {"variable": "rate"}),
    "pairs": ("200 points of 4 parameters, in pairs", {"variable": "rate"}),
}


def results(variable: str) -> Any:
    """Return what is drawn of a kind; it differs from step to step wherever one looks."""
    import xarray as xr

    rng = np.random.default_rng(0)
    step = np.arange(STEPS)
    across = np.linspace(0, 1, 256, dtype=np.float32)
    match variable:
        case "field":
            waves = np.sin(12 * across[None, :] + step[:, None]) * (1 + step[:, None] % 7) / 7
            values, dims = waves[:, None, :] * np.cos(9 * across[:, None]), ("step", "y", "x")
            coords: dict[str, Any] = {"x": across, "y": across}
        case "score":
            values, dims = rng.random((STEPS, 12, 20)), ("step", "name", "repetition")
            coords = {"name": [f"rule {i}" for i in range(12)]}
        case "atlas":
            waves = np.sin(12 * across[::4] + np.arange(STEPS * 12)[:, None])
            values = (waves[:, None, :] * np.cos(9 * across[::4, None])).reshape(STEPS, 3, 4, 64, 64)
            dims = ("step", "feed", "kill", "y", "x")
            coords = {"feed": np.arange(3), "kill": np.arange(4)}
        case "spikes":
            values, dims = np.cumsum(rng.random((STEPS, 40, 100)), axis=-1), ("step", "repetition", "spike")
            coords = {}
        case _:
            values, dims = rng.random((STEPS, 200)), ("step", "point")
            coords = {f"p{i}": ("point", rng.random(200)) for i in range(4)}
    return xr.Dataset({variable: (dims, values)}, coords={"step": step, **coords})


def shown(kind: str) -> Any:
    """Return an explorer of one kind."""
    import explorekit as ek

    asked = dict(KINDS[kind][1])
    return ek.explore(results(asked["variable"]), kind=kind, **asked)


def measured(interpreter: str, packages: Path, rounds: int) -> dict[str, dict[Way, Measured]]:
    """Return what was measured of every kind."""
    found = {Way("explorekit", kind, text): Measured() for kind, (text, _) in KINDS.items()}
    with environments.scratch() as folder, jupyterlab(interpreter, folder) as address, chromium() as browser:
        for _ in range(rounds):
            for way, one in found.items():
                one.runs.append(look(browser, packages, address, folder, "kind", way.function, pause=250))
                print(f"{way.title}: {one.runs[-1]}", file=sys.stderr, flush=True)
    return {TITLE: found}


def sections(columns: Mapping[str, Mapping[Way, Measured]]) -> list[str]:
    """Return the table of what was measured."""
    rows = [
        [way.title, *(f"{1e3 * one.median(key):.0f} ms" for key in ("seconds", "p95"))]
        for way, one in columns.get(TITLE, {}).items()
    ]
    return [f"## {TITLE}", table.table(["", "median", "slowest twentieth"], rows)] if rows else []
