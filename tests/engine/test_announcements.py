"""Replies of a private cluster's workers come before their tasks end, in whole or not at all."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import explorekit as ek
from explorekit.engine import driver, replies
from explorekit.engine.replies import Announcements
from explorekit.engine.reservation import Reservation


def double(a: int) -> int:
    return 2 * a


def assert_doubled(folder: Path, n: int = 300) -> None:
    study = ek.Study(double, ek.Space(a=range(n)), folder)
    study.run(False, n_workers=2)
    np.testing.assert_array_equal(study.results["double"].values, 2 * np.arange(n))


def test_nobody_asks_for_a_reply_that_was_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(driver, "replies_of", lambda client, futures: asked.append(futures))
    assert_doubled(tmp_path / "study")
    assert not asked


@pytest.mark.parametrize("seed", range(2))
def test_announcements_may_be_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    hand_on = Announcements.log_event
    monkeypatch.setattr(Announcements, "log_event", lambda *event: chance.random() < 0.5 and hand_on(*event))
    for i in range(4):
        assert_doubled(tmp_path / f"study {i}")


def test_large_replies_are_not_announced(tmp_path: Path) -> None:
    class Log:
        events = 0

        def log_event(self, topic: str, msg: object) -> None:
            self.events += 1

    log = Log()
    replies.announce(log, "job", "small")  # type: ignore[arg-type]
    replies.announce(log, "job", "large" * replies._LARGEST)  # type: ignore[arg-type]
    assert log.events == 1


def test_schedulers_keep_no_replies(tmp_path: Path) -> None:
    reservation = Reservation(2)
    try:
        cluster = reservation.cluster()
        before = len(cluster.client.get_events(replies._TOPIC))
        assert_doubled(tmp_path / "study")
        events = cluster.client.get_events(replies._TOPIC)[before:]
    finally:
        reservation.release()
    assert events
    assert not any("reply" in event for _, event in events)


def test_a_cluster_is_given_again_at_once_until_the_limits_change(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Reservation(1)
    cluster = first.cluster()
    first.release()
    again = Reservation(1)
    try:
        assert again._thread is None
        assert again.cluster() is cluster
    finally:
        again.release()
    monkeypatch.setenv("MEM_LIMIT", "900M")
    other = Reservation(1)
    try:
        assert other.cluster() is not cluster
        assert other.cluster().limits.memory < 9e8
    finally:
        other.release()


def test_a_script_ends_in_silence(tmp_path: Path) -> None:
    code = """
        import explorekit as ek

        def double(a):
            return 2 * a

        for i in range(2):
            ek.Study(double, ek.Space(a=range(9)), f"study {i}").run(False, n_workers=1)
    """
    script = tmp_path / "script.py"
    script.write_text("\n".join(line[8:] for line in code.splitlines()))
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "cannot schedule" not in done.stderr
