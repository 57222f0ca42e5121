"""Rounds of looking: each tool in turn, again and again, beside the same study."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import environments, table
from benchmarks.looking.browser import chromium, jupyterlab, look
from benchmarks.peers import OURS, Way
from benchmarks.rounds import Measured

VARIABLES = {"field": "an image of 256 × 256", "trace": "a line of 1,000"}
WAYS = (
    Way("ipympl", "ipympl", "ipympl, `set_data` and blitting"),
    Way("mpl-interactions", "hyperslicer", "mpl-interactions, `hyperslicer` and `plot`"),
    Way("interact", "interact", "`interact` with `da.plot()`"),
    Way("hvplot", "hvplot", "hvPlot"),
)
_TOOLS = ("jupyterlab~=4.4", "ipympl~=0.9", "mpl-interactions", "hvplot", "panel", "jupyter_bokeh")
_SHOWN = (
    "jupyterlab",
    "ipykernel",
    "ipywidgets",
    "ipympl",
    "mpl-interactions",
    "hvplot",
    "panel",
    "bokeh",
    "matplotlib",
)


def interpreter() -> str:
    """Return that of the one environment, which has what explorekit needs beside the other tools."""
    project = tomllib.loads((environments.ROOT / "pyproject.toml").read_text())["project"]
    return environments.python_with("looking", (*_TOOLS, *project["dependencies"]))


def packages_of(python: str) -> Path:
    """Return where the packages of an interpreter are."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def side_by_side(rounds: int, ways: Sequence[Way] = WAYS) -> dict[str, dict[Way, Measured]]:
    """Return what was measured of every way to look, by what is looked at."""
    python = interpreter()
    packages = packages_of(python)
    found = {title: {way: Measured() for way in (OURS, *ways)} for title in VARIABLES.values()}
    with environments.scratch() as folder:
        code = "import sys; from pathlib import Path; from benchmarks.looking.study import make; make(Path(sys.argv[1]))"
        subprocess.run([python, "-P", "-c", code, folder], check=True, env=environments.variables())
        with jupyterlab(python, folder) as address, chromium() as browser:
            for number in range(rounds):
                for variable, title in VARIABLES.items():
                    runs = {}
                    for way in found[title] if number % 2 else reversed(found[title]):
                        function = "explorekit" if way == OURS else way.function
                        runs[way] = look(browser, packages, address, folder, function, variable)
                        line = ", ".join(f"{key} {value:.3g}" for key, value in runs[way].items())
                        print(f"{title:<24} {way.title:<44} {line}", file=sys.stderr, flush=True)
                    for way, run in runs.items():
                        found[title][way].runs.append(run)
                        if way != OURS:
                            found[title][way].ours.append(runs[OURS])
    return found


def sections(columns: Mapping[str, Mapping[Way, Measured]]) -> list[str]:
    """Return the tables of what was measured."""

    def figures(key: str, form: str, factor: float = 1.0) -> str:
        return table.plain(
            {
                title: {way: form.format(measured.median(key) * factor) for way, measured in found.items()}
                for title, found in columns.items()
            }
        )

    return [
        "## From a key to a changed picture, in JupyterLab",
        table.figures(columns),
        "## The slowest twentieth of the keys",
        figures("p95", "{:.0f} ms", 1e3),
        "## Frames a second while the handle is dragged",
        figures("frames", "{:.1f}"),
        "## What comes for a key",
        figures("kilobytes", "{:.0f} kB"),
    ]


def versions() -> str:
    found = environments.versions_in(interpreter(), _SHOWN)
    return f"- looking: {', '.join(f'{name} {version}' for name, version in found.items())}"
