"""One file with everything: what xarray, the engine and explorekit read from it is what the study holds."""

import shutil
import subprocess
import threading

import netCDF4
import numpy as np
import pytest
import xarray as xr
from batches import VERSION, Failed, make_study, results_of, snapshot_of, study_with, write_batch
from drawn import spaces
from hypothesis import given
from hypothesis import strategies as st
from store.samples import ATTRS, PROVENANCE, SPACE, assert_same, exported, result_at, wave

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store.catalog import Catalog
from explorekit.store.dataset import results_dataset, runs_dataset
from explorekit.store.export import export, read_provenance
from explorekit.store.exported import exported_failures, exported_space, open_exported


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


def test_coordinates_of_outputs_are_compressed_and_chunked_as_asked_for(tmp_path):
    space = ek.Space(a=range(4))
    batch = {
        p: xr.Dataset({"V": ("t", np.arange(5.0))}, {"t": np.arange(5.0) + p, "u": ("t", np.arange(5.0))})
        for p in range(4)
    }
    directory = study_with(tmp_path / "study", space, batch)
    encoding = {"t": {"chunksizes": (2, 5)}, "u": {"zlib": True, "chunksizes": (3,)}}
    export(snapshot_of(directory), tmp_path / "out.nc", ATTRS, {}, encoding)

    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        assert file["t_values"].chunking() == [2, 5]
        assert file["u"].chunking() == [3]
        assert file["u"].filters()["zlib"]
    with pytest.raises(StudyError, match=r"for 'u' with dimensions \('t',\)"):
        export(snapshot_of(directory), tmp_path / "out.nc", ATTRS, {}, {"u": {"chunksizes": (2, 5)}})


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
        thread.join()

    assert not errors
    assert results_of(directory)["n"].count() == 9
    catalog.close()
