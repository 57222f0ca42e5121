"""How a large shard is cut: which block of the space it holds, and which chunks lie in it."""

import math
from collections.abc import Iterator, Mapping, Sequence

CHUNK_BYTES = 64 * 1024
_PLANE_BYTES = 1024 * 1024
_LONG_ROW_BYTES = 32 * 1024  # an output that long is read for its own sake, a point at a time


def slabs(shape: Sequence[int], points: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, stop) of blocks of about so many points, each consecutive in C order and a box."""
    total = math.prod(shape)
    inner = total
    for size in shape:
        if inner <= points:
            break
        inner //= size
        if inner <= points:
            pieces = -(-size // (points // inner))
            step = -(-size // pieces) * inner
            for start in range(0, total, size * inner):
                for first in range(start, start + size * inner, step):
                    yield first, min(first + step, start + size * inner)
            return
    if total:
        yield 0, total


def layouts(
    shape: Mapping[str, int], inner: Mapping[str, int], itemsize: int, declared: Mapping[str, int]
) -> list[list[int]]:
    """Return the lengths of chunks of an output, and of each copy of it; the parameters are those of `chunk_lengths`.

    A volume is kept once for each pair of dimensions, in chunks that are planes along these: whatever its chunks are, one
    copy takes some planes ten times as long as such a plane does.
    """
    sizes = [*shape.values(), *inner.values()]
    volume = [axis for axis, size in enumerate(sizes) if size > 1]
    long_rows = itemsize * math.prod(inner.values()) >= _LONG_ROW_BYTES
    if declared or len(volume) != 3 or long_rows or itemsize * math.prod(sizes) <= CHUNK_BYTES:
        return one_layout(shape, inner, itemsize, declared)
    found = []
    for across, most in zip(volume, (CHUNK_BYTES, _PLANE_BYTES, _PLANE_BYTES), strict=True):
        lengths = [1 if axis == across else size for axis, size in enumerate(sizes)]
        first = next(axis for axis in volume if axis != across)
        row = itemsize * math.prod(lengths) // lengths[first]
        pieces = -(-lengths[first] // max(1, most // row))
        lengths[first] = -(-lengths[first] // pieces)
        found.append(lengths)
    return found


def one_layout(
    shape: Mapping[str, int], inner: Mapping[str, int], itemsize: int, declared: Mapping[str, int]
) -> list[list[int]]:
    """Return `chunk_lengths` as the only layout."""
    return [chunk_lengths(shape, inner, itemsize, declared)]


def chunk_lengths(
    shape: Mapping[str, int], inner: Mapping[str, int], itemsize: int, declared: Mapping[str, int]
) -> list[int]:
    """Return lengths of chunks along the dimensions of a block and those of one output, in this order.

    They are as equal as can be, so that a plane along any two of them reads about as many bytes; outputs that are long
    at each point stay whole.

    Parameters
    ----------
    shape, inner
        Lengths by dimension.
    itemsize
        Bytes of a value.
    declared
        Lengths of chunks that are asked for; −1 for the whole dimension.
    """
    sizes = {dim: max(1, size) for dim, size in (*shape.items(), *inner.items())}
    lengths = {
        d: size if declared[d] < 0 else min(declared[d], size) for d, size in sizes.items() if d in declared
    }
    free = {dim: size for dim, size in sizes.items() if dim not in declared}
    if itemsize * math.prod(inner.values()) >= _LONG_ROW_BYTES:
        lengths.update(dict.fromkeys(free.keys() & shape.keys(), 1))
        free = {dim: size for dim, size in free.items() if dim in inner}
    budget = max(1.0, CHUNK_BYTES / itemsize / math.prod(lengths.values()))
    for left, (dim, size) in zip(
        range(len(free), 0, -1), sorted(free.items(), key=lambda item: item[1]), strict=True
    ):
        length = max(1, min(size, int(budget ** (1 / left))))
        lengths[dim] = -(-size // -(-size // length))
        budget /= lengths[dim]
    return [lengths[dim] for dim in sizes]
