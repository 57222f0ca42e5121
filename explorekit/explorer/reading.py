"""Why can results not be read? In words that name the file, and say what to do."""

from pathlib import Path

import xarray as xr

from explorekit.errors import ExplorekitError


def why_unread(dataset: xr.Dataset, variable: str, error: Exception) -> str:
    """Return why a variable could not be read.

    Parameters
    ----------
    dataset, variable
        What was read.
    error
        What was raised. Errors of explorekit name files themselves; those of netCDF do not.
    """
    text = str(error) or type(error).__name__
    encodings = (dataset.variables[variable].encoding, dataset.encoding)
    source = next((e["source"] for e in encodings if "source" in e), None)
    if source is None or isinstance(error, ExplorekitError) or not isinstance(error, OSError | RuntimeError):
        return text
    state = "is damaged, or has changed since it was opened" if Path(source).exists() else "is gone"
    return f"{source} {state} ({text}). Restore it from a copy if need be, and open it again."
