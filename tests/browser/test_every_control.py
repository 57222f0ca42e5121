"""Every control of the explorer and the panel works, wherever a notebook is looked at."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page
from walk import Walk
from walked_over import CELLS, LAST, SIMULATION

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PATHS = {"lab": "lab/tree", "notebook7": "notebooks", "voila": "voila/render"}
KERNEL_IS_IDLE = """() =>
  window.jupyterapp?.shell.currentWidget?.context?.sessionContext.session?.kernel?.status === 'idle'"""
RUN_ALL_CELLS = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"


@pytest.mark.parametrize("name", PATHS)
def test_every_control_works(
    page: Page, notebooks: Path, tmp_path: Path, screenshots: Path, request: Any, name: str
) -> None:
    server = request.getfixturevalue(name)
    (notebooks / "walked.py").write_text(SIMULATION)
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), notebooks / "walked.ipynb")
    # What is scrolled out of sight stays on the page.
    settings = tmp_path / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')

    page.goto(f"{server.url}/{PATHS[name]}/walked.ipynb?token={server.token}")
    if name != "voila":
        page.wait_for_function(KERNEL_IS_IDLE)
        page.evaluate(RUN_ALL_CELLS)
    page.wait_for_selector(LAST)
    try:
        Walk(page, notebooks, smoke=name != "lab").all()
    finally:
        page.screenshot(path=screenshots / f"controls_{name}.png")
