"""The record of each point: as a dictionary would keep it, whatever order the shards come in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorekit.store.header import Header, Origin
from explorekit.store.index import Index, build, shard_along, shard_in
from explorekit.store.status import FAILED, OK, PENDING, TIMED_OUT, status_runs
from explorekit.store.table import ShardTable

TOTAL = 20


@st.composite
def shards(draw):
    """Shards that overlap at random, some of their points outside of the space."""
    made = []
    for sequence in range(draw(st.integers(0, 5))):
        n = draw(st.integers(1, 8))
        inside = draw(st.lists(st.integers(0, TOTAL - 1), min_size=n, max_size=n, unique=True))
        positions = [-1 if draw(st.integers(0, 5)) == 0 else position for position in inside]
        if draw(st.booleans()):
            positions.sort()
        status = np.array(
            draw(st.lists(st.sampled_from([OK, FAILED, TIMED_OUT]), min_size=n, max_size=n)), np.int8
        )
        origin = Origin(draw(st.integers(1, 2)), sequence, "v", "w", "h")
        header = Header(origin, n, {}, {}, (), status_runs(status), None)
        made.append((f"{sequence}.nc", header, np.array(positions), status))
    return made


def model(made, demoted=frozenset()):
    """By position, the record that the rules give: the first that is ok, else the last."""
    best: dict = {}
    for name, header, positions, status in made:
        for row, (position, one) in enumerate(zip(positions.tolist(), status.tolist(), strict=True)):
            counts = FAILED if name in demoted and one == OK else one
            order = (header.origin.epoch, header.origin.sequence)
            rank = (0, *order) if counts == OK else (1, *(-number for number in order))
            if position >= 0 and (position not in best or rank < best[position][0]):
                best[position] = (rank, name, row, counts)
    return {position: record[1:] for position, record in best.items()}


def index_of(made, demoted=frozenset()):
    table = ShardTable.of([shard_in(name, header, positions) for name, header, positions, _ in made])
    return build(table, np.isin(table.names, [name.encode() for name in demoted]))


@given(shards(), st.randoms(use_true_random=False), st.sets(st.sampled_from(["0.nc", "1.nc", "2.nc"])))
def test_the_index_is_what_a_dictionary_would_say_whatever_the_order(made, random, demoted):
    index = index_of(random.sample(made, len(made)), frozenset(demoted))
    shard, row, status = index.locate(np.arange(TOTAL))

    expected = model(made, demoted)
    found = {
        position: (index.table[shard[position]].name, int(row[position]), int(status[position]))
        for position in range(TOTAL)
        if shard[position] >= 0
    }
    assert found == expected
    assert all(status[position] == PENDING for position in range(TOTAL) if position not in expected)


@given(st.data())
def test_rows_along_stretches_are_found_without_looking_at_each(data):
    edges = sorted(data.draw(st.sets(st.integers(0, 60), min_size=2, max_size=8)))
    ranges = np.array(list(zip(edges[::2], edges[1::2], strict=False)))
    positions = np.concatenate([np.arange(start, stop) for start, stop in ranges])
    n = data.draw(st.integers(1, positions.size))  # the child may hand in fewer than the batch has
    statuses = st.sampled_from([OK, OK, OK, FAILED, PENDING])
    status = np.array(data.draw(st.lists(statuses, min_size=n, max_size=n)), np.int8)
    origin = Origin(1, 0, "v", "w", "h")
    origins = tuple(
        (row, origin) for row in sorted({0, *data.draw(st.sets(st.integers(0, n - 1), max_size=2))})
    )
    header = Header(origin, n, {}, {}, (), status_runs(status), None, origins=origins)

    expected = shard_in("a.nc", header, positions[:n])
    np.testing.assert_array_equal(shard_along("a.nc", header, ranges).stretches, expected.stretches)


@given(shards())
def test_gaps_are_the_points_without_a_record(made):
    gaps = index_of(made).gaps(TOTAL)

    pending = [position for start, stop in gaps.tolist() for position in range(start, stop)]
    assert pending == sorted(set(range(TOTAL)) - model(made).keys())


@given(shards())
def test_counts_and_stretches_agree_with_the_points(made):
    index = index_of(made)
    statuses = [record[2] for record in model(made).values()]

    assert index.counts() == {status: statuses.count(status) for status in set(statuses)}
    assert np.all(index.start[1:] >= index.stop[:-1])
    assert np.all(index.stop > index.start)


@given(st.lists(st.integers(0, TOTAL - 1), max_size=10), shards())
def test_any_selection_of_points_is_located_alike(positions, made):
    index = index_of(made)
    wanted = np.array(positions, dtype=np.int64)
    everything = index.locate(np.arange(TOTAL))

    for some, every in zip(index.locate(wanted), everything, strict=True):
        assert some.tolist() == every[wanted].tolist()


def test_an_empty_index_has_no_record():
    shard, row, status = Index().locate(np.array([[0, 1], [2, 3]]))

    assert shard.tolist() == [[-1, -1], [-1, -1]]
    assert row.tolist() == [[0, 0], [0, 0]]
    assert status.tolist() == [[PENDING] * 2] * 2
    assert Index().gaps(5).tolist() == [[0, 5]]
    assert Index().gaps(0).tolist() == []
    assert Index().counts() == {}


def test_neighbouring_points_of_one_shard_are_one_stretch():
    header = Header(Origin(1, 0, "v", "w", "h"), 1000, {}, {}, (), ((0, 1000, OK),), None)
    index = build(ShardTable.of([shard_in("a.nc", header, np.arange(1000))]))

    assert index.start.size == 1
