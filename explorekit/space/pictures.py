"""Values and distributions as small pictures: SVG of a line's height, in the colour of the text beside it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from explorekit.space.derived import Derived
    from explorekit.space.distributions import RandomVariable
    from explorekit.space.parameter import Parameter

_WIDTH, _HEIGHT = 110, 18
_TICKS = 40  # more would run into each other
_BINS = 36
_QUANTILES = (np.arange(1024) + 0.5) / 1024
_DECADES = 2.0  # less needs no logarithmic axis
_EVEN = 0.35  # of steps 1, 2, 5, 10, … on it
_MANY = 30  # numbers are a distribution, whose steps need not be even
_LEVEL = 0.1  # of their share below each place on the axis


def picture_of_values(parameter: "Parameter | Derived") -> str:
    """Return where the values of a parameter lie, a tick each, or how many lie where; nothing for a single one."""
    values = parameter.values[parameter.is_given]
    if values.size < 2:
        return ""
    if values.dtype.kind in "Ubiu":
        counts = np.unique(values, return_counts=True)[1]
        if counts.max() > 1 and (counts.size <= _BINS or values.dtype.kind in "Ub"):
            return _bars(counts, "how often each value occurs")
    numbers = _numbers(values)
    if numbers.size < 2:
        return ""
    logarithmic = is_logarithmic(numbers)
    at = _positions(np.log10(numbers) if logarithmic else numbers)
    scale = ", logarithmic" if logarithmic else ""
    if at.size <= _TICKS:
        return _ticks(at, f"where the values lie{scale}")
    # So many bins that of values with even steps each has equally many, where their number can be divided so.
    bins, half_step = at.size // -(-at.size // _BINS), 0.5 / (at.size - 1)
    counts = np.histogram(at, bins, (-half_step, 1 + half_step))[0]
    return _bars(counts, f"how many values lie where{scale}")


def picture_of_distribution(variable: "RandomVariable") -> str:
    """Return the shape of a distribution between its percentiles."""
    values = variable.values_at(_QUANTILES)
    if values.dtype.kind in "UbiuM" and np.unique(values).size <= _BINS:
        return _bars(np.unique(values, return_counts=True)[1], "probability of each value")
    numbers = _numbers(values)
    if numbers.size < 2:
        return ""
    logarithmic = is_logarithmic(numbers)
    numbers = np.log10(numbers) if logarithmic else numbers
    low, high = np.quantile(numbers, [0.005, 0.995])
    whole = values.dtype.kind in "iu" and not logarithmic
    edges = _edges_of_integers(low, high) if whole else np.linspace(low, high, _BINS + 1)
    density = np.histogram(numbers, edges)[0] / np.diff(edges)
    return _bars(density, f"probability density{', logarithmic' if logarithmic else ''}")


def _edges_of_integers(low: float, high: float) -> npt.NDArray[np.float64]:
    """Return edges of bins between integers, so that each bin but the last has equally many of them."""
    width = max(int(np.ceil((high - low + 1) / _BINS)), 1)
    return np.append(np.arange(low - 0.5, high + 0.5, width), high + 0.5)


def _numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    if values.dtype.kind not in "iufM":
        return np.zeros(0)
    numbers = values.astype(np.float64)
    return numbers[np.isfinite(numbers)]


def is_logarithmic(numbers: npt.NDArray[np.float64]) -> bool:
    """Return whether numbers lie evenly on a logarithmic axis, and far apart."""
    if numbers.min() <= 0 or np.log10(numbers.max()) - np.log10(numbers.min()) < _DECADES:
        return False
    exponents = np.sort(np.log10(numbers))
    if exponents.size >= _MANY:
        even = np.linspace(0, 1, exponents.size)
        return bool(np.abs(_positions(exponents) - even).max() < _LEVEL)
    return _unevenness(exponents) < _EVEN


def _positions(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where numbers lie between the smallest and the largest, from 0 to 1."""
    scaled = numbers / max(
        np.abs(numbers).max(), np.finfo(float).tiny
    )  # so that a difference cannot overflow
    span = np.ptp(scaled)
    return (scaled - scaled.min()) / span if span else np.full(numbers.size, 0.5)


def _unevenness(numbers: npt.NDArray[np.float64]) -> float:
    """Return how much the steps between numbers differ, in units of the step."""
    steps = np.diff(np.sort(numbers))
    return float(steps.std() / steps.mean())


def _ticks(at: npt.NDArray[np.float64], title: str) -> str:
    x = 2 + at * (_WIDTH - 4)
    lines = "".join(f"M{one:.1f} 3V{_HEIGHT - 3}" for one in x)
    axis = f"M0 {_HEIGHT - 3}H{_WIDTH}"
    return _svg(
        f'<path d="{axis}" stroke="currentColor" stroke-opacity=".35"/>'
        f'<path d="{lines}" stroke="currentColor" stroke-width="1.5"/>',
        title,
    )


def _bars(counts: npt.NDArray[Any], title: str) -> str:
    counts = (
        counts if counts.size <= _BINS else np.histogram(np.repeat(np.arange(counts.size), counts), _BINS)[0]
    )
    height = (_HEIGHT - 4) * counts / counts.max()
    width = min(_WIDTH / counts.size, 12.0)
    gap = 2.0 if width > 6.0 else 0.0  # narrow bars would be more gap than bar
    bars = "".join(
        f"M{i * width:.1f} {_HEIGHT - 3}v{-h:.1f}h{width - gap:.1f}v{h:.1f}z"
        for i, h in enumerate(height.tolist())
        if h
    )
    return _svg(
        f'<path d="M0 {_HEIGHT - 3}H{_WIDTH}" stroke="currentColor" stroke-opacity=".35"/>'
        f'<path d="{bars}" fill="currentColor" fill-opacity=".6"/>',
        title,
    )


def _svg(inside: str, title: str) -> str:
    return (
        f'<svg role="img" aria-label="{title}" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f"<title>{title}</title>{inside}</svg>"
    )
