"""From a path to results to look at. Opening never runs code."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.errors import StudyError
from explorekit.exported_study import ExportedStudy
from explorekit.saved import SavedStudy
from explorekit.study_folder import StudyFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from explorekit.explorer import Explorer
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


def explore(
    data: "SavedStudy | xr.Dataset | xr.DataArray | str | os.PathLike[str]",
    variable: str | None = None,
    x: str | None = None,
    y: str | None = None,
    *,
    kind: str | None = None,
    hue: str | None = None,
    row: str | None = None,
    column: str | None = None,
    reduce: "Mapping[str, str | float] | None" = None,
    band: str | None = None,
    animate: str | None = None,
    minus: str | None = None,
    over: str | None = None,
    norm: str | None = None,
    xscale: str | None = None,
    yscale: str | None = None,
    cmap: str | None = None,
    limits: str | tuple[float, float] | None = None,
    **selection: Any,
) -> "Explorer":
    """Look at results: a picture, and a slider or a menu for every dimension that is not in it.

    Parameters
    ----------
    data : SavedStudy, Dataset, DataArray or path-like
        A study, results, or the path of a study directory or a netCDF file. A study that is running is followed.
    variable : str, optional
        The data variable to show first; by default the first that is not the status.
    x, y : str, optional
        The dimensions along the axes. Both give an image, one a line, and a choice is made where neither is given.
    kind : str, optional
        The kind of plot, such as ``"image"``; by default the one that suits the axes.
    hue : str, optional
        The dimension whose values are lines of different colours.
    row, column : str, optional
        Dimensions along which pictures are set beside each other; along one alone, in as many rows as fit.
    reduce : mapping of str to str or float, optional
        The statistic that stands for all values along a dimension, by dimension: ``mean``, ``median``, ``std``, ``min``, ``max``,
        ``count``, a number from 0 to 1 for a quantile; missing values are left out, and ``std`` divides by their number, as in
        xarray. Around lines, ``mean ± std`` (or ``mean +- std``), ``median, 5–95 %`` and ``median, 25–75 %`` draw a band too.
    band : str, optional
        A dimension to reduce to ``mean ± std``.
    animate : str, optional
        A dimension whose control can play by itself.
    minus, over : str, optional
        Another variable: shows the difference to it, or the ratio.
    norm, xscale, yscale : str, optional
        ``"log"`` or ``"linear"``: of the values, whether they are heights or colours, and of the dimensions along the axes.
    cmap : str, optional
        The colours of numbers: ``"viridis"``, ``"cividis"``, or one of them reversed, ``"viridis_r"``, ``"cividis_r"``.
    limits : str or tuple of float, optional
        The lowest and the highest value of pictures, or ``"frame"`` for those of each picture. By default, pictures at all
        positions have the limits of the whole variable, so that they can be compared.
    **selection
        Where the sliders start, by dimension; the nearest value there is. A dimension named here stays off the axes
        unless it is asked for. Or the parts of a view that was kept: ``explore(data, **explorer.state)``.

    Returns
    -------
    Explorer
        A widget; as the last line of a cell it shows itself.

    Raises
    ------
    ValueError
        If a name is unknown; the text gives the nearest known one.
    StudyError
        If there is nothing to open at the path.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import explorekit as ek
    >>> rate = xr.DataArray(np.eye(3), dims=("I", "tau"), coords={"tau": [5.0, 7.5, 10.0]}, name="rate")
    >>> ek.explore(rate, x="I", tau=7.5).controls["tau"].value
    7.5
    """
    from explorekit.explorer import explore as look

    source = _at(Path(data)) if isinstance(data, (str, os.PathLike)) else data
    roles: dict[str, Any] = {"hue": hue, "row": row, "column": column, "reduce": reduce, "band": band}
    roles |= {"animate": animate, "minus": minus, "over": over}
    looks: dict[str, Any] = {"norm": norm, "xscale": xscale, "yscale": yscale, "cmap": cmap, "limits": limits}
    return look(source, variable, x=x, y=y, kind=kind, **roles, **looks, **selection)


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
        As in `explore`.

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

    one, other = (_at(Path(data)) if isinstance(data, (str, os.PathLike)) else data for data in (a, b))
    return Comparison(one, other, variable, x, y, selection)


def _at(path: Path) -> "SavedStudy | xr.Dataset":
    """Open a study, or any other file that xarray reads."""
    try:
        return open(path)
    except StudyError:
        if not path.is_file():
            raise
        import xarray as xr

        return xr.open_dataset(path)
