"""Studies of points of several spaces, some of which lack parameters."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.errors import SimulationError, SpaceError
from explorekit.explorer.labels import index_labels

DEFAULT_WHEN = np.datetime64("2020-01-01")
WHEN = np.datetime64("2021-01-01", "ns")
EVERY_KIND = ek.Space(kind=["a"], x=[1, 2]) + ek.Space(
    kind=["b"], tol=[1e-3], n=7, when=WHEN, z=2j, label="l", flag=False, short=np.float32(0.1)
)


def every_kind(
    kind,
    x=5,
    tol=0.5,
    n=3,
    when=DEFAULT_WHEN,
    z=1j,
    label="none",
    flag=True,
    short=1.0,
    rng=None,
):
    texts = {"saw": f"{kind} {x} {tol} {n} {when} {z} {label} {flag} {short}"}
    return {"sum": x + tol, "drawn": rng.random(), **texts}


def solver(kind, x=0, tol=0.5):
    return x + tol + (100 if kind == "b" else 0)


def grouped(neuron=None, **rest):
    return {"neuron": str(None if neuron is None else dict(neuron)), "rest": str(rest)}


def vectorised(kind, x=10, tol=None):
    calls = np.full(kind.size, kind.size)
    return {"y": x + (0 if tol is None else tol) + np.zeros(kind.size), "calls": calls}


SOLVERS = ek.Space(kind=["a"], x=[1, 2]) + ek.Space(kind=["b"], tol=[1e-3])


def test_points_run_with_the_parameters_that_they_have_and_are_kept_and_reproduced(tmp_path: Path) -> None:
    study = ek.Study(every_kind, EVERY_KIND, tmp_path / "study", seed=1)
    study.run(False, n_workers=1, where=ek.Space(kind="a", x=[2]))
    study.run(False, n_workers=1)
    results = study.results.load()
    assert results["saw"].values.tolist() == [
        "a 1 0.5 3 2020-01-01 1j none True 1.0",
        "a 2 0.5 3 2020-01-01 1j none True 1.0",
        f"b 5 0.001 7 {WHEN} 2j l False {np.float32(0.1)}",
    ]
    assert results["sum"].values.tolist() == [1.5, 2.5, 5.001]
    assert results["tol"].values[2] == 1e-3
    assert np.isnan(results["tol"].values[:2]).all()
    assert np.isnat(results["when"].values[:2]).all()
    assert results["x_given"].values.tolist() == [True, True, False]
    assert results["x"].dtype == np.int64

    again = ek.Study(every_kind, EVERY_KIND.isel(point=[2, 1, 0]), tmp_path / "study", seed=1)
    assert again.space == EVERY_KIND
    assert again.run(False, n_workers=1).progress.new == 0
    assert ek.open(tmp_path / "study").space == EVERY_KIND
    for point in ({"kind": "a", "x": 2}, {"kind": "b"}, {"tol": 1e-3}, {"x": None}):
        assert again.reproduce(**point).same
    assert again.reproduce(tol=None, x=1).point == {"kind": "a", "x": 1}

    study.compact()
    xr.testing.assert_identical(study.results.load(), results)
    file = study.to_netcdf(tmp_path / "points.nc")
    exported = ek.open(file)
    assert exported.space == EVERY_KIND
    xr.testing.assert_identical(exported.results.load(), results)
    xr.testing.assert_identical(exported.runs.load(), study.runs.load().drop_vars("seed_key"))
    with xr.open_dataset(file) as plain:
        assert plain["when"].dtype == results["when"].dtype
        xr.testing.assert_equal(
            plain["sum"].drop_vars(plain["sum"].coords), results["sum"].drop_vars(results["sum"].coords)
        )
        assert plain["x_given"].values.tolist() == [True, True, False]


def test_a_point_has_the_random_stream_that_it_has_without_what_it_lacks(tmp_path: Path) -> None:
    union = ek.Study(every_kind, EVERY_KIND, tmp_path / "union", seed=1)
    grid = ek.Study(every_kind, ek.Space(kind=["a"], x=[1, 2]), tmp_path / "grid", seed=1)
    assert union.runs["seed_key"].values[:2].tolist() == grid.runs["seed_key"].values.ravel().tolist()
    at_default = ek.Study(every_kind, ek.Space(kind=["a"], x=[1, 2], tol=0.5), tmp_path / "default", seed=1)
    assert union.runs["seed_key"].values[:2].tolist() == at_default.runs["seed_key"].values.ravel().tolist()


def test_points_with_more_parameters_are_added_to_a_study(tmp_path: Path) -> None:
    study = ek.Study(every_kind, SOLVERS, tmp_path / "study")
    study.run(False, n_workers=1)
    before = study.results.load()
    study.extend(ek.Space(kind=["c"], x=[2, 3], n=4))
    study.extend(ek.Space(kind=["a"], x=[2]))
    assert list(study.space.isel(point=slice(3, None)).points()) == [
        {"kind": "c", "x": 2, "n": 4},
        {"kind": "c", "x": 3, "n": 4},
    ]
    study.extend(kind=["d"], tol=[0.25])
    assert list(study.space.isel(point=[5]).points()) == [{"kind": "d", "tol": 0.25}]
    assert study.run(False, n_workers=1).progress.new == 3
    after = study.results.load()
    assert after["drawn"].values[:3].tolist() == before["drawn"].values.tolist()
    assert after["sum"].values[3:].tolist() == [2.5, 3.5, 5.25]
    with pytest.raises(SpaceError, match="of 'x' are int, not str"):
        study.extend(ek.Space(kind="a", x="one"))
    with pytest.raises(SimulationError, match=r"needs .kind., which some points"):
        study.extend(ek.Space(x=[7]))
    assert len(study.space) == 6


def test_studies_of_points_are_merged_and_forked_into_grids_and_back(tmp_path: Path) -> None:
    grid = ek.Study(solver, ek.Space(kind=["a"], x=[1, 2]), tmp_path / "grid")
    points = ek.Study(solver, ek.Space(kind="b", tol=1e-3) + ek.Space(kind="a", x=[3]), tmp_path / "points")
    for study in (grid, points):
        study.run(False, n_workers=1)
    merged = ek.merge([points, grid], tmp_path / "merged")
    assert merged.results["solver"].values.tolist() == [100.001, 3.5, 1.5, 2.5]
    assert list(merged.space.points())[2] == {"kind": "a", "x": 1}

    forked = points.fork(tmp_path / "forked", ek.Space(kind=["b", "a"], x=[0, 3], tol=[1e-3, 0.5]))
    found = forked.results
    assert found["solver"].sel(kind="b", x=0, tol=1e-3).item() == 100.001
    assert found["solver"].sel(kind="a", x=3, tol=0.5).item() == 3.5
    assert int((found["status"] == 1).sum()) == 2
    back = forked.fork(tmp_path / "back", ek.Space(kind="b", tol=[1e-3, 9.0]) + ek.Space(kind="a", x=3))
    assert back.results["status"].values.tolist() == [1, 0, 1]


def test_failures_of_points_tell_what_they_had(tmp_path: Path) -> None:
    def fails(kind, x=0, tol=None):
        raise ValueError("no")

    study = ek.Study(fails, SOLVERS, tmp_path / "study")
    study.run(False, n_workers=1)
    failures = study.failures
    assert failures["kind"].tolist() == ["a", "a", "b"]
    assert failures["x"].tolist() == [1, 2, None]
    assert failures["tol"].tolist() == [None, None, 1e-3]


@pytest.mark.parametrize("product", [False, True])
def test_points_multiply_with_a_grid_in_a_study(tmp_path: Path, product: bool) -> None:
    space = (
        SOLVERS.repeat(2)
        if product
        else ek.Space(x=[1, 2]) * (ek.Space(kind="a") + ek.Space(kind="b", tol=[1.0, 2.0]))
    )
    study = ek.Study(solver, space, tmp_path / "study")
    study.run(False, n_workers=1, where=space.isel(point=[1]))
    study.run(False, n_workers=1)
    expected = [solver(**{n: v for n, v in p.items() if n != "repetition"}) for p in space.points()]
    assert study.results["solver"].values.ravel().tolist() == expected
    assert ek.Study(solver, space, tmp_path / "study").run(False, n_workers=1).progress.new == 0


def test_a_group_has_the_members_that_a_point_has(tmp_path: Path) -> None:
    space = (
        ek.Space({"neuron.tau": 1.0, "neuron.area.soma": 2.0})
        + ek.Space({"neuron.tau": 3.0})
        + ek.Space(other=1)
    )
    study = ek.Study(grouped, space, tmp_path)
    study.run(False, n_workers=1)
    found = study.results["neuron"].values.tolist()
    assert "'area'" in found[0]
    assert found[1:] == ["{'tau': 3.0}", "None"]
    assert study.results["rest"].values.tolist() == ["{}", "{}", "{'other': 1}"]


def test_a_vectorised_simulation_is_called_for_points_that_have_the_same_parameters(tmp_path: Path) -> None:
    space = ek.Space(kind=["a"], x=[1, 2]) + ek.Space(kind="b", tol=[0.25, 0.5])
    study = ek.Study(ek.simulation(vectorised, vectorized=True), space, tmp_path)
    study.run(False, n_workers=1)
    assert study.results["y"].values.tolist() == [1.0, 2.0, 10.25, 10.5]


def test_an_argument_without_a_default_is_needed_at_every_point(tmp_path: Path) -> None:
    def needy(kind, x):
        return x

    with pytest.raises(SimulationError, match=r"needs .x., which some points"):
        ek.Study(needy, ek.Space(kind="a", x=1) + ek.Space(kind="b"), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_points_are_labelled_by_what_they_have() -> None:
    assert index_labels(SOLVERS.to_dataset(), "point") == ["kind=a, x=1", "kind=a, x=2", "kind=b, tol=0.001"]
