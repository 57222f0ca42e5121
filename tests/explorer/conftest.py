"""A small study's results, a study that grows, and eyes to read a picture with."""

import io
import threading
import time

import ipywidgets
import numpy as np
import pytest
import xarray as xr
from ipywidgets.widgets.widget import _instances
from PIL import Image
from xarray.backends import BackendArray
from xarray.core import indexing

from explorekit.explorer import threads

OK, PENDING, FAILED, TIMED_OUT = 1, 0, 2, 3
FLAGS = {
    "flag_values": np.arange(4, dtype=np.int8),
    "flag_meanings": "pending ok failed timed_out",
}


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Close every widget of the test and see that no thread outlives it."""
    yield
    for widget in list(_instances.values()):
        if type(widget).__name__ in ("Explorer", "Beside", "Comparison", "ProgressPanel"):
            widget.close()
    ipywidgets.Widget.close_all()
    left = [t for t in threading.enumerate() if t.name.startswith("explorekit")]
    for thread in left:
        thread.join(60)
    assert not any(thread.is_alive() for thread in left), left


class Loop:
    """The kernel's event loop: keeps what is to be called until a test says that it is free."""

    def __init__(self):
        self.callbacks = []

    def add_callback(self, callback):
        self.callbacks.append(callback)


@pytest.fixture
def loop(monkeypatch):
    loop = Loop()
    monkeypatch.setattr(threads, "_kernel_loop", lambda: loop)
    return loop


@pytest.fixture
def results():
    """Results over a grid of 10 currents and 3 periods: a rate, a trace, a field, and runs without a value."""
    return make_results()


def make_results(status=None):
    I = np.linspace(0, 0.9, 10)  # noqa: E741
    tau = np.array([5.0, 7.5, 10.0])
    time_ = np.arange(20) * 0.5
    if status is None:
        status = np.full((10, 3), OK, np.int8)
        status[2, 0], status[3, 0], status[4, 0] = PENDING, FAILED, TIMED_OUT
    rate = I[:, None] * 10 + tau
    V = np.sin(time_ * I[:, None, None]) * tau[:, None]
    field = np.arange(10 * 3 * 4 * 5, dtype=float).reshape(10, 3, 4, 5)
    for values in (rate, V, field):
        values[status != OK] = np.nan
    grid = ("I", "tau_ref")
    return xr.Dataset(
        {
            "rate": (grid, rate, {"units": "Hz", "long_name": "firing rate"}),
            "V": ((*grid, "time"), V, {"units": "mV"}),
            "field": ((*grid, "y", "x"), field),
            "status": (grid, status, FLAGS),
        },
        coords={
            "I": ("I", I, {"units": "nA"}),
            "tau_ref": ("tau_ref", tau, {"units": "ms", "long_name": "refractory period"}),
            "time": ("time", time_, {"units": "ms"}),
        },
    )


class GrowingStudy:
    """A study whose results are set by the test."""

    def __init__(self, results, running=True):
        self.results = results
        self.running = running
        self.generation = 0

    def grow(self, results, running=True):
        self.results = results
        self.generation += 1
        self.running = running


@pytest.fixture
def pixels():
    """Decode the picture of an explorer: an array (height, width, 3)."""
    return lambda explorer: np.asarray(Image.open(io.BytesIO(explorer.image.value)).convert("RGB")).astype(
        int
    )


@pytest.fixture
def colour_at(pixels):
    """The colour that is drawn at a point of the axes, in the numbers of the axes."""

    def look(explorer, x, y):
        picture = pixels(explorer)
        across, up = explorer.figure.axes[0].transData.transform((x, y))
        return tuple(picture[picture.shape[0] - 1 - int(up), int(across)])

    return look


@pytest.fixture
def eventually():
    """Wait until something holds."""

    def wait(holds, seconds=120):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "never came true"
            time.sleep(0.02)

    return wait


@pytest.fixture
def growing():
    return GrowingStudy


class Unreadable(BackendArray):
    """A lazy array that cannot be read."""

    shape, dtype = (10, 3), np.dtype(float)

    def __getitem__(self, key):
        raise OSError("a checksum is wrong")


@pytest.fixture
def unreadable(results):
    """Results whose rate cannot be read."""
    return results.assign(rate=(results.rate.dims, indexing.LazilyIndexedArray(Unreadable())))


@pytest.fixture
def results_with():
    """Results with a given status."""
    return make_results
