"""Is every number that a study holds the one that an undisturbed study holds?"""

from typing import Any

import numpy as np
import xarray as xr

_OK = 1


class ChaosError(AssertionError):
    """A promise was broken in a round."""


def check_numbers(results: xr.Dataset, expected: xr.Dataset) -> None:
    """Compare every number that counts as there, bit for bit, and its labels.

    Raises
    ------
    ChaosError
        If anything differs.
    """
    for name in ("a", "b", "size", "ragged", "repetition"):
        if name in expected.coords and not _same(results[name].values, expected[name].values):
            raise ChaosError(f"the labels {name} differ: {results[name].values}")
    ok = results["status"].values == _OK
    if (ok & (expected["status"].values != _OK)).any():
        raise ChaosError("a point that cannot be ok is ok")
    for name in ("mean", "count", "word", "field"):
        if name not in results:
            if ok.any():
                raise ChaosError(f"the output {name} is missing")
            continue
        got = results[name].transpose(*expected["status"].dims, ...).values[ok]
        want = expected[name].values[ok]
        if name == "field":
            longest = got.shape[-1]
            if not np.isnan(want[..., longest:]).all():
                raise ChaosError("arrays were cut")
            want = want[..., :longest]
        if not _same(got, want.astype(got.dtype)):
            raise ChaosError(f"{name} differs at {int((got != want).sum())} values")


def _same(got: Any, want: Any) -> bool:
    got, want = np.asarray(got), np.asarray(want)
    if got.dtype.kind in "OUT":
        return got.shape == want.shape and bool((got == want).all())
    return got.shape == want.shape and got.dtype == want.dtype and got.tobytes() == want.tobytes()
