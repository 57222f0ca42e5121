"""Whatever happens to a study, in whatever order, it reads as a dictionary of its records would."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from batches import VERSION, Failed, make_study, write_batch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import explorekit as ek
from explorekit.store import compact as compact_module
from explorekit.store.catalog import Catalog
from explorekit.store.check import check
from explorekit.store.compact import compact
from explorekit.store.dataset import results_dataset
from explorekit.store.status import FAILED, OK, PENDING

SIZES = {"a": 3, "b": 4}
N = 12
VERSIONS = frozenset({VERSION})
points = st.integers(0, N - 1)


class Studies(RuleBasedStateMachine):
    """Batches come, records are taken out, files vanish or break, processes come and go, shards are merged.

    The model holds by point its records that count: (epoch, sequence, value, or None for a failure).
    """

    @initialize(block=st.sampled_from([1, 400, 2**20]))
    def create(self, block):
        self.folder = Path(tempfile.mkdtemp())
        self.target, compact_module.TARGET_BYTES = compact_module.TARGET_BYTES, block
        self.space = ek.Space(**{name: range(size) for name, size in SIZES.items()})
        self.directory = make_study(self.folder / "study", self.space)
        self.records = {position: [] for position in range(N)}
        self.files = {}
        self.orders = set()
        self.open()

    def teardown(self):
        if hasattr(self, "folder"):
            self.catalog.close()
            compact_module.TARGET_BYTES = self.target
            shutil.rmtree(self.folder)

    @rule()
    def open(self):
        self.catalog = Catalog(self.directory, self.space)
        self.catalog.refresh()

    @rule(
        epoch=st.integers(1, 3),
        sequence=st.integers(0, 20),
        batch=st.dictionaries(points, st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=6),
    )
    def deliver(self, epoch, sequence, batch):
        if (epoch, sequence) in self.orders:  # a driver gives each number once
            return
        self.orders.add((epoch, sequence))
        results = {p: Failed("no") if value is None else {"x": value} for p, value in batch.items()}
        path = write_batch(self.directory, self.space, results, epoch=epoch, sequence=sequence)
        self.files[path.name] = {p: (epoch, sequence, value) for p, value in batch.items()}
        for position, record in self.files[path.name].items():
            self.records[position].append(record)

    @rule(taken=st.lists(points, min_size=1, max_size=4, unique=True))
    def take_out(self, taken):
        self.catalog.refresh()
        self.catalog.supersede_points(np.array(taken), "discard")
        for position in taken:
            self.records[position].clear()

    @precondition(lambda self: self.files)
    @rule(data=st.data(), broken=st.booleans())
    def lose(self, data, broken):
        """A shard is deleted behind the study's back, or found to be broken by a check."""
        name = data.draw(st.sampled_from(sorted(self.files)))
        path = self.directory.runs / name
        if broken:
            os.truncate(path, path.stat().st_size // 2)
            self.catalog.refresh()
            assert not check(self.directory, self.catalog, dry_run=False).ok
        else:
            path.unlink()
        for position, record in self.files.pop(name).items():
            if record in self.records[position]:
                self.records[position].remove(record)

    @rule()
    def keep(self):
        self.catalog.refresh()
        self.catalog.keep()

    @rule()
    def lose_the_index(self):
        shutil.rmtree(self.directory.path / "index", ignore_errors=True)

    @rule()
    def merge(self):
        self.catalog.refresh()
        compact(self.catalog)
        assert compact(self.catalog).written == 0
        self.files = {n: held for n, held in self.files.items() if (self.directory.runs / n).exists()}
        # A record that others outdid is gone with its file, and comes back with no file that is lost later.
        self.records = {
            p: [
                record
                for record in dict.fromkeys(self.records[p])
                if record == self.counts(p) or any(held.get(p) == record for held in self.files.values())
            ]
            for p in range(N)
        }

    def counts(self, position):
        """Return the record that counts: the first result, else the last failure."""
        found = sorted(self.records[position], key=lambda record: record[:2])
        results = [record for record in found if record[2] is not None]
        return (results[:1] or found[-1:] or [None])[0]

    @invariant()
    def reads_as_the_model_says(self):
        if not hasattr(self, "catalog"):
            return
        self.catalog.refresh()
        for catalog in (self.catalog, Catalog(self.directory, self.space)):
            catalog.refresh()
            found = results_dataset(catalog.snapshot(VERSIONS))
            status = found["status"].values.ravel()
            values = found["x"].values.ravel() if "x" in found else np.full(N, np.nan)
            for position in range(N):
                record = self.counts(position)
                expected = PENDING if record is None else FAILED if record[2] is None else OK
                assert status[position] == expected, position
                if expected == OK:
                    assert values[position] == record[2]
            catalog.close()


Studies.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestStudies = Studies.TestCase
