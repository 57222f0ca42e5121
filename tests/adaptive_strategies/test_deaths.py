"""An adaptive study that is killed goes on from its directory to the end that it would have had."""

import random
import signal
import subprocess
from pathlib import Path

import pytest
from engine.scripts import run_script, start_script, wait_until

import explorekit as ek

SCRIPT = """
    import os, time
    import explorekit as ek

    def model(x, y, rng):
        descriptor = os.open({calls!r}, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, f"{{x!r}} {{y!r}}\\n".encode())
        os.close(descriptor)
        if not os.path.exists({hurry!r}):
            time.sleep(0.5)
        return {{"cost": (x - 0.7) ** 2 + (y + 0.3) ** 2 + 1e-3 * rng.normal()}}

    def next_points(results):
        if int(results["generation"].max()) == 8:
            return None
        best = results.isel(point=int(results["cost"].argmin("point")))
        step = 0.8 ** int(results["generation"].max()) * float(1 + results["cost"].min())
        x = [float(best["x"]) + step * i for i in (-1, 0, 1)]
        return ek.Space(x=x, y=[float(best["y"]) + step * i for i in (-1, 1)])

    def update():
        return ek.adaptive.Update(next_points, first=ek.Space(x=[0.0], y=[0.0, 0.1]))

    def optuna():
        from optuna.distributions import FloatDistribution
        drawn = {{"x": FloatDistribution(-1.0, 1.0), "y": FloatDistribution(1e-3, 1.0, log=True)}}
        return ek.adaptive.Optuna("cost", drawn, n=40, at_once=6)

    print("started", flush=True)
    strategy = {strategy}()
    ek.explore_adaptively(model, strategy, "study", seed=5, client=False, n_workers=2)
"""


def script(calls: Path, hurry: Path, strategy: str = "update") -> str:
    """The script, whose calls are noted, and take their time until a file is there."""
    return SCRIPT.format(calls=str(calls), hurry=str(hurry), strategy=strategy)


def end_of(path: Path) -> tuple[object, ...]:
    results = ek.open(path).results.load()
    return tuple(results[name].values.tobytes() for name in ("x", "y", "cost", "status"))


@pytest.mark.parametrize("strategy", ["update", "optuna"])
def test_kill_9_at_some_moments_leads_to_the_same_end_bit_for_bit(tmp_path: Path, strategy: str) -> None:
    if strategy == "optuna":
        pytest.importorskip("optuna")
    generator = random.Random(strategy)
    (tmp_path / "killed").mkdir()
    (tmp_path / "whole").mkdir()
    calls, hurry = tmp_path / "calls.txt", tmp_path / "hurry"
    runs = tmp_path / "killed" / "study" / "runs"
    killed = 0
    for kill in range(4):
        if kill == 3:
            hurry.touch()
        process = start_script(tmp_path / "killed", script(calls, hurry, strategy))
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        if kill == 3:
            out, err = process.communicate(timeout=240)
            assert process.returncode == 0, f"{out}\n{err}"
            break
        wanted = len(list(runs.glob("[0-9]*.nc"))) + generator.randrange(1, 4)
        wait_until(lambda n=wanted, p=process: len(list(runs.glob("[0-9]*.nc"))) >= n or p.poll() is not None)
        try:
            process.wait(0.2 * generator.random())
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
    assert killed
    run_script(tmp_path / "whole", script(tmp_path / "others.txt", hurry, strategy))
    assert end_of(tmp_path / "killed" / "study") == end_of(tmp_path / "whole" / "study")
    points = (tmp_path / "others.txt").read_text().splitlines()
    called = calls.read_text().splitlines()
    assert set(called) == set(points)
    assert len(set(points)) == len(points) == len(ek.open(tmp_path / "whole" / "study").space)
    assert len(called) <= len(points) + killed * 6  # what was in flight at each death


def test_an_interrupt_keeps_what_is_done_and_the_same_call_goes_on(tmp_path: Path) -> None:
    calls, hurry = tmp_path / "calls.txt", tmp_path / "hurry"
    process = start_script(tmp_path, script(calls, hurry))
    wait_until(lambda: len(list((tmp_path / "study" / "runs").glob("[0-9]*.nc"))) >= 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert "KeyboardInterrupt" in err
    kept = end_of(tmp_path / "study")
    hurry.touch()
    run_script(tmp_path, script(calls, hurry))
    assert all(new.startswith(old) for old, new in zip(kept[:2], end_of(tmp_path / "study")[:2], strict=True))
    called = calls.read_text().splitlines()
    points = len(ek.open(tmp_path / "study").space)
    assert len(set(called)) == points
    assert len(called) <= points + 2  # what each of the workers had in hand
