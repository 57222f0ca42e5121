"""Studies along draws: run, resumed, grown, and what their outputs depend on."""

import sys

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError, StudyError


def shifted(x, n, kind, k=1):
    return {"y": k * (x + n), "word": kind}


def drawn(n, **options):
    space = ek.Space(x=stats.norm(), n=stats.randint(1, 4), kind=ek.categorical(["a", "b"]), k=[1, 2])
    return space.sample(n, seed=3, **options)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_study_along_draws_runs_and_grows_by_more_of_them(tmp_path, fresh):
    short, long = drawn(5, fresh=fresh), drawn(8, fresh=fresh)
    study = ek.Study(shifted, short, tmp_path / "study")
    study.run(False, n_workers=1)
    before = study.results.load()
    xs, ns, ks = (before[name] for name in ("x", "n", "k"))
    np.testing.assert_array_equal(before["y"].values, (ks * (xs + ns)).broadcast_like(before["y"]).values)
    assert before["n"].dtype == np.int64
    assert set(before["word"].values.ravel().tolist()) <= {"a", "b"}
    study.extend(long)
    assert study.space == long
    assert (study.results["status"] == 0).sum() == len(long) - len(short)
    assert repr(study).endswith(
        f"{len(short)} ok, 0 failed, {len(long) - len(short)} pending of {len(long)} points>"
    )
    study.run(False, n_workers=1)
    after = study.results.load()
    np.testing.assert_array_equal(
        after["y"].isel(sample=slice(0, before.sizes["sample"])).values, before["y"].values
    )
    assert (after["status"] == 1).all()
    assert ek.Study(shifted, long, tmp_path / "study").space == long
    assert ek.open(study.to_netcdf(tmp_path / "study.nc")).space == long


def test_one_drawn_parameter_may_have_the_same_value_twice_in_a_study(tmp_path):
    space = ek.Space(n=stats.randint(0, 2))
    study = ek.Study(lambda n, rng: {"y": n + rng.random()}, space.sample(5), tmp_path / "study")
    study.run(False, n_workers=1)
    before = study.results["y"].load()
    assert np.unique(before.values).size == 5
    study.extend(space.sample(9)).run(False, n_workers=1)
    after = study.results["y"].load()
    np.testing.assert_array_equal(after.values[:5], before.values)
    assert np.unique(after.values).size == 9


def test_objects_are_drawn_by_their_labels(tmp_path):
    space = ek.Space(x=stats.uniform(1, 1), f=ek.categorical({"up": np.ceil, "down": np.floor}))
    study = ek.Study(lambda x, f: {"y": f(x)}, space.sample(8), tmp_path / "study")
    study.run(False, n_workers=1)
    study.extend(space.sample(12)).run(False, n_workers=1)
    results = study.results.load()
    assert set(results["f"].values.tolist()) == {"up", "down"}
    np.testing.assert_array_equal(results["y"].values, np.where(results["f"].values == "up", 2.0, 1.0))


def test_a_study_of_a_mixture_leaves_to_the_defaults_what_a_component_has_not(tmp_path):
    plain, scaled = ek.Space(x=stats.uniform(1, 1)), ek.Space(x=stats.uniform(5, 1), k=stats.uniform(1, 1))
    mixture = 0.5 * plain + 0.5 * scaled
    study = ek.Study(lambda x, k=-1.0: {"y": x * k}, mixture.sample(8), tmp_path / "study")
    study.run(False, n_workers=1)
    before = study.results["y"].load()
    study.extend(mixture.sample(12)).run(False, n_workers=1)
    assert study.space == mixture.sample(12)
    after = study.results["y"].load()
    np.testing.assert_array_equal(after[:8], before)
    np.testing.assert_array_equal(after, after["x"] * after["k"].fillna(-1.0))
    assert ((after["x"] < 3) == after["k"].isnull()).all()


def test_distributions_do_not_extend_a_study(tmp_path):
    study = ek.Study(shifted, drawn(2), tmp_path / "study")
    with pytest.raises(SpaceError, match=r"space\.sample\(n\)"):
        study.extend(ek.Space(x=stats.norm()))
    with pytest.raises(SpaceError, match=r"distribution of 'x'.*extend\(space\.sample\(n\)\)"):
        study.extend(x=stats.norm())


# ---- sensitivity


def ishigami(a, b, c):
    return {"y": np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a), "trend": a + 2 * b}


def angles():
    return ek.Space(**dict.fromkeys("abc", stats.uniform(-np.pi, 2 * np.pi)))


def study_of(simulation, space, path):
    study = ek.Study(ek.simulation(simulation, vectorized=True), space, path)
    study.run(False, n_workers=1)
    return study


def test_indices_of_a_function_that_has_known_ones(tmp_path):
    study = study_of(ishigami, angles().sample(1024, "saltelli", seed=1), tmp_path / "study")
    indices = study.sensitivity("y")
    assert indices["parameter"].values.tolist() == ["a", "b", "c"]
    # Ishigami and Homma (1990), with a = 7 and b = 0.1.
    np.testing.assert_allclose(indices["S1"], [0.3139, 0.4424, 0.0], atol=0.03)
    np.testing.assert_allclose(indices["ST"], [0.5576, 0.4424, 0.2437], atol=0.03)
    assert ((indices["S1_conf"] > 0) & (indices["S1_conf"] < 0.1)).all()
    assert indices.attrs["design"] == "saltelli"
    assert indices.identical(study.sensitivity("y"))
    file = ek.open(study.to_netcdf(tmp_path / "study.nc"))
    assert file.sensitivity("y").identical(indices)
    np.testing.assert_allclose(file.sensitivity("trend")["ST"], [0.2, 0.8, 0.0], atol=0.02)


def test_elementary_effects_of_functions_that_have_known_ones(tmp_path):
    study = study_of(ishigami, angles().sample(20, "morris", seed=1), tmp_path / "study")
    linear = study.sensitivity("trend")
    np.testing.assert_allclose(linear["mu"], [2 * np.pi, 4 * np.pi, 0], atol=1e-12)
    np.testing.assert_allclose(linear["mu_star"], [2 * np.pi, 4 * np.pi, 0], atol=1e-12)
    np.testing.assert_allclose(linear["sigma"], 0, atol=1e-12)
    # Between the quantiles 0, 1/3, 2/3 and 1 the second parameter always moves 7 sin² by 21/4.
    effects = study.sensitivity("y")
    assert effects["mu_star"].sel(parameter="b").item() == pytest.approx(5.25 / (2 / 3))
    assert (effects["sigma"].sel(parameter=["a", "c"]) > 1).all()


def test_indices_of_a_curve_over_a_grid_are_those_of_each_place(tmp_path):
    space = ek.Space(a=stats.uniform(), b=ek.categorical([0, 1]), scale=[1.0, 2.0])

    def line(a, b, scale):
        return {"y": np.array([a * scale, b, 1.0])}

    study = ek.Study(line, space.sample(64, "saltelli"), tmp_path / "study")
    study.run(False, n_workers=1)
    indices = study.sensitivity("y")
    assert dict(indices.sizes)["parameter"] == 2
    assert indices["scale"].values.tolist() == [1.0, 2.0]
    totals = indices["ST"].transpose("parameter", "scale", ...).values
    np.testing.assert_allclose(totals[:, :, 0], [[1, 1], [0, 0]], atol=0.15)
    np.testing.assert_allclose(totals[:, :, 1], [[0, 0], [1, 1]], atol=0.15)
    assert np.isnan(totals[:, :, 2]).all()


def test_indices_of_what_a_function_makes_of_the_results(tmp_path):
    def line(a, b):
        return {"y": np.array([a, b, a + b])}

    space = ek.Space(a=stats.uniform(), b=stats.uniform())
    study = ek.Study(line, space.sample(32, "saltelli"), tmp_path / "study")
    study.run(False, n_workers=1)
    all_of_it, last = study.sensitivity("y"), study.sensitivity(lambda results: results["y"][..., -1])
    assert last.attrs["output"] == "y"
    np.testing.assert_allclose(last["S1"], all_of_it["S1"][..., -1])
    assert study.sensitivity(lambda results: 2 * results["y"].max("y_dim")).attrs["output"] == "y"
    for wrong in (lambda results: 3.0, lambda results: results["y"].mean("sample")):
        with pytest.raises(
            StudyError, match=r"returned .*; expected a DataArray with the dimension 'sample'"
        ):
            study.sensitivity(wrong)
    curves = study.plot_sensitivity("y")
    assert [ax.get_title() for ax in curves.axes] == ["alone (S1)", "with interactions (ST)"]
    drawn = {line.get_label(): line.get_ydata() for line in curves.axes[1].lines}
    np.testing.assert_allclose(drawn["b"], all_of_it["ST"].sel(parameter="b"))
    bars = study.plot_sensitivity(lambda results: results["y"][..., -1])
    (ax,) = bars.axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    np.testing.assert_allclose([bar.get_height() for bar in ax.containers[-1]], last["ST"])
    assert bars._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(StudyError, match=r"'the output' lie along 'y_dim', 'scale'; .*isel\(y_dim=0\)"):
        study.plot_sensitivity(lambda results: results["y"] * xr.DataArray([1.0, 2.0], dims="scale"))


def test_effects_are_drawn_in_the_units_of_the_output(tmp_path):
    measured = ek.simulation(ishigami, units={"y": "mm"}, vectorized=True)
    study = ek.Study(measured, angles().sample(4, "morris"), tmp_path / "study")
    study.run(False, n_workers=1)
    (ax,) = study.plot_sensitivity("y").axes
    assert ax.get_ylabel() == "elementary effects of y (mm)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "mean size (mu_star)",
        "spread (sigma)",
    ]


def broken(a, b, c):
    if a > 2:
        raise ValueError("too much")
    return {"y": np.nan if a < -2 else a, "word": "text"}


def test_indices_of_what_is_incomplete_are_refused(tmp_path):
    study = ek.Study(broken, angles().sample(4, "saltelli"), tmp_path / "study")
    study.run(False, n_workers=1, where={"a": study.space.parameters["a"].values[0]})
    with pytest.raises(StudyError, match=r"of 20 points \d+ are pending and \d+ failed.*study\.retry\(\)"):
        study.sensitivity("y")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"output": "z"}, "no output 'z'; there is 'y', 'word'"),
        ({"output": "word"}, "'word' are .*expected real numbers"),
        ({"output": "y"}, "values of 'y' are no finite numbers, the first .nan. at sample"),
        ({"output": "y", "confidence": 95}, "confidence=95"),
        ({"output": "y", "confidence": "0.9"}, "confidence='0.9'"),
        ({"output": "y", "resamples": 0}, "resamples=0"),
        ({"output": "y", "seed": -1}, "seed=-1"),
    ],
)
def test_what_has_no_indices_is_an_error_that_says_so(tmp_path, asked, words):
    def holed(a, b, c):
        return {"y": np.nan if a < 0 else a, "word": "text"}

    study = ek.Study(holed, angles().sample(2, "saltelli"), tmp_path / "study")
    study.run(False, n_workers=1)
    with pytest.raises(StudyError, match=words):
        study.sensitivity(**asked)


@pytest.mark.parametrize("space", [ek.Space(a=[1.0, 2.0]), angles().sample(20, "random")])
def test_points_that_are_no_design_have_no_indices(tmp_path, space):
    def total(a, b=0.0, c=0.0):
        return {"y": a + b + c}

    study = ek.Study(total, space, tmp_path / "study")
    study.run(False, n_workers=1)
    with pytest.raises(StudyError, match=r"sample\(n, 'saltelli'\)"):
        study.sensitivity("y")


def test_without_salib_the_error_says_what_to_install(tmp_path, monkeypatch):
    study = ek.Study(ishigami, angles().sample(2, "saltelli"), tmp_path / "study")
    study.run(False, n_workers=1)
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(ImportError, match=r"explorekit\[sensitivity\]"):
        study.sensitivity("y")
