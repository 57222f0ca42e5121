"""What has become of which part of the space? Counts over a map of a few cells, whatever the number of points."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorekit.space import Space
from explorekit.space.parameter import REPETITION, Parameter
from explorekit.space.values import format_value
from explorekit.store.status import FAILED, OK, PENDING, TIMED_OUT

Ints = npt.NDArray[np.int64]

MOST_ACROSS, MOST_UP, MOST_IN_A_STRIP = 80, 40, 240


@dataclass(frozen=True)
class Side:
    """A side of the map: what lies along it, and from where to where, as text."""

    name: str
    first: str = ""
    last: str = ""


class Tally:
    """Counts of points by status: of all, and in each cell of a map.

    The map is over the two longest dimensions, other ones are summed; where there is but one, it is a strip of all points in
    their order. Taking in a stretch of points takes as long whether it holds ten or a billion.

    Parameters
    ----------
    space
        The space. At first all of it is pending.
    """

    def __init__(self, space: Space) -> None:
        self.total = len(space)
        self.counts = dict.fromkeys((OK, FAILED, TIMED_OUT), 0)
        self.across, self.up = _sides(space)
        names = [side.name for side in (self.across, self.up) if side is not None]
        if self.up is None:
            self._shape = (1, 1, 1, self.total, 1)
            most = (1, MOST_IN_A_STRIP)
        else:
            slow, quick = sorted(map(space.dims.index, names))
            lengths = [_product(space, *part) for part in ((0, slow), (slow + 1, quick), (quick + 1, None))]
            self._shape = (lengths[0], space.shape[slow], lengths[1], space.shape[quick], lengths[2])
            self._upright = space.dims[slow] == self.up.name
            most = (MOST_UP, MOST_ACROSS) if self._upright else (MOST_ACROSS, MOST_UP)
        self._edges = [_edges(self._shape[axis], n) for axis, n in zip((1, 3), most, strict=True)]
        self._widths = [np.diff(edges) for edges in self._edges]
        self._cells = np.zeros((4, *(len(widths) for widths in self._widths)), dtype=np.int64)
        a, _, b, _, c = self._shape
        self._cells[PENDING] = a * b * c * np.multiply.outer(*self._widths)

    @property
    def cells(self) -> Ints:
        """Array of shape (4, rows, columns): the points of each status in each cell, the first row lowest."""
        return self._cells if self.up is None or self._upright else self._cells.transpose(0, 2, 1)

    def add(self, stretches: npt.ArrayLike, status: int, *, sign: int = 1) -> None:
        """Count pending points as having another status; with a sign of −1 as pending again.

        Parameters
        ----------
        stretches
            Array of shape (n, 2): the (start, stop) of flat positions.
        status
            Theirs from now on.
        """
        ranges = np.asarray(stretches, dtype=np.int64).reshape(-1, 2)
        if not ranges.size:
            return
        self.counts[status] += sign * int((ranges[:, 1] - ranges[:, 0]).sum())
        added = sign * self._counted(ranges)
        self._cells[status] += added
        self._cells[PENDING] -= added

    def _counted(self, ranges: Ints) -> Ints:
        """Return how many points of some stretches lie in each cell: those before each stop, less those before each start."""
        flat = ranges.T[::-1].ravel()
        sign = np.repeat(np.array([1, -1]), len(ranges))
        _, rows, inner, columns, innermost = self._shape
        # A point's place as digits. Of the points before it, those that differ first in a digit have all that follow.
        rest, last = np.divmod(flat, innermost)
        rest, column = np.divmod(rest, columns)
        rest, between = np.divmod(rest, inner)
        first, row = np.divmod(rest, rows)
        i, j = (
            np.searchsorted(edges, digit, "right") - 1
            for edges, digit in zip(self._edges, (row, column), strict=True)
        )
        high, wide = self._widths
        whole = inner * innermost * int((sign * first).sum()) * np.multiply.outer(high, wide)
        in_rows = _before(sign, i, row - self._edges[0][i], high)
        some = np.multiply.outer(innermost * (inner * in_rows + _sums(sign * between, i, len(high))), wide)
        at = i * len(wide) + j
        shape = len(high), len(wide)
        passed = _sums(sign, at, shape[0] * shape[1]).reshape(shape)
        part = _sums(sign * (column - self._edges[1][j]), at, passed.size).reshape(shape)
        few = innermost * (part + wide * (passed[:, ::-1].cumsum(axis=1)[:, ::-1] - passed))
        counted: Ints = whole + some + few + _sums(sign * last, at, passed.size).reshape(shape)
        return counted


def _before(sign: Ints, bins: Ints, into: Ints, widths: Ints) -> Ints:
    """Return how many indices of each bin lie before some: all of a bin that lies before theirs, a part of their own."""
    passed = _sums(sign, bins, len(widths))
    behind: Ints = passed[::-1].cumsum()[::-1] - passed
    return _sums(sign * into, bins, len(widths)) + widths * behind


def _sums(values: Ints, bins: Ints, n: int) -> Ints:
    sums = np.zeros(n, dtype=np.int64)
    np.add.at(sums, bins, values)
    return sums


def _edges(length: int, most: int) -> Ints:
    """Return where cells of equal width, but for the last one, begin and end."""
    width = max(1, -(-length // most))
    return np.append(np.arange(0, length, width, dtype=np.int64), length)


def _product(space: Space, start: int, stop: int | None) -> int:
    product = 1
    for length in space.shape[start:stop]:
        product *= length
    return product


def _sides(space: Space) -> tuple[Side, Side | None]:
    sizes = {d: n for d, n in space.sizes.items() if n > 1 and d != REPETITION}
    longest = sorted(sizes, key=lambda dim: -sizes[dim])[:2]
    if len(longest) == 2:
        return _side(space, longest[0]), _side(space, longest[1])
    return (_side(space, longest[0]) if longest else Side("runs")), None


def _side(space: Space, dim: str) -> Side:
    p = space.parameters.get(dim)
    if not isinstance(p, Parameter) or p.dim != dim:
        return Side(dim)
    units = "" if p.values.dtype.kind in "SU" else str(p.attrs.get("units") or "")
    as_text = format_value if p.arrays is None else p.text_of
    return Side(dim, *(f"{as_text(p.values[end])} {units}".rstrip() for end in (0, -1)))
