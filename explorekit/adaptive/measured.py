"""The one number of each point by which a strategy decides."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import StudyError, listing, suggest
from explorekit.space.parameter import POINT, REPETITION
from explorekit.store.status import OK

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

Floats = npt.NDArray[np.float64]


def measured(results: "xr.Dataset", output: "str | Callable[[xr.Dataset], xr.DataArray]") -> Floats:
    """Return an output of each point as a float, averaged over its repetitions; NaN where there is none.

    Parameters
    ----------
    results
        What a strategy is told.
    output
        The name of an output that is one number, or a function of the results that gives one a point.

    Raises
    ------
    StudyError
        If there is no such output, or it is not one number.
    """
    ok = results["status"] == OK
    if not ok.any():
        return np.full(results.sizes[POINT], np.nan)
    found: Any = output(results) if callable(output) else results.get(output)
    if found is None:
        known = [name for name in map(str, results.data_vars) if name != "status"]
        raise StudyError(
            f"there is no output {output!r}; the simulation returned {listing(known)}.{suggest(str(output), known)}"
        )
    if (extra := [dim for dim in found.dims if dim not in (POINT, REPETITION)]) or POINT not in found.dims:
        raise StudyError(
            f"the output {output!r} has the dimensions {listing(found.dims)}; expected one number a point. Give a function of the "
            f"results that makes one of it: lambda results: results[{found.name!r}].max({(extra or ['time'])[0]!r})."
        )
    if found.dtype.kind not in "biuf":
        raise StudyError(f"the output {output!r} is of dtype {found.dtype}; expected real numbers.")
    numbers = found.astype(np.float64).where(ok)
    mean = numbers.mean(REPETITION) if REPETITION in numbers.dims else numbers
    return np.asarray(mean.values)
