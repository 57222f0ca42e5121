"""A network with one hidden layer that learns to read handwritten digits, in plain NumPy."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits


class Network(NamedTuple):
    """Weights and biases of the hidden and of the output layer."""

    hidden: np.ndarray
    hidden_bias: np.ndarray
    output: np.ndarray
    output_bias: np.ndarray


def train(
    learning_rate: float,
    width: int,
    rng: np.random.Generator,
    epochs: int = 30,
    batch_size: int = 32,
) -> Iterator[dict[str, float]]:
    """Train on three quarters of the digits and test on the rest, once an epoch.

    Parameters
    ----------
    learning_rate
        Step of the stochastic gradient descent.
    width
        Number of hidden units.
    rng
        Draws the split of the data, the first weights and the order of the batches.
    epochs
        Number of passes through the training data.
    batch_size
        Images in one step of the descent.

    Yields
    ------
    dict
        ``loss``, the mean cross-entropy of the training data, and ``accuracy``, the share of the
        test data that is read correctly.
    """
    images, labels = load_digits(return_X_y=True)
    images = images / 16.0
    order = rng.permutation(len(images))
    training, test = order[: len(order) * 3 // 4], order[len(order) * 3 // 4 :]
    network = initial_network(images.shape[1], width, 10, rng)
    for _ in range(epochs):
        shuffled = rng.permutation(training)
        for start in range(0, len(shuffled), batch_size):
            batch = shuffled[start : start + batch_size]
            slopes = gradients(network, images[batch], labels[batch])
            network = Network(
                *(value - learning_rate * slope for value, slope in zip(network, slopes, strict=True))
            )
        yield {
            "loss": loss(network, images[training], labels[training]),
            "accuracy": accuracy(network, images[test], labels[test]),
        }


def initial_network(inputs: int, width: int, classes: int, rng: np.random.Generator) -> Network:
    """Random weights whose scale keeps the activity of each layer near 1 (He et al., 2015)."""
    return Network(
        hidden=rng.normal(0.0, np.sqrt(2.0 / inputs), (inputs, width)),
        hidden_bias=np.zeros(width),
        output=rng.normal(0.0, np.sqrt(2.0 / width), (width, classes)),
        output_bias=np.zeros(classes),
    )


def log_probabilities(network: Network, images: np.ndarray) -> np.ndarray:
    """Logarithm of the probability of each class, for each image."""
    hidden = np.maximum(images @ network.hidden + network.hidden_bias, 0.0)
    scores = hidden @ network.output + network.output_bias
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def loss(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy."""
    return float(-log_probabilities(network, images)[np.arange(len(labels)), labels].mean())


def accuracy(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images whose most probable class is the right one."""
    return float((log_probabilities(network, images).argmax(axis=1) == labels).mean())


def gradients(network: Network, images: np.ndarray, labels: np.ndarray) -> Network:
    """Slopes of the loss with respect to every weight and bias, by backpropagation."""
    hidden = np.maximum(images @ network.hidden + network.hidden_bias, 0.0)
    error = np.exp(log_probabilities(network, images))
    error[np.arange(len(labels)), labels] -= 1.0
    error /= len(labels)
    hidden_error = (error @ network.output.T) * (hidden > 0.0)
    return Network(
        hidden=images.T @ hidden_error,
        hidden_bias=hidden_error.sum(axis=0),
        output=hidden.T @ error,
        output_bias=error.sum(axis=0),
    )
