"""Which lines of Python open a study and select a run?"""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from explorekit.explorer.code.literals import keywords
from explorekit.explorer.code.selection import at, value_at


def code_of_run(path: Any, dataset: xr.Dataset, index: Mapping[str, int], position: int) -> str:
    """Return lines that open a study at a path, and select the results and the record of one run.

    Parameters
    ----------
    path
        Of the study.
    dataset
        Its results.
    index
        The run's index along each parameter dimension.
    position
        Its flat position.
    """
    values = {dim: value_at(dataset, dim, place) for dim, place in index.items()}
    named = keywords({dim: value for dim, value in values.items() if value is not None})
    by_value = index and None not in values.values() and not named.startswith("{") and "np." not in named
    lines = [
        "import explorekit as ek",
        *(["import numpy as np"] if "np." in named else []),
        "",
        f"study = ek.open({str(path)!r})",
        f"run = study.results{at(dataset, index)}",
        f"record = study.inspect({named if by_value else position})",
    ]
    return "\n".join(lines)
