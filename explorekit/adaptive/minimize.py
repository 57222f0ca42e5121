"""A minimiser of SciPy as a strategy: it is run anew up to the first value that it does not have yet."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorekit.adaptive.measured import measured
from explorekit.errors import SpaceError, StudyError, listing, suggest
from explorekit.options import whole_number
from explorekit.space import Space, param
from explorekit.space.parameter import POINT

if TYPE_CHECKING:
    import xarray as xr

Objective = Callable[[npt.NDArray[np.float64]], Any]
Method = Callable[[Objective, list[tuple[float, float]]], Any]


class Minimize:
    """Looks for where an output is smallest with a minimiser of SciPy.

    By default that is differential evolution [1]_, whose generations run at the same time each. The minimiser runs in this
    process, from its beginning at every turn, and stops at the first points whose values are missing: these are asked for. So
    it needs no thread, and goes on from the study alone.

    Parameters
    ----------
    output : str or callable
        An output that is one number, or a function of the results that gives one a point. Repetitions are averaged; a point that
        fails counts as infinitely large.
    bounds : mapping
        By parameter, the smallest and the largest value, in its units.
    method : callable, optional
        Called with an objective and the bounds as a list; returns the result. Whatever it draws has to be seeded. The
        objective takes an array of shape (parameters,) or, for many points at the same time, (parameters, points):
        ``lambda f, bounds: scipy.optimize.minimize(f, x0, method="Nelder-Mead", bounds=bounds)``.
    seed : int, default 0
        Of differential evolution.
    maximize : bool, default False
        Whether the largest value is looked for; ``result.fun`` has the opposite sign then.
    **options
        For `scipy.optimize.differential_evolution`: ``maxiter``, ``popsize``, ``tol``, ``init`` and so on.

    Attributes
    ----------
    result : scipy.optimize.OptimizeResult or None
        What the minimiser returned at its end.

    Raises
    ------
    SpaceError
        If a parameter does not have two finite bounds in this order.
    StudyError
        If differential evolution has no such option, or the method draws unseeded random numbers.

    References
    ----------
    .. [1] R. Storn and K. Price, "Differential evolution – a simple and efficient heuristic for global optimization over continuous
       spaces", Journal of Global Optimization 11, 341–359 (1997).

    Examples
    --------
    >>> import explorekit as ek
    >>> strategy = ek.adaptive.Minimize("cost", {"x": (-5.0, 5.0), "y": (0.0, 1.0)}, maxiter=20)
    >>> study = ek.explore_adaptively(simulation, strategy, "studies/minimum")  # doctest: +SKIP
    >>> strategy.result.x  # doctest: +SKIP
    """

    def __init__(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        bounds: Mapping[str, tuple[float, float]],
        *,
        method: Method | None = None,
        seed: int = 0,
        maximize: bool = False,
        **options: Any,
    ) -> None:
        if not bounds:
            raise SpaceError("got no bounds; expected those of each parameter to vary: {'x': (-5.0, 5.0)}.")
        for name, ends in bounds.items():
            if len(ends) != 2 or not -np.inf < ends[0] < ends[1] < np.inf:
                raise SpaceError(
                    f"got the bounds {ends!r} of {name!r}; expected two finite numbers, the smaller one first."
                )
        if method is not None and options:
            raise StudyError(
                f"got a method and {', '.join(options)}=; expected options inside of the method."
            )
        _check_options(options)
        self._output, self._names = output, list(bounds)
        self._bounds = [(float(low), float(high)) for low, high in bounds.values()]
        self._method = method or _evolution(whole_number("seed", seed, 0), options)
        self._sign = -1.0 if maximize else 1.0
        self._known: dict[bytes, float] = {}
        self._asked: list[bytes] = []
        self._seen: set[bytes] = set()  # by the minimiser, since it was started
        self.result: Any = None

    def ask(self) -> Space | None:
        self._seen.clear()
        try:
            self.result = self._method(self._objective, self._bounds)
        except _MissingError as missing:
            if not self._seen.issuperset(self._asked):
                raise StudyError(
                    "the method asked for other points than before, with the same values of the earlier ones; expected the same. Seed what it "
                    "draws at random, inside of it."
                ) from None
            self._asked = missing.points
            values = np.array([np.frombuffer(point) for point in self._asked])
            return Space(**{n: param(values[:, i], dim=POINT) for i, n in enumerate(self._names)})
        return None

    def tell(self, results: "xr.Dataset") -> None:
        values = self._sign * measured(results, self._output)
        new = dict(zip(self._asked, np.where(np.isnan(values), np.inf, values).tolist(), strict=True))
        self._known.update(new)

    def _objective(self, x: npt.NDArray[np.float64]) -> Any:
        columns = np.asarray(x, dtype=np.float64).reshape(len(self._names), -1) + 0.0  # −0.0 is 0.0
        points = [column.tobytes() for column in columns.T]
        if missing := dict.fromkeys(point for point in points if point not in self._known):
            raise _MissingError(list(missing))
        self._seen.update(points)
        values = np.array([self._known[point] for point in points])
        return values if np.ndim(x) > 1 else float(values[0])


class _MissingError(Exception):
    """Leaves the minimiser: values of some points are missing."""

    def __init__(self, points: list[bytes]) -> None:
        super().__init__(f"{len(points)} points")
        self.points = points


def _check_options(options: Mapping[str, Any]) -> None:
    from scipy.optimize import differential_evolution

    fixed = {"func", "bounds", "args", "vectorized", "updating", "workers", "rng", "seed"}
    known = [name for name in inspect.signature(differential_evolution).parameters if name not in fixed]
    if unknown := [name for name in options if name not in known]:
        raise StudyError(
            f"got the option {unknown[0]!r}; expected some of {listing(known, len(known))}.{suggest(unknown[0], known)} Other minimisers, and "
            f"other ways to call this one, go by method=."
        )


def _evolution(seed: int, options: Mapping[str, Any]) -> Method:
    def evolve(objective: Objective, bounds: list[tuple[float, float]]) -> Any:
        from scipy.optimize import differential_evolution

        given = {"polish": False, **options}
        return differential_evolution(
            objective, bounds, vectorized=True, updating="deferred", rng=seed, **given
        )

    return evolve
