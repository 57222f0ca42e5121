"""The panel of a run."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import explorekit as ek
from explorekit.engine.load import WorkerLoad
from explorekit.engine.progress import FailureGroup, Progress, duration
from explorekit.engine.tally import Tally
from explorekit.explorer import ProgressPanel, flags, threads
from explorekit.explorer.panel import onlookers
from explorekit.explorer.panel import panel as panel_module
from explorekit.explorer.panel.words import rate_text, text_line

RUNNING = Progress("running", total=1000, ok=400, failed=10, new=410, elapsed=8.2, workers=2)
ENDED = replace(RUNNING, ok=990, new=1000, state="finished")
GROUP = FailureGroup("ValueError: <…>", "ValueError: <b>", 10, ("I=0.1", "I=0.2"), "Traceback\n  <script>")
LOAD = WorkerLoad("worker 0", 1, 2, 1.5, 230_000_000, 2_000_000_000)


class FakeRun:
    name = "fi <curve>"

    def __init__(self, progress, again=None):
        self.progress = progress
        self.tally = Tally(ek.Space(I=np.arange(40.0), tau=np.arange(25.0)))
        self.cancelled = self.asked = 0
        self.again = again
        self.panel = None

    def cancel(self):
        self.cancelled += 1
        self.progress = replace(self.progress, state="cancelling")

    def loads(self):
        self.asked += 1
        return (LOAD,)

    def retry(self):
        if isinstance(self.again, Exception):
            raise self.again
        return self.again

    def show_in(self, panel):
        self.panel = panel


def hear(panel, content):
    """Do what a message of a browser does."""
    panel.board._handle_custom_msg(content, [])


def look_at(panel, view="a"):
    hear(panel, {"looking": view})


def sent_by(panel):
    """Collect what a panel sends from now on."""
    sent = []
    for widget in (panel, *panel.children, panel.board, panel.failure_list, panel.stop_button, panel.line):
        widget.observe(sent.append)
    return sent


def no_watch():
    return not [t for t in threading.enumerate() if t.name == "explorekit-watch"]


def test_it_shows_the_counts_and_the_time_left():
    head = ProgressPanel(FakeRun(RUNNING)).board.head

    numbers = {kind: (number, word) for kind, number, word in head["numbers"]}
    assert numbers["done"] == ("410", "of 1,000 runs")
    assert numbers["failed"] == ("10", "failed")
    assert numbers["pending"] == ("590", "pending")
    assert numbers["rate"] == ("50", "runs/s")
    assert numbers["left"] == ("12 s", "left")
    assert [share for _, share in head["parts"]] == [0.4, 0.01, 0]


def test_the_time_left_is_what_measured_durations_say():
    head = ProgressPanel(FakeRun(replace(RUNNING, left=3700.0))).board.head

    assert ["left", "1 h 01 min", "left"] in head["numbers"]


def test_the_map_has_a_byte_a_cell_and_status_in_the_colours_of_the_explorer():
    run = FakeRun(ENDED)
    run.tally.add([[0, 500]], flags.OK)
    run.tally.add([[500, 501]], flags.FAILED)
    picture = ProgressPanel(run).board.picture

    shares = np.frombuffer(picture["shares"], np.uint8).reshape(3, picture["rows"], picture["columns"])
    assert shares.shape == (3, 25, 40)
    assert (shares[0, :, :20] == 255).all()
    assert shares[1, 0, 20] == 255
    assert picture["across"] == ["I", "0", "39"]
    assert picture["up"] == ["tau", "0", "24"]
    assert [words for *_, words in picture["legend"]] == ["500 ok", "1 failed", "499 not run yet"]
    assert picture["words"].endswith("tau from 0 to 24 upwards: 500 ok, 1 failed, 499 not run yet")


def test_one_failed_run_of_a_billion_shows():
    run = FakeRun(ENDED)
    run.tally = Tally(ek.Space(a=np.arange(1e3), b=np.arange(1e3), c=np.arange(1e3)))
    run.tally.add([[0, 10**9 - 1]], flags.OK)
    run.tally.add([[10**9 - 1, 10**9]], flags.FAILED)
    picture = ProgressPanel(run).board.picture

    failed = np.frombuffer(picture["shares"], np.uint8).reshape(3, -1)[1]
    assert np.count_nonzero(failed) == 1


def test_it_follows_the_run_until_its_end_and_no_longer(eventually):
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    run.progress = ENDED
    eventually(lambda: panel.board.head["state"] == "finished")
    eventually(no_watch)
    assert panel.stop_button.layout.display == "none"
    assert "left" not in [kind for kind, *_ in panel.board.head["numbers"]]


def test_a_run_that_has_ended_is_not_watched():
    ProgressPanel(FakeRun(ENDED))
    assert no_watch()


def test_while_somebody_looks_it_is_brought_up_to_date_and_asks_the_workers():
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    look_at(panel)
    run.progress = replace(RUNNING, ok=500)
    panel._look()

    assert panel.board.head["done"] == 510
    (worker,) = panel.board.workers
    assert worker["memory"] == "230 MB of 2.0 GB"
    assert (worker["percent"], worker["cpu"]) == ("150 %", 0.75)
    panel._look()
    assert run.asked == 1  # they are not asked every time


def test_when_the_last_view_has_gone_nothing_is_computed_or_sent_until_one_comes_back():
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    look_at(panel, "a")
    hear(panel, {"looking": "b"})
    hear(panel, {"away": "a"})
    assert panel.onlookers.present
    hear(panel, {"away": "b"})
    asked, sent = run.asked, sent_by(panel)
    run.progress = replace(RUNNING, ok=500)
    for _ in range(20):
        assert panel._look()
    assert sent == []
    assert run.asked == asked

    hear(panel, {"looking": "c"})
    assert panel.board.head["done"] == 510


def test_the_end_is_shown_although_nobody_looks():
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    look_at(panel)
    hear(panel, {"away": "a"})
    run.progress = ENDED

    assert not panel._look()
    assert panel.board.head["state"] == "finished"


def test_where_no_browser_ever_speaks_up_it_is_rarely_brought_up_to_date(monkeypatch):
    monkeypatch.setattr(onlookers, "PATIENCE", -1.0)
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    panel._look()  # perhaps a cell runs, so that nobody could be heard
    assert run.asked
    panel._look()
    asked, sent = run.asked, sent_by(panel)
    run.progress = replace(RUNNING, ok=500)
    panel._look()
    assert (run.asked, sent) == (asked, [])


def test_a_view_that_could_have_spoken_and_did_not_is_taken_for_gone(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(onlookers.time, "monotonic", lambda: now[0])
    waiting = []
    monkeypatch.setattr(onlookers, "when_free", waiting.append)
    views = onlookers.Onlookers()
    views.hear({"looking": "a"})
    for now[0] in (60.0, 80.0, 1000.0):  # a cell runs all the time
        views.forget_the_silent()
    assert views.present
    assert len(waiting) == 1
    waiting.pop()()
    now[0] += onlookers.PATIENCE / 2
    views.forget_the_silent()
    assert views.present
    now[0] += onlookers.PATIENCE
    views.forget_the_silent()
    assert not views.present


def test_a_browser_that_cannot_draw_the_board_gets_text(monkeypatch):
    monkeypatch.setattr(panel_module, "UNHEARD_INTERVAL", 0.0)
    run = FakeRun(replace(RUNNING, failures=(GROUP,)))
    panel = ProgressPanel(run)
    assert "410 of 1,000 runs, 10 failed" in panel.line.value
    assert "10 × ValueError: &lt;b&gt;" in panel.line.value
    run.progress = replace(RUNNING, ok=500)
    panel._look()
    assert "510 of 1,000 runs" in panel.line.value
    look_at(panel)
    assert panel.line.value == ""


def test_stop_cancels_once(eventually):
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    look_at(panel)
    panel.stop_button.click()
    assert run.cancelled == 1
    assert panel.stop_button.disabled
    eventually(lambda: panel.board.head["state"] == "stopping")


def test_retry_is_offered_at_the_end_and_the_panel_follows_the_new_run(eventually):
    again = FakeRun(replace(RUNNING, state="starting"))
    run = FakeRun(RUNNING, again)
    panel = ProgressPanel(run)
    assert panel.retry_button.layout.display == "none"
    run.progress = ENDED
    panel.refresh()
    assert panel.retry_button.layout.display is None
    panel.retry_button.click()

    assert again.panel is panel
    assert panel.board.head["state"] == "starting"
    assert panel.retry_button.layout.display == "none"
    again.progress = replace(ENDED, ok=1000, failed=0)
    eventually(no_watch)
    assert panel.board.head["done"] == 1000
    assert panel.retry_button.layout.display == "none"


def test_what_has_failed_is_read_on_the_kernels_thread(monkeypatch):
    loop = SimpleNamespace(add_callback=lambda function: None)
    monkeypatch.setattr(threads, "_kernel_loop", lambda: loop)
    panel = ProgressPanel(FakeRun(ENDED, again=ValueError("read here")))
    clicking = threading.Thread(target=panel.retry_button.click)
    clicking.start()
    clicking.join()
    assert panel.problem.value == ""
    threads.run_waiting()
    assert "read here" in panel.problem.value


def test_why_a_retry_is_not_possible_is_told():
    panel = ProgressPanel(FakeRun(ENDED, RuntimeError("the code <has> changed")))
    panel.retry_button.click()

    assert "the code &lt;has&gt; changed" in panel.problem.value
    assert not panel.retry_button.disabled


def test_failures_are_grouped_and_those_of_earlier_runs_counted():
    panel = ProgressPanel(FakeRun(replace(RUNNING, failed=12, failures=(GROUP,))))

    (row,) = panel.failure_list.groups
    assert (row["error"], row["count"]) == ("ValueError: <b>", "10 ×")
    assert row["points"] == ["I=0.2", "I=0.1"]
    assert row["more"] == "and 8 more: see study.failures"
    assert row["traceback"] == GROUP.traceback
    assert panel.failure_list.note == "2 more failed in earlier runs: see study.failures"


def test_a_traceback_of_megabytes_does_not_travel():
    group = replace(GROUP, traceback="x" * 10**6 + "the end")
    (row,) = ProgressPanel(FakeRun(replace(RUNNING, failures=(group,)))).failure_list.groups

    assert len(row["traceback"]) < 30_000
    assert row["traceback"].endswith("the end")


def test_nothing_is_sent_while_nothing_changes():
    panel = ProgressPanel(FakeRun(replace(RUNNING, failures=(GROUP,))))
    look_at(panel)
    panel._look()
    sent = sent_by(panel)
    panel._map_due = panel._loads_due = 0.0
    panel._look()
    assert sent == []


def test_those_who_do_not_see_are_told_of_a_change_at_once_and_else_now_and_then():
    run = FakeRun(RUNNING)
    panel = ProgressPanel(run)
    said = panel.board.said
    run.progress = replace(RUNNING, ok=500)
    panel.refresh()
    assert panel.board.said == said
    run.progress = replace(ENDED, failed=0)
    panel.refresh()
    assert panel.board.said == "finished: 990 of 1,000 runs, in 8 s"


def test_why_a_run_ended_early_is_told():
    ended = replace(RUNNING, state="error", message="disk full: <3 bytes")
    assert ProgressPanel(FakeRun(ended)).board.head["message"] == "disk full: <3 bytes"


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
    ("rate", "text"),
    [(2000, "2,000 runs/s"), (1.25, "1.2 runs/s"), (0.1, "6 runs/min"), (0.002, "7.2 runs/h")],
)
def test_the_rate_of_long_runs_is_a_minute_or_an_hour(rate, text):
    assert " ".join(rate_text(rate)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (3725, "1 h 02 min"), (200_000, "2 d 7 h")]
)
def test_a_time_span_is_short(seconds, text):
    assert duration(seconds) == text
