"""Nobody gets in: what a study's processes listen to, and what a stranger on the same machine is told there."""

import contextlib
import socket
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from distributed.security import Security
from engine.scripts import wait_until

import explorekit as ek
from explorekit.engine import serving
from explorekit.engine.cluster import PrivateCluster
from explorekit.engine.reservation import Reservation
from explorekit.engine.run import Run

Address = tuple[str, int]


def slow(a: int) -> int:
    time.sleep(0.2)
    return a


@contextlib.contextmanager
def running(folder: Path, **options: object) -> Iterator[Run]:
    """A run that goes on."""
    run = ek.Study(slow, ek.Space(a=range(1000)), folder).start(False, n_workers=2, **options)
    try:
        wait_until(lambda: run.progress.ok)
        yield run
    finally:
        run.cancel()
        run.wait()


@contextlib.contextmanager
def cluster_of(run: Run) -> Iterator[PrivateCluster]:
    reservation = Reservation(2, dashboard=bool(run.progress.dashboard))
    try:
        yield reservation.cluster()
    finally:
        reservation.release()


def sockets() -> set[Address]:
    """Where this process and all below it can be reached, over TCP and UDP."""
    found = set()
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {tuple(c.laddr) for c in process.net_connections("inet") if not c.raddr}
    return found


def answer(
    address: Address, context: ssl.SSLContext | None = None, said: bytes = b"", patience: float = 2
) -> bytes:
    """What is heard at an address in some seconds, under TLS if there is a context."""
    with socket.create_connection(address, timeout=patience) as plain, contextlib.ExitStack() as stack:
        try:
            peer = stack.enter_context(context.wrap_socket(plain)) if context else plain
            peer.sendall(said)
            return peer.recv(100)
        except (TimeoutError, OSError):  # ssl.SSLError too
            return b""


def trusting(security: Security | None = None) -> ssl.SSLContext:
    """A client that trusts any server, with a certificate or without one."""
    if security is not None:
        context: ssl.SSLContext = security.get_connection_args("client")["ssl_context"]
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_who_has_no_certificate_is_turned_away_at_every_socket(tmp_path: Path) -> None:
    with running(tmp_path) as run, cluster_of(run) as cluster:
        assert run.progress.dashboard == ""
        listening = sockets()
        scheduler = cluster._cluster.scheduler
        own = {(u.hostname, u.port) for u in map(urlsplit, [scheduler.contact_address, *scheduler.workers])}
        assert len(own) == 3  # the scheduler's and two workers'
        assert own <= listening  # there may be clusters of earlier runs, one of them with a dashboard
        assert {host for host, _ in listening} == {"127.0.0.1"}
        insiders, anyone, strangers = map(trusting, (cluster.client.security, None, Security.temporary()))

        def answers(address: Address) -> tuple[bytes, bytes, bytes]:
            patience = 120 if address in own else 2
            greeting = answer(address, insiders, patience=patience)  # Dask's
            return greeting, answer(address, anyone), answer(address, strangers)

        with ThreadPoolExecutor(len(listening)) as pool:  # who says nothing is listened to for long
            heard = dict(zip(listening, pool.map(answers, listening), strict=True))
        assert {address for address, (greeting, *_) in heard.items() if greeting} == own
        assert {said for _, *others in heard.values() for said in others} == {b""}
        for address in own:
            plain = answer(address, said=b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
            assert plain in (b"", b"\x15\x03\x01")
            assert b"HTTP" not in answer(address, said=b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def test_what_workers_keep_on_disk_is_private_and_below_the_clusters_own_folder(tmp_path: Path) -> None:
    with running(tmp_path) as run, cluster_of(run) as cluster:
        folders = cluster.client.run(lambda dask_worker: dask_worker.local_directory)
        assert len(folders) == 2
        for folder in folders.values():
            around = [p for p in Path(folder).parents if p.name.startswith("explorekit-workers-")]
            assert len(around) == 1
            assert stat.S_IMODE(around[0].stat().st_mode) == 0o700
            assert around[0].stat().st_uid == psutil.Process().uids().real


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=120) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return int(error.code)


def test_a_dashboard_that_is_asked_for_answers_only_who_knows_its_address(tmp_path: Path) -> None:
    with running(tmp_path, dashboard=True) as run:
        link = run.progress.dashboard
        assert link.startswith("http://127.0.0.1:")
        assert {host for host, _ in sockets()} == {"127.0.0.1"}
        place, secret = link.removesuffix("/status").rsplit("/", 1)
        assert len(secret) >= 32
        for page in ("status", "info/main/workers.html", "statics/css/base.css"):
            assert status_of(f"{place}/{secret}/{page}") == 200
            for guess in ("", f"/{secret[:-1]}", f"/{secret}x", "//", f"/x/{secret}"):
                assert status_of(f"{place}{guess}/{page}") == 404
        for page in ("", "/sitemap.json", f"/{secret}", "/health", "/metrics", "/proxy/80/localhost/"):
            assert status_of(place + page) == 404
        assert run.panel().board.head["dashboard"] == link
        run.panel().close()


def test_pages_of_the_dashboard_name_what_they_need_so_that_a_proxy_finds_it(tmp_path: Path) -> None:
    with running(tmp_path, dashboard=True) as run, urllib.request.urlopen(run.progress.dashboard) as page:
        text = page.read().decode()
    assert 'src="static/js/bokeh.min.js' in text
    assert 'src="/' not in text


@pytest.mark.parametrize(
    ("environ", "setting", "expected"),
    [
        ({"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}, None, "/user/ann/proxy/{port}/{secret}/status"),
        ({}, "https://host/at/{port}/status", "https://host/at/{port}/{secret}/status"),
        ({"ME": "bob"}, "/{ME}/proxy/{port}", "/bob/proxy/{port}/{secret}/status"),
    ],
)
def test_the_link_goes_through_a_hubs_proxy(tmp_path, monkeypatch, environ, setting, expected) -> None:
    import dask

    with running(tmp_path, dashboard=True) as run, cluster_of(run) as cluster:
        place, secret = run.progress.dashboard.removesuffix("/status").rsplit("/", 1)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with dask.config.set({"distributed.dashboard.link": setting} if setting else {}):
            assert cluster.dashboard_link == expected.format(port=place.rpartition(":")[2], secret=secret)


def test_without_bokeh_a_dashboard_is_refused_before_anything_starts(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    study = ek.Study(slow, ek.Space(a=[1]), tmp_path)
    with pytest.raises(ek.errors.StudyError, match=r"explorekit\[dashboard\]"):
        study.start(False, dashboard=True)
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("said", [b"", b"{"])
def test_workers_whose_starter_is_killed_leave_no_folder_however_early(tmp_path: Path, said: bytes) -> None:
    cluster_folder = tmp_path / "cluster"
    for name in ("own", "of_one_that_died"):
        (cluster_folder / name).mkdir(parents=True)
    command = [sys.executable, "-m", "explorekit.engine.worker", cluster_folder / "own"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    worker.communicate(said, timeout=120)
    assert not cluster_folder.exists()
