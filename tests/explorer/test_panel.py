"""The panel of a run."""

import threading
from dataclasses import replace

import pytest

from explorekit.engine.progress import PointError, Progress
from explorekit.explorer import ProgressPanel
from explorekit.explorer.panel import duration, text_line

RUNNING = Progress("running", total=1000, ok=400, failed=10, new=410, elapsed=8.2, workers=2)
ERROR = PointError("I=0.1", "ValueError: <b>", "Traceback\n  <script>bad()</script>")


class FakeRun:
    name = "fi <curve>"

    def __init__(self, progress):
        self.progress = progress
        self.cancelled = 0

    def cancel(self):
        self.cancelled += 1
        self.progress = replace(self.progress, state="cancelling")


def test_it_shows_the_counts_and_the_time_left():
    html = ProgressPanel(FakeRun(RUNNING)).status.value
    for words in ("<b>410</b> of 1,000 runs", "<b>10</b> failed", "<b>590</b> pending", "<b>50</b> runs/s"):
        assert words in html
    assert "<b>12 s</b> left" in html
    assert "width:40.00%" in html
    assert "width:1.00%" in html


def test_it_follows_the_run_until_its_end_and_no_longer(eventually):
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    run.progress = replace(RUNNING, ok=990, new=1000, state="finished")
    eventually(lambda: "finished" in panel.status.value)
    eventually(lambda: not [t for t in threading.enumerate() if t.name == "explorekit-watch"])
    assert panel.stop_button.layout.display == "none"
    assert "left" not in panel.status.value


def test_a_run_that_has_ended_is_not_watched():
    ProgressPanel(FakeRun(replace(RUNNING, state="finished")))
    assert not [t for t in threading.enumerate() if t.name == "explorekit-watch"]


def test_stop_cancels_once(eventually):
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    panel.stop_button.click()
    assert run.cancelled == 1
    assert panel.stop_button.disabled
    eventually(lambda: "stopping" in panel.status.value)


def test_errors_are_shown_escaped_with_their_traceback():
    panel = ProgressPanel(FakeRun(replace(RUNNING, errors=(ERROR,))))
    (shown,) = panel.errors.children
    assert "<details>" in shown.value
    assert "I=0.1" in shown.value
    assert "&lt;script&gt;" in shown.value
    assert "<script>" not in shown.value
    assert "fi &lt;curve&gt;" in panel.status.value


def test_an_error_that_stays_keeps_its_widget():
    run = FakeRun(replace(RUNNING, errors=(ERROR,)))
    panel = ProgressPanel(run)
    first = panel.errors.children[0]
    run.progress = replace(RUNNING, errors=(ERROR, replace(ERROR, point="I=0.2")))
    panel.refresh()
    assert panel.errors.children[0] is first
    assert len(panel.errors.children) == 2


@pytest.mark.parametrize("errors", [(), (ERROR, ERROR)])
def test_nothing_is_sent_while_nothing_changes(errors):
    panel = ProgressPanel(FakeRun(replace(RUNNING, errors=errors)))
    assert len(panel.errors.children) == len(errors)  # the labels of points may differ by rounding only
    sent = []
    for widget in (panel.status, panel.errors, panel.stop_button, panel.stop_button.layout):
        widget.observe(sent.append)
    panel.refresh()
    assert sent == []


def test_why_a_run_ended_early_is_told_and_escaped():
    ended = replace(RUNNING, state="error", message="disk full: <3 bytes")
    assert "disk full: &lt;3 bytes" in ProgressPanel(FakeRun(ended)).status.value


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (RUNNING, "running: 410 of 1,000 runs, 10 failed, 50 runs/s, about 12 s left"),
        (replace(RUNNING, new=0), "running: 410 of 1,000 runs, 10 failed"),
        (replace(RUNNING, state="cancelled"), "stopped: 410 of 1,000 runs, 10 failed, in 8 s"),
        (
            replace(RUNNING, state="error", message="why"),
            "ended early: 410 of 1,000 runs, 10 failed, in 8 s (why)",
        ),
        (Progress("finished", 0, 0, 0, 0, 0.0, 0), "finished: 0 of 0 runs, in 0 s"),
    ],
)
def test_progress_reads_as_a_line_of_text(progress, line):
    assert text_line(progress) == line
    assert repr(ProgressPanel(FakeRun(progress))) == line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (3725, "1 h 02 min"), (200_000, "2 d 7 h")]
)
def test_a_time_span_is_short(seconds, text):
    assert duration(seconds) == text
