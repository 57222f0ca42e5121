"""From a path to results to look at. Opening never runs code."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.errors import StudyError
from explorekit.exported_study import ExportedStudy
from explorekit.saved import SavedStudy
from explorekit.study_folder import StudyFolder

if TYPE_CHECKING:
    import xarray as xr

    from explorekit.explorer.comparing import Comparison

    Results = SavedStudy | xr.Dataset | xr.DataArray | str | os.PathLike[str]


def open(path: str | os.PathLike[str]) -> SavedStudy:  # noqa: A001
    """Open a study directory, or a file that a study was exported to, to look at; this never runs code.

    Parameters
    ----------
    path : path-like
        The directory or the file.

    Returns
    -------
    SavedStudy
        With ``results``, ``runs``, ``failures``, ``provenance``, ``space`` and ``explore()``.

    Raises
    ------
    StudyError
        If there is no study at the path.
    """
    place = Path(path)
    if not place.exists():
        raise StudyError(
            f"there is nothing at {place}; expected a study directory or an exported file. Check the path."
        )
    return StudyFolder(place) if place.is_dir() else ExportedStudy(place)


def compare(
    a: "Results",
    b: "Results",
    variable: str | None = None,
    x: str | None = None,
    y: str | None = None,
    **selection: Any,
) -> "Comparison":
    """Look at two results and at their difference: side by side, over the same axes and in the same colours.

    What both have is compared, by the labels of the points; what only one of them has is left out, and counted.

    Parameters
    ----------
    a, b : SavedStudy, Dataset, DataArray or path-like
        Two studies, two versions of the code of one (``study.at(code=…)``), two points of one
        (``study.results.sel(I=0.2)``), or the path of each. Studies that are running are followed.
    variable, x, y, **selection
        As in `explorekit.explore`.

    Returns
    -------
    Comparison
        A widget; as the last line of a cell it shows itself.

    Raises
    ------
    ValueError
        If they have nothing in common, or a name is unknown; the text gives the nearest known one.
    StudyError
        If there is nothing to open at a path.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import explorekit as ek
    >>> rate = xr.DataArray(np.ones((9, 9)), dims=("I", "tau"), name="rate")
    >>> both = ek.compare(rate, 1.5 * rate)
    >>> float(both.difference.slicer.dataset["rate (relative)"].max())  # in per cent
    50.0
    """
    from explorekit.explorer.comparing import Comparison

    return Comparison(results_of(a), results_of(b), variable, x, y, selection)


def results_of(data: "Results") -> "SavedStudy | xr.Dataset | xr.DataArray":
    """Return what is at a path, a study or any other file that xarray reads; anything else as it is."""
    if not isinstance(data, (str, os.PathLike)):
        return data
    path = Path(data)
    try:
        return open(path)
    except StudyError:
        if not path.is_file():
            raise
        import xarray as xr

        return xr.open_dataset(path)
