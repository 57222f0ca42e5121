"""What do the words round a picture say? Which runs have no value, why, and what is left out."""

from collections.abc import Sequence
from html import escape

from explorekit.explorer import flags
from explorekit.explorer.slicing import WORDS, Frame

COLOURS = {flags.PENDING: "#d4d4d4", flags.FAILED: "#b2182b", flags.TIMED_OUT: "#f08c00"}
SIGNS = {flags.PENDING: "", flags.FAILED: "×", flags.TIMED_OUT: "+"}


def message_for(frame: Frame, error: str = "", *, running: bool, started: bool = False) -> str:
    """Return in words why a frame shows nothing, or an empty text.

    Parameters
    ----------
    frame
        What is shown.
    error
        Why the one run that it comes from failed.
    running
        Whether more results may come.
    started
        Whether that run goes on just now.
    """
    if frame.kind == "nothing" and frame.outcome not in (flags.FAILED, flags.TIMED_OUT):
        return "waiting for the first result" if running else "no results yet"
    if frame.values.size == 0:
        return "no values along this axis"
    if frame.outcome in (None, flags.OK) or not frame.missing.all():
        return ""
    if started:
        return "running …"
    words = flags.IN_WORDS[frame.outcome or 0]
    return f"{words}: {error}" if error else words


def in_words(frame: Frame, message: str) -> str:
    """Return what a frame shows, for whoever does not see it."""
    along = " and ".join(axis.label for axis in (frame.x, frame.y) if axis is not None)
    what = f"{frame.label} over {along}" if along else f"{frame.label} {frame.text}".strip()
    own = "" if frame.panels else str(frame.extra.get(WORDS, ""))
    own = "; ".join(filter(None, (own, frame.picked)))
    parts = (f"{what} at {frame.title}" if frame.title and what else what or frame.title, own, message)
    return ": ".join(part for part in parts if part)


def caption(frame: Frame, notes: Sequence[str] = ()) -> str:
    """Return the legend of runs without a value and all notes, as HTML."""
    parts = [_entry(code, frame.runs[code]) for code in COLOURS if frame.runs.get(code)]
    parts += [f"<span>{escape(note)}</span>" for note in (*notes, frame.note, frame.picked) if note]
    style = "display:flex;flex-wrap:wrap;gap:0 1.4em;line-height:1.5;font-size:12px"
    return (
        f'<div style="{style};color:var(--jp-ui-font-color1, #333)">{"".join(parts)}</div>' if parts else ""
    )


def _entry(code: int, count: int) -> str:
    style = (
        f"display:inline-block;width:1.1em;height:1.1em;line-height:1.1em;margin-right:.4em;text-align:center;"
        f"vertical-align:-.15em;border-radius:2px;color:{'#000' if code == flags.TIMED_OUT else '#fff'};"
        f"background:{COLOURS[code]}"
    )
    return f'<span><span style="{style}">{SIGNS[code]}</span>{count:,} {flags.IN_WORDS[code]}</span>'
