"""How far is a run? A bar, the counts, a Stop button and the latest errors, live."""

from html import escape
from typing import Any, Protocol

import ipywidgets

from explorekit.engine.progress import PointError, Progress, State, duration
from explorekit.explorer.watch import Watch

STATES: dict[State, str] = {
    "starting": "starting",
    "running": "running",
    "cancelling": "stopping",
    "finished": "finished",
    "finished early": "finished early",
    "cancelled": "stopped",
    "error": "ended early",
}
MOST_ERRORS = 5
LONGEST_TRACEBACK = 20_000
STOP = {"width": "auto", "align_self": "flex-start", "margin": "6px 0"}

# Every selector begins with the class, so that nothing else in the notebook changes; the variables are
# JupyterLab's, dark or light, and the values after them are for pages that have none.
STYLE = """<style>
.explorekit-panel {--explorekit-text: var(--jp-ui-font-color1, #222); --explorekit-dim: var(--jp-ui-font-color2, #666);
  --explorekit-track: var(--jp-layout-color3, #d8d8d8); --explorekit-ok: #3a7fb5; --explorekit-bad: #b2182b}
.explorekit-panel .explorekit-head {display: flex; gap: .8em; align-items: baseline; color: var(--explorekit-text)}
.explorekit-panel .explorekit-name {font-weight: 600}
.explorekit-panel .explorekit-dim {color: var(--explorekit-dim)}
.explorekit-panel .explorekit-bar {display: flex; height: 8px; margin: 6px 0; border-radius: 4px; overflow: hidden;
  background: var(--explorekit-track)}
.explorekit-panel .explorekit-bar > div {transition: width .4s}
.explorekit-panel .explorekit-numbers {display: flex; flex-wrap: wrap; gap: 0 1.6em; color: var(--explorekit-dim);
  font-variant-numeric: tabular-nums; line-height: 1.6}
.explorekit-panel .explorekit-numbers b {color: var(--explorekit-text); font-weight: 600}
.explorekit-panel .explorekit-failed b, .explorekit-panel .explorekit-why {color: var(--jp-error-color1, #b2182b)}
.explorekit-panel details {color: var(--explorekit-text); line-height: 1.6}
.explorekit-panel summary {cursor: pointer; overflow-wrap: anywhere}
.explorekit-panel details pre {margin: 4px 0 8px 1.2em; padding: 6px 8px; max-height: 260px; overflow: auto;
  font-size: 12px; line-height: 1.4; background: var(--jp-layout-color2, #f3f3f3); color: var(--explorekit-text)}
</style>"""


class Running(Protocol):
    """What a panel needs of a run."""

    name: str

    @property
    def progress(self) -> Progress:
        """A snapshot; cheap to ask."""

    def cancel(self) -> None:
        """End the run soon; returns at once."""


class ProgressPanel(ipywidgets.VBox):  # type: ignore[misc]
    """The live panel of a run.

    It can be shown in any number of cells, at any time: its state lives in the kernel, and every view of it is
    brought up to date until the run has ended.

    Parameters
    ----------
    run
        Anything with a ``name``, a ``progress`` and a ``cancel``.

    Examples
    --------
    >>> from explorekit.engine.progress import Progress
    >>> class Done:
    ...     name = "study"
    ...     progress = Progress("finished", total=10, ok=9, failed=1, new=10, elapsed=2.0, workers=2)
    ...     def cancel(self) -> None: ...
    >>> ProgressPanel(Done())
    finished: 10 of 10 runs, 1 failed, in 2 s
    """

    def __init__(self, run: Running) -> None:
        self._run = run
        self.status = ipywidgets.HTML(layout={"margin": "0"})
        self.stop_button = ipywidgets.Button(
            description="Stop", icon="stop", tooltip="Keeps what is finished", layout=STOP
        )
        self.stop_button.on_click(self._stop)
        self.errors = ipywidgets.VBox(layout={"margin": "0"})
        self._shown: list[tuple[PointError, ipywidgets.HTML]] = []
        style = ipywidgets.HTML(STYLE, layout={"display": "none"})
        super().__init__(
            children=[style, self.status, self.stop_button, self.errors],
            layout={"max_width": "720px", "padding": "4px 0"},
        )
        self.add_class("explorekit-panel")
        self._watch: Watch[ProgressPanel] = Watch(self, ProgressPanel.refresh)
        if self.refresh():
            self._watch.start()

    def refresh(self) -> bool:
        """Show the newest progress; return whether the run goes on."""
        progress = self._run.progress
        _set(self.status, "value", status_html(self._run.name, progress))
        _set(self.stop_button, "disabled", progress.done or progress.state == "cancelling")
        _set(self.stop_button.layout, "display", "none" if progress.done else None)
        self._show_errors(progress.errors[-MOST_ERRORS:])
        return not progress.done

    def close(self) -> None:
        """Stop following the run, which goes on, and remove the panel."""
        if "_watch" in self.__dict__:
            self._watch.stop()
            for widget in (*self.errors.children, *self.children):
                widget.close()
        super().close()

    def __repr__(self) -> str:
        return text_line(self._run.progress)

    def _stop(self, _button: Any) -> None:
        self.stop_button.disabled = True
        self._run.cancel()

    def _show_errors(self, errors: tuple[PointError, ...]) -> None:
        if tuple(error for error, _ in self._shown) == errors:
            return
        # A widget an error, so that a traceback that is being read stays open when the next error arrives.
        old, self._shown = self._shown, []
        for error in errors:
            place = next((i for i, (known, _) in enumerate(old) if known == error), None)
            widget = (
                ipywidgets.HTML(error_html(error), layout={"margin": "0"})
                if place is None
                else old.pop(place)[1]
            )
            self._shown.append((error, widget))
        self.errors.children = tuple(widget for _, widget in self._shown)
        for _, gone in old:
            gone.close()


def _set(widget: ipywidgets.Widget, trait: str, value: object) -> None:
    if getattr(widget, trait) != value:
        setattr(widget, trait, value)


def status_html(name: str, progress: Progress) -> str:
    """Return state, bar and counts as HTML."""
    done = progress.ok + progress.failed
    where = f" on {escape(progress.where)}" if progress.where and not progress.done else ""
    if where and progress.dashboard:
        where += f', <a href="{escape(progress.dashboard)}" target="_blank" rel="noreferrer">dashboard</a>'
    why = f'<div class="explorekit-why">{escape(progress.message)}</div>' if progress.message else ""
    numbers = "".join(
        f'<span class="explorekit-{kind}"><b>{escape(number)}</b> {escape(word)}</span>'
        for kind, number, word in _numbers(progress)
    )
    return (
        f'<div class="explorekit-head"><span class="explorekit-name">{escape(name)}</span>'
        f'<span class="explorekit-dim">{STATES[progress.state]}{where}</span></div>'
        f'<div class="explorekit-bar" role="progressbar" aria-valuemin="0" aria-valuenow="{done}" '
        f'aria-valuemax="{progress.total}" aria-label="{escape(name)}">'
        f"{_part(progress.ok, progress.total, 'ok')}{_part(progress.failed, progress.total, 'bad')}</div>"
        f'<div class="explorekit-numbers">{numbers}</div>{why}'
    )


def _part(count: int, total: int, colour: str) -> str:
    width = 100 * count / total if total else 0
    return f'<div style="width:{width:.2f}%;background:var(--explorekit-{colour})"></div>'


def _numbers(progress: Progress) -> list[tuple[str, str, str]]:
    done = progress.ok + progress.failed
    numbers = [("done", f"{done:,}", f"of {progress.total:,} runs")]
    if progress.failed:
        numbers.append(("failed", f"{progress.failed:,}", "failed"))
    if progress.pending:
        numbers.append(("pending", f"{progress.pending:,}", "pending"))
    if progress.new:
        numbers.append(("rate", _rate(progress.rate), "runs/s"))
    if progress.remaining and not progress.done:
        numbers.append(("left", duration(progress.remaining), "left"))
    numbers.append(("elapsed", duration(progress.elapsed), "elapsed"))
    if not progress.done:
        numbers.append(("workers", str(progress.workers), "worker" if progress.workers == 1 else "workers"))
    return numbers


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.2g}"


def error_html(error: PointError) -> str:
    """Return one failure, its traceback folded away."""
    traceback = error.traceback
    if len(traceback) > LONGEST_TRACEBACK:
        traceback = f"…\n{traceback[-LONGEST_TRACEBACK:]}"
    return (
        f'<details><summary><span class="explorekit-dim">{escape(error.point)}</span> '
        f"{escape(error.error)}</summary><pre>{escape(traceback)}</pre></details>"
    )


def text_line(progress: Progress) -> str:
    """Return progress as one line of plain text."""
    done = progress.ok + progress.failed
    parts = [f"{STATES[progress.state]}: {done:,} of {progress.total:,} runs"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.done:
        parts.append(f"in {duration(progress.elapsed)}")
    elif progress.new:
        parts.append(f"{_rate(progress.rate)} runs/s")
        if progress.remaining:
            parts.append(f"about {duration(progress.remaining)} left")
    return ", ".join(parts) + (f" ({progress.message})" if progress.message else "")
