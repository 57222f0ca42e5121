"""What a simulation may return, through the whole engine: every kind, generators, and what does not fit."""

import enum
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from engine.studies import study_of

import explorekit as ek
from explorekit.simulation.encoding import COMPRESSIONS


def test_a_generator_gives_one_result_a_step(tmp_path: Path) -> None:
    def training(rate, epochs=4):
        loss = 1.0
        for epoch in range(epochs):
            loss *= rate
            yield {"loss": loss, "epoch": epoch}
        return {"final": loss}

    results = study_of(training, ek.Space(rate=[0.5, 0.25]), tmp_path).results
    assert results["loss"].dims == ("rate", "step")
    np.testing.assert_array_equal(results["loss"].sel(rate=0.5).values, [0.5, 0.25, 0.125, 0.0625])
    assert results["epoch"].dtype == np.int64
    assert results["final"].sel(rate=0.25).item() == 0.25**4


def test_generators_of_different_length_are_padded_and_their_lengths_kept(tmp_path: Path) -> None:
    def steps(n):
        for i in range(n):
            yield {"x": i}

    results = study_of(steps, ek.Space(n=[1, 3]), tmp_path).results
    np.testing.assert_array_equal(results["x"].values, [[0, np.nan, np.nan], [0, 1, 2]])
    np.testing.assert_array_equal(results["step_size"].values, [1, 3])


def test_datasets_keep_coordinates_and_attributes(tmp_path: Path) -> None:
    def wave(k):
        x = np.linspace(0, 1, 5)
        return xr.Dataset({"y": ("x", np.sin(k * x), {"units": "m"})}, {"x": ("x", x, {"units": "km"})})

    results = study_of(wave, ek.Space(k=[1.0, 2.0, 3.0]), tmp_path).results
    assert results["y"].attrs["units"] == "m"
    assert results["x"].attrs["units"] == "km"
    np.testing.assert_array_equal(results["y"].sel(k=2.0).values, np.sin(2 * np.linspace(0, 1, 5)))
    assert float(results["y"].sel(x=0.25, k=3.0)) == np.sin(0.75)


def test_a_lone_value_is_named_after_the_simulation(tmp_path: Path) -> None:
    assert list(study_of(lambda a: a + 1, ek.Space(a=[1, 2]), tmp_path / "a").results.data_vars) == [
        "result",
        "status",
    ]

    def energy(a):
        return np.array([a, 2 * a])

    results = study_of(energy, ek.Space(a=[1, 2]), tmp_path / "b").results
    assert results["energy"].dims == ("a", "energy_dim")
    assert results["energy"].dtype == np.int64


@pytest.mark.parametrize("odd", [0, 1, 4, 6, 29])
def test_other_dimensions_at_one_point_are_that_points_failure(tmp_path: Path, odd: int) -> None:
    def fickle(a):
        return np.zeros(3) if a != odd else np.zeros((2, 2))

    study = study_of(fickle, ek.Space(a=range(30)), tmp_path)
    assert np.flatnonzero(study.results["status"].values != 1).tolist() == [odd]
    message = study.failures["message"].iloc[0]
    assert "fickle" in message
    assert "dimensions" in message


def test_a_run_counts_a_contradiction_of_earlier_results_as_the_study_does(tmp_path: Path) -> None:
    study = ek.Study(lambda a: np.zeros(2) if a < 3 else np.zeros((2, 2)), ek.Space(a=[1, 2, 3]), tmp_path)
    study.run(False, n_workers=1, where={"a": [1, 2]})
    progress = study.run(False, n_workers=1).progress
    assert (progress.ok, progress.failed, progress.pending) == (2, 1, 0)
    assert study.results["status"].values.tolist() == [1, 1, 2]


def test_an_output_named_like_a_parameter_fails_with_its_name(tmp_path: Path) -> None:
    study = study_of(lambda a: {"a": a}, ek.Space(a=[1, 2]), tmp_path)
    assert (study.results["status"].values == 2).all()
    assert "'a', a name that is taken" in study.failures["message"].iloc[0]


def test_what_a_simulation_prints_is_kept_in_the_logs(tmp_path: Path) -> None:
    def talkative(a):
        import os

        print(f"python says {a}")
        os.system(f"echo the shell says {a}")
        return a

    study_of(talkative, ek.Space(a=[1, 2, 3]), tmp_path)
    text = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    for a in (1, 2, 3):
        assert f"python says {a}\n" in text
        assert f"the shell says {a}\n" in text


def test_a_simulation_cannot_change_what_others_get(tmp_path: Path) -> None:
    buffer = np.zeros(3)

    def reuses_its_buffer(a):
        buffer[:] = a
        return {"x": buffer}

    results = study_of(reuses_its_buffer, ek.Space(a=range(5)), tmp_path).results
    np.testing.assert_array_equal(results["x"].values[:, 0], np.arange(5))


def test_an_object_that_a_simulation_returns_again_and_again_is_read_in_time(tmp_path: Path) -> None:
    kept: dict[str, float] = {}

    def reuses(a: int) -> dict[str, float] | None:
        if a % 100 == 99:
            raise ValueError
        kept["x"] = a / 2
        return kept

    study = study_of(reuses, ek.Space(a=range(3000)), tmp_path / "s", n_workers=1)
    expected = np.where(np.arange(3000) % 100 == 99, np.nan, np.arange(3000) / 2)
    np.testing.assert_array_equal(study.results["x"].values, expected)
    assert study.failures["a"].tolist() == list(range(99, 3000, 100))


def test_a_buffer_that_only_some_points_return_is_read_in_time(tmp_path: Path) -> None:
    buffer = np.zeros(2)

    def reuses(a: int) -> dict[str, object]:
        buffer[:] = a
        return {"x": a / 2, "v": buffer} if a % 7 == 3 and a > 20 else {"x": a / 2}

    results = study_of(reuses, ek.Space(a=range(3000)), tmp_path / "s").results
    a = np.arange(3000)
    np.testing.assert_array_equal(results["x"].values, a / 2)
    expected = np.where((a % 7 == 3) & (a > 20), a, np.nan)
    np.testing.assert_array_equal(results["v"].values, np.stack([expected, expected], 1))


def test_repetitions_of_a_simulation_without_parameters_fail_alone(tmp_path: Path) -> None:
    calls = []

    def tenth() -> int:
        calls.append(None)
        if len(calls) % 10 == 0:
            raise ValueError
        return len(calls)

    study = study_of(tenth, ek.Space().repeat(1000), tmp_path / "s", n_workers=1)
    assert set(study.failures["error"]) == {"ValueError"}
    assert len(study.failures) == 100


def test_names_and_attributes_may_be_of_an_enumeration(tmp_path: Path) -> None:
    class Name(enum.StrEnum):
        RATE = "rate"
        HZ = "Hz"

    @ek.simulation(units={"late": Name.HZ})
    def model(a: int) -> dict[str, object]:
        return {Name.RATE: xr.DataArray(float(a), attrs={"units": Name.HZ}), "late": a}

    study = study_of(model, ek.Space(a=range(5)), tmp_path / "s", n_workers=1)
    assert study.results["rate"].values.tolist() == [0, 1, 2, 3, 4]
    assert study.results["rate"].attrs["units"] == study.results["late"].attrs["units"] == "Hz"


def test_dotted_parameters_reach_one_argument(tmp_path: Path) -> None:
    def model(neuron, gain_factor):
        return neuron["tau"] * 10 + neuron["cell"]["size"] + gain_factor

    space = ek.Space({"neuron.tau": [1, 2], "neuron.cell.size": 3, "gain.factor": 100})
    np.testing.assert_array_equal(study_of(model, space, tmp_path).results["model"].values, [113, 123])


@pytest.mark.parametrize("n", [1, 5])
def test_a_space_without_dimensions_is_one_point(tmp_path: Path, n: int) -> None:
    study = study_of(lambda a: a * 2.0, ek.Space(a=n), tmp_path)
    assert study.results["result"].shape == ()
    assert study.results["result"].item() == 2.0 * n
    study.to_netcdf(tmp_path / "one.nc")
    assert ek.open(tmp_path / "one.nc").results["result"].item() == 2.0 * n


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("complevel", [0, 9])
def test_every_compression_keeps_what_it_cannot_make_smaller(tmp_path: Path, compression, complevel) -> None:
    def model(a):
        noise = np.random.default_rng(a).integers(0, 256, 200, dtype=np.uint8)
        return {"noise": noise, "few": noise[:3], "one": a, "text": "äb"[a], "z": complex(a)}

    words = {"compression": compression, "complevel": complevel}
    names = ("noise", "few", "one", "text", "z")
    declared = ek.simulation(model, encoding=dict.fromkeys(names, words))
    study = ek.Study(declared, ek.Space(a=[0, 1]), tmp_path / "study")
    study.run(False, n_workers=1)
    for a in range(2):
        for name, expected in model(a).items():
            np.testing.assert_array_equal(study.results[name].sel(a=a).values, expected)


@pytest.mark.parametrize("words", [{"significant_digits": 2}, {"least_significant_digit": 1}])
def test_a_value_is_rounded_to_the_same_wherever_it_lies(tmp_path: Path, words) -> None:
    def model(a):
        return np.sqrt(np.arange(3.0) + a)

    declared = ek.simulation(model, encoding={"model": words})
    study = ek.Study(declared, ek.Space(a=range(6)), tmp_path / "study")
    for positions in ([0, 3], [1, 2, 5], [4]):
        study.run(False, n_workers=1, where={"a": positions})
    before = study.results["model"].values
    np.testing.assert_array_equal(before[1:, 0], before[:-1, 1])
    assert study.reproduce(a=4)
    study.compact()
    np.testing.assert_array_equal(study.results["model"].values, before)


@pytest.mark.parametrize("words", [{"significant_digits": 2}, {"least_significant_digit": 1}])
def test_only_floats_are_rounded(tmp_path: Path, words) -> None:
    def model(a):
        return {"x": 1.2345 + a, "n": 12345 + a, "text": "ab"[a], "on": a > 0}

    declared = ek.simulation(model, encoding=dict.fromkeys(("x", "n", "text", "on"), words))
    results = study_of(declared, ek.Space(a=[0, 1]), tmp_path / "study").results
    np.testing.assert_allclose(results["x"].values, [1.2345, 2.2345], atol=0.05)
    assert (results["x"].values != [1.2345, 2.2345]).all()
    assert results["n"].values.tolist() == [12345, 12346]
    assert results["text"].values.tolist() == ["a", "b"]
    assert results["on"].values.tolist() == [False, True]


def test_outputs_are_encoded_as_declared_where_they_are_made(tmp_path: Path) -> None:
    import netCDF4

    @ek.simulation(encoding={"V": {"compression": "zlib", "chunksizes": (25,)}})
    def model(a):
        return {"V": np.arange(100.0) + a, "n": a}

    study = study_of(model, ek.Space(a=range(6)), tmp_path)
    for shard in (tmp_path / "runs").iterdir():
        with netCDF4.Dataset(shard) as file:
            assert file["V"].filters()["zlib"]
            assert file["V"].chunking() == [1, 25]
            assert not file["n"].filters()["zlib"]
    np.testing.assert_array_equal(study.results["V"].values, np.arange(100.0) + np.arange(6)[:, None])
