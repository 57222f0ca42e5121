"""Parameters that are distributions, and the values that are drawn for them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.growing import grown
from explorekit.store.spaces import read_space, space_hash, write_space

METHODS = ["random", "lhs", "sobol", "halton", "saltelli"]
EXTENDED = ["random", "sobol", "halton", "saltelli", "morris"]


def mixed():
    return ek.Space(
        x=stats.uniform(0, 1),
        n=stats.randint(1, 10),
        kind=ek.categorical(["a", "b"], p=[0.3, 0.7]),
        tau=ek.param(stats.lognorm(0.5), units="ms", long_name="time constant"),
    )


def bounded():
    return ek.Space(x=stats.uniform(0, 1), y=stats.uniform(-1, 2), n=stats.randint(1, 10))


# ---- declaring


def test_distributions_are_kept_apart_from_parameters_with_values():
    space = mixed() * ek.Space(k=[1, 2])
    assert list(space.parameters) == ["k"]
    assert list(space.distributions) == ["x", "n", "kind", "tau"]
    assert space.dims == ("k",)
    assert space.distributions["tau"].attrs == {"units": "ms", "long_name": "time constant"}


def test_a_group_and_a_mapping_may_have_distributions():
    space = ek.Space({"neuron.tau": stats.uniform(5, 10), "dt": 0.1}).sample(3)
    assert space.parameters["neuron.tau"].dim == "sample"
    assert space.sizes == {"sample": 3}


@pytest.mark.parametrize("make", [lambda: stats.Normal(mu=1.0, sigma=2.0), lambda: stats.norm(1, 2)])
def test_both_kinds_of_distributions_of_scipy_are_taken(make):
    drawn = ek.Space(x=make()).sample(2000, "sobol").parameters["x"].values
    assert drawn.dtype == np.float64
    assert stats.kstest(drawn, stats.norm(1, 2).cdf).statistic < 0.005


@pytest.mark.parametrize(
    "discrete",
    [
        stats.randint(1, 10),
        stats.poisson(3),
        stats.rv_discrete(values=([1, 5], [0.5, 0.5])),
        stats.Binomial(n=5, p=0.3),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_integers_stay_integers(discrete, method):
    values = ek.Space(n=discrete).sample(20, method).parameters["n"].values
    assert values.dtype == np.int64


def test_a_histogram_and_discrete_values_that_are_no_integers_are_floats():
    histogram = stats.rv_histogram(np.histogram([0.0, 1.0, 1.0, 3.0]))
    halves = stats.rv_discrete(values=([0.5, 1.5], [0.5, 0.5]))
    drawn = ek.Space(h=histogram, v=halves).sample(50)
    assert drawn.parameters["h"].values.dtype == np.float64
    assert set(drawn.parameters["v"].values.tolist()) == {0.5, 1.5}


@pytest.mark.parametrize(
    "values", [["a", "bcd"], [True, False], [1, 2, 3], [0.1, 0.2], np.array(["2020", "2021"], "M8[ns]")]
)
def test_categories_stay_what_they_are(values):
    drawn = ek.Space(c=ek.categorical(values)).sample(200).parameters["c"].values
    assert drawn.dtype.kind == np.asarray(values).dtype.kind
    assert set(drawn.tolist()) == set(np.asarray(values).tolist())


class Euler:
    """A class to draw by its label."""


class Heun:
    """Another one."""


def test_categories_may_be_labels_of_objects():
    space = ek.Space(solver=ek.categorical({"euler": Euler, "heun": Heun}, p=[0.25, 0.75]))
    drawn = space.sample(8, "lhs")
    assert sorted(drawn.parameters["solver"].values.tolist()) == ["euler"] * 2 + ["heun"] * 6
    assert {point["solver"] for point in drawn.points()} == {Euler, Heun}
    assert eval(repr(space), {"ek": ek, "Euler": Euler, "Heun": Heun}) == space
    assert space != ek.Space(solver=ek.categorical(["euler", "heun"], p=[0.25, 0.75]))


def test_categories_occur_as_often_as_their_probabilities_say():
    drawn = ek.Space(c=ek.categorical(["a", "b", "c"], p=[0.5, 0.0, 0.5])).sample(1024, "sobol")
    values, counts = np.unique(drawn.parameters["c"].values, return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {"a": 512, "c": 512}


def test_equal_spaces_have_the_same_distributions():
    assert ek.Space(x=stats.uniform(0, 1)) == ek.Space(x=stats.uniform(loc=0, scale=1))
    assert ek.Space(x=stats.uniform(0, 1)) != ek.Space(x=stats.uniform(0, 2))
    assert ek.Space(x=stats.uniform(0, 1)) != ek.Space(y=stats.uniform(0, 1))
    assert ek.Space(x=stats.uniform(0, 1)) != ek.Space(x=0.5)
    assert ek.Space(x=ek.categorical([1, 2])) == ek.Space(x=ek.categorical([1, 2], p=[0.5, 0.5]))
    assert ek.Space(x=ek.categorical([1, 2])) != ek.Space(x=ek.categorical([1, 2], p=[0.4, 0.6]))
    assert ek.Space(x=ek.categorical([1, 2])) != ek.Space(x=stats.randint(1, 3))


@pytest.mark.parametrize(
    "space",
    [
        mixed() * ek.Space(k=[1, 2]).repeat(2),
        ek.Space({"a.b": stats.norm(loc=0.1, scale=1 / 3), "c": [1, 2]}),
        ek.Space(x=stats.Normal(mu=1 / 3, sigma=2.0), n=stats.Binomial(n=5, p=0.3)),
        ek.Space(x=ek.param(stats.beta(2, b=3), dtype="float32", bounds=(0, 1), note="first")),
        ek.Space(t=ek.categorical(np.array(["2020", "2021"], "M8[ns]")), b=ek.categorical([True, False])),
    ],
)
def test_the_repr_evaluates_to_the_same_space(space):
    assert eval(repr(space), {"ek": ek, "np": np, "stats": stats}) == space


def test_the_repr_says_what_is_to_be_drawn():
    assert repr(ek.Space(k=[1, 2], x=stats.uniform(0, 1))) == "ek.Space(k=[1, 2], x=stats.uniform(0, 1))"
    assert "k (2) × sample (?)" in repr(mixed() * ek.Space(k=[1, 2]))
    assert "randint(1, 10)" in mixed()._repr_html_()


def test_what_is_declared_of_values_holds_for_draws():
    declared = ek.param(stats.norm(), bounds=(-1, None), units="mV", dtype="float32")
    space = ek.Space(x=declared)
    assert space.distributions["x"].attrs == {"units": "mV", "valid_min": -1.0}
    assert space.sample(1).parameters["x"].values.dtype == np.float32
    with pytest.raises(SpaceError, match=r"'x' has the value -.*expected -1 ≤ x"):
        space.sample(100)
    with pytest.raises(SpaceError, match="'c'"):
        ek.Space(c=ek.param(ek.categorical(["a", "b"]), allowed=["a"])).sample(10)


# ---- combining


def test_products_repetitions_and_selections_carry_distributions_along():
    left, right = ek.Space(x=stats.uniform(), a=[1, 2]), ek.Space(y=stats.norm(), b=[3, 4, 5])
    both = (left * right).repeat(2).isel(b=slice(0, 2)).sel(a=1)
    assert list(both.distributions) == ["x", "y"]
    assert both.sample(4).sizes == {"b": 2, "sample": 4, "repetition": 2}
    assert both == both * ek.Space()


def test_a_pairing_carries_distributions_along_where_it_makes_sense():
    both = ek.Space(x=stats.uniform()) @ ek.Space(y=stats.norm(), c=1)
    assert both.sample(3).sizes == {"sample": 3}
    assert (ek.Space(a=[1, 2], x=stats.uniform()) @ ek.Space(b=[3, 4])).sample(5).sizes == {
        "a": 2,
        "sample": 5,
    }
    with pytest.raises(SpaceError, match="fresh=True"):
        ek.Space(a=[1, 2]) @ ek.Space(x=stats.uniform())


def test_sampled_spaces_pair():
    both = ek.Space(x=stats.uniform()).sample(4) @ ek.Space(y=stats.uniform()).sample(4)
    assert both == ek.Space(x=stats.uniform(), y=stats.uniform()).sample(4)


def test_draws_are_the_same_at_every_point_of_a_grid():
    space = (ek.Space(x=stats.norm()) * ek.Space(a=[1, 2, 3])).sample(4)
    assert space.sizes == {"a": 3, "sample": 4}
    assert space.isel(a=0).parameters["x"].equals(ek.Space(x=stats.norm()).sample(4).parameters["x"])


@pytest.mark.parametrize("method", ["random", "lhs", "sobol", "halton"])
def test_fresh_draws_differ_at_every_point_of_a_grid(method):
    space = ek.Space(x=stats.norm(), y=stats.uniform(), a=[1, 2, 3], b=["u", "v"], c=0.5).repeat(2)
    drawn = space.sample(8, method, fresh=True)
    assert drawn.sizes == {"sample": 48, "repetition": 2}
    assert np.unique(drawn.parameters["x"].values).size == 48
    pairs = list(
        zip(drawn.parameters["a"].values.tolist(), drawn.parameters["b"].values.tolist(), strict=True)
    )
    assert pairs[:6] == [(1, "u"), (1, "v"), (2, "u"), (2, "v"), (3, "u"), (3, "v")]
    assert {pair: pairs.count(pair) for pair in pairs} == dict.fromkeys(pairs[:6], 8)


def test_fresh_draws_of_a_hypercube_are_spread_at_every_point():
    drawn = ek.Space(x=stats.uniform(), a=[1, 2, 3]).sample(10, "lhs", fresh=True)
    for a in (1, 2, 3):
        values = drawn.parameters["x"].values[drawn.parameters["a"].values == a]
        assert sorted((values * 10).astype(int).tolist()) == list(range(10))


# ---- the same points


@pytest.mark.parametrize("method", EXTENDED)
@given(n=st.integers(1, 40), more=st.integers(0, 40), seed=st.integers(0, 2**64))
@settings(deadline=None, max_examples=15)
def test_a_longer_sequence_begins_with_the_shorter_one(method, n, more, seed):
    space = bounded()
    short, long = space.sample(n, method, seed=seed), space.sample(n + more, method, seed=seed)
    assert long.isel(sample=slice(0, len(short))) == short


@pytest.mark.parametrize("method", ["random", "sobol", "halton"])
def test_a_longer_sequence_of_fresh_draws_begins_with_the_shorter_one(method):
    space = mixed() * ek.Space(k=[1, 2, 3])
    short, long = space.sample(5, method, fresh=True), space.sample(9, method, fresh=True)
    assert long.isel(sample=slice(0, 15)) == short


def test_the_stream_of_a_parameter_is_its_own():
    alone = ek.Space(y=stats.uniform()).sample(5, seed=3).parameters["y"]
    beside = ek.Space(x=stats.norm(), y=stats.uniform(), k=[1, 2]).sample(9, seed=3).parameters["y"]
    assert alone.equals(beside.take(slice(0, 5)))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("random", [0.692013839654812, 0.9393265038832264]),
        ("lhs", [0.9827928383694782, 0.3430321799892616]),
        ("sobol", [0.020755901467055082, 0.738129302393645]),
        ("halton", [0.5780987128279863, 0.0780987128279863]),
        ("saltelli", [0.09887197008356452, 0.4258437682874501]),
    ],
)
def test_a_seed_gives_the_same_points_everywhere(method, expected):
    space = ek.Space(x=stats.uniform(0, 1), y=stats.uniform(0, 1)).sample(2, method, seed=1)
    assert space.parameters["x"].values[:2].tolist() == expected


@pytest.mark.parametrize("method", METHODS)
def test_a_million_draws_are_no_million_objects(method):
    mixed().sample(2, method)
    before = sys.getallocatedblocks()
    space = mixed().sample(200_000 if method == "saltelli" else 1_000_000, method)
    assert len(space) >= 1_000_000
    assert sys.getallocatedblocks() - before < 100_000  # of which other threads may have made some


def test_seeds_differ():
    space = mixed()
    assert space.sample(4, seed=1) != space.sample(4, seed=2)


@pytest.mark.parametrize("n", [1, 3, 100])
def test_a_sobol_sequence_of_any_length_is_silent(n):
    assert len(mixed().sample(n, "sobol")) == n  # a warning would be an error


def test_sobol_points_are_balanced():
    values = ek.Space(x=stats.uniform()).sample(16, "sobol", seed=5).parameters["x"].values
    assert sorted((values * 16).astype(int).tolist()) == list(range(16))


# ---- one parameter alone


def test_draws_of_one_parameter_may_be_the_same(tmp_path):
    space = ek.Space(n=stats.randint(0, 2)).sample(6)
    values = space.parameters["n"].values
    before = [values[:i].tolist().count(value) for i, value in enumerate(values.tolist())]
    assert space.axes["sample"].occurrence.tolist() == before
    write_space(tmp_path / "space.nc", space)
    assert read_space(tmp_path / "space.nc") == space
    assert space_hash(space) == space_hash(read_space(tmp_path / "space.nc"))


def test_a_space_grows_by_draws_that_were_there_before():
    lone = ek.Space(n=stats.randint(0, 2))
    assert grown(lone.sample(5), lone.sample(9), {}) == lone.sample(9)


# ---- bad input


@pytest.mark.parametrize(
    ("sampled", "words"),
    [
        (lambda: mixed().sample(), "no n"),
        (lambda: mixed().sample(0), "n=0"),
        (lambda: mixed().sample(-3), "n=-3"),
        (lambda: mixed().sample(2.5), r"n=2\.5"),
        (lambda: mixed().sample(True), "n=True"),
        (lambda: mixed().sample(3, seed=-1), "seed=-1"),
        (lambda: mixed().sample(3, seed=None), "seed=None"),
        (lambda: mixed().sample(3, "sobl"), "mean 'sobol'"),
        (lambda: ek.Space(a=[1, 2]).sample(3), "without distributions .*'a'"),
        (lambda: (mixed() * ek.Space(z=stats.norm()).sample(2)).sample(3), "'z' lies already"),
        (lambda: (mixed() * ek.Space(k=[1, 2])).sample(3, "saltelli", fresh=True), "fresh=True"),
        (lambda: ek.Space(x=stats.norm()).sample(3, "morris"), r"'x' \(norm\(\)\) is -?inf at the quantile"),
        (lambda: bounded().sample(2**30 + 1, "sobol"), "2.30 points at most"),
    ],
)
def test_what_cannot_be_sampled_is_an_error_that_says_so(sampled, words):
    with pytest.raises(SpaceError, match=words):
        sampled()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (stats.beta, r"beta\(a, b, loc"),
        (stats.Normal, "class Normal"),
        (stats.multivariate_normal([0, 0]), "multivariate"),
        (stats.norm(scale=-1), r"norm\(scale=-1\) has no quantiles"),
        (stats.norm([0, 1]), r"shape \(2,\)"),
        (ek.categorical(["a", "b"], p=[0.5, 0.6]), r"0\.5, 0\.6 sum to 1\.1, not to 1"),
        (ek.categorical(["a", "b"], p=[1.5, -0.5]), r"'b' has the probability -0\.5"),
        (ek.categorical(["a", "b"], p=[np.nan, 1.0]), "'a' has the probability nan"),
        (ek.categorical(["a", "b"], p=[1.0]), "1 probabilities for 2"),
        (ek.categorical(["a", "b"], p=["x", "y"]), "one number for each"),
        (ek.categorical(["a", "a"]), "some are the same"),
        (ek.categorical([]), "no values"),
        (ek.categorical({1: Euler}), "label 1"),
        (ek.param(ek.categorical(["a", "b"]), objects={"a": Euler}), "'b' has no object"),
        (ek.param(stats.norm(), objects={"a": Euler}), "expected labels"),
        (ek.categorical([1, "a"]), "mixed types"),
        (ek.param(stats.norm(), dim="other"), "Leave out dim"),
        (ek.param(stats.norm(), units=None, meaning={"a": 1}), "'meaning'"),
    ],
)
def test_what_is_no_distribution_of_one_parameter_is_an_error_that_says_so(given, words):
    with pytest.raises(SpaceError, match=words):
        ek.Space(x=given)


def test_a_name_is_used_once_by_values_or_a_distribution():
    with pytest.raises(SpaceError, match="'x'"):
        ek.Space(x=stats.norm()) * ek.Space(x=[1, 2])
    with pytest.raises(SpaceError, match="given twice"):
        ek.Space({"x": [1, 2]}, x=stats.norm())
    with pytest.raises(SpaceError, match="reserved"):
        ek.Space(sample=stats.norm())
    with pytest.raises(SpaceError, match="group"):
        ek.Space({"a.b": stats.norm(), "a": 1})


@pytest.mark.parametrize(
    "used",
    [
        len,
        lambda space: next(space.points()),
        lambda space: space.coords,
        lambda space: space.labels(0),
        lambda space: space.sel(x=0.5),
    ],
)
def test_using_points_before_they_are_drawn_is_an_error_that_says_how_to_draw_them(used):
    with pytest.raises(SpaceError, match=r"'x' is the distribution uniform\(0, 1\).*space\.sample\(n\)"):
        used(mixed())


def test_a_study_of_distributions_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(SpaceError, match=r"space\.sample\(n\)"):
        ek.Study(lambda x, n, kind, tau: x, mixed(), tmp_path / "study")
    assert not (tmp_path / "study").exists()
    with pytest.raises(SpaceError, match=r"space\.sample\(n\)"):
        write_space(tmp_path / "space.nc", mixed())


def test_spaces_without_distributions_need_no_scipy():
    code = "import explorekit as ek, sys; len(ek.Space(a=[1, 2])); print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
