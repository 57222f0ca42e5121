"""Marked views are small files of the study: whole or absent, under any name, seen by others at once."""

import errno
import json

import pytest
from batches import study_with

import explorekit as ek
from explorekit.errors import StudyError
from explorekit.store import durable

STATE = {"variable": "x", "x": "a", "selection": {"b": 0.5, "c": "<b>"}}


@pytest.fixture
def study(tmp_path):
    return ek.open(study_with(tmp_path / "study", ek.Space(a=range(3)), {0: {"x": 1.0}}).path)


def test_a_view_is_kept_and_another_reader_sees_it(study):
    assert (list(study.views), repr(study.views)) == ([], "<views of study: none>")
    study.views["the onset"] = STATE
    study.views["later"] = {}
    again = ek.open(study.path).views
    assert list(again) == ["the onset", "later"]
    assert again["the onset"] == STATE
    study.views["the onset"] = {"variable": "x"}
    assert list(again) == ["the onset", "later"]
    assert again["the onset"] == {"variable": "x"}
    del again["later"]
    assert "later" not in study.views
    assert len(list((study.path / "views").iterdir())) == 1


@pytest.mark.parametrize("name", ["../../up", "a/b", ".", "Ö <b>", "con", "é" * 80, "\u2028x"])
def test_any_text_is_a_name(study, name):
    study.views[name] = STATE
    study.views[name.swapcase() + "!" if len(name) < 80 else "other"] = {}
    assert study.views[name] == STATE
    assert {path.parent for path in study.path.parent.rglob("*.json") if path.name != "study.json"} >= {
        study.path / "views"
    }
    assert [path.name for path in study.path.parent.iterdir()] == ["study"]
    del study.views[name]
    assert len(study.views) == 1


def test_errors_say_what_to_do(study, monkeypatch):
    study.views["onset"] = STATE
    with pytest.raises(KeyError, match=r"has no view 'onsett'\. Did you mean 'onset'"):
        study.views["onsett"]
    with pytest.raises(StudyError, match="not empty"):
        study.views[" "] = STATE
    with pytest.raises(StudyError, match="at most 80 letters; got 81"):
        study.views["a" * 81] = STATE
    with pytest.raises(TypeError, match="not JSON serializable"):
        study.views["set"] = {"x": {1}}

    def refuse(*_arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(durable, "write_files", refuse)
    with pytest.raises(StudyError, match="the file system is read-only"):
        study.views["onset"] = {}
    assert study.views["onset"] == STATE


def test_a_damaged_file_hides_none_of_the_others(study, caplog):
    study.views["one"] = STATE
    study.views["two"] = STATE
    damaged = next(path for path in (study.path / "views").iterdir() if path.name.startswith("one"))
    damaged.write_text(json.dumps({"name": "one"}))
    assert list(study.views) == ["two"]
    assert "is damaged" in caplog.text
    with pytest.raises(StudyError, match="is damaged"):
        study.views["one"]


def test_a_study_with_views_can_be_deleted(study):
    study.views["onset"] = STATE
    study.delete(confirm=study.name)
    assert not study.path.exists()
