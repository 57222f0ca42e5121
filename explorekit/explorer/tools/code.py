"""Take what is shown along as code: xarray and matplotlib alone."""

from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from explorekit.errors import ExplorekitError
from explorekit.explorer.tools.copying import CopyButton
from explorekit.explorer.tools.tool import Tool

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

_STYLE = (
    "margin:4px 0;padding:8px 10px;overflow-x:auto;line-height:1.45;font-size:12px;border-radius:2px;"
    "font-family:var(--jp-code-font-family,monospace);"
    "color:var(--jp-content-font-color1,#222);background:var(--jp-layout-color2,#f3f3f3)"
)


class Code(ipywidgets.VBox):  # type: ignore[misc]
    """The lines that draw what an explorer shows, and a button that copies them.

    Parameters
    ----------
    explorer
        What to draw.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self.copy = CopyButton()
        self.lines = ipywidgets.HTML()
        super().__init__([self.copy, self.lines])
        self.add_class("explorekit-code")

    def follow(self) -> None:
        """Show the lines for what is shown now."""
        try:
            code = self._explorer.code
        except (ExplorekitError, ValueError, OSError, RuntimeError) as error:
            code = f"# {error}"
        if code != self.copy.text:
            self.copy.text = code
            self.lines.value = f'<pre tabindex="0" aria-label="code" style="{_STYLE}">{escape(code)}</pre>'

    def close(self) -> None:
        """Remove what is in it too."""
        for widget in (self.copy, self.lines):
            widget.close()
        super().close()


TOOL = Tool("Code", "code", "The lines of xarray and matplotlib that draw this, from the file alone", Code)
