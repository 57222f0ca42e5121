"""Studies of array-valued parameters: they run, resume, grow, are exported, merged, forked and reproduced."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.errors import SpaceError, SpaceMismatchError
from explorekit.store.hdf5 import open_file

STATES = np.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0], [-1.0, 0.5, 0.25]])
ZERO = np.zeros(3)
COMPONENTS = ["V", "n", "h"]


def states(values=STATES, **coords):
    coords = {"component": COMPONENTS, **coords}
    return xr.DataArray(values, dims=("y0", "component"), coords=coords, attrs={"units": "mV"})


def ended(y0, gain=1.0, weights=None, rng=None):
    try:
        y0[0] = 9.0
    except ValueError:  # read-only
        end = y0 * gain if weights is None else weights @ y0 * gain
        return {
            "end": xr.DataArray(end, dims="component"),
            "total": float(y0.sum() * gain),
            "noise": rng.random(),
        }
    raise AssertionError


def summed(y0, weights, gain):
    assert y0.shape == (len(gain), 3)
    assert weights.shape == (len(gain), 3, 3)
    return {"total": np.einsum("nij,nj->n", weights, y0) * gain}


def test_arrays_run_grow_resume_and_are_reproduced(tmp_path: Path) -> None:
    space = ek.Space(y0=states(), gain=[0.5, 1.0], weights=ek.param(np.eye(3), fixed=True))
    study = ek.Study(ended, space, tmp_path / "study")
    study.run()
    expected = STATES.sum(axis=1)[:, np.newaxis] * [0.5, 1.0]
    np.testing.assert_array_equal(study.results["total"], expected)
    assert study.results["y0_values"].dims == ("y0", "component")
    assert study.results["end"].sel(y0=1, gain=0.5, component="n") == 1.0
    noise = study.results["noise"].load()

    again = ek.Study(ended, path=tmp_path / "study")
    assert again.space == space
    assert again.space.coords.to_dataset().identical(space.coords.to_dataset())
    ek.Study(
        ended,
        ek.Space(y0=STATES[::-1], gain=[1.0, 0.5], weights=ek.param(np.eye(3), fixed=True)),
        tmp_path / "study",
    )
    with pytest.raises(SpaceMismatchError, match=r"it has y0=\[-1, 0.5, 0.25\] too"):
        ek.Study(
            ended,
            ek.Space(y0=STATES[:2], gain=[1.0, 0.5], weights=ek.param(np.eye(3), fixed=True)),
            tmp_path / "study",
        )

    more = np.concatenate([STATES[[2, 0]], STATES[:1] + 1])
    assert again.extend(y0=more).space.sizes == {"y0": 4, "gain": 2}
    assert again.run().progress.ok == 8
    np.testing.assert_array_equal(again.results["noise"][:3], noise)
    assert again.results["total"].sel(y0=3, gain=1.0) == (STATES[0] + 1).sum()
    assert again.reproduce(y0=STATES[1], gain=0.5)
    assert again.reproduce(y0=3, gain=1.0)
    with pytest.raises(SpaceError, match="no such array"):
        again.reproduce(y0=STATES[1] + 1, gain=0.5)

    again.discard({"y0": STATES[1]}, confirm="ended")
    assert again.results["status"].values.tolist() == [[1, 1], [0, 0], [1, 1], [1, 1]]
    again.run(where={"y0": 1})
    np.testing.assert_array_equal(again.results["noise"][:3], noise)
    again.compact()
    np.testing.assert_array_equal(again.results["noise"][:3], noise)
    assert again.check().ok if hasattr(again.check(), "ok") else again.check()

    again.to_netcdf(tmp_path / "study.nc")
    exported = ek.open(tmp_path / "study.nc")
    assert exported.space == again.space
    xr.testing.assert_identical(exported.results["end"].load(), again.results["end"].load())
    plain = xr.open_dataset(tmp_path / "study.nc")
    assert {"y0", "y0_values", "weights_values"} <= plain.coords.keys()
    np.testing.assert_array_equal(plain["y0_values"], np.concatenate([STATES, STATES[:1] + 1]))
    plain.close()
    explorer = again.explore()
    explorer.close()


def test_shards_have_digests_and_the_coordinate_set_each_array_once(tmp_path: Path) -> None:
    large = np.random.default_rng(0).random((3, 5000))
    study = ek.Study(lambda y0, gain: y0[0] * gain, ek.Space(y0=large, gain=[1.0, 2.0]), tmp_path / "study")
    study.run()
    shards = list((tmp_path / "study" / "runs").glob("*.nc"))
    assert all(shard.stat().st_size < large[0].nbytes for shard in shards)
    (spaces,) = (tmp_path / "study" / "spaces").iterdir()
    with open_file(spaces) as file:
        assert file["y0-arrays"]["array-values"].shape == (3, 5000)


def test_points_of_several_spaces_of_which_some_have_no_array(tmp_path: Path) -> None:
    labelled = states(y0=["rest", "spike", "down"])
    space = ek.Space(y0=labelled) + ek.Space(gain=[2.0, 3.0]) + ek.Space(y0=labelled[[1]], gain=2.0)

    def total(y0=ZERO, gain=1.0):
        return y0.sum() * gain

    study = ek.Study(total, space, tmp_path / "study")
    study.run()
    expected = [*STATES.sum(axis=1), 0.0, 0.0, STATES[1].sum() * 2]
    np.testing.assert_array_equal(study.results["total"], expected)
    assert study.results["y0"].values.tolist() == ["rest", "spike", "down", "", "", "spike"]
    study.to_netcdf(tmp_path / "study.nc")
    exported = ek.open(tmp_path / "study.nc")
    assert exported.space == space
    assert exported.space.coords.to_dataset().identical(study.space.coords.to_dataset())
    # The array is the default, at which a point has the random numbers that it has without the parameter.
    assert study.space.sel(y0="spike", gain=2.0).labels(0)


def test_a_further_array_has_its_default_at_the_points_that_are_there(tmp_path: Path) -> None:
    def total(gain, y0=STATES[0]):
        return y0.sum() * gain

    study = ek.Study(total, ek.Space(gain=[1.0, 2.0]), tmp_path / "study")
    study.run()
    study.extend(y0=STATES[:2])
    assert study.results["status"].values.tolist() == [[1, 0], [1, 0]]
    with pytest.raises(SpaceError, match="does not contain"):
        ek.Study(total, ek.Space(gain=[1.0]), tmp_path / "other").extend(y0=STATES[1:])


def test_studies_are_merged_and_forked_by_the_values_of_their_arrays(tmp_path: Path) -> None:
    for name, part in (("a", [0, 1]), ("b", [2, 1])):
        ek.Study(ended, ek.Space(y0=STATES[part], gain=[1.0]), tmp_path / name).run()
    merged = ek.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "merged")
    np.testing.assert_array_equal(merged.results["total"][:, 0], STATES.sum(axis=1))
    np.testing.assert_array_equal(merged.results["y0_values"], STATES)
    study = ek.Study(ended, path=tmp_path / "merged")
    forked = study.fork(tmp_path / "forked", ek.Space(y0=STATES[[2, 0]], gain=[2.0, 1.0]))
    np.testing.assert_array_equal(forked.results["total"].sel(gain=1.0), STATES[[2, 0]].sum(axis=1))


def test_a_vectorised_simulation_gets_the_arrays_of_its_points_as_one(tmp_path: Path) -> None:
    matrices = np.stack([np.eye(3), np.ones((3, 3))])
    space = ek.Space(y0=STATES, weights=matrices, gain=[1.0, 2.0])
    study = ek.Study(ek.simulation(summed, vectorized=True), space, tmp_path / "study")
    study.run()
    expected = np.einsum("wij,yj->yw", matrices, STATES)[..., np.newaxis] * [1.0, 2.0]
    np.testing.assert_allclose(study.results["total"], expected)


def test_outputs_may_have_dimensions_of_the_arrays_of_another_length(tmp_path: Path) -> None:
    def shorter(y0):
        return xr.DataArray(y0[:2], dims="component", coords={"component": ["a", "b"]}, name="short")

    study = ek.Study(shorter, ek.Space(y0=states()), tmp_path / "study")
    study.run()
    assert study.results["short"].sizes == {"y0": 3, "component": 2}
    assert study.results["y0_values"].dims == ("y0", "parameter_component")
    assert study.results["parameter_component"].values.tolist() == COMPONENTS
    study.to_netcdf(tmp_path / "study.nc")
    exported = ek.open(tmp_path / "study.nc")
    assert exported.space.coords.to_dataset().identical(study.space.coords.to_dataset())
    xr.testing.assert_identical(exported.results["short"].load(), study.results["short"].load())
