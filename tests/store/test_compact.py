"""Compaction changes how records lie on disk, and nothing that is read from them; it may be cut short anywhere."""

import contextlib
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from batches import VERSION, Failed, catalog_of, make_study, study_with, write_batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.compacting import SPACE, VERSIONS, all_at_once, assert_same, compacted, one_by_one, output, seen

import explorekit as ek
from explorekit.errors import StudyBusyError, StudyError
from explorekit.space.identity import canonical
from explorekit.store import catalog as catalog_module
from explorekit.store import compact as compact_module
from explorekit.store import durable
from explorekit.store import files as files_module
from explorekit.store import layout as layout_module
from explorekit.store.catalog import Catalog
from explorekit.store.compact import compact, crowded
from explorekit.store.dataset import failures_frame, results_dataset, runs_dataset
from explorekit.store.directory import StudyDirectory
from explorekit.store.lock import StudyLock
from explorekit.store.status import FAILED, OK


@pytest.mark.parametrize(
    "batches",
    [
        one_by_one(12),
        one_by_one(12, fail=(0, 3, 4)),
        one_by_one(12, skip=(0, 7, 11), fail=(2,)),
        one_by_one(12, skip=(0, 1, 2, 3, 4, 5, 6, 7)),
        one_by_one(12)[::-1],
        [all_at_once(12)],
        [{5: output(5), 2: output(2), 9: output(9)}, {1: output(1), 11: output(11)}],
        one_by_one(3, fail=(0, 1, 2)),
    ],
    ids=["whole", "failed", "gaps", "sparse", "reversed", "one", "scattered", "all-failed"],
)
def test_everything_reads_as_before_from_one_file(tmp_path, batches):
    directory = study_with(tmp_path / "study", SPACE, *batches)
    report = compacted(directory, SPACE)

    assert len(directory.shard_files()) == report.after == 1
    assert compact(catalog_of(directory, SPACE)).written == 0


def test_outputs_lie_over_the_dimensions_of_the_space_for_any_reader(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    compacted(directory, SPACE)
    with xr.open_dataset(directory.shard_files()[0]) as plain:
        assert plain["x"].sel(a=1.5, b=2).item() == 6.0
        assert plain["v"].dims == ("a", "b", "t")


def test_precedence_and_provenance_of_every_row_survive(tmp_path):
    space = ek.Space(a=range(4))
    directory = make_study(tmp_path / "study", space)
    for epoch, sequence, position in ((3, 0, 0), (3, 7, 1), (5, 1, 2), (5, 2, 3)):
        write_batch(
            directory, space, {position: {"x": 1.0}}, epoch=epoch, sequence=sequence, worker=f"w{sequence}"
        )
    compacted(directory, space)
    write_batch(directory, space, {0: {"x": -1.0}, 3: {"x": -1.0}}, epoch=3, sequence=1)
    write_batch(directory, space, {1: {"x": -1.0}, 2: {"x": -1.0}}, epoch=4, sequence=0)

    assert seen(directory, space)[0]["x"].values.tolist() == [1.0, 1.0, -1.0, -1.0]
    compacted(directory, space)
    assert len(directory.shard_files()) == 1


def test_very_uneven_outputs_are_not_padded_on_disk(tmp_path):
    lengths = [0, 3, 5000, 1, 2, 7, 0, 9, 4000, 2, 2, 1]
    spikes = [xr.DataArray(np.arange(n) + 0.5, dims="spike") for n in lengths]
    batches = [{p: {"spikes": one}} for p, one in enumerate(spikes)]
    directory = study_with(tmp_path / "study", SPACE, *batches, {0: {"spikes": spikes[0]}})
    compacted(directory, SPACE)
    (path,) = directory.shard_files()

    assert path.stat().st_size < 8 * 12 * 5000 / 2
    compact(catalog_of(directory, SPACE), {"a": 1})
    assert ek.open(directory.path).check().ok


def test_records_taken_out_stay_out(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    catalog_of(directory, SPACE).supersede_points(np.array([3, 4]), "discard")
    compacted(directory, SPACE)
    catalog_of(directory, SPACE).supersede_points(np.array([5]), "discard")

    assert compacted(directory, SPACE).after == 1
    assert seen(directory, SPACE)[0]["status"].values.ravel()[3:7].tolist() == [0, 0, 0, 1]
    assert len(list((directory.path / "trash").iterdir())) == 2  # what was taken out is kept there


def test_code_versions_stay_apart(tmp_path):
    space = ek.Space(a=range(4))
    directory = study_with(tmp_path / "study", space, *[{p: {"x": float(p)}} for p in range(4)])
    for position in range(4):
        write_batch(directory, space, {position: {"x": -1.0}}, sequence=9 + position, version="old")
    compacted(directory, space)

    catalog = catalog_of(directory, space)
    assert catalog.versions() == {VERSION: 4, "old": 4}
    assert results_dataset(catalog.snapshot(frozenset({"old"})))["x"].values.tolist() == [-1.0] * 4
    assert len(directory.shard_files()) == 2


def test_what_contradicts_another_version_takes_no_other_results_with_it(tmp_path):
    space = ek.Space(a=range(9))
    directory = make_study(tmp_path / "study", space)
    write_batch(directory, space, {0: {"y": 1.0}, 1: {"y": 2.0}}, sequence=0, version="old")
    write_batch(directory, space, {2: {"x": 1.0, "y": 3.0}}, sequence=1, version="old")
    write_batch(directory, space, {p: {"x": np.arange(3.0), "y": 1.0} for p in range(3, 9)}, sequence=2)
    directory.update_record(kept=("old",))
    both = frozenset({VERSION, "old"})
    before = catalog_of(directory, space).snapshot(both)
    compact(catalog_of(directory, space))

    after = catalog_of(directory, space).snapshot(both)
    xr.testing.assert_identical(results_dataset(after).load(), results_dataset(before).load())
    assert after.index.counts() == {OK: 8, FAILED: 1}


def test_integers_and_floats_of_one_output_are_not_mixed(tmp_path):
    space = ek.Space(a=range(4))
    batches = [{0: {"x": 2**60 + 1}}, {1: {"x": 0.5}}, {2: {"x": 3}}, {3: {"x": True}}]
    directory = study_with(tmp_path / "study", space, *batches)
    compacted(directory, space)

    catalog_of(directory, space).supersede_points(np.array([1, 3]), "discard")
    snapshot = catalog_of(directory, space).snapshot(VERSIONS, {"x": -1})
    assert results_dataset(snapshot)["x"].values.tolist() == [2**60 + 1, -1, 3, -1]


def test_results_that_contradict_the_others_stay_what_they_are(tmp_path):
    space = ek.Space(a=range(5))
    batches = [{p: {"x": float(p)}} for p in range(4)] + [{4: {"x": [1.0, 2.0]}}]
    directory = study_with(tmp_path / "study", space, *batches)
    compacted(directory, space)

    assert len(directory.shard_files()) == 2


def test_a_shard_that_reaches_beyond_the_space_is_kept(tmp_path):
    longer = ek.Space(a=range(6))
    directory = make_study(tmp_path / "study", longer)
    for position in range(0, 6, 2):
        write_batch(directory, longer, {position: {"x": 1.0}, position + 1: {"x": 2.0}}, sequence=position)
    compacted(directory, ek.Space(a=range(5)))

    assert seen(directory, longer)[0]["x"].values.tolist() == [1.0, 2.0] * 3


def test_a_study_that_grew_after_compaction_reads_on(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    compacted(directory, SPACE)
    before = seen(directory, SPACE)[0]
    longer = ek.Space(a=[0.5, 1.0, 1.5, 2.5], b=range(-1, 4))
    write_batch(directory, longer, {0: output(1)}, epoch=2)
    after = seen(directory, longer)[0]

    xr.testing.assert_equal(after["x"].sel(a=before["a"], b=before["b"]), before["x"])
    assert compacted(directory, longer).after == 1


@pytest.mark.parametrize(
    "space",
    [
        ek.Space(a=[0.5, 1.5], b=range(4)),
        ek.Space(a=[1.5, 2.5], b=range(4)),
        ek.Space(a=[2.5], b=range(1, 3)),
        ek.Space(a=2.5, b=range(4)),
        ek.Space(a=[0.5, 1.5, 2.5], b=0),
        ek.Space(a=[2.5, 1.5, 0.5], b=range(4)),
        ek.Space(b=range(4), a=[0.5, 1.5, 2.5]),
        ek.Space(a=[0.5, 1.5, 2.5], b=range(4), c=[0]),
        ek.Space(c=[0], a=[0.5, 1.5, 2.5], b=range(4)),
    ],
    ids=repr,
)
def test_a_block_of_all_points_reads_the_same_in_another_space(tmp_path, space):
    directory = study_with(tmp_path / "study", SPACE, {p: {"x": float(p)} for p in range(12)})
    baselines = {"c": canonical(np.array(0))[0].hex()}
    directory.write_record(replace(directory.read_record(), baselines=baselines))
    compacted(directory, SPACE)
    snapshot = catalog_of(directory, SPACE).snapshot(VERSIONS)
    assert snapshot.block is not None

    read = results_dataset(catalog_of(directory, space).snapshot(VERSIONS))["x"]
    expected = results_dataset(snapshot)["x"].sel(a=read["a"], b=read["b"])
    np.testing.assert_array_equal(
        read.squeeze("c") if "c" in read.dims else read,
        expected.transpose(*(d for d in space.dims if d != "c")),
    )


def test_large_studies_are_cut_into_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(compact_module, "TARGET_BYTES", 400)
    directory = study_with(tmp_path / "study", SPACE, *[{p: {"x": float(p)}} for p in range(12)])
    compacted(directory, SPACE)

    assert len(directory.shard_files()) == 3
    assert compact(catalog_of(directory, SPACE)).written == 0


def test_only_what_has_come_since_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(compact_module, "TARGET_BYTES", 400)
    directory = study_with(tmp_path / "study", SPACE, *[{p: {"x": float(p)}} for p in range(4)])
    compacted(directory, SPACE)
    first = directory.shard_files()
    for position in range(4, 8):
        write_batch(directory, SPACE, {position: {"x": 1.0}}, epoch=2, sequence=position)

    assert compacted(directory, SPACE).written == 1
    assert first[0] in directory.shard_files()


def test_a_full_disk_says_so_and_costs_nothing(mounted):
    space = ek.Space(a=range(10))
    noise = np.random.default_rng(0).random((10, 20_000))
    directory = study_with(mounted("size=2500k") / "study", space, *[{p: {"v": noise[p]}} for p in range(10)])
    files = directory.shard_files()
    with pytest.raises(StudyError, match=r"disk is full|disk full"):
        ek.open(directory.path).compact()
    assert directory.shard_files() == files


class Killed(BaseException):
    """Stands for the end of the process."""


STEPS = ("write_shard", "sync", "rename", "replace", "unlink")


def dying(monkeypatch, step, turn):
    """Make a step of compaction end the process, after or instead of its work."""
    target = {
        "write_shard": (compact_module, "write_shard"),
        "sync": (durable, "sync"),
        "rename": (durable, "rename"),
        "replace": (Catalog, "replace"),
        "unlink": (type(StudyDirectory(".").path), "unlink"),
    }[step]
    work, calls = getattr(*target), []

    def die(*args, **options):
        calls.append(1)
        if len(calls) > turn:
            raise Killed
        return work(*args, **options)

    monkeypatch.setattr(*target, die)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_it_may_die_at_any_step_and_be_done_again(tmp_path, monkeypatch, step, turn):
    monkeypatch.setattr(compact_module, "TARGET_BYTES", 400)
    directory = study_with(tmp_path / "study", SPACE, *[{p: {"x": float(p)}} for p in range(12)])
    before = seen(directory, SPACE)
    catalog = catalog_of(directory, SPACE)
    with monkeypatch.context() as patch:
        dying(patch, step, turn)
        with contextlib.suppress(Killed):
            compact(catalog)
    assert_same(before, seen(directory, SPACE))
    directory.remove_leftovers()
    compacted(directory, SPACE)
    assert len(directory.shard_files()) == 3
    assert len(list(directory.runs.iterdir())) == 3


def test_what_a_reader_holds_is_looked_up_again_when_its_file_is_gone(tmp_path):
    import pickle

    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12, fail=(2,)))
    snapshot = catalog_of(directory, SPACE).snapshot(VERSIONS)
    held = results_dataset(snapshot), runs_dataset(snapshot)
    travelled = pickle.loads(pickle.dumps(held))
    fresh = seen(directory, SPACE)
    compact(catalog_of(directory, SPACE))

    for results, runs in (held, travelled):
        xr.testing.assert_identical(results.load(), fresh[0])
        xr.testing.assert_identical(runs.load(), fresh[1])
    assert failures_frame(snapshot).equals(fresh[2])


def test_a_block_of_all_points_that_is_made_anew_is_looked_up_again_too(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    compacted(directory, SPACE)
    snapshot = catalog_of(directory, SPACE).snapshot(VERSIONS)
    assert snapshot.block is not None
    held, fresh = results_dataset(snapshot), seen(directory, SPACE)
    compacted(directory, SPACE, chunks={"a": 1})

    xr.testing.assert_identical(held.load(), fresh[0])


def test_what_is_replaced_while_its_file_is_being_opened_is_looked_up_again(tmp_path, monkeypatch):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    held = results_dataset(catalog_of(directory, SPACE).snapshot(VERSIONS))
    shutil.copytree(directory.path, tmp_path / "compacted")
    compacted(StudyDirectory(tmp_path / "compacted"), SPACE)

    def slow_open(path):  # netCDF opens a file a second time when it has seen what format it has
        monkeypatch.undo()
        shutil.rmtree(directory.runs)
        (tmp_path / "compacted" / "runs").rename(directory.runs)
        raise OSError(-101, "NetCDF: HDF error", str(path))

    monkeypatch.setattr(files_module, "open_to_read", slow_open)
    assert held["x"].values.ravel().tolist() == [float(p) for p in range(12)]


def test_what_is_replaced_between_listing_and_reading_is_listed_again(tmp_path, monkeypatch):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    check = catalog_module.check_content

    def check_late(path):
        monkeypatch.undo()
        compacted(directory, SPACE)
        check(path)

    monkeypatch.setattr(catalog_module, "check_content", check_late)
    found = results_dataset(catalog_of(directory, SPACE).snapshot(VERSIONS))
    assert found["x"].values.ravel().tolist() == [float(p) for p in range(12)]


def test_it_ends_early_when_asked_to(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    report = compacted(directory, SPACE, stop=lambda: True)

    assert (report.before, report.after, report.written) == (12, 12, 0)


# ---- as a user does it


def test_a_study_is_compacted_by_its_method_and_opens_at_once(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(12))
    study = ek.open(directory.path)
    before = study.results.load()
    report = study.compact(chunks={"a": -1})

    assert (report.before, report.after) == (12, 1)
    assert "shards: 12 before, 1 after" in str(report)
    xr.testing.assert_identical(study.results.load(), before)
    xr.testing.assert_identical(ek.open(directory.path).results.load(), before)
    assert ek.open(directory.path).check().ok


def test_a_study_that_is_being_run_is_not_compacted(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, *one_by_one(2))
    lock = StudyLock(directory.path)
    lock.acquire()
    try:
        with pytest.raises(StudyBusyError):
            ek.open(directory.path).compact()
    finally:
        lock.release()


def test_the_number_of_files_stays_within_the_budget():
    for points in (1, 10**4, 10**6, 10**9):
        budget = 1000 + 2 * math.isqrt(points)
        assert crowded(budget, points)
        assert not crowded(min(100, points), points)


# ---- laws


@st.composite
def studies(draw):
    """Spaces of up to three dimensions, and batches of their points in any order, some of them twice."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    space = ek.Space(**{name: range(size) for name, size in zip("abc", sizes, strict=False)})
    batches = []
    for _ in range(draw(st.integers(1, 5))):
        positions = draw(st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=8, unique=True))
        batches.append({p: Failed("no") if draw(st.integers(0, 4)) == 0 else output(p) for p in positions})
    return space, batches


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(studies(), st.sampled_from([1, 500, 2000, 10**6]), st.sampled_from([16, 64 * 1024]))
def test_any_study_reads_the_same_before_and_after(tmp_path, drawn, target, chunk):
    space, batches = drawn
    shutil.rmtree(tmp_path / "study", ignore_errors=True)
    directory = study_with(tmp_path / "study", space, *batches)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact_module, "TARGET_BYTES", target)
        patch.setattr(layout_module, "CHUNK_BYTES", chunk)
        compacted(directory, space)
        assert compact(catalog_of(directory, space)).written == 0
