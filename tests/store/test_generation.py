"""The index is a cache: whatever becomes of it, what is read is what the shards hold."""

import os
import shutil

import numpy as np
import pytest
from batches import VERSION, Failed, catalog_of, make_study, study_with, write_batch
from hypothesis import given, settings
from hypothesis import strategies as st

import explorekit as ek
from explorekit.space.identity import canonical
from explorekit.store import catalog as catalog_module
from explorekit.store.dataset import results_dataset, runs_dataset
from explorekit.store.directory import StudyDirectory, StudyRecord
from explorekit.store.generation import read_generation
from explorekit.store.header import Header, Origin
from explorekit.store.index import moved, positions_by_label, shard_in
from explorekit.store.status import OK, PENDING, status_runs
from explorekit.store.table import ShardTable

SPACE = ek.Space(a=range(6))
BATCHES = [
    {0: {"x": 0, "v": [1.0]}, 1: {"x": 1, "v": [1.0, 2.0]}},
    {2: Failed(), 3: {"x": 3, "v": [3.0]}},
    {5: {"x": 5.5, "v": [5.0, 6.0, 7.0]}},
]


def results(catalog):
    return results_dataset(catalog.snapshot(frozenset({VERSION})))


@pytest.fixture
def kept(tmp_path):
    directory = study_with(tmp_path, SPACE, *BATCHES)
    catalog_of(directory).keep()
    return directory


@pytest.fixture
def unread(monkeypatch):
    """Names of the shards whose headers were read since."""
    names = []
    read = catalog_module.read_shard
    monkeypatch.setattr(
        catalog_module, "read_shard", lambda path, *rest: (names.append(path.name), read(path, *rest))[1]
    )
    return names


def same(directory, space=SPACE):
    """Assert that the study reads as it does without an index, and return its results."""
    found = catalog_of(directory, space)
    bare = directory.path.parent / f"{directory.path.name}-bare"
    shutil.copytree(directory.path, bare)
    shutil.rmtree(bare / "index")
    truth = catalog_of(StudyDirectory(bare), space)
    assert results(found).identical(results(truth))
    assert found.versions() == truth.versions()
    for name, column in runs_dataset(truth.snapshot(frozenset({VERSION}))).items():
        assert runs_dataset(found.snapshot(frozenset({VERSION})))[name].identical(column)
    shutil.rmtree(bare)
    return results(found)


def test_a_study_opens_without_a_look_at_its_shards(kept, unread, monkeypatch):
    monkeypatch.setattr(StudyDirectory, "shard_names", lambda self: pytest.fail("listed"))
    found = results(catalog_of(kept))

    assert found["status"].values.tolist() == [1, 1, 2, 1, 0, 1]
    assert found["x"].values[5] == 5.5
    assert unread == []


def test_it_reads_the_same_with_the_index_as_without(kept):
    assert same(kept)["v"].shape == (6, 3)


def test_a_shard_that_came_since_is_found_and_only_that_is_read(kept, unread):
    name = write_batch(kept, SPACE, {4: {"x": 4, "v": [4.0]}}, sequence=9).name

    assert same(kept)["status"].values[4] == OK
    assert unread[0] == name


def test_a_shard_that_was_deleted_leaves_its_points_pending(kept):
    kept.shard_files()[0].unlink()

    assert same(kept)["status"].values.tolist()[:2] == [PENDING, PENDING]


def test_records_taken_out_before_and_after_are_out(kept):
    catalog = catalog_of(kept)
    catalog.supersede_points(np.array([0]), "discard")
    catalog.keep()
    catalog_of(kept).supersede_points(np.array([3]), "discard")

    assert same(kept)["status"].values.tolist() == [0, 1, 2, 0, 0, 1]


def test_a_shard_that_comes_back_stays_out_if_it_was_taken_out(kept, tmp_path):
    victim = kept.shard_files()[0]
    aside = victim.rename(tmp_path / "aside")
    catalog = catalog_of(kept)
    catalog.supersede({victim.name: None}, "quarantine")
    catalog.keep()
    aside.rename(victim)

    assert same(kept)["status"].values.tolist()[:2] == [PENDING, PENDING]


def test_a_decision_that_was_taken_back_counts_no_longer(kept):
    catalog = catalog_of(kept)
    catalog.supersede_points(np.array([0]), "discard")
    catalog.keep()
    (decision,) = kept.superseded_files()
    decision.unlink()
    catalog.refresh()

    assert results(catalog)["status"].values[0] == OK
    assert same(kept)["status"].values[0] == OK


def test_a_damaged_file_is_told_of_again_but_not_read_again(kept, caplog, unread):
    (kept.runs / "000001-00000009-0123456789ab.nc").write_bytes(b"garbage")
    catalog_of(kept).keep()
    caplog.clear()

    assert results(catalog_of(kept))["status"].values[0] == OK
    assert "0123456789ab" in caplog.text
    assert unread == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:200]),
        lambda path: path.write_bytes(b"PK" + os.urandom(500)),
        lambda path: path.write_bytes(flipped(path.read_bytes())),
        lambda path: np.savez(path, described=np.frombuffer(b'{"format": 99}', np.uint8)),
        lambda path: np.savez(path, described=np.array([{"a": 1}], dtype=object)),
    ],
    ids=["missing", "empty", "cut", "garbage", "flipped", "newer", "pickle"],
)
def test_a_damaged_index_is_no_loss(kept, damage):
    (index,) = (kept.path / "index").iterdir()
    damage(index)

    assert same(kept)["status"].values.tolist() == [1, 1, 2, 1, 0, 1]


def flipped(content):
    damaged = bytearray(content)
    damaged[len(damaged) // 3] ^= 0x55
    return bytes(damaged)


def test_behind_a_damaged_generation_the_one_before_still_serves(kept, unread):
    write_batch(kept, SPACE, {4: {"x": 4, "v": [4.0]}}, sequence=9)
    catalog_of(kept).keep()
    unread.clear()
    newest = max((kept.path / "index").iterdir())
    newest.write_bytes(b"")

    assert results(catalog_of(kept))["status"].values[4] == OK
    assert len(unread) == 1


def test_old_generations_do_not_pile_up(kept):
    for sequence in range(5, 10):
        write_batch(kept, SPACE, {4: {"x": sequence, "v": [0.0]}}, sequence=sequence)
        catalog_of(kept).keep()

    assert len(list((kept.path / "index").iterdir())) == 2


def test_one_is_written_now_and_then_while_shards_come_in(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog_module, "_FEW", 4)
    monkeypatch.setattr(catalog_module, "_BEHIND", 1)
    space = ek.Space(a=range(40))
    directory = make_study(tmp_path, space)
    catalog = catalog_of(directory, space)
    sizes = []
    for position in range(40):
        path = write_batch(directory, space, {position: {"x": position}}, sequence=position)
        catalog.add(catalog_module.read_shard(path, space))
        catalog.keep(final=False)
        found = read_generation(directory.path / "index")
        sizes.append(len(found.table) if found else 0)

    assert sorted(set(sizes)) == [0, 4, 8, 16, 32]
    assert same(directory, space)["x"].values.tolist() == list(range(40))


def test_an_index_of_another_study_tells_nothing(kept, tmp_path):
    other = study_with(tmp_path / "other", SPACE, {0: {"x": 9.0, "v": [0.0]}})
    shutil.rmtree(other.path / "index")
    shutil.copytree(kept.path / "index", other.path / "index")

    assert same(other)["x"].values[0] == 9.0


def test_a_full_disk_costs_the_index_only(kept, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorekit.store.durable.write_bytes", full)
    write_batch(kept, SPACE, {4: {"x": 4, "v": [4.0]}}, sequence=9)
    catalog_of(kept).keep()

    assert same(kept)["status"].values[4] == OK


def test_after_an_axis_grew_the_index_still_serves(kept, unread):
    longer = ek.Space(a=[-2, 0, 1, 3, 2, 4, 5, 7])
    kept.update_record(space=kept.add_space(longer))

    assert same(kept, longer)["status"].values.tolist() == [0, 1, 1, 1, 2, 0, 1, 0]
    unread.clear()
    catalog_of(kept, longer)
    assert unread == []


def test_a_point_that_the_old_space_did_not_have_is_found_in_the_longer_one(tmp_path):
    longer = ek.Space(a=range(8))
    directory = study_with(tmp_path, SPACE, BATCHES[0])
    write_batch(directory, longer, {1: {"x": 9, "v": [0.0]}, 7: {"x": 7, "v": [0.0]}}, sequence=5)
    catalog_of(directory).keep()

    assert same(directory, longer)["status"].values.tolist() == [1, 1, 0, 0, 0, 0, 0, 1]


# ---- laws


@st.composite
def spaces_and_shards(draw):
    """Two spaces with values in common, and shards of points of the first."""
    values = st.lists(st.integers(0, 7), min_size=1, max_size=6, unique=True)
    old, new = (ek.Space(a=draw(values), b=draw(values)) for _ in range(2))
    shards = []
    for sequence in range(draw(st.integers(1, 4))):
        positions = draw(st.lists(st.integers(0, len(old) - 1), min_size=1, max_size=12, unique=True))
        if draw(st.booleans()):
            positions.sort()
        status = np.array(
            draw(st.lists(st.sampled_from([1, 2]), min_size=len(positions), max_size=len(positions))), np.int8
        )
        header = Header(
            Origin(1, sequence, "v", "w", "h"), len(positions), {}, {}, (), status_runs(status), None
        )
        shards.append((f"{sequence}.nc", header, np.array(positions)))
    return old, new, shards


def records(table):
    return {
        (int(shard), row + n): (start + n, status)
        for (start, stop, row, status, _), shard in zip(
            table.stretches.tolist(), table.shard_of(table.stretches), strict=True
        )
        for n in range(stop - start)
    }


@settings(deadline=None)
@given(spaces_and_shards())
def test_shards_moved_to_another_space_are_as_if_read_in_it(drawn):
    old, new, shards = drawn
    place = positions_by_label(new, old, np.arange(len(old)))
    before = ShardTable.of([shard_in(name, header, positions) for name, header, positions in shards])
    expected = ShardTable.of([shard_in(name, header, place[positions]) for name, header, positions in shards])
    after = moved(before, old, new)

    assert records(after) == records(expected)
    assert after.outside.tolist() == expected.outside.tolist()
    assert np.all(np.diff(after.stretches[:, 4]) >= 0)


def test_a_space_with_a_further_parameter_is_known_from_the_index_if_all_code_has_one_default(
    tmp_path, unread
):
    baselines = {"h": canonical(np.array(1))[0].hex()}
    space = ek.Space(a=[1, 2])
    directory = StudyDirectory.create(
        tmp_path / "study", StudyRecord("model", 0, "", code=VERSION, baselines=baselines), space
    )
    write_batch(directory, space, {0: {"x": 1.0}, 1: {"x": 2.0}})
    catalog = catalog_of(directory, space)
    catalog.keep()
    unread.clear()

    longer = ek.Space(a=[1, 2], h=[0, 1])
    found = catalog_of(directory, longer)
    assert unread == []
    np.testing.assert_array_equal(results(found)["x"].values, [[np.nan, 1.0], [np.nan, 2.0]])

    other = "fedcba9876543210"
    directory.add_code(other, "", dict, {"h": canonical(np.array(0))[0].hex()})
    write_batch(directory, space, {0: {"x": 3.0}}, version=other, epoch=2)
    catalog_of(directory, space).keep()
    unread.clear()
    assert results(catalog_of(directory, longer))["status"].values.tolist() == [[0, 1], [0, 1]]
    assert len(unread) == 2


def test_what_is_kept_lacks_what_was_taken_away(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {0: {"x": 0.5}}, {1: {"x": 1.5}}, {2: {"x": 2.5}})
    catalog = catalog_of(directory)
    catalog.keep()
    directory.move_to_trash([directory.shard_files()[0].name])
    catalog.refresh()
    catalog.keep()

    assert set(read_generation(directory.path / "index").table.names) == directory.shard_names()
