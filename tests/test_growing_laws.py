"""The laws of growing and joining: whatever the order, one run of the whole would have given the same bits."""

from functools import reduce
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import drawn  # noqa: F401 - for its profile
import numpy as np
import pytest
from batches import run_here
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import explorekit as ek

DEFAULTS = {"a": None, "b": 1.0, "mode": "plain", "repetition": 0}
POOL = {"a": [0.1, 0.2, 0.3], "b": [1.0, 2.0], "mode": ["plain", "fast"], "repetition": [1, 2]}


pytestmark = pytest.mark.usefixtures("syncing_takes_no_time")


def noisy(a, rng, b=1.0, mode="plain"):
    if a == 0.3 and mode == "fast":
        raise ValueError("never")
    return {"sum": a + b, "draws": rng.normal(size=2), "mode_twice": mode * 2}


def numbers(study):
    """The results of a study by point, parameters that it does not have at their defaults; bit for bit."""
    results = study.results.load()
    coords = {n: (p.dim, p.values.tolist()) for n, p in study.space.parameters.items()}
    arrays = {str(n): v.values.astype("U9") if v.dtype.kind == "U" else v.values for n, v in results.items()}
    found = {}
    for index in np.argwhere(arrays.pop("status") == 1).tolist():
        along = dict(zip(study.space.dims, index, strict=True))
        labels = {n: values[along[dim]] if dim else values for n, (dim, values) in coords.items()}
        values = {n: array[tuple(index)].tobytes() for n, array in arrays.items()}
        found[tuple((DEFAULTS | labels).items())] = values
    return found


_whole = {}


def whole():
    """What one run of everything gives."""
    if not _whole:
        with TemporaryDirectory() as folder:
            space = ek.Space(a=POOL["a"], b=POOL["b"], mode=POOL["mode"]).repeat(2)
            study = ek.Study(noisy, space, folder, seed=5)
            run_here(study)
            _whole.update(numbers(study))
            assert len(_whole) == 3 * 2 * 2 * 2 - 4
    return _whole


@st.composite
def additions(draw):
    """Something to extend a study by."""
    name = draw(st.sampled_from(list(POOL)))
    if name == "repetition":
        return {name: draw(st.sampled_from(POOL[name]))}
    values = draw(st.lists(st.sampled_from(POOL[name]), min_size=1, unique=True))
    if DEFAULTS[name] is not None and DEFAULTS[name] not in values:
        values.append(DEFAULTS[name])
    return {name: values}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), additions()),
        st.tuples(st.just("run"), st.randoms(use_true_random=False)),
        st.tuples(st.just("lose"), st.integers(0, 5)),
        st.tuples(st.just("fork"), st.none()),
        st.tuples(st.just("reopen"), st.none()),
        st.tuples(st.just("compact"), st.none()),
    ),
    max_size=5,
)


def follow(study, history, folder):
    """Do what a history says; returns the study that comes of it."""
    for number, (step, detail) in enumerate(history):
        before = numbers(study)
        if step == "extend":
            study.extend(**detail)
            assert numbers(study) == before
        elif step == "run":
            n = len(study.space)
            run_here(study, detail.sample(range(n), detail.randint(0, n)))
            assert before.items() <= numbers(study).items()
        elif step == "lose":
            shards = sorted((study.path / "runs").iterdir())
            for shard in shards[detail : detail + 1]:
                shard.unlink()
        elif step == "fork":
            study = study.fork(folder / f"{study.path.name}-{number}")
            assert numbers(study) == before
        elif step == "compact":
            study.compact()
            assert numbers(study) == before
        else:
            study = ek.Study(noisy, path=study.path, seed=5)
            assert numbers(study) == before
    return study


def completed(study):
    study.extend(a=POOL["a"], b=POOL["b"], mode=POOL["mode"], repetition=2)
    run_here(study)
    return numbers(study)


laws = settings(
    settings.get_profile("explorekit"), max_examples=6, suppress_health_check=[HealthCheck.too_slow]
)


@laws
@given(first=st.sampled_from(POOL["a"]), history=steps)
def test_any_history_ends_with_what_one_run_gives(first, history):
    with TemporaryDirectory() as name:
        folder = Path(name)
        study = ek.Study(noisy, ek.Space(a=[first]), folder / "study", seed=5)
        study = follow(study, history, folder)
        assert numbers(study).items() <= whole().items()
        assert completed(study) == whole()


@laws
@given(starts=st.lists(st.sampled_from(POOL["a"]), min_size=2, max_size=3), histories=st.tuples(*[steps] * 3))
def test_studies_of_any_history_join_to_what_one_run_gives(starts, histories):
    with TemporaryDirectory() as name:
        folder = Path(name)
        studies = []
        for number, (first, history) in enumerate(zip(starts, histories, strict=False)):
            study = ek.Study(noisy, ek.Space(a=[first]), folder / f"study{number}", seed=5)
            study.extend(b=POOL["b"])  # so that all say where they lie along it
            studies.append(follow(study, history, folder))
        joined = ek.merge(studies, folder / "joined")
        assert numbers(joined) == reduce(lambda one, more: one | more, map(numbers, studies), {})
        reverse = ek.merge(studies[::-1], folder / "reverse")
        assert numbers(reverse) == numbers(joined)
        steps_of_two = reduce(
            lambda one, more: ek.merge([one, more], folder / f"{one.path.name}{more.path.name}"), studies
        )
        assert numbers(steps_of_two) == numbers(joined)
        assert steps_of_two.space == joined.space
        assert completed(ek.Study(noisy, path=joined.path, seed=5)) == whole()


@laws
@given(
    tables=st.lists(
        st.dictionaries(st.integers(0, 5), st.integers(0, 1), min_size=1), min_size=2, max_size=4
    ),
    prefer=st.sampled_from([None, "first", "last"]),
)
def test_conflicts_are_settled_as_a_dictionary_would(tables, prefer):
    def lone(a):
        return float(table[a])

    conflict = any(
        one[a] != more[a] for one, more in product(tables, tables) for a in one.keys() & more.keys()
    )
    simulation = ek.simulation(lone, version="1")
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = []
        for number, table in enumerate(tables):
            study = ek.Study(simulation, ek.Space(a=sorted(table)), folder / str(number))
            run_here(study, [p for p in range(len(table)) if p % 2])
            run_here(study)
            paths.append(study.path)
        if conflict and prefer is None:
            with pytest.raises(ek.errors.MergeConflictError):
                ek.merge(paths, folder / "joined")
            return
        joined = ek.merge(paths, folder / "joined", prefer=prefer).results["lone"].load()
        expected = {}
        for table in tables if prefer == "last" else tables[::-1]:
            expected |= table
        assert {int(a): int(joined.sel(a=a)) for a in joined["a"].values} == expected
