"""A search for the smallest value of an output, step by step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.adaptive.measured import measured
from explorekit.errors import SpaceError, listing, suggest
from explorekit.options import whole_number
from explorekit.space import Space, param
from explorekit.space.parameter import POINT

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

_Steps = tuple[int, ...]


class PatternSearch:
    """Walks to where an output is smallest, by a step of one parameter at a time.

    Each turn runs both neighbours along every parameter, moves to the best of them if it is better, and else halves the steps;
    after the last halving that is the end. It needs no derivatives, and ends at a point that is no worse than its neighbours:
    a compass search [1]_.

    Parameters
    ----------
    output : str or callable
        An output that is one number, or a function of the results that gives one a point. Repetitions are averaged.
    start : mapping
        By parameter, the value to begin at.
    step : mapping
        By parameter, the length of a step, in its units. Parameters without a step stay as they are.
    halvings : int, default 0
        How often the steps are halved.
    maximize : bool, default False
        Whether the largest value is looked for.

    Raises
    ------
    SpaceError
        If a step is of no parameter, or not a number above 0.

    References
    ----------
    .. [1] T. G. Kolda, R. M. Lewis and V. Torczon, "Optimization by direct search: new perspectives on some classical and modern
       methods", SIAM Review 45, 385–482 (2003).

    Examples
    --------
    >>> import explorekit as ek
    >>> strategy = ek.adaptive.PatternSearch("cost", start={"x": 0.0}, step={"x": 0.5})
    >>> study = ek.explore_adaptively(simulation, strategy, "studies/search")  # doctest: +SKIP
    >>> strategy.best  # doctest: +SKIP
    {'x': 3.0}
    """

    def __init__(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        start: Mapping[str, Any],
        step: Mapping[str, float],
        *,
        halvings: int = 0,
        maximize: bool = False,
    ) -> None:
        for name, length in step.items():
            if name not in start:
                raise SpaceError(
                    f"got a step of {name!r}; expected one of the parameters that start has, {listing(start)}.{suggest(name, start)}"
                )
            if not length > 0:
                raise SpaceError(f"got step={{{name!r}: {length!r}}}; expected a length above 0.")
        if not step:
            raise SpaceError("got no step; expected the length of a step of at least one parameter.")
        self._output, self._start, self._step = output, dict(start), dict(step)
        self._finest = 2 ** whole_number("halvings", halvings, 0)
        self._sign = -1.0 if maximize else 1.0
        self._size = self._finest  # of a step, in steps of the smallest size
        self._centre: _Steps = (0,) * len(step)
        self._known: dict[_Steps, float] = {}
        self._asked: list[_Steps] = []

    def ask(self) -> Space | None:
        while True:
            around = [self._centre, *self._neighbours()]
            self._asked = [one for one in around if one not in self._known]
            if self._asked:
                points = [self._point(one) for one in self._asked]
                return Space(**{n: param([point[n] for point in points], dim=POINT) for n in self._start})
            best = min(around, key=self._known.__getitem__)  # the first of those that are alike
            if best != self._centre:
                self._centre = best
            elif self._size > 1:
                self._size //= 2
            else:
                return None

    def tell(self, results: "xr.Dataset") -> None:
        values = self._sign * measured(results, self._output)
        self._known.update(zip(self._asked, np.where(np.isnan(values), np.inf, values).tolist(), strict=True))

    @property
    def best(self) -> dict[str, Any]:
        """The best point so far, by parameter."""
        known = self._known or {self._centre: np.inf}
        return self._point(min(known, key=known.__getitem__))

    def _neighbours(self) -> list[_Steps]:
        c = self._centre
        return [(*c[:k], c[k] + sign * self._size, *c[k + 1 :]) for k in range(len(c)) for sign in (-1, 1)]

    def _point(self, steps: _Steps) -> dict[str, Any]:
        # From the start at once, as a sum of many steps would collect their rounding.
        moved = {
            name: self._start[name] + number * (length if self._finest == 1 else length / self._finest)
            for (name, length), number in zip(self._step.items(), steps, strict=True)
        }
        return {**self._start, **moved}
