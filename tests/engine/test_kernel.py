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
