"""How is a frame drawn? One matplotlib figure whose artists are updated in place."""

from explorekit.explorer.drawing.canvas import Canvas

__all__ = ["Canvas"]
