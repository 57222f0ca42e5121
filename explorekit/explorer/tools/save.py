"""Take what is shown along as a file: a figure, its numbers, an animation, or a page that works by itself."""

import base64
import mimetypes
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from explorekit.errors import ExplorekitError
from explorekit.explorer.saving import FORMATS
from explorekit.explorer.threads import on_kernel_thread
from explorekit.explorer.tools.tool import Tool
from explorekit.explorer.view import slider_dims

if TYPE_CHECKING:
    from explorekit.explorer.explorer import Explorer

# A larger file is not sent through the notebook only to be at hand.
MOST_TO_SEND = 5_000_000
# Names of files may have 255 bytes, of which a letter takes up to four.
LONGEST_STEM = 50
ANIMATIONS = (".gif", ".mp4")


class Save(ipywidgets.VBox):  # type: ignore[misc]
    """A format, the name of a file, and a button.

    Parameters
    ----------
    explorer
        What to save.
    """

    def __init__(self, explorer: "Explorer") -> None:
        self._explorer = explorer
        self._asked_twice = self._offered = ""
        short = {"style": {"description_width": "initial"}, "layout": {"width": "auto", "flex": "1 1 220px"}}
        formats = [(form.what, ending) for ending, form in FORMATS.items()]
        self.format = ipywidgets.Dropdown(options=formats, description="what", **short)
        self.name = ipywidgets.Text(description="file", **short)
        self.dim = ipywidgets.Dropdown(options=[], description="along", **short)
        self.dims = ipywidgets.SelectMultiple(options=[], description="sliders", rows=3, **short)
        self.button = ipywidgets.Button(
            description="Save", icon="download", tooltip="Write the file", layout={"width": "auto"}
        )
        self.said = ipywidgets.HTML()
        flow = {"flex_flow": "row wrap"}
        self._row = ipywidgets.HBox([self.format, self.name, self.button], layout=flow)
        self._more = ipywidgets.HBox(layout=flow)
        super().__init__([self._row, self._more, self.said])
        self.add_class("explorekit-save")
        self.format.observe(lambda _: on_kernel_thread(self._format_changed), "value")
        self.button.on_click(lambda _: on_kernel_thread(self._save))
        self._subject = ""
        self.follow()

    def follow(self) -> None:
        """Offer the dimensions that have a control, and a name that fits what is shown."""
        view, dataset = self._explorer.view, self._explorer.slicer.dataset
        moving = [dim for dim in slider_dims(dataset, view) if dataset.sizes[dim] > 1]
        if list(self.dim.options) != moving:
            chosen = self.dim.value
            self.dim.options = self.dims.options = moving
            # A menu that was empty chooses nothing by itself, though it looks as if.
            self.dim.value = chosen if chosen in moving else next(iter(moving), None)
            self.dims.value = moving
        if (view.variable or "") != self._subject:
            self._subject = view.variable or ""
            self._offer_name()
        self._arrange()

    def close(self) -> None:
        """Remove what is in it too."""
        for widget in (
            self.format,
            self.name,
            self.dim,
            self.dims,
            self.button,
            self.said,
            self._row,
            self._more,
        ):
            widget.close()
        super().close()

    def _arrange(self) -> None:
        ending = self.format.value
        further = {".html": self.dims, **dict.fromkeys(ANIMATIONS, self.dim)}.get(ending)
        more = () if further is None or not self.dim.options else (further,)
        if self._more.children != more:
            self._more.children = more

    def _format_changed(self) -> None:
        with self._explorer.lock:
            name, self._asked_twice = Path(self.name.value), ""
            if name.name and self.name.value != self._offered:
                self.name.value = str(name.with_suffix(self.format.value))
            else:
                self._offer_name()
            self._arrange()

    def _offer_name(self) -> None:
        """Offer the name of a file that is not there yet."""
        stem = re.sub(r"[^\w.-]+", "_", self._subject).strip("._")[:LONGEST_STEM] or "view"
        names = (f"{stem}{more}{self.format.value}" for more in ("", *(f"-{i}" for i in range(2, 1_000_000))))
        self.name.value = self._offered = next(name for name in names if not Path(name).exists())

    def _save(self) -> None:
        with self._explorer.lock:
            try:
                self._write()
            except (ExplorekitError, OSError, ValueError, TypeError, RuntimeError) as error:
                self._say(escape(str(error)))

    def _write(self) -> None:
        if not self.name.value.strip():
            raise ValueError("expected the name of a file")
        target = Path(self.name.value.strip()).expanduser()
        ending = self.format.value
        if target.suffix.lower() != ending and target.name:
            target = target.with_name(target.name + ending)
        if target.exists() and self._asked_twice != str(target):
            self._asked_twice = str(target)
            self._say(f"{escape(str(target))} is there already: press Save again to replace it.")
            return
        options: dict[str, Any] = {}
        if ending in ANIMATIONS:
            options = {"dim": self.dim.value}
        elif ending == ".html":
            options = {"dims": list(self.dims.value)}
        path = self._explorer.save(target, **options)
        self._say(f"Written: {escape(str(path.absolute()))} ({_size(path)}){_download(path)}")
        self._offer_name()

    def _say(self, html: str) -> None:
        self.said.value = f'<div role="status" style="line-height:1.5;overflow-wrap:anywhere">{html}</div>'


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 0.1):.1f} kB"


def _download(path: Path) -> str:
    """Return a link to the file for whoever looks from another machine."""
    if path.stat().st_size > MOST_TO_SEND:
        return ""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    data = base64.b64encode(path.read_bytes()).decode()
    link = f'<a download="{escape(path.name)}" href="data:{escape(kind)};base64,{data}"'
    return f' · {link} style="text-decoration:underline">download</a>'


TOOL = Tool(
    "Save",
    "download",
    "Save what is shown: the figure, its numbers, an animation, or a page with sliders that needs no kernel",
    Save,
)
