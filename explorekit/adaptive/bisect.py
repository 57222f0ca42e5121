"""Where does an output cross a threshold? Bisection for every combination of the other parameters at the same time."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.adaptive.asked import points_like, values_at
from explorekit.adaptive.halving import distance, divisible, middle
from explorekit.adaptive.measured import Floats, measured
from explorekit.errors import SpaceError, StudyError
from explorekit.space import Space
from explorekit.space.parameter import REPETITION

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import xarray as xr


class Bisect:
    """Finds where an output crosses a threshold along one parameter, for every combination of the others.

    The space is run first. Wherever the output of two neighbouring values lies on different sides of the threshold, the
    interval between them is halved until it is no longer than the tolerance; all intervals at the same time. An interval of length
    L takes ⌈log₂(L / tolerance)⌉ points. Crossings between values that lie on the same side are not seen, and an interval in which
    a point fails stays as it is.

    Parameters
    ----------
    output : str or callable
        An output that is one number, or a function of the results that gives one a point. Repetitions are averaged.
    space : Space
        The points to begin with: at least two values of `over`, each with every combination of the others.
    over : str
        The parameter along which to look.
    threshold : float, default 0.0
        In the units of the output.
    tolerance : float
        Length at which an interval is short enough, in the units of `over`.

    Raises
    ------
    SpaceError
        If `over` is no dimension of numbers, or the tolerance not above 0.

    Examples
    --------
    >>> import explorekit as ek
    >>> space = ek.Space(I=[0.0, 2.0], tau=[5.0, 10.0, 20.0])
    >>> strategy = ek.adaptive.Bisect("rate", space, over="I", threshold=0.5, tolerance=1e-3)
    >>> study = ek.explore_adaptively(neuron, strategy, "studies/rheobase")  # doctest: +SKIP
    >>> strategy.surface.plot()  # doctest: +SKIP
    """

    def __init__(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        space: Space,
        over: str,
        *,
        threshold: float = 0.0,
        tolerance: float,
    ) -> None:
        divisible(space, over)
        if not tolerance > 0:
            raise SpaceError(
                f"got tolerance={tolerance!r}; expected a length above 0, in the units of {over!r}."
            )
        self._output, self._space, self._over = output, space, over
        self._threshold, self._tolerance = threshold, tolerance
        self._brackets: list[_Bracket] | None = None
        self._asked: list[_Bracket] = []

    def ask(self) -> Space | None:
        if self._brackets is None:
            return self._space
        self._asked = [one for one in self._brackets if one.is_wider_than(self._tolerance)]
        if not self._asked:
            return None
        columns = {name: [one.others[name] for one in self._asked] for name in self._asked[0].others}
        columns[self._over] = [one.middle for one in self._asked]
        return points_like(self._space, columns)

    def tell(self, results: "xr.Dataset") -> None:
        values = measured(results, self._output)
        if self._brackets is None:
            self._brackets = self._first_brackets(values)
            return
        for one, value in zip(self._asked, values.tolist(), strict=True):
            if np.isnan(value):
                one.stuck = True
            elif (value >= self._threshold) == one.rising:
                one.high = one.middle
            else:
                one.low = one.middle

    @property
    def crossings(self) -> "pd.DataFrame":
        """One row a crossing: the other parameters, the middle of the interval under the name of `over`, ``half_width``, ``rising``."""
        import pandas as pd

        rows = [
            {
                **one.others,
                self._over: one.place,
                "half_width": distance(one.low, one.high) / 2,
                "rising": one.rising,
            }
            for one in self._brackets or []
        ]
        others = [name for name in self._space.parameters if name not in (self._over, REPETITION)]
        for name in others:
            p = self._space.parameters[name]
            if p.arrays is not None:  # told by their labels, or else by their numbers
                names = dict(
                    zip(np.ravel(p.values).tolist(), np.ravel(p.arrays.names(p.values)).tolist(), strict=True)
                )
                rows = [{**row, name: names.get(row[name], row[name])} for row in rows]
        return pd.DataFrame(rows, columns=[*others, self._over, "half_width", "rising"])

    @property
    def surface(self) -> "xr.DataArray":
        """Where the threshold lies, in the units of `over`, along the dimensions of the other parameters; NaN where nothing crosses it.

        Raises
        ------
        StudyError
            If it is crossed more than once for some values of the others: `crossings` has them all.
        """
        space = self._space.isel({str(self._space.parameters[self._over].dim): 0})
        if REPETITION in space.dims:
            space = space.isel({REPETITION: 0})
        coords = space.to_dataset().drop_vars([self._over, REPETITION], errors="ignore")
        values = np.full(space.shape, np.nan)
        for one in self._brackets or []:
            if not np.isnan(values[one.index]):
                others = ", ".join(
                    f"{name}={self._space.parameters[name].text_of(value)}"
                    for name, value in one.others.items()
                )
                raise StudyError(
                    f"{self._over} crosses the threshold more than once at {others or 'the only values of the others'}, so that it has no "
                    f"single place; see crossings for all of them."
                )
            values[one.index] = one.place
        over = self._space.parameters[self._over]
        return coords.assign({self._over: (space.dims, values, over.attrs)})[self._over]

    def _first_brackets(self, values: Floats) -> "list[_Bracket]":
        space = self._space
        sizes = {dim: size for dim, size in space.sizes.items() if dim != REPETITION}
        over = space.parameters[self._over]
        along = list(sizes).index(str(over.dim))
        lines = np.moveaxis(values.reshape(tuple(sizes.values())), along, -1)
        order = np.argsort(over.values)
        others = {dim: size for dim, size in sizes.items() if dim != over.dim}
        found = []
        for index in np.ndindex(*others.values()):
            at = dict(zip(others, index, strict=True))
            point = values_at(space, {**at, str(over.dim): 0}, [self._over])
            known = [i for i in order.tolist() if not np.isnan(lines[(*index, i)])]
            for i, j in pairwise(known):
                below, above = (bool(lines[(*index, k)] >= self._threshold) for k in (i, j))
                if below != above:
                    found.append(_Bracket(point, index, over.values[i], over.values[j], above))
        return found


class _Bracket:
    """An interval in which there is a crossing."""

    def __init__(
        self, others: dict[str, Any], index: tuple[int, ...], low: Any, high: Any, rising: bool
    ) -> None:
        self.others, self.index = others, index
        self.low, self.high, self.rising = low, high, rising
        self.stuck = False

    @property
    def place(self) -> float:
        return (float(self.low) + float(self.high)) / 2

    @property
    def middle(self) -> Any:
        return middle(self.low, self.high)

    def is_wider_than(self, tolerance: float) -> bool:
        """Return whether it can and has to be halved."""
        return not self.stuck and distance(self.low, self.high) > tolerance and self.middle is not None
