"""Studies whose points lie along the dimension ``point``, which is that of rows in shards of grids."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.space import Space


def along_point(**parameters) -> Space:
    space = Space(**parameters)
    return Space.from_parameters([replace(p, dim="point") for p in space.parameters.values()])


def simulation(x, y=0.0, repetition=0):
    if x == 3.0:
        raise ValueError("three")
    flags = {} if x > 2 else {"small": True}
    return {
        "sum": x + y + repetition,
        **flags,
        "list": xr.DataArray(np.full(int(x) + 1, y), dims="length"),
    }


@pytest.mark.parametrize(
    "space",
    [
        along_point(x=[2.0, 0.0, 3.0, 1.0]),
        along_point(x=[2.0, 0.0, 3.0, 1.0], y=[0.5, 0.25, 0.0, 0.125]),
        along_point(x=[2.0, 0.0, 3.0, 1.0], y=[0.5, 0.25, 0.0, 0.125]).repeat(2),
    ],
)
def test_points_one_by_one_are_run_kept_compacted_and_exported(tmp_path: Path, space: Space) -> None:
    study = ek.Study(simulation, space, tmp_path / "study")
    study.run(False, n_workers=1, where=space.isel(point=[1, 2]))
    study.run(False, n_workers=1)
    before = study.results.load()
    assert before.sizes["point"] == 4
    status = before["status"].values.reshape(4, -1)
    assert status.T.tolist() == [[1, 1, 2, 1]] * status.shape[1]
    for flat, point in enumerate(space.points()):
        if point["x"] != 3.0:
            found = before["sum"].values.ravel()[flat]
            assert found == point["x"] + point.get("y", 0.0) + point.get("repetition", 0)
    assert np.isfinite(study.runs["duration"]).all()
    study.compact()
    xr.testing.assert_identical(before, ek.open(tmp_path / "study").results.load())
    study.to_netcdf(tmp_path / "study.nc")
    xr.testing.assert_equal(
        before["sum"].reset_coords(drop=True),
        ek.open(tmp_path / "study.nc").results["sum"].reset_coords(drop=True),
    )
    longer = [
        replace(p.take([0]), values=p.values[:1] + 10) for p in space.parameters.values() if p.dim == "point"
    ]
    study.extend(Space.from_parameters(longer)).run(False, n_workers=1)
    assert study.results["status"].values.reshape(5, -1)[:, 0].tolist() == [1, 1, 2, 1, 1]
