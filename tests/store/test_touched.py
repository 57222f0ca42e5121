"""Which labels a batch touches does not depend on how they are found."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.store.touched import touched_part


@given(data=st.data())
def test_the_labels_of_a_stretch_are_found_without_looking_at_its_points(data):
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    space = ek.Space({f"p{i}": range(size) for i, size in enumerate(sizes)})
    start = data.draw(st.integers(0, len(space) - 1))
    positions = np.arange(start, data.draw(st.integers(start + 1, len(space))))

    touched, local = touched_part(space, positions)
    order = np.random.default_rng(0).permutation(positions.size)
    again, shuffled = touched_part(space, positions[order])
    assert touched == again
    assert local[order].tolist() == shuffled.tolist()
