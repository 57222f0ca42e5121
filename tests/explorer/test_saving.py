"""What is shown goes into files: figures, numbers, animations; whole, and where they were asked for."""

import stat
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image

from explorekit.explorer import explore


def written(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("name", "begins"), [("a.PNG", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_a_figure_is_saved_in_the_format_of_its_name(results, tmp_path, name, begins):
    path = explore(results, "V", I=0.5).save(tmp_path / name)
    assert path == tmp_path / name
    assert path.read_bytes().startswith(begins)
    assert written(tmp_path) == [name]


def test_the_numbers_are_those_that_are_shown_with_coordinates_status_and_units(results, tmp_path):
    explorer = explore(results, "V", I=0.5, tau_ref=7.5)
    with xr.open_dataset(explorer.save(tmp_path / "v.nc")) as kept:
        xr.testing.assert_identical(kept.V, results.V.sel(I=0.5, tau_ref=7.5))
        assert kept.status == 1
    table = pd.read_csv(explorer.save(tmp_path / "v.csv"))
    np.testing.assert_allclose(table["V"], results.V.sel(I=0.5, tau_ref=7.5))
    assert table["tau_ref"].eq(7.5).all()
    assert table["time"].tolist() == results.time.values.tolist()


def test_all_values_that_a_statistic_stands_for_are_kept(results, tmp_path):
    explorer = explore(results, "V", x="time", tau_ref=7.5, reduce={"I": "mean"})
    with xr.open_dataset(explorer.save(tmp_path / "v.nc")) as kept:
        xr.testing.assert_identical(kept.V, results.V.sel(tau_ref=7.5))


def test_complex_numbers_are_kept_as_two_parts_and_one_number_as_one_row(tmp_path):
    data = xr.Dataset({"z": (("a", "b"), np.array([[1 + 2j, 3j], [0, 1]]))}, {"a": [1.0, 2.0]})
    explorer = explore(data, x="b")
    with xr.open_dataset(explorer.save(tmp_path / "z.nc")) as kept:
        assert kept.z_real.values.tolist() == [1, 0]
        assert kept.z_imag.values.tolist() == [2, 3]
    explorer.x_chooser.value = ""
    assert len(pd.read_csv(explorer.save(tmp_path / "z.csv"))) == 1


def test_an_animation_has_a_picture_at_each_position_on_one_scale(tmp_path):
    rising = xr.DataArray(np.arange(4.0)[:, None] * np.ones(5), dims=("a", "t"), name="z")
    explorer = explore(rising, x="t")
    with mpl.rc_context({"savefig.bbox": "tight"}):
        path = explorer.save(tmp_path / "z.gif", fps=5)
    with Image.open(path) as animation:
        assert (animation.n_frames, animation.size, animation.info["duration"]) == (4, (720, 460), 200)
        blue = []
        for place in range(4):
            animation.seek(place)
            rgb = np.asarray(animation.convert("RGB")).astype(int)
            rows = np.flatnonzero((rgb[:, 300] - [31, 95, 153]).__abs__().max(axis=1) < 30)
            blue.append(rows.mean())
    assert np.all(np.diff(blue) < -20)  # upwards, by equal steps
    assert explorer.view.index("a") == 0


def test_an_mp4_is_made_by_ffmpeg(results, tmp_path):
    explorer = explore(results, "V", I=0.5)
    with mpl.rc_context({"animation.ffmpeg_path": str(tmp_path / "ffmpeg")}):
        with pytest.raises(RuntimeError, match="ffmpeg, which is not on the PATH"):
            explorer.save(tmp_path / "v.mp4", dim="tau_ref")
        program = tmp_path / "ffmpeg"
        program.write_text(
            f"#!{sys.executable}\nimport sys\n"
            "open(sys.argv[-1], 'w').write(str(len(sys.stdin.buffer.read()))) if len(sys.argv) > 2 else print('ffmpeg')\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        path = explorer.save(tmp_path / "v.mp4", dim="tau_ref")
    assert int(path.read_text()) == 3 * 720 * 458 * 4  # raw pictures, of even sides


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("v.jpeg", {}, ValueError, r"expected a name that ends in .png, .svg"),
        ("v.ncc", {}, ValueError, r"Did you mean '.nc'\?"),
        ("v", {}, ValueError, r"got 'v'"),
        ("v.png", {"dim": "I"}, TypeError, r"unknown option of .png files: 'dim'.* Known: 'dpi'"),
        ("v.gif", {}, ValueError, r"give dim; there is 'I', 'tau_ref'"),
        ("v.gif", {"dim": "tau_reff"}, ValueError, r"did you mean 'tau_ref'\?"),
        ("v.gif", {"dim": "time"}, ValueError, r"unknown dimension with a control 'time'"),
        ("v.csv", {"max_rows": 9}, ValueError, r"would have [\d,]+ rows, more than 9; save it as netCDF"),
        ("no/v.png", {}, FileNotFoundError, r"there is no folder .*no; make it"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_leaves_nothing(results, tmp_path, name, options, error, said):
    with pytest.raises(error, match=said):
        explore(results, "V").save(tmp_path / name, **options)
    assert written(tmp_path) == []


def test_a_file_that_is_there_stays_as_it_was_if_writing_fails(unreadable, tmp_path):
    (tmp_path / "r.csv").write_text("as it was")
    with pytest.raises(OSError, match="a checksum is wrong"):
        explore(unreadable, "rate").save(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text() == "as it was"
    assert written(tmp_path) == ["r.csv"]


def test_without_results_there_are_no_numbers_to_save(results, growing, tmp_path):
    explorer = explore(growing(results[["status"]]))
    with pytest.raises(ValueError, match="no results yet"):
        explorer.save(tmp_path / "v.nc")
