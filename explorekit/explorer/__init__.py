"""What does it look like? View state, slicing, drawing, controls, the explorer and the progress panel."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Loaded on first use: the view and the slicing must not drag in widgets or matplotlib.
_HOME = {
    "explore": "exploring",
    "Explorer": "explorer",
    "Link": "linking",
    "link": "linking",
    "ProgressPanel": "panel",
}

__all__ = ["Explorer", "Link", "ProgressPanel", "explore", "link"]

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer
    from explorekit.explorer.exploring import explore
    from explorekit.explorer.linking import Link, link
    from explorekit.explorer.panel import ProgressPanel


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
