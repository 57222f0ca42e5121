"""Studies that are being run as long as a test looks on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import explorekit as ek


@contextmanager
def being_run(folder: Path) -> Iterator[ek.Study]:
    """A study of two points whose run ends when the block does."""
    go = folder / "go"

    def slow(a):
        while not go.exists():
            time.sleep(0.01)
        return a

    study = ek.Study(slow, ek.Space(a=[1, 2]), folder / "study")
    run = study.start(False, n_workers=1)
    try:
        yield study
    finally:
        go.touch()
        run.wait()
