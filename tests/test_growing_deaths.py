"""A process that dies while it extends, discards, forks or merges leaves a study as it was, or as it should be."""

from pathlib import Path

from engine.scripts import run_script

SCRIPT = """
import os, shutil, sys
from pathlib import Path

import explorekit as ek
from explorekit.store import durable
from batches import run_here

os.fsync = lambda descriptor: None  # only the dying wait, and count


def f(a, rng, b=1.0):
    return {"x": a * b + rng.normal()}


def fresh():
    shutil.rmtree("work", ignore_errors=True)
    shutil.copytree("made", "work")


def dies_at(n, act):
    '''Whether a process that dies at the n-th time that it waits for the disk does so before its work is done.'''
    pid = os.fork()
    if not pid:
        count = 0

        def sync(path):
            nonlocal count
            count += 1
            if count == n:
                os._exit(9)

        durable.sync = os.fsync = sync
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 9), code
    return code == 9


def study():
    return ek.Study(f, path="work/one", seed=1)


def state(path):
    if not Path(path).exists():
        return None
    results = ek.open(path).results.load()
    return results.sizes, results["status"].values.tolist(), results["x"].values.tobytes()


def new(path):
    return lambda: (state("work/one"), state(path))


ACTS = {
    "extend": (lambda: study().extend(a=[2.5], b=[1.0, 2.0], repetition=2), lambda: state("work/one")),
    "discard": (lambda: study().discard({"a": 2.0}, confirm="f"), lambda: state("work/one")),
    "fork": (lambda: study().fork("work/fork", ek.Space(a=[2.0, 3.0])), new("work/fork")),
    "merge": (lambda: ek.merge(["work/one", "work/two"], "work/both"), new("work/both")),
}
for name, space in (("one", ek.Space(a=[1.0, 2.0, 3.0])), ("two", ek.Space(a=[3.0, 4.0], b=[1.0, 2.0]))):
    one = ek.Study(f, space, f"made/{name}", seed=1)
    run_here(one, range(2))
    run_here(one)
for name, (act, look) in ACTS.items():
    fresh()
    before = look()
    act()
    after = look()
    assert before != after
    n = 1
    while True:
        fresh()
        died = dies_at(n, act)
        assert look() in (before, after), (name, n)
        if not died:
            break
        if look() == before:
            act()  # what the user would do
        assert look() == after, (name, n)
        n += 1
    print(name, n)
"""


def test_death_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        SCRIPT.replace(
            "import os,", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport os,", 1
        ),
    )
    deaths = dict(line.split() for line in done.stdout.splitlines())
    assert deaths.keys() == {"extend", "discard", "fork", "merge"}
    assert all(int(n) > 2 for n in deaths.values())
