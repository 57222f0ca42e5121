"""What has become of which part of a space, counted."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.engine.tally import MOST_ACROSS, MOST_IN_A_STRIP, MOST_UP, Side, Tally
from explorekit.store.status import FAILED, OK, PENDING, TIMED_OUT


def space_of(**sizes):
    return ek.Space(**{name: np.arange(float(size)) for name, size in sizes.items()})


def counted_one_by_one(space, tally, status):
    """The cells of a tally, from the status of every point."""
    up, across = (tally.up.name if tally.up else None), tally.across.name
    rows = space.sizes[up] if up else 1
    grid = status.reshape(space.shape)
    order = [space.dims.index(dim) for dim in (up, across) if dim]
    grid = grid.transpose(*order, *(i for i in range(grid.ndim) if i not in order))
    grid = grid.reshape(rows, space.sizes[across], -1)
    shape = tally.cells.shape[1:]
    found = np.zeros(tally.cells.shape, dtype=int)
    height, width = (-(-n // cells) for n, cells in zip(grid.shape[:2], shape, strict=True))
    for row, column in np.ndindex(shape):
        part = grid[row * height : (row + 1) * height, column * width : (column + 1) * width]
        found[:, row, column] = np.bincount(part.ravel(), minlength=4)
    return found


@pytest.mark.parametrize(
    "sizes",
    [
        {"a": 7, "b": 90, "c": 3},
        {"a": 100, "b": 5, "c": 50, "d": 2},
        {"a": 130, "b": 45},
        {"a": 2, "b": 2},
        {"a": 300},
        {"a": 5, "b": 1},
    ],
)
def test_a_map_counts_what_counting_one_by_one_would(sizes):
    space = space_of(**sizes)
    tally, status = Tally(space), np.zeros(len(space), dtype=int)
    n = min(20, len(space) - 1) // 2 * 2
    cuts = np.sort(np.random.default_rng(0).choice(len(space) + 1, n, replace=False)).reshape(-1, 2)
    for number, (start, stop) in enumerate(cuts):
        tally.add([[start, stop]], OK + number % 3)
        status[start:stop] = OK + number % 3

    assert np.array_equal(tally.cells, counted_one_by_one(space, tally, status))
    assert tally.counts == {code: (status == code).sum() for code in (OK, FAILED, TIMED_OUT)}
    assert tally.cells.shape[1] <= MOST_UP
    assert tally.cells.shape[2] <= (MOST_ACROSS if tally.up else MOST_IN_A_STRIP)


def test_a_billion_points_take_a_few_numbers():
    tally = Tally(space_of(a=1000, b=1000, c=1000))
    tally.add([[0, 10**9]], OK)
    tally.add([[5, 10**8]], OK, sign=-1)

    assert tally.counts[OK] == tally.cells[OK].sum() == 10**9 - 10**8 + 5
    assert tally.cells[PENDING].sum() == 10**8 - 5
    assert tally.cells.nbytes < 200_000


def test_the_longest_dimensions_are_the_sides_and_repetitions_are_summed():
    space = ek.Space(a=ek.param([1.0, 2.0], units="nA"), b=["x", "y", "z"], c=0.5).repeat(50)
    tally = Tally(space)

    assert tally.across == Side("b", "'x'", "'z'")
    assert tally.up == Side("a", "1 nA", "2 nA")
    assert (tally.cells[PENDING] == 50).all()


def test_a_space_without_dimensions_is_one_cell():
    tally = Tally(ek.Space(a=1.0))
    tally.add([[0, 1]], FAILED)

    assert tally.cells[:, 0, 0].tolist() == [0, 0, 1, 0]
