"""Where do two results differ? Both side by side and their difference, over the same axes and in the same colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import xarray as xr

from explorekit.explorer.aligning import in_common, matches
from explorekit.explorer.difference import difference, relative_name
from explorekit.explorer.explorer import Explorer
from explorekit.explorer.labels import value_text, with_units
from explorekit.explorer.panes import Panes
from explorekit.explorer.source import Source, as_source, look_at
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.view import View

SIZE = (4.4, 3.9)
CHOICES = ("difference", "relative difference")


class Comparison(Panes):
    """Two results and their difference; `explorekit.compare` makes one.

    Parameters
    ----------
    a, b, variable, x, y, selection
        As in `explorekit.compare`.

    Attributes
    ----------
    a, b, difference
        The explorers, from left to right.
    relative
        The buttons that choose between the difference and the relative difference.
    """

    def __init__(
        self,
        a: Any,
        b: Any,
        variable: str | None = None,
        x: str | None = None,
        y: str | None = None,
        selection: Mapping[str, Any] | None = None,
    ) -> None:
        pair = _Pair(as_source(a), as_source(b))
        sides = [_Side(pair, number) for number in range(3)]
        self.a, self.b = (Explorer(side, variable, x, y, selection) for side in sides[:2])
        self.difference = Explorer(sides[2], variable, x, y, selection)
        self.b.share_scales(self.a)
        self.relative = ipywidgets.ToggleButtons(
            options=CHOICES, tooltips=("the second less the first", "in per cent of the first")
        )
        self.relative.style.button_width = "auto"
        names = _names(a, b, pair.results(0), pair.results(1))
        titles = (*names, "B − A")
        self._heads = [ipywidgets.HTML(_head(text)) for text in titles]
        self._note = ipywidgets.HTML()
        self._pair, self._mirroring = pair, False
        super().__init__((self.a, self.b, self.difference), SIZE, linked=False)
        self.titles = titles
        for explorer, head in zip(self.explorers, self._heads, strict=True):
            explorer.head(head)
        self.children = [self.a.menus, self._controls, self.relative, self._row, self._note]
        self._stops += [explorer.on_shown(partial(self._mirror, explorer)) for explorer in self.explorers]
        self.relative.observe(lambda _: on_kernel_thread(lambda: self._mirror(self.a)), "value")
        self._mirror(self.a)

    def _mirror(self, leader: Explorer) -> None:
        """Have all three show the same."""
        with leader.lock:
            if not self._mirroring:
                self._show_all(leader)

    def _show_all(self, leader: Explorer) -> None:
        self._mirroring = True
        try:
            view = leader.view
            if leader is self.difference and view.variable is not None:
                view = replace(view, variable=view.variable.removesuffix(relative_name("")))
            for explorer in self.explorers:
                wanted = self._of_difference(view) if explorer is self.difference else view
                if explorer.view != wanted and explorer.comm is not None:
                    explorer.show(wanted)
            self.a.rescale()
            self.b.rescale()
        finally:
            self._mirroring = False
        text = _notes(self._pair.notes)
        if self._note.value != text:
            self._note.value = text

    def _of_difference(self, view: View) -> View:
        name = relative_name(str(view.variable))
        relative = self.relative.value == CHOICES[1] and name in self.difference.slicer.dataset.data_vars
        return replace(view, variable=name) if relative else view

    def close(self) -> None:
        """Remove the widget and its explorers, here and in every browser."""
        if "_heads" in self.__dict__:  # or it could not be built
            for widget in (*self._heads, self._note, self.relative):
                widget.close()
        super().close()


class _Pair:
    """Two sources on what they have in common, and their difference, as of one moment."""

    def __init__(self, a: Source, b: Source) -> None:
        self.sources = (a, b)
        self.notes: Sequence[str] = ()
        self._of: int | None = None
        self._now: tuple[xr.Dataset, ...] = ()

    @property
    def generation(self) -> int:
        # Each of them only grows, so that no two moments have the same sum.
        return sum(source.generation for source in self.sources)

    @property
    def running(self) -> bool:
        return any(source.running for source in self.sources)

    def results(self, number: int) -> xr.Dataset:
        generation = self.generation
        if generation != self._of:
            one, other, self.notes = in_common(*(source.results for source in self.sources))
            self._now, self._of = (one, other, difference(one, other)), generation
        return self._now[number]


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two, or the difference, as what an explorer looks at."""

    pair: _Pair
    number: int

    @property
    def results(self) -> xr.Dataset:
        return self.pair.results(self.number)

    @property
    def generation(self) -> int:
        return self.pair.generation

    @property
    def running(self) -> bool:
        return self.pair.running

    def prefer(self, where: Mapping[str, int]) -> None:
        """Have what is looked at computed first, where it lies in the whole."""
        if self.number < 2:
            source = self.pair.sources[self.number]
            whole, part = source.results, self.results
            places = {dim: matches(part, whole, dim)[1] for dim in where if dim in whole.sizes}
            look_at(source, {dim: int(index[where[dim]]) for dim, index in places.items() if len(index)})


def _names(a: Any, b: Any, one: xr.Dataset, other: xr.Dataset) -> tuple[str, str]:
    """Return what to call the two: by where they were taken, if they differ in that, or by their names."""
    fixed = [name for name, c in one.coords.items() if c.ndim == 0 and name in other.coords]
    differing = [name for name in fixed if other.coords[name].ndim == 0 and not _same(one, other, name)]
    if differing:
        texts = [
            ", ".join(f"{name} = {_text(data.coords[name])}" for name in differing) for data in (one, other)
        ]
    else:
        texts = [Path(data.path).name if hasattr(data, "path") else "" for data in (a, b)]
    return ("A: " + texts[0], "B: " + texts[1]) if len(set(texts)) == 2 else ("A", "B")


def _same(one: xr.Dataset, other: xr.Dataset, name: Any) -> bool:
    return bool(np.array_equal(one.coords[name].values, other.coords[name].values))


def _text(coordinate: xr.DataArray) -> str:
    return with_units(value_text(coordinate.values[()]), coordinate.attrs)


def _head(text: str) -> str:
    style = "font-size:13px;line-height:1.6;color:var(--jp-ui-font-color1, #333)"
    return f'<div style="{style}"><b>{escape(text)}</b></div>'


def _notes(notes: Sequence[str]) -> str:
    style = "font-size:12px;line-height:1.5;color:var(--jp-ui-font-color1, #333)"
    return "".join(f'<div style="{style}">{escape(note)}</div>' for note in notes)
