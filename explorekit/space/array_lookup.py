"""Which arrays does a user ask for: by their values, their labels or their numbers?"""

from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing
from explorekit.space.array_valued import depth, is_array_valued
from explorekit.space.arrays import DIGEST, Arrays
from explorekit.space.parameter import Param, Parameter, named
from explorekit.space.retyping import retyped
from explorekit.space.values import KIND, as_values


def asked_digests(p: Parameter, wanted: Any) -> npt.NDArray[np.bytes_]:
    """Return the digests of arrays that are asked for, of no dimension for one of them.

    Parameters
    ----------
    p
        A parameter with arrays.
    wanted
        An array, or several along a first dimension; or labels; or, where there are none, numbers in the order of first appearance.

    Raises
    ------
    SpaceError
        If it is none of these.
    """
    arrays = p.arrays
    if arrays is None:
        raise SpaceError(f"the arrays of {p.name!r} are not at hand; select by position: isel({p.dim}=…).")
    dims = depth(wanted)
    several = dims > len(arrays.shape)
    if dims >= len(arrays.shape) and is_array_valued(Param(wanted, fixed=not several)):
        given = named(p.name, Param(wanted, fixed=not several))
        if (
            given.arrays is not None
            and given.arrays.shape == arrays.shape
            and _is_alike(given.arrays, arrays)
        ):
            return retyped(given, arrays).values
    if isinstance(wanted, slice) or dims > 1:
        raise _no_such(p, wanted)
    return _by_name(p, wanted)


def _is_alike(given: Arrays, known: Arrays) -> bool:
    kinds = [KIND[one.values.dtype.kind] for one in (given, known)]
    return kinds[0] == kinds[1] or kinds == ["int", "float"]


def _by_name(p: Parameter, wanted: Any) -> npt.NDArray[np.bytes_]:
    arrays = p.arrays
    names = as_values(p.name, wanted)
    if arrays is None:
        raise _no_such(p, wanted)
    there = np.atleast_1d(p.values)[np.atleast_1d(p.is_given)]
    known = dict(zip(arrays.names(there).tolist(), there.tolist(), strict=True))
    asked = np.atleast_1d(names).tolist()
    if lacking := [name for name in asked if isinstance(name, bool) or name not in known]:
        raise _no_such(p, lacking[0])
    found = np.array([known[name] for name in asked], dtype=DIGEST)
    return found if names.ndim else found.reshape(())


def _no_such(p: Parameter, wanted: Any) -> SpaceError:
    arrays = p.arrays
    shape = () if arrays is None else arrays.shape
    if arrays is not None and arrays.labels is not None:
        names = f"its labels ({listing(np.unique(arrays.names(p.values)).tolist(), 8)})"
    else:
        names = f"its number, 0 to {max(len(set(np.ravel(p.values[p.is_given]).tolist())) - 1, 0)}"
    return SpaceError(
        f"parameter {p.name!r} has arrays of shape {shape} as values; got {_short(wanted)}; expected one of these arrays, or {names}. "
        f"Select by position with isel()."
    )


def _short(wanted: Any) -> str:
    return f"an array of shape {wanted.shape}" if getattr(wanted, "ndim", 0) else repr(wanted)
