"""One measurement in this process, started by `benchmarks.rounds`: does it and prints a line of JSON."""

import argparse
import importlib
import json
import os
import warnings
from pathlib import Path

import numpy as np

from benchmarks.work import Task

PREFIX = "measured: "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("peer", "function", "work", "points", "limit", "folder"):
        parser.add_argument(name)
    given = parser.parse_args()
    folder = Path(given.folder).resolve()
    os.chdir(folder)
    warnings.simplefilter("ignore")
    task = Task(given.work, int(given.points), folder, float(given.limit))
    values = getattr(importlib.import_module(f"benchmarks.peers.{given.peer}"), given.function)(task)
    if values is not None and not np.array_equal(values, task.expected()):
        raise SystemExit(f"{given.peer} gave wrong numbers")
    print(PREFIX + json.dumps({"seconds": task.seconds, "peak": task.peak, **task.notes}), flush=True)


if __name__ == "__main__":
    main()
