"""Explore the parameters of a simulation: declare, run, slice, keep."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# At once, and not on first use: the decorator has the name of its folder, which would else take its place.
from explorekit.simulation.declare import simulation

__version__ = "0.1.0"

# Loaded on first use, so that `import explorekit` costs milliseconds.
_HOME = {
    "Space": "space",
    "param": "space",
    "categorical": "space",
    "Study": "study",
    "merge": "merging",
    "open": "opening",
    "compare": "opening",
    "explore": "explorer.exploring",
    "interact": "interacting",
    "explore_adaptively": "adaptive",
    "link": "explorer.linking",
}

_MODULES = ("adaptive", "errors")

__all__ = [
    "Space",
    "Study",
    "adaptive",
    "categorical",
    "compare",
    "errors",
    "explore",
    "explore_adaptively",
    "interact",
    "link",
    "merge",
    "open",
    "param",
    "simulation",
]

if TYPE_CHECKING:
    from explorekit import adaptive, errors
    from explorekit.adaptive import explore_adaptively
    from explorekit.explorer.exploring import explore
    from explorekit.explorer.linking import link
    from explorekit.interacting import interact
    from explorekit.merging import merge
    from explorekit.opening import compare, open  # noqa: A004
    from explorekit.space import Space, categorical, param
    from explorekit.study import Study


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"explorekit.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"explorekit.{name}")
    raise AttributeError(f"module 'explorekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
