"""How a space looks in a notebook, and as a figure."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from drawn import spaces
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError
from explorekit.space.pictures import picture_of_distribution, picture_of_values


def pictures(space):
    """The titles of the pictures, each of which must be sound SVG."""
    html = space._repr_html_()
    drawn = [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html)]
    assert "nan" not in html
    return [picture.find("title").text for picture in drawn]


@given(spaces())
def test_every_space_shows_one_row_a_parameter(space):
    assert space._repr_html_().count("<tr>") == 1 + len(space.parameters)
    pictures(space)


def test_a_picture_says_what_it_shows():
    rng = np.random.default_rng(1)

    assert pictures(ek.Space(a=[1.0, 2.0, 5.0])) == ["where the values lie"]
    assert pictures(ek.Space(a=np.geomspace(1e-6, 1, 9))) == ["where the values lie, logarithmic"]
    assert pictures(ek.Space(a=rng.normal(size=500))) == ["how many values lie where"]
    assert pictures(ek.Space(a=["x", "y"], b=1.0, z=[1j, 2j])) == []
    assert pictures(ek.Space(a=stats.norm(0, 1), n=stats.randint(1, 5))) == [
        "probability density",
        "probability of each value",
    ]
    paired = ek.Space(k=ek.param(["x", "x", "y"], dim="point"), n=ek.param([1, 1, 2], dim="point"))
    assert pictures(paired) == ["how often each value occurs"] * 2


def test_pictures_take_the_colour_of_the_text_beside_them():
    html = ek.Space(a=[1.0, 2.0], b=np.random.default_rng(1).random(99))._repr_html_()

    assert set(re.findall(r'(?:stroke|fill)="([^"]*)"', html)) == {"currentColor"}


def test_a_tick_lies_where_the_value_does():
    html = ek.Space(a=[0.0, 1.0, 4.0])._repr_html_()
    first, second, third = (float(x) for x in re.findall(r"M([\d.]+) 3V", html))

    assert (second - first) / (third - first) == pytest.approx(0.25, abs=0.01)


def test_a_million_values_are_a_small_picture():
    assert len(ek.Space(a=np.random.default_rng(1).random(1_000_000))._repr_html_()) < 5000


# ---- figures


@settings(max_examples=8)
@given(spaces())
def test_a_figure_has_a_panel_a_pair(space):
    shown = [
        p
        for p in space.parameters.values()
        if p.dim and p.name != "repetition" and p.values.dtype.kind in "biU"
    ]
    if not shown:
        return
    figure = space.plot(*(p.name for p in shown))

    assert len(figure.axes) == len(shown) ** 2
    assert figure.axes[-1].get_xlabel() == shown[-1].label


def test_pairs_are_drawn_together_and_grids_each_with_each():
    space = ek.Space(x=ek.param([1.0, 2.0], dim="n", units="m"), y=ek.param([3.0, 4.0], dim="n"), a=[5, 6, 7])
    panels = np.array(space.plot().axes).reshape(3, 3)
    points = [list(zip(*panels[i].lines[0].get_data(), strict=True)) for i in [(1, 0), (2, 0)]]

    assert points[0] == [(1, 3), (2, 4)]
    assert points[1] == [(1, 5), (1, 6), (1, 7), (2, 5), (2, 6), (2, 7)]
    assert panels[2, 0].get_xlabel() == "x (m)"


def test_axes_suit_their_values():
    space = ek.Space(
        tol=np.geomspace(1e-6, 1, 9), kind=["u", "v"], t=np.arange("2020-01", "2020-09", dtype="M8[M]")
    )
    panels = np.array(space.plot().axes).reshape(3, 3)

    assert panels[2, 0].get_xscale() == "log"
    assert [label.get_text() for label in panels[2, 1].get_xticklabels()] == ["u", "v"]


def test_a_figure_of_a_thousand_million_points_draws_few():
    figure = ek.Space(a=np.arange(1000), b=np.arange(1000), c=np.arange(1000)).plot()

    assert max(line.get_xdata().size for ax in figure.axes for line in ax.lines) <= 2500
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("plot", "named"),
    [
        (lambda: ek.Space(tau=[1, 2]).plot("tao"), "no parameter 'tao'.*Did you mean 'tau'"),
        (lambda: ek.Space(z=[1j]).plot("z"), "'z' is complex"),
        (lambda: ek.Space(a=1).plot(), "got 0 parameters to plot; expected 1 to 8"),
        (lambda: ek.Space({f"a{i}": [1] for i in range(9)}).plot(), "got 9 parameters"),
        (lambda: ek.Space(a=stats.norm(0, 1)).plot(), "sample"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_that_says_why(plot, named):
    with pytest.raises(SpaceError, match=named):
        plot()


def test_draws_and_distributions_over_decades_are_shown_on_a_logarithmic_axis():
    wide = ek.Space(rate=stats.loguniform(1e-3, 1.0), n=stats.randint(16, 129), x=stats.uniform(0.01, 1.0))
    assert wide._repr_html_().count("<title>probability density, logarithmic<") == 1
    histogram, *_ = wide.sample(200, seed=1).plot("rate", "x").axes
    assert histogram.get_xscale() == "log"
    heights = [bar.get_height() for bar in histogram.patches]
    assert max(heights) < 3 * np.mean(heights)
    linear = wide.sample(200, seed=1).plot("x").axes[0]
    assert linear.get_xscale() == "linear"


def test_the_picture_of_integers_that_are_equally_likely_is_level():
    picture = picture_of_distribution(ek.Space(n=stats.randint(16, 129)).distributions["n"])
    heights = [float(h) for h in re.findall(r"v-([\d.]+)h", picture)]
    assert min(heights) > 0.8 * max(heights)


@example(50)
@example(64)
@given(st.integers(41, 3000))
def test_the_picture_of_values_with_even_steps_is_level(n):
    picture = picture_of_values(ek.Space(a=np.linspace(0.0, 1.01, n)).parameters["a"])
    heights = np.array([float(h) for h in re.findall(r"v-([\d.]+)h", picture)])
    # Where their number cannot be divided, bins differ by one value.
    assert min(heights) > 0.6 * max(heights)
    if n in (50, 64, 72):
        assert min(heights) == max(heights)
