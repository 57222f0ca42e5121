"""Which versions of the simulation's code a study has results of."""

import pandas as pd

from explorekit.store.catalog import Catalog
from explorekit.store.dataset import first_and_last_start
from explorekit.store.directory import StudyRecord
from explorekit.store.status import OK


def versions_table(catalog: Catalog, record: StudyRecord) -> pd.DataFrame:
    """Return one row a version, the current one first, then by when their first run started."""
    versions = dict.fromkeys([*filter(None, (record.code, *record.kept)), *catalog.versions()])
    rows = [_row(catalog, record, version) for version in versions]
    rows.sort(key=lambda row: (row["role"] != "current", row["first_started"]))
    columns = ["version", "role", "points", "ok", "first_started", "last_started", "git_commit"]
    return pd.DataFrame(rows, columns=columns).set_index("version")


def _row(catalog: Catalog, record: StudyRecord, version: str) -> dict[str, object]:
    snapshot = catalog.snapshot_of(catalog.shards(frozenset({version})))
    counts = snapshot.index.counts()
    first, last = first_and_last_start(snapshot)
    git = catalog.directory.read_environment(version).get("git") or {}
    return {
        "version": version,
        "role": "current" if version == record.code else "kept" if version in record.kept else "earlier",
        "points": sum(counts.values()),
        "ok": counts.get(OK, 0),
        "first_started": first,
        "last_started": last,
        "git_commit": git.get("commit", ""),
    }
