"""The figures as Markdown: ratios, one row a way, one column a size."""

import os
import platform
from collections.abc import Mapping, Sequence

from benchmarks.peers import OURS, Way
from benchmarks.rounds import Measured


def seconds(value: float) -> str:
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def ratio(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join(row(cells) for cells in (header, rule, *rows))


def comparison(columns: Mapping[str, Mapping[Way, Measured]], key: str = "seconds") -> str:
    """Return explorekit's own figures, and explorekit / way for every way and column."""
    ways = list(dict.fromkeys(way for found in columns.values() for way in found))
    rows = [[_named(way), *(_cell(found, way, key) for found in columns.values())] for way in ways]
    return table(["", "durable", "resumes", *columns], rows)


def figures(columns: Mapping[str, Mapping[Way, Measured]], key: str = "seconds") -> str:
    """Return what `comparison` does, without what ways promise of their results."""
    return plain({title: {way: _cell(found, way, key) for way in found} for title, found in columns.items()})


def plain(columns: Mapping[str, Mapping[Way, str]]) -> str:
    """Return figures as they are, a row a way."""
    ways = next(iter(columns.values()))
    rows = [[titled(way), *(found[way] for found in columns.values())] for way in ways]
    return table(["", *columns], rows)


def titled(way: Way) -> str:
    return f"**{way.title}**" if way == OURS else way.title


def _named(way: Way) -> str:
    return " | ".join([titled(way), *("yes" if fact else "no" for fact in (way.durable, way.resumable))])


def _cell(found: Mapping[Way, Measured], way: Way, key: str) -> str:
    measured = found.get(way)
    if measured is None:
        return "not run"
    if way == OURS:
        return f"**{measured.trouble or seconds(measured.median(key))}**"
    if measured.trouble:
        # Cut off, so that the ratio is below what the limit gives.
        limit = float(measured.trouble.removeprefix("> ").removesuffix(" s"))
        ours = found[OURS]
        bound = f"< {ratio(ours.median(key) / limit)} " if ours.runs and key == "seconds" else ""
        return f"{bound}({measured.trouble})"
    return ratio(measured.ratio(key))


def machine() -> str:
    """Return what the figures were measured on, without what names it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.system()}, {platform.machine()}, Python {platform.python_version()}"
