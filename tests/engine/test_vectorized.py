"""Vectorised simulations: many points in a call, each with its own stream, and a bad one alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from engine.studies import study_of

import explorekit as ek
from explorekit.store.status import OK


def test_a_vectorised_simulation_gives_what_a_plain_one_gives(tmp_path: Path) -> None:
    space = ek.Space(a=np.linspace(0, 1, 60), b=range(50), c=2.0).repeat(2)

    @ek.simulation(vectorized=True, dims={"v": "t"})
    def many(a, b, c, repetition, rngs, seeds):
        noise = np.array([rng.random() for rng in rngs])
        return {
            "x": a * b + c,
            "n": b,
            "noise": noise,
            "seed_used": seeds,
            "r": repetition,
            "v": np.stack([a, b], 1),
        }

    @ek.simulation(dims={"v": "t"})
    def one(a, b, c, repetition, rng, seed):
        return {
            "x": a * b + c,
            "n": b,
            "noise": rng.random(),
            "seed_used": seed,
            "r": repetition,
            "v": [a, b],
        }

    got, expected = (
        study_of(many, space, tmp_path / "many").results,
        study_of(one, space, tmp_path / "one").results,
    )
    assert (got["status"].values == OK).all()
    for name in expected.data_vars:
        assert got[name].dims == expected[name].dims
        assert got[name].dtype == expected[name].dtype
        np.testing.assert_array_equal(got[name].values, expected[name].values)


def test_labelled_results_have_their_points_along_point(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def wave(k):
        x = np.linspace(0, 1, 5)
        y = xr.DataArray(np.sin(np.outer(x, k)), {"x": x}, ("x", "point"), attrs={"units": "m"})
        return xr.Dataset({"y": y, "total": y.sum("x"), "same": 1.5})

    results = study_of(wave, ek.Space(k=np.arange(300.0)), tmp_path / "s").results
    assert results["y"].dims == ("k", "x")
    assert results["y"].attrs["units"] == "m"
    assert results["x"].dims == ("x",)
    assert (results["same"].values == 1.5).all()
    np.testing.assert_array_equal(
        results["y"].values, np.sin(np.outer(np.arange(300.0), results["x"].values))
    )


def test_coordinates_may_differ_from_point_to_point(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def fall(g):
        t = np.arange(3) / g[:, None]
        y = xr.DataArray(t * 2, dims=("point", "step"), coords={"t": (("point", "step"), t)})
        return {"y": y, "z": -y, "mean": y.mean("step")}

    g = np.arange(1.0, 2001)
    study = study_of(fall, ek.Space(g=g), tmp_path)
    assert (study.results["status"].values == OK).all()
    np.testing.assert_array_equal(study.results["t"].values, np.arange(3) / g[:, None])
    np.testing.assert_array_equal(study.results["y"].values, 2 * study.results["t"].values)


def test_a_point_that_raises_fails_alone(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def model(a):
        if np.any(a == 700):
            raise ValueError("no 700")
        return 2 * a

    study = study_of(model, ek.Space(a=range(3000)), tmp_path / "s")
    assert study.failures["a"].tolist() == [700]
    assert study.failures["message"].tolist() == ["no 700"]
    good = np.delete(np.arange(3000), 700)
    np.testing.assert_array_equal(study.results["model"].values[good], 2 * good)


@pytest.mark.parametrize("result", [np.zeros((2, 7)), {"model": np.zeros(0)}])
def test_results_that_do_not_go_with_the_points_fail_with_what_was_expected(tmp_path, result) -> None:
    @ek.simulation(vectorized=True)
    def model(a):
        return result

    study = study_of(model, ek.Space(a=range(3)), tmp_path / "s")
    assert len(study.failures) == 3
    assert study.failures["message"].str.contains("values along the first axis").all()


def test_a_table_among_others_is_refused_with_what_to_return(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def model(a):
        return {"table": pd.DataFrame({"x": a})}

    study = study_of(model, ek.Space(a=range(3)), tmp_path / "s")
    assert study.failures["error"].tolist() == ["OutputError"] * 3
    assert study.failures["message"].str.contains("dict with the DataFrame 'table'; expected").all()


@pytest.mark.parametrize(
    ("columns", "text"), [(["x", "x"], "two columns 'x'"), (["x", 3], "the column 3; expected names")]
)
def test_columns_that_are_no_outputs_are_named(tmp_path: Path, columns, text) -> None:
    @ek.simulation(vectorized=True)
    def model(a):
        return pd.DataFrame(np.stack([a, a], axis=1), columns=columns)

    study = study_of(model, ek.Space(a=range(3)), tmp_path / "s")
    assert study.failures["error"].tolist() == ["OutputError"] * 3
    assert study.failures["message"].str.contains(text).all()


def test_array_arguments_are_read_only(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def model(a):
        a += 1
        return a

    study = study_of(model, ek.Space(a=range(3)), tmp_path / "s")
    assert study.failures["message"].str.contains("read-only").all()


@pytest.mark.parametrize(
    ("function", "space", "named"),
    [
        (lambda a, rng: a, {"a": [1]}, "'rngs'"),
        (lambda a, seed: a, {"a": [1]}, "'seeds'"),
        (lambda neuron: 1, {"neuron.tau": [1.0]}, "neuron_tau"),
    ],
)
def test_what_a_call_for_many_points_cannot_have_is_refused(tmp_path, function, space, named) -> None:
    with pytest.raises(ek.errors.SimulationError, match=named):
        ek.Study(ek.simulation(function, vectorized=True), ek.Space(space), tmp_path / "s")


def test_a_table_has_a_row_for_each_point_whatever_its_index(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def frame(a):
        return pd.DataFrame({"x": a / 2, "name": a.astype(str)}, index=a + 100)

    @ek.simulation(vectorized=True)
    def series(a):
        return {"x": pd.Series(a / 2, index=a + 100)}

    results = study_of(frame, ek.Space(a=range(300)), tmp_path / "frame").results
    np.testing.assert_array_equal(results["x"].values, np.arange(300) / 2)
    assert results["name"].values[-1] == "299"
    results = study_of(series, ek.Space(a=range(300)), tmp_path / "series").results
    np.testing.assert_array_equal(results["x"].values, np.arange(300) / 2)


def test_masked_numbers_are_missing_and_masked_integers_are_refused(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def model(a):
        return {"x": np.ma.masked_less(a * 1.0, 4), "none": np.ma.masked_array(1.0, mask=True)}

    results = study_of(model, ek.Space(a=range(8)), tmp_path / "s").results
    np.testing.assert_array_equal(results["x"].values, [np.nan] * 4 + [4, 5, 6, 7])
    assert np.isnan(results["none"].values).all()

    @ek.simulation(vectorized=True)
    def whole(a):
        return np.ma.masked_less(a, 4)

    study = study_of(whole, ek.Space(a=range(8)), tmp_path / "whole")
    assert study.failures["a"].tolist() == [0, 1, 2, 3]
    assert "masked values" in study.failures["message"][0]
