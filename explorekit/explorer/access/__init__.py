"""Can it be used without a mouse, and without seeing it? What the widgets that we build on leave out."""

from explorekit.explorer.access.widget import Access

__all__ = ["Access"]
