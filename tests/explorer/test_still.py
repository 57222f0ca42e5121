"""What a notebook keeps of an explorer for those who read it without a kernel."""

import base64
import io

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

import explorekit as ek

WIDGET = "application/vnd.jupyter.widget-view+json"


def pixels(encoded):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def shown(widget):
    """Return what IPython sends of a cell's last expression."""
    data, _ = InteractiveShell.instance().display_formatter.format(widget)
    return data


@pytest.mark.parametrize("drawn_there", [False, True])
def test_a_cell_keeps_the_picture_that_is_shown_when_it_is_displayed(results, drawn_there):
    explorer = ek.explore(results, "rate", x="I")
    if drawn_there:
        explorer.picture._handle_custom_msg("ready", [])
    first = shown(explorer)
    assert WIDGET in first
    explorer.show(ek.explore(results, "V", x="time").view)
    second = shown(explorer)
    picture = pixels(second["image/png"])
    assert np.array_equal(picture, pixels(base64.b64encode(explorer.still)))
    assert not np.array_equal(picture, pixels(first["image/png"]))


def test_explorers_side_by_side_are_kept_side_by_side_and_their_words_escaped(results):
    results["rate"].attrs["long_name"] = "<script>alert(1)</script>"
    both = ek.explore(results, "rate").beside("V")
    kept = shown(both)["text/html"]
    assert kept.count("data:image/png;base64,") == 2
    assert "<script>" not in kept
    assert "&lt;script&gt;" in kept


def test_a_comparison_keeps_what_stands_above_each_picture(results):
    comparison = ek.compare(results.isel(tau_ref=0), results.isel(tau_ref=1), "rate")
    kept = shown(comparison)["text/html"]
    assert kept.count("data:image/png;base64,") == 3
    assert "A: tau_ref = " in kept
    assert "B − A" in kept
