"""Who may import whom: the store opens without a cluster, and `import explorekit` costs nothing."""

import subprocess
import sys

import pytest

LAYERS = """
import importlib, pkgutil, sys
package = importlib.import_module("explorekit.{layer}")
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded_after(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("layer", ["space", "simulation", "store"])
def test_the_first_three_layers_need_neither_dask_nor_widgets_nor_plots(layer):
    loaded = loaded_after(LAYERS.format(layer=layer))

    assert "explorekit" in loaded
    assert loaded.isdisjoint({"dask", "distributed", "ipywidgets", "matplotlib", "IPython"})


def test_the_layer_that_children_import_first_needs_no_pandas():
    assert loaded_after(LAYERS.format(layer="space")).isdisjoint({"pandas", "xarray"})


def test_importing_the_package_loads_nothing_heavy():
    loaded = loaded_after("import explorekit, sys; print(*sys.modules)")

    assert loaded.isdisjoint(
        {"numpy", "pandas", "xarray", "netCDF4", "dask", "distributed", "ipywidgets", "matplotlib"}
    )


@pytest.mark.parametrize(
    "name",
    ["Space", "Study", "adaptive", "errors", "explore_adaptively", "interact", "open", "param", "simulation"],
)
def test_every_public_name_is_there(name):
    import explorekit

    assert getattr(explorekit, name) is not None
    assert name in dir(explorekit)


def test_an_unknown_name_is_an_attribute_error():
    import explorekit

    with pytest.raises(AttributeError, match="'studdy'"):
        explorekit.studdy  # noqa: B018


def test_opening_a_study_imports_no_dask(tmp_path):
    import explorekit as ek

    ek.Study(lambda a, s: a, ek.Space(a=[1.0, 2.0], s=["x", "y"]), tmp_path / "study")
    opened = (
        f"import explorekit, sys; explorekit.open({str(tmp_path / 'study')!r}).results; print(*sys.modules)"
    )

    loaded = loaded_after(opened)
    assert loaded.isdisjoint({"dask", "distributed", "scipy"})
    # Nor what calls simulations and takes what they return, which takes longer to load than to open.
    runs = {"calling", "collect", "outputs", "points", "tables", "version"}
    assert loaded.isdisjoint(f"explorekit.simulation.{name}" for name in runs)
