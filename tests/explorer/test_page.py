"""A page with every picture in it: what it holds, how large it may be, and that nothing in it is taken for markup."""

import base64
import json
import re
import struct
import zlib

import numpy as np
import pytest
import xarray as xr

from explorekit.explorer import explore


def data_of(path):
    text = path.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*)</script>', text)
    return json.loads(data)


def unpacked(text):
    content = zlib.decompress(base64.b64decode(text))
    (length,) = struct.unpack("<I", content[:4])
    start = 4 + length
    state = json.loads(content[4:start])
    return {
        name: content[start + value["bytes"][0] :][: value["bytes"][1]]
        if isinstance(value, dict) and "bytes" in value
        else value
        for name, value in state.items()
    }


def test_a_page_has_what_the_browser_draws_at_every_position(results, tmp_path):
    explorer = explore(results, "field", I=0.5, tau_ref=7.5)
    explorer.picture._handle_custom_msg("ready", [])
    data = data_of(explorer.to_html(tmp_path / "field.html"))
    assert [dim["name"] for dim in data["dims"]] == ["I (nA)", "refractory period (ms)"]
    assert data["dims"][1]["labels"] == ["5 ms", "7.5 ms", "10 ms"]
    assert [dim["index"] for dim in data["dims"]] == [5, 1]
    assert len(data["frames"]) == 30
    for i, j in ((0, 0), (2, 0), (5, 1), (9, 2)):
        explorer.controls["I"].index, explorer.controls["tau_ref"].index = i, j
        frame = unpacked(data["frames"][3 * i + j][0])
        shown = explorer.picture.frame
        assert {name: frame[name] for name in shown if name != "axes"} == {
            name: value for name, value in shown.items() if name != "axes"
        }
        axes = unpacked(data["axes"][frame["axes"]])
        assert axes["number"] == frame["axes"]
        assert axes["palette"] == explorer.picture.axes["palette"]
    assert "1 not run yet" in data["captions"][data["frames"][6][1]]


def test_only_some_dimensions_and_only_some_values_get_a_slider(results, tmp_path):
    explorer = explore(results, "V", tau_ref=10.0)
    data = data_of(explorer.to_html(tmp_path / "v.html", dims={"I": 4}))
    (dim,) = data["dims"]
    assert dim["labels"] == ["0 nA", "0.3 nA", "0.6 nA", "0.9 nA"]
    assert unpacked(data["frames"][1][0])["title"] == "I = 0.3 nA, tau_ref = 10 ms"
    assert len(data_of(explorer.to_html(tmp_path / "v.html", dims=["tau_ref"]))["frames"]) == 3
    assert data_of(explorer.to_html(tmp_path / "v.html", dims=[]))["dims"] == []


def test_texts_get_a_menu_and_what_does_not_move_gets_nothing(tmp_path):
    data = xr.Dataset({"z": (("opt", "one", "t"), np.zeros((2, 1, 9)))}, {"opt": ["adam", "sgd"]})
    dims = data_of(explore(data, x="t").to_html(tmp_path / "z.html"))["dims"]
    assert [(dim["name"], dim["menu"], dim["labels"]) for dim in dims] == [("opt", True, ["adam", "sgd"])]


def test_all_pictures_have_one_scale_and_share_their_axes(tmp_path):
    rising = xr.DataArray(np.arange(9.0)[:, None] ** 4 * np.ones((9, 70_000)), dims=("a", "t"), name="z")
    data = data_of(explore(rising, x="t").to_html(tmp_path / "z.html", dims={"a": 3}))
    assert len(data["axes"]) == 1
    tops = [np.frombuffer(unpacked(frame)["heights"], "f4").max() for frame, _ in data["frames"]]
    assert 0 < tops[0] < tops[1] < tops[2] < 1


def test_a_page_that_would_be_too_large_says_what_would_fit_and_is_not_written(tmp_path):
    noise = np.random.default_rng(0).random((8, 40, 64, 64))
    explorer = explore(xr.DataArray(noise, dims=("a", "b", "y", "x"), name="z"), x="x", y="y")
    with pytest.raises(
        ValueError, match=r"320 pictures \(8 a × 40 b\); max_bytes is 500,000. .*dims=\{'a': 8, 'b': \d+\}"
    ) as error:
        explorer.to_html(tmp_path / "z.html", max_bytes=500_000)
    assert list(tmp_path.iterdir()) == []
    fitting = eval(re.search(r"dims=(\{.*?\})", str(error.value))[1])
    assert explorer.to_html(tmp_path / "z.html", fitting, max_bytes=500_000).stat().st_size <= 500_000
    with pytest.raises(ValueError, match=r"a single picture; max_bytes is 10. Give a larger max_bytes"):
        explorer.to_html(tmp_path / "z.html", dims=[], max_bytes=10)


def test_what_the_browser_cannot_draw_itself_is_in_the_page_as_pictures(results, tmp_path):
    explorer = explore(results, "V", x="time", column="tau_ref")
    data = data_of(explorer.to_html(tmp_path / "v.html", dims={"I": 3}))
    axes = [unpacked(data["axes"][unpacked(frame)["axes"]]) for frame, _ in data["frames"]]
    assert len({one["background"] for one in axes}) == 3
    assert all(one["background"].startswith(b"\x89PNG") for one in axes)


@pytest.mark.parametrize(
    ("name", "dims", "said"),
    [
        ("z.html", ["Ii"], "unknown dimension with a control 'Ii'; did you mean 'I'"),
        ("z.html", ["time"], "unknown dimension with a control 'time'"),
        ("z.html", {"I": 0}, "a slider needs a value: got 0 for I"),
        ("z.png", None, "a page ends in .html; got 'z.png'"),
    ],
)
def test_what_no_page_can_be_made_of_is_refused(results, tmp_path, name, dims, said):
    with pytest.raises(ValueError, match=said):
        explore(results, "V").to_html(tmp_path / name, dims)


def test_names_are_text_and_nothing_is_fetched(tmp_path):
    script = "</script><img src=x onerror=alert(1)>"
    attrs = {"units": script, "long_name": script}
    data = xr.Dataset(
        {script: (("opt", "t"), np.zeros((2, 3)), attrs)},
        {"opt": ("opt", ["a", script], attrs)},
        {"title": script},
    )
    text = explore(data, x="t").to_html(tmp_path / "z.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert not re.findall(r"""<\w+[^>]*\s(?:src|href)=|url\(|@import|https?://""", text)
    assert "default-src 'none'" in text


def test_an_explorer_stays_where_it_is_and_no_widget_is_left(results, tmp_path):
    from ipywidgets.widgets.widget import _instances

    explorer = explore(results, "V", I=0.5)
    before, widgets = explorer.view, set(_instances)
    explorer.to_html(tmp_path / "v.html")
    assert explorer.view == before
    assert set(_instances) == widgets
