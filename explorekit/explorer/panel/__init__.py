"""How far is a run? Live in a notebook, in a line of text elsewhere."""

from explorekit.explorer.panel.panel import ProgressPanel

__all__ = ["ProgressPanel"]
