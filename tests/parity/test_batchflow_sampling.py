"""What samplers of batchflow, and random arguments elsewhere, could do; each test is named for what it was called there."""

from itertools import islice

import numpy as np
import pytest
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError


def normal():
    return ek.Space(s=stats.norm())


def drawn(space, name="s"):
    return space.parameters[name].values.tolist()


def test_a_sampler_as_a_value_is_a_frozen_distribution() -> None:
    # NumpySampler('n', loc=-10), ('u'), ('e', scale=2), ('p', lam=3): the name of the distribution and its arguments.
    space = ek.Space(
        n=stats.norm(loc=-10), u=stats.uniform(), e=stats.expon(scale=2), p=stats.poisson(3)
    ).sample(4096, "sobol")
    means = [np.mean(space.parameters[name].values) for name in "nuep"]
    np.testing.assert_allclose(means, [-10, 0.5, 2, 3], rtol=0.01)
    assert space.parameters["p"].values.dtype == np.int64


def test_truncate_is_a_truncated_distribution() -> None:
    values = ek.Space(s=stats.truncnorm(-1, 0.5)).sample(1000).parameters["s"].values
    assert -1 <= values.min() < values.max() <= 0.5


def test_a_sampler_and_a_list_draw_afresh_for_each_value_in_order() -> None:
    # Option('s', NS('n')) * Option('a', [1, 2, 3]), and the other way round: three configs with three draws.
    for space in (normal() * ek.Space(a=[1, 2, 3]), ek.Space(a=[1, 2, 3]) * normal()):
        fresh = space.sample(1, fresh=True)
        assert [point["a"] for point in fresh.points()] == [1, 2, 3]
        assert len(set(drawn(fresh))) == 3
    assert len(fresh) == 3


def test_a_sampler_and_a_list_may_have_the_same_draws_for_each_value() -> None:
    space = (normal() * ek.Space(a=[1, 2, 3])).sample(2)
    assert len(space) == 6
    assert [point["s"] for point in space.points()] == drawn(normal().sample(2)) * 3


def test_a_sampler_alone_has_no_length_until_one_says_how_many() -> None:
    # There, len() was 1, .len and .size None, and a study of it failed with an AttributeError.
    with pytest.raises(SpaceError, match=r"space\.sample\(n\)"):
        len(normal())
    with pytest.raises(SpaceError, match="no n"):
        normal().sample()


def test_a_sampler_alone_is_cut_where_one_likes_and_goes_on_where_it_was_cut() -> None:
    first, more = drawn(normal().sample(5, seed=42)), drawn(normal().sample(9, seed=42))
    assert more[:5] == first


def test_a_sampler_alone_is_endless() -> None:
    # Option('s', NS('n')).iterator went on for ever; a study of it failed with an AttributeError.
    endless = [point["s"] for point in islice(normal().stream(seed=42), 1000)]
    assert endless == drawn(normal().sample(1000, seed=42))


def test_an_endless_domain_is_repeated_in_blocks() -> None:
    # N with n_reps=2 and repeat_each=2: two values, the same two as repetition 1, and then two others; by default blocks of 100.
    values = drawn(normal().sample(200, seed=42))
    for each in (2, 100):
        points = islice(normal().repeat(2).stream(seed=42, each=each), 4 * each)
        first, then = values[:each], values[each : 2 * each]
        told = [(point["s"], point["repetition"]) for point in points]
        assert told == [(s, r) for block in (first, then) for r in (0, 1) for s in block]


def test_an_endless_mixture_begins_as_its_samples() -> None:
    mixture = 0.3 * normal() + 0.7 * ek.Space(t=stats.uniform())
    assert list(islice(mixture.stream(seed=1), 50)) == list(mixture.sample(50, seed=1).points())


def test_an_unrelated_finite_option_leaves_the_sampled_values_alone() -> None:
    # There, A + N with the seed 42 gave other values than N alone.
    alone = drawn(normal().sample(3, seed=42))
    assert drawn((ek.Space(a=[1, 2]) * normal()).sample(3, seed=42)) == alone
    assert drawn((normal() * ek.Space(z=stats.uniform())).sample(3, seed=42)) == alone


def test_repetitions_reuse_the_sampled_values() -> None:
    # N with n_items=3 and n_reps=2: three values, and the same three again.
    space = normal().repeat(2).sample(3, seed=42)
    assert len(space) == 6
    assert space == normal().sample(3, seed=42).repeat(2)
    rows = [(point["repetition"], point["s"]) for point in space.points()]
    for repetition in (0, 1):
        assert [s for r, s in rows if r == repetition] == drawn(normal().sample(3, seed=42))


def test_a_shifted_sampler_is_reproducible() -> None:
    # There, NS('n') + 3 gave 2.3298, 2.646, 3.2854, and at the next call with the same seed other values.
    shifted = ek.Space(s=stats.norm(loc=3))
    assert drawn(shifted.sample(3, seed=1)) == drawn(shifted.sample(3, seed=1))
    np.testing.assert_allclose(drawn(shifted.sample(3, seed=1)), np.add(drawn(normal().sample(3, seed=1)), 3))


def test_a_sampler_of_two_coordinates_is_refused() -> None:
    # There, the second coordinate was dropped without a word.
    with pytest.raises(SpaceError, match="multivariate"):
        ek.Space(s=stats.multivariate_normal([0, 0]))


def test_a_choice_of_values_gives_these_values() -> None:
    # NS('choice', a=['x', 'y', 'z']) gave np.str_.
    space = ek.Space(s=ek.categorical(["x", "y", "z"])).sample(30)
    assert {type(point["s"]) for point in space.points()} == {str}
    assert set(drawn(space)) == {"x", "y", "z"}


def test_a_mixture_of_samplers_for_one_name_is_a_mixture_distribution() -> None:
    mixture = stats.Mixture([stats.Normal(mu=-10.0), stats.Normal(mu=10.0)], weights=[0.25, 0.75])
    values = ek.Space(s=mixture).sample(256, "sobol").parameters["s"].values
    assert (values < 0).mean() == pytest.approx(0.25, abs=0.01)


def test_weighted_samplers_are_drawn_by_their_weights() -> None:
    # 0.3 * Option('p1', NS('n', loc=-10)) + 0.2 * Option('p2', NS('u')) + 0.5 * Option('p3', NS('n', loc=10)), n_items=10, seed=0
    mixture = (
        0.3 * ek.Space(p1=stats.norm(-10))
        + 0.2 * ek.Space(p2=stats.uniform())
        + 0.5 * ek.Space(p3=stats.norm(10))
    )
    points = list(mixture.sample(1024, "sobol").points())
    assert all(len(point) == 1 for point in points)
    names = [name for point in points for name in point]
    np.testing.assert_allclose([names.count(f"p{i}") / 1024 for i in (1, 2, 3)], [0.3, 0.2, 0.5], atol=0.002)
    assert list(mixture.sample(10, seed=0).points()) == list(mixture.sample(20, seed=0).points())[:10]


def test_a_weight_makes_another_object() -> None:
    # There, 2. * d changed d, and was d.
    space = normal()
    assert [weight for weight, _ in (2.0 * space).components] == [2.0]
    assert [weight for weight, _ in (2.0 * space).components] == [2.0]
    assert space == normal()


def test_weights_of_a_sum_multiply() -> None:
    # 2. * (A + 3. * B) had the weights 2 and 6.
    mixture = 2.0 * (1.0 * normal() + 3.0 * ek.Space(t=stats.uniform()))
    assert [weight for weight, _ in mixture.components] == [2.0, 6.0]


def test_a_negative_weight_is_refused_at_once() -> None:
    # There, when the domain was iterated: "Probabilities are not non-negative".
    with pytest.raises(SpaceError, match=r"weight -1\.0"):
        -1.0 * normal() + 2.0 * normal()


def test_the_repr_names_the_distribution_and_no_address() -> None:
    assert repr(normal() * ek.Space(a=[1, 2])) == "ek.Space(a=[1, 2], s=stats.norm())"


def test_spaces_of_equal_samplers_are_equal() -> None:
    assert normal() == normal()
    assert normal() != ek.Space(s=stats.norm(loc=1))


@pytest.mark.parametrize("method", ["random", "lhs", "sobol", "halton"])
def test_points_that_form_no_grid_are_sampled(method: str) -> None:
    # Neither pypet nor Lancet drew them; both took any list of points.
    space = ek.Space(a=stats.uniform(0, 1), b=stats.loguniform(1e-4, 1e-1)).sample(16, method)
    assert space.sizes == {"sample": 16}
    assert all(0 <= point["a"] <= 1 and 1e-4 <= point["b"] <= 1e-1 for point in space.points())
