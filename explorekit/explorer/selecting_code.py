"""Which lines of Python open a study and select a run?"""

import keyword
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr


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
    labels = {dim: _literal(dataset, dim, at) for dim, at in index.items()}
    by_label = {dim: text for dim, text in labels.items() if text is not None}
    by_index = {dim: str(at) for dim, at in index.items() if dim not in by_label}
    select = f".sel({_arguments(by_label)})" * bool(by_label) + f".isel({_arguments(by_index)})" * bool(
        by_index
    )
    named = index and not by_index
    return "\n".join(
        [
            "import explorekit as ek",
            "",
            f"study = ek.open({str(path)!r})",
            f"run = study.results{select}",
            f"record = study.inspect({_arguments(by_label) if named else position})",
        ]
    )


def _literal(dataset: xr.Dataset, dim: str, index: int) -> str | None:
    """Return a label as Python's text of it, or None where only its position tells it from others."""
    if dim not in dataset.coords:
        return None
    values = dataset.coords[dim].values
    value = values[index]
    if values.dtype.kind not in "iufU" or value != value or np.count_nonzero(values == value) > 1:
        return None
    return repr(value.item())


def _arguments(values: Mapping[str, str]) -> str:
    if all(name.isidentifier() and not keyword.iskeyword(name) for name in values):
        return ", ".join(f"{name}={text}" for name, text in values.items())
    return f"**{{{', '.join(f'{name!r}: {text}' for name, text in values.items())}}}"
