"""Contours, bars and histograms: what they draw, of whatever values and coordinates, and the code that draws it again."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from explorekit.explorer import explore
from explorekit.explorer.captions import in_words
from explorekit.explorer.drawing.kinds import choices_of_kind
from explorekit.explorer.labels import value_text
from explorekit.explorer.picking import with_pick
from explorekit.explorer.pointing import value_in_words
from explorekit.explorer.view import View

KINDS = ("contour", "bar", "histogram")


@pytest.fixture(autouse=True)
def quiet_figures():
    with plt.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


@pytest.fixture
def hills():
    """A hill that grows along k, over x and y."""
    x, y, k = np.linspace(-2, 2, 30), np.linspace(-1, 1, 20), np.array([1.0, 2.0, 3.0])
    height = k[:, None, None] * np.exp(-(x**2) - y[:, None] ** 2)
    coords = {"k": k, "y": ("y", y, {"units": "mm"}), "x": x}
    return xr.Dataset({"u": (("k", "y", "x"), height, {"units": "V"})}, coords)


@pytest.fixture
def scores():
    """The scores of 4 optimizers at 3 rates, 10 times each; some runs have none."""
    rng = np.random.default_rng(0)
    score = rng.normal(0.7, 0.1, (4, 10, 3)) - np.array([0, 0, 0.9, 0])[:, None, None]
    status = np.ones((4, 10, 3), np.int8)
    status[0, 0, 0], status[1, :, 0], status[2, 0], status[3, 0] = 2, 2, 0, 3
    flags = {"flag_values": np.arange(4, dtype=np.int8), "flag_meanings": "pending ok failed timed_out"}
    dims = ("optimizer", "repetition", "rate")
    return xr.Dataset(
        {
            "score": (dims, np.where(status == 1, score, np.nan), {"units": "%"}),
            "steps": (dims, rng.poisson(5, (4, 10, 3))),
            "good": (dims, rng.random((4, 10, 3)) > 0.3),
            "status": (dims, status, flags),
        },
        {"optimizer": ["sgd", "adam", "lion", "muon"], "rate": [0.1, 0.01, 0.001]},
    )


def painter(explorer):
    explorer.figure  # noqa: B018
    return explorer.screen.canvas.painter


def bars(explorer):
    """The left and right ends, and the heights, of all bars."""
    boxes = [path.vertices for path in painter(explorer).bars.get_paths()]
    return [(round(box[0, 0], 6), round(box[2, 0], 6), box[1, 1]) for box in boxes]


# ---- contours


def test_contours_have_the_same_levels_wherever_the_sliders_are(hills):
    explorer = explore(hills, "u", kind="contour", x="x", y="y", k=1)
    filled = painter(explorer).areas[0]
    redraws = explorer.screen.canvas.redraws
    np.testing.assert_allclose(filled.levels, np.arange(0, 3.1, 0.25)[: len(filled.levels)])
    explorer.controls["k"].value = 3
    again = painter(explorer).areas[0]
    np.testing.assert_array_equal(again.levels, filled.levels)
    assert explorer.screen.canvas.redraws == redraws
    assert sum(len(path.vertices) > 0 for path in again.get_paths()) > sum(
        len(path.vertices) > 0 for path in filled.get_paths()
    )


def test_contours_leave_out_runs_without_a_value_and_show_them(results, colour_at):
    explorer = explore(results, "rate", kind="contour", x="I", y="tau_ref")
    assert colour_at(explorer, 0.28, 5.6) == (178, 24, 43)
    assert colour_at(explorer, 0.2, 5.6) == (212, 212, 212)
    assert colour_at(explorer, 0.3, 6.8) == (255, 255, 255)
    assert "1 failed" in explorer.caption.value


def test_contours_can_be_logarithmic_and_signed(hills):
    logarithmic = painter(explore(hills, "u", kind="contour", norm="log"))
    assert logarithmic.areas[0].levels[-2] in (1.0, 2.0)
    hills["v"] = 2 * hills.u
    signed = painter(explore(hills, "u", kind="contour", minus="v"))
    assert signed.areas[0].levels[0] == -signed.areas[0].levels[-1]
    typed = painter(explore(hills, "u", kind="contour", limits=(0.5, 1.0), cmap="cividis"))
    assert typed.areas[0].levels[[0, -1]].tolist() == [0.5, 1.0]
    assert typed.areas[0].get_cmap().name == "cividis"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda u: u.isel(x=[0]), "contours lie between values, and x has one"),
        (lambda u: u * np.nan, "no values"),
        (lambda u: u * 0 + 5, "every value is 5"),
        (lambda u: u.assign_coords(x=np.repeat(np.arange(15.0), 2)), "those of x are none"),
    ],
)
def test_where_there_are_no_contours_words_say_why(hills, change, said):
    explorer = explore(change(hills.u), kind="contour", x="x", y="y")
    words = painter(explorer).words.text.get_text().replace("\n", " ")
    assert said in words
    assert said in in_words(explorer.shown[0], "")


def test_contours_of_noise_are_drawn_of_some_values_and_say_so():
    noise = xr.DataArray(np.random.default_rng(0).random((120, 120)), dims=("y", "x"), name="z")
    explorer = explore(noise, kind="contour")
    assert "one in 2 values along each axis" in painter(explorer).words.text.get_text().replace("\n", " ")


def test_contours_are_offered_where_there_is_something_between_values(scores, results):
    assert "contour" not in dict(explore(scores.isel(repetition=0), "score").kind_chooser.options)
    assert "contour" in dict(explore(results, "rate").kind_chooser.options)
    assert "contour" not in dict(explore(results, "status").kind_chooser.options)
    words = results.rate.astype(str)
    assert "contour" not in dict(explore(words).kind_chooser.options)


# ---- bars


def test_what_has_names_along_x_is_drawn_as_bars(scores):
    explorer = explore(scores, "score", x="optimizer", rate=0.01, repetition=1)
    assert explorer.kind_chooser.value == "bar"
    expected = scores.score.sel(rate=0.01).isel(repetition=1)
    assert [bar[2] for bar in bars(explorer)] == pytest.approx(expected.values.tolist())
    low, high = explorer.figure.axes[0].get_ylim()
    assert low < 0 < high
    assert explore(scores, "score", x="rate").kind_chooser.value == "line"
    assert explore(scores, "status", x="optimizer").kind_chooser.value == "line"


def test_a_slider_moves_the_bars_in_place(scores):
    explorer = explore(scores, "score", x="optimizer", rate=0.01, repetition=1)
    artist, redraws = painter(explorer).bars, explorer.screen.canvas.redraws
    explorer.controls["repetition"].value = 5
    assert painter(explorer).bars is artist
    assert explorer.screen.canvas.redraws == redraws
    expected = scores.score.sel(rate=0.01).isel(repetition=5)
    assert [bar[2] for bar in bars(explorer)] == pytest.approx(expected.values.tolist())


def test_runs_without_a_value_are_columns_with_a_mark(scores, colour_at):
    explorer = explore(scores, "score", x="optimizer", rate=0.1, repetition=0)
    assert bars(explorer) == []
    marks = painter(explorer).marks
    assert {code: mark.get_xdata().tolist() for code, mark in marks.items()} == {0: [2], 2: [0, 1], 3: [3]}
    red, grey, orange = (colour_at(explorer, place, 0.5) for place in (1, 2, 3))
    assert red[0] > red[1] + 20
    assert grey[0] == grey[1] < 250
    assert orange[0] > orange[2] + 20


def test_hue_sets_bars_side_by_side_and_a_band_is_error_bars(scores):
    explorer = explore(
        scores, "score", x="optimizer", kind="bar", hue="rate", reduce={"repetition": "mean ± std"}
    )
    drawn = bars(explorer)
    assert len(drawn) == 11  # of one there is no value
    assert drawn[0][:2] == pytest.approx((-0.4, -0.4 + 0.8 / 3), abs=1e-5)
    mean = scores.score.mean("repetition").sortby("rate").transpose("rate", "optimizer").values
    assert [bar[2] for bar in drawn] == pytest.approx(mean[~np.isnan(mean)].tolist())
    assert len(painter(explorer).errors.get_segments()) == 3 * 11
    assert [text.get_text() for text in explorer.figure.legends[0].get_texts()] == ["0.001", "0.01", "0.1"]


def test_bars_of_numbers_lie_side_by_side_under_their_values(scores):
    explorer = explore(scores, "steps", x="rate", kind="bar", optimizer="sgd", repetition=1)
    explorer.figure.canvas.draw()
    assert [text.get_text() for text in explorer.figure.axes[0].get_xticklabels()] == ["0.001", "0.01", "0.1"]
    steps = scores.steps.sel(optimizer="sgd").isel(repetition=1)[::-1]
    assert [bar[2] for bar in bars(explorer)] == steps.values.tolist()


def test_bars_stay_where_they_were_pinned(scores):
    explorer = explore(scores, "steps", x="optimizer", rate=0.01, repetition=1)
    explorer.pin()
    explorer.controls["repetition"].value = 4
    heights = [segment[0, 1] for segment in painter(explorer).pinned.get_segments()]
    assert heights == scores.steps.sel(rate=0.01).isel(repetition=1).values.tolist()


# ---- histograms


def test_a_histogram_has_the_same_bins_and_heights_wherever_the_sliders_are(hills):
    explorer = explore(hills, "u", kind="histogram", x="x", y="y", k=1)
    first = painter(explorer)
    limits = explorer.figure.axes[0].get_ylim()
    assert first.edges[[0, -1]].tolist() == [hills.u.min(), hills.u.max()]
    for k in hills.k.values:
        explorer.controls["k"].value = k
        np.testing.assert_array_equal(
            painter(explorer).counts[0], np.histogram(hills.u.sel(k=k), painter(explorer).edges)[0]
        )
    assert painter(explorer) is first
    assert explorer.figure.axes[0].get_ylim() == limits


def test_one_dimension_is_counted_alone(hills):
    explorer = explore(hills, "u", kind="histogram", x="x", y="y", k=1)
    explorer.y_chooser.value = ""
    assert explorer.kind_chooser.value == "histogram"
    assert painter(explorer).counts.sum() == hills.sizes["x"]
    assert "distribution of u (V) over x" in in_words(explorer.shown[0], "")


def test_whole_numbers_truths_and_categories_have_a_bin_each(scores):
    explorer = explore(scores, "steps", kind="histogram", x="repetition", y="optimizer", rate=0.01)
    of_steps = painter(explorer)
    assert np.diff(of_steps.edges).tolist() == [1.0] * of_steps.bins.number
    good = painter(explore(scores, "good", kind="histogram", x="repetition", y="optimizer", rate=0.01))
    kept = scores.good.sel(rate=0.01).where(
        scores.status.sel(rate=0.01) < 2
    )  # a pending run may have its first values
    assert good.counts.tolist() == [[int((kept == 0).sum()), int((kept == 1).sum())]]
    assert [good.axes.xaxis.get_major_formatter()(place) for place in (0, 1)] == ["False", "True"]
    ended = painter(explore(scores, "status", kind="histogram", x="repetition", y="optimizer", rate=0.1))
    assert ended.counts.tolist() == [[1, 27, 11, 1]]


def test_hue_counts_each_in_a_colour_of_its_own(scores):
    explorer = explore(scores, "score", kind="histogram", x="repetition", hue="optimizer", rate=0.01)
    assert painter(explorer).counts.sum(1).tolist() == [10, 10, 9, 9]
    assert len({step.get_edgecolor() for step in painter(explorer).steps}) == 4


def test_what_is_not_counted_is_told_in_words(scores):
    explorer = explore(scores, "score", kind="histogram", x="repetition", y="optimizer", rate=0.1)
    said = "not counted: 1 not run yet, 11 failed, 1 timed out"
    assert painter(explorer).words.text.get_text().replace("\n", " ") == said
    assert said in in_words(explorer.shown[0], "")
    plain = xr.DataArray([1.0, np.nan, np.inf, -2.0, 0.0, 7.0], dims="a", name="z")
    words = painter(explore(plain, kind="histogram", norm="log", limits=(0.5, 5))).words.text.get_text()
    assert (
        words.replace("\n", " ") == "not counted: 1 missing, 1 infinite, 2 not positive, 1 beyond the limits"
    )


def test_pictures_beside_each_other_have_the_same_heights(hills):
    hills["u"] = hills.u.where(hills.k > 1, 0.5)
    explorer = explore(hills, "u", kind="histogram", x="x", y="y", row="k", limits="frame")
    drawn = painter(explorer).painters
    assert len({each.axes.get_ylim() for each in drawn}) == 1
    assert drawn[0].axes.get_ylim()[1] > max(each.need for each in drawn) == 600


# ---- what is picked


def dots(explorer, x, y):
    """A point of the axes as one of the figure."""
    return painter(explorer).axes.transData.transform((x, y))


def test_what_lies_nearest_is_picked_of_contours_bars_and_curves(hills, scores):
    contours = explore(hills, "u", kind="contour", x="x", y="y")
    place = (float(hills.x[3]) + 0.01, float(hills.y[7]) - 0.01)
    assert painter(contours).place_at(*dots(contours, *place)) == (7, 3)
    assert painter(contours).place_at(0, 0) is None
    one = explore(scores, "steps", x="optimizer", rate=0.01, repetition=1)
    assert painter(one).place_at(*dots(one, 2.3, 1)) == (2,)
    several = explore(scores, "steps", x="optimizer", kind="bar", hue="rate", repetition=1)
    assert painter(several).place_at(*dots(several, 2.3, 1)) == (2, 2)
    curves = explore(hills.rename(y="up"), "u", x="x", hue="k", up={"position": 9})
    at = (float(hills.x[11]), float(hills.u[1, 9, 11]))
    assert painter(curves).place_at(*dots(curves, *at)) == (1, 11)
    band = explore(hills.rename(y="up"), "u", x="x", band="k", up={"position": 9})
    assert painter(band).place_at(*dots(band, *at)) == (11,)


@pytest.mark.parametrize("kind", ["line", "bar"])
def test_of_several_curves_or_bars_one_is_picked_and_marked(scores, kind):
    explorer = explore(scores, "score", kind=kind, x="optimizer", hue="rate", repetition=1)
    explorer.show(with_pick(explorer.view, explorer.shown[0], [2, 3]))
    assert explorer.picked == {"optimizer": "muon", "repetition": 1, "rate": 0.1}
    ring = explorer.screen.canvas._cross_hair.ring.get_offsets()
    across = 3 + (0.8 / 3 if kind == "bar" else 0)
    assert ring.tolist() == [pytest.approx([across, float(scores.score.sel(explorer.picked))])]
    assert "rate = 0.1" in value_in_words(explorer.slicer, explorer.shown[0], [2, 3])


@pytest.mark.parametrize(("kind", "role"), [("bar", "hue"), ("contour", "y")])
def test_what_is_picked_is_told_below_and_to_who_does_not_see_it(scores, kind, role):
    scores = scores.assign_coords(optimizer=range(scores.sizes["optimizer"]))
    explorer = explore(scores, "score", kind=kind, x="optimizer", repetition=1, **{role: "rate"})
    assert "picked" not in explorer.caption.value
    explorer.show(with_pick(explorer.view, explorer.shown[0], [2, 3]))
    value = value_text(float(scores.score.sel(explorer.picked)))
    told = f"picked: score (%) = {value}, rate = 0.1, optimizer = 3"
    assert told in explorer.caption.value
    assert told in in_words(explorer.shown[0], "")
    explorer.show(with_pick(explorer.view, explorer.shown[0], []))
    assert "picked" not in explorer.caption.value


# ---- all of them


def data_over(over, values=None):
    values = np.arange(2.0 * len(over) * 3).reshape(2, 3, -1) ** 2 if values is None else values
    return xr.Dataset({"z": (("k", "up", "over"), values)}, {"over": ("over", over), "up": [0.0, 1.0, 2.0]})


ODD = {
    "descending": data_over([3.0, 2.0, 1.0, 0.0]),
    "in no order": data_over([3.0, 1.0, 2.0, 0.0]),
    "dates": data_over(pd.date_range("2024-01-01", periods=4)),
    "time differences": data_over(pd.to_timedelta([0, 1, 2, 5], unit="s")),
    "texts": data_over(["ad$am", "s$gd", "c", "'"]),
    "twice the same": data_over([1.0, 1.0, 2.0, 3.0]),
    "nan": data_over([1.0, np.nan, 2.0, 3.0]),
    "one": data_over([4.0]),
    "none": data_over(np.empty(0)),
    "complex": data_over([0, 1], values=np.arange(12).reshape(2, 3, 2) * 1j),
    "whole numbers": data_over([0, 1], values=np.arange(12, dtype="u1").reshape(2, 3, 2)),
    "words": data_over([0, 1], values=np.array(list("ab cdaaabcde")).reshape(2, 3, 2)),
    "moments": data_over([0, 1], values=pd.date_range("2024", periods=12).values.reshape(2, 3, 2)),
    "infinite": data_over([0, 1], values=np.array([[[np.inf, 1.0], [np.nan, 2.0], [3.0, 4.0]]] * 2)),
    "missing": data_over([0, 1], values=np.full((2, 3, 2), np.nan)),
    "huge": data_over([0, 1], values=(1e300 * np.linspace(-1, 1, 12)).reshape(2, 3, 2)),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_coordinates_and_the_values_it_is_drawn_and_drawn_again_by_code(name, kind):
    data = ODD[name]
    over = next(str(dim) for dim in data.sizes if dim not in ("k", "up"))
    axes = {"x": over} if kind == "bar" else {"x": over, "y": "up"}
    if kind not in choices_of_kind(data, View("z")) or (kind, name) == ("contour", "texts"):
        with pytest.raises(ValueError, match=f"{kind}|along x"):
            explore(data, "z", kind=kind, **axes)
        return
    explorer = explore(data, "z", kind=kind, **axes, k={"position": 1})
    explorer.controls["k"].index = 0
    assert explorer.shown[2] in ("", "no values along this axis")
    assert_code_draws_the_same(explorer, data)


VIEWS = [
    {"kind": "contour", "variable": "u", "row": "k"},
    {"kind": "contour", "variable": "u", "norm": "log", "cmap": "cividis", "limits": (0.1, 2.0)},
    {"kind": "contour", "variable": "u", "reduce": {"k": "mean ± std"}},
    {"kind": "histogram", "variable": "u", "x": "x", "y": "y", "row": "k"},
    {"kind": "histogram", "variable": "u", "x": "x", "hue": "k", "norm": "log"},
    {"kind": "histogram", "variable": "u", "x": "x", "y": "y", "reduce": {"k": "mean"}, "yscale": "log"},
    {"kind": "bar", "variable": "u", "x": "k", "hue": "y"},
    {"kind": "contour", "variable": "score", "x": "rate", "y": "repetition", "optimizer": "adam"},
    {"kind": "bar", "variable": "score", "x": "optimizer", "rate": 0.1},
    {
        "kind": "bar",
        "variable": "score",
        "x": "optimizer",
        "hue": "rate",
        "reduce": {"repetition": "mean ± std"},
    },
    {
        "kind": "bar",
        "variable": "score",
        "x": "optimizer",
        "column": "rate",
        "reduce": {"repetition": "median, 5–95 %"},
    },
    {"kind": "bar", "variable": "steps", "x": "rate", "norm": "log", "over": "score"},
    {"kind": "histogram", "variable": "score", "x": "repetition", "y": "optimizer", "rate": 0.1},
    {"kind": "histogram", "variable": "status", "x": "repetition", "y": "optimizer", "rate": 0.1},
    {"kind": "histogram", "variable": "steps", "x": "repetition", "column": "optimizer", "minus": "good"},
]


@pytest.mark.parametrize("asked", VIEWS, ids=lambda asked: "-".join(map(str, asked.values())))
def test_code_draws_the_same_and_a_state_comes_back(hills, scores, asked):
    data = hills if asked["variable"] == "u" else scores
    explorer = explore(data, **asked)
    assert explorer.view.kind == asked["kind"]
    assert explore(data, **explorer.state).state == explorer.state
    assert_code_draws_the_same(explorer, data)


def assert_code_draws_the_same(explorer, data):
    code = explorer.code
    assert "explorekit" not in code
    names = {"results": data}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)  # xarray's own
        exec(compile(code, "code", "exec"), names)
    ours, theirs = explorer.figure.axes, names["figure"].axes
    kind = explorer.shown[0].kind
    painters = getattr(painter(explorer), "painters", [painter(explorer)])
    for number, each in enumerate(painters):
        axes = theirs[number]
        assert axes.get_xscale() == each.axes.get_xscale()
        for ends in ("get_xlim", "get_ylim"):
            span = np.ptp(getattr(each.axes, ends)()) or 1
            np.testing.assert_allclose(getattr(axes, ends)(), getattr(each.axes, ends)(), atol=0.13 * span)
        if kind == "contour":
            one = [c for c in axes.collections if hasattr(c, "levels") and c.filled]
            two = [c for c in each.areas if c.filled]
            assert len(one) == len(two)
            for c, d in zip(one, two, strict=True):
                np.testing.assert_allclose(c.levels, d.levels, rtol=1e-9)
                assert c.get_cmap().name == d.get_cmap().name
                assert len(c.get_paths()) == len(d.get_paths())
        else:
            heights = [
                p.get_height() for p in axes.patches if hasattr(p, "get_height") and p.get_alpha() is None
            ]
            if kind == "bar":
                shown = [path.vertices[1, 1] for path in each.bars.get_paths()]
                finite = [h for h in heights if np.isfinite(h)]
                if not any(np.isinf(heights)):
                    np.testing.assert_allclose(sorted(finite), sorted(shown), rtol=1e-9)
            elif not each.steps:
                assert heights == each.counts[0].tolist()
            else:
                stairs = [p.get_data().values for p in axes.patches]
                np.testing.assert_array_equal(stairs, each.counts)
    assert len(ours) >= len(painters)
