"""How is an explorer read without a kernel? As one HTML file, with every picture in it."""

from explorekit.explorer.page.page import MAX_BYTES, Dims, html_page

__all__ = ["MAX_BYTES", "Dims", "html_page"]
