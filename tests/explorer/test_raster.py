"""Times of events, such as spikes, as a mark each: a row for every run."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from batches import study_with

import explorekit as ek
from explorekit.explorer import explore
from explorekit.explorer.drawing.kinds import raster
from explorekit.explorer.state import view_of

OK, PENDING, FAILED, TIMED_OUT = 1, 0, 2, 3
FLAGS = {"flag_values": np.arange(4, dtype="i1"), "flag_meanings": "pending ok failed timed_out"}


def spikes_of(rows=6, longest=5, **attrs):
    """Spike times at two currents, in trials that have 0, 1, 2, … of them; some runs have no result."""
    lengths = np.broadcast_to(np.arange(rows) % (longest + 1), (2, rows)).copy()
    status = np.ones((2, rows), np.int8)
    status[0, 1:4] = PENDING, FAILED, TIMED_OUT
    times = np.cumsum(np.full((2, rows, longest), 10.0), axis=2) + np.arange(rows)[:, None]
    times[1] *= 2
    there = (np.arange(longest) < lengths[..., None]) & (status == OK)[..., None]
    return xr.Dataset(
        {
            "spikes": (("I", "trial", "n"), np.where(there, times, np.nan), {"units": "ms", **attrs}),
            "n_size": (("I", "trial"), np.where(status == OK, lengths, 0)),
            "status": (("I", "trial"), status, FLAGS),
        },
        {"I": [0.1, 0.2], "trial": np.arange(rows) * 2},
    )


def painter_of(explorer):
    explorer.figure  # noqa: B018
    return explorer.screen.canvas.painter


def marks_of(explorer):
    return painter_of(explorer).ticks.get_xydata().tolist()


def run(code, data):
    names = {"results": data}
    with plt.rc_context({"backend": "agg"}):
        exec(compile(code, "code", "exec"), names)
        names["figure"].canvas.draw()
        plt.close("all")
    return names["axes"]


def test_times_in_order_of_another_number_in_each_run_are_one_row_of_marks():
    explorer = explore(spikes_of(), "spikes", I=0.2, trial=6)
    assert explorer.shown_kind == explorer.kind_chooser.value == "raster"
    assert explorer.view.axes == ("n",)
    assert marks_of(explorer) == [[26.0, 0.0], [46.0, 0.0], [66.0, 0.0]]
    explorer.controls["trial"].value = 8
    assert len(marks_of(explorer)) == 4
    assert explorer.figure.axes[0].get_xlabel() == "spikes (ms)"


@pytest.mark.parametrize(
    "data",
    [
        spikes_of(units="mV"),
        spikes_of().drop_vars("n_size"),
        spikes_of().assign(spikes=lambda data: -data.spikes.assign_attrs(units="ms")),
    ],
    ids=["no times", "of one length", "in no order"],
)
def test_other_numbers_are_a_line_unless_asked_for(data):
    explorer = explore(data, "spikes", I=0.2, trial=6)
    assert explorer.shown_kind == "line"
    explorer.kind_chooser.value = "raster"
    assert explorer.shown_kind == "raster"


def test_rows_are_the_values_of_a_dimension_and_runs_without_a_value_have_a_band():
    explorer = explore(spikes_of(), "spikes", y="trial", I=0.1)
    painter = painter_of(explorer)
    assert explorer.shown_kind == "raster"
    assert [label.get_text() for label in painter.axes.get_yticklabels()] == ["0", "2", "4", "6", "8", "10"]
    assert {row for _, row in marks_of(explorer)} == {4.0, 5.0}  # the first has no spikes
    bands = {code: painter.signs[code].get_ydata().tolist() for code in painter.bands}
    assert bands == {PENDING: [1], FAILED: [2], TIMED_OUT: [3]}
    assert [len(painter.bands[code].get_paths()) for code in bands] == [1, 1, 1]
    assert "9 events in 6 rows" in explorer.shown.frame.extra["words"]


def test_a_slider_moves_the_marks_that_are_there(pixels):
    data = spikes_of()
    explorer = explore(data, "spikes", y="trial", I=0.1)
    drawn = explorer.screen.canvas.redraws
    explorer.controls["I"].value = 0.2
    assert explorer.screen.canvas.redraws == drawn
    assert len(marks_of(explorer)) == 15
    np.testing.assert_array_equal(pixels(explorer), pixels(explore(data, "spikes", y="trial", I=0.2)))
    again, _ = view_of(data, explorer.state)
    assert again == explorer.view


def test_marks_are_as_high_as_their_row_at_any_size():
    explorer = explore(spikes_of(), "spikes", y="trial", I=0.2)
    before = painter_of(explorer).ticks.get_markersize()
    explorer.resize(7.2, 9.2)
    assert painter_of(explorer).ticks.get_markersize() > 1.5 * before


def test_a_click_picks_the_nearest_mark_of_the_row():
    explorer = explore(spikes_of(), "spikes", y="trial", I=0.1)
    explorer.picture._handle_custom_msg("ready", [])
    figure = explorer.picture._whole.figure

    def click(time, row):
        x, y = figure.axes[0].transData.transform((time, row))
        where = [x / figure.bbox.width, 1 - y / figure.bbox.height]
        explorer.picture._handle_custom_msg({"clicked": where}, [])

    click(26, 5.2)
    assert explorer.picked == {"I": 0.1, "trial": 10, "n": 1}
    assert explorer.picture.pick == [5, 1]
    assert "picked: spikes (ms) = 25, trial = 10, n = 1" in explorer.caption.value
    click(26, 2.0)  # this one failed
    assert explorer.picked["trial"] == 4
    assert "picked: spikes (ms) = failed" in explorer.picture.frame["description"]
    assert painter_of(explorer).row.get_y() == 1.5
    explorer.controls["I"].value = 0.2
    assert explorer.picture.pick == [2, 0]


def test_the_rows_that_are_asked_for_with_the_kind():
    explorer = explore(spikes_of(), "spikes", kind="raster", y="I")
    assert explorer.view.axes == ("I", "n")
    explorer.y_chooser.value = ""
    assert (explorer.shown_kind, explorer.view.axes) == ("raster", ("n",))


@pytest.mark.parametrize("options", [{"y": "trial"}, {"trial": 10}, {"y": "trial", "norm": "log"}])
@pytest.mark.parametrize("data", [spikes_of(), spikes_of().isel(trial=slice(None, None, -1))])
def test_the_code_draws_the_same_marks(data, options):
    explorer = explore(data, "spikes", I=0.1, **options)
    theirs, ours = run(explorer.code, data), painter_of(explorer)
    rows = [np.asarray(events.get_positions()) for events in theirs.collections]
    first = np.concatenate([rows[i] for i in range(ours.rows)])
    np.testing.assert_allclose(first, ours.ticks.get_xdata())
    assert theirs.get_xlabel() == ours.axes.get_xlabel()
    np.testing.assert_allclose(theirs.get_xlim(), ours.axes.get_xlim(), rtol=1e-3)
    assert theirs.get_xscale() == ours.axes.get_xscale()
    bands = [(patch.get_y() + 0.5) for patch in theirs.patches]
    assert sorted(bands) == sorted(y for sign in ours.signs.values() for y in sign.get_ydata().tolist())


def test_too_many_rows_and_events_are_thinned_and_said_so(monkeypatch):
    data = spikes_of(500, 40)
    explorer = explore(data, "spikes", y="trial", I=0.2)
    assert painter_of(explorer).rows == 250
    assert "250 of 500 values of trial" in explorer.caption.value
    monkeypatch.setattr(raster, "MOST_MARKS", 1000)
    explorer = explore(data, "spikes", y="trial", I=0.2)
    assert len(marks_of(explorer)) <= 1100
    assert "1 in 5 of" in explorer.caption.value
    theirs = run(explorer.code, data)
    drawn = sum(len(events.get_positions()) for events in theirs.collections)
    assert drawn == len(marks_of(explorer))


def as_times(times, dtype, nothing):
    """Spans of time, or moments, for numbers."""
    spans = times.fillna(0).values.astype("m8[s]").astype("m8[ns]")
    moments = spans if dtype == "m8" else np.datetime64("2026-01-01", "ns") + spans
    return times.copy(data=np.where(times.isnull(), nothing, moments))


DAYS = np.datetime64("2026-01-01", "ns") + np.arange(6).astype("m8[D]")
ODD = {
    "one event": lambda data: xr.Dataset({"spikes": (("trial", "n"), [[1.0]])}),
    "no event": lambda data: xr.Dataset({"spikes": (("trial", "n"), np.zeros((3, 0)))}),
    "all missing": lambda data: data.assign(spikes=data.spikes * np.nan),
    "infinite": lambda data: data.assign(spikes=data.spikes.where(data.spikes < 40, np.inf)),
    "moments": lambda data: data.assign(spikes=as_times(data.spikes, "M8", np.datetime64("NaT"))),
    "spans": lambda data: data.assign(spikes=as_times(data.spikes, "m8", np.timedelta64("NaT"))),
    "whole numbers": lambda data: data.assign(spikes=data.spikes.fillna(0).astype(int)),
    "rows of words": lambda data: data.assign_coords(trial=list("ba$cde")),
    "rows of dates": lambda data: data.assign_coords(trial=DAYS),
    "rows without values": lambda data: data.drop_vars("trial"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("looks", [{"norm": "log"}, {"y": "trial"}])
def test_whatever_the_times_and_the_rows(name, looks, pixels):
    data = ODD[name](spikes_of().isel(I=1, drop=True))
    explorer = explore(data, "spikes", kind="raster", x="n", **looks)
    assert explorer.shown_kind == "raster", explorer.shown.message
    pixels(explorer)
    run(explorer.code, data)


def test_several_beside_each_other(pixels):
    data = spikes_of()
    explorer = explore(data, "spikes", y="trial", row="I")
    assert [painter.rows for painter in painter_of(explorer).painters] == [6, 6]
    run(explorer.code, data)


def test_spikes_of_a_study(tmp_path):
    batch = {
        point: {"spikes": xr.DataArray(np.arange(point * 3.0) + 1, dims="n", attrs={"units": "ms"})}
        for point in range(4)
    }
    study = study_with(tmp_path / "study", ek.Space(a=[1.0, 2.0], trial=[0, 1, 2]), batch)
    explorer = ek.open(study.path).explore("spikes", a=2.0, trial=0)
    assert explorer.shown_kind == "raster"
    assert [time for time, _ in marks_of(explorer)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    explorer.y_chooser.value = "trial"
    assert explorer.shown_kind == "raster"
    assert painter_of(explorer).signs[PENDING].get_ydata().tolist() == [1, 2]
