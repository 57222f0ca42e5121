"""Records that no longer count are taken out everywhere, by every process, for good; the shards stay as they are."""

import json

import numpy as np
import pytest
from batches import VERSION, Failed, catalog_of, make_study, results_of, study_with, write_batch
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store.dataset import results_dataset
from explorekit.store.status import FAILED, OK, PENDING
from explorekit.store.superseded import (
    Superseded,
    merged,
    ranges_of,
    read_superseded,
    rows_of,
    without_rows,
    write_superseded,
)

SPACE = ek.Space(a=[0, 1, 2, 3, 4, 5])
TWO = [{0: {"x": 0}, 1: {"x": 1}, 2: {"x": 2}}, {3: {"x": 3}, 4: Failed(), 5: {"x": 5}}]


def statuses(directory):
    return results_of(directory)["status"].values.tolist()


def test_a_point_that_was_taken_out_is_pending_here_and_in_every_process_that_opens_the_study(tmp_path):
    directory = study_with(tmp_path, SPACE, *TWO)
    catalog = catalog_of(directory)
    before = catalog.generation

    catalog.supersede_points(np.array([4, 1]), "discard")

    assert catalog.generation > before
    expected = [OK, PENDING, OK, OK, PENDING, OK]
    assert results_dataset(catalog.snapshot(frozenset({VERSION})))["status"].values.tolist() == expected
    assert statuses(directory) == expected
    assert catalog.versions() == {VERSION: 4}


def test_a_point_that_was_taken_out_may_be_run_again(tmp_path):
    directory = study_with(tmp_path, SPACE, *TWO)
    catalog_of(directory).supersede_points(np.array([1]), "rerun")
    write_batch(directory, SPACE, {1: {"x": 10}}, epoch=2)

    assert results_of(directory)["x"].values.tolist()[:3] == [0.0, 10.0, 2.0]


def test_all_records_of_a_point_go_at_once_also_those_that_did_not_show(tmp_path):
    directory = study_with(tmp_path, SPACE, {0: {"x": 0}}, {0: {"x": 100}, 1: {"x": 1}})
    catalog_of(directory).supersede_points(np.array([0]), "discard")

    assert statuses(directory)[:2] == [PENDING, OK]


def test_records_of_other_code_versions_may_be_spared(tmp_path):
    directory = study_with(tmp_path, SPACE, {0: {"x": 0}})
    write_batch(directory, SPACE, {0: {"x": 1}}, sequence=1, version="another")
    catalog = catalog_of(directory)

    catalog.supersede_points(np.array([0]), "discard", frozenset({VERSION}))

    assert catalog.versions() == {VERSION: 0, "another": 1}


def test_a_whole_shard_is_taken_out_by_its_name_before_or_after_it_is_known(tmp_path):
    directory = study_with(tmp_path, SPACE, *TWO)
    first = directory.shard_files()[0].name
    catalog_of(directory).supersede({first: None}, "quarantine")

    assert statuses(directory) == [PENDING, PENDING, PENDING, OK, FAILED, OK]


def test_nothing_is_written_where_nothing_is_taken_out(tmp_path):
    directory = study_with(tmp_path, SPACE, TWO[0])

    assert not catalog_of(directory).supersede_points(np.array([5]), "discard").rows
    assert directory.superseded_files() == []


def test_it_holds_after_the_axis_grew_around_the_point(tmp_path):
    directory = study_with(tmp_path, SPACE, *TWO)
    catalog_of(directory).supersede_points(np.array([1]), "discard")

    longer = ek.Space(a=[-1, 0, 1, 2, 3, 4, 5])
    assert results_of(directory, space=longer)["status"].values.tolist()[:4] == [0, 1, 0, 1]


def test_several_decisions_add_up(tmp_path):
    directory = study_with(tmp_path, SPACE, *TWO)
    for position in (0, 2):
        catalog_of(directory).supersede_points(np.array([position]), "discard")

    assert statuses(directory)[:3] == [PENDING, OK, PENDING]
    assert len(directory.superseded_files()) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:-5],
        lambda text: text.replace(b"discard", b"discord"),
        lambda text: b"\0" * 100,
    ],
)
def test_a_damaged_decision_is_told_of_and_does_not_hide_the_study(tmp_path, caplog, damage):
    directory = study_with(tmp_path, SPACE, TWO[0])
    catalog_of(directory).supersede_points(np.array([0]), "discard")
    (path,) = directory.superseded_files()
    path.write_bytes(damage(path.read_bytes()))

    assert statuses(directory)[0] == OK
    assert str(path) in caplog.text
    with pytest.raises(StudyError, match="count again"):
        read_superseded(path)


def test_a_decision_of_a_newer_format_is_not_guessed_at(tmp_path):
    path = write_superseded(tmp_path, Superseded({"a.nc": None}, "discard"))
    content = {**json.loads(path.read_text()), "format": 99}
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(content))

    with pytest.raises(StudyError):
        read_superseded(newer)


def test_an_archive_that_dropped_the_empty_folder_is_no_obstacle(tmp_path):
    directory = study_with(tmp_path, SPACE, TWO[0])
    (directory.path / "superseded").rmdir()
    catalog_of(directory).supersede_points(np.array([0]), "discard")

    assert statuses(directory)[0] == PENDING


def test_a_study_without_runs_has_nothing_to_take_out(tmp_path):
    assert not catalog_of(make_study(tmp_path, SPACE)).supersede_points(np.array([0]), "discard").rows


# ---- laws

numbers = st.lists(st.integers(0, 30), max_size=12, unique=True)


def members(ranges):
    return sorted(n for start, stop in ranges.tolist() for n in range(start, stop))


@given(numbers)
def test_ranges_hold_the_numbers_that_they_were_made_of(some):
    ranges = ranges_of(np.array(some, dtype=np.int64))

    assert members(ranges) == sorted(some)
    assert np.all(ranges[1:, 0] > ranges[:-1, 1])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=8))
def test_joined_ranges_hold_what_the_parts_hold_and_lie_apart(parts):
    ranges = np.array([(start, start + size) for start, size in parts], dtype=np.int64).reshape(-1, 2)
    joined = merged(ranges)

    assert members(joined) == sorted(set(members(ranges)))
    assert np.all(joined[1:, 0] > joined[:-1, 1])


@st.composite
def tables(draw):
    """Stretches of a shard: rows in order and apart, each position once."""
    rows, taken, table = 0, 0, []
    for _ in range(draw(st.integers(0, 5))):
        rows += draw(st.integers(0, 2))
        taken += draw(st.integers(0, 2))
        size = draw(st.integers(1, 5))
        table.append((taken, taken + size, rows, draw(st.sampled_from([OK, FAILED]))))
        rows, taken = rows + size, taken + size
    return np.array(draw(st.permutations(table)), dtype=np.int64).reshape(-1, 4)


def in_row_order(table):
    return table[np.argsort(table[:, 2])]


def rows_in(table):
    return {
        row + n: (start + n, status)
        for start, stop, row, status in table.tolist()
        for n in range(stop - start)
    }


@given(tables(), numbers)
def test_stretches_without_rows_hold_all_the_others_as_they_were(table, rows):
    left = without_rows(in_row_order(table), ranges_of(np.array(rows, dtype=np.int64)))

    assert rows_in(left) == {row: point for row, point in rows_in(table).items() if row not in rows}


@given(tables(), numbers)
def test_the_rows_of_points_are_those_that_hold_them(table, positions):
    owner, found = rows_of(in_row_order(table), ranges_of(np.array(positions, dtype=np.int64)))

    assert np.all(np.diff(owner) >= 0)
    assert members(merged(found)) == sorted(
        row for row, (point, _) in rows_in(table).items() if point in positions
    )
