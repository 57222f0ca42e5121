"""Values for the parameters that are distributions: random, or spread evenly by a design."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.designs import morris, saltelli
from explorekit.space.distributions import SAMPLE, Quantiles
from explorekit.space.parameter import REPETITION, Parameter
from explorekit.space.seeds import generator
from explorekit.space.space import Space

Method = Literal["random", "lhs", "sobol", "halton", "saltelli", "morris"]

MULTIPLIED = ("saltelli", "morris")


def sample(space: Space, n: int | None, method: Method, seed: int, fresh: bool) -> Space:
    """Return a space with values drawn for its distributions; see `Space.sample`."""
    _check_space(space)
    n, seed = check_draws(n, method, seed)
    variables = list(space.distributions.values())
    names = [variable.name for variable in variables]
    gridded = {dim: size for dim, size in space.sizes.items() if dim != REPETITION}
    count = math.prod(gridded.values()) if fresh else 1
    if count > 1 and method in MULTIPLIED:
        raise SpaceError(
            f"method {method!r} is one design, whose points belong together; got fresh=True, one for each point of the grid. "
            f"Leave it out: every point of the grid gets the same draws."
        )
    quantiles = quantiles_of(names, n, method, seed) if count == 1 else _fresh(names, n, method, seed, count)
    drawn = [variable.at(quantiles[:, column]) for column, variable in enumerate(variables)]
    kept = list(space.parameters.values())
    derived = list(space.derived.values())
    axes = dict(space.axes)
    if fresh:
        index = space.isel({REPETITION: 0} if REPETITION in space.dims else {}).unravel(np.arange(count))
        kept = [_tiled(p, index[p.dim], n) if p.dim in index else p for p in kept]
        derived = [one.listed({dim: np.tile(at, n) for dim, at in index.items()}, SAMPLE) for one in derived]
        axes = {dim: axis for dim, axis in axes.items() if dim == REPETITION}
    return Space.from_parameters([*kept, *drawn, *derived, *space.waiting.values()], axes)


def _check_space(space: Space) -> None:
    if not space.distributions:
        raise SpaceError(
            f"sample() got a space without distributions (its parameters are {listing(space.parameters) or 'none'}); expected one "
            f"at least. Give one in the place of values: Space(x=scipy.stats.uniform(0, 1))."
        )
    if SAMPLE in space.dims:
        raise SpaceError(
            f"{listing(space.distributions)} cannot be sampled along the dimension {SAMPLE!r}, along which "
            f"{listing(p.name for p in space.axes[SAMPLE].parameters)} lies already. Combine the spaces first, and sample once."
        )


def check_draws(n: object, method: str, seed: object) -> tuple[int, int]:
    """Return the number of draws and the seed as integers; `SpaceError` if they, or the method, are none."""
    if n is None:
        raise SpaceError("sample() got no n; expected the number of draws: sample(100).")
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise SpaceError(f"sample() got n={n!r}; expected the number of draws, at least 1.")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SpaceError(f"sample() got seed={seed!r}; expected a whole number of at least 0.")
    methods = get_args(Method)
    if method not in methods:
        raise SpaceError(
            f"sample() got method={method!r}; expected one of {listing(methods, 9)}.{suggest(str(method), methods)}"
        )
    return int(n), int(seed)


def _tiled(parameter: Parameter, index: Any, n: int) -> Parameter:
    return replace(parameter.take(np.tile(index, n)), dim=SAMPLE)


# ---- quantiles, a column for each parameter


def quantiles_of(names: Sequence[str], n: int, method: Method, seed: int) -> Quantiles:
    """Return the quantiles of some parameters, of shape (n, len(names)), or more rows where a method has them."""
    if method == "random":
        return _random(names, n, seed)
    if method == "morris":
        return morris(len(names), n, _stream(seed, method))
    if method == "saltelli":
        return saltelli(_sobol(2 * len(names), n, _stream(seed, method)))
    design = {"lhs": _lhs, "sobol": _sobol, "halton": _halton}[method]
    return design(len(names), n, _stream(seed, method))


def _fresh(names: Sequence[str], n: int, method: Method, seed: int, count: int) -> Quantiles:
    """Return draws for each point of a grid, first one for each of them, then the second, so that more draws come last."""
    if method == "random":
        return _random(names, n * count, seed)
    if method == "lhs":
        return _lhs(count * len(names), n, _stream(seed, method)).reshape(n * count, len(names))
    # Each point of the grid has the sequence shifted by an offset of its own: Cranley and Patterson, SIAM J. Numer. Anal. 13:904 (1976).
    shifts = _random(names, count, seed)
    sequence = quantiles_of(names, n, method, seed)
    shifted: Quantiles = (sequence[:, np.newaxis] + shifts) % 1
    return shifted.reshape(n * count, len(names))


def _random(names: Sequence[str], n: int, seed: int) -> Quantiles:
    return np.stack([_stream(seed, f"random:{name}").random(n) for name in names], axis=1)


def _lhs(d: int, n: int, rng: np.random.Generator) -> Quantiles:
    from scipy.stats import qmc

    return qmc.LatinHypercube(d, rng=rng).random(n)  # type: ignore[no-any-return]


def _sobol(d: int, n: int, rng: np.random.Generator) -> Quantiles:
    from scipy.stats import qmc

    engine = _engine(qmc.Sobol, d, rng)
    exponent = (n - 1).bit_length()
    if exponent > engine.bits:
        raise SpaceError(f"sample() got n={n}; a Sobol sequence has 2^{engine.bits} points at most.")
    # A whole power of two never warns. The middle of a cell is no 0, where many distributions are infinite.
    points: Quantiles = engine.random_base2(exponent)[:n] + 0.5**engine.bits / 2
    return points


def _halton(d: int, n: int, rng: np.random.Generator) -> Quantiles:
    from scipy.stats import qmc

    return _engine(qmc.Halton, d, rng).random(n)  # type: ignore[no-any-return]


def _engine(make: Callable[..., Any], d: int, rng: np.random.Generator) -> Any:
    try:
        return make(d, scramble=True, rng=rng)
    except ValueError as error:
        raise SpaceError(
            f"cannot sample {d} columns: {error}. Use method='random' or 'lhs', or fewer parameters."
        ) from error


def derived_seed(seed: int, purpose: str) -> int:
    """Return a seed that follows from another one and a purpose."""
    return int(_stream(seed, purpose).integers(2**63))


def _stream(seed: int, purpose: str) -> np.random.Generator:
    return generator(seed, hashlib.sha256(f"sample:{purpose}".encode()).digest())
