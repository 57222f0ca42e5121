"""One point again, here: the same bits, or what differs."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from batches import run_here

import explorekit as ek
from explorekit.errors import SpaceError, StudyError


def rich(a, b, rng, seed, repetition):
    if a == 2:
        raise ValueError(f"no {b}")
    t = np.arange(a + 2) * 0.5
    return {
        "draw": rng.normal(),
        "count": seed,
        "series": xr.DataArray(rng.random(t.size), dims="time", coords={"time": t}),
        "text": b * (repetition + 1),
        "complex": complex(a, rng.normal()),
        "nan": float("nan"),
        "flag": a > 0,
    }


SPACE = ek.Space(a=[0, 1, 2], b=["x", "yy"], c=1.0).repeat(2)


def with_c(a, b, rng, seed, repetition, c):
    return rich(a, b, rng, seed, repetition)


def test_every_point_is_reproduced_bit_for_bit(tmp_path: Path) -> None:
    study = ek.Study(with_c, SPACE, tmp_path / "study", seed=11)
    with pytest.raises(StudyError, match="is pending: there is nothing to compare with"):
        study.reproduce(a=0, b="x", repetition=0)
    study.run(False, n_workers=2)
    files = sorted(p for p in (tmp_path / "study").rglob("*") if p.is_file())
    for point in ({"a": 0, "b": "x", "repetition": 1}, {"a": 1, "b": "yy", "repetition": 0, "c": 1.0}):
        again = study.reproduce(**point)
        assert again.same
        assert again
        assert again.differing == ()
        assert repr(again).endswith("the same>")
        assert again.kept["count"].dtype == np.int64
        assert again.kept["series"].sizes == {"time": point["a"] + 2}
        xr.testing.assert_identical(again.kept, again.new)
    failed = study.reproduce(a=2, b="yy", repetition=0)
    assert failed.same
    assert failed.kept_error == failed.new_error == "ValueError: no yy"
    assert "no yy" in failed.traceback
    assert sorted(p for p in (tmp_path / "study").rglob("*") if p.is_file()) == files


def returning_more_and_more(a):
    t = np.arange(a) * 0.5
    numbers = xr.DataArray(np.arange(a) + 2**60, dims="t", coords={"t": t}, attrs={"units": "1"})
    return {"numbers": numbers, "on": np.arange(a) > 1, **({"rare": a} if a == 2 else {})}


@pytest.mark.parametrize("together", [True, False])
def test_what_is_kept_of_a_point_is_its_own_whatever_others_returned(tmp_path: Path, together: bool) -> None:
    study = ek.Study(returning_more_and_more, ek.Space(a=[0, 1, 2, 300]), tmp_path)
    for some in [range(4)] if together else [[0], [1], [2], [3]]:
        run_here(study, some)
    for a in (0, 1, 2, 300):
        again = study.reproduce(a=a)
        assert again.same
        xr.testing.assert_identical(again.kept, again.new)
        assert again.kept.sizes == {"t": a, "on_dim": a}
        assert {name: again.kept[name].dtype for name in again.kept.variables} == {
            "numbers": np.int64,
            "on": np.bool_,
            "t": np.float64,
            **({"rare": np.int64} if a == 2 else {}),
        }


def test_what_differs_is_named(tmp_path: Path) -> None:
    state = {"n": 0}

    def drifting(a):
        state["n"] += 1
        series = np.array([0.0, np.nan, state["n"]]) * (-1) ** state["n"]
        return {"still": a, "moving": float(state["n"]), "series": series}

    study = ek.Study(ek.simulation(drifting, version="1"), ek.Space(a=[5, 6, 7]), tmp_path)
    run_here(study)
    again = study.reproduce(a=5)
    assert not again.same
    assert again.differing == ("moving", "series")
    assert "not the same" in repr(again)
    assert "moving: 1.0 is kept, 4.0 is new" in repr(again)
    assert "series: 2 of 3 values differ" in repr(again)
    assert "moving" in again._repr_html_()
    assert again.kept["still"].item() == again.new["still"].item() == 5


def test_a_point_that_exits_fails_and_ends_nothing_else(tmp_path: Path) -> None:
    def leaving(a):
        raise SystemExit(a)

    study = ek.Study(leaving, ek.Space(a=[3]), tmp_path)
    study.run(False, n_workers=1)
    again = study.reproduce(a=3)
    assert again.same
    assert again.new_error == "SystemExit: 3"


def test_other_code_is_said(tmp_path: Path) -> None:
    def f(a):
        return {"x": a, "z": 1}

    run_here(ek.Study(f, ek.Space(a=[1, 2]), tmp_path))

    def g(a):
        if a == 2:
            raise RuntimeError("broken")
        return {"x": a, "y": [1, 2]}

    g.__name__ = "f"
    study = ek.Study(g, path=tmp_path)
    again = study.reproduce(a=1)
    assert set(again.differing) == {"y", "z"}
    assert "the code has changed since" in repr(again)
    assert "y: not returned then" in repr(again)
    assert "z: not returned now" in repr(again)
    broken = study.reproduce(a=2)
    assert (broken.same, broken.kept_error, broken.new_error) == (False, "", "RuntimeError: broken")
    assert "kept: ok" in repr(broken)


def test_a_vectorised_simulation_is_reproduced_one_point_at_a_time(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def many(a, rngs):
        return {"x": a * 2.0, "draw": np.array([rng.normal() for rng in rngs])}

    study = ek.Study(many, ek.Space(a=[1.0, 2.0, 3.0]), tmp_path)
    study.run(False, n_workers=1)
    assert study.reproduce(a=2.0).same


def test_global_random_states_are_borrowed_also_by_generators(tmp_path: Path) -> None:
    def walk(a):
        position = 0.0
        for _ in range(3):
            position += a * np.random.random()  # noqa: NPY002
            yield position

    study = ek.Study(walk, ek.Space(a=[1.0, 2.0]), tmp_path)
    study.run(False, n_workers=1)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert study.reproduce(a=2.0).same
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_one_of_equal_points_is_reproduced_by_its_position(tmp_path: Path) -> None:
    def draw(a, rng):
        return a + rng.normal()

    study = ek.Study(draw, ek.Space(a=[1.0, 2.0]) + ek.Space(a=1.0), tmp_path)
    run_here(study)
    again = study.reproduce(2)

    assert again.same
    assert again.kept["draw"] == study.results["draw"][2] != study.results["draw"][0]


def test_points_that_were_extended_later_are_reproduced(tmp_path: Path) -> None:
    def f(a, rng, b=1.0):
        return a + b + rng.normal()

    study = ek.Study(f, ek.Space(a=[1.0]), tmp_path)
    run_here(study)
    study.extend(b=[1.0, 2.0])
    run_here(study)
    assert study.reproduce(b=1.0).same
    assert study.reproduce(b=2.0).same


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ({"a": 1}, "4 points have a=1; expected values of one point. Give 'b', 'repetition' too"),
        ({"a": 7, "b": "x", "repetition": 0}, "no value 7"),
        ({"A": 1}, "no parameter 'A'"),
        ({"a": [1, 2], "b": "x", "repetition": 0}, "expected one value"),
        ({"a": slice(0, 1)}, "expected one value"),
        ({"a": 0, "b": "x", "repetition": 0, "c": 2.0}, "fixed at 1; no point has 2"),
    ],
)
def test_values_that_name_no_one_point(tmp_path: Path, point, text) -> None:
    study = ek.Study(with_c, SPACE, tmp_path)
    with pytest.raises(SpaceError, match=text):
        study.reproduce(**point)


@pytest.mark.parametrize(("tolerance", "same"), [(0.0, False), (1e-12, True)])
def test_company_may_change_the_last_digits_of_a_vectorised_simulation(tmp_path, tolerance, same) -> None:
    @ek.simulation(vectorized=True, tolerance=tolerance)
    def summed(a):
        return {"x": a * (1 + 1e-14 * (a.size > 1)), "n": np.arange(a.size) * 0}

    study = ek.Study(summed, ek.Space(a=np.linspace(1, 2, 500)), tmp_path / "study")
    study.run(False, n_workers=1)

    again = study.reproduce(a=2.0)
    assert again.same == same
    assert again.differing == (() if same else ("x",))
