"""A damaged shard costs its own points alone, and is never read as numbers."""

import os

import numpy as np
import pytest
import xarray as xr
from batches import Failed, flip_bytes_of, results_of, study_with

import explorekit as ek
from explorekit.errors import ShardError, StudyError
from explorekit.store import durable
from explorekit.store.status import OK, PENDING


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, None])
def test_a_damaged_shard_leaves_its_points_pending_and_the_others_alone(tmp_path, caplog, content):
    space = ek.Space(a=range(3))
    directory = study_with(tmp_path, space, {0: {"x": 1.0}}, {1: {"x": 2.0}}, {2: {"x": 3.0}})
    victim = directory.shard_files()[1]
    victim.write_bytes(victim.read_bytes()[:3000] if content is None else content)
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


@pytest.mark.parametrize("attrs", [{}, {"history": "long " * 60_000}])
def test_a_flipped_bit_in_a_shard_of_little_data_is_an_error_however_long_its_texts_are(tmp_path, attrs):
    values = np.random.default_rng(0).random((64, 5))
    batch = {p: {"x": xr.DataArray(values[p], dims="t", attrs=attrs)} for p in range(64)}
    if not attrs:
        batch |= {p: Failed("é" * 4000 if p == 9 else "no") for p in range(50)}
    directory = study_with(tmp_path, ek.Space(a=range(64)), batch)
    (victim,) = directory.shard_files()
    assert victim.stat().st_size > durable.SMALL_BYTES
    results = results_of(directory)
    flip_bytes_of(victim, values[60].tobytes())

    with pytest.raises(ShardError, match="damaged"):
        results["x"].load()


def test_a_good_copy_that_is_put_back_is_read(tmp_path):
    values = np.random.default_rng(0).random((4, 30_000))
    directory = study_with(tmp_path / "study", ek.Space(a=range(4)), {p: {"x": values[p]} for p in range(4)})
    (victim,) = directory.shard_files()
    (tmp_path / "copy").write_bytes(victim.read_bytes())
    results = results_of(directory)
    flip_bytes_of(victim, values[2].tobytes())
    with pytest.raises(ShardError):
        results["x"].load()
    (tmp_path / "copy").replace(victim)

    np.testing.assert_array_equal(results["x"], values)


def test_a_flipped_bit_in_a_fixed_value_is_an_error(tmp_path):
    value = np.random.default_rng(0).random()
    directory = study_with(
        tmp_path / "study", ek.Space(a=range(4), b=value), {p: {"x": 1.0} for p in range(4)}
    )
    ek.open(directory.path).to_netcdf(tmp_path / "out.nc")
    (space,) = (directory.path / "spaces").iterdir()
    for file in (space, tmp_path / "out.nc"):
        content = file.read_bytes()
        file.write_bytes(content.replace(np.float64(value).tobytes(), np.float64(value + 1).tobytes()))
        assert file.read_bytes() != content

    for path in (directory.path, tmp_path / "out.nc"):
        with pytest.raises(StudyError, match="checksum"):
            ek.open(path)


def test_a_flipped_bit_in_a_shard_that_is_new_to_the_reader_leaves_its_points_pending(tmp_path, caplog):
    values = np.random.default_rng(0).random(4)
    directory = study_with(
        tmp_path, ek.Space(a=range(5)), {p: {"x": values[p]} for p in range(4)}, {4: {"x": 5.0}}
    )
    victim = directory.shard_files()[0]
    flip_bytes_of(victim, values.tobytes())

    assert results_of(directory)["status"].values.tolist() == [PENDING] * 4 + [OK]
    assert victim.name in caplog.text


def test_a_shard_that_vanished_is_an_error_that_names_the_file(tmp_path):
    directory = study_with(tmp_path, ek.Space(a=range(2)), {0: {"x": 1}, 1: {"x": 2}})
    results = results_of(directory)
    (victim,) = directory.shard_files()
    os.unlink(victim)

    with pytest.raises(ShardError, match=victim.name):
        results["x"].load()
