"""Blocks cover a space, and chunks are as long as they are to be read."""

import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from explorekit.store.layout import chunk_lengths, layouts, slabs


@given(st.lists(st.integers(1, 7), max_size=4), st.integers(1, 400))
def test_blocks_are_boxes_that_cover_the_space_once(shape, points):
    total = math.prod(shape)
    found = list(slabs(shape, points))

    assert [start for start, _ in found] == [0, *(stop for _, stop in found[:-1])]
    assert found[-1][1] == total
    for start, stop in found:
        index = np.unravel_index(np.arange(start, stop), shape) if shape else ()
        assert math.prod(len(np.unique(one)) for one in index) == stop - start
        assert stop - start <= points


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 300), min_size=1),
    st.dictionaries(st.sampled_from("tu"), st.integers(1, 300)),
    st.sampled_from([1, 8, 16]),
)
def test_chunks_fit_and_are_about_as_large_as_they_should_be(shape, inner, itemsize):
    lengths = chunk_lengths(shape, inner, itemsize, {})
    sizes = [*shape.values(), *inner.values()]

    assert all(1 <= length <= size for length, size in zip(lengths, sizes, strict=True))
    assert math.prod(lengths) * itemsize <= 64 * 1024
    long = itemsize * math.prod(inner.values()) >= 32 * 1024
    assert not long or lengths[: len(shape)] == [1] * len(shape)


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 300), min_size=1),
    st.dictionaries(st.sampled_from("tu"), st.integers(1, 300)),
    st.sampled_from([1, 8]),
)
@example({"b": 236, "a": 254, "c": 193}, {}, 8)
def test_each_plane_of_a_volume_lies_in_few_chunks_of_one_layout(shape, inner, itemsize):
    found = layouts(shape, inner, itemsize, {})
    sizes = [*shape.values(), *inner.values()]
    assert math.prod(found[0]) * itemsize <= 64 * 1024
    assert all(len(chunks) == len(sizes) for chunks in found)
    if len(found) == 1:
        return
    assert sum(size > 1 for size in sizes) == len(found) == 3
    for across, size in enumerate(sizes):
        if size > 1:
            (plane,) = (chunks for chunks in found if chunks[across] == 1 != math.prod(chunks))
            touched = math.prod(-(-n // c) for n, c in zip(sizes, plane, strict=True)) // size
            assert touched <= 1 + math.prod(sizes) // size * itemsize // (32 * 1024)
