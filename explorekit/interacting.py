"""A live front end for a simulation: what is looked at is run, and kept."""

import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorekit.adopting import OnChange
from explorekit.space import Space
from explorekit.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from explorekit.explorer import Explorer


def interact(
    simulation: Callable[..., Any],
    space: Space,
    path: str | os.PathLike[str] | None = None,
    *,
    variable: str | None = None,
    x: str | None = None,
    y: str | None = None,
    seed: int = 0,
    code: OnChange | None = None,
    **selection: Any,
) -> "Explorer":
    """Turn the parameters of a simulation, and look at what it returns.

    The explorer of a study in which each point that is come to is run at once; one that was run before is read. A space may
    have as many points as it likes: only those that are looked at are run.

    Parameters
    ----------
    simulation : callable
        As for `Study`.
    space : Space
        What there is to turn: each dimension gets a slider or a menu.
    path : path-like, optional
        The directory of the study that keeps the results, as for `Study`; by default a temporary one, which goes with the
        explorer.
    variable, x, y
        As for `explore`.
    seed : int, default 0
        As for `Study`.
    code : {"keep", "rerun", "fork"}, optional
        As for `Study.start`, where a study at the path has results of earlier code.
    **selection
        Where the sliders start, by dimension; by default at the first values.

    Returns
    -------
    Explorer
        A widget; as the last line of a cell it shows itself. ``explorer.source`` is the study.

    Raises
    ------
    SimulationError, SpaceError, StudyError, CodeChangedError, StudyBusyError
        As for `Study` and `Study.start`.
    ValueError
        If the selection names no dimension.

    Examples
    --------
    >>> import explorekit as ek
    >>> def area(width, height):
    ...     return width * height
    >>> space = ek.Space(width=np.linspace(0, 1, 1001), height=np.linspace(0, 1, 1001))  # doctest: +SKIP
    >>> ek.interact(area, space)  # doctest: +SKIP
    """
    from explorekit.explorer import explore
    from explorekit.explorer.selecting import positions

    folder = None if path is not None else Path(tempfile.mkdtemp(prefix="explorekit-interact-"))
    try:
        study = Study(simulation, space, folder / "study" if folder else path, seed=seed)
        results = study.results
        labels = _first_labels(results) | selection
        index, _ = positions(results, labels)
        study.start(where=study.space.isel({dim: [at] for dim, at in index.items()}), code=code)
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if folder is not None:
        weakref.finalize(study, shutil.rmtree, folder, ignore_errors=True)
    explorer = explore(study, variable, x, y, **labels)
    explorer.runner.longest = math.inf
    explorer.runner.as_moved = True
    return explorer


def _first_labels(results: "xr.Dataset") -> dict[str, Any]:
    """Return the first label along each parameter dimension, or its index where it has none."""
    dims = map(str, results["status"].dims)
    return {dim: results.coords[dim].values[0] if dim in results.coords else 0 for dim in dims}
