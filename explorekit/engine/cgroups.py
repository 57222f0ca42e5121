"""What the control groups of this process allow it: its own group and those around it, of version 1 and 2.

Dask reads the memory limit of the outermost group only, and the quota of CPUs of some groups only; Slurm, systemd and
container runtimes set both on inner ones.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


def cpus(root: Path = Path("/")) -> tuple[float, str] | None:
    """Return the smallest quota, in CPUs, and the file that sets it; None if there is none.

    Parameters
    ----------
    root
        Where ``proc`` and ``sys`` are.
    """
    return _smallest([("cpu.max", _quota)], [("cpu.cfs_quota_us", _old_quota)], "cpu", root)


def memory(root: Path = Path("/")) -> tuple[float, str] | None:
    """Return the smallest limit, in bytes, and the file that sets it; None if there is none."""
    new = [("memory.max", _number), ("memory.high", _number)]
    return _smallest(new, [("memory.limit_in_bytes", _number)], "memory", root)


Read = Callable[[Path], float]


def _smallest(
    new: Sequence[tuple[str, Read]], old: Sequence[tuple[str, Read]], controller: str, root: Path
) -> tuple[float, str] | None:
    found = []
    for kind, files in (("", new), (controller, old)):
        for folder in _folders(kind, root):
            for name, read in files:
                with contextlib.suppress(OSError, ValueError):  # no such file, "max", -1
                    found.append((read(folder / name), f"/{(folder / name).relative_to(root)}"))
    return min(found, default=None)


def _number(file: Path) -> float:
    return _positive(file.read_text())


def _quota(file: Path) -> float:
    quota, period = file.read_text().split()
    return _positive(quota) / _positive(period)


def _old_quota(file: Path) -> float:
    return _number(file) / _number(file.with_name("cpu.cfs_period_us"))


def _positive(text: str) -> float:
    number = int(text)
    if number <= 0:
        raise ValueError(text)
    return float(number)


def _folders(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of the process's groups under a controller, outermost first; ``""`` is version 2."""
    group = _group(controller, root)
    if group is None:
        return
    for top, mount in _mounts(controller, root):
        folder = root / mount.lstrip("/")
        yield folder
        # A container may see the group's name as it is outside, and its mount as the root.
        inside = Path(group).relative_to(top).parts if Path(group).is_relative_to(top) else ()
        if ".." not in inside:
            for part in inside:
                folder /= part
                yield folder


def _group(controller: str, root: Path) -> str | None:
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, names, group = line.split(":", 2)
            if controller in names.split(","):
                return group
    return None


def _mounts(controller: str, root: Path) -> Iterator[tuple[str, str]]:
    """Yield the group that is mounted, and where."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/mountinfo").read_text().splitlines():
            place, _, what = line.partition(" - ")
            kind, _, options = what.split(" ", 2)
            if (kind == "cgroup2" and not controller) or (
                kind == "cgroup" and controller in options.split(",")
            ):
                yield place.split()[3], place.split()[4]
