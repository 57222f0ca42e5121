"""What can be done with what is shown? One file a tool, each with a button below the picture.

A tool is a module that has ``TOOL``, a `Tool`, and is named in ``NAMES``, in the order of the buttons.
"""

from importlib import import_module

from explorekit.explorer.tools.tool import Tool
from explorekit.explorer.tools.toolbar import Toolbar

NAMES: tuple[str, ...] = ("roles", "scale", "inspector", "pin", "save", "code", "bookmarks", "keys")

__all__ = ["Tool", "Toolbar", "tools"]


def tools() -> list[Tool]:
    """Return every tool there is."""
    return [import_module(f"{__name__}.{name}").TOOL for name in NAMES]
