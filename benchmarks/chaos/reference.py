"""What would be there if nothing had happened."""

import pickle
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from benchmarks.chaos.numbers import ChaosError
from benchmarks.chaos.plan import Plan
from benchmarks.chaos.processes import Forked, Forker

PATIENCE = 180.0  # seconds, also on a machine that is busy with other things


class Reference:
    """A process that runs each study undisturbed, on a cluster that it keeps; to be closed."""

    def __init__(self, forker: Forker) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chaos-reference-"))
        self._process = forker.fork(
            "drive", self._folder, environment={"TMPDIR": str(self._folder)}, batch=0.1
        )
        self._reader = forker.fork("read", self._folder, environment={"TMPDIR": str(self._folder)})
        self._lock = threading.Lock()

    def undisturbed(self, plan: Plan) -> dict[str, Any]:
        """Return what the study of a round holds when nothing happens to it."""
        study, into = self._folder / f"study-{plan.seed}", self._folder / "content.pickle"
        with self._lock:
            self._process.say(do="run", **order_of(plan, study), scheduler="")
            self._expect(self._process, "started")
            self._expect(self._process, "ended")
            self._reader.say(do="read", study=str(study), check=False, into=str(into))
            self._expect(self._reader, "read")
            content: dict[str, Any] = pickle.loads(into.read_bytes())
        shutil.rmtree(study)
        return content

    def _expect(self, process: Forked, event: str) -> None:
        heard = process.hear(2 * PATIENCE)
        if heard is None or heard["event"] != event or heard.get("state", "finished") != "finished":
            raise ChaosError(f"an undisturbed run ended with {heard}\n{process.printed}")

    def close(self) -> None:
        self._process.end(60)
        self._reader.end(60)
        shutil.rmtree(self._folder, ignore_errors=True)


def order_of(plan: Plan, study: Path) -> dict[str, Any]:
    """Return what a driver is told about the study of a round."""
    space = [plan.shape, plan.size, plan.ragged]
    return {"study": str(study), "space": space, "seed": plan.seed, "workers": plan.workers}
