"""The notebook that is walked over: a simulation, the cells that run and show it, and what is shown last."""

SIMULATION = """
import time
from pathlib import Path

import numpy as np
import xarray as xr


def simulate(I, tau, sort):
    if I == 0.75 and not Path("mended").exists():
        raise ValueError(f"too strong for {sort}")
    time = np.arange(40.0)
    V = xr.DataArray(np.sin(I * time / tau) * tau, dims="time", coords={"time": time})
    field = xr.DataArray(np.add.outer(np.arange(6.0), np.arange(8.0)) * (I + 1), dims=("y", "x"))
    spikes = xr.DataArray(np.arange(3 + int(4 * I)) * tau, dims="spike", attrs={"units": "ms"})
    return {"rate": I * tau + 1, "base": tau, "V": V, "field": field, "spikes": spikes}


def wait(I):
    while True:
        time.sleep(0.02)


def area(width, height):
    return width * height
"""

# The cell that makes what is looked at, and the one that shows all of it.
CELLS = (
    """
import explorekit as ek
import ipywidgets as widgets
import numpy as np
import xarray as xr
from walked import area, simulate, wait
space = ek.Space(I=[0.0, 0.25, 0.5, 0.75, 1.0], tau=[5.0, 7.5, 10.0], sort=["a", "<b>"])
study = ek.Study(simulate, space, "studies/walked")
run = study.start(where=space.isel(tau=[0, 1]), n_workers=1)
run.wait();
""",
    """
def show(name, widget):
    widget.add_class(f"walked-{name}")
    display(widget)

show("explorer", study.explore("rate", x="I", tau=5, sort="a"))
show("panel", run.panel())
show("beside", study.explore("rate", x="I", y="tau", sort="a").beside("V"))
one, other = study.explore("V", sort="a"), study.explore("rate", x="I", tau=5, sort="a")
both = ek.link(one, other)
show("one", one)
show("other", other)
unlink, said = widgets.Button(description="Unlink"), widgets.HTML()
def let_go(_):
    both.unlink()
    said.value = "unlinked"
unlink.on_click(let_go)
show("unlink", widgets.HBox([unlink, said]))
results = study.results.load()
show("comparison", ek.compare(results.sel(sort="a"), results.sel(sort="<b>"), "rate", x="I"))
curves = np.sin(np.arange(30.0)) + np.random.default_rng(1).normal(size=(3, 9, 30))
tries = xr.Dataset(
    {"loss": (("optimizer", "repetition", "step"), curves)}, {"optimizer": ["sgd", "adam", "lion"]}
)
show("tries", ek.explore(tries, "loss", x="step", optimizer="sgd", repetition=0))
drawn = np.random.default_rng(2).random((4, 24))
design = xr.Dataset({"loss": ("sample", drawn[3])}, {k: ("sample", drawn[i]) for i, k in enumerate("abc")})
show("design", ek.explore(design, "loss"))
show("front", ek.interact(area, ek.Space(width=[1.0, 2.0, 3.0], height=[1.0, 2.0])))
show("waiting", ek.Study(wait, ek.Space(I=[1.0]), "studies/waiting").start().panel())
""",
)
LAST = ".walked-waiting"
