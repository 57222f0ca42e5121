"""The network's gradients against finite differences, and its learning against chance."""

import math

import numpy as np
import pytest
from digits import Network, accuracy, gradients, initial_network, log_probabilities, loss, train


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    network = Network(
        *(value + 0.1 * rng.normal(size=value.shape) for value in initial_network(6, 5, 4, rng))
    )
    return network, rng.normal(size=(12, 6)), rng.integers(0, 4, size=12)


@pytest.mark.parametrize("layer", Network._fields)
def test_gradients_match_finite_differences(problem, layer):
    network, images, labels = problem
    exact = getattr(gradients(network, images, labels), layer)
    value = getattr(network, layer)
    estimate = np.empty_like(value)
    for index in np.ndindex(value.shape):
        nudge = np.zeros_like(value)
        nudge[index] = 1e-6
        above = loss(network._replace(**{layer: value + nudge}), images, labels)
        below = loss(network._replace(**{layer: value - nudge}), images, labels)
        estimate[index] = (above - below) / 2e-6

    np.testing.assert_allclose(exact, estimate, atol=1e-8)


def test_loss_matches_a_loop_over_images(problem):
    network, images, labels = problem
    total = 0.0
    for image, label in zip(images, labels, strict=True):
        hidden = [
            max(0.0, image @ column + b)
            for column, b in zip(network.hidden.T, network.hidden_bias, strict=True)
        ]
        scores = [
            np.dot(hidden, column) + b
            for column, b in zip(network.output.T, network.output_bias, strict=True)
        ]
        total -= scores[label] - math.log(sum(math.exp(score) for score in scores))

    assert loss(network, images, labels) == pytest.approx(total / len(labels))


def test_probabilities_sum_to_one_even_for_huge_weights(problem):
    network, images, _ = problem
    huge = network._replace(output=network.output * 1e4)

    np.testing.assert_allclose(np.exp(log_probabilities(huge, images)).sum(axis=1), 1.0)


def test_learns_to_read():
    epochs = list(train(0.1, 32, np.random.default_rng(0), epochs=10))

    assert epochs[-1]["accuracy"] > 0.9
    assert epochs[-1]["loss"] < 0.4 < epochs[0]["loss"]


def test_does_not_learn_at_a_learning_rate_of_zero():
    epochs = list(train(0.0, 32, np.random.default_rng(0), epochs=3))

    assert epochs[0] == epochs[-1]
    assert epochs[0]["accuracy"] < 0.35


def test_yields_once_an_epoch():
    assert len(list(train(0.1, 4, np.random.default_rng(0), epochs=4))) == 4


def test_the_generator_decides_every_draw():
    first, again, other = (list(train(0.1, 8, np.random.default_rng(s), epochs=2)) for s in (1, 1, 2))

    assert first == again
    assert first != other


def test_accuracy_counts_right_answers():
    identity = Network(np.eye(3), np.zeros(3), np.eye(3), np.zeros(3))

    assert accuracy(identity, np.eye(3), np.array([0, 1, 0])) == pytest.approx(2 / 3)
