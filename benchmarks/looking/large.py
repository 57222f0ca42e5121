"""What is looked at for long, and what is large: frames a second, and what the process that shows it holds and takes.

explorekit alone: images of 4,096 × 4,096 float32, each the result of a run, and many of them, 10 GB; lines of a million
points; thousands of moves; and a map that fills in meanwhile.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import environments, table
from benchmarks.looking.browser import chromium, jupyterlab, look
from benchmarks.peers import OURS, Way
from benchmarks.rounds import Measured
from benchmarks.work import WORKERS

SIDE = 4096
IMAGES = 36  # along the slider that is turned, as are lines
POINTS = 10**6
_SEEN = {
    "frames a second while the handle is dragged": ("frames", "{:.1f}"),
    "from a key to a changed picture": ("seconds", "{:.3f} s"),
    "from a key to all that the screen can show": ("settled", "{:.3f} s"),
    "what comes for one move": ("kilobytes", "{:.0f} kB"),
}
# Each table, and its rows: what each says, which number it is, and how that is written.
TABLES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Images of 4,096 × 4,096 float32": _SEEN,
    "Lines of 1,000,000 float32": _SEEN,
    "A study of {gigabytes:.0f} GB": {
        "to open an image, imports apart": ("field seconds", "{:.2f} s"),
        "to open a line, imports apart": ("trace seconds", "{:.2f} s"),
        "held before": ("before", "{:.0f} MB"),
        "held with an image": ("field opened", "{:.0f} MB"),
        "held after {steps} moves of an image": ("field moved", "{:.0f} MB"),
        "held at most after one of them": ("field most", "{:.0f} MB"),
        "held with a line": ("trace opened", "{:.0f} MB"),
        "held after {steps} moves of a line": ("trace moved", "{:.0f} MB"),
    },
    "{moves:,} moves": {
        "held more after them than after a fifth, images of 256 × 256": ("field grown", "{:.1f} MB"),
        "held more after them than after a fifth, lines of 1,000": ("trace grown", "{:.1f} MB"),
    },
    "A map that fills in while two workers compute": {
        "of a core, without an explorer": ("without", "{:.1%}"),
        "of a core, with one": ("with", "{:.1%}"),
        "of a core, for the explorer": ("share", "{:.1%}"),
    },
}


def image(a: float) -> dict[str, Any]:
    """Return an image and a line that differ from step to step wherever one looks."""
    import xarray as xr

    x = np.linspace(0, 1, SIDE, dtype=np.float32)
    field = np.sin(12 * x * np.float32(0.5 + a)) * np.cos(9 * x[:, None] + np.float32(7 * a))
    trace = np.sin(80 * x * np.float32(0.5 + a))
    return {
        "field": xr.DataArray(field, dims=("y", "x"), coords={"x": x, "y": x}),
        "trace": xr.DataArray(trace, dims="x"),
    }


def line(a: float) -> dict[str, Any]:
    """Return a long line that goes up and down everywhere."""
    import xarray as xr

    t = np.linspace(0, 1, POINTS, dtype=np.float32)
    noise = np.random.default_rng(0).normal(size=POINTS).astype(np.float32)
    return {
        "trace": xr.DataArray(np.sin(20 * t * np.float32(0.5 + a)) + noise / 4, dims="t", coords={"t": t})
    }


def make(folder: Path, runs: int) -> None:
    """Run a study of so many images."""
    _make(folder / "large", image, runs)


def make_lines(folder: Path) -> None:
    """Run a study of long lines."""
    _make(folder / "long", line, IMAGES)


def _make(path: Path, simulation: Callable[..., Any], runs: int) -> None:
    import explorekit as ek

    ek.Study(simulation, ek.Space(a=np.linspace(0, 1, runs)), path).run(False, n_workers=WORKERS)


def measured(interpreter: str, packages: Path, rounds: int, *, short: bool) -> dict[str, dict[Way, Measured]]:
    """Return what was measured, by the titles of the tables; ``short`` takes a tenth."""
    size = {"gigabytes": 1 if short else 10, "steps": 10 if short else 100, "moves": 500 if short else 5_000}
    found = [Measured([found]) for found in _alone(**size)]
    with environments.scratch() as folder:
        _run(f"large.make(Path({str(folder)!r}), {IMAGES}); large.make_lines(Path({str(folder)!r}))")
        with jupyterlab(interpreter, folder) as address, chromium() as browser:
            seen = [Measured(), Measured()]
            looks = zip(seen, TABLES, (("large", "field"), ("long", "trace")), strict=False)
            for one, title, (way, variable) in looks:
                for _ in range(rounds):
                    one.runs.append(
                        look(browser, packages, address, folder, way, variable, keys=20, pause=800)
                    )
                    print(f"{title}: {one.runs[-1]}", file=sys.stderr, flush=True)
    titles = [title.format(**size) for title in TABLES]
    return {title: {OURS: one} for title, one in zip(titles, [*seen, *found], strict=True)}


def _alone(gigabytes: float, steps: int, moves: int) -> list[dict[str, float]]:
    """Measure what needs no browser."""
    found = []
    with environments.scratch() as folder:
        _run(f"large.make(Path({str(folder)!r}), {round(gigabytes * 1e9 / (4 * SIDE**2))})")
        one = {**_measure("line", folder, steps), **_measure("image", folder, steps)}
        found.append({**one, "steps": steps})
    with environments.scratch() as folder:
        _run(f"study.make_study(Path({str(folder)!r}))")
        found.append(_measure("moving", folder, moves))
    with environments.scratch() as folder:
        without, share = (_measure("following", folder, explorers)["share"] for explorers in (0, 1))
        found.append({"without": without, "with": share, "share": share - without})
    for one in found:
        print({name: round(value, 3) for name, value in one.items()}, file=sys.stderr, flush=True)
    return found


def _run(call: str) -> None:
    code = f"from pathlib import Path; from benchmarks.looking import large, study; {call}"
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env=environments.variables())


def _measure(name: str, folder: Path, number: int) -> dict[str, float]:
    command = [sys.executable, "-P", "-m", "benchmarks.looking.alone", name, str(folder), str(number)]
    done = subprocess.run(
        command, check=True, env=environments.variables(), stdout=subprocess.PIPE, text=True
    )
    measurements: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measurements


def sections(columns: Mapping[str, Mapping[Way, Measured]]) -> list[str]:
    """Return the tables of what was measured, of those that were."""
    parts = []
    for title, one in columns.items():
        rows = next((rows for known, rows in TABLES.items() if _is_of(title, known)), None)
        if rows is not None:
            steps = int(one[OURS].runs[0].get("steps", 0))
            cells = [
                [text.format(steps=steps), form.format(one[OURS].median(key))]
                for text, (key, form) in rows.items()
            ]
            parts += [f"## {title}", table.table(["", "explorekit"], cells)]
    return parts


def _is_of(title: str, known: str) -> bool:
    """Return whether a title is a known one with its numbers put in."""
    start, _, rest = known.partition("{")
    return title.startswith(start) and title.endswith(rest.rpartition("}")[2])
