"""The code of a view, run without us, draws what the explorer shows."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from batches import study_with
from matplotlib.collections import QuadMesh

import explorekit as ek
from explorekit.explorer import explore
from explorekit.store import export_ragged


@pytest.fixture(autouse=True)
def quiet_figures():
    with plt.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def drawn_by(code, **names):
    exec(compile(code, "code", "exec"), names)
    names["figure"].canvas.draw()
    return names["axes"]


def assert_draws_the_same(explorer, **names):
    """Compare the artists of both, and what is written round them."""
    assert "explorekit" not in "".join(line for line in explorer.code.splitlines() if "import" in line)
    theirs, ours = drawn_by(explorer.code, **names), explorer.figure.axes[0]
    kind = explorer.shown.frame.kind
    if kind == "line":
        kept = np.isfinite(ours.lines[0].get_ydata(orig=False))
        for which in ("get_xdata", "get_ydata"):
            one, other = (getattr(axes.lines[0], which)(orig=False) for axes in (theirs, ours))
            np.testing.assert_allclose(np.ma.filled(one, np.nan)[kept], other[kept])
    if kind == "image":
        cells = ours.images[0] if ours.images else ours.collections[0]
        mesh = theirs.collections[0]
        np.testing.assert_allclose(
            np.ma.filled(mesh.get_array().astype(float), np.nan),
            np.ma.filled(cells.get_array().astype(float), np.nan),
        )
        np.testing.assert_allclose(mesh.get_clim(), cells.get_clim(), atol=1e-3 * np.ptp(cells.get_clim()))
        if isinstance(cells, QuadMesh):
            np.testing.assert_allclose(mesh.get_coordinates(), cells.get_coordinates(), rtol=1e-3)
        else:
            (left, right), (bottom, top) = mesh.get_coordinates()[[0, -1], [0, -1]].T
            np.testing.assert_allclose((left, right, bottom, top), cells.get_extent(), rtol=1e-3, atol=1e-9)
    assert (theirs.get_xlabel(), theirs.get_ylabel()) == (ours.get_xlabel(), ours.get_ylabel())
    assert theirs.get_title(loc="left") == ours.get_title(loc="left")
    assert (theirs.get_xscale(), theirs.get_yscale()) == (ours.get_xscale(), ours.get_yscale())
    return theirs


@pytest.mark.parametrize(
    ("variable", "x", "y"),
    [
        ("V", "time", None),
        ("rate", "I", None),
        ("field", "x", "y"),
        ("rate", "I", "tau_ref"),
        ("rate", "tau_ref", "I"),
        ("status", "I", "tau_ref"),
        ("status", "I", None),
    ],
)
def test_lines_and_images_of_a_dataset(results, variable, x, y):
    assert_draws_the_same(explore(results, variable, x=x, y=y), results=results)


def test_it_reads_as_one_would_write_it(results):
    assert explore(results, "V", I=0.5, tau_ref=7.5).code == (
        "import matplotlib.pyplot as plt\n"
        "\n"
        "# results: the Dataset that was explored\n"
        "shown = results['V'].sel(I=0.5, tau_ref=7.5)\n"
        "x = shown['time']\n"
        "figure, axes = plt.subplots(figsize=(7.2, 4.6), layout='constrained')\n"
        "axes.plot(x, shown, '-o', color='#1f5f99', markersize=4, linewidth=1.4)\n"
        "axes.set_ylim(-10.992, 10.995)\n"
        "axes.set_xlabel('time (ms)')\n"
        "axes.set_ylabel('V (mV)')\n"
        "axes.set_title('I = 0.5 nA, tau_ref = 7.5 ms', loc='left', fontsize=10)\n"
    )


def test_runs_without_a_value_are_marked_as_in_the_explorer(results):
    axes = assert_draws_the_same(explore(results, "rate", x="I"), results=results)
    assert [marks.get_offsets()[:, 0].tolist() for marks in axes.collections] == [
        [pytest.approx(0.2)],
        [pytest.approx(0.3)],
        [pytest.approx(0.4)],
    ]
    axes = assert_draws_the_same(explore(results, "rate", x="I", y="tau_ref"), results=results)
    assert np.ma.filled(axes.collections[1].get_array(), -1)[0].tolist() == [
        -1,
        -1,
        0,
        2,
        3,
        -1,
        -1,
        -1,
        -1,
        -1,
    ]


def test_a_number_is_written_with_its_units(results):
    explorer = explore(results, "rate", I=0.9, tau_ref=10.0)
    assert [text.get_text() for text in drawn_by(explorer.code, results=results).texts] == ["19 Hz"]


def grid(over, up=(0.0, 1.0, 2.0), values=None):
    values = np.arange(3.0 * len(over)).reshape(3, -1) ** 2 if values is None else values
    return xr.Dataset({"z": (("up", "over"), values)}, {"over": ("over", over), "up": ("up", list(up))})


ODD = {
    "log": grid(np.logspace(-2, 2, 5)),
    "log beside uneven": grid(np.logspace(-2, 2, 5), [0.0, 1.0, 5.0]),
    "uneven": grid([0.0, 1.0, 5.0, 6.0]),
    "descending": grid([3.0, 2.0, 1.0, 0.0], [2, 1, 0]),
    "in no order": grid([3.0, 1.0, 2.0, 0.0]),
    "dates": grid(pd.date_range("2024-01-01", periods=4)),
    "dates beside log": grid(pd.date_range("2024-01-01", periods=4), [1.0, 10.0, 100.0]),
    "time differences": grid(pd.to_timedelta([0, 1, 2, 5], unit="s")),
    "texts": grid(["ad$am", "s$gd", "c", "'"]),
    "twice the same": grid([1.0, 1.0, 2.0, 3.0]),
    "one": grid([4.0]),
    "no coordinate": grid([0, 1, 2, 3]).drop_vars(["over", "up"]),
    "complex": grid([0, 1], values=np.arange(6).reshape(3, 2) * 1j),
    "truth values": grid([0, 1], values=np.arange(6).reshape(3, 2) > 2),
    "whole numbers": grid([0, 1], values=np.arange(6, dtype="u1").reshape(3, 2)),
    "words": grid([0, 1], values=np.array([["a", "b"], ["", "c"], ["a", "a"]])),
    "spans of time": grid([0, 1], values=np.arange(6).reshape(3, 2).astype("m8[s]").astype("m8[ns]")),
    "moments": grid([0, 1], values=pd.date_range("2024", periods=6).values.reshape(3, 2)),
    "a name that is none": grid([0, 1]).rename(over="neuron.tau V", z="class"),
    "infinite": grid([0, 1], values=np.array([[np.inf, 1.0], [np.nan, 2.0], [3.0, 4.0]])),
}


@pytest.mark.parametrize("kind", ODD)
def test_whatever_the_coordinates_and_the_values(kind):
    data = ODD[kind]
    x, y = next(str(dim) for dim in data.sizes if dim != "up"), "up"
    assert_draws_the_same(explore(data, x=x, y=y), results=data)
    assert_draws_the_same(explore(data, x=x, up={"position": 1}), results=data)
    if "log" not in kind:
        explorer = explore(data, x=y)
        explorer.controls[x].index = data.sizes[x] - 1
        assert_draws_the_same(explorer, results=data)
    explorer = explore(data, x=x)
    explorer.x_chooser.value = ""
    drawn_by(explorer.code, results=data)


def test_scattered_points_and_those_that_lack_the_parameter():
    data = xr.Dataset(
        {"z": ("point", np.arange(4.0))},
        {"tau": ("point", [3.0, 1.0, 2.0, 9.0]), "tau_given": ("point", [True, True, True, False])},
    )
    assert_draws_the_same(explore(data, x="tau"), results=data)


def test_long_lines_and_large_images_are_thinned_as_in_the_explorer():
    data = xr.Dataset({"z": (("a", "b"), np.random.default_rng(0).random((3, 4500)))})
    assert_draws_the_same(explore(data, x="b", y="a"), results=data)


def test_a_file_is_opened_without_us(results, tmp_path, monkeypatch):
    results.to_netcdf(tmp_path / "it's.nc")
    monkeypatch.chdir(tmp_path)
    with xr.open_dataset("it's.nc") as opened:
        explorer = ek.explore(opened, "V", I=0.5)
        assert """results = xr.open_dataset("it's.nc")""" in explorer.code
        assert_draws_the_same(explorer)
        part = explore(opened.isel(I=slice(3)), "V")
        assert "# results: the Dataset that was explored" in part.code


def test_an_exported_study_is_drawn_by_another_python_that_has_no_explorekit(tmp_path, monkeypatch):
    monkeypatch.setattr(export_ragged, "_WASTED_BYTES", 0)  # the traces lie one behind the other

    space = ek.Space(a=[1.0, 2.0], opt=["adam", "sgd"])
    batch = {
        p: {
            "z": p * 1j,
            "n": p,
            "word": "xy"[p % 2],
            "trace": xr.DataArray(np.arange(30 * p + 2.0), dims="t"),
        }
        for p in range(3)
    }
    folder = ek.open(study_with(tmp_path / "study", space, batch).path)
    file = folder.to_netcdf(tmp_path / "study.nc")
    blocked = "import sys; sys.modules['explorekit'] = None\nimport matplotlib; matplotlib.use('agg')\n"
    codes = []
    for study in (folder, ek.open(file)):
        for variable, axes in (
            ("z", {"x": "opt", "y": "a"}),
            ("n", {"x": "a"}),
            ("word", {"x": "opt", "y": "a"}),
            ("trace", {"x": "t"}),
        ):
            explorer = study.explore(variable, **axes)
            assert_draws_the_same(explorer)
            codes.append(explorer.code)
    without = [code for code in codes if "engine=" not in code]
    assert len(without) == 3
    subprocess.run([sys.executable, "-c", blocked + "\n".join(without)], check=True, timeout=120)


def test_before_there_are_results_there_is_nothing_to_draw(results, growing):
    with pytest.raises(ValueError, match="nothing to draw yet"):
        explore(growing(results[["status"]])).code  # noqa: B018
