"""What is forked: drivers that run a study, schedulers and nannies, and readers that say what a study holds."""

import contextlib
import faulthandler
import json
import os
import pickle
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import distributed
import netCDF4  # noqa: F401 - imported here so that nothing forked has to

import explorekit as ek
import explorekit.engine.driver
import explorekit.engine.run
from benchmarks.chaos.simulations import chaos, space_of
from explorekit.engine import plan as engine_plan
from explorekit.store.shard import read_header
from explorekit.store.status import OK

Spec = dict[str, Any]


class Talk:
    """The process's end of what `processes.Forked` says and hears."""

    def __init__(self, pipes: str) -> None:
        self._in = Path(f"{pipes}.in").open()  # noqa: SIM115
        self._out = Path(f"{pipes}.out").open("w")  # noqa: SIM115

    def say(self, **message: Any) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def orders(self) -> Iterator[Spec]:
        for line in self._in:
            order = json.loads(line)
            if order["do"] == "end":
                return
            yield order


# ---- roles


def drive(spec: Spec, talk: Talk) -> None:
    """Run a study as often as it is told to, and say how each run ended."""
    # Small batches, so that there are shards to lose.
    engine_plan.TARGET = engine_plan.FIRST_TARGET = spec["batch"]
    engine_plan.WORTHWHILE = engine_plan.SMALLEST = spec["batch"] / 10
    for order in talk.orders():
        try:
            client = _client(order["scheduler"])
        except OSError as error:
            talk.say(event="raised", error="NoCluster", known=True, text=str(error))
            continue
        run = None
        try:
            study = ek.Study(chaos, space_of(*order["space"]), order["study"], seed=order["seed"])
            run = study.start(client, n_workers=order["workers"])
            talk.say(event="started")
            run.wait()
            talk.say(event="ended", state=run.progress.state)
        except KeyboardInterrupt:
            if run is not None:  # which an interrupt outside its wait does not touch
                run.cancel()
                with contextlib.suppress(ek.errors.ExplorekitError):
                    run.wait()
            talk.say(event="ended", state="interrupted")
        except Exception as error:
            known = isinstance(error, ek.errors.ExplorekitError)
            if not known:
                traceback.print_exc()
            talk.say(event="raised", error=type(error).__name__, known=known, text=str(error))


def _client(scheduler: str) -> distributed.Client | Literal[False]:
    return distributed.Client(scheduler, set_as_default=False, timeout=5) if scheduler else False


def schedule(spec: Spec, talk: Talk) -> None:
    """Be a scheduler of the user's."""
    _serve(
        talk,
        distributed.Scheduler,
        host="127.0.0.1",
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        port=0,
    )


def nurse(spec: Spec, talk: Talk) -> None:
    """Be a nanny of the user's, with one worker."""
    _serve(
        talk,
        distributed.Nanny,
        spec["scheduler"],
        nthreads=1,
        host="127.0.0.1",
        local_directory=spec["local_directory"],
        death_timeout=20,
        dashboard=False,
    )


def _serve(talk: Talk, kind: Callable[..., Any], *args: Any, **options: Any) -> None:
    import asyncio

    async def serve() -> None:
        async with kind(*args, **options) as server:
            talk.say(address=server.address)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, lambda: list(talk.orders()))

    asyncio.run(serve())


def read(spec: Spec, talk: Talk) -> None:
    """Pickle what a study holds."""
    for order in talk.orders():
        try:
            study = ek.open(order["study"])
            if order.get("check"):
                study.check()
                study = ek.open(order["study"])
            content = {"results": study.results.load(), "failures": study.failures, "runs": study.runs.load()}
            Path(order["into"]).write_bytes(pickle.dumps(content))
            talk.say(event="read")
        except ek.errors.ExplorekitError as error:
            talk.say(event="raised", error=type(error).__name__, known=True, text=str(error))


def compact(spec: Spec, talk: Talk) -> None:
    """Merge the shards of a study, as long as it is let."""
    for order in talk.orders():
        talk.say(event="started")
        try:
            ek.open(order["study"]).compact()
            talk.say(event="ended")
        except ek.errors.ExplorekitError as error:
            talk.say(event="raised", error=type(error).__name__, known=True, text=str(error))


def trace(spec: Spec, talk: Talk) -> None:
    """Say which batches the rows of each shard come from, that of a merged one from several, and which say nothing new.

    A batch whose worker is killed with its reply runs again, and leaves a second shard with the same points.
    """
    for order in talk.orders():
        origins, spare = {}, []
        known: set[tuple[Any, ...]] = set()
        for path in sorted(Path(order["study"], "runs").glob("[0-9]*.nc")):
            with contextlib.suppress(ek.errors.ShardError):
                header, touched, rows = read_header(path)
                origins[path.name] = [f"{o.epoch:06d}-{o.sequence:08d}" for _, o in header.origins_by_row]
                points = list(zip(*touched.columns(rows).values(), strict=True))
                if known.issuperset(points):
                    spare.append(path.name)
                for start, stop, status in header.status_runs:
                    known.update(points[start:stop] if status == OK else ())
        talk.say(event="traced", origins=origins, spare=spare)


ROLES: dict[str, Callable[[Spec, Talk], None]] = {
    "drive": drive,
    "schedule": schedule,
    "nurse": nurse,
    "read": read,
    "compact": compact,
    "trace": trace,
}


# These have nothing to clean up, and an interpreter that has loaded so much takes half a second to end.
_AT_ONCE = ("read", "trace", "compact")


def main() -> None:
    """Fork a process for every line on standard input, and say its number."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for what is forked
    _import_everything()
    for line in sys.stdin:
        spec = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(spec)
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _import_everything() -> None:
    """Make and read a study, for the imports that come when they are needed."""
    with tempfile.TemporaryDirectory(prefix="chaos-imports-") as folder:
        study = ek.Study(chaos, space_of((1, 1, 1), 1, False), folder)
        study.check()
        opened = ek.open(folder)
        opened.results.load()
        opened.runs.load()
        opened.failures.to_string()


def _become(spec: Spec) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.register(signal.SIGUSR1)
    log = os.open(f"{spec['pipes']}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(spec["environment"])
    tempfile.tempdir = None
    with contextlib.suppress(KeyboardInterrupt):
        ROLES[spec["role"]](spec, Talk(spec["pipes"]))
    if spec["role"] in _AT_ONCE:
        os._exit(0)


if __name__ == "__main__":
    main()
