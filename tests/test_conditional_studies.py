"""Studies in which some points only have a parameter: run, gone on with, extended, merged, exported, reproduced."""

from pathlib import Path

import numpy as np
import xarray as xr

import explorekit as ek


def steps(kind, x, tol=0.5, rng=None):
    return {"n": x + (tol if kind == "adaptive" else 100.0), "drawn": rng.random()}


def with_tolerances(tolerances):
    return ek.Space(kind=["fixed", "adaptive"], x=[0.0, 1.0]).when(kind="adaptive", tol=tolerances)


def test_a_study_runs_goes_on_grows_and_is_exported_with_what_only_some_points_have(tmp_path: Path) -> None:
    space = with_tolerances([1e-3, 1e-4])
    study = ek.Study(steps, space, tmp_path / "study", seed=3)
    study.run(False, n_workers=1, where={"x": 0.0})
    study = ek.Study(steps, space, tmp_path / "study", seed=3)  # as after the kernel died
    study.run(False, n_workers=1)
    before = study.results.load()
    assert before["n"].values.tolist() == [[100.0, 101.0], [1e-3, 1 + 1e-3], [1e-4, 1 + 1e-4]]
    assert before["tol_given"].values.tolist() == [False, True, True]
    assert study.reproduce(kind="fixed", x=1.0).same
    assert study.reproduce(tol=1e-4, x=1.0).same

    study.extend(with_tolerances([1e-5])).run(False, n_workers=1)
    after = study.results.load()
    assert after["tol"].values[1:].tolist() == [1e-3, 1e-4, 1e-5]
    assert np.array_equal(after["drawn"].values[:3], before["drawn"].values)
    study.to_netcdf(tmp_path / "exported.nc")
    assert ek.open(tmp_path / "exported.nc").space == study.space
    with xr.open_dataset(tmp_path / "exported.nc") as exported:
        assert np.array_equal(exported["n"].values, after["n"].values)
        assert exported["tol_given"].values.tolist() == [False, True, True, True]

    other = ek.Study(steps, with_tolerances([0.25]), tmp_path / "other", seed=3)
    other.run(False, n_workers=1)
    merged = ek.merge([study, other], tmp_path / "merged")
    assert merged.results["n"].sel(x=1.0).values.tolist() == [101.0, 1 + 1e-3, 1 + 1e-4, 1 + 1e-5, 1.25]
