"""Arrays of every dtype go into netCDF and come back bit for bit; a flipped bit is an error."""

import os
import threading
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from batches import flip_bytes_of
from drawn import DTYPES, array_of, bits, elements
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from explorekit.errors import StudyError
from explorekit.store.hdf5 import create_file, open_file
from explorekit.store.netcdf import Draft, define, encoded_width, fetch

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@st.composite
def arrays(draw):
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.just(()) | shapes)
    if dtype != "U":
        # Drawn as bytes, so that every NaN there is is among them.
        itemsize = np.dtype(dtype).itemsize
        if dtype == "bool":
            return draw(hnp.arrays(bool, shape))
        raw = draw(
            st.binary(min_size=itemsize * int(np.prod(shape)), max_size=itemsize * int(np.prod(shape)))
        )
        return np.frombuffer(raw, dtype).reshape(shape)
    size = int(np.prod(shape))
    return array_of("U", draw(st.lists(elements("U"), min_size=size, max_size=size))).reshape(shape)


def write(path, values, **options):
    with create_file(path) as file:
        dims = [f"d{axis}" for axis in range(values.ndim)]
        for dim, size in zip(dims, values.shape, strict=True):
            file.createDimension(dim, size)
        define(file, "x", dims, values.dtype, {"units": "m"}, **options).put(..., values)


def draft(path, values, layout):
    with create_file(path) as file:
        dims = [f"d{axis}" for axis in range(values.ndim)]
        for dim, size in zip(dims, values.shape, strict=True):
            file.createDimension(dim, size)
        draft = Draft(layout)
        draft.add(file, "x", dims, values, {"units": "m"})
        draft.write()


LAYOUTS = ["chunked", "shard", "bare"]


@given(values=arrays(), layout=st.sampled_from([None, *LAYOUTS]))
def test_arrays_of_every_type_come_back_bit_for_bit(tmp_path_factory, values, layout):
    path = tmp_path_factory.mktemp("netcdf") / "x.nc"
    if layout:
        draft(path, values, layout)
    else:
        write(path, values)
    with netCDF4.Dataset(path) as file:
        again = fetch(file, "x", values.dtype)

    if values.dtype.kind == "U":
        assert again.shape == values.shape
        assert again.tolist() == values.tolist()
    else:
        assert bits(again) == bits(values)


@given(values=arrays().filter(lambda v: v.dtype.kind != "c" and v.size))
def test_plain_xarray_reads_the_same_values(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("netcdf") / "x.nc"
    write(path, values)
    with xr.open_dataset(path, engine="netcdf4") as dataset:
        again = dataset["x"]
        if values.dtype.kind == "U":
            assert again.values.astype(str).tolist() == values.tolist()
        else:
            assert again.dtype == values.dtype
            np.testing.assert_array_equal(again.values, values)
        assert values.dtype.kind == "M" or again.attrs == {"units": "m"}


def test_part_of_an_array_is_read_and_written():
    with netCDF4.Dataset("memory.nc", "w", diskless=True) as file:
        file.createDimension("n", 4)
        variable = define(file, "s", ["n"], "<U3", {}, width=6)
        variable.put(slice(0, 2), np.array(["é", "ab"]))
        variable.put(slice(2, 4), np.array(["", "xyz"]))

        assert fetch(file, "s", "U").tolist() == ["é", "ab", "", "xyz"]
        assert fetch(file, "s", "U", slice(1, 3)).tolist() == ["ab", ""]


def test_widths_of_text_count_bytes():
    assert encoded_width(np.array(["", "é", "漢字"])) == 6
    assert encoded_width(np.array([], "U3")) == 1
    assert encoded_width(np.array("")) == 1


@pytest.mark.parametrize("layout", ["chunked", "shard"])
@pytest.mark.parametrize("dtype", ["f8", "i2", "bool", "c16", "U", "M8[ns]"])
def test_a_flipped_bit_is_an_error_when_it_is_read(tmp_path, dtype, layout):
    rng = np.random.default_rng(3)
    if dtype == "U":
        values = np.array(["one text", "another text", "a third text, the longest"])
        pattern = b"another text"
    else:
        values = rng.integers(0, 2, 64).astype(dtype) if dtype == "bool" else rng.bytes(512)
        values = values if dtype == "bool" else np.frombuffer(values, dtype)
        pattern = (values.real if dtype == "c16" else values).tobytes()[16:48]
    draft(tmp_path / "x.nc", values, layout)
    flip_bytes_of(tmp_path / "x.nc", pattern)

    with netCDF4.Dataset(tmp_path / "x.nc") as file:
        for key in (..., slice(0, 2), np.array([0])):
            with pytest.raises(RuntimeError):
                fetch(file, "x", values.dtype, key)


@given(data=st.data())
def test_any_part_of_an_array_under_our_checksums_is_read_as_it_was(tmp_path_factory, data):
    rows, width = data.draw(st.integers(1, 40)), data.draw(st.sampled_from([1, 100, 700, 3000]))
    values = np.random.default_rng(0).random((rows, width))
    path = tmp_path_factory.mktemp("netcdf") / "x.nc"
    draft(path, values, "shard")
    low, high = sorted(data.draw(st.lists(st.integers(0, rows), min_size=2, max_size=2)))
    inner = slice(*sorted(data.draw(st.lists(st.integers(0, width), min_size=2, max_size=2))))

    with netCDF4.Dataset(path) as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorekit.store.netcdf._READ_BYTES", data.draw(st.sampled_from([1, 2**16, 2**22])))
        assert not file["x"].filters()["fletcher32"]
        for key in ((slice(low, high), inner), slice(low, high), ..., (slice(low, high),), (low - 1, inner)):
            np.testing.assert_array_equal(fetch(file, "x", "f8", key), values[key])


def test_damage_elsewhere_does_not_keep_a_row_from_being_read(tmp_path):
    values = np.random.default_rng(0).random((100, 1000))
    draft(tmp_path / "x.nc", values, "shard")
    flip_bytes_of(tmp_path / "x.nc", values[50].tobytes())

    with netCDF4.Dataset(tmp_path / "x.nc") as file:
        np.testing.assert_array_equal(fetch(file, "x", "f8", (slice(49, 50), slice(None))), values[49:50])
        with pytest.raises(RuntimeError, match="checksum"):
            fetch(file, "x", "f8", (slice(49, 51), slice(0, 1)))


@pytest.mark.parametrize(
    ("dtype", "extent", "stored"),
    [
        ("i4", (-5, 5), "i4"),
        ("u1", (0, 254), "u1"),
        ("u1", (1, 255), "u1"),
        ("u1", (0, 255), "i2"),
        ("i1", (-128, 127), "i2"),
        ("u4", (0, 2**32 - 1), "i8"),
        ("i8", (-(2**63), 0), "i8"),
        ("u8", (1, 2**64 - 1), "u8"),
    ],
)
def test_the_fill_value_lies_outside_the_data(dtype, extent, stored):
    with netCDF4.Dataset("memory.nc", "w", diskless=True) as file:
        variable = define(file, "n", [], dtype, {}, extent=extent)

        assert file["n"].dtype == np.dtype(stored)
        assert not extent[0] <= int(variable.fill) <= extent[1]


@pytest.mark.parametrize(("dtype", "extent"), [("i8", (-(2**63), 2**63 - 1)), ("u8", (0, 2**64 - 1))])
def test_no_fill_value_is_left_beside_all_integers(dtype, extent):
    with (
        netCDF4.Dataset("memory.nc", "w", diskless=True) as file,
        pytest.raises(StudyError, match="complete the study"),
    ):
        define(file, "n", [], dtype, {}, extent=extent)


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((1000,), [1000]),
        ((100_000,), [25_000]),
        ((1000, 1000), [33, 1000]),
        ((1000, 10_000), [1, 10_000]),  # the row is long enough for a chunk of its own
        ((1000, 40_000), [1, 20_000]),  # and here for two, of the same size
        ((50, 128, 128), [1, 128, 128]),
        ((50, 1024, 1024), [1, 32, 1024]),
        ((50, 64, 64), [1, 64, 64]),
        ((7, 3, 2), [7, 3, 2]),
    ],
)
def test_one_point_lies_in_few_chunks(tmp_path, shape, chunks):
    with create_file(tmp_path / "x.nc") as file:
        dims = ["point", "y", "x"][: len(shape)]
        for dim, size in zip(dims, shape, strict=True):
            file.createDimension(dim, size)
        define(file, "v", dims, "f8", {})

        assert file["v"].chunking() == chunks
        assert file["v"].filters()["fletcher32"]


def test_open_files_hold_little_of_what_was_read(tmp_path):
    before = netCDF4.get_chunk_cache()
    draft(tmp_path / "x.nc", np.zeros((8, 100_000)), "chunked")
    with open_file(tmp_path / "x.nc") as file:
        assert file["x"].get_var_chunk_cache()[0] <= 4 * 2**20
    assert netCDF4.get_chunk_cache() == before


def test_a_file_is_never_overwritten(tmp_path):
    (tmp_path / "x.nc").write_text("mine")

    with pytest.raises(OSError, match="exists"), create_file(tmp_path / "x.nc"):
        pass
    assert (tmp_path / "x.nc").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finding the copy needs Linux")
def test_a_file_is_open_to_readers_though_a_process_was_being_started_as_it_was_written(tmp_path):
    path = tmp_path / "x.nc"
    with create_file(path) as file:
        file.createDimension("d", 1)
        opened = [fd for fd in Path("/proc/self/fd").iterdir() if fd.exists() and fd.resolve() == path]
        copies = [os.dup(int(fd.name)) for fd in opened]  # as a process has them before its own program runs
        assert copies
        for copy in copies:
            threading.Timer(0.1, os.close, [copy]).start()
    with open_file(path) as file:
        assert "d" in file.dimensions
