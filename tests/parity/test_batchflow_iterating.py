"""What iterating over a domain of batchflow gave, with its numbers of items and repetitions, here; results are labelled, so that
their order is free."""

import itertools

import numpy as np
import pytest
from scipy import stats

import explorekit as ek
from explorekit.errors import SimulationError, SpaceError

A = ek.Space(a=[1, 2])
B = ek.Space(b=[3, 4])


def normal(loc=0.0):
    return ek.Space(s=stats.norm(loc))


def points(space):
    return list(space.points())


def pairs(space):
    return [tuple(point.values()) for point in space.points()]


# ---- repetitions


def test_n_reps_with_repeat_each_1_has_the_repetitions_of_a_point_side_by_side() -> None:
    # Domain(a=[1, 2, 3]), n_reps=2, repeat_each=1: 1r0 1r1 2r0 2r1 3r0 3r1
    assert pairs(ek.Space(a=[1, 2, 3]).repeat(2)) == [(a, r) for a in (1, 2, 3) for r in (0, 1)]


def test_n_reps_without_repeat_each_runs_all_points_and_then_all_again(tmp_path) -> None:
    # 1 2 3 (rep 0) 1 2 3 (rep 1): an order in which to run, and no other space.
    def model(a, repetition):
        return 10 * a + repetition

    study = ek.Study(model, ek.Space(a=[1, 2, 3]).repeat(2), tmp_path)
    done = []
    for repetition in (0, 1):
        study.run(False, n_workers=1, where={"repetition": repetition})
        done.append(study.runs["status"].values.tolist())
    assert done == [[[1, 0]] * 3, [[1, 1]] * 3]
    assert study.results["model"].values.tolist() == [[10, 11], [20, 21], [30, 31]]


def test_blocks_of_repetitions_give_no_more_points_than_there_are(tmp_path) -> None:
    """There three points, taken five times, with two repetitions in blocks of two, were twelve configs, and ten by their size."""
    space = ek.Space(a=[1, 2, 3]).repeat(2)
    blocks = [space.isel(a=slice(0, 2)), space.isel(a=slice(2, 3))]
    assert [len(block) for block in blocks] == [4, 2]
    assert len(space) == 6


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_grid_beside_a_sampler_is_repeated_with_the_same_draws(n) -> None:
    # t_repetitions_order: a 2 × 2 grid and a sampler, one, two or three repetitions
    space = (A * B * normal()).sample(1, seed=3, fresh=True).repeat(n)
    assert len(space) == 4 * n
    rows = points(space)
    assert [row["repetition"] for row in rows] == list(range(n)) * 4
    assert len({row["s"] for row in rows}) == 4


def test_pairs_are_repeated() -> None:
    # t_research_with_controller: two parameters paired, two repetitions, four rows
    assert pairs((A @ B).repeat(2)) == [(1, 3, 0), (1, 3, 1), (2, 4, 0), (2, 4, 1)]


@pytest.mark.parametrize(("n", "length"), [(3, (6, 9, 3)), (4, (7, 12, None))])
@pytest.mark.parametrize("reps", [1, 2])
def test_lengths_of_sums_products_and_pairs_times_repetitions(n, length, reps) -> None:
    # t_operations: three or four values beside three
    a, b = ek.Space(a=range(n)), ek.Space(b=range(3))
    assert (len((a + b).repeat(reps)), len((a * b).repeat(reps))) == (length[0] * reps, length[1] * reps)
    if length[2]:
        assert len((a @ b).repeat(reps)) == length[2] * reps
    else:
        with pytest.raises(SpaceError, match="same length"):
            a @ b


def test_additional_keys_reach_those_that_ask_for_them_only(tmp_path) -> None:
    # Every config had 'repetition' and 'updates', unless additional=False.
    def plain(a):
        return a

    def asks(a, repetition):
        return a + repetition

    for model in (plain, asks):
        study = ek.Study(model, A.repeat(2), tmp_path / model.__name__)
        assert study.space.sizes == {"a": 2, "repetition": 2}


# ---- numbers of items


def test_fewer_items_than_points_are_a_part() -> None:
    # A * B with n_items=3
    first = ek.Space.from_dataframe((A * B).to_dataframe().head(3))
    assert pairs(first) == [(1, 3), (1, 4), (2, 3)]
    assert points((A * B).isel(a=0)) == [{"a": 1, "b": 3}, {"a": 1, "b": 4}]


def test_more_items_than_points_are_repetitions() -> None:
    """There A with n_items=3 was 1 2 1, all of them repetition 0, which nothing told apart."""
    assert pairs(A.repeat(2)) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert [p["a"] for p in points((A + A).isel(point=slice(0, 3)))] == [1, 2, 1]


def test_no_items_are_an_error_and_not_all() -> None:
    # n_items=0 was 'all'.
    with pytest.raises(SpaceError, match="n=0"):
        normal().sample(0)
    with pytest.raises(SpaceError, match="no value"):
        A.isel(a=slice(0, 0))


def test_an_empty_option_is_an_error() -> None:
    """There Domain(a=[]) had no points, and hung when it was asked for two."""
    with pytest.raises(SpaceError, match="'a' has no values"):
        ek.Space(a=[])


def test_a_space_is_gone_through_again_and_again() -> None:
    """There an iterator was exhausted until it was reset, and a loop over a domain gave something else."""
    space = A * B
    assert points(space) == points(space)
    assert len(list(itertools.islice(space.points(), 3))) == 3
    assert len(points(space)) == 4


def test_enumerating_takes_no_copies_of_values() -> None:
    """There each config copied every value four times, and a product was made as a list at the first one."""
    large = ek.Space(a=range(10**5), b=range(10**4))
    assert next(large.points()) == {"a": 0, "b": 0}
    weights = np.zeros(10**6)
    labelled = ek.Space(w={"zeros": weights}, a=[1, 2])
    assert all(point["w"] is weights for point in labelled.points())


def test_pairs_of_three_thousand_values_are_no_three_thousand_spaces() -> None:
    space = ek.Space(a=range(3000)) @ ek.Space(b=range(3000))
    assert space.sizes == {"a": 3000}
    assert pairs(space)[::1000] == [(0, 0), (1000, 1000), (2000, 2000)]


def test_an_id_prefix_is_the_position_along_each_dimension() -> None:
    # Domain(x=[10, 20], y=['p', 'q']) with create_id_prefix=2: 00_00_00_ 00_01_00_ 01_00_00_ 01_01_00_
    space = ek.Space(x=[10, 20], y=["p", "q"]).repeat(1)
    codes = np.stack(list(space.unravel(np.arange(4)).values()), axis=1)
    assert ["_".join(f"{code:02d}" for code in row) for row in codes] == [
        "00_00_00",
        "00_01_00",
        "01_00_00",
        "01_01_00",
    ]
    paired = A @ B
    assert {dim: at.tolist() for dim, at in paired.unravel(np.arange(2)).items()} == {"a": [0, 1]}


# ---- weights


def test_weighted_lists_are_added_and_run_in_any_order() -> None:
    """There 0.3 * A + 0.2 * B + 0.5 * C gave each of its six configs once, in an order that was drawn by the weights."""
    space = A + B + ek.Space(c=[5, 6])
    assert [next(iter(point.items())) for point in space.points()] == [
        ("a", 1),
        ("a", 2),
        ("b", 3),
        ("b", 4),
        ("c", 5),
        ("c", 6),
    ]
    with pytest.raises(SpaceError, match=r"weight 0\.3 of a space without distributions.*categorical"):
        0.3 * A


def test_weighted_lists_are_drawn_by_their_weights_as_categories() -> None:
    mixture = (
        0.3 * ek.Space(a=ek.categorical([1, 2]))
        + 0.2 * ek.Space(b=ek.categorical([3, 4]))
        + 0.5 * ek.Space(c=ek.categorical([5, 6]))
    )
    drawn = [next(iter(point.items())) for point in mixture.sample(1024, "sobol", seed=0).points()]
    assert set(drawn) == {("a", 1), ("a", 2), ("b", 3), ("b", 4), ("c", 5), ("c", 6)}
    shares = [sum(name == n for name, _ in drawn) / 1024 for n in "abc"]
    np.testing.assert_allclose(shares, [0.3, 0.2, 0.5], atol=0.002)


def test_weighted_passes_over_lists_are_repetitions() -> None:
    # .5 * A + .5 * B, n_items=12, seed=42: three passes, each of which had all four; p0 + 1.2 * p1 + … the same with six.
    space = (A + B).repeat(3)
    rows = [tuple(point.items()) for point in space.points()]
    assert len(rows) == len(set(rows)) == 12


def test_sums_of_lists_and_weighted_samplers() -> None:
    # t_weights: 1 * a[1, 2] + 1 * b[3, 4] + a[5, 6] + 0.3 * N(0, 1) + 0.7 * N(10, 1), eight items, two repetitions
    drawn = (0.3 * normal() + 0.7 * normal(10.0)).sample(2, seed=41)
    space = (A + B + ek.Space(a=[5, 6]) + drawn).repeat(2)
    rows = points(space)
    assert len(rows) == 16
    assert rows[0] == {"a": 1, "repetition": 0}
    assert [row.get("a", row.get("b")) for row in rows[:12:2]] == [1, 2, 3, 4, 5, 6]
    assert [set(row) for row in rows[12:]] == [{"s", "repetition"}] * 4
    assert rows[12]["s"] == rows[13]["s"]


def test_a_weighted_sampler_times_a_list_has_the_list_as_categories() -> None:
    # (.5 * Option('s', NS('u'))) * A + .5 * Option('b', [7]), n_items=6, seed=3
    uniform = ek.Space(s=stats.uniform(), a=ek.categorical([1, 2]))
    space = (0.5 * uniform + 0.5 * ek.Space(b=ek.categorical([7]))).sample(64, "sobol", seed=3)
    rows = points(space)
    assert sum(row == {"b": 7} for row in rows) == 32
    assert {row["a"] for row in rows if "a" in row} == {1, 2}
    with pytest.raises(SpaceError, match=r"with the dimension 'a'.*categorical"):
        0.5 * (ek.Space(s=stats.uniform()) * A)


def test_weights_of_a_product_are_those_of_the_product_s_parts() -> None:
    """There (2. * A) * (3. * B) had the weight 6; here a weight belongs to a summand, and multiplies with a number only."""
    mixture = 2.0 * (3.0 * (normal() * ek.Space(t=stats.uniform())))
    assert [weight for weight, _ in mixture.components] == [6.0]
    with pytest.raises(SpaceError, match="weight"):
        (2.0 * normal()) * (3.0 * ek.Space(t=stats.uniform()))


def test_weights_are_numbers_of_numpy_too() -> None:
    # np.int64 was a TypeError.
    assert [weight for weight, _ in (np.int64(2) * normal()).components] == [2]


def test_a_weight_of_zero_is_an_error_at_once() -> None:
    # 0 * A + 1 * B had probabilities that were NaN once B was exhausted.
    with pytest.raises(SpaceError, match=r"weight 0\.0"):
        0.0 * normal()


# ---- values


def test_a_sampler_is_paired_with_nothing() -> None:
    # N @ A: 'The numbers of domain cubes must conincide.'
    with pytest.raises(SpaceError, match="of 's' none have been drawn"):
        normal() @ A
    assert pairs(normal().sample(2, seed=1) @ A)[0][1] == 1


def test_numpy_s_numbers_are_python_s_at_each_point_and_exact() -> None:
    # Domain(a=np.linspace(0, 1, 3)) gave np.float64; a frame gave text.
    values = [point["a"] for point in ek.Space(a=np.linspace(0, 1, 3)).points()]
    assert values == [0.0, 0.5, 1.0]
    assert {type(value) for value in values} == {float}
    assert ek.Space(a=np.linspace(0, 1, 3)).to_dataframe()["a"].dtype == np.float64


def test_a_shifted_scaled_truncated_or_transformed_sampler_is_arithmetic_of_scipy() -> None:
    # + - * / ** of samplers, .truncate(high, low) and .apply(np.exp)
    space = ek.Space(
        shifted=stats.Normal() * 2.0 + 10.0,
        truncated=stats.truncate(stats.Normal(), -1.0, 0.5),
        applied=stats.exp(stats.Normal()),
        inverse=1.0 / stats.exp(stats.Normal()),
    ).sample(256, "sobol", seed=1)
    drawn = {name: p.values for name, p in space.parameters.items()}
    assert drawn["shifted"].mean() == pytest.approx(10, abs=0.1)
    assert -1 <= drawn["truncated"].min() < drawn["truncated"].max() <= 0.5
    for name in ("applied", "inverse"):
        assert np.log(drawn[name]).mean() == pytest.approx(0, abs=0.05)


def test_a_histogram_is_a_sampler() -> None:
    # HistoSampler
    counts = np.array([1, 0, 3]), np.array([0.0, 1.0, 2.0, 3.0])
    drawn = ek.Space(s=stats.rv_histogram(counts, density=False)).sample(64, "sobol").parameters["s"].values
    assert not np.any((drawn > 1) & (drawn < 2))
    assert (drawn > 2).mean() == 0.75


def test_a_constant_sampler_is_a_fixed_parameter() -> None:
    space = (normal() * ek.Space(c=3)).sample(4)
    assert space.parameters["c"].dim is None
    assert {point["c"] for point in space.points()} == {3}


def test_seeds_are_numbers_and_each_gives_its_own_draws() -> None:
    # False, None and True all meant that draws were fresh.
    drawn = [normal().sample(3, seed=seed).parameters["s"].values.tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    for seed in (None, True, False):
        with pytest.raises(SpaceError, match="seed"):
            normal().sample(3, seed=seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["args", "kwargs", "when", "save_to", "dump", "root", "src", "mode", "iteration"]
)
def test_names_of_arguments_that_were_taken_are_free(tmp_path, name) -> None:
    scope: dict[str, object] = {}
    exec(f"def model({name}):\n    return {{'y': {name}}}", scope)  # a function whose argument has that name
    assert ek.Study(scope["model"], ek.Space({name: [1]}), tmp_path).space.dims == (name,)  # type: ignore[arg-type]


def test_a_key_that_the_config_lacks_is_an_error_before_anything_runs(tmp_path) -> None:
    """There every config failed, and the research succeeded, with an empty frame."""

    def model(a, y):
        return a * y

    with pytest.raises(SimulationError, match="needs 'y', which the space does not give"):
        ek.Study(model, A, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_configs_of_a_domain_and_of_branches_are_a_product_with_fixed_values(tmp_path) -> None:
    # Configs x=10, 20; of branches y=20, 30; of all z=5: f got (10, 20, 5) and (20, 30, 5).
    space = ek.Space(x=[10, 20]) @ ek.Space(y=[20, 30]) * ek.Space(z=5)
    assert pairs(space) == [(10, 20, 5), (20, 30, 5)]


def test_folds_of_a_cross_validation_are_a_parameter() -> None:
    # It was Option('fold', range(5)) there.
    assert (ek.Space(fold=range(5)) * A).sizes == {"fold": 5, "a": 2}


# ---- filters


def grid(tmp_path):
    def model(x, y, repetition):
        return {"z": 10 * x + y + 100 * repetition}

    study = ek.Study(model, ek.Space(x=[1, 2], y=[1, 2, 3]).repeat(2), tmp_path)
    study.run(False, n_workers=1)
    return study


def test_filters_by_config_label_and_domain_keep_all_repetitions(tmp_path) -> None:
    """There a domain kept repetition 0 alone, domains that overlap gave rows twice, and numbers had become text."""
    study = grid(tmp_path)
    results = study.results["z"]
    assert results.sel(y=2).values.tolist() == [[12, 112], [22, 122]]
    assert results.sel(ek.Space(y=[2, 3]).coords).sizes == {"x": 2, "y": 2, "repetition": 2}
    found = study.space.find(lambda p: p.x == 1 or p.y == 3)  # overlapping conditions
    assert results.sel(found.coords).sizes == {"point": 4, "repetition": 2}
    frame = study.results.to_dataframe().reset_index()
    assert frame.dtypes[["x", "y", "z"]].tolist() == [np.int64] * 3
    assert (frame["z"] == 10 * frame["x"] + frame["y"] + 100 * frame["repetition"]).all()


def test_a_filter_by_what_is_not_there_is_an_error() -> None:
    # An unknown key or value gave an empty frame.
    with pytest.raises(SpaceError, match="no parameter 'z'"):
        A.sel(z=1)
    with pytest.raises(SpaceError, match=r"'a'.*3"):
        A.sel(a=3)
