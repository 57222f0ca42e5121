"""A worker that is stopped, and does not answer, holds up nobody for long."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster
from engine.scripts import wait_until

import explorekit as ek
from explorekit.engine import delivery, sharing
from explorekit.engine.messages import Batch, Handed, Job, Parcel, Reply
from explorekit.engine.sharing import Sharing, enter, is_shared
from explorekit.simulation.points import Seeding
from explorekit.store import durable
from explorekit.store.directory import StudyDirectory

SPACE = ek.Space(a=range(3))
PATIENCE = 0.5
NOT_LONG = 20.0  # seconds, far below the time after which Dask itself gives a worker up


def job_of(study: ek.Study) -> Job:
    return Job("frozen", b"", SPACE, Seeding(0, None, {}), str(study.path), 1, (), "")


@pytest.fixture
def study(tmp_path: Path) -> ek.Study:
    return ek.Study(lambda a: a, SPACE, tmp_path / "study")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    options = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster, set_as_default=False) as client:
        yield client


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_others_are_found_to_share_the_disk_meanwhile_and_it_once_it_answers(
    study: ek.Study, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_ANSWER", PATIENCE)
    job = job_of(study)
    runs = StudyDirectory(study.path).runs
    client.run(enter, job.id, runs, shared=False)
    pids = client.run(os.getpid)
    first, second = pids
    asks = Sharing(job, runs)
    with frozen(pids[first]):
        wait_until(lambda: asks.ask(client, pids) or client.run(is_shared, job.id, workers=[second])[second])
        began = time.monotonic()
        asks.ask(client, pids)
        assert time.monotonic() - began < NOT_LONG
    wait_until(lambda: asks.ask(client, pids) or client.run(is_shared, job.id, workers=[first])[first])
    asks.close()
    assert not asks.apart
    assert not list(runs.iterdir())


def test_a_worker_that_answers_after_the_end_leaves_nothing(
    study: ek.Study, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_ANSWER", PATIENCE)
    job = job_of(study)
    runs = StudyDirectory(study.path).runs
    client.run(enter, job.id, runs, shared=False)
    pids = client.run(os.getpid)
    asks = Sharing(job, runs)
    with frozen(next(iter(pids.values()))):
        asks.ask(client, pids)
        asks.close()
    assert client.run(os.getpid) == pids
    assert not list(runs.iterdir())


def test_a_shard_that_it_does_not_send_is_lost(
    study: ek.Study, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_ARRIVES", PATIENCE)
    monkeypatch.setattr(delivery, "_HEARD", PATIENCE)
    shard = tmp_path / "kept"
    shard.write_bytes(bytes(100))
    worker, pid = next(iter(client.run(os.getpid).items()))
    batch = Batch(0, np.array([[0, 3]]), {}, 1.0)
    parcel = Parcel(worker, shard.stat().st_size, path=str(shard))
    reply = Reply(0, Handed(3, 0.0, digest=durable.content_hash(shard)), "shard.nc", parcel)
    directory = StudyDirectory(study.path)
    fetch = partial(delivery.receive, client, directory, job_of(study), batch, reply)
    with frozen(pid):
        began = time.monotonic()
        with pytest.raises(delivery.LostParcelError, match="does not send its shard"):
            fetch()
        assert time.monotonic() - began < NOT_LONG
        assert not list(directory.runs.iterdir())
    assert fetch() == "shard.nc"
    assert not shard.exists()
