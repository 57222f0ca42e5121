"""What is in pictures beside each other? A frame for each value along a row or a column, read together where they are small."""

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.explorer.picking import PLACES, panel_of
from explorekit.explorer.view import STATUS, View, slider_dims

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorekit.explorer.slicing import Frame, Slicer

# More pictures are too small to compare.
MOST_ROWS, MOST_COLUMNS, MOST_PANELS = 6, 8, 24
# Pictures are wider than high.
SHAPE = 1.4
# More values than this are read a picture at a time.
MOST_AT_ONCE = 2**22

Place = dict[str, int]


def panels(
    slicer: "Slicer", view: View, take: "Callable[[Slicer, View], Frame]", *, at_once: bool
) -> "Frame":
    """Return one frame with the pictures of a view that has rows or columns.

    Parameters
    ----------
    slicer, view
        What to take it from.
    take
        Takes the frame of one picture.
    at_once
        Whether that needs nothing but the variable and the status of its runs.
    """
    single = replace(view, row=None, column=None, picked=False)
    lone = view.row is None or view.column is None
    rows, columns = (_some(slicer, dim, _most(view)) for dim in (view.row, view.column))
    whole = slicer
    places = [{**row, **column} for row in rows for column in columns]
    if not places:
        return take(slicer, single)
    names, there = [_name(slicer, place) for place in places], tuple(places)
    if at_once and _values(slicer, view) * len(places) <= MOST_AT_ONCE:
        slicer, single, places = _loaded(slicer, single, places)
    frames = [
        replace(take(slicer, _at(single, place)), title=name)
        for place, name in zip(places, names, strict=True)
    ]
    width = math.ceil(math.sqrt(len(frames) * SHAPE)) if lone else len(columns)
    edges = {} if lone else {"rows": _names(whole, rows), "columns": _names(whole, columns)}
    return _together(whole, view, frames, width, {**edges, PLACES: there})


def _names(slicer: "Slicer", places: list[Place]) -> tuple[str, ...]:
    return tuple(_name(slicer, place) for place in places)


def _together(
    slicer: "Slicer", view: View, frames: "list[Frame]", width: int, edges: dict[str, tuple[Any, ...]]
) -> "Frame":
    first = frames[0]
    runs: Counter[int] = Counter()
    for frame in frames:
        runs.update(frame.runs)
    rows = tuple(tuple(frames[start : start + width]) for start in range(0, len(frames), width))
    return replace(
        first,
        title=slicer.title(view),
        values=np.concatenate([frame.values.ravel() for frame in frames]),
        status=None,
        outcome=None,
        runs=dict(runs),
        look=(tuple(frame.title for frame in frames), tuple(frame.look for frame in frames)),
        note="; ".join(note for note in (first.note, _left_out(slicer, view)) if note),
        low=None,
        high=None,
        pick=panel_of(view, edges[PLACES]),
        extra={**first.extra, **edges},
        panels=rows,
    )


def _most(view: View) -> dict[str, int]:
    """Return how many pictures there is room for along each dimension."""
    if view.row is None or view.column is None:
        return dict.fromkeys([dim for dim in (view.row, view.column) if dim is not None], MOST_PANELS)
    return {view.row: MOST_ROWS, view.column: MOST_COLUMNS}


def _left_out(slicer: "Slicer", view: View) -> str:
    sizes = {dim: slicer.dataset.sizes[dim] for dim in _most(view)}
    some = [(dim, n) for dim, n in _most(view).items() if n < sizes[dim]]
    return "; ".join(f"{n} of {sizes[dim]:,} values of {dim}" for dim, n in some)


def _some(slicer: "Slicer", dim: str | None, most: dict[str, int]) -> list[Place]:
    """Return positions along a dimension, spread evenly where there are too many."""
    if dim is None:
        return [{}]
    size = slicer.dataset.sizes[dim]
    return [{dim: int(i)} for i in np.linspace(0, size - 1, min(size, most[dim])).round()]


def _name(slicer: "Slicer", place: Place) -> str:
    labels = {dim: slicer.label(dim, index) for dim, index in place.items()}
    return ", ".join(label if "=" in label else f"{dim} = {label}" for dim, label in labels.items())


def _at(view: View, place: Place) -> View:
    return replace(view, selection={**view.selection, **place})


def _values(slicer: "Slicer", view: View) -> int:
    """Return how many values one picture is made of."""
    beside = (view.row, view.column)
    return math.prod(slicer.dataset.sizes[dim] for dim in view.placed if dim not in beside)


def _loaded(slicer: "Slicer", single: View, places: list[Place]) -> "tuple[Slicer, View, list[Place]]":
    """Return a slicer of nothing but what all pictures need, in memory, and where they are in it."""
    dataset = slicer.dataset
    names = [
        name for name in (single.variable, single.minus, single.over, STATUS) if name in dataset.data_vars
    ]
    chosen = {dim: list(dict.fromkeys(place[dim] for place in places)) for dim in places[0]}
    fixed = {dim: [single.index(dim)] for dim in slider_dims(dataset, single) if dim not in chosen}
    where = {dim: indices for dim, indices in {**chosen, **fixed}.items() if dataset.sizes[dim]}
    small = dataset[names].isel(where).load()
    moved = [{dim: chosen[dim].index(index) for dim, index in place.items()} for place in places]
    return type(slicer)(small), replace(single, selection=dict.fromkeys(fixed, 0)), moved
