"""The space of parameters to explore."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from explorekit.errors import SpaceError
from explorekit.space import coordinates, points
from explorekit.space.arrays import VALUES
from explorekit.space.axis import Axis
from explorekit.space.clashes import reject_clashes
from explorekit.space.derived import Derived, Formula
from explorekit.space.distributions import RandomVariable, as_parameter, check_sampled
from explorekit.space.identity import Label
from explorekit.space.parameter import GIVEN, REPETITION, Parameter

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    from explorekit.space.mixture import Mixture
    from explorekit.space.sampling import Method


class Space:
    """Parameters to explore, as labelled coordinates.

    Each sequence is a dimension of its own name, and dimensions multiply; a scalar is fixed; parameters
    whose values share a dimension are paired.

    Parameters
    ----------
    coords : mapping, optional
        Parameters by name, or coordinates of xarray: ``Dataset``, ``DataArray`` or ``Coordinates``.
    **parameters
        Values by name: a scalar, a sequence, a 1-D ``DataArray`` (which keeps its dimension and attributes),
        or `param`. Values are bool, int, float, complex, str or datetime64, and come back bit for bit. An array of more
        dimensions has an array for each value, along its first. A frozen distribution of `scipy.stats`, or `categorical`, has
        values once `sample` has drawn them.

    Raises
    ------
    SpaceError
        If a name is reserved, or values are empty, ragged, missing, repeated on a grid dimension, of
        mixed types, or of a type that netCDF cannot hold.

    Examples
    --------
    >>> import explorekit as ek
    >>> space = ek.Space(I=[0.0, 0.5, 1.0], tau=ek.param([5.0, 10.0], units="ms"), dt=0.1)
    >>> len(space)
    6
    >>> next(space.points())
    {'I': 0.0, 'tau': 5.0, 'dt': 0.1}
    >>> space
    ek.Space(I=[0.0, 0.5, 1.0], tau=ek.param([5.0, 10.0], units='ms'), dt=0.1)
    """

    def __init__(
        self,
        coords: "Mapping[str, Any] | xr.Coordinates | xr.Dataset | xr.DataArray | None" = None,
        /,
        **parameters: Any,
    ) -> None:
        tables = {} if coords is None else coordinates.tables_of(coords)
        given = [] if coords is None else coordinates.parameters_of(coords)
        given += [as_parameter(name, values) for name, values in parameters.items()]
        self._assemble(given)
        if tables:
            from explorekit.space.formulas import derive

            self.__dict__.update(derive(self, tables, {}).__dict__)

    @classmethod
    def from_parameters(
        cls,
        parameters: "Sequence[Parameter | RandomVariable | Derived | Formula]",
        axes: Mapping[str, Axis] | None = None,
    ) -> Self:
        """Build a space from `Parameter` objects, keeping the occurrences of the axes given.

        What is derived stands behind what it is computed from: `Derived` with its values, `Formula` to be computed.
        """
        space = cls.__new__(cls)
        space._assemble(parameters, axes)  # noqa: SLF001
        return space

    def _assemble(
        self,
        given: Sequence[Parameter | RandomVariable | Derived | Formula],
        axes: Mapping[str, Axis] | None = None,
    ) -> None:
        everything: dict[str, Parameter | RandomVariable | Derived | Formula] = {}
        for parameter in given:
            if parameter.name in everything:
                raise SpaceError(f"parameter {parameter.name!r} is given twice; name each parameter once.")
            everything[parameter.name] = parameter
        reject_clashes(everything)
        by_name = {name: p for name, p in everything.items() if isinstance(p, Parameter)}
        dims = dict.fromkeys(p.dim for p in by_name.values() if p.dim is not None)
        if REPETITION in dims:
            del dims[REPETITION]
            dims[REPETITION] = None
        for dim in dims:
            if dim in everything and (dim not in by_name or by_name[dim].dim != dim):
                raise SpaceError(
                    f"dimension {dim!r} has the name of a parameter that does not lie on it; give the dimension another name."
                )
        kept = axes or {}
        self._parameters = by_name
        self._distributions = {n: p for n, p in everything.items() if isinstance(p, RandomVariable)}
        self._axes = {
            dim: kept[dim] if dim in kept else Axis(dim, tuple(p for p in by_name.values() if p.dim == dim))
            for dim in dims
        }
        self._derived: dict[str, Derived] = {}
        self._waiting: dict[str, Formula] = {}
        if further := [p for p in everything.values() if isinstance(p, (Derived, Formula))]:
            from explorekit.space.deriving import in_place

            self._derived, self._waiting = in_place(further, by_name, self._distributions, self.sizes)
            reject_clashes({**everything, **self._derived})

    # ---- looking

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in the order given; those of `distributions` are none of them."""
        return MappingProxyType(self._parameters)

    @property
    def distributions(self) -> Mapping[str, RandomVariable]:
        """The parameters of which no values have been drawn yet, by name, in the order given; see `sample`."""
        return MappingProxyType(self._distributions)

    @property
    def derived(self) -> Mapping[str, Derived]:
        """The parameters that are computed from others, by name; see `derive`. Those of `parameters` are none of them."""
        return self._derived

    @property
    def waiting(self) -> Mapping[str, Formula]:
        """What parameters are to be computed by once values have been drawn for what they depend on; see `sample`."""
        return self._waiting

    @property
    def passed(self) -> Mapping[str, Parameter | Derived]:
        """What the simulation receives, by name: the parameters, and those that are derived."""
        return MappingProxyType({**self.parameters, **self.derived})

    @property
    def names(self) -> frozenset[str]:
        """The names that the dimensions and coordinates take, which no output may have."""
        ragged = (f"{p.name}{GIVEN}" for p in self.passed.values() if p.given is not None)
        arrays = (f"{p.name}{VALUES}" for p in self.parameters.values() if p.arrays is not None)
        return frozenset((*self.passed, *self.dims, *ragged, *arrays))

    @property
    def axes(self) -> Mapping[str, Axis]:
        """The dimensions by name, slowest first."""
        return MappingProxyType(self._axes)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the dimensions, slowest first."""
        return tuple(self._axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the dimensions, slowest first."""
        return tuple(axis.size for axis in self._axes.values())

    @property
    def sizes(self) -> dict[str, int]:
        """The length of each dimension, slowest first."""
        return {dim: axis.size for dim, axis in self._axes.items()}

    @property
    def coords(self) -> "xr.Coordinates":
        """The parameters as coordinates of xarray."""
        return self.to_dataset().coords

    def to_dataset(self) -> "xr.Dataset":
        """Return a Dataset that has the parameters as coordinates, and no data variables."""
        return coordinates.to_dataset(self)

    def to_datatree(self) -> "xr.DataTree":
        """Return the parameters as coordinates in the groups that their dotted names make: ``neuron.tau`` is ``tau`` in ``/neuron``.

        Dimensions keep their whole names, since parameters of several groups may lie along one.

        Returns
        -------
        DataTree
            One node a group.

        Examples
        --------
        >>> import explorekit as ek
        >>> tree = ek.Space({"neuron.tau": [5.0, 10.0], "neuron.C": 1.0, "dt": 0.1}).to_datatree()
        >>> tree["neuron/tau"].values.tolist()
        [5.0, 10.0]
        >>> tree["neuron"].to_dataset().sel(tau=10.0)["tau"].item()
        10.0
        """
        from explorekit.space.groups import tree

        return tree(self)

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the points as a table of pandas, in C order: the last dimension varies fastest.

        Returns
        -------
        DataFrame
            One row a point, one column a parameter with its exact dtype; units and further attributes by parameter in
            ``.attrs``.

        Examples
        --------
        >>> import explorekit as ek
        >>> print(ek.Space(a=[1, 2], kind=["x", "y"]).to_dataframe().to_csv(), end="")
        point,a,kind
        0,1,x
        1,1,y
        2,2,x
        3,2,y
        """
        from explorekit.space import frames

        return frames.to_dataframe(self)

    @classmethod
    def from_dataframe(
        cls, frame: "pd.DataFrame", *, fix_constant: bool = False, allow_missing: bool = False
    ) -> Self:
        """Return the space whose points are the rows of a table, along the dimension ``point``.

        Parameters
        ----------
        frame : DataFrame
            One row a point, one column a parameter. ``.attrs`` may have units and further attributes by parameter, as
            those of `to_dataframe` do. A column ``repetition`` must count 0, 1, …, n − 1 at every point, innermost, and becomes
            that dimension.
        fix_constant : bool, optional
            Whether a column of one value becomes a fixed parameter.
        allow_missing : bool, optional
            Whether a missing cell means that the point lacks the parameter, so that the simulation's default holds there.

        Raises
        ------
        SpaceError
            If a cell is missing, or a column can be no parameter.

        Examples
        --------
        >>> import explorekit as ek, pandas as pd
        >>> ek.Space.from_dataframe(pd.DataFrame({"a": [1, 2, 2], "b": [0.5, 0.5, 1.0]})).sizes
        {'point': 3}
        """
        from explorekit.space import frames

        return cls.from_parameters(
            frames.from_dataframe(frame, fix_constant=fix_constant, allow_missing=allow_missing)
        )

    @classmethod
    def from_csv(
        cls, path: "str | Path", *, fix_constant: bool = False, allow_missing: bool = False, **options: Any
    ) -> Self:
        """Return the space whose points are the lines of a CSV file, along the dimension ``point``.

        Numbers are read exactly, or not at all: one that a float would round, or that stands among text, is an error, unless ``dtype``
        asks for it.

        Parameters
        ----------
        path : path
            A file with a line of names and then one line a point.
        fix_constant : bool, optional
            Whether a column of one value becomes a fixed parameter.
        allow_missing : bool, optional
            Whether a missing cell means that the point lacks the parameter, so that the simulation's default holds there.
        **options
            Further arguments of `pandas.read_csv`, such as ``sep=";"``, or ``dtype={"code": str}``.

        Raises
        ------
        SpaceError
            If the file is no table, a cell is missing, or a column can be no parameter.
        """
        from explorekit.space import frames

        parameters = frames.from_csv(path, fix_constant=fix_constant, allow_missing=allow_missing, **options)
        return cls.from_parameters(parameters)

    @classmethod
    def from_paths(cls, pattern: "str | Path", *, name: str = "path") -> Self:
        """Return the space whose points are files, along the dimension ``point``, with what stands in their paths.

        For results that other programs left: the simulation gets the path of one file, and reads it.

        Parameters
        ----------
        pattern : path
            Such as ``"runs/r-{mouse}-{day:d}.npz"``. A field in braces is a parameter: text, which has no ``/`` in it, with ``:d`` a
            whole number, with ``:g`` any number. ``*``, ``?`` and ``**`` stand for what does not matter.
        name : str, default "path"
            The parameter that is the path itself: relative if the pattern is.

        Returns
        -------
        Space
            One point a file, sorted by the fields.

        Raises
        ------
        SpaceError
            If no file matches, or a field can be no parameter.

        Examples
        --------
        >>> import explorekit as ek
        >>> ek.Space.from_paths("runs/r-{mouse}-{day:d}.npz")  # doctest: +SKIP
        ek.Space(  # 2 points = point (2)
            mouse=ek.param(['a', 'a'], dim='point'),
            day=ek.param([9, 10], dim='point'),
            path=ek.param(['runs/r-a-9.npz', 'runs/r-a-10.npz'], dim='point'),
        )
        """
        from explorekit.space import paths

        return cls.from_parameters(paths.from_paths(pattern, name))

    @classmethod
    def from_toml(cls, path: "str | Path") -> Self:
        """Return the space that a TOML file declares.

        A list is a dimension, a single value is fixed, and tables make groups, ``neuron.tau``. A table that has ``values``, or a
        range ``linspace`` or ``geomspace`` of first value, last value and count, is one parameter with all that `param` takes::

            dt = 0.1
            kind = ["fast", "exact"]
            tau = {values = [5.0, 7.5], units = "ms"}
            tol = {geomspace = [1e-4, 1e-1, 20]}

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        SpaceError
            If the file is no TOML, or declares what is no parameter.
        """
        from explorekit.space import reading

        return cls(reading.from_toml(path))

    @classmethod
    def from_yaml(cls, path: "str | Path") -> Self:
        """Return the space that a YAML file declares, as `from_toml` does.

        Numbers are what they are in YAML 1.2 and in Python: ``1e-4`` is one, ``1:30`` and ``no`` are text.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        SpaceError
            If the file is no YAML, or declares what is no parameter.
        """
        from explorekit.space import reading

        return cls(reading.from_yaml(path))

    @classmethod
    def from_words(cls, words: Iterable[str]) -> Self:
        """Return the space that words declare, such as those of a command line.

        Parameters
        ----------
        words : iterable of str
            ``a=0:1:11``: 11 values from 0 to 1, both included, whole numbers if the ends and the steps are; ``a=log:1e-4:1e-1:20``: on a
            logarithmic scale; ``a=1,2,3``: these; ``a=1``: fixed, and ``a=1,`` a dimension of one value. A value is a number,
            ``true`` or ``false``, a date as ``2020-01-31``, or else text, as it is in quotes: ``a='1'``.

        Raises
        ------
        SpaceError
            If a word is none of these.

        Examples
        --------
        >>> import explorekit as ek
        >>> ek.Space.from_words(["a=0:1:3", "n=1,2", "kind=fast", "log=true"])
        ek.Space(a=[0.0, 0.5, 1.0], n=[1, 2], kind='fast', log=True)
        """
        from explorekit.space import reading

        return cls(reading.from_words(words))

    def __len__(self) -> int:
        check_sampled(self, "count the points of the space")
        number = math.prod(self.shape)
        if number > sys.maxsize:
            raise SpaceError(
                f"the space has {number:,} points, more than can be numbered; select some of them, or give distributions and sample."
            )
        return number

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield each point as a dict of the values that the simulation receives; the last dimension varies fastest.

        A parameter that a point lacks is not in its dict.
        """
        return points.points(self)

    def points_at(self, positions: npt.NDArray[np.int64]) -> Iterator[dict[str, Any]]:
        """Yield the points at flat positions (C order over `dims`), as `points` does."""
        return points.points_at(self, positions)

    def columns(self, positions: npt.NDArray[np.int64], missing: Any = None) -> dict[str, list[Any]]:
        """Return the values of each parameter at flat positions (C order over `dims`).

        Parameters
        ----------
        positions
            Flat positions.
        missing
            What stands for a parameter that a point lacks.
        """
        return points.columns(self, positions, missing)

    def unravel(self, positions: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """Return the index along each dimension of flat positions."""
        return points.unravel(self, positions)

    def labels(self, position: int) -> list[Label]:
        """Return name and canonical value of everything that makes up a point's identity: not of what it lacks."""
        return points.labels(self, position)

    def describe(self, position: int | None = None, /, **values: Any) -> str:
        """Return one point as text, with units: ``I=0.5 nA, tau=5 ms``.

        Parameters
        ----------
        position : int, optional
            The point's flat position, in C order over `dims`.
        **values
            Or as many of its values as tell it from others.
        """
        from explorekit.space import finding

        return finding.describe(self, finding.position_of(self, values if position is None else position))

    # ---- combining

    __array_ufunc__ = None  # so that NumPy's numbers leave it to `__rmul__` to multiply

    def __rmul__(self, weight: float) -> "Mixture":
        """Return the space with its weight in a mixture, to be sampled: ``0.3 * a + 0.7 * b``."""
        from explorekit.space.mixture import weighted

        return weighted(weight, self)

    def __mul__(self, other: "Space") -> "Space":
        """Return every combination of two spaces, the left one slowest."""
        if not isinstance(other, Space):
            return NotImplemented
        from explorekit.space.combining import product

        return product(self, other)

    def __add__(self, other: "Space") -> "Space":
        """Return the points of one space, then those of another, along dimension ``point``.

        A parameter that one side lacks is not passed at its points, so that the simulation's default holds there.
        """
        if not isinstance(other, Space):
            return NotImplemented
        from explorekit.space.union import Union

        return Union(self, other)

    def __radd__(self, other: object) -> "Space":
        """Return the space itself beside 0, where `sum` begins."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def to_grid(self) -> "Space":
        """Return the space with a dimension for each parameter that varies along ``point``.

        Values are in the order in which they first occur, numbers and times sorted unless they fall. What is the same at all
        points is fixed.

        Raises
        ------
        SpaceError
            If the points are not each combination of values once; names the first that is missing.

        Examples
        --------
        >>> import explorekit as ek
        >>> (ek.Space(a=[1, 2], b=0.5) + ek.Space(a=[1, 2], b=1.5)).to_grid().sizes
        {'a': 2, 'b': 2}
        """
        from explorekit.space.gridding import gridded

        return gridded(self)

    def __matmul__(self, other: "Space") -> "Space":
        """Return two spaces paired along the left one's dimension, or ``point`` or ``sample`` if points of the right one lack a parameter."""
        if not isinstance(other, Space):
            return NotImplemented
        from explorekit.space.combining import paired

        return paired(self, other)

    def repeat(self, n: int) -> "Space":
        """Return the space with `n` repetitions of every point, along the innermost dimension ``repetition``.

        Repeating a space that has repetitions multiplies them.
        """
        from explorekit.space.combining import repeated

        return repeated(self, n)

    def sample(
        self, n: int | None = None, method: "Method" = "random", *, seed: int = 0, fresh: bool = False
    ) -> "Space":
        """Return the space with values drawn for its distributions, along the dimension ``sample``.

        The same seed gives the same points on every platform, up to the rounding of a distribution's inverse. More draws keep those that
        were there: the first `n` of ``sample(m)`` are ``sample(n)``, but for Latin hypercubes, which are of one piece.

        Parameters
        ----------
        n : int
            How many draws. For ``"saltelli"`` the number of base points, each of which becomes d + 2 points for d distributions; for
            ``"morris"`` that of trajectories, each of d + 1 points.
        method : {"random", "lhs", "sobol", "halton", "saltelli", "morris"}
            Independent draws, each parameter from a stream that follows from the seed and its name alone; a Latin hypercube; a scrambled
            Sobol or Halton sequence, in which the first distribution has the first column and so on, and of which Sobol's is balanced
            where `n` is a power of two, though any `n` will do; or a design for `Study.sensitivity`, of which Morris's goes to the ends
            of each distribution and needs SALib.
        seed : int, default 0
            What the draws follow from.
        fresh : bool, default False
            Whether each point of the grid that the other parameters span has draws of its own: then all lie along ``sample``, first one
            draw for each of them, then the second, and so on. By default all have the same ones. Repetitions always have the same.

        Returns
        -------
        Space
            The sampled space. Integers are integers, categories what they were.

        Raises
        ------
        SpaceError
            If there is no distribution, `n` is no number of at least 1, or a value is infinite at one of the quantiles.
        ImportError
            If the method needs SALib, and it is not installed.

        Examples
        --------
        >>> import explorekit as ek
        >>> from scipy import stats
        >>> space = ek.Space(x=stats.uniform(0, 1), n=stats.randint(1, 10), k=["a", "b"])
        >>> space.sample(8, "sobol", seed=1).sizes
        {'k': 2, 'sample': 8}
        >>> space.sample(8, "sobol", seed=1, fresh=True).sizes
        {'sample': 16}
        """
        from explorekit.space.sampling import sample

        return sample(self, n, method, seed, fresh)

    def stream(
        self, method: "Method" = "random", *, seed: int = 0, fresh: bool = False, each: int = 1
    ) -> Iterator[dict[str, Any]]:
        """Return points without an end, one by one as `points` gives them: draw after draw, or a grid again and again.

        The points of the first n draws are those of ``sample(n)``, whatever is taken of the stream. Each draw comes with all points of
        the grid that the other parameters span. Of a grid without distributions every pass is a further repetition, which the points tell.

        Parameters
        ----------
        method : {"random", "sobol", "halton"}
            How the draws are spread, as for `sample`.
        seed : int, default 0
            What the draws follow from.
        fresh : bool, default False
            Whether each point of the grid has draws of its own, as for `sample`.
        each : int, default 1
            How many draws come before they are repeated, in a space with repetitions.

        Returns
        -------
        iterator of dict
            To be cut: ``itertools.islice(stream, n)``. What was drawn is kept meanwhile, some bytes a draw.

        Raises
        ------
        SpaceError
            If the method's designs are of one piece, or an argument is not as described.

        Examples
        --------
        >>> import explorekit as ek
        >>> from itertools import islice
        >>> list(islice(ek.Space(n=ek.categorical([1, 2, 3])).stream(seed=4), 3))
        [{'n': 3}, {'n': 1}, {'n': 1}]
        """
        from explorekit.space.streaming import stream

        return stream(self, method, seed, fresh, each)

    def star(self, base: Mapping[str, Any] | None = None, /, **base_kwargs: Any) -> "Space":
        """Return the points that differ from a base point along one dimension at most: one factor at a time.

        The base point comes first, then those along each dimension in turn. Paired parameters move together.

        Parameters
        ----------
        base
            A value of each parameter that varies; it need not be among its values, unless these are arrays.

        Returns
        -------
        Space
            The points, along the dimension ``point``.

        Raises
        ------
        SpaceError
            If a base value is missing, of another type, or that of no parameter.

        Examples
        --------
        >>> import explorekit as ek
        >>> star = ek.Space(a=[1.0, 2.0, 3.0], b=[0.0, 10.0]).star(a=2.0, b=0.0)
        >>> [(point["a"], point["b"]) for point in star.points()]
        [(2.0, 0.0), (1.0, 0.0), (3.0, 0.0), (2.0, 10.0)]
        """
        from explorekit.space.designs import star

        return star(self, {**(base or {}), **base_kwargs})

    def override(self, presets: "Space | Mapping[str, Any] | None" = None, /, **parameters: Any) -> "Space":
        """Return the space with other values of some parameters, whose units, attributes and declared bounds remain.

        Parameters
        ----------
        presets : Space or mapping, optional
            Values by parameter, such as ``Space.from_words(sys.argv[1:])``.
        **parameters
            The same by keyword, which win.

        Raises
        ------
        SpaceError
            If the space has no such parameter, or the values do not fit: out of bounds, or of another length than those that they
            are paired with.

        Examples
        --------
        >>> import explorekit as ek
        >>> ek.Space(a=[1, 2], tau=ek.param([5.0, 10.0], units="ms")).override(tau=7.5)
        ek.Space(a=[1, 2], tau=ek.param(7.5, units='ms'))
        """
        from explorekit.space.overriding import overridden

        return overridden(self, {} if presets is None else presets, parameters)

    def when(self, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> "Space":
        """Return the space with further parameters at the points where others have certain values.

        At these each point stands once with each combination of what is added. Elsewhere the further parameters are not given, so that
        the simulation's defaults hold, as for `a + b`.

        Parameters
        ----------
        parameters : mapping, optional
            By name, those that the space has and the condition asks of them: a value, a list of values, or ``slice(from, to)``, both
            ends included; of labelled objects, labels. And those that it has not, with their values as in `Space`.
        **named
            The same by keyword.

        Returns
        -------
        Space
            The dimensions that the condition asks of become one, ``point``, in the order that their points have, and the others
            stay as they are. Where every point fulfils the condition, the space times what is added.

        Raises
        ------
        SpaceError
            If there is no condition, or nothing to add, or no point fulfils the condition.

        Examples
        --------
        >>> import explorekit as ek
        >>> space = ek.Space(kind=["fixed", "adaptive"], x=[0.0, 1.0]).when(kind="adaptive", tol=[1e-3, 1e-4])
        >>> space.sizes
        {'point': 3, 'x': 2}
        >>> list(space.isel(x=0).points())
        [{'kind': 'fixed', 'x': 0.0}, {'kind': 'adaptive', 'x': 0.0, 'tol': 0.001}, {'kind': 'adaptive', 'x': 0.0, 'tol': 0.0001}]
        """
        from explorekit.space.conditional import conditional

        return conditional(self, parameters or {}, named)

    def derive(self, parameters: Mapping[str, Any] | None = None, /, **named: Any) -> "Space":
        """Return the space with parameters that are computed from others.

        Each is computed once for each distinct combination of what it depends on, now or, if that is a distribution, by `sample`. It
        lies along the dimensions of that alone, reaches the simulation like any other parameter, and is a coordinate of
        the results and in every file. It is no part of a point's identity: random streams follow from what it is computed from.

        Parameters
        ----------
        parameters : mapping, optional
            Functions by name. Arguments are named like the parameters that the function depends on, and receive what those of a
            simulation do: ``neuron`` is the group of all parameters ``neuron.…``. A point that lacks a parameter gives none to the
            function, whose default holds then; without a default it has no derived value either. In `param` a function has
            units, bounds and so on. In the place of a function may be values, as a DataArray over dimensions of the space.
        **named
            The same by keyword.

        Returns
        -------
        Space
            The space. A derived parameter may depend on others.

        Raises
        ------
        SpaceError
            If a name is taken, a function depends on what is no parameter or in a circle, fails, or returns what is no value, or there are
            more than ten million combinations.

        Examples
        --------
        >>> import explorekit as ek
        >>> space = ek.Space(duration=[100.0, 200.0], n=[10, 20, 30]).derive(dt=lambda duration: duration / 1000)
        >>> space.coords["dt"].values.tolist()
        [0.1, 0.2]
        >>> next(space.points())
        {'duration': 100.0, 'n': 10, 'dt': 0.1}
        """
        from explorekit.space.formulas import derive

        return derive(self, parameters or {}, named)

    # ---- selecting

    def isel(self, indexers: Mapping[str, Any] | None = None, /, **indexers_kwargs: Any) -> "Space":
        """Return the subspace at positions along dimensions; an integer fixes the parameters there.

        Parameters
        ----------
        indexers
            By dimension: an integer, a slice, or a sequence of integers or bools. Of points that are listed more than once, the one
            that an integer fixes has the random stream of the first; a sequence, such as ``[3]``, keeps each its own.
        """
        from explorekit.space import subspace

        return subspace.isel(self, {**(indexers or {}), **indexers_kwargs})

    def sel(self, indexers: Mapping[str, Any] | None = None, /, **indexers_kwargs: Any) -> "Space":
        """Return the subspace with some values of parameters; one value fixes the parameter.

        Parameters
        ----------
        indexers
            By parameter: a value, a sequence of values, or a slice of values (both ends included). None means the points that lack
            the parameter.

        Raises
        ------
        SpaceError
            If there is no such parameter, or no such value; values match exactly.
        """
        from explorekit.space import subspace

        return subspace.sel(self, {**(indexers or {}), **indexers_kwargs})

    # ---- finding

    def find(self, predicate: Callable[[Any], bool] | None = None, /, **values: Any) -> "Space":
        """Return the subspace of the points that have some values, lie in some ranges, or fulfil a predicate.

        Values and ranges choose along each dimension, so that a grid remains a grid, however large. A predicate chooses combinations:
        the dimensions that it looks at become one, ``point``, and the others stay as they are. It is asked once of each combination
        of values along the dimensions that it looks at, after values and ranges were chosen.

        Parameters
        ----------
        predicate : callable, optional
            Takes a point, whose values are its attributes, and returns True or False. It must depend on the point alone.
        **values
            By parameter: a value or a list of values, which match exactly; or ``slice(from, to)``: all values in that
            range, both ends included, whatever their order.

        Returns
        -------
        Space
            To be looked at, run, or given to a study as ``where``. Values and ranges drop no dimension.

        Raises
        ------
        SpaceError
            If there is no such point, parameter or value; a space has at least one point.

        Examples
        --------
        >>> import explorekit as ek
        >>> space = ek.Space(a=[0.5, 1.0, 2.0], b=[1, 2, 3], c=[0, 1])
        >>> space.find(a=slice(0, 1), b=3)
        ek.Space(a=[0.5, 1.0], b=[3], c=[0, 1])
        >>> found = space.find(lambda p: p.a * p.b < 1.5)
        >>> found.sizes
        {'point': 3, 'c': 2}
        >>> found.parameters["a"].values.tolist(), found.parameters["b"].values.tolist()
        ([0.5, 0.5, 1.0], [1, 2, 1])
        """
        from explorekit.space import finding

        return finding.find(self, predicate, values)

    def unique(self, *names: str) -> "pd.Series[int]":
        """Return the distinct values of parameters, or combinations of these, and how many points have each.

        Parameters
        ----------
        *names
            The parameters to combine; by default all but the repetition.

        Returns
        -------
        Series
            The number of points, in order of first appearance; the values are its index.

        Examples
        --------
        >>> import explorekit as ek
        >>> space = ek.Space(a=ek.param([1, 2, 1], dim="n"), b=ek.param(["x", "x", "x"], dim="n"))
        >>> space.unique("a", "b").to_dict()
        {(1, 'x'): 2, (2, 'x'): 1}
        """
        from explorekit.space import finding

        return finding.unique(self, names)

    def neighbours(self, position: int | None = None, /, **values: Any) -> list[dict[str, Any]]:
        """Return the points that differ from one by a single step along a single dimension.

        Numbers and times step to the next smaller and the next larger value, others in the order in which they are listed. Paired
        parameters, points, samples and repetitions have no steps.

        Parameters
        ----------
        position : int, optional
            The point's flat position, in C order over `dims`.
        **values
            Or as many of its values as tell it from others.

        Examples
        --------
        >>> import explorekit as ek
        >>> ek.Space(a=[1, 2, 3], b=[0.5, 1.0]).neighbours(a=2, b=0.5)
        [{'a': 1, 'b': 0.5}, {'a': 3, 'b': 0.5}, {'a': 2, 'b': 1.0}]
        """
        from explorekit.space import finding

        return finding.neighbours(self, values if position is None else position)

    # ---- comparing and showing

    def plot(self, *names: str) -> "Figure":
        """Return a figure of which values go with which, one panel a pair of parameters.

        Values paired along a dimension, such as those of a design, are drawn together; those of different dimensions each with
        each. On the diagonal is how often values occur. Of more than 2500 points in a panel some are drawn, evenly spread.

        Parameters
        ----------
        *names
            The parameters to draw; by default all that vary.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        SpaceError
            If there is no such parameter, it is complex, or there are more than eight.
        """
        from explorekit.space.plotting import pair_plot

        return pair_plot(self, names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return (
            self.dims == other.dims
            and self._parameters.keys() == other.parameters.keys()
            and all(p.equals(other.parameters[name]) for name, p in self._parameters.items())
            and self._distributions.keys() == other.distributions.keys()
            and all(v.equals(other.distributions[name]) for name, v in self._distributions.items())
            and self._derived.keys() == other.derived.keys()
            and all(one.equals(other.derived[name]) for name, one in self._derived.items())
            and self._waiting.keys() == other.waiting.keys()
            and all(one.computes_the_same(other.waiting[name]) for name, one in self._waiting.items())
            and all(
                np.array_equal(axis.occurrence, other.axes[dim].occurrence)
                for dim, axis in self._axes.items()
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        from explorekit.space.expression import expression

        return expression(self)

    def _repr_html_(self) -> str:
        from explorekit.space import html

        return html.table(self)
