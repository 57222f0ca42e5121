"""What becomes of earlier results when the simulation's code has changed: told to the user, who decides."""

import difflib
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from explorekit.errors import CodeChangedError, StudyError
from explorekit.simulation.baselines import baselines_with
from explorekit.simulation.calling import bind
from explorekit.simulation.capture import Captured
from explorekit.simulation.declare import Simulation
from explorekit.simulation.defaults import readable
from explorekit.simulation.version import CodeVersion
from explorekit.space import Space
from explorekit.store.catalog import Catalog
from explorekit.store.directory import StudyDirectory, StudyRecord, storage_error
from explorekit.store.provenance import environment

OnChange = Literal["keep", "rerun", "fork"]


def check_choice(code: object) -> None:
    if code is not None and code not in get_args(OnChange):
        raise StudyError(f"got code={code!r}; expected 'keep', 'rerun' or 'fork'.")


def has_changed(record: StudyRecord, catalog: Catalog, captured: Captured) -> bool:
    """Return whether there are results of other code than the simulation's; to have more or fewer labelled objects is none."""
    return _is_other(record, catalog, captured) and not differs_in_labels(catalog.directory, record, captured)


def _is_other(record: StudyRecord, catalog: Catalog, captured: Captured) -> bool:
    return record.code not in ("", captured.version.id) and any(catalog.versions().values())


def differs_in_labels(directory: StudyDirectory, record: StudyRecord, captured: Captured) -> bool:
    """Return whether the study's code differs from the simulation's by labels alone, those of both standing for equal objects."""
    now = _hashes(captured.version)
    known = objects_known(directory, record)
    return bool(directory.read_further(record.code, "objects")) and all(
        known.get(label, version) == version for label, version in now.items()
    )


def objects_known(directory: StudyDirectory, record: StudyRecord) -> dict[str, str]:
    """Return the hash of the object that each label stands for, in the latest code that has it; under an empty name, of the simulation."""
    known: dict[str, str] = {}
    for version in (*record.kept, record.code):
        known |= directory.read_further(version, "objects")
    return known


def _hashes(version: CodeVersion) -> dict[str, str]:
    """Return the hashes of the simulation alone, under an empty name, and of its labelled objects, if it has any."""
    return {"": version.simulation, **version.objects} if version.objects else {}


def adopt(
    directory: StudyDirectory, catalog: Catalog, captured: Captured, code: OnChange | None
) -> StudyRecord:
    """Return the study's record with the simulation's code as the current one, as the user decided.

    Nothing is written: `keep_code` does that, before there are results of the code.

    Raises
    ------
    CodeChangedError
        If the code has changed, and the user has not decided.
    """
    record = directory.read_record()
    version = captured.version.id
    kept = record.kept
    if _is_other(record, catalog, captured):
        if code is None and has_changed(record, catalog, captured):
            raise _code_changed(directory, catalog, record, captured)
        kept = (*record.kept, record.code)
    if code == "rerun":
        kept = ()
    kept = tuple(dict.fromkeys(v for v in kept if v != version))
    return replace(record, code=version, kept=kept)


def keep_code(
    directory: StudyDirectory,
    adopted: StudyRecord,
    simulation: Simulation,
    space: Space,
    captured: Captured,
    asked: Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """Keep the simulation's source, its defaults and its environment in the study, unless they are there; then the record.

    Parameters
    ----------
    adopted
        What `adopt` returned.
    asked
        Returns the environment, where `environment_of` was asked before.

    Raises
    ------
    StudyError
        If they cannot be written.
    """
    call = bind(simulation, space.passed)
    try:
        directory.add_code(
            captured.version.id,
            captured.version.source,
            asked or partial(environment_of, simulation),
            baselines_with({}, call),
            {"objects": _hashes(captured.version), "arguments": readable(call.defaults)},
        )
        if adopted != directory.read_record():
            directory.write_record(adopted)
    except OSError as error:
        raise storage_error(error, directory.path) from error


def environment_of(simulation: Simulation) -> dict[str, Any]:
    """Return a record of what a simulation runs in; git takes as long as ten thousand short runs."""
    file = getattr(sys.modules.get(simulation.function.__module__), "__file__", None)
    return environment(Path(file).parent if file else None)


def difference(directory: StudyDirectory, record: StudyRecord, captured: Captured) -> str:
    """Return how the simulation's code differs from that of the results at hand, as a unified diff."""
    old, new = directory.read_source(record.code), captured.version.source
    names = record.code, captured.version.id
    return "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm=""))


def _code_changed(
    directory: StudyDirectory, catalog: Catalog, record: StudyRecord, captured: Captured
) -> CodeChangedError:
    counts = ", ".join(
        f"{count:,} of version {version}" for version, count in catalog.versions().items() if count
    )
    changes = difference(directory, record, captured) or "(a captured value has changed)"
    return CodeChangedError(
        f"the code of {record.name!r} has changed since the results in {directory.path} were made (points: {counts}; now version "
        f"{captured.version.id}).\n{changes}\nSay what to do with the earlier results: "
        f"run(code='keep') keeps them beside the new ones, run(code='rerun') runs their points again, and run(code='fork') leaves "
        f"this study as it is and runs in a new one beside it."
    )
