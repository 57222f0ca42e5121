"""A browser that turns the slider, and tells when the picture has followed."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from benchmarks import environments
from benchmarks.looking.ways import notebook

PROBE = (Path(__file__).parent / "probe.js").read_text()
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
HAS_RUN = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  const cells = panel?.content?.widgets?.map(w => w.model) ?? [];
  return cells.length > 0 && cells.every(m => m.executionCount)
    && panel.context.sessionContext.session?.kernel?.status === 'idle';
}"""
HANDLE = ".jp-Notebook .noUi-handle >> visible=true"
_MINUTES = 120_000  # milliseconds
_ONE_WAY = 40  # keys before the slider turns back; it has more positions
_CDN = re.compile(
    r"https://cdn\.(bokeh\.org/bokeh/release|holoviz\.org/(?P<panel>panel)/[^/]+/dist)/(?P<name>[^?]+)"
)


@contextmanager
def jupyterlab(interpreter: str, folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; gives the address of a notebook, whose name is left open."""
    token = secrets.token_hex(16)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    own = {
        f"JUPYTER_{name}_DIR": str(folder / ".jupyter" / name.lower())
        for name in ("CONFIG", "DATA", "RUNTIME")
    }
    lab = {
        f"JUPYTERLAB_{name}_DIR": str(folder / ".jupyter" / name.lower())
        for name in ("SETTINGS", "WORKSPACES")
    }
    # As where explorekit is installed, for whichever tool looks.
    extensions = Path(own["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.d"
    extensions.mkdir(parents=True, exist_ok=True)
    shutil.copy(environments.ROOT / "explorekit" / "server_extension.json", extensions / "explorekit.json")
    command = [
        *(interpreter, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        *(f"--notebook-dir={folder}", "--LabApp.expose_app_in_browser=True"),
        "--LabApp.extension_manager=readonly",
    ]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**environments.variables(), **own, **lab},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(server, f"http://127.0.0.1:{port}/api/status?token={token}")
        # A workspace of its own: what others left open would start their kernels again.
        yield f"http://127.0.0.1:{port}/lab/workspaces/{{0}}/tree/{{0}}.ipynb?token={token}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait_for(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=30):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start")


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise RuntimeError(f"looking is measured in a browser; none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def _from_packages(packages: Path, route: Any) -> None:
    """Answer with the file of an installed package what Bokeh and Panel would have from the internet."""
    found = _CDN.match(route.request.url)
    if found is None:
        route.abort()
        return
    name = unquote(found["name"])
    file = packages / ("panel/dist" if found["panel"] else "bokeh/server/static/js") / name
    file = file if found["panel"] else file.with_name(re.sub(r"-\d[\d.]+\.min", ".min", name))
    if file.is_file():
        route.fulfill(path=file)
    else:
        route.abort()


def look(
    browser: Any,
    packages: Path,
    address: str,
    folder: Path,
    way: str,
    variable: str,
    *,
    keys: int = 60,
    pause: int = 150,
) -> dict[str, Any]:
    """Measure one way to look, in a new kernel and a new page.

    Parameters
    ----------
    packages
        Where the packages of the environment are.
    address
        Of a notebook, its name left open.
    folder
        Where the results are.
    way, variable
        As for `benchmarks.looking.ways.show`.
    keys
        How often an arrow key is pressed.
    pause
        Milliseconds from one change to the next key.

    Returns
    -------
    dict
        ``seconds`` and ``p95`` from a key to a changed picture, ``settled`` to the last change, ``frames`` a second while
        the handle is dragged, and the ``kilobytes`` that come for a key.
    """
    name = f"{way}-{variable}-{secrets.token_hex(4)}"
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook(way, variable, environments.ROOT)))
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.set_default_timeout(_MINUTES)
    page.route("https://cdn.*/**", lambda route: _from_packages(packages, route))
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    try:
        page.goto(address.format(name))
        page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext.session?.kernel"
        )
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        page.wait_for_function(HAS_RUN)
        handle = page.locator(HANDLE).last
        handle.scroll_into_view_if_needed()
        page.wait_for_timeout(2_000)
        page.evaluate(PROBE)
        took, settled, kilobytes = _press(page, handle, received, keys, pause)
        frames = _drag(page, handle)
    finally:
        page.evaluate("() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext.shutdown()")
        page.context.close()
    return {
        "seconds": statistics.median(took),
        "p95": statistics.quantiles(took, n=20)[-1],
        "settled": statistics.median(settled),
        "frames": frames,
        "kilobytes": kilobytes,
    }


def _press(
    page: Any, handle: Any, received: list[int], keys: int, pause: int
) -> tuple[list[float], list[float], float]:
    """Return the seconds from each key to the first and to the last change, and the kilobytes that came for one."""
    handle.focus()
    took, settled, before = [], [], 0
    for number in range(keys + 3):
        if number == 3:  # what is set up once does not count
            before = sum(received)
        page.evaluate("() => { looking.shown.length = 0; }")
        page.keyboard.press("ArrowLeft" if number // _ONE_WAY % 2 else "ArrowRight")
        page.wait_for_function("() => looking.shown.length > 0")
        page.wait_for_timeout(pause)
        if number >= 3:
            took.append(page.evaluate("() => looking.shown[0] - looking.pressed") / 1e3)
            settled.append(page.evaluate("() => looking.shown.at(-1) - looking.pressed") / 1e3)
    return took, settled, (sum(received) - before) / keys / 1e3


def _drag(page: Any, handle: Any, seconds: float = 4.0) -> float:
    """Return how many different frames a second are shown while the handle moves all the time."""
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("() => { looking.shown.length = 0; }")
    began = time.monotonic()
    while (gone := time.monotonic() - began) < seconds:
        # To the left and back, twice a second: past more positions than any tool has frames for.
        page.mouse.move(x - 150 * (1 - abs(1 - 4 * gone % 2)), y)
        page.wait_for_timeout(12)
    frames = page.evaluate("() => looking.shown.length") / (time.monotonic() - began)
    page.mouse.up()
    return float(frames)
