"""Into which bins do values fall? The same wherever the sliders are; whole numbers and categories have one each."""

import math
from dataclasses import dataclass

import numpy as np

from explorekit.explorer.axis import Array
from explorekit.explorer.scale import Scale

# So few and so many bins tell something of a distribution.
FEWEST, MOST = 8, 50
# Whole numbers over a wider range share bins.
MOST_WHOLE = 60


@dataclass(frozen=True, eq=False)
class Bins:
    """Bins of the same width, on a linear or a logarithmic axis.

    Parameters
    ----------
    low, high
        Where the first begins and the last ends.
    number
        How many there are.
    log
        Whether they are even on a logarithmic axis.
    apart
        Whether each is for one value that lies in its middle.
    """

    low: float
    high: float
    number: int
    log: bool = False
    apart: bool = False

    @property
    def edges(self) -> Array:
        """The edges of the bins, one more than there are bins."""
        make = np.geomspace if self.log else np.linspace
        return np.asarray(make(self.low, self.high, self.number + 1))

    def counts(self, values: Array) -> Array:
        """Return how many of some numbers fall into each bin; those that lie in none are left out."""
        values = values[(values >= self.low) & (values <= self.high)]
        ends = (self.low, self.high)
        if self.log:
            values, ends = np.log(values), (math.log(self.low), math.log(self.high))
            values = np.clip(values, *ends)
        return np.histogram(values, self.number, ends)[0]


def bins_of(scale: Scale, values: int, *, whole: bool) -> Bins:
    """Return the bins for as many values between the limits of a scale.

    Parameters
    ----------
    scale
        The limits, or the categories.
    values
        How many values are counted at a time.
    whole
        Whether they are whole numbers.
    """
    if scale.categories:
        return Bins(-0.5, len(scale.categories) - 0.5, len(scale.categories), apart=True)
    low, high = scale.limits
    if whole and not scale.log:
        first, last = math.ceil(low), max(math.floor(high), math.ceil(low))
        width = -(-(last - first + 1) // MOST_WHOLE)
        number = -(-(last - first + 1) // width)
        return Bins(first - 0.5, first - 0.5 + width * number, number, apart=width == 1)
    number = min(max(math.ceil(math.sqrt(values)), FEWEST), MOST)
    return Bins(low, high, number, log=scale.log)
