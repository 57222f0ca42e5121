"""Results equal what a dense array would hold: any batches, any selection, missing where nothing is."""

import logging
import os
import pickle
from itertools import permutations

import numpy as np
import psutil
import pytest
import xarray as xr
from batches import (
    VERSION,
    Failed,
    bytes_read,
    flip_bytes_of,
    make_study,
    snapshot_of,
    study_with,
    write_batch,
)
from drawn import bits, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import ShardError, StudyError
from explorekit.store.catalog import Catalog
from explorekit.store.dataset import failures_frame, results_dataset, runs_dataset
from explorekit.store.status import FAILED, OK, PENDING


def results_of(directory, **options):
    return results_dataset(snapshot_of(directory, **options))


def result_at(position):
    """What the simulation of these tests returns at a flat position."""
    return {
        "x": position / 3,
        "n": position - 2,
        "on": position % 2 == 0,
        "z": complex(position, -position),
        "s": "é" * (position % 4),
        "when": np.datetime64(position, "ns"),
        "took": np.timedelta64(position, "ns"),
        "v": np.arange(3) * position,
    }


DENSE = {
    "x": np.nan,
    "n": np.nan,
    "on": np.nan,
    "z": complex(np.nan, np.nan),
    "s": "",
    "when": np.datetime64("NaT"),
    "took": np.timedelta64("NaT"),
}


def dense(space, done, name):
    values = [result_at(p)[name] if p in done else DENSE[name] for p in range(len(space))]
    return np.array(values).reshape(space.shape)


def written(directory, space, data):
    """Write some of the points in random batches, which may overlap; return those that have results."""
    done = set()
    for sequence in range(data.draw(st.integers(0, 4))):
        positions = data.draw(st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=10, unique=True))
        failed = set(data.draw(st.lists(st.sampled_from(positions), max_size=2)))
        batch = {p: Failed("no") if p in failed else result_at(p) for p in positions}
        write_batch(directory, space, batch, sequence=sequence)
        done |= set(positions) - failed
    return done


@st.composite
def keys(draw, sizes):
    key = {}
    for dim, size in sizes.items():
        ends = st.none() | st.integers(-size - 1, size + 1)
        # xarray itself misreads slices that run backwards from before the start.
        starts = st.none() | st.integers(0, size - 1)
        key[dim] = draw(
            st.just(slice(None))
            | st.integers(-size, size - 1)
            | st.builds(slice, ends, ends, st.sampled_from([None, 1, 2]))
            | st.builds(slice, starts, ends, st.sampled_from([-1, -2]))
            | st.lists(st.integers(-size, size - 1), max_size=4).map(lambda i: np.array(i, dtype=np.int64))
        )
    return key


@given(data=st.data())
def test_random_selections_of_random_batches_equal_a_dense_array(fresh, data):
    space = data.draw(spaces(max_dims=2, max_size=3))
    directory = fresh(space)
    done = written(directory, space, data)
    results = results_of(directory)

    status = results["status"].values.ravel()
    assert set(np.flatnonzero(status == OK).tolist()) == done
    for name in DENSE:
        if name not in results:
            assert not done
            continue
        expected = xr.DataArray(dense(space, done, name), dims=space.dims)
        complete = len(done) == len(space)
        if complete:
            expected = expected.astype(np.asarray(result_at(0)[name]).dtype) if name != "s" else expected
        for _ in range(2):
            key = data.draw(keys(space.sizes))
            np.testing.assert_array_equal(results[name].isel(key).values, expected.isel(key).values)
        assert results[name].dtype.kind == expected.dtype.kind


@given(data=st.data())
def test_random_selections_within_an_output_equal_a_dense_array(fresh, data):
    space = ek.Space(a=[1, 2, 3])
    directory = fresh(space)
    array = np.arange(60.0).reshape(3, 4, 5)
    for sequence, rows in enumerate(([2, 0], [1])):
        write_batch(
            directory,
            space,
            {p: {"m": xr.DataArray(array[p], dims=("u", "v"))} for p in rows},
            sequence=sequence,
        )
    key = data.draw(keys({"a": 3, "u": 4, "v": 5}))

    results = results_of(directory)
    expected = xr.DataArray(array, dims=("a", "u", "v"))
    np.testing.assert_array_equal(results["m"].isel(key).values, expected.isel(key).values)


def test_complete_results_keep_their_types(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {p: result_at(p) for p in range(3)}))

    kinds = {name: results[name].dtype.kind for name in result_at(0)}
    assert kinds == {"x": "f", "n": "i", "on": "b", "z": "c", "s": "U", "when": "M", "took": "m", "v": "i"}
    assert results["status"].values.tolist() == [OK] * 3


def test_every_type_comes_back_bit_for_bit_from_a_complete_study(tmp_path):
    values = {
        "f4": np.float32([0.1, -0.0]),
        "f8": np.array([np.nan, -np.inf]),
        "c8": np.complex64([1j, complex(-0.0, np.nan)]),
        "u8": np.array([0, 2**64 - 1], "u8"),
        "i8": np.array([-(2**63), 2**63 - 1]),
        "i1": np.array([-128, 127], "i1"),
        "b": np.array([True, False]),
        "m": np.array(["NaT", "2262-04-11T23:47:16.854775807"], "M8[ns]"),
    }
    space = ek.Space(a=range(2))
    results = results_of(
        study_with(tmp_path, space, {p: {n: v[p] for n, v in values.items()} for p in range(2)})
    )

    for name, expected in values.items():
        assert bits(results[name].values) == bits(expected), name


# ---- missing is missing


def test_missing_runs_read_as_missing_and_status_tells_which(tmp_path):
    space = ek.Space(a=range(4))
    results = results_of(study_with(tmp_path, space, {1: result_at(1), 2: Failed("no")}))

    assert results["status"].values.tolist() == [PENDING, OK, FAILED, PENDING]
    np.testing.assert_array_equal(results["x"].values, [np.nan, 1 / 3, np.nan, np.nan])
    np.testing.assert_array_equal(results["n"].values, [np.nan, -1.0, np.nan, np.nan])
    np.testing.assert_array_equal(results["on"].values, [np.nan, 0.0, np.nan, np.nan])
    assert results["s"].values.tolist() == ["", "é", "", ""]
    assert np.isnat(results["when"].values).tolist() == [True, False, True, True]
    assert results["x"].attrs["ancillary_variables"] == "status"


def test_integers_that_float64_cannot_hold_say_so_when_some_are_missing(tmp_path):
    space = ek.Space(a=range(2))
    directory = study_with(tmp_path, space, {0: {"n": 2**53 + 1, "k": 2**53}})

    assert results_of(directory)["k"].values[0] == 2**53
    with pytest.raises(StudyError, match=r"9007199254740993.*fill=\{'n': <a number>\}.*'status'"):
        results_of(directory)["n"].load()
    filled = results_of(directory, fill={"n": -1})["n"]
    assert filled.dtype == np.int64
    assert filled.values.tolist() == [2**53 + 1, -1]


def test_signed_and_unsigned_integers_of_two_batches_are_not_rounded_in_silence(tmp_path):
    space = ek.Space(a=range(2))
    directory = study_with(tmp_path, space, {0: {"n": np.uint64(2**64 - 1)}}, {1: {"n": -1}})

    with pytest.raises(StudyError, match="18446744073709551615"):
        results_of(directory)["n"].load()


@pytest.mark.parametrize(
    ("value", "fill", "dtype", "read"),
    [
        (np.int8(5), -1, "i1", -1),
        (np.uint8(5), -1, "i2", -1),
        (np.uint8(5), 300, "u2", 300),
        (np.uint64(5), 0, "u8", 0),
        (5, 0.5, "f8", 0.5),
        (np.int8(5), np.nan, "f8", np.nan),
        (True, False, "bool", False),
        (True, -1, "i1", -1),
        (1.5, -1, "f8", -1.0),
        (np.float32(1.5), 0.5, "f4", 0.5),
        ("a", "none", "<U4", "none"),
        (1j, 0, "c16", 0j),
        (np.datetime64(5, "ns"), np.datetime64("2000-01-01"), "M8[ns]", np.datetime64("2000-01-01", "ns")),
    ],
)
def test_a_fill_value_stands_for_missing_runs_and_the_type_stays_where_it_can(
    tmp_path, value, fill, dtype, read
):
    directory = study_with(tmp_path, ek.Space(a=range(2)), {0: {"x": value}})
    array = results_of(directory, fill={"x": fill})["x"]

    assert array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(array.values, np.array([value, read], dtype))


@pytest.mark.parametrize(
    ("fill", "named"),
    [
        ({"y": 1}, "fill for 'y'; the outputs are 'x'"),
        ({"x": "a"}, "of the kind that 'x' has"),
        ({"x": [1, 2]}, "one value"),
    ],
)
def test_a_fill_value_must_fit(tmp_path, fill, named):
    directory = study_with(tmp_path, ek.Space(a=range(2)), {0: {"x": 1}})

    with pytest.raises(StudyError, match=named):
        results_of(directory, fill=fill)


def test_a_fill_value_may_be_given_before_the_first_result(tmp_path):
    assert list(results_of(make_study(tmp_path, ek.Space(a=[1])), fill={"x": 1}).data_vars) == ["status"]


# ---- outputs that differ from point to point


def test_uneven_lengths_are_padded_with_missing(tmp_path):
    space = ek.Space(a=range(4))
    directory = study_with(tmp_path, space, {0: {"v": [1, 2, 3]}, 1: {"v": [4]}}, {2: {"v": [5, 6]}})
    results = results_of(directory)

    nan = np.nan
    np.testing.assert_array_equal(
        results["v"].values, [[1, 2, 3], [4, nan, nan], [5, 6, nan], [nan, nan, nan]]
    )
    assert results["v_dim_size"].values.tolist() == [3, 1, 2, 0]
    np.testing.assert_array_equal(
        results["v"].isel(a=[2, 1], v_dim=slice(None, None, -1)).values, [[nan, 6, 5], [nan, nan, 4]]
    )


def test_empty_outputs_are_results_too(tmp_path):
    space = ek.Space(a=range(2))
    results = results_of(study_with(tmp_path / "all", space, {0: {"v": []}, 1: {"v": []}}))
    assert results["v"].shape == (2, 0)
    assert results["v"].values.size == 0

    results = results_of(study_with(tmp_path / "some", space, {0: {"v": []}}, {1: {"v": [1.0]}}))
    np.testing.assert_array_equal(results["v"].values, [[np.nan], [1.0]])
    assert results["v_dim_size"].values.tolist() == [0, 1]


def test_outputs_that_some_points_lack_are_missing_there(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {0: {"x": 1, "y": 2}, 1: {"x": 3}}, {2: {"x": 5}}))

    assert results["x"].values.tolist() == [1, 3, 5]
    assert results["x"].dtype == np.int64
    np.testing.assert_array_equal(results["y"].values, [2, np.nan, np.nan])


def wave(times, values=None):
    times = np.asarray(times)
    return {
        "V": xr.DataArray(
            np.zeros(times.size) if values is None else values, {"t": ("t", times, {"units": "s"})}, "t"
        )
    }


def test_a_coordinate_that_is_the_same_everywhere_is_an_index(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(
        study_with(tmp_path, space, {0: wave([0.0, 0.1])}, {2: wave([0.0, 0.1], [5.0, 6.0])})
    )

    assert results["t"].dims == ("t",)
    assert results["t"].attrs == {"units": "s"}
    assert results["V"].sel(a=2, t=0.1).item() == 6.0


def test_a_coordinate_that_varies_becomes_a_variable(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {0: wave([0.0, 0.1])}, {2: wave([0.0, 0.2])}))

    assert "t" not in results.coords
    np.testing.assert_array_equal(results["t_values"].values, [[0.0, 0.1], [np.nan, np.nan], [0.0, 0.2]])


def test_a_coordinate_of_uneven_length_becomes_a_variable(tmp_path):
    space = ek.Space(a=range(2))
    results = results_of(study_with(tmp_path, space, {0: wave([0.0, 0.1]), 1: wave([0.0, 0.1, 0.2])}))

    np.testing.assert_array_equal(results["t_values"].values, [[0.0, 0.1, np.nan], [0.0, 0.1, 0.2]])


def test_numbers_of_different_kinds_are_joined(tmp_path):
    space = ek.Space(a=range(3))
    results = results_of(study_with(tmp_path, space, {0: {"x": True}}, {1: {"x": 2}}, {2: {"x": 0.5}}))

    assert results["x"].values.tolist() == [1.0, 2.0, 0.5]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_who_contradicts_whom_does_not_depend_on_the_order_of_arrival(tmp_path, order):
    space = ek.Space(a=range(5))
    batches = {
        0: {0: {"x": 1.0}, 1: {"x": 2.0}},
        1: {2: {"x": "text"}},
        2: {3: {"x": [1.0, 2.0]}},
        3: {4: {"x": 4}},
    }
    directory = make_study(tmp_path, space)
    for sequence in order:
        write_batch(directory, space, batches[sequence], sequence=sequence)
    snapshot = snapshot_of(directory)
    results = results_dataset(snapshot)

    assert results["status"].values.tolist() == [OK, OK, FAILED, FAILED, OK]
    np.testing.assert_array_equal(results["x"].values, [1.0, 2.0, np.nan, np.nan, 4.0])
    assert dict(results.sizes) == {"a": 5}
    failures = failures_frame(snapshot)
    assert failures["a"].tolist() == [2, 3]
    assert failures["error"].tolist() == ["OutputError"] * 2
    assert failures["message"].str.contains("'x' is a").all()


# ---- which record counts


def test_ok_counts_before_failed_then_the_earlier(tmp_path):
    space = ek.Space(a=range(3))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: Failed("first try"), 1: {"x": 1}, 2: {"x": 1}}, epoch=1)
    write_batch(directory, space, {0: {"x": 2}, 1: {"x": 2}, 2: Failed("later")}, epoch=2)
    results = results_of(directory)

    assert results["x"].values.tolist() == [2, 1, 1]
    assert results["x"].dtype == np.int64


def test_failures_that_were_run_again_leave_no_trace_in_types_and_lengths(tmp_path):
    space = ek.Space(a=range(2))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: Failed("no"), 1: Failed("no")}, epoch=1)
    write_batch(directory, space, {0: {"n": 2**60 + 1}, 1: {"n": 1}}, epoch=2)

    assert results_of(directory)["n"].values.tolist() == [2**60 + 1, 1]


def test_records_of_other_code_do_not_count(tmp_path):
    space = ek.Space(a=range(2))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: {"x": 1}}, version="another")
    write_batch(directory, space, {1: {"x": 2}}, sequence=1)
    catalog = Catalog(directory, space)
    catalog.refresh()

    assert results_dataset(catalog.snapshot(frozenset({VERSION})))["status"].values.tolist() == [PENDING, OK]
    both = results_dataset(catalog.snapshot(frozenset({VERSION, "another"})))
    assert both["x"].values.tolist() == [1, 2]
    assert catalog.versions() == {VERSION: 1, "another": 1}


# ---- the record of each run


def test_the_record_of_each_run(tmp_path):
    space = ek.Space(a=range(4))
    directory = make_study(tmp_path, space)
    write_batch(directory, space, {0: {"x": 1}, 1: Failed("é went wrong")}, worker="north:1")
    write_batch(directory, space, {3: {"x": 1}}, sequence=1, worker="south:22")
    runs = runs_dataset(snapshot_of(directory))

    assert runs["status"].values.tolist() == [OK, FAILED, PENDING, OK]
    assert runs["worker"].values.tolist() == ["north:1", "north:1", "", "south:22"]
    assert runs["code_version"].values.tolist() == [VERSION, VERSION, "", VERSION]
    assert runs["error"].values.tolist() == ["", "Failed: é went wrong", "", ""]
    np.testing.assert_array_equal(runs["duration"].values, [0.25, 0.25, np.nan, 0.25])
    assert runs["started"].values[1] == np.datetime64(1_600_000_001, "s")
    assert np.isnat(runs["started"].values[2])
    np.testing.assert_array_equal(runs["cpu_time"].values, [0.125, 0.125, np.nan, 0.125])
    assert runs["peak_memory"].values.tolist() == [2**25, 2**25, 0, 2**25]
    assert runs["attempts"].values.tolist() == [1, 1, 0, 1]
    assert runs["error"].sel(a=1).item() == "Failed: é went wrong"


def test_parameters_may_have_the_names_that_the_record_has(tmp_path):
    space = ek.Space(duration=[1, 2], run_duration=3, error="none", message="m")
    directory = study_with(tmp_path, space, {0: {"x": 1}, 1: Failed("no")})
    snapshot = snapshot_of(directory)

    runs = runs_dataset(snapshot)
    np.testing.assert_array_equal(runs["run_run_duration"].values, [0.25, 0.25])
    assert runs["run_error"].values.tolist() == ["", "Failed: no"]
    assert failures_frame(snapshot)[["duration", "error_", "error"]].values.tolist() == [
        [2, "none", "Failed"]
    ]


def test_failures_are_listed_in_the_order_of_the_space(tmp_path):
    space = ek.Space(a=range(4), b=["x", "y"])
    directory = study_with(tmp_path, space, {7: Failed("late"), 1: {"v": 1}}, {2: Failed("early")})
    frame = failures_frame(snapshot_of(directory))

    assert frame[["a", "b", "status", "error", "message", "traceback"]].values.tolist() == [
        [1, "x", "failed", "Failed", "early", "Traceback"],
        [3, "y", "failed", "Failed", "late", "Traceback"],
    ]


def test_a_study_without_failures_has_an_empty_table(tmp_path):
    frame = failures_frame(snapshot_of(study_with(tmp_path, ek.Space(a=[1]), {0: {"x": 1}})))

    assert len(frame) == 0
    assert list(frame.columns) == ["a", "status", "error", "message", "traceback"]


# ---- another order of the space


@given(data=st.data())
def test_values_stay_with_their_labels_when_the_space_is_extended_or_reordered(fresh, data):
    space = ek.Space(a=[1, 2, 3], b=["x", "y"])
    directory = fresh(space)
    write_batch(
        directory, space, {p: {"v": f"{point['a']}{point['b']}"} for p, point in enumerate(space.points())}
    )
    a = data.draw(st.permutations([0, 1, 2, 3, 4]).map(lambda v: v[: data.draw(st.integers(1, 5))]))
    b = data.draw(st.permutations(["x", "y", "z"]))
    results = results_of(directory, space=ek.Space(a=a, b=b))

    for point in ek.Space(a=a, b=b).points():
        known = point["a"] in (1, 2, 3) and point["b"] in ("x", "y")
        if "v" in results:
            assert results["v"].sel(point).item() == (f"{point['a']}{point['b']}" if known else "")
        assert (results["status"].sel(point).item() == OK) == known


# ---- lazy, pickled, closed


class Counting:
    """Counts the values that are read from netCDF variables."""

    def __init__(self, monkeypatch):
        self.values = 0
        from explorekit.store import netcdf

        raw = netcdf._raw

        def counted(group, name, key):
            values = raw(group, name, key)
            self.values += values.size
            return values

        monkeypatch.setattr(netcdf, "_raw", counted)


def test_a_slice_reads_only_what_it_needs(tmp_path, monkeypatch):
    space = ek.Space(a=range(100), b=range(10))
    directory = make_study(tmp_path, space)
    for sequence in range(10):
        positions = range(100 * sequence, 100 * (sequence + 1))
        write_batch(
            directory, space, {p: {"v": np.zeros(50), "x": 1.0} for p in positions}, sequence=sequence
        )
    snapshot = snapshot_of(directory)
    counting = Counting(monkeypatch)
    results = results_dataset(snapshot)
    assert counting.values == 0

    results["v"].sel(a=42, b=3).load()
    assert counting.values == 50
    counting.values = 0
    results["v"].isel(a=42, v_dim=7).load()
    assert counting.values == 10
    counting.values = 0
    results["status"].load()
    assert counting.values == 0
    results["x"].isel(a=slice(0, 10)).load()
    assert counting.values == 100


def test_a_slice_opens_only_the_files_it_needs(tmp_path):
    space = ek.Space(a=range(6))
    directory = study_with(tmp_path, space, *({p: {"x": p}} for p in range(6)))
    snapshot = snapshot_of(directory)

    results_dataset(snapshot)["x"].isel(a=[2, 3]).load()
    assert len(snapshot.files._open) == 2


def test_unloaded_results_can_be_pickled(tmp_path, monkeypatch):
    space = ek.Space(a=range(3))
    directory = study_with(tmp_path, space, {p: result_at(p) for p in range(3)})
    results = results_of(directory)
    text = pickle.dumps(results)
    assert len(text) < 50_000

    monkeypatch.chdir("/")
    xr.testing.assert_identical(pickle.loads(text).load(), results.load())


def test_results_stay_readable_when_the_working_directory_changes(tmp_path, monkeypatch):
    space = ek.Space(a=range(3))
    monkeypatch.chdir(tmp_path)
    directory = study_with("study", space, {p: {"x": p} for p in range(3)})
    results = results_of(directory)
    monkeypatch.chdir("/")

    assert results["x"].values.tolist() == [0, 1, 2]


def open_shards(folder):
    return [file.path for file in psutil.Process().open_files() if file.path.startswith(str(folder))]


def test_handles_are_bounded_and_closed(tmp_path, monkeypatch):
    import gc

    from explorekit.store import files

    monkeypatch.setattr(files, "MAX_OPEN", 3)
    space = ek.Space(a=range(8))
    directory = study_with(tmp_path, space, *({p: {"x": p}} for p in range(8)))
    results = results_of(directory)
    assert results["x"].values.tolist() == list(range(8))
    assert len(open_shards(tmp_path)) == 3

    del results
    gc.collect()
    assert open_shards(tmp_path) == []


def test_a_snapshot_stays_as_it_was_while_more_arrives(tmp_path):
    space = ek.Space(a=range(3))
    directory = study_with(tmp_path, space, {0: {"x": 1}})
    catalog = Catalog(directory, space)
    catalog.refresh()
    before = results_dataset(catalog.snapshot(frozenset({VERSION})))
    generation = catalog.generation
    write_batch(directory, space, {1: {"x": 0.5, "y": 1}}, sequence=9)
    catalog.refresh()
    after = results_dataset(catalog.snapshot(frozenset({VERSION})))

    assert catalog.generation > generation
    np.testing.assert_array_equal(before["x"].values, [1, np.nan, np.nan])
    assert "y" not in before
    np.testing.assert_array_equal(after["x"].values, [1, 0.5, np.nan])


def test_asking_again_without_news_is_free(tmp_path):
    space = ek.Space(a=range(3))
    catalog = Catalog(study_with(tmp_path, space, {0: {"x": 1}}), space)
    catalog.refresh()

    assert catalog.snapshot(frozenset({VERSION})) is catalog.snapshot(frozenset({VERSION}))


# ---- damage


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, None])
def test_a_damaged_shard_leaves_its_points_pending_and_the_others_alone(tmp_path, caplog, content):
    space = ek.Space(a=range(3))
    directory = study_with(tmp_path, space, {0: {"x": 1.0}}, {1: {"x": 2.0}}, {2: {"x": 3.0}})
    victim = directory.shard_files()[1]
    victim.write_bytes(victim.read_bytes()[:3000] if content is None else content)
    with caplog.at_level(logging.WARNING):
        results = results_of(directory)

    assert results["status"].values.tolist() == [OK, PENDING, OK]
    np.testing.assert_array_equal(results["x"].values, [1.0, np.nan, 3.0])
    assert victim.name in caplog.text
    assert "count as pending" in caplog.text


@pytest.mark.parametrize("length", [1, 3000, 30_000])
def test_a_flipped_bit_in_a_result_is_an_error_that_names_the_file(tmp_path, length):
    space = ek.Space(a=range(4))
    values = np.random.default_rng(0).random((4, length))
    directory = study_with(tmp_path, space, {p: {"x": values[p]} for p in range(4)})
    (victim,) = directory.shard_files()
    results = results_of(directory)
    flip_bytes_of(victim, values[2].tobytes())

    with pytest.raises(ShardError, match="damaged") as caught:
        results["x"].load()
    assert victim.name in str(caught.value)


def test_a_flipped_bit_in_a_shard_that_is_new_to_the_reader_leaves_its_points_pending(tmp_path, caplog):
    values = np.random.default_rng(0).random(4)
    directory = study_with(
        tmp_path, ek.Space(a=range(5)), {p: {"x": values[p]} for p in range(4)}, {4: {"x": 5.0}}
    )
    victim = directory.shard_files()[0]
    flip_bytes_of(victim, values.tobytes())

    assert results_of(directory)["status"].values.tolist() == [PENDING] * 4 + [OK]
    assert victim.name in caplog.text


@pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="needs Linux to count bytes read")
@pytest.mark.parametrize("shape", [(100,), (1000,), (10_000,), (128, 128), (300_000,)])
def test_one_point_is_read_at_little_more_than_its_bytes(tmp_path, shape):
    n = max(4, 2**23 // (8 * int(np.prod(shape))))
    space, array = ek.Space(a=range(n)), np.random.default_rng(0).random(shape)
    results = results_of(study_with(tmp_path, space, {p: {"x": array + p, "n": p} for p in range(n)}))
    results["n"].isel(a=0).load()  # opens the file
    counting = -bytes_read() + bytes_read()

    before = bytes_read()
    found = results["x"].isel(a=n // 2).values
    taken = bytes_read() - before - counting
    np.testing.assert_array_equal(found, array + n // 2)
    assert taken <= max(2 * array.nbytes, 96 * 2**10)  # HDF5 reads 64 kB at least


def test_a_shard_that_vanished_is_an_error_that_names_the_file(tmp_path):
    directory = study_with(tmp_path, ek.Space(a=range(2)), {0: {"x": 1}, 1: {"x": 2}})
    results = results_of(directory)
    (victim,) = directory.shard_files()
    os.unlink(victim)

    with pytest.raises(ShardError, match=victim.name):
        results["x"].load()


def test_a_study_without_results_has_its_space_and_status(tmp_path):
    space = ek.Space(a=[1, 2], s="x").repeat(2)
    results = results_of(make_study(tmp_path, space))

    assert dict(results.sizes) == {"a": 2, "repetition": 2}
    assert results["s"].item() == "x"
    assert results["status"].values.tolist() == [[PENDING] * 2] * 2


def test_the_space_of_one_point_has_results(tmp_path):
    results = results_of(study_with(tmp_path, ek.Space(a=5), {0: {"x": 1, "v": [1, 2]}}))

    assert results["x"].item() == 1
    assert results["v"].values.tolist() == [1, 2]
