"""In a notebook's kernel: an interrupt goes to the whole process group, and must not reach a study that was started."""

import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import pytest
from engine.scripts import wait_until
from jupyter_client.manager import KernelManager

import explorekit as ek

N = 4000
START = f"""
import os
import time
import numpy as np
import explorekit as ek

def slow(a):
    with open("calls.txt", "a") as file:
        file.write(f"{{a}}\\n")
    if not os.path.exists("hurry"):
        time.sleep(0.05)
    return 2 * a

study = ek.Study(slow, ek.Space(a=np.arange({N}.0)), "study")
run = study.start(n_workers=2)
"""
WHOLE = 2 * np.arange(float(N))


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Any]:
    manager = KernelManager()
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)
        manager.cleanup_resources()


def execute(client: Any, code: str, timeout: float = 120) -> dict[str, Any]:
    """Run a cell and return the kernel's reply."""
    return wait_for_reply(client, client.execute(code, stop_on_error=False), timeout)


def begin(client: Any, code: str, folder: Path) -> str:
    """Start a cell, and return its message once it runs."""
    there = folder / "begun"
    there.unlink(missing_ok=True)
    message: str = client.execute(f"open({str(there)!r}, 'w').close()\n{code}", stop_on_error=False)
    wait_until(there.exists)
    return message


def wait_for_reply(client: Any, message: str, timeout: float = 120) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            reply: dict[str, Any] = client.get_shell_msg(timeout=1)
        except Empty:
            continue
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"]
    raise TimeoutError


@pytest.mark.filterwarnings("ignore:.*TCP without encryption.*")
def test_interrupting_another_cell_leaves_a_started_study_alone(kernel: Any, tmp_path: Path) -> None:
    manager, client = kernel
    assert execute(client, START)["status"] == "ok"
    assert execute(client, "while run.progress.ok < 5: time.sleep(0.05)")["status"] == "ok"
    for _ in range(3):
        cell = begin(client, "time.sleep(600)", tmp_path)
        manager.interrupt_kernel()  # SIGINT to the kernel's process group
        assert wait_for_reply(client, cell)["ename"] == "KeyboardInterrupt"
    assert execute(client, "assert run.progress.state == 'running', run.progress")["status"] == "ok"
    (tmp_path / "hurry").touch()
    assert execute(client, "run.wait()")["status"] == "ok"
    np.testing.assert_array_equal(ek.open(tmp_path / "study").results["slow"].values, WHOLE)
    assert len((tmp_path / "calls.txt").read_text().split()) == N  # no point was run twice


@pytest.mark.filterwarnings("ignore:.*TCP without encryption.*")
def test_interrupting_the_cell_that_waits_cancels_and_keeps(kernel: Any, tmp_path: Path) -> None:
    manager, client = kernel
    assert execute(client, START)["status"] == "ok"
    cell = begin(client, "run.wait()", tmp_path)
    wait_until(lambda: len(list((tmp_path / "study" / "runs").glob("0*.nc"))) >= 3)
    manager.interrupt_kernel()
    assert wait_for_reply(client, cell)["ename"] == "KeyboardInterrupt"
    kept = np.isfinite(ek.open(tmp_path / "study").results["slow"].values).sum()
    assert 0 < kept < N
    (tmp_path / "hurry").touch()
    assert execute(client, "study.run(n_workers=2)")["status"] == "ok"
    np.testing.assert_array_equal(ek.open(tmp_path / "study").results["slow"].values, WHOLE)


@pytest.mark.filterwarnings("ignore:.*TCP without encryption.*")
def test_an_explorer_follows_a_run_while_cells_open_files(kernel: Any, tmp_path: Path) -> None:
    _, client = kernel
    few = START.replace(f"np.arange({N}.0)", "np.arange(120.0)")
    code = few.replace("return 2 * a", "return {'y': np.full(1000, 2 * a)}") + (
        "import xarray as xr\n"
        "(xr.Dataset({'x': ('t', np.arange(10.0))})).to_netcdf('other.nc')\n"
        "explorer = study.explore()\n"
    )
    assert execute(client, code)["status"] == "ok"
    # In a cell that is busy with netCDF itself: reading beside it would end the kernel within seconds.
    busy = "while not run.done:\n    xr.open_dataset('other.nc').load().close()"
    assert execute(client, busy)["status"] == "ok"
    # The kernel's thread is free between cells, or lets the explorer in while it waits.
    shown = "run.wait(); assert 'not run' not in repr(explorer.caption.value), explorer.caption.value"
    wait_until(lambda: execute(client, shown)["status"] == "ok")


EXPLORER = """
import threading
import time
import numpy as np
import xarray as xr
import explorekit as ek

z = xr.DataArray(np.arange(20.0)[:, None] * np.ones(5), dims=("i", "x"), name="z")
explorer = ek.explore(z, x="x")
slider, heard = explorer.controls["i"], []
slider.observe(lambda change: heard.append(threading.current_thread()), "value")
"""


def send(client: Any, kind: str, content: dict[str, Any], subshell: str | None) -> str:
    """Send a message to a subshell, where there is one; return what its reply will name."""
    message = client.session.msg(kind, content)
    if subshell is not None:
        message["header"]["subshell_id"] = subshell
    client.shell_channel.send(message)
    identity: str = message["header"]["msg_id"]
    return identity


def new_subshell(client: Any) -> str | None:
    """Return a thread of the kernel that handles messages while a cell runs; None where kernels have none."""
    client.control_channel.send(client.session.msg("create_subshell_request"))
    try:
        content: dict[str, Any] = client.get_control_msg(timeout=10)["content"]
    except Empty:
        return None
    return content.get("subshell_id")


@pytest.mark.filterwarnings("ignore:.*TCP without encryption.*")
def test_what_another_thread_hears_last_is_shown_after_the_cell(kernel: Any, tmp_path: Path) -> None:
    _, client = kernel
    assert execute(client, EXPLORER)["status"] == "ok"
    asked = client.execute("", user_expressions={"comm": "slider.comm.comm_id"})
    comm = wait_for_reply(client, asked)["user_expressions"]["comm"]["data"]["text/plain"].strip("'")
    subshell = new_subshell(client)

    cell = begin(client, "time.sleep(2)", tmp_path)
    for value in (*range(20), 3, 11):
        state = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        send(client, "comm_msg", {"comm_id": comm, "data": state}, subshell)
    assert wait_for_reply(client, cell)["status"] == "ok"
    shown = "assert (slider.value, explorer.shown.frame.values[0]) == ({0}, {0}), explorer.shown"
    wait_until(lambda: execute(client, shown.format(11))["status"] == "ok")

    cell = begin(client, "time.sleep(2)", tmp_path)
    turned = "for slider.value in range(20): pass\nslider.value = 5"
    options = {"silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    reply = send(client, "execute_request", {"code": turned, **options}, subshell)
    if subshell is not None:
        assert wait_for_reply(client, reply)["status"] == "ok"
        other = "assert heard[-1] is not threading.main_thread()"
    else:
        other = "assert heard[-1] is threading.main_thread()"
    wait_until(lambda: execute(client, shown.format(5))["status"] == "ok")
    assert execute(client, other)["status"] == "ok"
