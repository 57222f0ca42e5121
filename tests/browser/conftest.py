"""A real JupyterLab, Notebook 7 and Voilà, each on a free loopback port, and Chromium to look at them."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=60_000)  # what is busy with other work is not to fail


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    token: str
    log: Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.fail(
            f"The browser tests need Chromium, and none of {', '.join(BROWSERS)} is on the PATH. "
            "`make test` installs it where apt-get can; `make test BROWSER=no` leaves these tests out."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(120_000)
    yield page
    context.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """A folder that survives the tests, to look at what they saw."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A copy of the notebooks, so that a test leaves no studies beside the originals."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for path in [*(ROOT / "notebooks").glob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]:
        shutil.copy(path, folder)
    if "PICTURE" not in os.environ:  # the documentation executes them at full length
        simulation = folder / "gray_scott.py"
        text = simulation.read_text()
        assert "steps: int = 6000" in text
        simulation.write_text(text.replace("steps: int = 6000", "steps: int = 1000"))
    return folder


@pytest.fixture
def lab(notebooks: Path, tmp_path: Path) -> Iterator[Server]:
    manager = "--LabApp.extension_manager=readonly"
    with jupyter("jupyterlab", "LabApp", manager, folder=notebooks, scratch=tmp_path) as server:
        yield server


@pytest.fixture
def notebook7(notebooks: Path, tmp_path: Path) -> Iterator[Server]:
    with jupyter("notebook", "JupyterNotebookApp", folder=notebooks, scratch=tmp_path) as server:
        yield server


@pytest.fixture
def voila(notebooks: Path, tmp_path: Path) -> Iterator[Server]:
    token = secrets.token_hex(16)
    port = free_port()
    command = [
        *(sys.executable, "-m", "voila", "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"),
        *(f"--token={token}", str(notebooks)),
    ]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/?token={token}", notebooks, tmp_path) as log:
        yield Server(url, token, log)


@contextmanager
def jupyter(module: str, application: str, *options: str, folder: Path, scratch: Path) -> Iterator[Server]:
    """Run one of Jupyter's two applications until the block ends."""
    settings = scratch / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
    token = secrets.token_hex(16)
    port = free_port()
    command = [
        *(sys.executable, "-m", module, "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={token}", f"--notebook-dir={folder}"),
        f"--{application}.expose_app_in_browser=True",
        *options,
    ]
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/api/status?token={token}", folder, scratch) as log:
        yield Server(url, token, log)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(command: list[str], probe: str, folder: Path, scratch: Path) -> Iterator[Path]:
    """Run a server in a session of its own until the block ends; nobody else's settings reach it."""
    log = scratch / "server.log"
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until_up(process, probe, log)
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(process: subprocess.Popen[bytes], probe: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"The server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(probe, timeout=30):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"The server did not answer within 120 s:\n{log.read_text()[-4000:]}")
