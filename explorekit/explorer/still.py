"""What stands for the widgets where there is no kernel, such as in a notebook on a web page? The pictures they showed."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from explorekit.explorer.captions import in_words

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

_PNG, _HTML = "image/png", "text/html"


def with_stills(
    bundle: dict[str, Any], explorers: Sequence["Explorer"], titles: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what a cell keeps of a widget, together with the pictures of its explorers.

    Parameters
    ----------
    bundle
        What ipywidgets would keep, by MIME type; programs that can show widgets prefer it.
    explorers
        From left to right. One is kept as PNG, several as HTML in which they stand side by side.
    titles
        What stands above each of several.
    """
    if len(explorers) == 1:
        return {**bundle, _PNG: _encoded(explorers[0])}
    images = "".join(map(_image, explorers, titles or [""] * len(explorers)))
    return {**bundle, _HTML: f'<div style="display:flex;align-items:flex-end">{images}</div>'}


def _image(explorer: "Explorer", title: str) -> str:
    frame, _, message = explorer.shown
    return (
        f'<div style="flex:1 1 0;min-width:0">{escape(title)}'
        f'<img src="data:{_PNG};base64,{_encoded(explorer)}" alt="{escape(in_words(frame, message))}" style="max-width:100%"></div>'
    )


def _encoded(explorer: "Explorer") -> str:
    return b64encode(explorer.still).decode()
