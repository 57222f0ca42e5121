"""One file with everything: what xarray, the engine and explorekit read from it is what the study holds."""

import shutil
import subprocess
import threading

import netCDF4
import numpy as np
import pytest
import xarray as xr
from batches import (
    VERSION,
    Failed,
    flip_bytes_of,
    make_study,
    snapshot_of,
    study_with,
    write_batch,
)
from drawn import spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import ShardError, StudyError
from explorekit.store.catalog import Catalog
from explorekit.store.dataset import results_dataset, runs_dataset
from explorekit.store.export import export, read_provenance
from explorekit.store.exported import exported_failures, exported_space, open_exported

ATTRS = {"title": "model", "seed": "0"}
PROVENANCE = {
    "source": "def f(): 'é'",
    "packages": {"numpy": "2"},
    "git_dirty": True,
    "git": None,
    "n": 3,
    "empty": "",
}


def exported(directory, path, **options):
    snapshot = snapshot_of(directory, **options)
    export(snapshot, path, ATTRS, PROVENANCE)
    return results_dataset(snapshot, ATTRS)


def wave(position):
    return xr.DataArray(
        np.arange(3.0) * position,
        {"t": ("t", [0.0, 0.1, 0.2], {"units": "s"})},
        "t",
        attrs={"units": "V", "long_name": "potential"},
    )


def result_at(position):
    return {
        "x": position / 3,
        "f4": np.float32(position / 3),
        "n": position - 2,
        "i1": np.int8(position - 2),
        "u8": np.uint64(position),
        "on": position % 2 == 0,
        "z": complex(position, -np.inf),
        "z4": np.complex64(complex(-0.0, position)),
        "s": "é" * (position % 4),
        "when": np.datetime64("2020-01-01T00:00:00.123456789") + position,
        "took": np.timedelta64(position, "ns"),
        "V": wave(position),
    }


SPACE = ek.Space(
    a=ek.param([0.1, 0.2], units="ms", long_name="time constant"),
    kind=["relu", "é"],
    fixed=np.float32(0.1),
    z0=1 + 2j,
)


def assert_same(found, expected):
    assert found.sizes == expected.sizes
    assert set(found.data_vars) == set(expected.data_vars)
    assert set(found.coords) == set(expected.coords)
    for name in expected.variables:
        assert found[name].dtype.kind == expected[name].dtype.kind, name
        if expected[name].dtype.kind != "U":
            assert found[name].dtype == expected[name].dtype, name
        assert found[name].dims == expected[name].dims, name
        np.testing.assert_array_equal(found[name].values, expected[name].values, err_msg=name)
        attrs = {
            k: v
            for k, v in found[name].attrs.items()
            if k not in ("coordinates", "flag_values", "flag_meanings")
        }
        known = {k: v for k, v in expected[name].attrs.items() if k not in ("flag_values", "flag_meanings")}
        assert attrs == known, name


@pytest.mark.parametrize("done", [(0, 1, 2, 3), (1, 2), ()])
def test_the_file_reads_back_as_the_study_does(tmp_path, done):
    directory = study_with(tmp_path / "study", SPACE, {p: result_at(p) for p in done} or {0: Failed("no")})
    results = exported(directory, tmp_path / "out.nc")

    with xr.open_dataset(tmp_path / "out.nc", engine="explorekit") as found:
        assert_same(found, results)
        assert found.attrs["title"] == "model"
    assert exported_space(tmp_path / "out.nc") == SPACE


@given(space=spaces(max_dims=2, max_size=3), data=st.data())
def test_any_space_and_any_part_of_it_read_back(fresh, tmp_path_factory, space, data):
    directory = fresh(space)
    done = data.draw(st.lists(st.integers(0, len(space) - 1), max_size=8, unique=True))
    if done:
        write_batch(
            directory, space, {p: {name: result_at(p)[name] for name in ("x", "n", "s", "z")} for p in done}
        )
    path = tmp_path_factory.mktemp("out") / "out.nc"
    results = exported(directory, path)

    found = open_exported(path)
    assert_same(found, results)
    found.close()
    assert exported_space(path) == space


def test_plain_xarray_reads_the_same_numbers(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {p: result_at(p) for p in (0, 1, 2, 3)})
    results = exported(directory, tmp_path / "out.nc")

    with xr.open_dataset(tmp_path / "out.nc", engine="netcdf4") as found:
        for name in ("x", "f4", "n", "i1", "u8", "on", "when", "took", "V", "status"):
            assert found[name].dtype == results[name].dtype, name
            np.testing.assert_array_equal(found[name].values, results[name].values, err_msg=name)
        assert found["s"].values.astype(str).tolist() == results["s"].values.tolist()
        np.testing.assert_array_equal(found["z_real"].values, results["z"].values.real)
        np.testing.assert_array_equal(found["z_imag"].values, results["z"].values.imag)
        assert found["V"].attrs["units"] == "V"
        assert found["a"].attrs == {"units": "ms", "long_name": "time constant"}
        assert "fixed" in found.coords
        assert (
            found["V"].sel(a=0.2, kind="é", t=0.1).item() == results["V"].sel(a=0.2, kind="é", t=0.1).item()
        )


def test_plain_xarray_reads_all_groups(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0), 1: Failed("é")})
    exported(directory, tmp_path / "out.nc")

    with xr.open_datatree(tmp_path / "out.nc", engine="netcdf4") as tree:
        assert set(tree.children) == {"runs", "failures", "provenance"}
        assert tree["runs"]["duration"].dims == ("a", "kind")
        assert tree["provenance"].attrs["source"] == "def f(): 'é'"


@pytest.mark.skipif(shutil.which("ncdump") is None, reason="ncdump is not installed")
def test_ncdump_reads_it(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    exported(directory, tmp_path / "out.nc")

    text = subprocess.run(
        ["ncdump", str(tmp_path / "out.nc")], capture_output=True, text=True, check=True
    ).stdout
    assert 'x:ancillary_variables = "status"' in text


def test_missing_integers_and_bools_are_masked_in_the_file_and_keep_their_type(tmp_path):
    space = ek.Space(a=range(3))
    batch = {
        0: {
            "n": 2**53 + 1,
            "i1": np.int8(-128),
            "u1": np.uint8(0),
            "on": False,
            "when": np.datetime64(5, "ns"),
        },
        2: {"n": -1, "i1": np.int8(126), "u1": np.uint8(255), "on": True, "when": np.datetime64(6, "ns")},
    }
    directory = study_with(tmp_path / "study", space, batch)
    exported_results = snapshot_of(directory)
    export(exported_results, tmp_path / "out.nc", ATTRS, {})

    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        dtypes = {name: file[name].dtype.str[1:] for name in batch[0]}
        assert dtypes == {"n": "i8", "i1": "i1", "u1": "i2", "on": "i1", "when": "i8"}
        for name in batch[0]:
            values = file[name][:]
            assert np.ma.getmaskarray(values).tolist() == [False, True, False]
            assert values[[0, 2]].tolist() == [
                int(np.int64(batch[p][name].view("i8") if name == "when" else batch[p][name])) for p in (0, 2)
            ]
        assert file["on"].flag_meanings == "false true"


def test_a_whole_bool_is_a_bool_for_xarray(tmp_path):
    directory = study_with(tmp_path / "study", ek.Space(a=range(2)), {0: {"on": True}, 1: {"on": False}})
    exported(directory, tmp_path / "out.nc")

    with xr.open_dataset(tmp_path / "out.nc", engine="netcdf4") as found:
        assert found["on"].dtype == bool


def test_integers_that_float64_cannot_hold_say_so_in_the_file_too(tmp_path):
    directory = study_with(tmp_path / "study", ek.Space(a=range(2)), {0: {"n": 2**53 + 1, "on": True}})
    export(snapshot_of(directory), tmp_path / "out.nc", ATTRS, {})

    with (
        xr.open_dataset(tmp_path / "out.nc", engine="explorekit") as found,
        pytest.raises(StudyError, match="fill="),
    ):
        found["n"].load()
    with xr.open_dataset(tmp_path / "out.nc", engine="explorekit", fill={"n": -1, "on": False}) as found:
        assert found["n"].dtype == np.int64
        assert found["n"].values.tolist() == [2**53 + 1, -1]
        assert found["on"].values.tolist() == [True, False]
        assert found["n"].isel(a=0).item() == 2**53 + 1
    for fill, named in (({"m": 1}, "fill for 'm'"), ({"status_": 1}, "fill for 'status_'")):
        with pytest.raises(StudyError, match=named):
            xr.open_dataset(tmp_path / "out.nc", engine="explorekit", fill=fill)


def test_uneven_lengths_and_varying_coordinates_read_back(tmp_path):
    space = ek.Space(a=range(3))
    batch = {0: {"v": [1, 2], "V": wave(0)}, 1: {"v": [3], "V": wave(1).assign_coords(t=[1.0, 2.0, 3.0])}}
    directory = study_with(tmp_path / "study", space, batch)
    results = exported(directory, tmp_path / "out.nc")

    found = open_exported(tmp_path / "out.nc")
    assert_same(found, results)
    assert "t_values" in found.coords
    found.close()


def test_the_record_and_the_failures_read_back(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0), 2: Failed("é went wrong")})
    snapshot = snapshot_of(directory)
    export(snapshot, tmp_path / "out.nc", ATTRS, PROVENANCE)

    with xr.open_dataset(tmp_path / "out.nc", engine="explorekit", group="runs") as found:
        assert_same(found, runs_dataset(snapshot))
    frame = exported_failures(tmp_path / "out.nc")
    assert frame[["a", "kind", "error", "message", "traceback", "status"]].values.tolist() == [
        [0.2, "relu", "Failed", "é went wrong", "Traceback", "failed"]
    ]


def test_explorekit_opens_the_file_and_the_directory_alike(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0), 2: Failed("no")})
    exported(directory, tmp_path / "out.nc")
    folder, file = ek.open(tmp_path / "study"), ek.open(tmp_path / "out.nc")

    assert file.space == folder.space == SPACE
    assert file.name == folder.name == "model"
    with file.results as found:
        assert_same(found, folder.results)
    with file.runs as found:
        assert_same(found, folder.runs.drop_vars("seed_key"))
    assert file.failures.equals(folder.failures)
    assert file.provenance == PROVENANCE


def test_provenance_reads_back(tmp_path):
    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    exported(directory, tmp_path / "out.nc")

    assert read_provenance(tmp_path / "out.nc") == PROVENANCE


# ---- whole or absent


def test_a_file_that_is_there_is_replaced_once_the_new_one_is_whole(tmp_path):
    directory = study_with(
        tmp_path / "study", ek.Space(a=range(2)), {0: {"x": 1.5, "y": 1.5}, 1: {"x": 2.5, "y": 2.5}}
    )
    snapshot = snapshot_of(directory)
    (tmp_path / "out.nc").write_text("old")
    (shard,) = directory.shard_files()
    with netCDF4.Dataset(shard) as file:
        pattern = file["y"][:].data.tobytes()
        same = file["x"][:].data.tobytes() == pattern
    assert same
    snapshot = snapshot_of(directory)  # of a file that is damaged later
    content = bytearray(shard.read_bytes())
    content[content.rindex(pattern)] ^= 1
    shard.write_bytes(content)

    with pytest.raises(StudyError):
        export(snapshot, tmp_path / "out.nc", ATTRS, PROVENANCE)
    assert (tmp_path / "out.nc").read_text() == "old"
    assert {entry.name for entry in tmp_path.iterdir()} == {"study", "out.nc"}


def test_a_damaged_shard_is_named_by_an_export(tmp_path):
    values = np.random.default_rng(1).random(4)
    directory = study_with(tmp_path / "study", ek.Space(a=range(4)), {p: {"x": values[p]} for p in range(4)})
    snapshot = snapshot_of(directory)
    (shard,) = directory.shard_files()
    flip_bytes_of(shard, values.tobytes())

    with pytest.raises(ShardError, match=shard.name):
        export(snapshot, tmp_path / "out.nc", ATTRS, {})
    assert {entry.name for entry in tmp_path.iterdir()} == {"study"}


def test_places_that_cannot_be_written_say_so(tmp_path):
    directory = study_with(tmp_path / "study", ek.Space(a=range(2)), {0: {"x": 1}})
    (tmp_path / "folder").mkdir()

    for target in (tmp_path / "folder", tmp_path / "nowhere" / "out.nc"):
        with pytest.raises(StudyError, match="cannot write"):
            exported(directory, target)
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.fixture
def disk(mounted):
    return mounted("size=1m")


def test_a_full_disk_says_so_and_keeps_the_old_file(tmp_path, disk):
    space = ek.Space(a=range(20))
    noise = np.random.default_rng(0).random((20, 20_000))
    directory = study_with(tmp_path / "study", space, {p: {"v": noise[p]} for p in range(20)})
    (disk / "out.nc").write_text("old")

    with pytest.raises(StudyError, match=r"disk is full|disk full"):
        exported(directory, disk / "out.nc")
    assert (disk / "out.nc").read_text() == "old"
    assert [entry.name for entry in disk.iterdir()] == ["out.nc"]


def test_a_read_only_place_says_so(tmp_path, disk):
    directory = study_with(tmp_path / "study", ek.Space(a=range(2)), {0: {"x": 1}})
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    with pytest.raises(StudyError, match="cannot write"):
        exported(directory, disk / "out.nc")


# ---- the engine of xarray


def test_the_engine_opens_a_directory(tmp_path):
    directory = study_with(tmp_path, SPACE, {p: result_at(p) for p in (0, 3)})
    snapshot = snapshot_of(directory)

    with xr.open_dataset(tmp_path, engine="explorekit") as found:
        assert_same(found, results_dataset(snapshot))
        assert found.attrs["title"] == "model"
    with xr.open_dataset(tmp_path, engine="explorekit", group="runs") as found:
        assert_same(found, runs_dataset(snapshot))
    with xr.open_dataset(tmp_path, engine="explorekit", fill={"n": -9}) as found:
        assert found["n"].dtype == np.int64
        assert found["n"].values.ravel().tolist() == [-2, -9, -9, 1]
    with xr.open_dataset(tmp_path, engine="explorekit", drop_variables=["x", "unknown"]) as found:
        assert "x" not in found
        assert "n" in found


def test_the_engine_is_found_without_its_name(tmp_path):
    study_with(tmp_path, SPACE, {0: result_at(0)})

    with xr.open_dataset(tmp_path) as found:
        assert found["x"].dims == ("a", "kind")


def test_closing_a_dataset_closes_its_files(tmp_path):
    import psutil

    study_with(tmp_path, SPACE, {0: result_at(0)})
    dataset = xr.open_dataset(tmp_path, engine="explorekit")
    dataset["x"].load()
    dataset.close()

    assert not [file for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))]


def test_what_the_engine_cannot_open_is_named(tmp_path):
    study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    xr.Dataset({"x": 1}).to_netcdf(tmp_path / "other.nc", engine="netcdf4")
    (tmp_path / "text.nc").write_text("text")
    (tmp_path / "folder").mkdir()

    for name, options, named in (
        ("study", {"group": "provenances"}, "expected 'runs'"),
        ("other.nc", {}, "was not exported from a study"),
        ("text.nc", {}, "cannot open"),
        ("nothing.nc", {}, "cannot open"),
        ("folder", {}, "holds no study"),
    ):
        with pytest.raises(StudyError, match=named):
            xr.open_dataset(tmp_path / name, engine="explorekit", **options)


def test_opening_never_unpickles(tmp_path, monkeypatch):
    import pickle

    directory = study_with(tmp_path / "study", SPACE, {0: result_at(0)})
    exported(directory, tmp_path / "out.nc")

    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was read")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    for path in (tmp_path / "study", tmp_path / "out.nc"):
        for group in (None, "runs"):
            with xr.open_dataset(path, engine="explorekit", group=group) as found:
                found.load()


def test_threads_may_read_write_and_export_at_once(tmp_path):
    space = ek.Space(a=range(40))
    directory = make_study(tmp_path / "study", space)
    write_batch(directory, space, {0: {"v": np.arange(500.0), "n": 0}})
    catalog = Catalog(directory, space)
    errors = []

    def careful(work):
        try:
            for turn in range(8):
                work(turn)
        except Exception as error:
            errors.append(error)

    def read(turn):
        catalog.refresh()
        results_dataset(catalog.snapshot(frozenset({VERSION})))["v"].sum().load()

    works = [
        read,
        read,
        lambda turn: write_batch(
            directory, space, {turn + 1: {"v": np.arange(500.0), "n": turn}}, sequence=turn + 1
        ),
        lambda turn: exported(directory, tmp_path / f"{turn}.nc"),
    ]
    threads = [threading.Thread(target=careful, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not errors
    assert not any(thread.is_alive() for thread in threads)
    assert results_dataset(snapshot_of(directory))["n"].count() == 9
    catalog.close()


def test_labels_have_no_fill_value_as_none_of_them_may_be_missing(tmp_path):
    study = ek.Study(
        lambda a, t, z: a,
        ek.Space(a=[0.5, 1.5], t=np.array(["2020-01-01"], "M8[ns]"), z=1 + 2j),
        tmp_path / "study",
    )
    file = study.to_netcdf(tmp_path / "x.nc")
    with netCDF4.Dataset(file) as dataset:
        for name in ("a", "t", "z_real", "z_imag"):
            assert "_FillValue" not in dataset[name].ncattrs()
    assert ek.open(file).space == study.space


def test_outputs_are_compressed_and_chunked_as_asked_for(tmp_path):
    space = ek.Space(a=range(4), b=range(3))
    batch = {p: {"V": np.arange(50.0) + p, "n": p, "s": "é" * p, "z": 1j * p} for p in range(11)}
    directory = study_with(tmp_path / "study", space, batch)
    plain = exported(directory, tmp_path / "plain.nc")
    encoding = {
        "V": {"compression": "zlib", "complevel": 1, "chunksizes": (2, 1, 10)},
        "n": {"zlib": True},
        "s": {"compression": "zstd", "chunksizes": [1, 300]},
        "z": {"contiguous": True},
    }
    export(snapshot_of(directory), tmp_path / "out.nc", ATTRS, {}, encoding)

    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        assert file["V"].chunking() == [2, 1, 10]
        assert file["V"].filters()["zlib"]
        assert file["n"].filters()["zlib"]
        assert file["s"].chunking()[:2] == [1, 3]
        assert file["s"].filters()["zstd"]
        assert file["z_real"].chunking() == "contiguous"
    with open_exported(tmp_path / "out.nc") as found:
        assert_same(found, plain)
    for wrong, named in (
        ({"v": {}}, "got an encoding for 'v'; the outputs are 'V'"),
        ({"V": {"chunksizes": (1,)}}, "give one length for each"),
        ({"V": {"zip": True}}, "got 'zip'"),
    ):
        with pytest.raises(StudyError, match=named):
            export(snapshot_of(directory), tmp_path / "out.nc", ATTRS, {}, wrong)


@pytest.mark.parametrize("block", [1, 100, 2000])
def test_what_is_larger_than_memory_is_exported_piece_by_piece(tmp_path, monkeypatch, block):
    directory = study_with(tmp_path / "study", SPACE, {p: result_at(p) for p in (0, 1, 3)})
    monkeypatch.setattr("explorekit.store.export._BLOCK_BYTES", block)
    results = exported(directory, tmp_path / "out.nc")

    with open_exported(tmp_path / "out.nc") as found:
        assert_same(found, results)


def test_every_type_of_an_exported_file_is_read_when_it_is_used(tmp_path):
    n = 200
    texts = np.array(["é" * (p % 40) for p in range(n)])
    batch = {
        p: {"z": np.full(100, p + 1j), "s": str(texts[p]), "n": p, "t": np.array(["ab", "c"])}
        for p in range(n - 1)
    }
    directory = study_with(tmp_path / "study", ek.Space(a=range(n)), batch)
    exported(directory, tmp_path / "out.nc")

    with open_exported(tmp_path / "out.nc") as found:
        for name in ("z", "s", "n", "t"):
            assert found[name].isel(a=5).values.tolist() == np.asarray(batch[5][name]).tolist()
            assert found[name].isel(a=[7, 3]).shape[0] == 2
            assert not isinstance(found[name].variable._data, np.ndarray)
        assert found["s"].dtype.kind == found["t"].dtype.kind == "U"
        assert found["z"].dtype == np.complex128
