"""A function of the results so far as a strategy."""

from typing import TYPE_CHECKING

from explorekit.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr


class Update:
    """Asks for what a function of all results so far returns; None ends the exploration.

    Parameters
    ----------
    function : callable
        Called after all points that were asked for have ended, with their results along ``point``, in the order of asking;
        points that were asked for twice are there twice. The coordinate ``generation`` counts the calls. It returns the
        next points, or None.
    first : Space
        The points to begin with.

    Examples
    --------
    >>> import explorekit as ek
    >>> def next_points(results):
    ...     best = results["cost"].argmin("point")
    ...     x = float(results["x"][best])
    ...     step = 2.0 ** -int(results["generation"].max())
    ...     return ek.Space(x=[x - step, x + step]) if step > 1e-3 else None
    >>> strategy = ek.adaptive.Update(next_points, first=ek.Space(x=[-1.0, 0.0, 1.0]))
    >>> ek.explore_adaptively(simulation, strategy, "studies/search")  # doctest: +SKIP
    """

    cumulative = True

    def __init__(self, function: "Callable[[xr.Dataset], Space | None]", first: Space) -> None:
        self._function = function
        self._next: Space | None = first

    def ask(self) -> Space | None:
        return self._next

    def tell(self, results: "xr.Dataset") -> None:
        self._next = self._function(results)
