"""Look at results: the function that makes an explorer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from explorekit.explorer.explorer import Explorer

if TYPE_CHECKING:
    from explorekit.opening import Results


def explore(
    data: "Results",
    variable: str | None = None,
    x: str | None = None,
    y: str | None = None,
    *,
    kind: str | None = None,
    hue: str | None = None,
    row: str | None = None,
    column: str | None = None,
    reduce: Mapping[str, str | float] | None = None,
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
) -> Explorer:
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
        If a name is unknown, where the text gives the nearest known one, or a Dataset has no data variables.
    TypeError
        If ``data`` is nothing that has results.
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
    from explorekit.opening import results_of

    roles = {"hue": hue, "row": row, "column": column, "reduce": reduce, "band": band, "animate": animate}
    looks = {"norm": norm, "xscale": xscale, "yscale": yscale, "cmap": cmap, "limits": limits}
    named = {"kind": kind, "minus": minus, "over": over, **roles, **looks}
    return Explorer(results_of(data), variable, x, y, selection, **named)
