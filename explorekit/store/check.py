"""Is every file of a study what was written? Those that are not are moved away, and their points are pending again."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from explorekit.errors import ShardError, StudyError
from explorekit.store import durable
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory
from explorekit.store.shard import check_content
from explorekit.store.spaces import space_hash
from explorekit.store.superseded import read_superseded
from explorekit.store.suspect import inspect

QUARANTINE = "quarantine"


@dataclass(frozen=True)
class Finding:
    """A file that is not what was written.

    Parameters
    ----------
    file
        Its path in the study.
    problem
        What is wrong.
    points
        The number of points whose record it was known to hold.
    moved
        Where it is now, if it was moved.
    """

    file: str
    problem: str
    points: int = 0
    moved: str = ""


@dataclass(frozen=True)
class CheckReport:
    """What `StudyFolder.check` found.

    Parameters
    ----------
    files, size
        The number of files that were read, and their bytes.
    findings
        Those that are not what was written.
    pending
        The number of points that are pending now and were not before.
    """

    files: int
    size: int
    findings: tuple[Finding, ...] = ()
    pending: int = 0

    @property
    def ok(self) -> bool:
        """Whether every file is what was written."""
        return not self.findings

    def __str__(self) -> str:
        read = f"files read: {self.files:,} ({self.size / 1e6:,.1f} MB)"
        if self.ok:
            return f"{read}; all are what was written"
        width = max(len(finding.file) for finding in self.findings)
        lines = [
            f"  {one.file:{width}}  {one.problem}"
            + (f"; {one.points:,} points" if one.points else "")
            + (f"; moved to {one.moved}" if one.moved else "")
            for one in self.findings
        ]
        ending = (
            [f"points pending again: {self.pending:,}; run the study to replace them"] if self.pending else []
        )
        return "\n".join([f"{read}; not what was written: {len(self.findings):,}", *lines, *ending])


@dataclass
class _Tally:
    files: int = 0
    size: int = 0
    findings: list[Finding] = field(default_factory=list)


def check(directory: StudyDirectory, catalog: Catalog, *, dry_run: bool) -> CheckReport:
    """Read all files of a study; for whoever holds its lock, unless nothing is moved.

    Parameters
    ----------
    catalog
        What is known of its shards.
    dry_run
        Whether to leave damaged shards where they are.
    """
    tally = _Tally()
    _check_spaces(directory, tally)
    _check_decisions(directory, tally)
    known = {name.decode(): points for name, points in catalog.points_held().items()}
    suspects, newer = _hash_shards(directory, known, tally)
    problems = inspect([directory.runs / name for name in suspects])
    damaged = [
        Finding(
            f"runs/{name}",
            problem or "its content is not what was written under this name",
            known.get(name, 0),
        )
        for name, problem in zip(suspects, problems, strict=True)
    ]
    tally.findings += [
        Finding(f"runs/{name}", problem)
        for name, problem in zip(newer, inspect([directory.runs / name for name in newer]), strict=True)
        if problem
    ]
    before = catalog.pending_points()
    if not dry_run:
        damaged = [_quarantine(directory, finding) for finding in damaged]
        catalog.refresh()
        catalog.keep()
    tally.findings += damaged
    return CheckReport(tally.files, tally.size, tuple(tally.findings), catalog.pending_points() - before)


def _check_spaces(directory: StudyDirectory, tally: _Tally) -> None:
    for path in sorted((directory.path / "spaces").glob("*.nc")):
        _count(path, tally)
        try:
            if space_hash(directory.read_space(path.stem)) != path.stem:
                tally.findings.append(Finding(f"spaces/{path.name}", "its content does not match its name"))
        except StudyError as error:
            tally.findings.append(Finding(f"spaces/{path.name}", str(error.__cause__)))


def _check_decisions(directory: StudyDirectory, tally: _Tally) -> None:
    for path in directory.superseded_files():
        _count(path, tally)
        try:
            read_superseded(path)
        except StudyError as error:
            tally.findings.append(Finding(f"{path.parent.name}/{path.name}", str(error.__cause__)))


def _hash_shards(
    directory: StudyDirectory, known: dict[str, int], tally: _Tally
) -> tuple[list[str], list[str]]:
    """Return the shards whose content is not that of their name, and those that the index could not take in."""
    suspects, unknown = [], []
    for path in directory.shard_files():
        try:
            _count(path, tally)
            check_content(path)
        except (ShardError, FileNotFoundError):
            if path.exists():  # compaction was faster, beside a dry run
                suspects.append(path.name)
        else:
            if path.name not in known:
                unknown.append(path.name)
    return suspects, unknown


def _count(path: Path, tally: _Tally) -> None:
    tally.size += path.stat().st_size
    tally.files += 1


def _quarantine(directory: StudyDirectory, finding: Finding) -> Finding:
    """Move a file away, with a note; a good copy under its name counts again."""
    folder = directory.path / QUARANTINE
    folder.mkdir(mode=0o700, exist_ok=True)
    source = directory.path / finding.file
    target = folder / source.name
    number = 0
    while target.exists():
        number += 1
        target = folder / f"{source.stem}.{number}{source.suffix}"
    moved = Finding(finding.file, finding.problem, finding.points, f"{QUARANTINE}/{target.name}")
    note = {**asdict(moved), "found": datetime.now(UTC).isoformat(timespec="seconds")}
    durable.write_bytes(target.with_suffix(".json"), (json.dumps(note, indent=1) + "\n").encode())
    durable.rename(source, target)
    durable.sync(source.parent)
    return moved
