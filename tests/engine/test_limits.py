"""How many workers, of how much memory: the smallest of what the machine, its groups, hubs and schedulers allow."""

from pathlib import Path

import pytest
from engine.scripts import run_script

from explorekit.engine import cgroups, limits

GIB = 2**30
V1 = "30 25 0:26 / /sys/fs/cgroup/{0} rw - cgroup cgroup rw,{0}\n"
V2 = "30 25 0:26 {} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


@pytest.fixture(autouse=True)
def a_large_machine(monkeypatch) -> None:
    monkeypatch.setattr(limits, "cpu_count", lambda: 16)
    monkeypatch.setattr(limits, "memory_limit", lambda: 64 * GIB)
    monkeypatch.setattr(limits.os, "cpu_count", lambda: 16)


def tree(root: Path, groups: str, mounts: str, files: dict[str, str]) -> Path:
    """Write what the kernel would show below /proc and /sys."""
    for name, text in {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def choose(
    environ: dict[str, str], root: Path = Path("/nowhere"), n_workers: int | None = None
) -> limits.Limits:
    return limits.choose(n_workers, environ=environ, root=root)


@pytest.mark.parametrize(
    ("environ", "workers"),
    [
        ({}, 16),
        ({"CPU_LIMIT": "1"}, 1),
        ({"CPU_LIMIT": "3.9"}, 3),
        ({"CPU_LIMIT": "0.5"}, 1),
        ({"CPU_LIMIT": "4", "CPU_GUARANTEE": "0.5"}, 4),
        ({"CPU_GUARANTEE": "2"}, 2),
        ({"CPU_LIMIT": "0", "CPU_GUARANTEE": "2"}, 2),  # how a hub says: no limit
        ({"CPU_LIMIT": "a lot"}, 16),
        ({"CPU_LIMIT": "200"}, 16),
        ({"SLURM_CPUS_PER_TASK": "3"}, 3),
        ({"SLURM_CPUS_ON_NODE": "8", "SLURM_CPUS_PER_TASK": "2"}, 2),
        ({"NCPUS": "5"}, 5),
        ({"NSLOTS": "6"}, 6),
        ({"LSB_DJOB_NUMPROC": "7"}, 7),
        ({"NSLOTS": "6", "CPU_LIMIT": "2"}, 2),
    ],
)
def test_the_smallest_number_of_processors_counts(environ, workers) -> None:
    chosen = choose(environ)
    assert chosen.workers == workers
    if workers < 16:
        assert any(f"{name}={value}" in chosen.reason for name, value in environ.items())


@pytest.mark.parametrize(
    ("environ", "memory"),
    [
        ({}, 64 * GIB),
        ({"MEM_LIMIT": "2147483648"}, 2 * GIB),
        ({"MEM_LIMIT": "2G"}, 2 * GIB),
        ({"MEM_LIMIT": "512M"}, GIB // 2),
        ({"MEM_LIMIT": "1.5g"}, 3 * GIB // 2),
        ({"MEM_LIMIT": "0", "MEM_GUARANTEE": "1G"}, GIB),
        ({"MEM_LIMIT": "4G", "MEM_GUARANTEE": "1G"}, 4 * GIB),
        ({"MEM_LIMIT": "G"}, 64 * GIB),
        ({"SLURM_MEM_PER_NODE": "3072"}, 3 * GIB),
        ({"SLURM_MEM_PER_NODE": "0"}, 64 * GIB),  # how Slurm says: all of it
        ({"SLURM_MEM_PER_CPU": "1024", "SLURM_CPUS_ON_NODE": "4"}, 4 * GIB),
        ({"SLURM_MEM_PER_CPU": "1024", "SLURM_CPUS_PER_TASK": "2"}, 2 * GIB),
    ],
)
def test_the_smallest_memory_counts_and_workers_together_stay_below(environ, memory) -> None:
    for n_workers in (None, 1, 3):
        chosen = choose(environ, n_workers=n_workers)
        assert 0.7 * memory < chosen.workers * chosen.memory <= memory
        assert n_workers in (None, chosen.workers)


def test_there_are_no_more_workers_than_memory_for_them() -> None:
    chosen = choose({"MEM_LIMIT": "2G"})
    assert 1 < chosen.workers < 16
    assert chosen.memory >= limits.LEAST_MEMORY
    assert choose({"MEM_LIMIT": "100M"}).workers == 1


def test_one_line_says_what_was_chosen_and_why() -> None:
    line = str(choose({"CPU_LIMIT": "1", "MEM_LIMIT": "2G"}))
    assert line == "1 worker process of at most 1.60 GiB (CPU_LIMIT=1, MEM_LIMIT=2G)"
    assert "as asked" in str(choose({"CPU_LIMIT": "1"}, n_workers=3))


def test_limits_of_groups_of_version_2_count_wherever_they_are_set(tmp_path: Path) -> None:
    group = "user.slice/job_7/step_0"
    root = tree(
        tmp_path,
        f"0::/{group}\n",
        V2.format("/"),
        {
            "sys/fs/cgroup/user.slice/memory.max": f"{8 * GIB}\n",
            "sys/fs/cgroup/user.slice/job_7/cpu.max": "250000 100000\n",
            "sys/fs/cgroup/user.slice/job_7/memory.max": f"{2 * GIB}\n",
            "sys/fs/cgroup/user.slice/job_7/step_0/cpu.max": "max 100000\n",
            "sys/fs/cgroup/user.slice/job_7/step_0/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/job_7/step_0/memory.high": "max\n",
        },
    )
    chosen = choose({}, root)
    assert chosen.workers == 2
    assert chosen.workers * chosen.memory <= 2 * GIB
    assert "/sys/fs/cgroup/user.slice/job_7/cpu.max" in chosen.reason
    assert "/sys/fs/cgroup/user.slice/job_7/memory.max" in chosen.reason
    (root / "sys/fs/cgroup" / group / "memory.high").write_text(str(GIB))
    few = choose({}, root)
    assert few.workers * few.memory <= GIB


def test_limits_of_groups_of_version_1_count_wherever_they_are_set(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        "4:memory:/slurm/job_7\n1:cpu,cpuacct:/slurm/job_7/step_0\n0::/\n",
        V1.format("memory")
        + V1.format("cpu,cpuacct")
        + V2.format("/").replace("cgroup rw", "cgroup/unified rw"),
        {
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes": f"{4 * GIB}\n",
            "sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/slurm/job_7/step_0/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/slurm/job_7/step_0/cpu.cfs_period_us": "100000\n",
        },
    )
    assert cgroups.cpus(root) == (3.0, "/sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_quota_us")
    assert cgroups.memory(root) == (4.0 * GIB, "/sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes")


@pytest.mark.parametrize(
    ("group", "top"), [("/docker/a1", "/docker/a1"), ("/", "/../../kubepods/b2"), ("/../c3", "/")]
)
def test_in_a_container_the_mount_is_the_group(tmp_path: Path, group: str, top: str) -> None:
    root = tree(
        tmp_path,
        f"0::{group}\n",
        V2.format(top),
        {"sys/fs/cgroup/cpu.max": "50000 100000\n", "sys/fs/cgroup/memory.max": f"{GIB}\n"},
    )
    assert cgroups.cpus(root) == (0.5, "/sys/fs/cgroup/cpu.max")
    assert cgroups.memory(root) == (float(GIB), "/sys/fs/cgroup/memory.max")
    assert choose({}, root).workers == 1


def test_a_system_without_groups_has_no_such_limits(tmp_path: Path) -> None:
    assert cgroups.cpus(tmp_path) is None
    assert cgroups.memory(tmp_path) is None


def test_a_run_starts_as_many_workers_as_a_hub_allows(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
        import os
        os.environ |= {"CPU_LIMIT": "1", "MEM_LIMIT": "2G"}
        import explorekit as ek
        from explorekit.engine import limits
        from explorekit.engine.reservation import Reservation

        limits.cpu_count = lambda: 16  # on a machine with one, that would be the reason
        study = ek.Study(lambda a: a, ek.Space(a=[1, 2]), "study")
        run = study.run()
        assert run.progress.where == "this machine, 1 worker process of at most 1.60 GiB (CPU_LIMIT=1, MEM_LIMIT=2G)"
        (worker,) = Reservation().cluster().client.scheduler_info()["workers"].values()
        assert 0 < worker["memory_limit"] <= 2 * 2**30
        """,
    )
