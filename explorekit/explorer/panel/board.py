"""The widgets that show a run in the browser."""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

_HERE = Path(__file__).parent


class Board(anywidget.AnyWidget):
    """The state of a run, its counts, the map and the workers; it says whether anybody looks."""

    _esm = (_HERE / "board.js").read_text("utf-8")
    _css = (_HERE / "board.css").read_text("utf-8")

    head = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)
    workers: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)


class FailureList(anywidget.AnyWidget):
    """The kinds of failures, each to be opened; what is open stays so while more come."""

    _esm = (_HERE / "failures.js").read_text("utf-8")
    _css = (_HERE / "failures.css").read_text("utf-8")

    groups: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)


def put(widget: Any, trait: str, value: object) -> None:
    """Set a trait where it changes: else nothing is sent."""
    if getattr(widget, trait) != value:
        setattr(widget, trait, value)
