"""Nothing of an explorer outlives it: a notebook in which a cell is run again and again does not grow."""

import gc
import weakref

import pytest

from explorekit.explorer import explore
from explorekit.explorer.linking import link


def figures_of(explorer):
    explorer.figure  # noqa: B018
    canvases = (explorer.screen.canvas, explorer.picture._paper, explorer.picture._whole)
    return [weakref.ref(canvas.figure) for canvas in canvases]


def alive(references):
    gc.collect()
    return [there for reference in references if (there := reference()) is not None]


def test_a_resized_explorer_lets_go_of_its_figures(results):
    explorer = explore(results, "V")
    before = figures_of(explorer)
    explorer.resize(4, 3)
    assert alive(before) == []
    assert len(alive(figures_of(explorer))) == 3


@pytest.mark.parametrize("in_browser", [True, False])
def test_a_closed_explorer_is_freed_with_its_figures_and_tools(results, in_browser):
    explorer = explore(results, "V", animate="I")
    if in_browser:
        explorer.picture._handle_custom_msg("ready", [])
    for name in explorer.tools.buttons:
        explorer.tools.buttons[name].value = True
    explorer.kind_chooser.value, explorer.picture.pick = "line", [3]
    left = [weakref.ref(explorer), *figures_of(explorer)]
    explorer.close()
    del explorer
    assert alive(left) == []


def test_an_explorer_that_was_linked_is_freed_when_it_is_closed(results):
    explorer, *others = (explore(results, "V", x="time") for _ in range(3))
    link(explorer, *others)
    left = [weakref.ref(explorer), *figures_of(explorer)]
    explorer.close()
    del explorer
    assert alive(left) == []
    others[0].controls["tau_ref"].value = 10.0
    assert others[1].controls["tau_ref"].value == 10.0
