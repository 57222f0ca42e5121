"""How much an output depends on each of the parameters that were drawn: indices, where the design was made for them."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from explorekit.errors import StudyError, listing, suggest
from explorekit.space import Space
from explorekit.space.designs import MORRIS_LEVELS, require_salib
from explorekit.space.distributions import SAMPLE
from explorekit.store.status import FAILED, OK, TIMED_OUT

if TYPE_CHECKING:
    import xarray as xr

Design = Literal["saltelli", "morris"]

_STATUS = "status"
_MEANING = {
    "S1": "first-order index",
    "S1_conf": "half width of the confidence interval of the first-order index",
    "ST": "total-order index",
    "ST_conf": "half width of the confidence interval of the total-order index",
    "mu": "mean elementary effect",
    "mu_star": "mean absolute elementary effect",
    "sigma": "standard deviation of the elementary effects",
    "mu_star_conf": "half width of the confidence interval of the mean absolute elementary effect",
}
_INDICES: dict[Design, tuple[str, ...]] = {
    "saltelli": ("S1", "S1_conf", "ST", "ST_conf"),
    "morris": ("mu", "mu_star", "mu_star_conf", "sigma"),
}
_REFERENCES: dict[Design, str] = {
    "saltelli": "Saltelli et al., Computer Physics Communications 181:259 (2010)",
    "morris": "Campolongo, Cariboni and Saltelli, Environmental Modelling & Software 22:1509 (2007)",
}


def sensitivity(
    space: Space,
    results: "xr.Dataset",
    output: "str | Callable[[xr.Dataset], xr.DataArray]",
    confidence: float,
    resamples: int,
    seed: int,
) -> "xr.Dataset":
    """Return the indices of an output; see `SavedStudy.sensitivity`."""
    import xarray as xr

    _check_arguments(confidence, resamples, seed)
    parameters = space.axes[SAMPLE].parameters if SAMPLE in space.axes else ()
    names = [p.name for p in parameters]
    # Positions among the sorted values: what the design does shows in these, and in them categories are numbers.
    ranks = [np.unique(p.values, return_inverse=True)[1].astype(np.float64) for p in parameters]
    design = _design(np.stack(ranks, axis=1)) if ranks else None
    if design is None:
        raise StudyError(
            f"the points of this study ({', '.join(f'{dim} ({size})' for dim, size in space.sizes.items()) or 'one'}) are no design "
            f"from which indices follow; expected a space from sample(n, 'saltelli') or sample(n, 'morris'), all of it."
        )
    require_salib("sensitivity()")
    _check_complete(results[_STATUS].values)
    values = _values(results, output)
    name = str(values.name)
    numbers = _numbers(name, values.values)
    flat = numbers.reshape(len(numbers), -1)
    rng = np.random.Generator(np.random.PCG64DXSM(seed))
    found = [_indices(design, names, np.stack(ranks, axis=1), y, confidence, resamples, rng) for y in flat.T]
    kept = values.isel({SAMPLE: 0}, drop=True).drop_vars(names, errors="ignore")
    indices = {}
    for index in _INDICES[design]:
        stacked = np.stack([one[index] for one in found], axis=1).reshape(len(names), *numbers.shape[1:])
        attrs = {"long_name": _MEANING[index]}
        if design == "morris" and values.attrs.get("units"):
            attrs["units"] = values.attrs["units"]
        indices[index] = (("parameter", *kept.dims), stacked, attrs)
    about = {"output": name, "design": design, "confidence": confidence, "references": _REFERENCES[design]}
    return xr.Dataset(indices, {**kept.coords, "parameter": names}, about)


def _check_arguments(confidence: float, resamples: int, seed: int) -> None:
    if not isinstance(confidence, Real) or not 0 < confidence < 1:
        raise StudyError(f"got confidence={confidence!r}; expected a number between 0 and 1, such as 0.95.")
    for name, value, least in (("resamples", resamples, 2), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise StudyError(f"got {name}={value!r}; expected a whole number of at least {least}.")


def _design(ranks: npt.NDArray[np.float64]) -> Design | None:
    """Return which design points are, which shows in what changes from one to the next."""
    size, d = ranks.shape
    if size % (d + 2) == 0:
        blocks = ranks.reshape(-1, d + 2, d)
        a, b = blocks[:, :1], blocks[:, -1:]
        if np.array_equal(blocks[:, :-1], np.concatenate([a, np.where(np.eye(d, dtype=bool), b, a)], axis=1)):
            return "saltelli"
    if size % (d + 1) == 0:
        moved = np.diff(ranks.reshape(-1, d + 1, d), axis=1) != 0
        if np.all(moved.sum(axis=1) == 1) and np.all(moved.sum(axis=2) == 1):
            return "morris"
    return None


def _check_complete(status: npt.NDArray[Any]) -> None:
    failed = int(np.isin(status, (FAILED, TIMED_OUT)).sum())
    pending = status.size - failed - int((status == OK).sum())
    if failed or pending:
        raise StudyError(
            f"indices need every point of a design; of {status.size:,} points {pending:,} are pending and {failed:,} failed. "
            f"Run the former with study.run(), the latter with study.retry()."
        )


def _values(results: "xr.Dataset", output: "str | Callable[[xr.Dataset], xr.DataArray]") -> "xr.DataArray":
    """Return an output, or what a function makes of the results, the draws first."""
    import xarray as xr

    if callable(output):
        made = output(results)
        if not isinstance(made, xr.DataArray) or SAMPLE not in made.dims:
            what = f"dimensions {listing(made.dims)}" if isinstance(made, xr.DataArray) else f"{made!r}"
            raise StudyError(
                f"the function of the results returned {what}; expected a DataArray with the dimension {SAMPLE!r}: "
                f"lambda results: results['y'].isel(step=-1)."
            )
        return made.rename("the output" if made.name is None else made.name).load().transpose(SAMPLE, ...)
    outputs = [str(name) for name in results.data_vars if name != _STATUS]
    if output not in outputs:
        raise StudyError(f"no output {output!r}; there is {listing(outputs)}.{suggest(str(output), outputs)}")
    return results[output].load().transpose(SAMPLE, ...)


def _numbers(output: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    if values.dtype.kind not in "biuf":
        raise StudyError(
            f"the values of {output!r} are {values.dtype}; expected real numbers. Let the simulation return one."
        )
    numbers = values.astype(np.float64)
    bad = ~np.isfinite(numbers)
    if bad.any():
        where = np.argwhere(bad)[0]
        raise StudyError(
            f"{int(bad.sum()):,} of {bad.size:,} values of {output!r} are no finite numbers, the first ({numbers[tuple(where)]}) at "
            f"sample {where[0]}; expected numbers at every point. Let the simulation return one."
        )
    return numbers


def _indices(
    design: Design,
    names: Sequence[str],
    ranks: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the indices of one column of numbers."""
    from SALib.analyze import morris, sobol

    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    given = {"num_resamples": resamples, "conf_level": confidence, "seed": rng}
    if design == "morris":
        found = morris.analyze(problem, ranks, y, num_levels=MORRIS_LEVELS, **given)
    elif np.ptp(y) == 0:  # of what does not vary no share can be told
        found = {index: np.full(len(names), np.nan) for index in _INDICES[design]}
    else:
        found = sobol.analyze(problem, y, calc_second_order=False, **given)
    return {index: np.asarray(found[index], dtype=np.float64) for index in _INDICES[design]}
