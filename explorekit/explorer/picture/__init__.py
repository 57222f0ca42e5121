"""How does a frame reach the screen? Axes as a picture, data as bytes, which the browser draws over them."""

from explorekit.explorer.picture.widget import Picture

__all__ = ["Picture"]
