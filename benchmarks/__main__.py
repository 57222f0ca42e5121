"""Run explorekit and its peers on the same work, side by side, and print the ratios of their times."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks import environments, table
from benchmarks.looking import kinds, large
from benchmarks.looking import measure as measure_looking
from benchmarks.peers import OURS, REQUIREMENTS, RESUMES, SWEEPS, Way
from benchmarks.reading import PLANES
from benchmarks.rounds import Measured, measure, side_by_side
from benchmarks.work import ARRAY_LENGTH, BUSY_SECONDS, WORKERS

PAGE = environments.ROOT / "docs" / "benchmarks_table.md"
SIZES = (10**3, 10**4, 10**5, 10**6)
RESUME_SIZES = (10**4, 10**6)
SHARDS = (10**2, 10**4, 10**5)
BUSY_POINTS = 400
ARRAY_POINTS = 10**4
QUICK_SIZE = 10**4
SPACE_POINTS = 10**6
KIND_ROUNDS = 3  # of 60 keys each

WRITES = (
    Way("loop", "write", "write only: one process, one file"),
    Way("loop", "write_and_sync", "write and sync only: one process, one file", durable=True),
)
HEADLINES = ("loop", "joblib")

Columns = dict[str, dict[Way, Measured]]


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    peers: tuple[str, ...]
    sizes: tuple[int, ...]
    pairs: int
    headline_pairs: int
    limit: float

    def chosen(self, ways: tuple[Way, ...]) -> list[Way]:
        return [way for way in ways if way.peer in self.peers]

    def of_sizes(self, usual: tuple[int, ...]) -> list[int]:
        return [size for size in usual if size in self.sizes] or list(self.sizes)

    def pairs_of(self, way: Way) -> int:
        return self.headline_pairs if way.peer in HEADLINES else self.pairs


def sweep(options: Options) -> Columns:
    """A function that only multiplies and adds, at more and more points."""
    ways = options.chosen(SWEEPS)
    found: Columns = {}
    slow: dict[Way, Measured] = {}
    for size in options.of_sizes(SIZES):
        # What was cut off at fewer points would be again.
        due = [way for way in ways if way not in slow]
        column = side_by_side(due, "scalar", size, options.pairs_of, options.limit)
        slow |= {way: measured for way, measured in column.items() if measured.trouble}
        found[f"{size:,} points"] = {way: column.get(way, slow.get(way)) for way in (OURS, *ways)}
    return found


def busy(options: Options) -> Columns:
    """10 ms of CPU time a point, 400 points: what is lost beside two processes that do nothing else."""
    points = min(BUSY_POINTS, *options.sizes)
    found = side_by_side(options.chosen(SWEEPS), "busy", points, options.pairs_of, options.limit)
    return {f"{points:,} points": found}


def array(options: Options) -> Columns:
    """1 000 float64 a point, 10 000 points: 80 MB of results."""
    points = min(ARRAY_POINTS, *options.sizes) if max(options.sizes) < ARRAY_POINTS else ARRAY_POINTS
    ways = [*options.chosen(WRITES), *options.chosen(SWEEPS)]
    return {f"{points:,} points": side_by_side(ways, "array", points, options.pairs_of, options.limit)}


def resume(options: Options) -> Columns:
    """One half is there already, made by another process: time to the first new point, and to the end."""
    return {
        f"{size:,} points": side_by_side(
            options.chosen(RESUMES), "resume", size, options.pairs_of, options.limit, half_done=True
        )
        for size in options.of_sizes(RESUME_SIZES)
    }


def opening(options: Options) -> Columns:
    """Open studies of more and more small shards, after `import xarray`."""
    found = {}
    for shards in options.of_sizes(SHARDS):
        with environments.scratch() as folder:
            _prepare("many_shards", folder, shards)
            found[f"{shards:,} shards"] = _read("opening", "opening", shards, options, folder)
    return found


def image(options: Options) -> Columns:
    """Read images of 128 × 128 float64, one a point, by label."""
    with environments.scratch() as folder:
        _prepare("images", folder)
        return {"one image": _read("image", "image", 1, options, folder)}


def plane(options: Options) -> Columns:
    """Read a plane along each pair of dimensions of a volume, beside a file whose chunks are just such planes.

    From a study that was compacted for any, and from one that was compacted for just these.
    """
    found = {}
    with environments.scratch() as folder:
        _prepare("volumes", folder)
        for name, dims in PLANES.items():
            title = " × ".join(dims)
            found[title] = _read("plane", name, 1, options, folder)
            found[f"{title}, `chunks=`"] = _read("declared_plane", name, 1, options, folder)
    return found


def spaces(options: Options) -> Columns:
    """Declare, multiply, draw and find: a grid of 10^9 points, and 10^6 points that form none."""
    found: Columns = {}
    for function, points in (("grid", 10**9), ("points", min(SPACE_POINTS, max(options.sizes)))):
        runs = [
            measure(replace(OURS, function=function), "spaces", points, 10 * options.limit)["took"]
            for _ in range(options.pairs)
        ]
        found[f"{points:,} points"] = {
            Way("explorekit", function, title): Measured([run[title] for run in runs]) for title in runs[0]
        }
    return found


def looking(options: Options) -> Columns:
    """Turn a slider in JupyterLab, and see how soon the picture follows."""
    python = measure_looking.interpreter()
    packages = measure_looking.packages_of(python)
    short = max(options.sizes) <= QUICK_SIZE
    return {
        **measure_looking.side_by_side(options.pairs),
        **kinds.measured(python, packages, min(options.pairs, KIND_ROUNDS)),
        **large.measured(python, packages, options.pairs, short=short),
    }


def _read(function: str, work: str, points: int, options: Options, folder: Path) -> dict[Way, Measured]:
    ours = replace(OURS, function=function)
    theirs = "plane" if work in PLANES else function
    ways = [Way("one_file", theirs, "plain xarray, one file", durable=True)]
    return {
        OURS if way == ours else way: measured
        for way, measured in side_by_side(
            ways, work, points, options.pairs_of, options.limit, ours=ours, prepared=folder
        ).items()
    }


def _prepare(function: str, folder: Path, *arguments: int) -> None:
    # In a process that goes, so that no cluster idles beside what is measured.
    code = f"from pathlib import Path; from benchmarks import reading; reading.{function}(Path({str(folder)!r}), *{arguments})"
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env=environments.variables())


BENCHMARKS: dict[str, Callable[[Options], Columns]] = {
    "sweep": sweep,
    "busy": busy,
    "array": array,
    "resume": resume,
    "opening": opening,
    "image": image,
    "plane": plane,
    "spaces": spaces,
    "looking": looking,
}


def sections(found: Mapping[str, Columns]) -> str:
    """Return the tables of all that was measured."""
    parts = []
    if "sweep" in found:
        parts += ["## A trivial function", table.comparison(found["sweep"]), _pairs(found["sweep"])]
        parts += ["## Peak memory of the driver", memory(found["sweep"])]
    if "busy" in found:
        parts += ["## 10 ms of CPU time a point", efficiency(found["busy"]), _pairs(found["busy"])]
    if "array" in found:
        parts += [
            f"## {ARRAY_LENGTH:,} float64 a point",
            table.comparison(found["array"]),
            _pairs(found["array"]),
        ]
    if "resume" in found:
        parts += [
            "## The second half: time to the end",
            table.comparison(found["resume"]),
            _pairs(found["resume"]),
        ]
        parts += [
            "## The second half: time to the first new point",
            table.comparison(found["resume"], "first"),
        ]
    if "opening" in found:
        parts += [
            "## Opening a study, after `import xarray`",
            table.comparison(found["opening"]),
            _pairs(found["opening"]),
        ]
    if "image" in found:
        read = {
            title: {way: f"{measured.median('bytes'):.2f}" for way, measured in column.items()}
            for title, column in found["image"].items()
        }
        parts += [
            "## An image of 128 × 128: the first, cold",
            table.comparison(found["image"]),
            _pairs(found["image"]),
        ]
        parts += ["## An image of 128 × 128: later ones", table.comparison(found["image"], "later")]
        parts += ["## An image of 128 × 128: bytes read / its own", table.plain(read)]
    if "plane" in found:
        parts += ["## A plane of a volume, cold", table.comparison(found["plane"]), _pairs(found["plane"])]
    for title, operations in found.get("spaces", {}).items():
        parts += [f"## A space of {title}", absolute(operations)]
    if "looking" in found:
        beside = {title: found["looking"][title] for title in measure_looking.VARIABLES.values()}
        parts += [*measure_looking.sections(beside), _pairs(beside)]
        parts += [*kinds.sections(found["looking"]), *large.sections(found["looking"])]
    return "\n\n".join(part for part in parts if part)


def absolute(operations: Mapping[Way, Measured]) -> str:
    """Return what operations took, in milliseconds and kilobytes."""
    rows = [
        [
            way.title,
            f"{measured.median() * 1e3:.3g} ms",
            f"{measured.median('kilobytes'):,.0f} kB",
        ]
        for way, measured in operations.items()
    ]
    runs = min(len(measured.runs) for measured in operations.values())
    return f"{table.table(['', 'CPU time', 'memory, at most'], rows)}\n\nMedians over {runs} runs."


def _pairs(columns: Columns) -> str:
    """Say how many runs the medians are over."""
    counts = [
        len(measured.ours)
        for column in columns.values()
        for way, measured in column.items()
        if way != OURS and not measured.trouble
    ]
    if not counts:
        return ""
    few, many = min(counts), max(counts)
    return f"Medians over {few if few == many else f'{few} to {many}'} pairs of runs."


def memory(columns: Columns) -> str:
    """Return the megabytes at each size, and how many more the largest takes than the second."""
    rows = []
    for way in next(iter(columns.values())):
        measured = [found[way] for found in columns.values()]
        peaks = [None if one.trouble else one.median("peak") for one in measured]
        growth = f"{peaks[-1] - peaks[min(1, len(peaks) - 1)]:.0f}" if None not in peaks else ""
        cells = [one.trouble or f"{peak:.0f}" for one, peak in zip(measured, peaks, strict=True)]
        rows.append([table.titled(way), *cells, growth])
    sizes = list(columns)
    grown = f"growth from {sizes[min(1, len(sizes) - 1)]}"
    return table.table(["MB", *sizes, grown], rows)


def efficiency(columns: Columns) -> str:
    """Return explorekit / way, and which part of the ideal each reaches."""
    ((title, found),) = columns.items()
    points = int(title.split()[0].replace(",", ""))
    ideal = points * BUSY_SECONDS / WORKERS
    rows = []
    for way, measured in found.items():
        part = measured.trouble or f"{ideal / measured.median():.0%}"
        against = "" if way == OURS else measured.trouble or table.ratio(measured.ratio())
        rows.append([table.titled(way), part, against])
    return table.table([title, f"of the ideal of {WORKERS} processes", "explorekit / peer"], rows)


def versions(options: Options) -> str:
    peers = [peer for peer in REQUIREMENTS if peer in ("explorekit", *options.peers)]
    each = {peer: environments.versions(peer) for peer in peers if REQUIREMENTS[peer] or peer == "explorekit"}
    return "\n".join(
        f"- {peer}: {', '.join(f'{name} {version}' for name, version in found.items())}"
        for peer, found in each.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    peers = [peer for peer in REQUIREMENTS if peer != "explorekit"]
    parser.add_argument("--only", nargs="*", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--peers", nargs="+", choices=peers, default=peers)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), help="numbers of points")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--headline-pairs", type=int, default=11, help=f"of {' and '.join(HEADLINES)}")
    parser.add_argument("--limit", type=float, default=60, help="seconds that a run may take (default: 60)")
    parser.add_argument("--quick", action="store_true", help="one size, three runs, loop and joblib only")
    parser.add_argument("--write", action="store_true", help="put the tables into the documentation")
    parser.add_argument(
        "--results", type=Path, default=environments.BUILD / "results.json", help="a JSON file"
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep what was measured before; with no names after --only, show it",
    )
    given = parser.parse_args()
    if given.quick:
        given.sizes, given.pairs, given.headline_pairs, given.peers = [QUICK_SIZE], 3, 3, list(HEADLINES)
    options = Options(tuple(given.peers), tuple(given.sizes), given.pairs, given.headline_pairs, given.limit)
    found = _kept(given.results) if given.add else {}
    for name in given.only:
        found[name] = _merged(found.get(name, {}), BENCHMARKS[name](options))
        _keep(given.results, found)
    packages = versions(options) + (f"\n{measure_looking.versions()}" if "looking" in found else "")
    text = f"{sections(found)}\n\n## Measured on\n\n{table.machine()}.\n\n{packages}\n"
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(text)


def _merged(before: Columns, now: Columns) -> Columns:
    return {title: {**before.get(title, {}), **now.get(title, {})} for title in {**before, **now}}


def _kept(file: Path) -> dict[str, Columns]:
    """Return what was measured before, which may be nothing."""
    if not file.exists():
        return {}
    return {
        name: {
            title: {Way(**entry.pop("way")): Measured(**entry) for entry in column}
            for title, column in columns.items()
        }
        for name, columns in json.loads(file.read_text())["measured"].items()
    }


def _keep(file: Path, found: Mapping[str, Columns]) -> None:
    content = {
        name: {
            title: [{"way": asdict(way), **asdict(measured)} for way, measured in column.items()]
            for title, column in columns.items()
        }
        for name, columns in found.items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"measured": content}, indent=1) + "\n")


if __name__ == "__main__":
    main()
