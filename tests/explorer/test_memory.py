"""Whoever looks at results for long holds a few of them, not all that were seen."""

import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from batches import study_with

import explorekit as ek

RUNS, SIDE = 80, 1024
# In a process of its own, as the memory of this one is that of all tests.
MOVES = """
import sys

import psutil
import xarray as xr

from explorekit.explorer import explore

explorer = explore(xr.open_dataset(sys.argv[1], engine="explorekit"), "u", x="x", y="y")
explorer.picture._handle_custom_msg("ready", [])


def held_after(moves):
    for step in range(moves):
        explorer.controls["a"].index = step * 7 % 80
    assert not explorer.shown.message
    return psutil.Process().memory_info().rss


print(-held_after(10) + held_after(300))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux, which tells the memory held")
def test_three_hundred_moves_hold_a_small_part_of_what_they_show(tmp_path):
    space = ek.Space(a=np.linspace(0, 1, RUNS))
    image = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    batches = ({run: {"u": xr.DataArray(image + np.float32(run), dims=("y", "x"))}} for run in range(RUNS))
    directory = study_with(tmp_path / "study", space, *batches)
    done = subprocess.run(
        [sys.executable, "-c", MOVES, str(directory.path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 160e6  # of 336 MB
