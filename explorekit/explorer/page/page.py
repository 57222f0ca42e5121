"""What is in the page? A slider or a menu for each dimension, and the picture at every position."""

import json
import math
import string
from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorekit.explorer.camera import Shot
from explorekit.explorer.captions import caption
from explorekit.explorer.controls import named
from explorekit.explorer.labels import dim_name, full_name
from explorekit.explorer.page.recorder import Recorder
from explorekit.explorer.shots import Positions, controlled, shots, views
from explorekit.explorer.view import slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

# What a mail may carry, and a browser opens without a pause.
MAX_BYTES = 20_000_000
# So many pictures, spread over all, tell how large the page will be.
_TASTE = 4
_HERE = Path(__file__).parent
_PICTURE = _HERE.parent / "picture"

Dims = Collection[str] | Mapping[str, int]


def html_page(explorer: "Explorer", dims: Dims | None = None, max_bytes: int = MAX_BYTES) -> str:
    """Return a page that shows what an explorer shows, with sliders, and without a kernel or a network.

    Parameters
    ----------
    explorer
        What to show.
    dims
        The dimensions that get a slider, of those that have a control; by default all. A mapping gives, by dimension, how
        many of its values at most, spread evenly. Along the others the page stays where the explorer is.
    max_bytes
        The size that the page may have.

    Returns
    -------
    str
        HTML, with everything in it.

    Raises
    ------
    ValueError
        If `dims` names what has no control, or the page would be larger than it may; the text says what would fit.
    """
    with explorer.lock:
        positions = _positions(explorer, dims)
        number = math.prod(map(len, positions.values()))
        places = views(explorer.view, positions)
        taste = _Pictures()
        for place in {round(i) for i in np.linspace(0, number - 1, _TASTE)}:
            taste.add(explorer.shot(places[place]))
        shell = len(_filled(explorer, {}, _Pictures()))
        if (size := shell + taste.size_of(number)) > max_bytes:
            raise ValueError(_too_large(positions, size, max_bytes))
        pictures = _Pictures()
        for shot in shots(explorer, positions):
            pictures.add(shot)
        page = _filled(explorer, positions, pictures)
    if len(page) > max_bytes:
        raise ValueError(_too_large(positions, len(page), max_bytes))
    return page


class _Pictures:
    """Pictures as they lie in a page."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.frames: list[tuple[str, int]] = []
        self.captions: dict[str, int] = {}

    def add(self, shot: Shot) -> None:
        below = self.captions.setdefault(caption(shot[0]), len(self.captions))
        self.frames.append((self.recorder.frame(*shot), below))

    def size_of(self, number: int) -> float:
        """Return the size in bytes of so many pictures like these."""
        frames, axes = sum(len(frame) for frame, _ in self.frames), sum(map(len, self.recorder.axes))
        more = number / len(self.frames)
        shared = len(self.recorder.axes) < len(self.frames) or len(self.frames) == 1
        return frames * more + (axes if shared else axes * more)


def _positions(explorer: "Explorer", dims: Dims | None) -> Positions:
    """Return the indices along each dimension that gets a slider."""
    dataset, view = explorer.slicer.dataset, explorer.view
    chosen = dims if dims is not None else [d for d in slider_dims(dataset, view) if dataset.sizes[d] > 1]
    controlled(explorer, list(chosen))
    sizes = {dim: dataset.sizes[dim] for dim in chosen}
    most = {dim: min(sizes[dim], chosen[dim]) for dim in chosen} if isinstance(chosen, Mapping) else sizes
    if few := [dim for dim in most if most[dim] < 1]:
        raise ValueError(f"a slider needs a value: got {most[few[0]]} for {few[0]}")
    return {dim: _spread(sizes[dim], most[dim]) for dim in chosen}


def _spread(size: int, most: int) -> list[int]:
    return [int(place) for place in np.linspace(0, size - 1, most).round()]


def _too_large(positions: Positions, size: float, most: int) -> str:
    """Return what a page would take, and how many values of each dimension would fit."""
    sizes = {dim: len(indices) for dim, indices in positions.items()}
    total = math.prod(sizes.values())
    fitting, room = dict(sizes), 0.9 * most  # an estimate is no promise
    while fitting and size * math.prod(fitting.values()) / total > room and max(fitting.values()) > 1:
        longest = max(fitting, key=fitting.__getitem__)
        fitting[longest] = -(-fitting[longest] // 2)
    along = " × ".join(f"{length} {dim}" for dim, length in sizes.items())
    what = f"{total:,} pictures ({along})" if total > 1 else "a single picture"
    text = f"the page would take about {size / 1e6:,.1f} MB for {what}; max_bytes is {most:,}."
    if total == 1 or size * math.prod(fitting.values()) / total > room:
        return f"{text} Give a larger max_bytes."
    return f"{text} Leave out a dimension, or take fewer of its values: dims={fitting} would fit."


def _filled(explorer: "Explorer", positions: Positions, pictures: _Pictures) -> str:
    data = {
        "dims": [_control(explorer, dim, indices) for dim, indices in positions.items()],
        "picture": pictures.recorder.initial,
        "axes": pictures.recorder.axes,
        "frames": pictures.frames,
        "captions": list(pictures.captions),
    }
    dataset, name = explorer.slicer.dataset, explorer.view.variable
    title = "nothing yet" if name is None else full_name(name, dataset.variables[name].attrs)
    study = str(getattr(explorer.source, "name", "") or dataset.attrs.get("title", ""))
    return string.Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        css=(_PICTURE / "picture.css").read_text(encoding="utf-8")
        + (_HERE / "page.css").read_text(encoding="utf-8"),
        # A script ends at "</" whatever is in it.
        data=json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
        script=_widget_script() + (_HERE / "page.js").read_text(encoding="utf-8"),
        footer=escape(f"{study}, made with explorekit" if study else "made with explorekit"),
    )


def _widget_script() -> str:
    """Return what draws pictures in a notebook, under a name, for a page has one module."""
    script = (_PICTURE / "picture.js").read_text(encoding="utf-8")
    assert script.count("export default {") == 1
    return script.replace("export default {", "const picture = {")


def _control(explorer: "Explorer", dim: str, indices: Sequence[int]) -> dict[str, Any]:
    dataset = explorer.slicer.dataset
    labels = [explorer.slicer.label(dim, index) for index in indices]
    now = explorer.view.index(dim)
    return {
        "name": dim_name(dataset, dim),
        "labels": labels,
        "index": min(range(len(indices)), key=lambda place: abs(indices[place] - now)),
        "menu": named(dataset, dim),
    }
