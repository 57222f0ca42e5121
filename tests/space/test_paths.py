"""Points from the paths of files."""

import pytest

import explorekit as ek
from explorekit.errors import SpaceError

LEFT = ["r-a-1.npz", "r-a-10.npz", "r-a-2.npz", "r-b c-2.npz", "r-b-x.npz", "notes.txt"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in LEFT:
        (tmp_path / "runs" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "runs" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fields_are_parameters_of_their_type_and_the_path_is_one_too(folder) -> None:
    space = ek.Space.from_paths("runs/r-{mouse}-{day:d}.npz")
    assert [tuple(point.values()) for point in space.points()] == [
        ("a", 1, "runs/r-a-1.npz"),
        ("a", 2, "runs/r-a-2.npz"),
        ("a", 10, "runs/r-a-10.npz"),
        ("b c", 2, "runs/r-b c-2.npz"),
    ]
    assert space.sizes == {"point": 4}
    assert ek.Space.from_paths(folder / "runs" / "r-{mouse}-{day:d}.npz").parameters["path"].values[0] == str(
        folder / "runs" / "r-a-1.npz"
    )


def test_a_field_may_end_the_path_and_name_a_group(folder) -> None:
    (folder / "runs" / "x=-1.5e-3").touch()
    space = ek.Space.from_paths("runs/x={neuron.x:g}", name="file")
    assert list(space.points()) == [{"neuron.x": -1.5e-3, "file": "runs/x=-1.5e-3"}]


def test_what_does_not_matter_is_left_open(folder) -> None:
    deep = folder / "runs" / "deep" / "er" / "r-c-3.npz"
    deep.parent.mkdir(parents=True)
    deep.touch()
    assert len(ek.Space.from_paths("**/r-{mouse}-{day:d}.*")) == 5
    assert len(ek.Space.from_paths("runs/?-a-{day:d}.npz")) == 3
    assert len(ek.Space.from_paths("runs/*.npz")) == 5


def test_signs_of_other_patterns_are_signs(folder) -> None:
    (folder / "runs" / "[a](1)+.txt").touch()
    assert next(ek.Space.from_paths("runs/[{m}]({n:d})+.txt").points())["n"] == 1


def test_folders_are_no_points(folder) -> None:
    (folder / "runs" / "r-a-7.npz").mkdir()
    assert len(ek.Space.from_paths("runs/r-a-{day:d}.npz")) == 3


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("runs/q-{day:d}.npz", r"no file matches 'runs/q-\{day:d\}\.npz'"),
        ("runs/r-{}-1.npz", r"field \{\}"),
        ("runs/r-{m}-{m}.npz", r"field \{m\}"),
        ("runs/r-{m!r}-1.npz", r"field \{m!r\}"),
        ("runs/r-{m:x}-1.npz", r"field \{m:x\}"),
        ("runs/r-{m-1.npz", "cannot read the pattern"),
        ("runs/r-{a b}-1.npz", "got the parameter name 'a b'"),
        ("runs/r-{point}-1.npz", "reserved"),
        ("runs/r-{path}-1.npz", "name='file'"),
    ],
)
def test_what_is_no_pattern_is_an_error_that_says_why(folder, pattern, message) -> None:
    with pytest.raises(SpaceError, match=message):
        ek.Space.from_paths(pattern)
