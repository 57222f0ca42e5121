"""The peers: what each needs, what it promises, and in which ways it does the work.

A module of this package holds one peer. Its functions named after ways take a `benchmarks.work.Task`, do it, and return
the results that they read back from disk.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """One way in which a peer does the work, the best documented of its kind.

    Parameters
    ----------
    peer
        Its module here.
    function
        The module's function, or the start of the names of two: ``<function>_half`` and ``<function>_rest``.
    title
        How the table calls it.
    durable
        Whether what is finished survives a kill of the process in the middle.
    resumable
        Whether the same call goes on from there.
    """

    peer: str
    function: str
    title: str
    durable: bool = False
    resumable: bool = False


# Nothing here means: this very interpreter, which has what explorekit needs.
REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "explorekit": (),
    "loop": (),
    "one_file": (),
    "joblib": ("joblib~=1.5", "xarray", "netCDF4"),
    "dask": ("dask[array,distributed]>=2025.5", "xarray", "netCDF4"),
    "xyzpy": ("xyzpy~=1.3.5", "matplotlib", "h5netcdf", "netCDF4"),
    "pipefunc": ("pipefunc~=0.93.2", "xarray", "netCDF4"),
    "xsweep": ("xsweep~=0.5.0", "xarray", "netCDF4"),
    "pypet": ("pypet~=0.6.1", "numpy<2", "pandas<3"),
}

OURS = Way("explorekit", "sweep", "explorekit", durable=True, resumable=True)

SWEEPS = (
    Way("loop", "sweep", "plain loop, `to_netcdf`"),
    Way("joblib", "sweep", "joblib by hand"),
    Way("dask", "points", "dask by hand, a task a point"),
    Way("dask", "blocks", "dask by hand, `map_blocks`"),
    Way("xyzpy", "serial", "xyzpy, serial"),
    Way("xyzpy", "parallel", "xyzpy, parallel"),
    Way("xyzpy", "crop", "xyzpy, crops of 1 000", durable=True, resumable=True),
    Way("pipefunc", "in_memory", "pipefunc, `dict`"),
    Way("pipefunc", "in_files", "pipefunc, `file_array`", durable=True, resumable=True),
    Way("xsweep", "sweep", "xsweep", durable=True, resumable=True),
    Way("pypet", "collected", "pypet, collected at the end"),
    Way("pypet", "stored", "pypet, stored run by run", durable=True, resumable=True),
)

RESUMES = (
    Way("joblib", "memory", "joblib by hand, `Memory`", durable=True, resumable=True),
    Way("xyzpy", "harvester", "xyzpy, harvester", resumable=True),
    Way("xyzpy", "crop", "xyzpy, crops of 1 000", durable=True, resumable=True),
    Way("pipefunc", "in_files", "pipefunc, `file_array`", durable=True, resumable=True),
    Way("xsweep", "sweep", "xsweep", durable=True, resumable=True),
)
