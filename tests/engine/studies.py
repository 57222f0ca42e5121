"""Studies that are run to their end on the private cluster."""

from pathlib import Path
from typing import Any

import explorekit as ek


def study_of(simulation: Any, space: ek.Space, path: Path, n_workers: int = 2, **options: Any) -> ek.Study:
    """A study after its run."""
    study = ek.Study(simulation, space, path)
    study.run(False, n_workers=n_workers, **options)
    return study
