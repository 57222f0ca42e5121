"""The notebooks run from top to bottom, say nothing on stderr, and leave the files they promise."""

import shutil
from pathlib import Path

import nbformat
import pytest
import xarray as xr
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FILES = {
    "designs": ["digits_design.nc", "onset.nc"],
    "quickstart": ["fi_curve.nc", "fi_curve.png"],
    "reaction_diffusion": ["gray_scott.nc", "gray_scott.png"],
    "training": ["digits.nc", "digits.png"],
}
DIMENSIONS = {
    "designs": ("accuracy", {"sample": 320, "step": 5}),
    "quickstart": ("V", {"I": 50, "tau_ref": 3, "time": 10_000}),
    "reaction_diffusion": ("V", {"feed": 7, "kill": 9, "y": 128, "x": 128}),
    "training": ("accuracy", {"learning_rate": 8, "width": 3, "repetition": 10, "step": 30}),
}
# The progress of each exploration, and its explorer.
WIDGETS = {"designs": 4}


@pytest.fixture
def folder(tmp_path):
    """A copy of the notebooks and of the simulations they import, without earlier studies."""
    for path in [*NOTEBOOKS.glob("*.py"), *NOTEBOOKS.glob("*.ipynb")]:
        shutil.copy(path, tmp_path)
    # The documentation executes them at full length.
    simulation = tmp_path / "gray_scott.py"
    text = simulation.read_text()
    assert "steps: int = 6000" in text
    simulation.write_text(text.replace("steps: int = 6000", "steps: int = 1000"))
    return tmp_path


def execute(path):
    """Run a notebook beside its simulations, and return it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("name", FILES)
def test_runs_and_leaves_its_files(folder, name):
    notebook = execute(folder / f"{name}.ipynb")

    for output in outputs(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
    widgets = [
        o for o in outputs(notebook) if "application/vnd.jupyter.widget-view+json" in o.get("data", {})
    ]
    assert len(widgets) == WIDGETS.get(name, 2)
    for file in FILES[name]:
        assert (folder / "studies" / file).stat().st_size > 10_000
    variable, sizes = DIMENSIONS[name]
    with xr.open_dataset(folder / "studies" / FILES[name][0]) as results:
        assert dict(results[variable].sizes) == sizes
        assert results["status"].to_series().nunique() == 1  # every run is ok


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_is_saved_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.py")), ids=lambda path: path.stem)
def test_simulations_know_nothing_about_explorekit(path):
    if path.stem != "demo":
        assert "explorekit" not in path.read_text()
