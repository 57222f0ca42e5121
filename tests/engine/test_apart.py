"""Workers without a shared file system: the same results, logs and faults, over the network."""

import time
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster
from engine.apart import needs_namespaces, workers_apart
from engine.paced import SPACE, assert_whole, slow_until
from engine.scripts import wait_until

import explorekit as ek
from explorekit.engine import delivery

pytestmark = needs_namespaces


def slow(a: int) -> int:
    time.sleep(0.03)
    print(f"at {a}")
    return 2 * a


def test_results_and_logs_travel_and_leave_nothing_behind(apart) -> None:
    client, folder = apart
    study = ek.Study(slow, ek.Space(a=range(40)), folder / "small")
    run = study.run(client)
    assert "2 of them on another disk" in run.progress.where
    np.testing.assert_array_equal(study.results["slow"].values, 2 * np.arange(40))
    printed = "".join(log.read_text() for log in (folder / "small" / "logs").iterdir())
    assert sorted(printed.splitlines()) == sorted(f"at {a}" for a in range(40))
    assert not list((folder / "small" / "runs").glob(".*"))


def test_a_large_shard_travels_in_pieces(apart) -> None:
    client, folder = apart

    def large(a: int, rng: np.random.Generator) -> np.ndarray:
        return rng.random(1_500_000) + a

    space = ek.Space(a=range(3))
    study = ek.Study(large, space, folder / "large", seed=3)
    study.run(client)
    sizes = [shard.stat().st_size for shard in (folder / "large" / "runs").iterdir()]
    assert max(sizes) > delivery.PIECE
    here = ek.Study(large, space, folder / "here", seed=3)
    here.run(False, n_workers=1)
    np.testing.assert_array_equal(study.results["large"].values, here.results["large"].values)


def test_a_failure_is_recorded_as_anywhere(apart) -> None:
    client, folder = apart

    def bad(a: int) -> int:
        if a == 2:
            import os

            os._exit(5)
        return 1 // (a - 3) if a == 3 else a

    study = ek.Study(bad, ek.Space(a=range(8)), folder / "bad")
    study.run(client)
    assert study.failures.set_index("a")["error"].to_dict() == {2: "ProcessDied", 3: "ZeroDivisionError"}
    assert int((study.results["status"] == 1).sum()) == 6


def test_cancelling_keeps_what_is_finished(apart) -> None:
    client, folder = apart
    study = ek.Study(slow_until(folder / "never"), SPACE, folder / "cancelled")
    run = study.start(client)
    wait_until(lambda: run.progress.ok >= 5)
    run.cancel()
    run.wait()
    ok = np.flatnonzero(study.results["status"].values == 1)
    assert len(SPACE) > len(ok) == run.progress.ok >= 5
    np.testing.assert_array_equal(study.results["slow"].values[ok], 2 * ok)


def test_a_killed_worker_takes_nothing_along_that_was_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "scratch").mkdir()
    with workers_apart(tmp_path / "hidden", tmp_path / "scratch") as (client, processes):
        study = ek.Study(slow_until(tmp_path / "hurry"), SPACE, tmp_path / "hidden" / "study")
        run = study.start(client)
        wait_until(lambda: run.progress.ok >= 10)
        processes[0].kill()
        wait_until(lambda: run.progress.workers == 1)
        (tmp_path / "hurry").touch()
        run.wait()
        assert_whole(study)


def test_a_shard_that_is_damaged_on_its_way_does_not_count(apart, monkeypatch) -> None:
    client, folder = apart
    damaged = []
    real = delivery.durable.content_hash

    def flip(path: Path) -> str:
        if len(damaged) < 2:
            damaged.append(path)
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        return real(path)

    monkeypatch.setattr(delivery.durable, "content_hash", flip)
    study = ek.Study(slow, ek.Space(a=range(20)), folder / "damaged")
    study.run(client)
    assert len(damaged) == 2
    np.testing.assert_array_equal(study.results["slow"].values, 2 * np.arange(20))


def test_workers_that_share_the_disk_write_there_themselves(tmp_path: Path) -> None:
    with (
        LocalCluster(n_workers=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        run = ek.Study(slow, ek.Space(a=range(5)), tmp_path).run(client)
        assert "another disk" not in run.progress.where
        assert not list((tmp_path / "runs").glob(".*"))
