"""The run that is looked at: what is known of it, and having it run."""

import math
from dataclasses import replace

import numpy as np
import pytest
from batches import _call, run_here, write_batch

import explorekit as ek
from explorekit.errors import CodeChangedError
from explorekit.explorer import explore
from explorekit.explorer.code.run import code_of_run
from explorekit.space.selecting import points_where

repaired = False


def wave(I, tau):  # noqa: E741
    if I > 1.5 and not repaired:
        raise ValueError("too <b>large</b>")
    return {"rate": I * tau, "V": np.sin(np.arange(5) * I)}


class Ended:
    """A run that is over."""

    done = True

    class progress:
        state = "finished"
        message = ""

    def add_done_callback(self, callback):
        callback()


class Here(ek.Study):
    """A study that runs in this process, and says what it was asked for."""

    asked: list
    going_on = False

    def start(self, client=None, *, where=None, **options):
        self.asked.append("start")
        return self._write(where)

    def retry(self, client=None, *, where=None, wait=True, **options):
        self.asked.append("retry")
        return self._write(where)

    def _write(self, where):
        record = self._directory.read_record()
        at = [p for a, b in points_where(self.space, where).tolist() for p in range(a, b)]
        results = {p: _call(self, record, p) for p in at}
        epoch = self._directory.next_epoch()
        write_batch(self._directory, self.space, results, epoch=epoch, version=record.code)
        self._catalog.refresh()
        return Ended()

    def prefer(self, indexers=None, /, **kwargs):
        self.asked.append({**(indexers or {}), **kwargs})

    def inspect(self, position=None, /, **point):
        self.asked.append(("inspect", position))
        return super().inspect(position, **point)

    @property
    def running(self):
        return self.going_on


@pytest.fixture
def study(tmp_path):
    """A study of 3 × 2 points: ok at the first, pending at the second, failed at the third current."""
    space = ek.Space(I=ek.param([0.0, 1.0, 2.0], units="nA"), tau=[5.0, 7.5])
    study = Here(wave, space, tmp_path / "study")
    study.asked = []
    run_here(study, [0, 1, 4, 5])
    return study


@pytest.fixture
def repair(monkeypatch):
    return lambda: monkeypatch.setitem(globals(), "repaired", True)


def opened(explorer):
    explorer.tools.buttons["Run"].value = True
    return explorer.tools.bodies["Run"]


def test_the_record_of_one_run_is_read_once_the_tool_is_open(study):
    explorer = explore(study, "V", I=0.0)
    explorer.controls["I"].value = 1.0
    assert study.asked == []
    explorer.controls["I"].value = 2.0
    study.asked.clear()  # the picture says why it is empty
    inspector = opened(explorer)
    assert set(study.asked) == {("inspect", 4)}
    html = inspector.record.value
    assert "too &lt;b&gt;large&lt;/b&gt;" in html
    assert "<td>2 nA</td>" in html
    assert inspector.run_button.description == "Run again"

    explorer.controls["I"].value = 0.0
    assert "def wave" in inspector.record.value
    assert inspector.run_button.disabled
    explorer.controls["I"].value = 1.0
    assert "pending" in inspector.record.value
    assert inspector.reproduce_button.disabled


def test_a_pending_point_is_run_and_the_study_keeps_it(study):
    explorer = explore(study, "rate", I=1.0, tau=7.5)
    inspector = opened(explorer)
    inspector.run_button.click()
    assert explorer.figure.axes[0].texts[0].get_text() == "7.5"
    assert inspector.run_button.disabled
    assert study.results["rate"].sel(I=1.0, tau=7.5) == 7.5
    assert study.results["rate"].isnull().sum() == 3


def test_a_failed_run_is_found_and_run_again(study, repair):
    explorer = explore(study, "rate", x="I", y="tau")
    inspector = opened(explorer)
    assert "Click in the picture to choose the run along tau and I." in inspector.hint.value
    inspector.failure_button.click()
    inspector.failure_button.click()
    assert explorer.picked == {"I": 2.0, "tau": 7.5}
    assert inspector.hint.value == ""
    explorer.show(replace(explorer.view, y=None, hue="tau"))
    assert "The picture has several runs along tau; this is one of them." in inspector.hint.value
    explorer.show(replace(explorer.view, y="tau", hue=None, picked=True))
    repair()
    inspector.run_button.click()
    assert "retry" in study.asked
    assert "<td>7.5</td>" in inspector.record.value
    assert inspector.run_button.disabled
    assert explorer.shown.frame.runs == {0: 2, 1: 3, 2: 1}
    inspector.failure_button.click()
    assert explorer.picked == {"I": 2.0, "tau": 5.0}
    inspector.run_button.click()
    assert inspector.failure_button.disabled


def test_while_the_study_runs_a_point_comes_first_or_again_at_the_end(study, repair):
    assert study.results.sizes == {"I": 3, "tau": 2, "V_dim": 5}
    study.going_on = True
    explorer = explore(study, "rate", I=1.0, tau=5.0)
    inspector = opened(explorer)
    inspector.run_button.click()
    assert study.asked[-2] == {"I": 1, "tau": 0}
    assert "head of the queue" in inspector.said.value

    explorer.controls["I"].value = 2.0
    repair()
    inspector.run_button.click()
    assert "has ended" in inspector.said.value
    assert "retry" not in study.asked
    study.going_on = False
    explorer.refresh()
    assert "retry" in study.asked
    assert inspector.said.value == ""
    assert explorer.figure.axes[0].texts[0].get_text() == "10"


def test_points_are_run_as_one_moves_where_runs_are_short(study, monkeypatch):
    explorer = explore(study, "rate", I=0.0, tau=5.0)
    inspector = opened(explorer)
    inspector.as_moved.value = True
    explorer.controls["I"].value = 1.0
    assert explorer.figure.axes[0].texts[0].get_text() == "5"
    explorer.controls["I"].value = 2.0
    assert study.asked.count("start") == 1  # what failed is not run again by itself
    assert "retry" not in study.asked

    monkeypatch.setattr(explorer.runner, "_seconds", 90.0)
    explorer.controls["I"].value = 1.0
    explorer.controls["tau"].value = 7.5
    assert study.asked.count("start") == 1
    assert "about 1 min 30 s, too long" in inspector.said.value


def test_a_long_run_is_given_up_for_the_point_that_is_come_to_next(study, monkeypatch):
    class Long(Ended):
        done = False
        callback = None

        class progress:
            state = "cancelled"
            message = ""

        def add_done_callback(self, callback):
            self.callback = callback

        def cancel(self):
            self.done = True
            monkeypatch.setattr(study, "start", lambda **options: Here.start(study, **options))
            self.callback()

    monkeypatch.setattr(study, "start", lambda **options: Long())
    explorer = explore(study, "rate", I=0.0, tau=5.0)
    explorer.runner.as_moved = True
    monkeypatch.setattr(explorer.runner, "_seconds", 1.5)
    explorer.controls["I"].value = 1.0
    assert explorer.shown.message == "running …"
    explorer.controls["tau"].value = 7.5
    assert explorer.figure.axes[0].texts[0].get_text() == "7.5"
    assert study.inspect(2).status == "pending"
    assert explorer.runner.as_moved


def test_why_a_point_cannot_be_run_is_said(study, monkeypatch):
    def changed(**options):
        raise CodeChangedError("the code has <changed>")

    monkeypatch.setattr(study, "start", changed)
    inspector = opened(explore(study, "rate", I=1.0))
    inspector.run_button.click()
    assert "the code has &lt;changed&gt;" in inspector.said.value


def test_a_run_that_comes_to_nothing_is_not_tried_for_ever(study, monkeypatch):
    class Broken(Ended):
        class progress:
            state = "error"
            message = "the disk is full"

    def start(**options):
        study.asked.append("start")
        return Broken()

    monkeypatch.setattr(study, "start", start)
    explorer = explore(study, "rate", I=0.0)
    inspector = opened(explorer)
    inspector.as_moved.value = True
    explorer.controls["I"].value = 1.0
    assert study.asked.count("start") == 1
    assert "the disk is full" in inspector.said.value
    assert not inspector.as_moved.value


def test_before_the_first_result_it_says_why_a_run_failed(tmp_path):
    study = Here(wave, ek.Space(I=[2.0, 3.0], tau=1.0), tmp_path / "study")
    study.asked = []
    run_here(study, [0])
    explorer = explore(study, I=2.0)
    assert "failed: Failed: too <b>large</b>" in explorer.shown.message
    explorer.controls["I"].value = 3.0
    assert explorer.shown.message == "no results yet"


def test_a_run_is_reproduced(study, repair):
    explorer = explore(study, "rate", I=0.0)
    inspector = opened(explorer)
    inspector.reproduce_button.click()
    assert "The same numbers." in inspector.said.value
    explorer.controls["I"].value = 2.0
    assert inspector.said.value == ""
    repair()
    inspector.reproduce_button.click()
    assert "not the same" in inspector.said.value


def test_a_study_that_is_merely_opened_cannot_run(study):
    inspector = opened(explore(ek.open(study.path), "rate", I=0.0))
    assert inspector.buttons.children == (inspector.failure_button, inspector.code_button)


def test_a_dataset_has_no_runs(results):
    assert "Run" not in explore(results).tools.buttons


def test_the_code_selects_the_run(study):
    explorer = explore(study, "rate", I=0.0, tau=7.5)
    inspector = opened(explorer)
    found = {}
    exec(inspector.code_button.text, found)
    assert found["run"]["rate"] == 0.0
    assert found["record"].point == "I=0 nA, tau=7.5"
    for space, said in (
        ({"I": ("I", [0.1, 0.2], {})}, "sel(I=0.2)"),
        ({"a.b": ("a.b", ["x", "y"], {})}, "sel({'a.b': 'y'})"),
        ({"I": ("point", [0.1, 0.1], {})}, "isel(point=1)"),
        ({"I": ("I", [0.1, math.nan], {})}, "isel(I=1)"),
    ):
        dims = [dim for dim, *_ in space.values()]
        dataset = study.results[["status"]].isel(I=[0, 1], tau=0, drop=True).drop_vars("I")
        dataset = dataset.rename(I=dims[0]).assign_coords(space)
        code = code_of_run(study.path, dataset, {dims[0]: 1}, 1)
        assert f"study.results.{said}\n" in code


def test_a_simulation_is_turned_live_and_what_was_looked_at_is_kept(tmp_path, eventually):
    space = ek.Space(I=np.linspace(0, 1, 1000), tau=np.linspace(1, 2, 1000), k=np.arange(1000))
    explorer = ek.interact(lambda I, tau, k: {"rate": I + tau + k}, space, tmp_path / "study", tau=2.0)  # noqa: E741
    eventually(lambda: explorer.view.variable == "rate" and not explorer.shown.frame.missing.any())
    assert float(explorer.shown.frame.values) == 2.0
    explorer.controls["k"].value = 7
    eventually(lambda: float(explorer.shown.frame.values) == 9.0)
    eventually(lambda: not explorer.runner.busy)
    assert explorer.source._counts() == "2 ok, 0 failed, 999,999,998 pending of 1,000,000,000 points"
    with explorer.lock:
        explorer.close()
