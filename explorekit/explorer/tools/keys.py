"""Which keys do what? A list, for whoever would rather not use a mouse."""

from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from explorekit.explorer.tools.tool import Tool

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

KEYS = {
    "Everywhere": (
        ("Tab, Shift Tab", "to the next control, and back"),
        ("Space", "press a button, open or close a tool"),
        ("Esc", "in a tool: close it"),
    ),
    "On a slider": (
        ("← →", "one value on"),
        ("Page up, Page down", "some values on"),
        ("Home, End", "the first and the last value"),
    ),
    "On a menu": (("↑ ↓", "the next choice"), ("a letter", "the next choice that begins with it")),
    "On the picture": (
        ("arrow keys", "pick the next value, and hear or read what it is"),
        ("Shift and an arrow", "pick one farther away"),
        ("+ −", "look closer, and from farther away"),
        ("0", "see all of it"),
        ("Esc", "pick nothing"),
    ),
}


def _body(_explorer: "Explorer") -> ipywidgets.Widget:
    return ipywidgets.HTML(html())


def html() -> str:
    """Return the list of keys as HTML."""
    parts = []
    for where, keys in KEYS.items():
        entries = "".join(
            f'<dt style="margin:0;width:auto;white-space:nowrap"><kbd>{escape(key)}</kbd></dt><dd style="margin:0">{escape(what)}</dd>'
            for key, what in keys
        )
        grid = "display:grid;grid-template-columns:max-content auto;gap:0 1.2em;margin:0 0 .5em 1em"
        parts.append(f'<div><strong>{escape(where)}</strong><dl style="{grid}">{entries}</dl></div>')
    return f'<div style="line-height:1.6;color:var(--jp-ui-font-color1, #222)">{"".join(parts)}</div>'


TOOL = Tool("Keys", "keyboard-o", "Which keys do what", _body)
