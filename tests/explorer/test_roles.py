"""Dimensions that are colours, rows, columns, animated, or reduced."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection
from matplotlib.pyplot import close

from explorekit.explorer import explore
from explorekit.explorer.code.script import code_of
from explorekit.explorer.reducing import BANDS, STATISTICS, statistic
from explorekit.explorer.roles import CHOICES, role_of, with_role
from explorekit.explorer.slicing import Slicer
from explorekit.explorer.view import View


@pytest.fixture
def repeated():
    """A loss over steps, for 2 optimizers and 5 repetitions, one of which failed."""
    rng = np.random.default_rng(3)
    loss = np.exp(-np.arange(30) / 10) + rng.normal(0, 0.1, (2, 5, 30))
    status = np.ones((2, 5), np.int8)
    loss[1, 2], status[1, 2] = np.nan, 2
    flags = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": "pending ok failed timed_out"}
    return xr.Dataset(
        {
            "loss": (("optimizer", "repetition", "step"), loss, {"units": "nat"}),
            "status": (("optimizer", "repetition"), status, flags),
        },
        {"optimizer": ["sgd", "adam"]},
    )


def curves_of(explorer, count):
    return [line.get_ydata() for line in explorer.figure.axes[0].lines[:count]]


def bands_of(explorer):
    return [band for band in explorer.figure.axes[0].collections if isinstance(band, PolyCollection)]


def test_hue_draws_a_curve_a_value_and_names_them(results):
    explorer = explore(results, "V", x="time", hue="tau_ref", I=0.5)
    assert list(explorer.controls) == ["I"]
    np.testing.assert_array_equal(curves_of(explorer, 3), results.V.sel(I=0.5))
    (legend,) = explorer.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["5 ms", "7.5 ms", "10 ms"]
    redraws = explorer.screen.canvas.redraws
    explorer.controls["I"].index = 8
    np.testing.assert_array_equal(curves_of(explorer, 3), results.V.isel(I=8))
    assert explorer.screen.canvas.redraws == redraws


def test_many_curves_are_told_apart_by_a_colour_bar(results):
    results = results.assign_coords(I=np.logspace(-3, 3, 10)).isel(I=np.arange(50) % 10)
    results = results.assign_coords(I=np.logspace(-3, 3, 50))
    explorer = explore(results, "V", x="time", hue="I")
    assert explorer.figure.legends == []
    assert explorer.figure.axes[1].get_yscale() == "log"


@pytest.mark.parametrize("name", [*STATISTICS, "quantile 0.1"])
def test_a_statistic_is_that_of_xarray(repeated, name):
    frame = Slicer(repeated).frame(View("loss", "step", reduce={"repetition": name}))
    loss = repeated.loss.isel(optimizer=0)
    quantile = name.removeprefix("quantile ")
    expected = (
        loss.quantile(float(quantile), "repetition")
        if quantile != name
        else getattr(loss, name)("repetition")
    )
    np.testing.assert_allclose(frame.values, expected)
    assert frame.label.startswith(name)
    assert ("nat" in frame.label) == (name != "count")


def test_several_dimensions_are_reduced_each_in_its_way(repeated):
    view = View("loss", "step", reduce={"repetition": "mean", "optimizer": "max"})
    frame = Slicer(repeated).frame(view)
    np.testing.assert_allclose(frame.values, repeated.loss.mean("repetition").max("optimizer"))
    assert frame.label == "mean of max of loss (nat)" or frame.label == "max of mean of loss (nat)"


@pytest.mark.parametrize("name", BANDS)
def test_a_band_lies_round_its_middle(repeated, name):
    explorer = explore(repeated, "loss", x="step", hue="optimizer", reduce={"repetition": name})
    first, second = bands_of(explorer)
    loss = repeated.loss.isel(optimizer=0)
    middle = loss.median("repetition") if "median" in name else loss.mean("repetition")
    np.testing.assert_allclose(curves_of(explorer, 1)[0], middle)
    heights = first.get_paths()[0].vertices[:, 1]
    assert heights.min() < middle.min()
    assert heights.max() > middle.max()
    assert np.isfinite(second.get_paths()[0].vertices).all()  # the run that failed is left out
    assert "1 failed" in explorer.caption.value


def test_a_band_is_one_word(repeated):
    explorer = explore(repeated, "loss", band="repetition")
    assert explorer.view == View("loss", "step", None, {}, reduce={"repetition": "mean ± std"})
    assert len(bands_of(explorer)) == 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("mean+-std", "mean ± std"),
        ("Median", "median"),
        (0.9, "quantile 0.9"),
        ("median, 5-95%", "median, 5–95 %"),
    ],
)
def test_a_statistic_is_easily_typed(given, name):
    assert statistic(given) == name


def test_values_without_runs_stay_without_when_reduced(results):
    results["status"][:, 0] = [0, 1, 2, 3, 1, 1, 1, 1, 1, 1]
    alone = results.isel(tau_ref=[0])
    alone["rate"] = alone.rate.where(alone.status == 1)
    frame = Slicer(alone).frame(View("rate", "I", reduce={"tau_ref": "mean"}))
    assert frame.shown_status.tolist()[:4] == [0, 1, 2, 3]
    count = Slicer(alone).frame(View("rate", "I", reduce={"tau_ref": "count"}))
    assert np.isnan(count.values[[0, 2, 3]]).all()


def test_more_values_than_are_read_at_once_are_thinned_and_said(monkeypatch):
    monkeypatch.setattr("explorekit.explorer.slicing.MOST_REDUCED", 1000)
    data = xr.Dataset({"z": (("a", "b"), np.ones((10, 5000)))})
    frame = Slicer(data).frame(View("z", "a", reduce={"b": "mean"}))
    assert frame.values.tolist() == [1.0] * 10
    assert "of 79 of 5,000 values of b" in frame.note


def test_texts_can_be_counted_and_nothing_else(results):
    results["regime"] = results.rate.dims, np.where(results.rate > 12, "tonic", "")
    explorer = explore(results, "regime", x="I", reduce={"tau_ref": "count"})
    np.testing.assert_array_equal(curves_of(explorer, 1)[0][5:], (results.regime != "").sum("tau_ref")[5:])
    explorer = explore(results, "regime", x="I", reduce={"tau_ref": "mean"})
    assert "there is no mean of texts: choose their count" in explorer.shown.message


def test_rows_and_columns_are_pictures_of_the_same_colours(results):
    explorer = explore(results, "field", x="x", y="y", row="tau_ref", column="I")
    assert list(explorer.controls) == []
    pictures = [axes.images[0] for axes in explorer.figure.axes if len(axes.images) == 2]
    assert len(pictures) == 3 * 8
    np.testing.assert_array_equal(pictures[-1].get_array(), results.field.isel(I=9, tau_ref=2))
    assert len({picture.get_clim() for picture in pictures}) == 1
    assert "8 of 10 values of I" in explorer.caption.value
    # The pictures of runs without a value say why.
    titles = [axes.get_title() for axes in explorer.figure.axes[:8]]
    covers = [
        axes.patches[0].get_facecolor() for axes in explorer.figure.axes[:8] if axes.patches[0].get_visible()
    ]
    assert titles[0] == "I = 0 nA"
    assert len(covers) == 2
    assert len(set(covers)) == 2


def test_one_row_or_column_is_wrapped(results):
    explorer = explore(results, "V", x="time", hue="tau_ref", column="I")
    shape = [len(row) for row in explorer.shown.frame.panels]
    assert shape == [4, 4, 2]
    line = explorer.figure.axes[9].lines[1]
    np.testing.assert_array_equal(line.get_ydata(), results.V.isel(I=9, tau_ref=1))


def test_rows_that_are_large_are_read_a_picture_at_a_time(results, monkeypatch):
    whole = explore(results, "V", x="time", row="tau_ref", I=0.5)
    monkeypatch.setattr("explorekit.explorer.panels.MOST_AT_ONCE", 1)
    parts = explore(results, "V", x="time", row="tau_ref", I=0.5)
    assert whole.image.value == parts.image.value


def test_the_roles_tool_changes_roles_without_code(results):
    explorer = explore(results, "rate", x="I")
    explorer.tools.buttons["Roles"].value = True
    menus = explorer.tools.bodies["Roles"].menus
    assert {dim: menu.value for dim, menu in menus.items()} == {"I": "x", "tau_ref": "slider"}
    menus["tau_ref"].value = "hue"
    assert explorer.view.hue == "tau_ref"
    menus["tau_ref"].value = "y"
    assert (explorer.view.axes, explorer.view.hue) == (("tau_ref", "I"), None)
    menus["I"].value = "mean"
    assert (explorer.view.x, dict(explorer.view.reduce)) == ("tau_ref", {"I": "mean"})
    explorer.x_chooser.value = "I"
    assert {dim: menu.value for dim, menu in menus.items()} == {"I": "x", "tau_ref": "slider"}


def test_an_animated_dimension_plays(results):
    explorer = explore(results, "V", animate="I")
    player = explorer.sliders.children[0]
    assert (player.play.max, player.children[1]) == (9, explorer.controls["I"])
    player.play.value = 4
    assert explorer.view.index("I") == 4
    explorer.controls["I"].index = 7
    assert player.play.value == 7
    explorer.show(with_role(results, explorer.view, "tau_ref", "animate"))
    assert player.play.max == 2
    assert explorer.view.animate == "tau_ref"


@pytest.mark.parametrize("role", [*CHOICES[:7], "mean ± std", "count"])
def test_every_dimension_can_have_every_role(results, role):
    explorer = explore(results, "field")
    explorer.picture._handle_custom_msg("ready", [])
    for dim in results.field.dims:
        explorer.show(with_role(results, explorer.view, dim, role))
        assert (
            role_of(explorer.view, dim) == role or (role == "y" and explorer.view.x == dim) or role == "hue"
        )
        assert "cannot be read" not in explorer.shown.message or role in BANDS
        again = explore(results, **explorer.state)
        assert again.view.placed == explorer.view.placed
        assert dict(again.view.reduce) == dict(explorer.view.reduce)


def test_a_browser_gets_pictures_of_what_it_cannot_draw(results):
    explorer = explore(results, "V", x="time", column="tau_ref")
    explorer.picture._handle_custom_msg("ready", [])
    assert explorer.picture.axes["kind"] == "picture"
    explorer.show(View("V", "time"))
    assert explorer.picture.axes["kind"] == "line"


def test_a_browser_gets_axes_again_after_a_picture_without_them(results):
    explorer = explore(results, "V", x="time")
    explorer.picture._handle_custom_msg("ready", [])
    for kind in ("histogram", "line"):
        explorer.kind_chooser.value = kind
    assert explorer.picture.axes["kind"] == "line"
    assert explorer.picture.frame["axes"] == explorer.picture.axes["number"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"hue": "tau"}, "did you mean 'tau_ref'"),
        ({"hue": "tau_ref", "row": "tau_ref"}, "'tau_ref' was given several roles"),
        ({"hue": "tau_ref", "y": "I"}, "hue='tau_ref' colours lines"),
        ({"reduce": {"I": "meen"}}, "did you mean 'mean'"),
        ({"hue": "tau_ref", "x": "I", "kind": "number"}, "kind='number' has no x"),
    ],
)
def test_roles_that_cannot_be_are_refused_with_a_reason(results, asked, said):
    with pytest.raises(ValueError, match=said):
        explore(results, "rate", **asked)


@pytest.mark.parametrize(
    "roles",
    [
        {"hue": "tau_ref"},
        {"band": "I"},
        {"hue": "tau_ref", "reduce": {"I": "median, 5–95 %"}},
        {"row": "tau_ref"},
        {"row": "tau_ref", "column": "I"},
        {"reduce": {"I": 0.9, "tau_ref": "mean"}},
    ],
)
def test_the_code_of_roles_runs(results, roles):
    code = code_of(explore(results, "V", x="time", **roles))
    names = {"results": results}
    exec(compile(code.replace("xr.open_dataset", "(lambda *_: results)#"), "code", "exec"), names)
    assert "figure" in names
    close("all")
