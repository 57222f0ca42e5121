"""The work that every peer is given, and the clock that it is timed by.

Imported in each peer's environment, so it needs the standard library and NumPy alone.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

WORKERS = 2
ARRAY_LENGTH = 1000
BUSY_SECONDS = 0.01


def scalar(a: float, b: int) -> float:
    return a * b + 1.0


def busy(a: float, b: int) -> float:
    # CPU time of this thread: two workers that fight for a core must not look fast.
    end = time.thread_time() + BUSY_SECONDS
    while time.thread_time() < end:
        pass
    return a * b + 1.0


def array(a: float, b: int) -> np.ndarray[Any, Any]:
    return np.arange(ARRAY_LENGTH, dtype=np.float64) * a + b


def noting(a: float, b: int) -> float:
    """Note when this process first comes to the half that is left to do; stop there if it is not to be done yet."""
    if a > 0.5 and not hasattr(sys, "first_new_point"):
        if Path("only-half").exists():
            raise KeyboardInterrupt
        sys.first_new_point = time.time()
        Path(f"first-{os.getpid()}").write_text(repr(sys.first_new_point))
    return a * b + 1.0


FUNCTIONS: dict[str, Callable[..., Any]] = {"scalar": scalar, "busy": busy, "array": array, "resume": noting}


def shape(points: int) -> tuple[int, int]:
    """Return the lengths of the two axes; the first is even, so that it can be halved."""
    first = 2
    while first * first < points or points % first:
        first += 2
    return first, points // first


@dataclass
class Task:
    """What a peer is to do, in a folder of its own, which is the working directory.

    A peer sets up, calls `start`, does the work, and calls `stop` when all results are in a labelled file.
    """

    work: str
    points: int
    folder: Path
    limit: float
    seconds: float = 0.0
    peak: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)
    _started: float = 0.0
    _began: float = 0.0

    @property
    def function(self) -> Callable[..., Any]:
        return FUNCTIONS[self.work]

    @property
    def a(self) -> np.ndarray[Any, Any]:
        return np.linspace(0.0, 1.0, shape(self.points)[0])

    @property
    def b(self) -> np.ndarray[Any, Any]:
        return np.arange(shape(self.points)[1])

    @property
    def first_half(self) -> np.ndarray[Any, Any]:
        return self.a[: len(self.a) // 2]

    @property
    def is_array(self) -> bool:
        return self.work == "array"

    def expected(self) -> np.ndarray[Any, Any]:
        a, b = self.a, self.b
        if self.is_array:
            return np.arange(ARRAY_LENGTH, dtype=np.float64) * a[:, None, None] + b[:, None]
        return a[:, None] * b + 1.0

    def start(self) -> None:
        if self.work in FUNCTIONS:  # the others write nothing
            self._use_memory()
        signal.setitimer(signal.ITIMER_REAL, self.limit)  # which ends the process
        self._began = time.time()
        self._started = time.perf_counter()

    def stop(self) -> None:
        self.seconds = time.perf_counter() - self._started
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.peak = peak_memory()
        first = [float(path.read_text()) for path in self.folder.glob("first-*")]
        if first:
            self.notes["first"] = min(first) - self._began

    def _use_memory(self) -> None:
        """Use as much memory as the work may, for files and for arrays, and free it.

        A virtual machine hands free memory back to its host, and to get it again takes longer than to write a file: that
        is not to be measured of some and not of others.
        """
        megabytes = 4 * self.points * (ARRAY_LENGTH if self.is_array else 1) // 2**17 + 1
        scratch = self.folder / "scratch"
        with scratch.open("wb") as file:
            for _ in range(megabytes):
                file.write(bytes(2**20))
        # In a process of its own, as the peak of this one's memory is measured.
        subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({megabytes} * 2**17)"], check=True)
        scratch.unlink()

    # ---- what doing it by hand takes

    def dataset(self, values: Any) -> Any:
        """Return values in C order with their labels."""
        import xarray as xr

        values = np.asarray(values, dtype=np.float64).reshape(self.expected().shape)
        dims = ("a", "b", "t") if self.is_array else ("a", "b")
        coords = {"a": self.a, "b": self.b}
        return xr.Dataset({"z": (dims, values)}, coords)

    def written(self, dataset: Any) -> np.ndarray[Any, Any]:
        """Write results to a file, which ends the work, and return what it holds."""
        dataset.to_netcdf("out.nc")
        self.stop()
        return self.read(self.folder / "out.nc")

    def warm_netcdf(self, engine: str = "netcdf4") -> None:
        """Have xarray import what the first file of a process makes it import."""
        import xarray as xr

        path = self.folder / "warm.nc"
        # With labels: to compare them, it looks for further packages the first time.
        xr.Dataset({"x": ("a", [1.0])}, {"a": [0.0]}).to_netcdf(path, engine=engine)
        xr.load_dataset(path, engine=engine)
        path.unlink()

    def read(self, path: Path, engine: str = "netcdf4") -> np.ndarray[Any, Any]:
        """Return what a file holds, after a look at its labels."""
        import xarray as xr

        with xr.open_dataset(path, engine=engine) as dataset:
            np.testing.assert_array_equal(dataset["a"], self.a)
            np.testing.assert_array_equal(dataset["b"], self.b)
            return dataset["z"].transpose("a", "b", ...).values


def peak_memory() -> float:
    """Return the most memory that this program has had, in megabytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    # `ru_maxrss` would count what the process was before it became this program: a copy of the one that started it.
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * 1024 / 1e6
