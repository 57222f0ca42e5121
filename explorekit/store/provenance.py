"""What made the numbers: packages, platform, git commit. No secrets: nothing of the environment's variables but an allow-list."""

import os
import platform
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from explorekit import __version__

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CPU_LIMIT",
    "MEM_LIMIT",
    "SLURM_JOB_ID",
)


def environment(source_folder: Path | None) -> dict[str, Any]:
    """Return a record of this process's environment, as data that JSON can hold.

    Parameters
    ----------
    source_folder
        Where the simulation's source lies, to be asked for its git commit.
    """
    return {
        "explorekit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "host": socket.gethostname(),
        "git": git_state(source_folder or Path.cwd()),
        "packages": packages(),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "byteorder": sys.byteorder,
    }


def packages() -> dict[str, str]:
    """Return the version of every installed distribution, by name.

    From the names of the ``.dist-info`` directories, which the packaging standards fix: to parse the metadata of a
    hundred distributions takes a quarter of a second.
    """
    found: dict[str, str] = {}
    for entry in reversed(sys.path):
        with suppress(OSError):
            found |= _packages_in(entry or ".", os.stat(entry or ".").st_mtime_ns)  # noqa: PTH116 - quicker
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


@cache
def _packages_in(folder: str, changed: int) -> dict[str, str]:  # noqa: ARG001 - looked into anew when it changes
    """Return the distributions that a folder holds since it was changed last."""
    names = [path.stem.partition("-") for path in Path(folder).glob("*.dist-info")]
    return {name: version for name, _, version in names}


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the commit of the checkout around a folder and whether its tree was dirty, or None outside of one."""
    if not any((place / ".git").exists() for place in (folder.absolute(), *folder.absolute().parents)):
        return None  # sooner than git would say so
    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        lines = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=10, check=True, env=environ
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if commit == "(initial)":  # there is no commit yet
        return None
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}
