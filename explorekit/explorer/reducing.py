"""What becomes of a dimension that is not shown? A statistic of the values along it, or a middle and a band."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from explorekit.explorer import flags
from explorekit.explorer.labels import unknown

Array = np.ndarray[Any, Any]

QUANTILE = "quantile "
# A middle, then the lower and the upper end of a band.
BANDS = {
    "mean ± std": ("mean", "std"),
    "median, 5–95 %": ("median", "quantile 0.05", "quantile 0.95"),
    "median, 25–75 %": ("median", "quantile 0.25", "quantile 0.75"),
}
STATISTICS = (
    *("mean", "median", "std", "min", "max", "count"),
    *(f"{QUANTILE}{q}" for q in (0.05, 0.25, 0.75, 0.95)),
)
BAND = "mean ± std"
# Of which of several runs the status is told where none has a value: of a failed one before those that are pending.
_FIRST = np.array([flags.PENDING, flags.TIMED_OUT, flags.FAILED, flags.OK])


@dataclass(frozen=True, eq=False)
class Summary:
    """What values are reduced to: numbers, and the ends of a band round them if there is one."""

    values: Array
    low: Array | None = None
    high: Array | None = None


def statistic(given: object) -> str:
    """Return the name of a statistic as the menus have it: ``0.9`` is a quantile, ``+-`` reads as ±.

    Raises
    ------
    ValueError
        If there is no such statistic.
    """
    if isinstance(given, float | int) and not isinstance(given, bool):
        given = f"{QUANTILE}{float(given):g}"
    known = {_bare(name): name for name in (*STATISTICS, *BANDS)}
    bare = _bare(str(given))
    if bare in known:
        return known[bare]
    try:
        quantile = float(bare.removeprefix("quantile")) if bare.startswith("quantile") else -1.0
    except ValueError:
        quantile = -1.0
    if 0 <= quantile <= 1:
        return f"{QUANTILE}{quantile:g}"
    raise ValueError(unknown("statistic", given, [*STATISTICS, *BANDS]))


def middle(name: str) -> str:
    """Return the statistic in the middle of a band; any other is its own."""
    return BANDS[name][0] if name in BANDS else name


def _bare(name: str) -> str:
    for text, sign in (("+/-", "±"), ("+-", "±"), ("–", "-")):
        name = name.replace(text, sign)
    return "".join(name.lower().split())


def summarised(values: Array, dims: Sequence[str], how: Mapping[str, str]) -> Summary:
    """Return the statistics of values along some of their dimensions.

    The dimensions of one statistic are reduced together, one statistic after another, a band last.

    Raises
    ------
    ValueError
        If texts are to be reduced to anything but their count, or there would be several bands.
    """
    along: dict[str, list[str]] = {}
    for dim, name in how.items():
        along.setdefault(name, []).append(dim)
    bands = [name for name in along if name in BANDS]
    if values.dtype == object and set(along) != {"count"}:
        name = next(name for name in along if name != "count")
        raise ValueError(f"there is no {name} of texts: choose their count")
    if len(bands) > 1:
        raise ValueError(f"there is room for one band, not for {' and '.join(bands)}: choose one of them")
    shown = xr.Variable(dims, values)
    for name in sorted(along, key=lambda name: name in BANDS):
        if name in BANDS:
            return _with_band(shown, along[name], BANDS[name])
        shown = _reduced(shown, along[name], name)
    return Summary(np.asarray(shown.values, dtype=float))


def _with_band(shown: xr.Variable, dims: list[str], parts: tuple[str, ...]) -> Summary:
    middle, *ends = (np.asarray(_reduced(shown, dims, name).values, dtype=float) for name in parts)
    low, high = (middle - ends[0], middle + ends[0]) if len(ends) == 1 else ends
    return Summary(middle, low, high)


def _reduced(shown: xr.Variable, dims: list[str], name: str) -> xr.Variable:
    if not all(shown.sizes[dim] for dim in dims):
        left = {dim: size for dim, size in shown.sizes.items() if dim not in dims}
        return xr.Variable(list(left), np.full(list(left.values()), 0.0 if name == "count" else np.nan))
    if name == "count" and shown.dtype == object:
        return (shown != "").sum(dims)
    with warnings.catch_warnings():
        # Where nothing is there, nothing is the answer.
        warnings.filterwarnings("ignore", "(All-NaN|Mean of empty|Degrees of freedom)", RuntimeWarning)
        warnings.filterwarnings("ignore", "(invalid value|overflow)", RuntimeWarning)  # of infinities
        if name.startswith(QUANTILE):
            return shown.quantile(float(name.removeprefix(QUANTILE)), dims)
        reduced: xr.Variable = getattr(shown, name)(dims)
        return reduced


def joint_status(codes: Array, several: int) -> Array:
    """Return the status of all runs along the last ``several`` dimensions: ok if one of them is."""
    rank = np.argsort(_FIRST)[codes].reshape(*codes.shape[: codes.ndim - several], -1)
    return _FIRST[rank.max(-1)] if rank.shape[-1] else np.full(rank.shape[:-1], flags.PENDING)


def in_front_of(label: str, how: Mapping[str, str]) -> str:
    """Return the label of what values are reduced to: ``mean of rate (Hz)``."""
    names = dict.fromkeys(
        [*(n for n in how.values() if n in BANDS), *(n for n in how.values() if n not in BANDS)]
    )
    return " of ".join([*names, label])
