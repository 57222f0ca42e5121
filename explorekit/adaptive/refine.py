"""Where does an output change most? A grid that is refined there."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.adaptive.asked import points_like, values_at
from explorekit.adaptive.halving import distance, divisible, middle
from explorekit.adaptive.measured import Floats, measured
from explorekit.errors import SpaceError
from explorekit.options import whole_number
from explorekit.space import Space
from explorekit.space.parameter import REPETITION

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

Corner = tuple[Any, ...]
_AT_ONCE = 0.5  # of the largest change: cells that change as much are halved in the same turn


@dataclass(frozen=True)
class _Cell:
    """A box of the refined parameters, at one combination of the others."""

    others: int
    low: Corner
    high: Corner

    @property
    def corners(self) -> list[Corner]:
        return list(product(*zip(self.low, self.high, strict=True)))


class Refine:
    """Refines a grid where an output changes most, in any number of dimensions.

    The space is run first; its values divide the ranges of the parameters that are refined into cells. Each turn halves the
    cells over whose corners the output changes by at least half as much as over those of the cell where it changes most,
    across the direction in which it changes most: the maximum strategy of adaptive finite elements [1]_. Changes between
    values that are alike at all corners are not seen.

    Parameters
    ----------
    output : str or callable
        An output that is one number, or a function of the results that gives one a point. Repetitions are averaged.
    space : Space
        The points to begin with: at least two values of each parameter in `over`, each with every combination of the others.
    over : sequence of str
        The parameters to refine; each combination of the others has cells of its own.
    n : int
        How many points there are to be in all, at most.
    tolerance : float, default 0.0
        Change of the output over a cell up to which it is good enough, in its units.
    resolution : float, default 2**-10
        The shortest edge of a cell, as a fraction of the parameter's whole range: at a jump there is no end otherwise.

    Raises
    ------
    SpaceError
        If a parameter is no dimension of numbers.
    StudyError
        If `n` is less than the number of points to begin with.

    References
    ----------
    .. [1] I. Babuška and M. Vogelius, "Feedback and adaptive finite element solution of one-dimensional boundary value
       problems", Numerische Mathematik 44, 75–102 (1984).

    Examples
    --------
    >>> import numpy as np
    >>> import explorekit as ek
    >>> space = ek.Space(I=np.linspace(0, 2, 9), tau=[5.0, 10.0])
    >>> strategy = ek.adaptive.Refine("rate", space, over=["I"], n=100)
    >>> study = ek.explore_adaptively(neuron, strategy, "studies/rate")  # doctest: +SKIP
    """

    def __init__(
        self,
        output: "str | Callable[[xr.Dataset], xr.DataArray]",
        space: Space,
        over: Sequence[str],
        *,
        n: int,
        tolerance: float = 0.0,
        resolution: float = 2.0**-10,
    ) -> None:
        names = [over] if isinstance(over, str) else list(over)
        if not names:
            raise SpaceError("got over=[]; expected the parameters to refine.")
        self._ranges = {name: np.sort(divisible(space, name).values) for name in names}
        self._left = whole_number("n", n, len(space) // space.sizes.get(REPETITION, 1))
        self._output, self._space = output, space
        self._tolerance = tolerance
        self._shortest = [resolution * distance(r[0], r[-1]) for r in self._ranges.values()]
        self._others: list[dict[str, Any]] = []
        self._known: dict[tuple[int, Corner], float] = {}
        self._cells: list[_Cell] | None = None
        self._asked: list[tuple[int, Corner]] = []
        self._splits: dict[_Cell, int] = {}  # cells that the last ask halves, and across which direction

    def ask(self) -> Space | None:
        if self._cells is None:
            return self._space
        self._choose()
        while self._splits and not self._asked:  # neighbours have all the corners
            self._halve()
            self._choose()
        if not self._asked:
            return None
        columns: dict[str, list[Any]] = {
            name: [self._others[others][name] for others, _ in self._asked] for name in self._others[0]
        }
        for k, name in enumerate(self._ranges):
            columns[name] = [corner[k] for _, corner in self._asked]
        return points_like(self._space, columns)

    def tell(self, results: "xr.Dataset") -> None:
        values = measured(results, self._output)
        if self._cells is None:
            self._begin(values)
            return
        self._known.update(zip(self._asked, values.tolist(), strict=True))
        self._halve()

    # ---- choosing

    def _choose(self) -> None:
        """Choose the cells to halve, those that change most first, and the corners that are missing for it."""
        self._asked, self._splits = [], {}
        changes = {cell: self._change(cell) for cell in self._cells or []}
        ranked = [
            (cell, change, across)
            for cell, change in sorted(changes.items(), key=lambda item: -item[1])
            if change > self._tolerance and (across := self._across(cell)) is not None
        ]
        wanted: dict[tuple[int, Corner], None] = {}
        for cell, change, across in ranked:
            new = [one for one in self._new_corners(cell, across) if one not in self._known]
            if change < _AT_ONCE * ranked[0][1] or len({*wanted, *new}) > self._left:
                break
            wanted.update(dict.fromkeys(new))
            self._splits[cell] = across
        self._asked = list(wanted)
        self._left -= len(self._asked)

    def _change(self, cell: _Cell) -> float:
        values = [self._known[cell.others, corner] for corner in cell.corners]
        known = [value for value in values if not np.isnan(value)]
        return max(known) - min(known) if known else 0.0

    def _across(self, cell: _Cell) -> int | None:
        """Return the direction in which a cell is halved: that of the largest change, of those in which it can be."""
        best, largest = None, -1.0
        for k, (low, high) in enumerate(zip(cell.low, cell.high, strict=True)):
            if distance(low, high) / 2 < self._shortest[k] or middle(low, high) is None:
                continue
            steps = [
                abs(self._known[cell.others, (*c[:k], high, *c[k + 1 :])] - self._known[cell.others, c])
                for c in cell.corners
                if c[k] == low
            ]
            change = max((step for step in steps if not np.isnan(step)), default=0.0)
            if change > largest:
                best, largest = k, change
        return best

    def _new_corners(self, cell: _Cell, across: int) -> list[tuple[int, Corner]]:
        between = middle(cell.low[across], cell.high[across])
        return [
            (cell.others, (*c[:across], between, *c[across + 1 :]))
            for c in cell.corners
            if c[across] == cell.low[across]
        ]

    def _halve(self) -> None:
        self._cells = [child for cell in self._cells or [] for child in self._children(cell)]

    def _children(self, cell: _Cell) -> list[_Cell]:
        if cell not in self._splits:
            return [cell]
        k = self._splits[cell]
        between = middle(cell.low[k], cell.high[k])
        return [
            _Cell(cell.others, cell.low, (*cell.high[:k], between, *cell.high[k + 1 :])),
            _Cell(cell.others, (*cell.low[:k], between, *cell.low[k + 1 :]), cell.high),
        ]

    # ---- the first grid

    def _begin(self, values: Floats) -> None:
        space, names = self._space, list(self._ranges)
        sizes = {dim: size for dim, size in space.sizes.items() if dim != REPETITION}
        dims = {name: space.parameters[name].dim for name in names}
        numbers: dict[tuple[int, ...], int] = {}
        for flat, index in enumerate(np.ndindex(*sizes.values())):
            at = dict(zip(sizes, index, strict=True))
            rest = tuple(i for dim, i in at.items() if dim not in dims.values())
            if rest not in numbers:
                numbers[rest] = len(numbers)
                self._others.append(values_at(space, at, names))
            corner = tuple(space.parameters[name].values[at[str(dims[name])]] for name in names)
            self._known[numbers[rest], corner] = float(values[flat])
        edges = [list(pairwise(r)) for r in self._ranges.values()]
        self._cells = [
            _Cell(others, tuple(low for low, _ in box), tuple(high for _, high in box))
            for others in numbers.values()
            for box in product(*edges)
        ]
        self._left -= values.size
