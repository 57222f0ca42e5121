"""Reads files that may be damaged, as ``python -m explorekit.store.suspect FILE…``: HDF5 may crash on one.

Writes a line of JSON for each file: null if all of it can be read, else what is wrong.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from explorekit.errors import ShardError

_SECONDS = 60.0  # for each file, after which reading is taken to have no end


def inspect(paths: Sequence[Path]) -> list[str | None]:
    """Return for each file what is wrong with it, None if it can be read; whatever it does to who reads it."""
    found: list[str | None] = []
    while len(found) < len(paths):
        some = [str(path) for path in paths[len(found) : len(found) + 100]]
        try:
            done = subprocess.run(  # noqa: S603 - this Python and this file
                [sys.executable, "-P", "-m", __name__, *some],
                capture_output=True,
                timeout=_SECONDS * len(some),
                check=False,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            output, end = done.stdout, f"it ends the process that reads it (exit code {done.returncode})"
        except subprocess.TimeoutExpired as error:
            output, end = error.stdout or b"", "reading it has no end"
        lines = output.splitlines()
        found += [json.loads(line) for line in lines]
        if len(lines) < len(some):
            found.append(end)
    return found


def problem(path: Path) -> str | None:
    """Return what is wrong with a shard, None if all of it can be read."""
    from explorekit.store.hdf5 import open_file
    from explorekit.store.shard import read_header

    try:
        read_header(path)
        with open_file(path) as file:
            for group in (file, *file.groups.values()):
                for variable in group.variables.values():
                    variable.set_auto_maskandscale(False)
                    variable[...]
    except ShardError as error:
        return str(error.__cause__)
    except Exception as error:  # noqa: BLE001 - whatever is raised is what is wrong
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(json.dumps(problem(Path(name))) + "\n")
        sys.stdout.flush()
