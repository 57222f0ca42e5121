"""One round: the study is made, struck, damaged, finished, and compared with an undisturbed one."""

import contextlib
import pickle
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.chaos import faults
from benchmarks.chaos.numbers import ChaosError, check_numbers
from benchmarks.chaos.plan import Fault, Plan, Strike
from benchmarks.chaos.processes import MARK, Forked, Forker, kill, lives, marked, until
from benchmarks.chaos.reference import PATIENCE, Reference, order_of
from benchmarks.chaos.simulations import PAUSE

WORKER, CHILD = "explorekit.engine.worker", "explorekit.engine.child"
_KILLS = ("child", "worker", "nanny", "scheduler", "driver")
# What a run may end with when such things happen to it.
_EXCUSES = {"RunError", "StudyError", "StudyBusyError", "NoCluster"}


@dataclass
class Outcome:
    """What happened in a round that kept every promise."""

    plan: Plan
    seconds: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)


class Round:
    """The state of a round while it is played."""

    def __init__(self, plan: Plan, forker: Forker, reference: Reference) -> None:
        self.plan = plan
        self.outcome = Outcome(plan)
        self._forker = forker
        self._expected = reference.undisturbed(plan)["results"]
        self._generator = random.Random(f"faults of {plan.seed}")
        self.folder = Path(tempfile.mkdtemp(prefix=f"chaos-{plan.seed}-"))
        self._mark = self.folder.name
        (self.folder / "tmp").mkdir()
        self._disk = faults.SmallDisk(self.folder / "disk")
        self.study = self._disk.folder / "study"
        self._driver: Forked | None = None
        self._driver_may_end = False
        self._scheduler: Forked | None = None
        self._nannies: list[Forked] = []
        self._address = ""
        self._acknowledged: set[str] = set()
        self._damaged: set[str] = set()
        self._spare: set[str] = set()  # what merging need not keep
        self._children_killed = 0

    # ---- the course of a round

    def play(self) -> Outcome:
        """Play the round; raises `ChaosError` if a promise is broken."""
        began = time.monotonic()
        try:
            if self.plan.fills_disk and faults.SmallDisk.possible():
                self._disk.mount()
            for phase in self.plan.phases:
                self._run_struck(phase.strikes)
                self._damage(phase.damages)
            self._finish()
            self._check_results(self._read(check=False))
            self._check_nothing_is_left()
        finally:
            self._clean_up()
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def _run_struck(self, strikes: tuple[Strike, ...]) -> None:
        before = len(self._shards())
        self._order_run()
        for strike in strikes:
            until(lambda s=strike: len(self._shards()) >= before + s.after or not self._going_on(), 5)
            time.sleep(strike.delay)
            if self._going_on():
                self._strike(strike)
        ended = self._hear_end()
        if ended["event"] == "raised" and (not ended["known"] or ended["error"] not in _EXCUSES):
            raise ChaosError(f"a run ended with {ended['error']}: {ended['text']}\n{self._printed()}")
        self.outcome.ended[ended.get("state") or ended["error"]] += 1
        self._acknowledged |= self._shards()
        self._disk_is_large()

    def _damage(self, damages: tuple[Any, ...]) -> None:
        if not self.study.exists():
            return
        origins = self._origins()
        hit = set()
        for kind in damages:
            self.outcome.struck[kind] += 1
            if kind in ("compact", "cut compaction"):
                self._compact(cut=kind == "cut compaction")
                origins = self._origins()
                continue
            name = faults.damage(self.study, kind, self._generator)
            hit |= {name, *origins.get(name, ())} - {""}
        if hit:
            self._damaged |= hit
            # Nobody has checked anything yet: right numbers or an error, but no wrong numbers.
            with contextlib.suppress(_ReadError):
                check_numbers(self._read(check=False)["results"], self._expected)

    def _compact(self, *, cut: bool) -> None:
        """Merge shards, and kill who does it half-way."""
        self._spare.update(self._traced()["spare"])
        process = self._forker.fork("compact", self.folder, environment=self._environment())
        process.say(do="compact", study=str(self.study))
        process.hear(PATIENCE)  # it has started
        if cut:
            time.sleep(0.1 * self._generator.random())
            kill(process.process)
        elif process.hear(PATIENCE) is None:
            raise ChaosError(f"merging shards ended the process, or hung\n{process.printed}")
        process.end(60)

    def _finish(self) -> None:
        """Run to the end, as a user would who comes back: check, run, and again if need be."""
        if self.plan.check_first and self.study.exists():
            self._read_or_not(check=True)
        self._run_undisturbed()
        self._read_or_not(check=True)
        self._run_undisturbed()

    def _run_undisturbed(self) -> None:
        for _ in range(3):
            self._order_run()
            ended = self._hear_end()
            if ended.get("state") == "finished":
                return
            # The driver has yet to notice that its cluster is gone.
            if ended.get("error") not in ("RunError", "NoCluster") or self.plan.cluster == "private":
                break
            self._kill_cluster()
        raise ChaosError(f"the last run did not finish: {ended}\n{self._printed()}")

    # ---- the driver and its cluster

    def _order_run(self) -> None:
        self._start_cluster()
        if self._driver is None or not self._driver.alive:
            self._driver = self._forker.fork(
                "drive",
                self.folder,
                environment=self._environment(),
                batch=self.plan.batch,
            )
            self._driver_may_end = False
        self._ended: dict[str, Any] | None = None
        self._driver.say(do="run", **order_of(self.plan, self.study), scheduler=self._address)

    def _environment(self) -> dict[str, str]:
        return {
            MARK: self._mark,
            PAUSE: str(self.plan.pause),
            "TMPDIR": str(self.folder / "tmp"),
            "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "spawn",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
            "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s",
        }

    def _start_cluster(self) -> None:
        if self.plan.cluster == "private":
            return
        if self._scheduler is None or not self._scheduler.alive:
            self._kill_cluster()
            self._scheduler = self._forker.fork("schedule", self.folder, environment=self._environment())
            self._address = self._said(self._scheduler, "address")
        self._replace_nannies()

    def _replace_nannies(self) -> None:
        """See to it that there are as many as planned, as whatever keeps a cluster running does."""
        if self._scheduler is None or not self._scheduler.alive:
            return
        self._nannies = [nanny for nanny in self._nannies if nanny.alive]
        while len(self._nannies) < self.plan.workers:
            self._nannies.append(
                self._forker.fork(
                    "nurse",
                    self.folder,
                    environment=self._environment(),
                    scheduler=self._address,
                    local_directory=str(self.folder / "tmp"),
                )
            )

    def _close_cluster(self) -> None:
        """End the cluster as its user would: nannies first, all at once."""
        for nanny in self._nannies:
            nanny.ask_to_end()
        for process in (*self._nannies, *([self._scheduler] if self._scheduler else [])):
            process.end(60)
        self._nannies, self._scheduler, self._address = [], None, ""

    def _kill_cluster(self) -> None:
        """Kill what is left of a cluster without a scheduler, for which its nannies wait for long."""
        for nanny in self._nannies:
            for process in (*_children(nanny), nanny.process):
                kill(process)
        self._close_cluster()

    def _said(self, process: Forked, what: str) -> str:
        heard = process.hear(PATIENCE)
        if heard is None:
            raise RuntimeError(f"a process of the cluster did not start:\n{process.printed}")
        return str(heard[what])

    def _going_on(self) -> bool:
        """Return whether the run goes on."""
        assert self._driver is not None
        if self._ended is None:
            heard = self._driver.hear(0)
            if heard is not None and heard["event"] != "started":
                self._ended = heard
        return self._ended is None and self._driver.alive

    def _hear_end(self) -> dict[str, Any]:
        assert self._driver is not None
        deadline = time.monotonic() + PATIENCE
        while self._going_on() and time.monotonic() < deadline:
            self._replace_nannies()
            time.sleep(0.01)
        if self._going_on():
            self._dump_stacks()
            raise ChaosError(f"a run did not end within {PATIENCE:.0f} s\n{self._printed()}")
        if self._ended is not None:
            return self._ended
        self._driver.close()
        if not self._driver_may_end:
            raise ChaosError(f"a driver ended by itself\n{self._printed()}")
        return {"event": "killed", "state": "killed"}

    def _dump_stacks(self) -> None:
        assert self._driver is not None
        faults.tell(self._driver.process, signal.SIGUSR1)
        time.sleep(0.5)

    def _printed(self) -> str:
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )

    # ---- what befalls it

    def _strike(self, strike: Strike) -> None:
        assert self._driver is not None
        self._acknowledged |= self._shards()
        hit = self._kill(strike.fault) if strike.fault in _KILLS else self._trouble(strike.fault)
        self.outcome.struck[strike.fault] += hit

    def _kill(self, fault: Fault) -> bool:
        assert self._driver is not None
        generator = self._generator
        if fault == "child":
            hit = faults.kill_one(self._mark, CHILD, generator)
            self._children_killed += hit
            return hit
        if fault == "worker" and self.plan.cluster == "private":
            return faults.kill_one(self._mark, WORKER, generator)
        if fault == "worker":
            return faults.kill_one_of([w for nanny in self._nannies for w in _children(nanny)], generator)
        if fault == "nanny":
            return faults.kill_one_of([nanny.process for nanny in self._nannies], generator)
        if fault == "scheduler":
            return faults.kill_one_of([self._scheduler.process] if self._scheduler else [], generator)
        self._driver_may_end = True
        return faults.kill_one_of([self._driver.process], generator)

    def _trouble(self, fault: Fault) -> bool:
        assert self._driver is not None
        if fault == "interrupt":
            self._driver_may_end = True  # where it is not waiting
            return faults.tell(self._driver.process, signal.SIGINT)
        if fault == "terminate":
            self._driver_may_end = True  # it leaves by SystemExit
            return faults.tell(self._driver.process, signal.SIGTERM)
        if not faults.SmallDisk.possible():
            self.outcome.left_out["disk"] += 1
            return False
        self._disk.shrink()
        return True

    def _disk_is_large(self) -> None:
        if self.plan.fills_disk and faults.SmallDisk.possible():
            self._disk.grow()

    def _shards(self) -> set[str]:
        return {path.name for path in (self.study / "runs").glob("[0-9]*.nc")}

    def _origins(self) -> dict[str, list[str]]:
        """Return which batches the rows of each readable shard come from."""
        return dict(self._traced()["origins"])

    def _traced(self) -> dict[str, Any]:
        tracer = self._forker.fork("trace", self.folder, environment=self._environment())
        tracer.say(do="trace", study=str(self.study))
        heard = tracer.hear(PATIENCE)
        tracer.end(60)
        if heard is None:
            raise ChaosError(f"reading headers ended the process, or hung\n{tracer.printed}")
        return heard

    # ---- what is there

    def _read(self, *, check: bool) -> dict[str, Any]:
        reader = self._forker.fork("read", self.folder, environment=self._environment())
        into = self.folder / "content.pickle"
        reader.say(do="read", study=str(self.study), check=check, into=str(into))
        heard = reader.hear(PATIENCE)
        ended = reader.end(60)
        if heard is None:
            raise ChaosError(f"reading the study ended the process, or hung\n{reader.printed}")
        if not ended:
            raise ChaosError(f"a reader did not end\n{reader.printed}")
        if heard["event"] == "raised":
            raise _ReadError(heard["text"])
        content: dict[str, Any] = pickle.loads(into.read_bytes())
        return content

    def _read_or_not(self, *, check: bool) -> None:
        """Check the study; what a check cannot mend, the next run or the end tells."""
        with contextlib.suppress(_ReadError):
            check_numbers(self._read(check=check)["results"], self._expected)

    def _check_results(self, content: dict[str, Any]) -> None:
        check_numbers(content["results"], self._expected)
        status = content["results"]["status"].values
        wrong = status != self._expected["status"].values
        failures = content["failures"]
        died = int((failures["error"] == "ProcessDied").sum())
        # A point that fails undisturbed, too, may have been the one whose child was killed.
        if int(wrong.sum()) > died or died > self._children_killed:
            raise ChaosError(
                f"{int(wrong.sum())} points have another status than undisturbed ones: {Counter(status[wrong].tolist())}; "
                f"{self._children_killed} children were killed\n{failures}"
            )
        origins = self._origins()
        here = {*origins, *(batch for batches in origins.values() for batch in batches)}
        quarantined = {path.name for path in (self.study / "quarantine").rglob("*.nc")}
        lost = {
            name
            for name in self._acknowledged
            if not {name, _batch(name)} & (here | self._damaged | self._spare)
        }
        if lost:
            raise ChaosError(
                f"acknowledged shards are gone: {sorted(lost)}; quarantined: {sorted(quarantined)}"
            )

    def _check_nothing_is_left(self) -> None:
        assert self._driver is not None
        if not self._driver.end(60):
            raise ChaosError(f"the driver did not end\n{self._printed()}")
        self._close_cluster()
        if not until(lambda: not list(marked(self._mark)), 60):
            left = [process.cmdline() for process in marked(self._mark)]
            raise ChaosError(f"processes are left: {left}")
        folders = [path.name for path in (self.folder / "tmp").glob("explorekit-*")]
        if folders:
            raise ChaosError(f"temporary folders are left: {folders}")
        if (self.study / "lock").exists():
            raise ChaosError("the lock is left")
        hidden = [str(path) for path in self.study.rglob(".*.tmp")]
        if hidden:
            raise ChaosError(f"half-written files are left: {hidden}")

    def _clean_up(self) -> None:
        for process in (self._driver, *self._nannies, self._scheduler):
            if process is not None:
                if lives(process.process):
                    kill(process.process)
                process.close()
        for process in list(marked(self._mark)):
            kill(process)
        self._disk.unmount()
        shutil.rmtree(self.folder, ignore_errors=True)


class _ReadError(Exception):
    """A study could not be read, for a reason that explorekit names."""


def _batch(name: str) -> str:
    """Return the part of a shard's name that tells its epoch and sequence."""
    return name.rpartition("-")[0]


def _children(process: Forked) -> list[psutil.Process]:
    try:
        return [
            child
            for child in process.process.children()
            if "resource_tracker" not in " ".join(child.cmdline())
        ]
    except psutil.Error:
        return []
