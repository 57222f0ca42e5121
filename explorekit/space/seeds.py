"""The random stream of a point: a pure function of the study's seed and the point's key."""

import numpy as np


def seed_sequence(root: int, key: bytes) -> np.random.SeedSequence:
    """Return the seed sequence of the point with a SHA-256 key, under a study's root seed."""
    return np.random.SeedSequence(root, spawn_key=tuple(np.frombuffer(key, dtype=">u4").tolist()))


def generator(root: int, key: bytes) -> np.random.Generator:
    """Return the point's own random generator; it depends on nothing but its arguments."""
    return np.random.Generator(np.random.PCG64DXSM(seed_sequence(root, key)))


def integer_seed(root: int, key: bytes) -> int:
    """Return the point's seed as an integer below 2³², the range that every library accepts."""
    return int(seed_sequence(root, key).generate_state(1)[0])
