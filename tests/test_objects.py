"""Studies of labelled objects: they run, resume, are opened, reproduced and extended, and no file holds an object."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from batches import run_here

import explorekit as ek
from explorekit.errors import CodeChangedError, SimulationError, SpaceError, SpaceMismatchError, StudyError
from explorekit.simulation.capture import capture


class SGD:
    """Steps down."""

    rate = 0.5

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def step(self, x: float) -> float:
        return x - self.rate * self.scale


class Momentum(SGD):
    rate = 0.25


def halved(x):
    return x / 2


class Config:
    """A thing with a state, which a run changes."""

    def __init__(self, start: float) -> None:
        self.x = start
        self.calls = 0

    def __call__(self, x: float) -> float:
        self.calls += 1
        return self.x + x + 100 * self.calls


def trained(optimizer, x, activation=abs, repetition=0):
    assert not isinstance(optimizer, str)
    return optimizer(2.0).step(activation(x)) + repetition


OPTIMIZERS = {"sgd": SGD, "momentum": Momentum}


def space_of(**more):
    return ek.Space(optimizer=OPTIMIZERS) * ek.Space(x=[1.0, 2.0, 3.0], **more)


def test_objects_run_resume_and_are_reproduced(tmp_path: Path) -> None:
    space = space_of(activation={"halved": halved, "abs": abs}).repeat(2)
    study = ek.Study(trained, space, tmp_path / "study")
    study.run(False, n_workers=2, where={"optimizer": "sgd"})
    assert len(study.failures) == 0

    again = ek.Study(trained, space, tmp_path / "study")
    assert again.code_changes == ""
    assert again.run(False, n_workers=1).progress.new == 12
    results = again.results.load()
    assert results["optimizer"].values.tolist() == ["sgd", "momentum"]
    for point in space.points():
        labels = {
            "optimizer": next(label for label, one in OPTIMIZERS.items() if one is point["optimizer"]),
            "activation": point["activation"].__name__,
        }
        kept = results["trained"].sel({**point, **labels}).item()
        assert kept == trained(**point)
        assert again.reproduce(**{**point, **labels}).same

    file = again.to_netcdf(tmp_path / "study.nc")
    with xr.open_dataset(file) as plain:
        assert plain["optimizer"].values.tolist() == ["sgd", "momentum"]
    assert ek.open(file).space == ek.open(tmp_path / "study").space == space


def test_a_study_that_is_opened_without_its_space_has_labels_only(tmp_path: Path) -> None:
    ek.Study(trained, space_of(), tmp_path).run(False, n_workers=1, where={"optimizer": "sgd"})
    study = ek.Study(trained, path=tmp_path)
    before = study.results.load()
    assert [p["optimizer"] for p in study.space.isel(x=0).points()] == ["sgd", "momentum"]
    for attempt in (
        lambda: study.run(False),
        lambda: study.start(False),
        lambda: study.retry(False),
        lambda: study.reproduce(optimizer="sgd", x=1.0),
    ):
        with pytest.raises(
            SimulationError,
            match=r"nobody gave those of 'sgd', 'momentum'.*Study\(simulation, Space\(optimizer=",
        ):
            attempt()
    xr.testing.assert_identical(study.results.load(), before)
    with pytest.raises(SimulationError, match="nobody gave those of 'sgd', 'momentum'"):
        ek.Study(trained, ek.Space(optimizer=["sgd", "momentum"], x=[1.0, 2.0, 3.0]), tmp_path).run(False)
    assert ek.Study(trained, space_of(), tmp_path).run(False, n_workers=1).progress.new == 3


def test_values_do_not_become_labels(tmp_path: Path) -> None:
    ek.Study(trained, ek.Space(optimizer=["sgd", "momentum"], x=1.0), tmp_path)
    with pytest.raises(SpaceMismatchError, match="'optimizer' are values, not labels of objects"):
        ek.Study(trained, ek.Space(optimizer=OPTIMIZERS, x=1.0), tmp_path)
    with pytest.raises(SpaceError, match="'optimizer' are values, not labels of objects"):
        ek.Study(trained, path=tmp_path).extend(optimizer=OPTIMIZERS)


def test_another_object_under_the_same_label_is_other_code(tmp_path: Path) -> None:
    def study_of(halving):
        return ek.Study(trained, space_of(activation={"f": halving}), tmp_path)

    study_of(halved).run(False, n_workers=1)
    assert study_of(halved).run(False).progress.new == 0
    changed = study_of(lambda x: x / 4)
    assert changed.code_changes != ""
    with pytest.raises(CodeChangedError):
        changed.run(False)
    changed.run(False, n_workers=1, code="rerun")
    assert changed.results["trained"].sel(optimizer="sgd", x=1.0).item() == SGD(2.0).step(0.25)


def test_a_further_label_leaves_what_is_there_as_it_is(tmp_path: Path) -> None:
    study = ek.Study(trained, space_of(), tmp_path)
    study.run(False, n_workers=1)

    class Fast(SGD):
        rate = 4.0

    assert study.extend(optimizer={"fast": Fast}).run(False, n_workers=1).progress.new == 3
    expected = [SGD(2.0).step(1.0), Momentum(2.0).step(1.0), Fast(2.0).step(1.0)]
    assert study.results["trained"].sel(x=1.0).values.tolist() == expected
    whole = ek.Space(optimizer={**OPTIMIZERS, "fast": Fast}, x=[1.0, 2.0, 3.0])
    assert ek.Study(trained, whole, tmp_path).run(False).progress.new == 0
    with pytest.raises(SpaceError, match=r"the labels to add have none.*optimizer=\{'label': …\}"):
        study.extend(optimizer=["slow"])
    assert study.extend(optimizer=["fast"]).space.sizes["optimizer"] == 3


def test_labelled_objects_are_no_further_parameter(tmp_path: Path) -> None:
    study = ek.Study(trained, space_of(), tmp_path)
    with pytest.raises(SpaceError, match="nobody knows what 'activation' was"):
        study.extend(activation={"abs": abs, "halved": halved})


def test_what_a_run_changes_about_an_object_is_nothing_to_the_next(tmp_path: Path) -> None:
    def stateful(config, x):
        return config(x)

    config = Config(1.0)
    study = ek.Study(stateful, ek.Space(config={"one": config}, x=np.arange(20.0)), tmp_path)
    study.run(False, n_workers=1)
    assert study.results["stateful"].values.ravel().tolist() == [101.0 + x for x in range(20)]
    assert study.reproduce(config="one", x=3.0).same
    assert config.calls == 0


def test_a_vectorised_simulation_receives_an_array_of_objects(tmp_path: Path) -> None:
    @ek.simulation(vectorized=True)
    def rates(optimizer, x):
        return np.array([one(1.0).step(value) for one, value in zip(optimizer, x, strict=True)])

    study = ek.Study(rates, space_of(), tmp_path / "grid")
    study.run(False, n_workers=1)
    assert study.results["rates"].sel(x=2.0).values.tolist() == [1.5, 1.75]

    @ek.simulation(vectorized=True)
    def fixed(optimizer, x):
        return optimizer(1.0).step(x)

    study = ek.Study(fixed, space_of().isel(optimizer=1), tmp_path / "fixed")
    study.run(False, n_workers=1)
    assert study.results["fixed"].values.tolist() == [0.75, 1.75, 2.75]


def test_a_fork_has_the_objects_of_its_study(tmp_path: Path) -> None:
    study = ek.Study(trained, space_of(), tmp_path / "study")
    study.run(False, n_workers=1)
    narrow = study.fork(tmp_path / "narrow", space_of().sel(optimizer=["sgd"]))
    assert narrow.run(False).progress.new == 0
    again = ek.Study(trained, space_of().sel(optimizer=["sgd"]), tmp_path / "narrow")
    assert again.run(False).progress.new == 0
    wide = study.fork(
        tmp_path / "wide", space_of() * ek.Space(activation={"halved": halved}).isel(activation=0)
    )
    assert wide.run(False, n_workers=1).progress.new == 6


def test_an_object_that_cannot_travel_is_an_error_before_anything_is_made(tmp_path: Path) -> None:
    with open(__file__) as file, pytest.raises(SimulationError):
        ek.Study(trained, ek.Space(optimizer={"file": file}, x=1.0), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_code_version_does_not_depend_on_the_order_of_labels() -> None:
    from explorekit.simulation.declare import as_simulation
    from explorekit.simulation.objects import with_objects

    turned = ek.Space(optimizer=dict(reversed(OPTIMIZERS.items())))
    versions = [
        capture(with_objects(as_simulation(trained), one)).version.id
        for one in (ek.Space(optimizer=OPTIMIZERS), turned)
    ]
    assert versions[0] == versions[1] != capture(as_simulation(trained)).version.id


def reached(x, optimizer):
    return x


def test_studies_in_which_a_label_means_different_objects_are_not_merged(tmp_path: Path) -> None:
    """Their results would lie beside each other as if they were of one object."""
    for name, x, optimizers in (
        ("a", 1.0, {"sgd": SGD, "m": Momentum}),
        ("b", 2.0, {"sgd": Momentum}),
        ("c", 3.0, {"sgd": SGD, "b": SGD}),
    ):
        run_here(ek.Study(reached, ek.Space(x=[x], optimizer=optimizers), tmp_path / name))

    with pytest.raises(StudyError, match=r"different objects for 'optimizer=sgd'.*Nothing was changed"):
        ek.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "ab")
    assert not (tmp_path / "ab").exists()
    assert ek.merge([tmp_path / "a", tmp_path / "c"], tmp_path / "ac").results.sizes == {
        "x": 2,
        "optimizer": 3,
    }


def test_a_label_that_only_kept_code_knows_means_what_it_meant_there(tmp_path: Path) -> None:
    for name, x, optimizers in (("a", 1.0, {"sgd": SGD}), ("b", 2.0, {"m": Momentum})):
        run_here(ek.Study(reached, ek.Space(x=[x], optimizer=optimizers), tmp_path / name))
    ek.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "ab")

    same, other = (
        ek.Study(reached, ek.Space(x=[1.0, 2.0], optimizer={"sgd": SGD, "m": m}), tmp_path / "ab")
        for m in (Momentum, Config)
    )
    assert other.code_changes != ""
    with pytest.raises(CodeChangedError):
        run_here(other)
    assert same.code_changes == ""
    assert len(run_here(same)) == 2
