"""The environments that peers run in: one each, made from PyPI where it is not there yet."""

import functools
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import REQUIREMENTS

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "benchmarks"
_SHOWN = ("numpy", "xarray", "netCDF4", "dask", "distributed", "joblib")


def python(peer: str) -> str:
    """Return the interpreter of a peer, after making its environment if need be."""
    requirements = REQUIREMENTS[peer]
    return python_with(peer, requirements) if requirements else sys.executable


@functools.cache
def python_with(name: str, requirements: tuple[str, ...]) -> str:
    """Return the interpreter of an environment that has some packages, after making it if need be."""
    digest = hashlib.sha256("\n".join((platform.python_version(), *requirements)).encode()).hexdigest()[:8]
    folder = BUILD / "environments" / f"{name}-{digest}"
    interpreter = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"installing {', '.join(requirements)}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *requirements], check=True)
        ready.touch()
    return str(interpreter)


def versions(peer: str) -> dict[str, str]:
    """Return the versions of the peer and of what it stands on."""
    return versions_in(python(peer), (peer, *_SHOWN))


def versions_in(interpreter: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of some packages, of those that are there."""
    code = (
        "import importlib.metadata as m, json, sys\n"
        "there = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({n: there[n.lower()] for n in sys.argv[1:] if n.lower() in there}))"
    )
    unique = dict.fromkeys(names)
    done = subprocess.run([interpreter, "-c", code, *unique], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder for one measurement, on the disk that this checkout lies on."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="run-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def variables() -> dict[str, str]:
    """Return the environment variables that every measurement gets: one thread of numerics a process, compiled modules."""
    one = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    # An installed package is compiled, so what runs from this checkout is too, even where Python is told to keep nothing.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(BUILD / "compiled")}
    return {**os.environ, **dict.fromkeys(one, "1"), **compiled, "PYTHONPATH": str(ROOT)}
