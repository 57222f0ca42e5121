"""Keys of points and their random streams: files depend on them, so that they must never change."""

import numpy as np
import pytest
from drawn import grid_values, paired_spaces, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.space.identity import canonical, point_key
from explorekit.space.seeds import generator, integer_seed, seed_sequence
from explorekit.space.values import as_values


def label(value):
    return canonical(as_values("x", value))[0]


REPETITION_ZERO = {"repetition": label(0)}


def keys(space, baselines=REPETITION_ZERO):
    return [point_key(space.labels(position), baselines) for position in range(len(space))]


@given(spaces(), st.randoms(use_true_random=False))
def test_keys_do_not_depend_on_the_order_of_parameters(space, random):
    labels = space.labels(0)
    shuffled = random.sample(labels, len(labels))

    assert point_key(shuffled, {}) == point_key(labels, {})


@given(grid_values(), st.randoms(use_true_random=False))
def test_keys_do_not_depend_on_the_order_of_values(values, random):
    order = random.sample(range(values.size), values.size)

    assert [keys(ek.Space(a=values))[i] for i in order] == keys(ek.Space(a=values[order]))


@given(spaces())
def test_every_point_has_its_own_key(space):
    assert len(set(keys(space))) == len(space)


def test_values_of_different_kinds_have_different_keys():
    given_values = [1, 1.0, True, 1 + 0j, "1", np.datetime64(1, "ns")]

    assert len({point_key([("a", label(value))], {}) for value in given_values}) == len(given_values)


@pytest.mark.parametrize(
    "same",
    [
        (1, np.int8(1), np.uint64(1), np.int32(1)),
        (0.5, np.float32(0.5), np.float64(0.5)),
        (0.0, -0.0, np.float32(-0.0)),
        (0j, complex(-0.0, 0.0), complex(0.0, -0.0)),
        (np.datetime64("2020-01-01"), np.datetime64("2020-01-01T00", "h")),
        ("é", np.str_("é")),
    ],
)
def test_the_width_of_a_type_and_the_sign_of_zero_do_not_count(same):
    assert len({label(value) for value in same}) == 1


def test_names_and_values_cannot_run_into_each_other():
    assert point_key([("a", b"str:b1:c")], {}) != point_key([("a", b"str:b"), ("c", b"")], {})
    assert point_key([("ab", b"str:c")], {}) != point_key([("a", b"str:bc")], {})


def test_a_parameter_at_its_baseline_stays_out_of_the_key():
    old = ek.Space(a=[1, 2])
    new = ek.Space(a=[1, 2], b=[7, 8])

    assert keys(new, {"b": label(7)})[::2] == keys(old, {})
    assert set(keys(new, {"b": label(7)})[1::2]).isdisjoint(keys(old, {}))


def test_the_first_repetition_stays_out_of_the_key():
    space = ek.Space(a=[1, 2])

    assert keys(space.repeat(3))[::3] == keys(space)
    assert keys(space.repeat(3).isel(repetition=[1, 2]))[0] == keys(space.repeat(2))[1]


@given(paired_spaces(["p", "q"]))
def test_the_second_occurrence_of_a_tuple_enters_the_key_and_the_first_does_not(space):
    fixed = [
        keys(ek.Space({name: column.values[i] for name, column in space.parameters.items()}))[0]
        for i in range(len(space))
    ]

    first = space.axes["pair"].occurrence == 0
    assert [a == b for a, b in zip(keys(space), fixed, strict=True)] == first.tolist()


def test_a_sequence_keeps_the_key_of_a_later_occurrence_and_an_integer_has_that_of_the_first():
    space = ek.Space(a=ek.param([1, 1], dim="n"), b=ek.param([2, 2], dim="n"))

    assert keys(space.isel(n=[1])) == keys(space)[1:]
    assert keys(space.isel(n=1)) == keys(space)[:1]


def test_keys_never_change():
    space = ek.Space(
        {
            "I": [0.1, -0.0],
            "n": [3],
            "on": True,
            "kind": "θ",
            "z": 1 - 2j,
            "when": np.datetime64("2020-01-01"),
            "g.x": np.float32(0.1),
        }
    ).repeat(2)

    assert [key.hex()[:16] for key in keys(space)] == GOLDEN_KEYS
    assert point_key([], {}).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_occurrences_never_change():
    space = ek.Space(a=ek.param([1, 1], dim="n"), b=ek.param([2, 2], dim="n"))

    assert [key.hex()[:16] for key in keys(space)] == GOLDEN_OCCURRENCES


def test_random_streams_never_change():
    key = keys(ek.Space(I=[0.1], n=3))[0]

    assert generator(1, key).random(3).tolist() == GOLDEN_RANDOM
    assert generator(1, key).integers(0, 2**63, 2).tolist() == GOLDEN_INTEGERS
    assert integer_seed(1, key) == GOLDEN_SEED
    assert generator(1, key).bit_generator.state["bit_generator"] == "PCG64DXSM"


@given(st.integers(0, 2**200), st.integers(0, 2**200), st.binary(min_size=32, max_size=32))
def test_the_stream_is_a_function_of_seed_and_key(root, other, key):
    draws = [generator(seed, key).integers(0, 2**63, 4).tolist() for seed in (root, root, other)]

    assert draws[0] == draws[1]
    assert (draws[0] == draws[2]) == (root == other)
    assert 0 <= integer_seed(root, key) < 2**32
    assert seed_sequence(root, key).spawn_key == tuple(np.frombuffer(key, ">u4").tolist())


GOLDEN_KEYS = ["0650c09950d39590", "926945ee00224154", "9c21251658902d84", "0ce0189ec6e4d143"]
GOLDEN_OCCURRENCES = ["782fa2799db3072d", "0592b4f323454442"]
GOLDEN_RANDOM = [0.15721926272761, 0.9011797376879562, 0.16463874518040733]
GOLDEN_INTEGERS = [1450091751496762736, 8311915992771217591]
GOLDEN_SEED = 2191697431
