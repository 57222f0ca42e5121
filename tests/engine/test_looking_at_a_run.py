"""What a run tells while it goes on, and how what failed is run again from it."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store.status import FAILED, OK, PENDING


def test_a_run_tells_its_map_its_failures_and_its_load_and_runs_what_failed_again(tmp_path):
    mended = tmp_path / "mended"

    def flaky(a, b):
        from pathlib import Path

        if a > 2 and not Path(mended).exists():
            raise ValueError(f"a is {a}")
        return a * b

    study = ek.Study(flaky, ek.Space(a=np.arange(5.0), b=np.arange(4.0)), tmp_path / "study")
    with pytest.raises(StudyError, match="has not been run by this object yet"):
        study.panel()
    run = study.run(False, n_workers=1)

    progress = run.progress
    assert (progress.ok, progress.failed, progress.timed_out, progress.remaining) == (12, 8, 0, 0.0)
    (group,) = progress.failures
    assert (group.kind, group.count) == ("ValueError: a is …", 8)
    assert "a=4, b=3" in group.points
    assert run.tally.cells[FAILED].sum(axis=0).tolist() == [0, 0, 0, 4, 4]
    assert run.loads() == ()

    mended.touch()
    again = run.retry()
    assert again.tally.cells[PENDING].sum() + again.progress.new == 8
    again.wait()
    assert again.progress.failed == 0
    assert again.tally.cells[OK].sum() == 20


def test_the_workers_tell_their_load_while_a_run_goes_on(tmp_path):
    released = tmp_path / "released"

    def wait(a):
        import time
        from pathlib import Path

        while not Path(released).exists():
            time.sleep(0.01)
        return a

    run = ek.Study(wait, ek.Space(a=[1.0, 2.0]), tmp_path / "study").start(False, n_workers=1)
    try:
        # The first time it is asked, a process cannot tell, and a batch may be there before the process that runs it.
        while not any(load.busy and load.cpu is not None for load in run.loads()):
            run._done.wait(0.05)
        (load,) = run.loads()
    finally:
        released.touch()
        run.wait()

    assert load.slots == 1
    assert 0 < load.memory < load.limit
    assert load.cpu is not None
