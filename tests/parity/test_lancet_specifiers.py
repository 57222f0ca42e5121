"""What ``Args``, ``Range``, ``List`` and what was made of them could do in Lancet, here, with the values recorded there."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.adaptive import PatternSearch
from explorekit.errors import SpaceError

a = ek.Space(a=np.linspace(0.0, 1.0, 3))
b = ek.Space(b=["x", "y"])
k = ek.Space(seed=7)


def points(space):
    return list(space.points())


# ---- Args, Range, List


def test_args_of_dicts_are_points_that_may_differ_in_what_they_have() -> None:
    # It was written as Args([{'a': 1, 'b': 'x'}, {'a': 2}]) there.
    specs = [{"a": 1, "b": "x"}, {"a": 2}, {"a": 1, "b": "x"}]
    assert points(sum(ek.Space(**spec) for spec in specs)) == specs


def test_args_without_keys_are_one_point() -> None:
    # Args() was neutral for + only, and Args() * a had no points.
    assert points(ek.Space()) == [{}]
    assert points(ek.Space() * a) == points(a)


def test_a_range_has_both_ends_and_the_number_of_steps() -> None:
    # Range('a', 0, 1) had two steps, and Range('a', 0, 1, steps=1) the integer 0.
    assert points(ek.Space(a=np.linspace(0, 1, 2))) == [{"a": 0.0}, {"a": 1.0}]
    assert points(ek.Space(a=np.linspace(0, 1, 1))) == [{"a": 0.0}]
    assert ek.Space.from_words(["a=0.:1.:2"]) == ek.Space(a=[0.0, 1.0])


def test_a_range_with_a_mapping_is_that_of_numpy_and_written_down() -> None:
    """There the function was no part of what was written, which was read as another range."""
    space = ek.Space(a=10 ** np.linspace(0, 3, 4))
    assert [p["a"] for p in space.points()] == [1.0, 10.0, 100.0, 1000.0]
    assert eval(repr(space), {"ek": ek, "np": np}) == space
    assert ek.Space.from_words(["a=log:1:1000:4"]).parameters["a"].values.tolist() == pytest.approx(
        [1, 10, 100, 1000]
    )


def test_a_range_of_whole_numbers_has_each_once() -> None:
    """There Range('i', 0, 49, steps=50, fp_precision=0) was cut off to 45 numbers, without 4 and 49."""
    assert [p["i"] for p in ek.Space(i=range(50)).points()] == list(range(50))
    words = ek.Space.from_words(["i=0:49:50"])
    assert words == ek.Space(i=range(50))
    assert words.parameters["i"].values.dtype == np.int64


@pytest.mark.parametrize("value", [0.123456789, np.float32(0.123456), 0.1 + 0.2, 5e-324])
def test_a_list_is_not_rounded(value) -> None:
    # 0.1235 and 0.1235 there, for Python's and for NumPy's numbers; fp_precision=8 kept eight decimals.
    space = ek.Space(x=[value])
    assert space.parameters["x"].values[0] == value
    assert eval(repr(space), {"ek": ek, "np": np}) == space


# ---- what was made of them


def test_lexsort_is_a_table_that_is_sorted() -> None:
    # (a * b).lexsort('-b', '+a'): y at 0, 0.5, 1, then x
    table = (a * b).to_dataframe().sort_values(["b", "a"], ascending=[False, True])
    expected = [(t, v) for t in "yx" for v in (0.0, 0.5, 1.0)]
    assert [(p["b"], p["a"]) for p in ek.Space.from_dataframe(table).points()] == expected
    # of a grid, which remains one:
    assert [(p["b"], p["a"]) for p in (b.isel(b=slice(None, None, -1)) * a).points()] == expected
    with pytest.raises(KeyError):
        (a * b).to_dataframe().sort_values("c")


def test_a_log_is_the_space_of_the_study(tmp_path) -> None:
    # Log(path) gave the points of a launch to run them again; several blanks in text became one, and NaN was no JSON.
    ragged = k * (a + ek.Space(b=["x  y", "é"]))

    def model(seed, a=0.0, b=""):
        return seed

    ek.Study(model, ragged, tmp_path)
    again = ek.open(tmp_path).space
    assert again == ragged
    assert points(again) == points(ragged)
    assert len(again) == 5


def test_a_file_pattern_has_typed_fields_also_at_its_end(tmp_path, monkeypatch) -> None:
    """There files were sorted as text, 1, 10, 2, and a field at the end of a pattern was empty."""
    # It was FilePattern('path', './r-{m}-{day:d}') there.
    for day in (1, 10, 2):
        np.save(tmp_path / f"r-a-{day}.npy", np.arange(day))
    monkeypatch.chdir(tmp_path)

    def load(path, m, day):
        return {"total": np.load(path).sum(), "name": f"{m}{day}"}

    study = ek.Study(load, ek.Space.from_paths("r-{m}-{day:d}.npy"), tmp_path / "study")
    study.run(False, n_workers=1)
    assert study.results["day"].values.tolist() == [1, 2, 10]
    assert study.results["total"].values.tolist() == [0, 1, 45]
    (tmp_path / "r-b-3").touch()
    assert next(ek.Space.from_paths("r-{m}-{day:d}").points()) == {"m": "b", "day": 3, "path": "r-b-3"}


def test_launch_args_are_a_dimension_of_the_one_study() -> None:
    # launch_args=List('seed', [1, 2, 3]) made a launcher and a directory for each.
    space = ek.Space(seed=[1, 2, 3]) * a
    assert space.sizes == {"seed": 3, "a": 3}
    assert a.repeat(3).sizes == {"a": 3, "repetition": 3}
    dataset = space.to_dataset()
    assert (dataset["seed"] * dataset["a"]).mean("seed").values.tolist() == [0.0, 1.0, 2.0]


def test_all_points_may_run_at_the_same_time() -> None:
    # Iterating over arguments gave groups, each of which could run at the same time; static ones were one group.
    assert points(a * b) == [
        dict(zip(("a", "b"), (v, t), strict=True)) for v in (0.0, 0.5, 1.0) for t in "xy"
    ]


def test_the_algebra_declares_families_of_anything() -> None:
    # List('eye', ['Left', 'Right']) * List('polarity', ['On', 'Off']) named the sheets of a model.
    sheets = ek.Space(eye=["Left", "Right"]) * ek.Space(polarity=["On", "Off"])
    assert ["".join(p.values()) for p in sheets.points()] == ["LeftOn", "LeftOff", "RightOn", "RightOff"]


# ---- text for people


def test_names_of_a_run_have_what_varies_in_the_order_of_the_space() -> None:
    # ',Zeta=1,alpha=True,dims=xy_or' was part of a directory's name there, floats cut to twelve digits.
    space = ek.Space(Zeta=1, alpha=[True, False], density=[24.0, 0.1 + 0.2])
    assert space.describe(1) == "Zeta=1, alpha=True, density=0.3"
    varying = [name for name, p in space.parameters.items() if p.dim]
    assert (
        ",".join(f"{n}={v}" for n, v in points(space)[1].items() if n in varying)
        == "alpha=True,density=0.30000000000000004"
    )


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ({"x": 1}, {"x": "1"}),
        ({"x": [0.1 + 0.2]}, {"x": [0.3]}),
        ({"a": "1,b=2"}, {"a": "1", "b": 2}),
        ({"x": "a" * 300}, {"x": "a" * 299 + "b"}),
        ({"x": "images/a.png"}, {"x": "images,a.png"}),
        ({"x": True}, {"x": 1}),
    ],
    ids=repr,
)
def test_two_settings_never_have_one_name(one, another) -> None:
    """There both had the same directory, so that the second run was aborted, or mixed with the first."""
    one, another = ek.Space(**one), ek.Space(**another)
    assert one != another
    assert one.labels(0) != another.labels(0)


def test_single_points_are_spaces() -> None:
    # run_batch('tiny.ty', cortex_density=3) ran one point.
    space = ek.Space(cortex_density=3)
    assert len(space) == 1
    assert space.dims == ()
    assert points(space) == [{"cortex_density": 3}]


def test_specified_parameters_are_told_from_defaults(tmp_path) -> None:
    # global_params_specified and global_params_all were pickled there.
    def tiny(cortex_density, retina_density=24.0, dims=("xy", "or")):
        return cortex_density * retina_density

    study = ek.Study(tiny, ek.Space(cortex_density=[3]), tmp_path)
    study.run(False, n_workers=1)
    assert list(study.space.parameters) == ["cortex_density"]
    assert study.provenance["defaults"] == {"retina_density": 24.0, "dims": ["xy", "or"]}


# ---- the loop to beat


def factors(integer):
    found, rest = [], integer
    for p in range(2, integer + 1):
        while rest % p == 0:
            found.append(p)
            rest //= p
    return {"n_factors": len(found), "smallest": found[0]}


def test_the_prime_quintuplet_needs_no_parsing_of_files(tmp_path) -> None:
    # Range('integer', 100, 115, steps=16, fp_precision=0), a launcher, FilePattern and FileInfo there
    study = ek.Study(factors, ek.Space(integer=range(100, 116)), tmp_path)
    study.run(False, n_workers=1)
    primes = study.results["integer"][study.results["n_factors"] == 1]
    assert primes.values.tolist() == [101, 103, 107, 109, 113]


def test_a_dynamic_search_of_limited_steps(tmp_path) -> None:
    # SimpleGradientDescent('x', max_steps=2): the first step was ±1 whatever stepsize said, so that 0.5 'converged' at 0.5.
    def parabola(x):
        return {"cost": (x - 3) ** 2}

    strategy = PatternSearch("cost", {"x": 0.0}, {"x": 0.5})
    study = ek.explore_adaptively(parabola, strategy, tmp_path, client=False, n_workers=1, max_points=4)
    assert study.results["x"].values.tolist() == [0.0, -0.5, 0.5, 1.0]


@pytest.mark.parametrize("missing", ["c", "A"])
def test_a_key_that_no_point_has_is_an_error(missing) -> None:
    # An unknown key was an exception of lexsort, and an unknown one of a filter matched nothing.
    with pytest.raises(SpaceError, match=f"no parameter '{missing}'"):
        (a * b).sel({missing: 1})
