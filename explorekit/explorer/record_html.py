"""What is known of one run, as HTML."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

from explorekit.explorer.captions import COLOURS

if TYPE_CHECKING:
    from explorekit.inspecting import RunRecord

# Every selector begins with the class, so that nothing else in the notebook changes; the variables are
# JupyterLab's, dark or light, and the values after them are for pages that have none.
STYLE = """<style>
.explorekit-inspector {color: var(--jp-ui-font-color1, #222); border-top: 1px solid var(--jp-border-color2, #ddd);
  padding-top: 4px; margin-top: 4px}
.explorekit-inspector .explorekit-run {line-height: 1.5; font-size: 13px; overflow-wrap: anywhere}
.explorekit-inspector .widget-html, .explorekit-inspector .widget-html-content {min-width: 0; max-width: 100%}
.explorekit-inspector .explorekit-tables {display: flex; flex-wrap: wrap; gap: 4px 2.5em; margin: 2px 0 6px}
.explorekit-inspector table {border-collapse: collapse; font-variant-numeric: tabular-nums; height: max-content}
.explorekit-inspector caption {text-align: left; font-weight: 600; padding: 2px 0}
.explorekit-inspector th {text-align: left; font-weight: 400; padding: 0 1.2em 0 0; vertical-align: top;
  color: var(--jp-ui-font-color2, #666); white-space: nowrap}
.explorekit-inspector td {padding: 0; text-align: left}
.explorekit-inspector .explorekit-error {color: var(--jp-error-color1, #b2182b); font-weight: 600}
.explorekit-inspector .explorekit-said {line-height: 1.4; font-size: 13px; overflow-wrap: anywhere}
.explorekit-inspector details {line-height: 1.6}
.explorekit-inspector summary {cursor: pointer}
.explorekit-inspector pre {margin: 2px 0 8px; padding: 6px 8px; max-height: 260px; overflow: auto; font-size: 12px;
  line-height: 1.4; background: var(--jp-layout-color2, #f3f3f3); color: var(--jp-ui-font-color1, #222);
  border-radius: 2px; white-space: pre}
</style>"""


def record_html(record: "RunRecord", doing: str = "") -> str:
    """Return the record of a run as tables, with its error, what it printed, and what made it.

    Parameters
    ----------
    record
        What is known.
    doing
        What is going on with it just now, such as ``running``, in place of its status.
    """
    rows = record.rows() | ({"status": doing} if doing else {})
    dot = _dot(record.status, doing)
    run = {name: f"{dot if name == 'status' else ''}{escape(text)}" for name, text in rows.items()}
    parameters = {name: escape(text) for name, text in record.texts.items()}
    parts = [
        f'<div class="explorekit-tables">{_table("Parameters", parameters)}{_table("Run", run)}</div>',
        _error(record),
        _folded("Log", record.log, "What its batch printed"),
        _provenance(record.provenance) if record.status != "pending" else "",
    ]
    return f'<div class="explorekit-run">{"".join(parts)}</div>'


def _dot(status: str, doing: str) -> str:
    codes = {"pending": 0, "failed": 2, "timed_out": 3}
    colour = "#3a7fb5" if status == "ok" or doing else COLOURS[codes[status]]
    style = (
        f"display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.5em;background:{colour}"
    )
    return f'<span style="{style}" aria-hidden="true"></span>'


def _table(title: str, rows: Mapping[str, str]) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{html}</td></tr>' for name, html in rows.items()
    )
    return f"<table><caption>{title}</caption>{body}</table>"


def _error(record: "RunRecord") -> str:
    if record.status not in ("failed", "timed_out"):
        return ""
    words = ": ".join(filter(None, (record.error, record.message))) or "timed out"
    trace = f'<pre tabindex="0">{escape(record.traceback.rstrip())}</pre>' if record.traceback else ""
    return f'<div class="explorekit-error" style="white-space:pre-wrap">{escape(words)}</div>{trace}'


def _folded(title: str, text: str, tooltip: str) -> str:
    if not text:
        return ""
    return (
        f'<details><summary title="{escape(tooltip)}">{title}</summary>'
        f'<pre tabindex="0">{escape(text.rstrip())}</pre></details>'
    )


def _provenance(made: Mapping[str, object]) -> str:
    """Return what made a run; the packages and the source at the end."""
    plain = {name: value for name, value in made.items() if name not in ("packages", "source", "git_dirty")}
    if made.get("git_dirty"):
        plain["git_commit"] = f"{plain.get('git_commit')} (changed since)"
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in plain.items()]
    packages = made.get("packages")
    if isinstance(packages, Mapping):
        lines.append(f"packages: {_listed(f'{name} {version}' for name, version in packages.items())}")
    lines += ["", str(made["source"]).strip()] if made.get("source") else []
    return _folded("Provenance", "\n".join(lines), "What made this run: code, packages, platform")


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts)


def said_html(text: str) -> str:
    """Return a message as HTML, its lines kept."""
    return (
        f'<div class="explorekit-said" role="status" style="white-space:pre-wrap">{escape(text)}</div>'
        if text
        else ""
    )
