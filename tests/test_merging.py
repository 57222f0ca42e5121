"""Joining studies by the labels of their points; where their numbers differ the user decides."""

from pathlib import Path

import numpy as np
import pytest
from batches import by_label, files_below, run_here, write_batch

import explorekit as ek
from explorekit.errors import MergeConflictError, SpaceError, StudyError
from explorekit.store.directory import StudyDirectory

pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")


def noisy(a, rng, b=1.0):
    return {"sum": a + b, "draw": rng.normal(size=3)}


def made(path: Path, space: ek.Space, seed: int = 0, simulation=noisy) -> ek.Study:
    study = ek.Study(simulation, space, path, seed=seed)
    run_here(study)
    return study


def test_the_union_of_points_is_what_one_study_would_have(tmp_path: Path, caplog) -> None:
    one = made(tmp_path / "one", ek.Space(a=[0.1, 0.3], b=2.0))
    two = made(tmp_path / "two", ek.Space(b=[3.0, 2.0], a=[0.1 + 0.2, 0.2]).repeat(2))
    before = files_below(one.path), files_below(two.path)
    both = ek.merge([one, tmp_path / "two"], tmp_path / "both")

    assert (files_below(one.path), files_below(two.path)) == before
    assert both.space.sizes == {"a": 3, "b": 2, "repetition": 2}
    assert both.space.parameters["a"].values.tolist() == [0.1, 0.2, 0.3]
    assert int((both.results["status"] == 1).sum()) == 2 + 4
    assert "a=0.30000000000000004 was taken as the existing 0.3" in caplog.text
    assert "two: 4 results were not computed at the values that theirs were taken as" in caplog.text
    assert [source["name"] for source in both.provenance["sources"]] == ["one", "two"]

    study = ek.Study(noisy, path=tmp_path / "both")
    assert len(run_here(study)) == 6
    whole = made(tmp_path / "whole", both.space)
    assert by_label(study.results.load()) == by_label(whole.results.load())


def test_equal_numbers_are_no_conflict_and_count_once(tmp_path: Path) -> None:
    made(tmp_path / "one", ek.Space(a=[1.0, 2.0]))
    made(tmp_path / "two", ek.Space(a=[2.0, 3.0]))
    both = ek.merge(tmp_path.glob("*"), tmp_path / "both")
    assert both.results["sum"].values.tolist() == [2.0, 3.0, 4.0]


def conflicting(tmp_path: Path) -> list[Path]:
    """Three studies of one version: the second differs at 2, the third at 3, and it is the oldest."""
    paths = []
    for number, (name, at) in enumerate([("one", None), ("two", 2), ("three", 3)]):
        directory = StudyDirectory(made(tmp_path / name, ek.Space(a=[9]), simulation=lone).path)
        space = ek.Space(a=[1, 2, 3])
        study = ek.Study(lone, path=tmp_path / name)
        study.extend(space)
        version = directory.read_record().code
        results = {p: {"x": float(p) + (100 * (number + 1) if p + 1 == at else 0)} for p in range(3)}
        write_batch(directory, study.space, results, epoch=9 - number, version=version, simulation=lone)
        paths.append(directory.path)
    return paths


def lone(a):
    return {"x": float(a - 1)}


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [("first", [0.0, 1.0, 2.0, 8.0]), ("last", [0.0, 1.0, 302.0, 8.0])],
)
def test_conflicts_are_an_error_unless_one_is_preferred(tmp_path: Path, prefer, expected) -> None:
    paths = conflicting(tmp_path)
    with pytest.raises(
        MergeConflictError, match=r"different numbers at 2 points: .*a=2 \(one, two\)"
    ) as error:
        ek.merge(paths, tmp_path / "both")
    assert "a=3 (one, three)" in str(error.value)
    assert "prefer='first'" in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "three", "two"]
    both = ek.merge(paths, tmp_path / "both", prefer=prefer)
    assert both.results["x"].values.tolist() == expected
    again = ek.merge([both.path, *paths], tmp_path / "again", prefer="first")
    assert again.results["x"].values.tolist() == expected


def test_the_newest_run_may_be_preferred(tmp_path: Path) -> None:
    times = {"old": 1.0e9, "new": 2.0e9, "middle": 1.5e9}
    for name, when in times.items():
        directory = StudyDirectory(made(tmp_path / name, ek.Space(a=[9]), simulation=lone).path)
        study = ek.Study(lone, path=directory.path).extend(a=[1])
        record = directory.read_record()
        version = record.code
        write_batch(directory, study.space, {0: {"x": when}}, version=version, simulation=lone, started=when)
    both = ek.merge([tmp_path / name for name in times], tmp_path / "both", prefer="newest")
    assert both.results["x"].sel(a=1).item() == 2.0e9


def test_code_versions_of_all_are_kept_and_told(tmp_path: Path, caplog) -> None:
    def other(a, rng, b=1.0):
        return {"sum": a + b + 0, "draw": rng.normal(size=3)}

    other.__name__ = "noisy"
    one = made(tmp_path / "one", ek.Space(a=[1.0]))
    two = made(tmp_path / "two", ek.Space(a=[2.0]), simulation=other)
    both = ek.merge([one, two], tmp_path / "both")
    versions = [study.provenance["code_version"] for study in (one, two)]
    assert (
        f"results of different code stand beside each other: one is of {versions[0]}, two is of {versions[1]}"
        in caplog.text
    )
    assert both.runs["code_version"].values.tolist() == versions
    assert both.code_versions["role"].to_dict() == {versions[0]: "current", versions[1]: "kept"}
    assert "+ 0" in both.at(code=versions[1]).provenance["source"]
    assert "+ 0" not in both.provenance["source"]


def test_studies_of_the_same_code_are_joined_without_a_word(tmp_path: Path, caplog) -> None:
    one, two = (made(tmp_path / name, ek.Space(a=[a])) for name, a in (("one", 1.0), ("two", 2.0)))
    empty = ek.Study(noisy, ek.Space(a=[3.0]), tmp_path / "empty")
    ek.merge([one, two, empty], tmp_path / "both")
    assert "different code" not in caplog.text


def test_a_version_that_one_study_kept_is_told_too(tmp_path: Path, caplog) -> None:
    def other(a, rng, b=1.0):
        return {"sum": a + b + 0, "draw": rng.normal(size=3)}

    other.__name__ = "noisy"
    one = made(tmp_path / "one", ek.Space(a=[1.0]))
    kept = one.provenance["code_version"]
    one = ek.Study(other, path=one.path)
    one.extend(a=[1.5])
    run_here(one, code="keep")
    two = made(tmp_path / "two", ek.Space(a=[2.0]), simulation=other)
    ek.merge([one, two], tmp_path / "both")
    version = two.provenance["code_version"]
    assert f"one is of {kept} and {version}, two is of {version}" in caplog.text


def test_what_is_joined_of_one_version_is_what_that_version_shows(tmp_path: Path) -> None:
    def tenfold(a, rng, b=1.0):
        return {"sum": 10 * (a + b), "draw": rng.normal(size=3)}

    tenfold.__name__ = "noisy"
    old = made(tmp_path / "study", ek.Space(a=[1.0, 2.0])).provenance["code_version"]
    study = ek.Study(tenfold, path=tmp_path / "study")
    run_here(study, code="rerun")
    assert ek.merge([study], tmp_path / "now").results["sum"].values.tolist() == [20.0, 30.0]
    then = ek.merge([study.at(code=old)], tmp_path / "then")
    assert then.results["sum"].values.tolist() == [2.0, 3.0]
    assert then.provenance["code_version"] == old


def test_results_that_do_not_count_are_not_joined(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ek.Space(a=[1.0, 2.0]))
    copy = one.fork(tmp_path / "copy")
    one.discard({"a": 2.0}, confirm="noisy")
    joined = ek.merge([one, one], tmp_path / "joined")
    assert joined.results["status"].values.tolist() == [1, 0]
    assert ek.merge([one, copy], tmp_path / "both").results["status"].values.tolist() == [1, 1]


def test_different_outputs_at_a_point_are_a_conflict(tmp_path: Path) -> None:
    base = made(tmp_path / "base", ek.Space(a=[9]), simulation=lone)
    for name, result in (("one", {"x": 1.0}), ("two", {"x": 1.0, "y": [1, 2]}), ("three", {"x": -0.0})):
        study = base.fork(tmp_path / name)
        study.extend(a=[1])
        version = study.provenance["code_version"]
        directory = StudyDirectory(study.path)
        write_batch(directory, study.space, {0: result}, epoch=7, version=version, simulation=lone)
    with pytest.raises(MergeConflictError, match="at 1 points"):
        ek.merge([tmp_path / "one", tmp_path / "two"], tmp_path / "a")
    with pytest.raises(MergeConflictError, match="at 1 points"):
        ek.merge([tmp_path / "one", tmp_path / "three"], tmp_path / "b")
    two = ek.merge([tmp_path / "one", tmp_path / "two"], tmp_path / "c", prefer="last")
    assert two.results["y"].sel(a=1).values.tolist() == [1, 2]


def test_many_points_in_many_pieces(tmp_path: Path) -> None:
    space = ek.Space(a=np.arange(200))
    for name, positions in (("one", range(0, 200, 2)), ("two", range(0, 200, 3))):
        study = ek.Study(lone, space, tmp_path / name)
        run_here(study, list(positions))
    both = ek.merge([tmp_path / "one", tmp_path / "two"], tmp_path / "both")
    ok = both.results["status"].values == 1
    assert np.flatnonzero(ok).tolist() == sorted({*range(0, 200, 2), *range(0, 200, 3)})
    assert (both.results["x"].values[ok] == np.arange(200.0)[ok] - 1).all()


def test_what_cannot_be_joined_changes_nothing(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ek.Space(a=[1.0]))
    made(tmp_path / "seed", ek.Space(a=[2.0]), seed=5)
    made(tmp_path / "other", ek.Space(a=[2]), simulation=lone)
    made(tmp_path / "text", ek.Space(a=["x"], b="y"), simulation=lambda a, b: 1)

    def default(a, rng, b=2.0):
        return {"sum": a + b, "draw": rng.normal(size=3)}

    default.__name__ = "noisy"
    made(tmp_path / "default", ek.Space(a=[2.0]), simulation=default)
    made(tmp_path / "without", ek.Space(a=[2.0]), simulation=_without_b())
    one.to_netcdf(tmp_path / "one.nc")
    before = files_below(tmp_path)
    both = tmp_path / "both"
    for studies, path, options, error, text in (
        ([one, tmp_path / "seed"], both, {}, StudyError, "seed=0, .* 5"),
        ([one, tmp_path / "other"], both, {}, StudyError, "simulation='noisy', .* 'lone'"),
        ([one, tmp_path / "default"], both, {}, StudyError, "different defaults of 'b'"),
        (
            [tmp_path / "without", one, tmp_path / "default"],
            both,
            {},
            StudyError,
            "different defaults of 'b'",
        ),
        ([one, tmp_path / "missing"], both, {}, StudyError, "holds no study"),
        ([one, tmp_path / "one.nc"], both, {}, StudyError, "is a file"),
        ([one, 3], both, {}, StudyError, "got 3 as a study"),
        ([], both, {}, StudyError, "expected a list"),
        (one, both, {}, StudyError, "expected a list"),
        (None, both, {}, StudyError, "got None as studies; expected a list"),
        (tmp_path.glob("nothing*"), both, {}, StudyError, "expected a list"),
        ([one], tmp_path / "seed", {}, StudyError, "there is a study at"),
        ([one], tmp_path, {}, StudyError, "something other than a study"),
        ([one], both, {"prefer": "best"}, StudyError, "prefer='best'"),
    ):
        with pytest.raises(error, match=text):
            ek.merge(studies, path, **options)
    assert files_below(tmp_path) == before
    made(tmp_path / "c", ek.Space(a=[1.0], c=2.0), simulation=_with_c())
    with pytest.raises(
        SpaceError, match=r"study at .*/c does not fit that of .*/one: nobody knows what 'c' was"
    ):
        ek.merge([one, tmp_path / "c"], both)
    assert not both.exists()


def _without_b():
    def noisy(a, rng):
        return {"sum": a, "draw": rng.normal(size=3)}

    return noisy


def _with_c():
    def noisy(a, c):
        return a + c

    return noisy


def test_what_was_printed_comes_with_the_results(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", ek.Space(a=[1, 2])), made(tmp_path / "two", ek.Space(a=[3]))
    for study in (one, two):
        (shard,) = StudyDirectory(study.path).shard_files()
        (study.path / "logs" / f"{shard.stem.rpartition('-')[0]}.log").write_text(study.path.name)
    study = ek.merge([one, two], tmp_path / "both")
    assert sorted(log.read_text() for log in (study.path / "logs").iterdir()) == ["one", "two"]
    study = ek.merge([study, one], tmp_path / "all")
    assert sorted(log.read_text() for log in (study.path / "logs").iterdir()) == ["one", "two"]


def test_what_was_printed_comes_with_results_that_were_compacted(tmp_path: Path) -> None:
    one = ek.Study(noisy, ek.Space(a=[1, 2]), tmp_path / "one")
    for position in range(2):
        run_here(one, [position])
    for shard in StudyDirectory(one.path).shard_files():
        (one.path / "logs" / f"{shard.stem.rpartition('-')[0]}.log").write_text(shard.name)
    one.compact()
    study = ek.merge([one, made(tmp_path / "two", ek.Space(a=[3]))], tmp_path / "both")
    assert len(list((study.path / "logs").iterdir())) == 2
