"""Points with many parameters as lines across an axis each, and as dots over each pair of them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore
from explorekit.explorer.drawing.kinds.pairs import MOST, MOST_DOTS
from explorekit.explorer.drawing.kinds.parallel import MOST_LINES
from explorekit.explorer.state import view_of

OK, PENDING, FAILED, TIMED_OUT = 1, 0, 2, 3


def design_of(n=12, **more):
    """A number and a curve at points of a number, a rate over decades, a word, a truth value, a time and a constant."""
    rng = np.random.default_rng(3)
    status = np.ones(n, np.int8)
    status[1:4] = PENDING, FAILED, TIMED_OUT
    tau = rng.uniform(1, 9, n)
    rate = np.where(status == OK, tau * 2, np.nan)
    coords = {
        "tau": ("point", tau, {"units": "ms", "long_name": "time constant"}),
        "lr": ("point", 10 ** rng.uniform(-4, 0, n)),
        "solver": ("point", np.where(rng.random(n) < 0.5, "eu$ler", "rk4")),
        "adapt": ("point", np.arange(n) % 2 == 0),
        "when": ("point", np.datetime64("2026-01-01", "ns") + np.arange(n).astype("m8[D]")),
        "dt": ("point", np.full(n, 0.1)),
        "time": [0.0, 1.0, 2.0],
        **{name: ("point", values) for name, values in more.items()},
    }
    flags = {"flag_values": np.arange(4, dtype="i1"), "flag_meanings": "pending ok failed timed_out"}
    return xr.Dataset(
        {
            "rate": ("point", rate, {"units": "Hz"}),
            "V": (("point", "time"), rate[:, None] * [1.0, -1.0, 0.5]),
            "status": ("point", status, flags),
        },
        coords,
    )


@pytest.fixture
def design():
    return design_of()


def painter_of(explorer):
    explorer.figure  # noqa: B018
    return explorer.screen.canvas.painter


def axes_named(explorer):
    return [text.get_text() for text in painter_of(explorer).axes.get_xticklabels()]


def test_each_parameter_that_differs_is_an_axis_and_the_value_is_the_last(design):
    explorer = explore(design, "rate", kind="parallel")
    assert axes_named(explorer) == ["time constant\n(ms)", "lr", "solver", "adapt", "when", "rate (Hz)"]
    assert "everywhere dt = 0.1" in explorer.caption.value
    painter = painter_of(explorer)
    segments = np.array(painter.lines.get_segments())
    assert segments.shape == (9, 6, 2)
    tau = design.tau.values[design.status == OK]
    np.testing.assert_allclose(segments[:, 0, 1], (tau - design.tau.values.min()) / np.ptp(design.tau.values))
    lr = np.log(design.lr.values)
    there = (lr - lr.min()) / np.ptp(lr)
    np.testing.assert_allclose(segments[:, 1, 1], there[design.status == OK])
    assert set(segments[:, 2, 1]) == {0.25, 0.75}
    labels = [text.get_text() for text in painter.labels.texts]
    assert {r"eu\$ler", "rk4", "False", "True", "0.01"} <= set(labels)
    norm = painter.colours.norm
    np.testing.assert_allclose(segments[:, -1, 1], norm(design.rate.values[design.status == OK]))


def test_runs_without_a_value_are_lines_of_their_own_that_end_before_the_value(design):
    painter = painter_of(explore(design, "rate", kind="parallel"))
    for code in (PENDING, FAILED, TIMED_OUT):
        (line,) = painter.without[code].get_segments()
        assert len(line) == 5  # no vertex at the value
        assert painter.marks[code].get_ydata() == line[-1, 1]
    assert len(painter.nothing.get_segments()) == 0
    silent = design.assign(rate=design.rate.where(design.status != OK, np.nan))
    assert len(painter_of(explore(silent, "rate", kind="parallel")).nothing.get_segments()) == 9


@pytest.mark.parametrize("kind", ["parallel", "pairs"])
def test_a_slider_moves_the_artists_that_are_there(design, kind, pixels):
    explorer = explore(design, "V", kind=kind)
    assert (explorer.kind_chooser.value, explorer.view.x) == (kind, "point")
    before, drawn = pixels(explorer), explorer.screen.canvas.redraws
    explorer.controls["time"].value = 1.0
    assert explorer.screen.canvas.redraws == drawn
    assert np.any(pixels(explorer) != before)
    np.testing.assert_array_equal(pixels(explorer), pixels(explore(design, "V", kind=kind, time=1.0)))


def test_the_value_and_each_pair_of_parameters_have_a_picture(design):
    explorer = explore(design, "rate", kind="pairs")
    cells = painter_of(explorer).cells
    assert len(cells) == 5 * 6 // 2
    first, value = cells[0], cells[10]
    there = (design.status == OK).values
    np.testing.assert_allclose(first.dots.get_offsets(), np.c_[design.tau, design.lr][there])
    np.testing.assert_allclose(value.dots.get_offsets(), np.c_[design.tau, design.rate][there])
    assert (first.axes.get_yscale(), value.axes.get_ylabel()) == ("log", "rate (Hz)")
    failed = first.marks[FAILED]
    assert (failed.get_xdata().item(), failed.get_ydata().item()) == (design.tau[2], design.lr[2])
    assert value.marks[FAILED].get_ydata().item() == 0.05


@pytest.mark.parametrize("kind", ["parallel", "pairs"])
def test_a_click_picks_the_nearest_point(design, kind):
    explorer = explore(design, "V", kind=kind, time=0.0)
    explorer.picture._handle_custom_msg("ready", [])
    canvas = explorer.picture._whole
    if kind == "parallel":
        painter = canvas.painter
        x, y = painter.axes.transData.transform((1, painter.heights[2, 1]))
    else:
        cell = canvas.painter.cells[0]
        x, y = cell.axes.transData.transform((cell.x[2], cell.y[2]))
    box = canvas.figure.bbox
    heard = []
    explorer.on_pick(heard.append)
    explorer.picture._handle_custom_msg({"clicked": [x / box.width, 1 - y / box.height]}, [])
    assert explorer.picked == {"point": 2, "time": 0.0} == heard[0]
    assert explorer.picture.pick == [2]
    assert "picked: V = failed, tau=" in explorer.caption.value
    assert "picked: V = failed" in explorer.picture.frame["description"]
    explorer.picture._handle_custom_msg({"clicked": [0.0, 0.0]}, [])  # beside everything
    assert explorer.picture.pick == [2]
    explorer.picture.pick = []
    assert explorer.picked is None


def test_what_is_along_x_comes_first(design):
    explorer = explore(design, "rate", x="lr", kind="parallel")
    assert axes_named(explorer)[:2] == ["lr", "time constant\n(ms)"]
    explorer.x_chooser.value = "tau"
    assert (axes_named(explorer)[0], explorer.kind_chooser.value) == ("time constant\n(ms)", "parallel")
    again, notes = view_of(design, explorer.state)
    assert (again, notes) == (explorer.view, [])


@pytest.mark.parametrize("kind", ["parallel", "pairs"])
def test_they_are_offered_for_points_of_a_design_alone(design, results, kind):
    assert kind in [value for _, value in explore(design, "V").kind_chooser.options]
    explorer = explore(design, "V", x="time")
    explorer.kind_chooser.value = kind
    assert explorer.view.x == "point"
    assert kind not in [value for _, value in explore(results, "V").kind_chooser.options]


def test_of_many_points_some_are_drawn_at_random_and_said_so():
    data = design_of(1000)
    explorer = explore(data, "rate", kind="parallel")
    assert len(painter_of(explorer).heights) == MOST_LINES
    assert f"{MOST_LINES:,} of 1,000 values of point" in explorer.caption.value
    pairs = explore(data, "rate", kind="pairs")
    assert len(painter_of(pairs).cells[0].x) <= MOST_DOTS


def test_more_parameters_than_have_room_are_named():
    more = {f"p{i}": np.arange(12.0) + i for i in range(3)}
    explorer = explore(design_of(**more), "rate", kind="pairs")
    assert len(painter_of(explorer).cells) == MOST * (MOST + 1) // 2
    assert "6 of 8 parameters, without p1, p2" in explorer.caption.value


def test_limits_and_logarithms_are_those_of_the_scale(design):
    explorer = explore(design, "rate", kind="parallel", norm="log", limits=(4, 16), cmap="cividis")
    painter = painter_of(explorer)
    norm, colours = painter.colours.norm, painter.colours.get_cmap().name
    assert (norm(8.0), norm.vmin, norm.vmax, colours) == (pytest.approx(0.5), 4, 16, "cividis")
    assert painter.drawn[:, -1][np.isfinite(painter.drawn[:, -1])].min() >= 0  # what is below lies at the end
    lowest = painter_of(explore(design, "rate", kind="pairs", norm="log")).cells[-1].axes
    assert lowest.get_yscale() == "log"


def odd(name):
    n = 5
    base = {"a": ("p", np.arange(n) + 1.0), "b": ("p", [3.0, 1.0, 2.0, 5.0, 4.0])}
    values = np.arange(n, dtype=float)
    data = {
        "one point": lambda: xr.Dataset({"z": ("p", [1.0])}, {"a": ("p", [1.0]), "b": ("p", [2.0])}),
        "no point": lambda: xr.Dataset({"z": ("p", np.zeros(0))}, {"a": ("p", np.zeros(0)), "b": ("p", np.zeros(0))}),
        "all missing": lambda: xr.Dataset({"z": ("p", values * np.nan)}, base),
        "infinite": lambda: xr.Dataset({"z": ("p", [np.inf, -np.inf, 1, 2, np.nan])}, base | {"b": ("p", [np.inf, 1, 2, np.nan, 3])}),
        "words": lambda: xr.Dataset({"z": ("p", ["x", "y", "", "x", "z$"])}, base),
        "truth values": lambda: xr.Dataset({"z": ("p", values > 2)}, base),
        "moments": lambda: xr.Dataset({"z": ("p", values.astype("m8[D]") + np.datetime64("2026-01-01", "ns"))}, base),
        "spans": lambda: xr.Dataset({"z": ("p", values.astype("m8[s]").astype("m8[ns]"))}, base | {"b": ("p", values.astype("m8[s]").astype("m8[ns]"))}),
        "complex": lambda: xr.Dataset({"z": ("p", values * 1j)}, base | {"b": ("p", values * (1 + 1j))}),
        "objects": lambda: xr.Dataset({"z": ("p", values)}, base | {"b": ("p", np.array(["u", 1, None, 2.5, "u"], object))}),
        "lacking": lambda: xr.Dataset({"z": ("p", values)}, base | {"b_given": ("p", values > 1)}),
        "negative": lambda: xr.Dataset({"z": ("p", -values)}, base | {"b": ("p", -values)}),
        "vast": lambda: xr.Dataset({"z": ("p", values * 1e300)}, base | {"b": ("p", 10 ** (values * 70))}),
    }  # fmt: skip
    return data[name]()


ODD = [
    *("one point", "no point", "all missing", "infinite", "words", "truth values", "moments", "spans"),
    *("complex", "objects", "lacking", "negative", "vast"),
]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(("kind", "looks"), [("parallel", {"norm": "log"}), ("pairs", {})])
def test_whatever_the_parameters_and_the_values(name, kind, looks, pixels):
    data = odd(name)
    explorer = explore(data, kind=kind, **looks)
    assert explorer.shown_kind == kind, explorer.shown.message
    pixels(explorer)
    run(explorer.code, data)


@pytest.mark.parametrize("looks", [{}, {"norm": "log", "cmap": "cividis_r", "limits": (3.0, 12.0)}])
def test_the_code_draws_the_same_lines_and_dots(design, looks):
    explorer = explore(design, "rate", kind="parallel", **looks)
    ours, theirs = painter_of(explorer), run(explorer.code, design)["shown_lines"]
    np.testing.assert_allclose(theirs.get_segments(), ours.lines.get_segments(), atol=1e-4)
    np.testing.assert_allclose(
        theirs.to_rgba(theirs.get_array(), alpha=theirs.get_alpha()), ours.lines.get_color(), atol=2e-2
    )
    explorer = explore(design, "rate", kind="pairs", **looks)
    grid = run(explorer.code, design)["grid"]
    theirs = [grid[row, column] for row in range(5) for column in range(row + 1)]
    for axes, cell in zip(theirs, painter_of(explorer).cells, strict=True):
        dots = axes.collections[0].get_offsets()
        dots = dots[~np.ma.getmaskarray(dots).any(axis=1)]
        np.testing.assert_allclose(dots, cell.dots.get_offsets(), rtol=1e-4)
        assert (axes.get_xscale(), axes.get_yscale()) == (cell.axes.get_xscale(), cell.axes.get_yscale())


def test_the_code_draws_the_same_of_many_points():
    data = design_of(1000)
    explorer = explore(data, "V", kind="parallel", time=1.0)
    theirs = run(explorer.code, data)["shown_lines"]
    np.testing.assert_allclose(theirs.get_segments(), painter_of(explorer).lines.get_segments(), atol=1e-4)


def test_a_statistic_of_a_curve_is_drawn_and_written_too(design):
    explorer = explore(design, "V", kind="parallel", reduce={"time": "max"})
    theirs = run(explorer.code, design)["shown_lines"]
    np.testing.assert_allclose(theirs.get_segments(), painter_of(explorer).lines.get_segments(), atol=1e-4)


@pytest.mark.parametrize("kind", ["parallel", "pairs"])
def test_several_beside_each_other(design, kind, pixels):
    explorer = explore(design, "V", kind=kind, row="time")
    assert len(explorer.figure.axes) >= 3
    explorer.picture._handle_custom_msg("ready", [])
    assert len(explorer.picture.axes["regions"]) == 3
    run(explorer.code, design)


def test_points_that_arrive_become_lines(growing):
    data = design_of()
    pending = data.assign(status=data.status.copy(data=np.zeros(12, np.int8)), rate=data.rate * np.nan)
    study = growing(pending)
    explorer = explore(study, "rate", kind="parallel")
    assert len(painter_of(explorer).without[PENDING].get_segments()) == 12
    study.grow(data, running=False)
    explorer.refresh()
    assert len(painter_of(explorer).lines.get_segments()) == 9


def run(code, data):
    names = {"results": data}
    with plt.rc_context({"backend": "agg"}):
        exec(compile(code, "code", "exec"), names)
        names["figure"].canvas.draw()
        plt.close("all")
    return names
