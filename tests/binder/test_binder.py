"""Binder by hand: the steps of repo2docker in a clean environment, then a JupyterLab that answers."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"

# What repo2docker 2026.4 puts into its base environment for Python 3.11, by its lock file.
BASE = ["jupyterlab==4.4.9", "notebook==7.4.7", "ipywidgets==8.1.7", "ipykernel==7.0.1", "jupyterhub==5.4.0"]


def requirements(lines):
    return {line.strip() for line in lines if line.strip() and not line.startswith(("#", "explorekit["))}


def test_requirements_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["examples"], *extras["lab"]]

    assert requirements((BINDER / "requirements.txt").read_text().splitlines()) == requirements(wanted)


def test_python_is_one_that_the_package_supports():
    version = re.fullmatch(r"python-3\.(\d+)\s*", (BINDER / "runtime.txt").read_text())

    assert version
    assert int(version[1]) >= 11


def test_post_build_is_executable():
    assert os.access(BINDER / "postBuild", os.X_OK)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The repository and a clean environment, as repo2docker would leave them."""
    image = tmp_path_factory.mktemp("image")
    unwanted = shutil.ignore_patterns(".*", "build", "docs", "studies", "__pycache__")
    shutil.copytree(ROOT, image / "repo", ignore=unwanted)
    subprocess.run([sys.executable, "-m", "venv", image / "env"], check=True)
    steps = [
        ["python", "-m", "pip", "install", "--quiet", *BASE],
        ["python", "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"],
        ["binder/postBuild"],
        ["python", "-m", "pip", "check"],
    ]
    for step in steps:
        done = subprocess.run(
            step, cwd=image / "repo", env=environment(image), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(step)}\n{done.stdout}{done.stderr}"
    return image


def environment(image):
    """What a Binder session sees: its own environment first, and no one's settings."""
    return os.environ | {
        "PATH": f"{image / 'env' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NB_PYTHON_PREFIX": str(image / "env"),
        "REPO_DIR": str(image / "repo"),
        "CPU_LIMIT": "1",
        "MEM_LIMIT": str(2 * 1024**3),
        "JUPYTER_CONFIG_DIR": str(image / "config"),
        "JUPYTER_DATA_DIR": str(image / "data"),
        "JUPYTER_RUNTIME_DIR": str(image / "runtime"),
    }


@pytest.fixture(scope="module")
def lab(image):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    token = secrets.token_hex(16)
    command = ["jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    log = image / "lab.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, f"--IdentityProvider.token={token}"],
            cwd=image / "repo",
            env=environment(image),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield lambda path: ask(f"http://127.0.0.1:{port}{path}", token, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask(url, token, log):
    """Where the server finally answers, and what; it may still be starting."""
    deadline = time.monotonic() + 120
    while True:
        try:
            request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.url, answer.read().decode()
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                pytest.fail(f"JupyterLab did not answer:\n{log.read_text()[-4000:]}")
            time.sleep(0.3)


@pytest.mark.installation
@pytest.mark.timeout(600)
class TestImage:
    def test_server_is_up(self, lab):
        assert "kernels" in json.loads(lab("/api/status")[1])

    def test_shows_jupyterlab(self, lab):
        assert "<title>JupyterLab</title>" in lab("/lab")[1]

    def test_opens_the_quickstart_first(self, lab):
        assert lab("/")[0].endswith("/lab/tree/notebooks/quickstart.ipynb")

    def test_has_the_quickstart(self, lab):
        assert json.loads(lab("/api/contents/notebooks/quickstart.ipynb")[1])["type"] == "notebook"

    def test_executes_the_quickstart(self, image):
        done = subprocess.run(
            ["jupyter", "nbconvert", "--execute", "--to", "notebook", "notebooks/quickstart.ipynb"],
            cwd=image / "repo",
            env=environment(image),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (image / "repo" / "notebooks" / "studies" / "fi_curve.nc").exists()
