"""Spaces of which each has a share in the draws."""

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from explorekit.errors import SpaceError, listing
from explorekit.space.distributions import SAMPLE
from explorekit.space.identity import occurrences
from explorekit.space.sampling import MULTIPLIED, Method, check_draws, derived_seed, quantiles_of
from explorekit.space.space import Space


@dataclass(frozen=True, repr=False)
class Mixture:
    """Spaces with weights, to be sampled: ``0.3 * a + 0.7 * b``.

    Parameters
    ----------
    components
        Pairs of a weight and a space. Weights need not sum to one.

    Examples
    --------
    >>> import explorekit as ek
    >>> from scipy import stats
    >>> small, large = ek.Space(n=stats.randint(1, 5)), ek.Space(n=stats.randint(100, 500), tol=stats.uniform(0, 1))
    >>> space = (0.25 * small + 0.75 * large).sample(8, "sobol")
    >>> sum(point["n"] < 5 for point in space.points())
    2
    """

    components: tuple[tuple[float, Space], ...]

    __array_ufunc__ = None  # so that NumPy's numbers leave it to `__rmul__` to multiply

    def __add__(self, other: object) -> "Mixture":
        """Return the mixture of the components of both."""
        if isinstance(other, Mixture):
            return Mixture((*self.components, *other.components))
        raise SpaceError(
            f"got a mixture and {other!r}, which has no weight; expected a weight for each space: 0.3 * a + 0.7 * b."
        )

    def __radd__(self, other: object) -> "Mixture":
        return self if other == 0 else self + other  # 0 is where sum() begins

    def __mul__(self, factor: float) -> "Mixture":
        """Return the mixture with all weights multiplied."""
        return Mixture(tuple((_checked(factor) * weight, space) for weight, space in self.components))

    __rmul__ = __mul__

    def sample(self, n: int | None = None, method: Method = "random", *, seed: int = 0) -> Space:
        """Return `n` draws along ``sample``, each from a component that is drawn by its weight.

        A parameter that a component has not is not given at its draws, so that the simulation's default holds there. As for
        `Space.sample`, more draws keep those that were there, but for Latin hypercubes.

        Parameters
        ----------
        n : int
            How many draws.
        method : {"random", "lhs", "sobol", "halton"}
            How the draws of each component are spread, and its share in them.
        seed : int, default 0
            What the draws follow from.

        Raises
        ------
        SpaceError
            If the arguments are not as described, or parameters of one name differ in kind or units between components.
        """
        n, seed = check_draws(n, method, seed)
        if method in MULTIPLIED:
            raise SpaceError(
                f"method {method!r} is one design, which has no shares. Sample each component by itself."
            )
        weights = np.cumsum([weight for weight, _ in self.components])
        chance = quantiles_of(["mixture"], n, method, derived_seed(seed, "mixture"))[:, 0]
        which = np.searchsorted(weights[:-1] / weights[-1], chance, side="right")
        # One of each at least, so that a short sample has all parameters too.
        counts = np.maximum(np.bincount(which, minlength=len(weights)), 1)
        drawn = [
            space.sample(int(count), method, seed=derived_seed(seed, f"component {position}"))
            for position, ((_, space), count) in enumerate(zip(self.components, counts, strict=True))
        ]
        rows = (np.cumsum(counts) - counts)[which] + occurrences([which])
        joined = reduce(operator.add, drawn)
        dim = joined.dims[0]
        parameters = [
            replace(p.take(rows), dim=SAMPLE) if p.dim == dim else p for p in joined.parameters.values()
        ]
        derived = [one.listed({dim: rows}, SAMPLE) for one in joined.derived.values()]
        return Space.from_parameters([*parameters, *derived])

    def stream(self, method: Method = "random", *, seed: int = 0, each: int = 1) -> Iterator[dict[str, Any]]:
        """Return draws without an end, one by one as `Space.points` gives them; the first n are those of ``sample(n)``.

        Parameters
        ----------
        method : {"random", "sobol", "halton"}
            How the draws are spread.
        seed : int, default 0
            What the draws follow from.
        each : int, default 1
            How many draws come before they are repeated, where the components have repetitions.

        Raises
        ------
        SpaceError
            If the method's designs are of one piece, or an argument is not as described.
        """
        from explorekit.space.streaming import stream_of

        return stream_of(lambda n: self.sample(n, method, seed=seed), method, seed, each)

    def __repr__(self) -> str:
        return " + ".join(f"{weight!r} * {space!r}" for weight, space in self.components)


def weighted(weight: float, space: Space) -> Mixture:
    """Return a space with its weight in a mixture.

    Raises
    ------
    SpaceError
        If the weight is no positive number, or there is nothing to sample.
    """
    weight = _checked(weight)
    if not space.distributions:
        raise SpaceError(
            f"got the weight {weight!r} of a space without distributions (its parameters are {listing(space.parameters) or 'none'}); "
            f"expected one to sample. Give its values a distribution: categorical([…])."
        )
    if space.dims:
        raise SpaceError(
            f"got the weight {weight!r} of a space with the dimension {listing(space.dims)}; expected distributions and fixed values. Give "
            f"categorical([…]) in the place of values, or multiply the sampled mixture."
        )
    return Mixture(((weight, space),))


def _checked(weight: Any) -> float:
    if isinstance(weight, (bool, np.bool_)) or not isinstance(weight, (int, float, np.integer, np.floating)):
        raise SpaceError(f"got the weight {weight!r}; expected a positive number.")
    if not (weight > 0 and math.isfinite(weight)):
        raise SpaceError(
            f"got the weight {weight!r}; expected a positive number. Leave out what is never to be drawn."
        )
    return weight.item() if isinstance(weight, np.generic) else weight
