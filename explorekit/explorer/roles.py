"""What is each dimension there for? Its role in a view, and the view in which it has another."""

from dataclasses import replace

import xarray as xr

from explorekit.explorer.reducing import BANDS, STATISTICS, statistic
from explorekit.explorer.view import ROLES, View, dims_of, with_x, with_y

SLIDER, ANIMATE = "slider", "animate"
# What a dimension can be, in the order of the menus.
CHOICES = ("x", "y", "hue", "row", "column", SLIDER, ANIMATE, *BANDS, *STATISTICS)


def role_of(view: View, dim: str) -> str:
    """Return the role of a dimension: one of `CHOICES`, or another quantile."""
    if dim in view.reduce:
        return view.reduce[dim]
    named = (role for role in ROLES if getattr(view, role) == dim)
    return next(named, ANIMATE if view.animate == dim else SLIDER)


def with_role(dataset: xr.Dataset, view: View, dim: str, role: str) -> View:
    """Return the view with another role for one dimension; the dimension that had it gets the role that is free now.

    Raises
    ------
    ValueError
        If there is no such role.
    """
    if role in ("x", "y") and role_of(view, dim) in ("x", "y"):
        return with_x(view, dim) if role == "x" else with_y(view, dim)
    before = role_of(view, dim)
    held = getattr(view, role) if role in ROLES else None
    view = _placed(_without(view, dim), dim, role)
    if held is not None and held != dim:
        view = _placed(view, held, before if before in ROLES else SLIDER)
    if role == "hue":
        view = replace(view, y=None)
    return tidied(dataset, view)


def _without(view: View, dim: str) -> View:
    parts = {role: None for role in (*ROLES, ANIMATE) if getattr(view, role) == dim}
    reduce = {other: name for other, name in view.reduce.items() if other != dim}
    return replace(view, reduce=reduce, by=None if view.x == dim else view.by, **parts)  # type: ignore[arg-type]


def _placed(view: View, dim: str, role: str) -> View:
    if role in (*ROLES, ANIMATE):
        return replace(view, **{role: dim, **({"by": None} if role in ("x", "y") else {})})  # type: ignore[arg-type]
    return view if role == SLIDER else replace(view, reduce={**view.reduce, dim: statistic(role)})


def tidied(dataset: xr.Dataset, view: View) -> View:
    """Return the view with one role a dimension, none for those that its variable lacks, and nothing along y alone."""
    if view.x is None and view.y is not None:
        view = replace(view, x=view.y, y=None)
    if view.variable is None:
        return view
    free = [dim for dim in dims_of(dataset, view) if dim not in view.axes]
    parts: dict[str, str | None] = {}
    for role in ("hue", "row", "column"):
        dim = getattr(view, role)
        parts[role] = dim if dim in free and not (role == "hue" and view.x is None) else None
        free = [other for other in free if other != parts[role]]
    reduce = {dim: name for dim, name in view.reduce.items() if dim in free}
    animate = view.animate if view.animate in free and view.animate not in reduce else None
    for other in ("minus", "over"):
        name = getattr(view, other)
        fits = name in dataset.data_vars and name != view.variable
        fits = fits and set(dataset.variables[name].dims) <= set(dims_of(dataset, view))
        parts[other] = name if fits else None
    tidy = replace(view, reduce=reduce, animate=animate, **parts)  # type: ignore[arg-type]
    return view if tidy == view else tidy
