"""Where a run runs: on a private cluster, or on the user's own."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, Future, LocalCluster
from engine.scripts import run_script, wait_until

import explorekit as ek
from explorekit.engine.replies import gathered, replies_of


def doubled(a: float) -> float:
    return 2 * a


@pytest.mark.parametrize("processes", [False, True])
def test_the_active_client_is_used_and_left_as_it_was(tmp_path: Path, processes: bool) -> None:
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=processes, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        study = ek.Study(doubled, ek.Space(a=np.arange(50.0)), tmp_path)
        run = study.run()
        assert run.progress.workers == 1
        np.testing.assert_array_equal(study.results["doubled"].values, 2 * np.arange(50.0))
        workers = set(np.unique(study.runs["worker"].values).tolist())
        assert len(workers) == 1
        assert client.submit(lambda: 3).result() == 3


def test_modules_of_the_users_own_travel_by_value(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "physics_of_mine.py").write_text(
        "import constants_of_mine\n\ndef fall(t):\n    return constants_of_mine.G * t * t / 2\n"
    )
    (tmp_path / "constants_of_mine.py").write_text("import physics_of_mine\nG = 9.81\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import constants_of_mine
    import physics_of_mine

    try:
        constants_of_mine.G = 10.0  # what is loaded counts, not what lies on disk
        study = ek.Study(physics_of_mine.fall, ek.Space(t=[1.0, 2.0]), tmp_path / "study")
        study.run(False, n_workers=2)
        np.testing.assert_array_equal(study.results["fall"].values, [5.0, 20.0])
    finally:
        del sys.modules["physics_of_mine"], sys.modules["constants_of_mine"]


def test_something_else_than_a_client_is_refused(tmp_path: Path) -> None:
    study = ek.Study(doubled, ek.Space(a=[1.0]), tmp_path)
    with pytest.raises(ek.errors.StudyError, match=r"expected a distributed\.Client"):
        study.run("tcp://127.0.0.1:8786")
    assert not (tmp_path / "lock").exists()


def test_cached_functions_travel_with_their_module(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "cached_of_mine.py").write_text(
        "import functools\n\n@functools.lru_cache(maxsize=3)\ndef table(n):\n    return n * 10\n\ndef look(n):\n    return table(n) + 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import cached_of_mine

    monkeypatch.syspath_prepend("elsewhere")
    (tmp_path / "cached_of_mine.py").unlink()
    try:
        study = ek.Study(cached_of_mine.look, ek.Space(n=[1, 2]), tmp_path / "study")
        study.run(False, n_workers=1)
        np.testing.assert_array_equal(study.results["look"].values, [11, 21])
    finally:
        del sys.modules["cached_of_mine"]


def test_a_cached_function_of_a_script_travels(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
        import functools
        import explorekit as ek

        @functools.cache
        def table(n):
            return n * 10

        study = ek.Study(lambda n: table(n) + 1, ek.Space(n=[1, 2]), "study")
        study.run(n_workers=1)
        assert study.results["result"].values.tolist() == [11, 21], study.failures
        """,
    )


def test_the_next_run_uses_the_same_processes(tmp_path: Path) -> None:
    workers = []
    for name in ("first", "second"):
        study = ek.Study(doubled, ek.Space(a=np.arange(3.0)), tmp_path / name)
        study.run(False, n_workers=1)
        workers += np.unique(study.runs["worker"].values).tolist()
    assert len(workers) == 2
    assert workers[0] == workers[1]


def test_a_worker_that_cannot_start_is_an_error_with_its_last_words(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "tornado.py").write_text("raise ImportError('this tornado is broken')\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(ek.__file__).parents[1]}")
    study = ek.Study(doubled, ek.Space(a=np.arange(3.0)), tmp_path / "study")
    with pytest.raises(ek.errors.RunError, match="this tornado is broken"):
        study.run(False, n_workers=5)  # a number that no running cluster has
    assert not (tmp_path / "study" / "lock").exists()


def test_a_run_waits_for_workers_and_says_so(tmp_path: Path) -> None:
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        study = ek.Study(doubled, ek.Space(a=np.arange(3.0)), tmp_path)
        run = study.start(client)
        wait_until(lambda: "no workers" in run.progress.message)
        cluster.scale(1)
        run.wait()
        assert (run.progress.state, run.progress.message) == ("finished", "")


def test_a_reply_that_is_lost_takes_no_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may die between a look at what is finished and the question for it."""
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        good, lost = client.submit(lambda: 3), client.submit(lambda: 1 / 0)
        assert isinstance(lost.exception(), ZeroDivisionError)
        assert good.result() == 3
        known = iter(["finished"])
        monkeypatch.setattr(
            Future, "status", property(lambda one: next(known, "error") if one is lost else "finished")
        )
        assert replies_of(client, [lost, good]) == [None, 3]


def test_replies_that_were_given_up_keep_nobody_from_later_ones() -> None:
    async def given_up(client: Client, future: Future, steps: int) -> None:
        """Ask for a reply, and give it up after some steps of the loop, as when it is too busy to come in time."""
        asked = asyncio.ensure_future(gathered(client, [future]))
        for _ in range(steps):
            await asyncio.sleep(0)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked

    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        future = client.submit(lambda: 3)
        assert future.result() == 3
        for steps in range(10):
            client.sync(given_up, client, future, steps)
            assert replies_of(client, [future]) == [3]
