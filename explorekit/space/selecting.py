"""Which points a part of a space is: stretches of flat positions, never an object a point."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError, listing, suggest
from explorekit.space.axis import Axis
from explorekit.space.distributions import check_sampled
from explorekit.space.finding import as_along_one
from explorekit.space.parameter import POINT, Parameter
from explorekit.space.positions import equal_to, positions_of_values
from explorekit.space.rederiving import bare
from explorekit.space.retyping import with_arrays_of
from explorekit.space.space import Space
from explorekit.space.values import KIND, as_values, exact_text

Ranges = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def points_where(space: Space, where: Space | Mapping[str, Any]) -> Ranges:
    """Return the points of a part of a space.

    Parameters
    ----------
    space
        The whole.
    where
        Values of some of its parameters, as a space or as for `Space.sel`; all points with these values are meant.

    Returns
    -------
    ndarray of shape (n, 2)
        First position and one past the last of each stretch, sorted and apart.

    Raises
    ------
    SpaceError
        If the whole has no such parameter or value.
    """
    if not isinstance(where, (Space, Mapping)):
        raise SpaceError(
            f"got where={where!r}; expected a Space, or values by parameter: {{'a': 0.5}}, {{'a': [0.5, 1.0]}}, {{'a': slice(0, 1)}}."
        )
    if isinstance(where, Space):
        check_sampled(where, "select by the space")
    names = where.parameters if isinstance(where, Space) else where
    if unknown := [name for name in names if name not in space.passed]:
        raise SpaceError(
            f"no parameter {listing(unknown)}; this space has {listing(space.passed)}."
            f"{suggest(str(unknown[0]), space.passed)}"
        )
    if isinstance(where, Space):
        if computed := [name for name in where.parameters if name in space.derived]:
            raise SpaceError(
                f"{computed[0]!r} is derived from {listing(space.derived[computed[0]].formula.of)}; expected a part with values of these. To "
                f"select by its value: {{{computed[0]!r}: …}}."
            )
        where = bare(where) if where.derived else where  # what is derived follows
        where = with_arrays_of(where, space.parameters)
    if isinstance(where, Space) and (dim := _scattered(space, where)) is not None:
        return _stretches_of_points(space, where, dim)
    masks = _masks_of_space(space, where) if isinstance(where, Space) else _masks_of_values(space, where)
    return stretches(space.shape, [masks[dim] for dim in space.dims])


def _masks_of_values(space: Space, where: Mapping[str, Any]) -> dict[str, Mask]:
    masks = {dim: np.ones(axis.size, dtype=bool) for dim, axis in space.axes.items()}
    for name, wanted in where.items():
        parameter = as_along_one(space.passed[name])
        if parameter.dim is None:
            _check_fixed(parameter, wanted)
            continue
        chosen = np.zeros(space.sizes[parameter.dim], dtype=bool)
        chosen[positions_of_values(parameter, wanted)] = True
        masks[parameter.dim] &= chosen
        if not masks[parameter.dim].any():
            raise SpaceError(
                f"no point has {name}={wanted!r} together with what else was asked for. Ask for values that lie together along "
                f"{parameter.dim!r}."
            )
    return masks


def _check_fixed(parameter: Parameter, wanted: Any) -> None:
    if isinstance(wanted, slice):
        raise SpaceError(
            f"parameter {parameter.name!r} is fixed at {parameter.summary()}; expected that value, not {wanted}. Leave it out."
        )
    if parameter.arrays is not None and getattr(getattr(wanted, "dtype", None), "kind", "") != "S":
        from explorekit.space.array_lookup import asked_digests

        wanted = asked_digests(parameter, wanted)
    values = wanted if parameter.values.dtype.kind == "S" else as_values(parameter.name, wanted)
    for value in np.atleast_1d(values):
        if not equal_to(parameter.values, value):
            raise SpaceError(
                f"parameter {parameter.name!r} is fixed at {parameter.summary()}; no point has {exact_text(value)}. Leave it out."
            )


def _masks_of_space(space: Space, where: Space) -> dict[str, Mask]:
    masks = {dim: np.ones(axis.size, dtype=bool) for dim, axis in space.axes.items()}
    by_dim: dict[str, list[Parameter]] = {}
    goes_to: dict[str, str | None] = {}
    for p in where.parameters.values():
        known = space.parameters[p.name]
        if KIND[known.values.dtype.kind] != KIND[p.values.dtype.kind]:
            raise SpaceError(
                f"the values of {p.name!r} are {KIND[known.values.dtype.kind]}, not {KIND[p.values.dtype.kind]}. Give them as such."
            )
        if p.dim is not None and goes_to.setdefault(p.dim, known.dim) != known.dim:
            raise SpaceError(
                f"{p.name!r} is paired with others along {p.dim!r} here, but not in the space, whose dimensions are "
                f"{listing(space.dims)}. Select several parts one after the other."
            )
        if known.dim is None:
            _check_fixed(known, p.values)
        else:
            by_dim.setdefault(known.dim, []).append(p)
    for dim, parameters in by_dim.items():
        if dim == POINT:
            from explorekit.space.union import along_point

            part = Space.from_parameters(parameters, {d: a for d, a in where.axes.items() if d in goes_to})
            parameters = list(along_point(part).axes[POINT].parameters)  # noqa: PLW2901
        masks[dim] = _matching(space.axes[dim], parameters)
    return masks


def _matching(axis: Axis, parameters: list[Parameter]) -> Mask:
    """Return which positions of a dimension have some tuples of values, each of which must be there."""
    length = max(p.values.size for p in parameters)
    wanted = list(zip(*(p.labels * (length if p.values.size == 1 else 1) for p in parameters), strict=True))
    names = [p.name for p in parameters]
    columns = {p.name: p.labels for p in axis.parameters if p.name in names}
    there = list(zip(*(columns[name] for name in names), strict=True))
    if lacking := set(wanted) - set(there):
        row = next(row for row, one in enumerate(wanted) if one in lacking)
        texts = ", ".join(
            f"{p.name}={p.text_of(np.broadcast_to(p.values, (length,))[row])}"
            for p in parameters
            if p.given is None or p.given[row]
        )
        raise SpaceError(
            f"no point of the space has {texts}; expected values that are there, exactly. Add it first with extend(), or leave it out."
        )
    some = set(wanted)
    return np.array([one in some for one in there], dtype=bool)


def _scattered(space: Space, where: Space) -> str | None:
    """Return the one dimension of a part along which are combinations of several dimensions of the whole, as `Space.find` lists them."""
    leads_to: dict[str, set[str]] = {}
    for p in where.parameters.values():
        known = space.parameters[p.name].dim
        if p.dim is not None and known is not None:
            leads_to.setdefault(p.dim, set()).add(known)
    several = [dim for dim, known in leads_to.items() if len(known) > 1]
    others: set[str] = set().union(*(known for dim, known in leads_to.items() if dim not in several))
    return several[0] if len(several) == 1 and not leads_to[several[0]] & others else None


def _stretches_of_points(space: Space, where: Space, scattered: str) -> Ranges:
    """Return the points that have the combinations of values along a dimension of `where`, and what else that has."""
    along = [p for p in where.parameters.values() if p.dim == scattered]
    masks = _masks_of_space(
        space, Space.from_parameters([p for p in where.parameters.values() if p not in along])
    )
    strides = dict(zip(space.dims, np.cumprod([1, *space.shape[:0:-1]])[::-1].tolist(), strict=True))
    rows, offsets = np.arange(where.sizes[scattered]), np.zeros(where.sizes[scattered], dtype=np.int64)
    listed = dict.fromkeys(str(space.parameters[p.name].dim) for p in along if space.parameters[p.name].dim)
    for p in along:
        if space.parameters[p.name].dim is None:
            _check_fixed(space.parameters[p.name], p.values)
    for dim in listed:
        axis, given = space.axes[dim], [p for p in along if space.parameters[p.name].dim == dim]
        _masks_of_space(
            space, Space.from_parameters(given)
        )  # each combination is there, and of the right kind
        positions_of: dict[tuple[bytes, ...], list[int]] = {}
        there = zip(
            *(next(q for q in axis.parameters if q.name == p.name).labels for p in given), strict=True
        )
        for position, label in enumerate(there):
            positions_of.setdefault(label, []).append(position)
        wanted = list(zip(*(p.labels for p in given), strict=True))
        found = [positions_of[wanted[row]] for row in rows.tolist()]
        counts = np.array([len(positions) for positions in found])
        rows, offsets = np.repeat(rows, counts), np.repeat(offsets, counts)
        offsets = offsets + np.concatenate(found) * strides[dim]
    # What lies behind the last dimension that is cut is whole, and makes one stretch.
    cut = [dim for dim in space.dims if dim in listed or not masks[dim].all()]
    block = strides[cut[-1]]
    for dim in cut:
        if dim not in listed:
            offsets = (offsets[:, np.newaxis] + np.flatnonzero(masks[dim]) * strides[dim]).ravel()
    for dim in space.dims[: space.dims.index(cut[-1])]:
        if dim not in cut:
            offsets = (offsets[:, np.newaxis] + np.arange(space.sizes[dim]) * strides[dim]).ravel()
    starts = np.unique(offsets)
    return joined(np.stack([starts, starts + block], axis=1))


def stretches(shape: tuple[int, ...], chosen: list[Mask]) -> Ranges:
    """Return the points whose index is chosen along every dimension, as (start, stop) of flat positions."""
    ranges, block = np.array([[0, 1]]), 1
    for size, mask in zip(reversed(shape), reversed(chosen), strict=True):
        if np.array_equal(ranges, [[0, block]]):
            edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)
            ranges = edges * block
        else:
            offsets = np.flatnonzero(mask)[:, np.newaxis, np.newaxis] * block
            ranges = (offsets + ranges).reshape(-1, 2)
        block *= size
    return joined(ranges)


def joined(ranges: Ranges) -> Ranges:
    """Return sorted stretches with those that touch as one."""
    apart = ranges[1:, 0] > ranges[:-1, 1]
    first = np.concatenate([[True], apart])[: len(ranges)]
    last = np.concatenate([apart, [True]])[: len(ranges)]
    return np.stack([ranges[first, 0], ranges[last, 1]], axis=1)


def common(a: Ranges, b: Ranges) -> Ranges:
    """Return the points that lie in both of two sets of stretches, each sorted and apart."""
    first = np.searchsorted(b[:, 1], a[:, 0], side="right")
    count = np.maximum(np.searchsorted(b[:, 0], a[:, 1], side="left") - first, 0)
    owner = np.repeat(np.arange(len(a)), count)
    other = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[owner]
    return np.stack([np.maximum(a[owner, 0], b[other, 0]), np.minimum(a[owner, 1], b[other, 1])], axis=1)


def size(ranges: Ranges) -> int:
    """Return the number of points in stretches."""
    return int((ranges[:, 1] - ranges[:, 0]).sum())
