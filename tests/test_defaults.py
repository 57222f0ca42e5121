"""The values of arguments that nobody gave are in the files, for whoever reads them."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import explorekit as ek
from explorekit.simulation.defaults import readable


def rate(current, tau=10.0, *, dt=0.1, solver="rk4", seeded=True, steps=5, noise=None):
    return current * tau * dt * steps


def left(current, tau=20.0, dt=0.1):
    return current * tau * dt


DEFAULTS = {"dt": 0.1, "solver": "rk4", "seeded": True, "steps": 5, "noise": None}


def test_a_reader_of_the_exported_file_sees_every_value(tmp_path: Path) -> None:
    study = ek.Study(rate, ek.Space(current=[1.0, 2.0], tau=5.0), tmp_path / "study")
    study.run(False, n_workers=1)
    assert json.loads(study.results.attrs["defaults"]) == DEFAULTS
    with xr.open_dataset(study.to_netcdf(tmp_path / "study.nc")) as dataset:
        assert json.loads(dataset.attrs["defaults"]) == DEFAULTS
        assert {str(name) for name in dataset.coords} | DEFAULTS.keys() == {"current", "tau", *DEFAULTS}
    with xr.open_dataset(tmp_path / "study", engine="explorekit") as dataset:
        assert json.loads(dataset.attrs["defaults"]) == DEFAULTS
    for one in (study, ek.open(tmp_path / "study"), ek.open(tmp_path / "study.nc")):
        assert one.provenance["defaults"] == DEFAULTS
        assert json.loads(one.results.attrs["defaults"]) == DEFAULTS


def test_an_argument_that_the_space_gives_has_no_default(tmp_path: Path) -> None:
    def model(neuron, net_size=3, tau=1.0):
        return neuron["tau"] * net_size * tau

    space = ek.Space({"neuron.tau": [1.0], "net.size": 2, "tau": 5.0})
    study = ek.Study(model, space, tmp_path)
    study.run(False, n_workers=1)
    assert "defaults" not in study.results.attrs
    assert study.provenance["defaults"] == {}


def test_before_the_first_run_there_is_no_default_to_tell(tmp_path: Path) -> None:
    study = ek.Study(rate, ek.Space(current=[1.0]), tmp_path)
    assert "defaults" not in study.results.attrs


def test_defaults_are_those_of_the_code_that_made_the_numbers(tmp_path: Path) -> None:
    ek.Study(rate, ek.Space(current=[1.0]), tmp_path).run(False, n_workers=1)
    first = ek.open(tmp_path).provenance["code_version"]
    study = ek.Study(left, path=tmp_path)
    study.run(False, n_workers=1, code="rerun")
    assert study.provenance["defaults"] == {"tau": 20.0, "dt": 0.1}
    assert study.at(code=first).provenance["defaults"] == {"tau": 10.0, **DEFAULTS}
    assert json.loads(study.at(code=first).results.attrs["defaults"])["tau"] == 10.0


class Shy:
    def __repr__(self) -> str:
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.1 + 0.2, 0.30000000000000004),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (float("inf"), "inf"),
        (np.datetime64("2020-01-01"), "2020-01-01"),
        (1 + 2j, "(1+2j)"),
        ((1, "a", None), [1, "a", None]),
        ({"a": [1.0]}, {"a": [1.0]}),
        (np.arange(3), [0, 1, 2]),
        (np.zeros((100, 100)), "array of shape (100, 100) and dtype float64"),
        (left, f"{__name__}.left"),
        (abs, "builtins.abs"),
        (Shy(), "a Shy"),
        (object(), "<object object>"),
        (range(3), "range(0, 3)"),
        ("x" * 500, "x" * 500),
    ],
)
def test_defaults_are_told_as_data_that_json_holds(value, told) -> None:
    assert readable({"a": value}) == {"a": told}
    assert json.loads(json.dumps(readable({"a": value}), allow_nan=False)) == {"a": told}
